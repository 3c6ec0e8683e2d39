"""The embedded broker: its configuration, its storage, its command line."""

from __future__ import annotations

import base64
import os
import shlex
import shutil
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path
from string import Template

from fuma.contracts.errors import Fatal
from fuma.contracts.resources import root
from fuma.runtime.embedded import java
from fuma.runtime.embedded.credentials import ADMIN, BROKER, credential
from fuma.runtime.embedded.files import private_dir, write_private
from fuma.runtime.embedded.paths import Home

# The serial collector is a quiet neighbour on two cores.
_JVM = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC")
#: With C1 alone a JVM is up in two thirds of the time, and a broker then takes half as much CPU
#: again for as long as it runs: for tools, and for tests that start many (``FUMA_KAFKA_JVM``).
QUICK_JVM = (*_JVM, "-XX:TieredStopAtLevel=1")


def _template(name: str) -> Template:
    return Template((root() / "deploy" / "embedded" / name).read_text(encoding="utf-8"))


def configure(home: Home, port: int, controller_port: int) -> None:
    """Write ``server.properties`` (it holds a secret: 0600) and ``log4j2.properties``."""
    private_dir(home.kafka_logs)
    private_dir(home.kafka / "tmp")
    text = _template("server.properties").substitute(
        port=port,
        controller_port=controller_port,
        data=home.kafka_data,
        broker_password=credential(home, BROKER).password,
    )
    write_private(home.kafka_config, text)
    logging = _template("log4j2.properties").safe_substitute(logs=home.kafka_logs)
    write_private(home.kafka_logging, logging)


def _java_options(home: Home, options: Sequence[str] = _JVM) -> list[str]:
    """Options of every JVM here. Native libraries and JVM files stay under the home."""
    extra = shlex.split(os.environ.get("FUMA_KAFKA_JVM", ""))
    return [
        *(extra or options),
        "-Xshare:auto",
        "-XX:-UsePerfData",
        f"-XX:ErrorFile={home.kafka_logs}/hs_err_%p.log",
        "-Djava.awt.headless=true",
        f"-Djava.io.tmpdir={home.kafka}/tmp",
        f"-Dlog4j2.configurationFile={home.kafka_logging}",
        f"-Dfuma.home={home.path}",
        "-cp",
        java.classpath(),
    ]


def command(home: Home) -> list[str]:
    """The broker's command line; no secret is on it."""
    return [java.find(), *_java_options(home), "kafka.Kafka", str(home.kafka_config)]


def is_formatted(home: Home) -> bool:
    return (home.kafka_data / "meta.properties").exists()


def cluster_id(raw: bytes) -> str:
    """16 bytes as Kafka writes a UUID. A leading ``-``, as one in 64 would have, is replaced:

    its own tool would take it for an option.
    """
    text = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return f"A{text[1:]}" if text.startswith("-") else text


def format_storage(home: Home) -> None:
    """Make the broker's storage, with its first two users, unless it is there.

    It is made beside its place and renamed: a crash halfway leaves nothing that looks done.
    """
    if is_formatted(home):
        return
    if home.kafka_data.exists() and any(home.kafka_data.iterdir()):
        raise Fatal(
            f"{home.kafka_data} has data but no meta.properties",
            "restore that file, or move the directory away to begin anew",
        )
    draft = home.kafka / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    properties = home.kafka / "format.properties"
    text = home.kafka_config.read_text(encoding="utf-8")
    write_private(properties, text.replace(f"log.dirs={home.kafka_data}\n", f"log.dirs={draft}\n"))
    cluster = cluster_id(uuid.uuid4().bytes)
    words = [*_java_options(home, QUICK_JVM), "kafka.tools.StorageTool", "format"]
    words += ["--cluster-id", cluster, "--config", str(properties)]
    for user in (ADMIN, BROKER):
        password = credential(home, user).password
        words += ["--add-scram", f"SCRAM-SHA-512=[name={user},iterations=4096,password={password}]"]
    # The command line of a process is public; a file of arguments need not be.
    arguments = home.kafka / "format.arguments"
    write_private(arguments, "\n".join(_quoted(w) for w in words) + "\n")
    try:
        done = subprocess.run(
            [java.find(), f"@{arguments}"],
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
            cwd=home.kafka,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
            raise Fatal(f"Kafka's storage could not be formatted: {said[-1]}", "\n".join(said[:-1]))
    finally:
        arguments.unlink(missing_ok=True)
        properties.unlink(missing_ok=True)
    if home.kafka_data.exists():
        home.kafka_data.rmdir()
    draft.rename(home.kafka_data)


def _quoted(word: str) -> str:
    """``word`` for a Java argument file."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def last_words(log: Path, count: int = 3) -> str:
    """The last errors in ``server.log``, to say why a broker did not come up."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-400:]
    except OSError:
        return ""
    return " | ".join([x for x in lines if " ERROR " in x or " FATAL " in x][-count:])
