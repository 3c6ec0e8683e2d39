"""Breaking what is kept: stores, committed offsets, partitions, the law's clock."""

from __future__ import annotations

import random
import shutil
import signal
import time
from pathlib import Path

import yaml
from confluent_kafka.admin import NewPartitions
from rocksdict import Options, Rdict

from chaos.line import GROUPS, Line
from chaos.services import wipe_stores
from fuma.cli.law_publish import read_log
from fuma.cli.law_put import put_on_law
from fuma.contracts import dsse
from fuma.contracts.facts import encode_feed
from fuma.contracts.lawlog import LAW_TOPIC, LAW_TYPE, TICK_KEY, text_value, tick_value
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import load_file
from fuma.contracts.topics import DECISIONS, PERSON, partition_for, spec
from fuma.domain.time import DAY, HOUR, MINUTE, Ms, from_ms
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.keyfiles import Key
from fuma.runtime.mac import pack_time
from fuma.runtime.ports import Outgoing
from unit.sink.rig import Author

FEED = "fuma.feed.health"


def stores(line: Line) -> list[Path]:
    """Every stage's, of every worker."""
    return sorted((line.home.path / "store" / "processor").glob("worker-*/*/*"))


def stores_deleted(line: Line, dice: random.Random) -> None:
    with line.stopped():
        wipe_stores(line)


def _files(store: Path) -> list[Path]:
    return [p for p in store.iterdir() if p.suffix in (".sst", ".log") and p.stat().st_size]


def stores_truncated(line: Line, dice: random.Random) -> None:
    with line.stopped():
        for store in stores(line)[::2]:
            for path in _files(store):
                with path.open("r+b") as file:
                    file.truncate(dice.randrange(path.stat().st_size))


def stores_flipped(line: Line, dice: random.Random) -> None:
    """A byte in every file."""
    with line.stopped():
        for store in stores(line):
            for path in _files(store):
                data = bytearray(path.read_bytes())
                data[dice.randrange(len(data))] ^= 0xFF
                path.write_bytes(data)


def stores_older(line: Line, dice: random.Random) -> None:
    """Yesterday's stores, put back: the ledger is far ahead of them."""
    kept = line.home.path / "older"
    with line.stopped():
        shutil.copytree(line.home.path / "store", kept)
    time.sleep(6)
    with line.stopped():
        shutil.rmtree(line.home.path / "store")
        kept.rename(line.home.path / "store")


def stores_of_another_shape(line: Line, dice: random.Random) -> None:
    with line.stopped():
        for path in stores(line):
            try:
                store = Rdict(str(path), Options(raw_mode=True))
                store[b"m:shape"] = b"codes-0"
                store.close()
            except Exception:
                # A block that another fault damaged and nobody has read yet: found here, gone.
                shutil.rmtree(path)


def staging_spoilt(line: Line, dice: random.Random) -> None:
    """The gateways' files of open batches: one is cut, a byte of the next is flipped."""
    with line.stopped():
        files = sorted((line.home.path / "data" / "gateway").glob("staging-*.db"))
        assert files, "no gateway has a staging file"
        for number, path in enumerate(files):
            data = bytearray(path.read_bytes())
            for rest in ("-wal", "-shm"):  # what they hold would heal the file
                path.with_name(path.name + rest).unlink(missing_ok=True)
            if not data:
                continue  # all of it stood in what is gone
            if (number + dice.randrange(2)) % 2:
                del data[len(data) // 2 :]
            else:
                data[dice.randrange(100)] ^= 0xFF
            path.write_bytes(data)


def offsets_moved(line: Line, dice: random.Random) -> None:
    """An administrator commits the ends, zero, and what is far out of range."""
    with line.stopped():
        reader = KafkaLogReader(kafka_config(line.home, "admin"))
        try:
            for service in GROUPS:
                moved = {}
                for (topic, partition), offset in line.committed(service).items():
                    if offset < 0:
                        continue
                    end = reader.bounds(topic, partition).end
                    moved[topic, partition] = dice.choice((end, end, 0, end // 2, end + 10**6))
                line.commit(service, moved)
        finally:
            reader.close()


def offsets_moved_while_records_wait(line: Line, dice: random.Random) -> None:
    """Records stand on the feed and on the door that nobody has read; the offset passes them."""
    for victim in line.victims("processor"):
        line.kill(victim, signal.SIGSTOP)
    time.sleep(3)  # the gateway writes on
    for victim in line.victims("processor"):
        line.kill(victim, signal.SIGKILL)
    offsets_moved(line, dice)


def partitions_added(line: Line, dice: random.Random) -> None:
    """One more partition, with records on it; everybody starts again."""
    names = (FEED, PERSON, DECISIONS)
    count, admin = spec(PERSON).partitions, line.admin()
    for future in admin.create_partitions(
        [NewPartitions(name, count + 1) for name in names]
    ).values():  # fmt: skip
        future.result(120)
    time.sleep(2)
    with line.appender() as appender:
        for name in names:
            key, value, at = dice.randbytes(16), dice.randbytes(50), pack_time(0)
            headers = line.sealer.headers(name, key, value, time=at)
            appender.append([Outgoing(name, count, key, value, headers)])
            appender.append([Outgoing(name, count, key, value, ())])
    terminate(line)


def terminate(line: Line) -> None:
    for name in ("gateway", "processor", "sink"):
        for victim in line.victims(name):
            line.kill(victim, signal.SIGTERM)


def text_published(line: Line, dice: random.Random) -> None:
    """A text of law, whose publisher asks again because nobody told that it stands."""
    home = line.home.path
    words = yaml.safe_load((root() / "rules/46/batches-v1.yaml").read_text("utf-8"))
    words["version"] = 2 + len(line.texts)
    words["in_force"] = {"from": from_ms(line.load_now() + 5 * DAY).date()}
    path = home / "text.yaml"
    path.write_text(yaml.safe_dump(words, allow_unicode=True), "utf-8")
    text = load_file(path)
    signer = keyfiles.signing_key(home, Key.PUBLISHER)
    value = text_value(dsse.sign(LAW_TYPE, text.body.encode(), signer), line.load_now())
    with line.appender("law") as appender:
        for _ in range(2):
            put_on_law(text, value, appender, lambda: read_log(line.home))
    line.texts.append((text.name, text.version))


def ticks_repeated(line: Line, dice: random.Random) -> None:
    """The same minute again, and older ones."""
    with line.appender() as appender:
        for back in (0, 0, 0, 1, 5, 60):
            appender.append([_tick(line, line.load_now() - back * MINUTE)])


def _tick(line: Line, at: Ms) -> Outgoing:
    value = tick_value(at)
    headers = line.sealer.headers(LAW_TOPIC, TICK_KEY, value, time=pack_time(at))
    return Outgoing(LAW_TOPIC, 0, TICK_KEY, value, headers)


def ticks_missing(line: Line, dice: random.Random) -> None:
    """Log time runs far ahead of the law: the partition waits, and goes on with the next tick."""
    author = Author(dice)
    # The last time that this was done may have left the law ahead of the load.
    at = max(line.load_now(), read_log(line.home).time) + 14 * HOUR
    tag = dice.randbytes(16)
    value = encode_feed(author.fact(at, reported=at))
    headers = line.sealer.headers(FEED, tag, value, time=pack_time(at))
    where = partition_for(tag, spec(FEED).partitions)
    with line.appender() as appender:
        appender.append([Outgoing(FEED, where, tag, value, headers)])
        time.sleep(4)
        assert not _decided(line, tag), "decided under a law that was not known"
        appender.append([_tick(line, at)])
    line.until(lambda: _decided(line, tag), "never decided, though the law is known", within=20_000)


def _decided(line: Line, tag: bytes) -> bool:
    reader = KafkaLogReader(kafka_config(line.home, "admin"))
    try:
        where = partition_for(tag, spec(DECISIONS).partitions)
        bounds = reader.bounds(DECISIONS, where)
        start = max(bounds.start, bounds.end - 3_000)
        return any(r.key == tag for r in reader.read(DECISIONS, where, start, bounds.end))
    finally:
        reader.close()
