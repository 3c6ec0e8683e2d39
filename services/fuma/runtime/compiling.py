"""Compiles the pure core by mypyc: ``python -m fuma.runtime.compiling``, as ``make setup`` does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from fuma.compiled import GENERATED, MANIFEST, MODULES, PACKAGE, digest, folder, source
from fuma.contracts import natives
from fuma.runtime.nativevalues import written_out


def build() -> str:
    """Compile; one line that says what came of it. A failure leaves the plain modules in use."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return "not compiled: no C compiler; the plain modules are used"
    if not (Path(sysconfig.get_paths()["include"]) / "Python.h").is_file():
        return "not compiled: no Python headers; the plain modules are used"
    base, made = folder(), digest()
    manifest = base / MANIFEST
    if manifest.is_file() and json.loads(manifest.read_text("utf-8")).get("digest") == made:
        return "compiled already"
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir(parents=True)
    (base / "setup.py").write_text(_SETUP, encoding="utf-8")
    words = [sys.executable, str(base / "setup.py"), str(base), *_sources(base / "src")]
    done = subprocess.run(words, cwd=base / "src", capture_output=True, text=True)
    (base / "log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode != 0:
        return f"not compiled: see {base / 'log'}; the plain modules are used"
    suffix = EXTENSION_SUFFIXES[0]
    modules = {
        str(path.relative_to(base / "lib"))[: -len(suffix)].replace("/", "."): str(
            path.relative_to(base)
        )
        for path in sorted((base / "lib").rglob(f"*{suffix}"))
    }
    manifest.write_text(json.dumps({"digest": made, "modules": modules}), encoding="utf-8")
    return f"compiled: {len(MODULES)} modules"


def _sources(to: Path) -> list[str]:
    """Copy the package to ``to``, as it is compiled; the paths there of ``MODULES``."""
    shutil.copytree(PACKAGE, to / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    paths = [source(name).relative_to(PACKAGE.parent) for name in MODULES]
    for path in paths:
        text = (PACKAGE.parent / path).read_text(encoding="utf-8")
        (to / path).write_text(written_out(text), encoding="utf-8")
    written = Path(GENERATED.replace(".", "/") + ".py")
    (to / written).write_text(natives.source(), encoding="utf-8")
    return [str(path) for path in (*paths, written)]


_SETUP = '''"""Written by fuma.runtime.compiling."""
import sys
from mypyc.build import mypycify
from setuptools import setup

base, *paths = sys.argv[1:]
mypy = ["--config-file=", "--ignore-missing-imports", "--namespace-packages",
        "--explicit-package-bases", f"--cache-dir={base}/mypy"]
setup(
    name="fuma-compiled", packages=[], py_modules=[],
    ext_modules=mypycify(
        [*mypy, *paths], opt_level="1", debug_level="0", multi_file=True, target_dir=f"{base}/c"
    ),
    script_args=["-q", "build_ext", "-j2", f"--build-lib={base}/lib", f"--build-temp={base}/o"],
)
'''

if __name__ == "__main__":
    print(build())
