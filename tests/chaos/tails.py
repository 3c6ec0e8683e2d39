"""Logs that are cut back or made anew: who runs stops, and says so."""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaException

from chaos.line import LAUNCHER, Line
from fuma.contracts.errors import FumaError
from fuma.contracts.facts import encode_person
from fuma.contracts.topics import COMMANDS, DECISIONS, ORDERS, PERSON, partition_for, spec
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.supervisor import process, state
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.mac import ORIGIN_HEADER, pack_time, unpack_origin
from fuma.runtime.ports import Outgoing
from unit.sink.rig import Author

INPUTS = {DECISIONS: PERSON, ORDERS: COMMANDS}


def lost_tail(topic: str, service: str = "processor") -> Callable[[Line, random.Random], None]:
    """The log is cut back behind what was done: it stops, is mended, and goes on."""

    def run(line: Line, dice: random.Random) -> None:
        for _ in range(20):
            number, offset = _known(line, topic, service)
            with line.stopped():
                if not _comes_again(line, topic, number, offset):
                    _cut_back(line, topic, service, number, offset)
                    return
            time.sleep(2)
        raise AssertionError(f"what stands on {topic} was never all committed by who wrote it")

    return run


def _comes_again(line: Line, topic: str, number: int, offset: int) -> bool:
    """Whether somebody would write the very records again that are to be cut off: then nothing is
    missing, and nobody would stop."""
    if topic != PERSON:
        return False
    done = line.committed("processor")
    reader = KafkaLogReader(kafka_config(line.home, "admin"))
    try:
        names = {reader.topic_id(name): name for name in {name for name, _ in done}}
        for raw in reader.read(topic, number, offset, reader.bounds(topic, number).end):
            origin = raw.header(ORIGIN_HEADER)
            if origin is None:
                continue
            id_, partition, place, _ = unpack_origin(origin)
            if id_ in names and place >= done.get((names[id_], partition), 0):
                return True
        return False
    finally:
        reader.close()


def _cut_back(line: Line, topic: str, service: str, number: int, offset: int) -> None:
    partition = line.home.kafka_data / f"{topic}-{number}"
    with _broker_down(line):
        kept = line.home.path / "kept"
        shutil.copytree(partition, kept)
        _cut(partition, offset)
        _forget_clean(line, partition)
    _stops(line, service, str(number))
    with _broker_down(line):
        shutil.rmtree(partition)
        kept.rename(partition)
        _forget_clean(line, partition)


def _known(line: Line, topic: str, service: str) -> tuple[int, int]:
    """A partition, and the offset of a record there that is done, and by a mark known to be.

    What no mark of ours knows cannot be missed: after an administrator moved an offset, say.
    """
    number, offset, end = _last(line, topic)
    place = INPUTS.get(topic, topic), number

    def marked() -> bool:
        try:
            found = line.marked(service).get(place, -1)
        except (KafkaException, FumaError):
            return False
        return found >= end

    line.until(marked, f"{place} is not done up to {end}")
    return number, offset


def _last(line: Line, topic: str) -> tuple[int, int, int]:
    """Partition and offset of the last record but three that is somebody's; the input's end."""
    reader = KafkaLogReader(kafka_config(line.home, "admin"))
    try:
        ours: list[tuple[int, int]] = []
        for number in range(spec(topic).partitions):
            bounds = reader.bounds(topic, number)
            found = [
                raw.offset for raw in reader.read(topic, number, bounds.start, bounds.end)
                if topic not in INPUTS or line.sealer.check(topic, raw.key, raw.value, raw.headers)
            ]  # fmt: skip
            if len(found) > 3:
                ours.append((len(found), number))
        _, number = max(ours)
        bounds = reader.bounds(topic, number)
        kept = [
            raw.offset for raw in reader.read(topic, number, bounds.start, bounds.end)
            if topic not in INPUTS or line.sealer.check(topic, raw.key, raw.value, raw.headers)
        ]  # fmt: skip
        return number, kept[-3], reader.bounds(INPUTS.get(topic, topic), number).end
    finally:
        reader.close()


def _cut(partition: Path, offset: int) -> None:
    """Take the batch that holds ``offset`` away, and everything behind it."""
    (segment,) = partition.glob("*.log")
    with segment.open("r+b") as file:
        at, size = 0, segment.stat().st_size
        while at < size:
            file.seek(at)
            base, length = struct.unpack(">QI", file.read(12))
            file.seek(at + 23)
            (last,) = struct.unpack(">I", file.read(4))  # offset of the batch's last, to its first
            if base + last >= offset:
                file.truncate(at)
                return
            at += 12 + length
    raise AssertionError(f"{offset} is not in {segment}")


@contextmanager
def _broker_down(line: Line) -> Iterator[None]:
    now = state.read(line.home)
    assert now.kafka is not None
    assert now.kafka.proc is not None
    process.stop(now.kafka.proc)
    try:
        yield
    finally:
        line.mend()


def _forget_clean(line: Line, partition: Path) -> None:
    """As after a power cut: segments are read again, indices made anew."""
    (line.home.kafka_data / ".kafka_cleanshutdown").unlink(missing_ok=True)
    for index in (*partition.glob("*.index"), *partition.glob("*.timeindex")):
        index.unlink()


#: What whoever finds a tail gone says: cut shorter, or grown again by somebody's junk meanwhile.
CUT = ("lost its tail", "holds another value")


def _stops(line: Line, service: str, place: str) -> None:
    """A service on what is there stops because of the tail, however often it ends before.

    A broker that has only just started, on a machine that has other things to do, ends it as well.
    """
    environment = {**os.environ, "FUMA_HOME": str(line.home.path)}
    said = ""
    for _ in range(10):
        with (line.home.logs / "stops.log").open("w+") as log:
            process = subprocess.Popen(
                [sys.executable, str(LAUNCHER), "-m", f"fuma.{service}"],
                env=environment, stdout=log, stderr=log,
            )  # fmt: skip
            try:
                _patiently(lambda p=process: p.poll() is not None, f"{place}: it went on")
            finally:
                process.kill()
                process.wait()
            log.seek(0)
            said = log.read()
        assert process.returncode != 0, "it went on as if nothing had happened"
        if any(word in said for word in CUT):
            assert f"/{place}: " in said or f"/{place} holds" in said, said[-2_000:]
            return
    raise AssertionError(said[-2_000:])


#: What stops a worker there: as it runs, by its store, by the ledger where it has no store.
ANEW = (
    "was made anew",
    "not those that the store was made from",
    "follows from another topic",
)


def made_anew(line: Line) -> None:
    """``person`` deleted and made again, which ends a world: everybody stops, nothing is skipped.

    Facts stand on the new topic, under offsets that were done on the old one. Nobody decides them,
    neither who was running nor who is started again.
    """
    logs = sorted(line.home.logs.glob("processor-*.log"))
    ended = {path: path.stat().st_size for path in logs}
    before = line.ask.ends(DECISIONS)
    admin = line.admin()  # lives until its futures are done
    for future in admin.delete_topics([PERSON]).values():
        future.result(120)
    line.mend()  # declared, and so made
    author = Author(random.Random(1))
    with line.appender() as appender:
        for _ in range(50):
            tag, at = author.dice.randbytes(16), line.load_now()
            value = encode_person(author.fact(at, reported=at))
            headers = line.sealer.headers(PERSON, tag, value, time=pack_time(at))
            where = partition_for(tag, spec(PERSON).partitions)
            appender.append([Outgoing(PERSON, where, tag, value, headers)])

    def stopped(path: Path) -> bool:
        """Twice at least: as it ran, or started while there was none; and started again."""
        said = path.read_bytes()[ended[path] :].decode("utf-8", "replace")
        return sum(said.count(word) for word in ANEW) >= 2

    _patiently(lambda: all(map(stopped, logs)), "a topic made anew stopped nobody")
    line.ask_anew()
    assert line.ask.ends(DECISIONS) == before, "something was decided on a topic made anew"


def _patiently(condition: Callable[[], bool], otherwise: str, looks: int = 300) -> None:
    """So many looks, a second apart: nothing flows here that could be waited for."""
    for _ in range(looks):
        if condition():
            return
        time.sleep(1)
    raise AssertionError(otherwise)


# --- Redis -------------------------------------------------------------------------------------
