"""Finds a Java that Kafka 4 runs on (17 or later), and Kafka's jars."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from fuma.contracts.errors import Fatal
from fuma.runtime.embedded.paths import cache_dir

OLDEST = 17
_HINT = f"install a JRE {OLDEST} or later (Debian: openjdk-17-jre-headless), or set JAVA_HOME"


def version(java: str) -> int:
    """The major version that ``java -version`` says."""
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Fatal(f"{java} does not run: {error}", _HINT) from error
    match = re.search(r'version "(\d+)', done.stderr + done.stdout)
    if match is None:
        raise Fatal(f"{java}: cannot read its version", _HINT)
    return int(match[1])


def find() -> str:
    """The ``java`` to use: ``JAVA_HOME``'s, else the one on the path. ``Fatal`` if too old."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None:
        raise Fatal("the embedded Kafka needs Java, and there is none", _HINT)
    found = version(java)
    if found < OLDEST:
        raise Fatal(f"the embedded Kafka needs Java {OLDEST}, {java} is {found}", _HINT)
    return java


def classpath() -> str:
    """Kafka's jars as a class path. ``Fatal`` if they were not fetched."""
    jars = cache_dir() / "kafka" / "jars"
    if not any(jars.glob("kafka_2.13-*.jar")):
        raise Fatal(f"Kafka's jars are not in {jars}", "fetch them: make setup")
    return f"{jars}/*"
