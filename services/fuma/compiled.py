"""The pure core compiled by mypyc, where somebody built it: found before the plain modules.

``make setup`` builds ``MODULES`` into ``.cache/compiled`` (``runtime.compiling``), with a digest of
the sources that they were built from. On import ``use`` compares it with the sources that are
there, and takes compiled modules only where not a byte differs and the interpreter is the same:
what is edited runs as it is edited. ``FUMA_COMPILED=0`` switches it off. The same tests run on
both.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

#: What runs for every record, and the values that it makes.
MODULES = (
    "fuma.contracts.avronative",
    "fuma.contracts.avroparts",
    "fuma.contracts.comparison_rows",
    "fuma.contracts.decisions",
    "fuma.contracts.framed",
    "fuma.contracts.keyed",
    "fuma.contracts.murmur",
    "fuma.contracts.noticed",
    "fuma.contracts.platform",
    "fuma.contracts.presencebytes",
    "fuma.contracts.provinces",
    "fuma.contracts.shown",
    "fuma.contracts.shownbytes",
    "fuma.contracts.shownevents",
    "fuma.contracts.shownorders",
    "fuma.contracts.shownparts",
    "fuma.contracts.signals",
    "fuma.contracts.state",
    "fuma.domain.codes.amend",
    "fuma.domain.codes.check",
    "fuma.domain.codes.decide",
    "fuma.domain.codes.ends",
    "fuma.domain.codes.events",
    "fuma.domain.codes.fold",
    "fuma.domain.codes.follow",
    "fuma.domain.codes.heard",
    "fuma.domain.codes.inputs",
    "fuma.domain.codes.linefold",
    "fuma.domain.codes.lines",
    "fuma.domain.codes.matches",
    "fuma.domain.codes.saying",
    "fuma.domain.codes.schedule",
    "fuma.domain.codes.state",
    "fuma.domain.comparison.briefs",
    "fuma.domain.comparison.decide",
    "fuma.domain.comparison.late",
    "fuma.domain.comparison.meet",
    "fuma.domain.comparison.pairs",
    "fuma.domain.comparison.place",
    "fuma.domain.comparison.saying",
    "fuma.domain.ids",
    "fuma.domain.law.inforce",
    "fuma.processor.comparison_overlay",
    "fuma.processor.comparison_partition",
    "fuma.processor.comparison_spots",
    "fuma.processor.comparison_state",
    "fuma.processor.comparison_stays",
    "fuma.domain.watch.events",
    "fuma.processor.notices",
    "fuma.runtime.fetched_batches",
    "fuma.runtime.host_intake",
    "fuma.runtime.host_ledger",
    "fuma.runtime.host_recovery",
    "fuma.runtime.host_resident_recovery",
    "fuma.runtime.host_state",
    "fuma.runtime.host_transform",
    "fuma.runtime.kafka_records",
    "fuma.runtime.mac",
    "fuma.runtime.platform_writes",
    "fuma.runtime.record_batches",
    "fuma.runtime.records",
    "fuma.runtime.resp",
    "fuma.sink.apply",
    "fuma.sink.chunk",
    "fuma.sink.fold",
    "fuma.sink.writer",
)
#: A module that is there only compiled: codecs, written from the schemas.
GENERATED = "fuma.contracts.generated"
#: What the compiled code may have taken types and constants from.
_ALSO = (
    "domain",
    "contracts",
    "runtime/batch_reading.py",
    "runtime/ports.py",
    "runtime/host_resident_state.py",
    "runtime/host_types.py",
    "runtime/host_world.py",
    "runtime/marks.py",
    "runtime/platform_store.py",
    "sink/tools.py",
    "runtime/nativevalues.py",
)
PACKAGE = Path(__file__).resolve().parent
#: In ``folder()``: the digest, and where each module is.
MANIFEST = "manifest.json"


def folder() -> Path:
    """Where compiled modules are."""
    return PACKAGE.parents[1] / ".cache" / "compiled"


def files() -> Iterator[Path]:
    """Every source that counts."""
    for module in MODULES:
        yield source(module)
    for name in _ALSO:
        path = PACKAGE / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def source(module: str) -> Path:
    return PACKAGE.parent / (module.replace(".", "/") + ".py")


def digest() -> str:
    """Of the interpreter and of every source that counts."""
    found = hashlib.sha256(f"{sys.version} {sysconfig.get_platform()}".encode())
    for path in dict.fromkeys(files()):
        body = path.read_bytes()
        found.update(f"{path.relative_to(PACKAGE)} {len(body)} ".encode() + body)
    return found.hexdigest()


class _Finder:
    """Gives the compiled modules; everything else is somebody else's."""

    def __init__(self, modules: dict[str, str]) -> None:
        self._modules = modules

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        place = self._modules.get(name)
        if place is None:
            return None
        return spec_from_file_location(name, place, loader=ExtensionFileLoader(name, place))


def use(where: Path | None = None) -> bool:
    """Take the compiled modules from now on, if they fit; whether they do."""
    base = where or folder()
    manifest = base / MANIFEST
    if os.environ.get("FUMA_COMPILED") == "0" or not manifest.is_file():
        return False
    try:
        made = json.loads(manifest.read_text(encoding="utf-8"))
        if made["digest"] != digest():
            return False
        modules = {name: str(base / file) for name, file in made["modules"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    sys.meta_path.insert(0, _Finder(modules))
    return True


def active() -> bool:
    """Whether this process runs the compiled modules."""
    return any(isinstance(finder, _Finder) for finder in sys.meta_path)
