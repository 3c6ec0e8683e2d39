"""Facts straight onto ``person``, as the task force writes them: many, from several processes.

``python -m fuma.cli.bench_fill`` writes one share of them. Every fact is a finding with evidence
of its own, over all persons in turn, sealed with the services' key; nearly all take effect.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path

from fuma.cli.bench_cpu import facts
from fuma.cli.bench_worker import Worker
from fuma.contracts.facts import encode_person
from fuma.contracts.genesis import read_world
from fuma.contracts.topics import PERSON, partition_for, spec
from fuma.domain.codes.events import Fact
from fuma.domain.time import Ms
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaAppender
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import Outgoing

_AT_ONCE = 2_000
#: Groups a second where a rate is asked for.
_GROUPS = 20
_GROUNDS = 4


@dataclass(frozen=True, slots=True)
class Share:
    """Facts ``first``, ``first + step``, … below ``end``, over ``persons``; ``at``: log time of
    the first. ``rate``: facts a second, log time going on with them; 0: as fast as it goes."""

    home: Path
    persons: int
    first: int
    end: int
    at: Ms
    step: int = 1
    rate: int = 0


@lru_cache(_GROUNDS)
def _like(ground: int) -> Fact:
    """One finding of each ground, as the other benches have it."""
    return next(islice(facts(_GROUNDS, _GROUNDS), ground, None))[1]


def fact(index: int, persons: int, at: Ms) -> tuple[bytes, Fact]:
    """The ``index``-th: whom it is on, and what it says. The same in every run."""
    person, times = index % persons, index // persons
    tag = hashlib.sha256(b"person %d" % person).digest()[:16]
    mark = hashlib.sha256(b"large %d" % index).digest()
    like = _like((person + times) % _GROUNDS)
    return tag, replace(
        like, id=mark[:16], content=mark, evidence_ref=mark[::-1], since=at, reported=at
    )


def records(share: Share, sealer: Sealer) -> Iterator[Outgoing]:
    """As ``person`` has them."""
    count, partition_of = spec(PERSON).partitions, lru_cache(1 << 16)(partition_for)
    for number, index in enumerate(range(share.first, share.end, share.step)):
        at = share.at + (number * 1_000 // share.rate if share.rate else 0)
        tag, said = fact(index, share.persons, at)
        value = encode_person(said)
        headers = sealer.headers(PERSON, tag, value, time=pack_time(at))
        yield Outgoing(PERSON, partition_of(tag, count), tag, value, headers)


def write(share: Share) -> None:
    """Append the share; at a rate, each group when it is due, however late the last one was."""
    home = Home(share.home)
    sealer = Sealer(read_world(home.world).id, keyfiles.secret(home.path, keyfiles.Key.MAC))
    appender = KafkaAppender(kafka_config(home, "processor"))
    made = records(share, sealer)
    size = max(1, share.rate // _GROUPS) if share.rate else _AT_ONCE
    began, sent = time.monotonic(), 0
    while batch := list(islice(made, size)):
        if share.rate:
            time.sleep(max(0.0, began + sent / share.rate - time.monotonic()))
        appender.append(batch)
        sent += len(batch)
    appender.close()


def start(share: Share) -> Worker:
    """A process that writes it."""
    words = ["--home", share.home, "--persons", share.persons, "--first", share.first,
             "--end", share.end, "--at", share.at, "--step", share.step,
             "--rate", share.rate]  # fmt: skip
    command = [sys.executable, "-m", "fuma.cli.bench_fill", *map(str, words)]
    log = share.home / "logs" / "bench-fill.log"
    with log.open("ab") as out:
        return Worker("fill", subprocess.Popen(command, stdout=out, stderr=out), log)


def fast(share: Share, processes: int) -> list[Worker]:
    """So many processes that write it together, each every so-manieth fact."""
    return [
        start(replace(share, first=share.first + number, step=processes))
        for number in range(processes)
    ]


def main() -> None:
    """One share, by its fields."""
    logging.basicConfig(level=logging.WARNING)
    parser = argparse.ArgumentParser(prog="python -m fuma.cli.bench_fill", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    for name in ("persons", "first", "end", "at", "step", "rate"):
        parser.add_argument(f"--{name}", type=int, required=True)
    write(Share(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
