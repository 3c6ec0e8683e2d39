"""Runs the peers over a topic that is full, one after the other, on the broker of the bench."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka.admin import AdminClient, NewTopic

from fuma.cli.bench_stages import cpu_seconds
from fuma.cli.errors import CliError
from fuma.contracts.resources import root

HERE = Path(__file__).parent
_PATIENCE_S = 900.0


@dataclass(frozen=True, slots=True)
class Peer:
    """One engine over all records. ``does``: what it does with each."""

    name: str
    does: str
    records: int
    seconds: float
    workers: int = 1  # processes, or threads of one
    micros: float = 0.0  # CPU a record, of its processes
    broker_micros: float = 0.0  # and of the broker meanwhile

    @property
    def rate(self) -> float:
        """Records a second, from the first that counts to the last acknowledgement or commit."""
        return self.records / self.seconds


@dataclass(frozen=True, slots=True)
class Load:
    """What they all read, and how large what they keep and write is."""

    kafka: Mapping[str, str]
    topic: str
    partitions: int
    records: int
    state_bytes: int
    out_bytes: int
    threads: int
    broker: int | None = None  # its process
    warm: int = 0  # of the records, so many are read first and not counted


def cache() -> Path:
    """Where the peers' own libraries are, inside the checkout."""
    return root() / ".cache" / "peers"


def prepare(say: Callable[[str], None]) -> None:
    """Build the Java class and Quix's environment, once."""
    target = cache() / "streams"
    jar, sources = target / "streams-peer.jar", (HERE / "streams").rglob("*.*")
    if not jar.exists() or jar.stat().st_mtime < max(one.stat().st_mtime for one in sources):
        say("building the Kafka Streams peer with Maven")
        repository = root() / ".cache" / "maven"
        places = [f"-Dmaven.repo.local={repository}", f"-Dfuma.target={target}"]
        pom = str(HERE / "streams" / "pom.xml")
        _run(["mvn", "-q", "-B", "-ntp", "-f", pom, *places, "package"])
    python = cache() / "venv" / "bin" / "python"
    if not python.exists():
        say("an environment for Quix Streams")
        _run([sys.executable, "-m", "venv", str(cache() / "venv")])
        _run([str(python), "-m", "pip", "install", "-q", "-r", str(HERE / "requirements.txt")])


def peers(load: Load, say: Callable[[str], None], only: Sequence[str] = ()) -> Iterator[Peer]:
    """Each peer's figure, as it is measured. ``only``: of those named, where any is."""
    quix = str(cache() / "venv" / "bin" / "python")
    least = "decode, one state read and write, a record of the same size"
    python = [
        ("bare confluent-kafka loop", sys.executable, "bare_loop.py", f"{least}; at least once"),
        ("Quix Streams", quix, "quix.py", f"{least}; exactly once"),
        ("stock Faust", sys.executable, "stock_faust.py", "the whole decision; at least once"),
    ]
    if not only or "Kafka Streams" in only:
        yield _one("Kafka Streams", f"{least}; exactly_once_v2", load, say, _decide)
    for name, interpreter, script, does in python:
        if only and name not in only:
            continue

        def words(plan: Path, _: Load, script: str = script, via: str = interpreter) -> list[str]:
            return [via, str(HERE / script), str(plan)]

        yield _one(name, does, load, say, words)


def warm_up(load: Load, say: Callable[[str], None]) -> None:
    """The bare loop over everything, for a broker that has just started. Nothing is counted."""
    say("the broker warms up")
    list(peers(load, lambda _: None, ["bare confluent-kafka loop"]))


def streams(load: Load, infectious: set[str], say: Callable[[str], None]) -> Peer:
    """The windowed join in Kafka Streams. ``infectious``: tags, in hex."""

    def words(plan: Path, _: Load) -> list[str]:
        tags = plan.with_suffix(".tags")
        tags.write_text("".join(f"{tag}\n" for tag in sorted(infectious)), encoding="utf-8")
        return [*_java("Join", plan, load), str(tags)]

    return _one("Kafka Streams", "windowed join in RocksDB, exactly_once_v2", load, say, words)


def _decide(plan: Path, load: Load) -> list[str]:
    return [*_java("Decide", plan, load), str(load.state_bytes), str(load.out_bytes)]


def _java(name: str, plan: Path, load: Load) -> list[str]:
    config = plan.with_suffix(".properties")
    kafka = load.kafka
    login = (
        "org.apache.kafka.common.security.scram.ScramLoginModule required "
        f'username="{kafka["sasl.username"]}" password="{kafka["sasl.password"]}";'
    )
    lines = {
        "bootstrap.servers": kafka["bootstrap.servers"],
        "security.protocol": kafka["security.protocol"],
        "sasl.mechanism": kafka["sasl.mechanism"],
        "sasl.jaas.config": login,
    }
    config.write_text("".join(f"{k}={v}\n" for k, v in lines.items()), encoding="utf-8")
    output = json.loads(plan.read_text(encoding="utf-8"))["output"]
    jars = f"{cache() / 'streams' / 'streams-peer.jar'}:{cache() / 'streams' / 'jars'}/*"
    return [
        "java", "-Xmx1g", "-cp", jars, f"fuma.bench.{name}", str(config), load.topic, output,
        str(load.records), str(load.threads), str(plan.with_suffix(".state")), str(load.warm),
    ]  # fmt: skip


def _one(
    name: str,
    does: str,
    load: Load,
    say: Callable[[str], None],
    words: Callable[[Path, Load], list[str]],
) -> Peer:
    say(f"peer {name}")
    word = name.lower().replace(" ", "-")
    folder = cache() / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    output = f"fuma.bench.{word}"
    plan = folder / f"{word}.json"
    plan.write_text(
        json.dumps(
            {
                "kafka": dict(load.kafka),
                "input": load.topic,
                "output": output,
                "records": load.records,
                "warm": load.warm,
                "partitions": load.partitions,
                "state": str(folder / f"{word}.state"),
                "state_bytes": load.state_bytes,
                "out_bytes": load.out_bytes,
                "schema": str(root() / "schemas" / "person" / "v1.avsc"),
                "rules": str(root() / "rules"),
            }
        ),
        encoding="utf-8",
    )
    plan.chmod(0o600)
    admin = AdminClient({**load.kafka, "log_level": 0})
    admin.create_topics([NewTopic(output, load.partitions, 1)])[output].result(30)
    used = cpu_seconds(load.broker)

    def begun() -> None:
        nonlocal used
        used = cpu_seconds(load.broker)

    try:
        answer = _timed(words(plan, load), begun)
        broker = (cpu_seconds(load.broker) - used) / answer["records"] * 1e6
    finally:
        made = [t for t in admin.list_topics(timeout=30).topics if t.startswith("fuma.bench")]
        for done in admin.delete_topics(made).values():
            done.result(30)
        shutil.rmtree(folder, ignore_errors=True)
    micros = answer["cpu"] / answer["records"] * 1e6
    workers = load.threads if "Streams" in name and "Quix" not in name else 1
    return Peer(name, does, answer["records"], answer["seconds"], workers, micros, broker)


def _timed(words: list[str], begun: Callable[[], None]) -> dict[str, float]:
    """A peer's answer. ``begun`` is called when its clock starts."""
    with tempfile.TemporaryFile("w+") as errors:
        try:
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True)
        except FileNotFoundError as error:
            raise CliError(f"{words[0]} is not there", "install it: the peers need it") from error
        timer = threading.Timer(_PATIENCE_S, process.kill)
        timer.start()
        answer: dict[str, float] = {}
        with process:
            try:
                for line in process.stdout or ():
                    if line.startswith('{"began"'):
                        begun()
                    elif line.startswith("{"):
                        answer = json.loads(line)
            except BaseException:
                process.kill()
                raise
            finally:
                timer.cancel()
        if process.returncode or not answer:
            errors.seek(0)
            raise _failed(words, errors.read())
    return answer


def _failed(words: Sequence[str], said: str) -> CliError:
    return CliError(f"{Path(words[0]).name} {Path(words[-1]).name} failed: {said.strip()[-2_000:]}")


def _run(words: list[str]) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_PATIENCE_S)
    except FileNotFoundError as error:
        raise CliError(f"{words[0]} is not there", "install it: the peers need it") from error
    if done.returncode:
        raise _failed(words, done.stderr or done.stdout)
