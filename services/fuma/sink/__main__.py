"""``python -m fuma.sink``: wiring."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fuma.contracts.errors import FumaError
from fuma.contracts.genesis import read_world
from fuma.contracts.platform import PlatformSealer
from fuma.contracts.topics import DECISIONS, spec
from fuma.runtime import keyfiles
from fuma.runtime.clock import SystemClock
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.heap import few_arenas, settle
from fuma.runtime.kafka import KafkaAppender, KafkaLogReader
from fuma.runtime.mac import Sealer
from fuma.runtime.redis import RedisStore
from fuma.runtime.topicwatch import TopicWatch
from fuma.sink.service import Sink
from fuma.sink.settings import Settings
from fuma.sink.share import numbers_of, share
from fuma.sink.source import KafkaSource

_USER = "sink"


@contextmanager
def build(settings: Settings) -> Iterator[Sink]:
    """A sink over the home's Kafka and Redis. Raises ``Fatal`` where others have its partitions."""
    with share(settings, spec(DECISIONS).partitions) as numbers:
        with _build(settings, numbers) as sink:
            yield sink


@contextmanager
def _build(settings: Settings, numbers: tuple[int, ...]) -> Iterator[Sink]:
    home = Home(settings.home)
    world = read_world(home.world)
    config = kafka_config(home, _USER)
    ledger, source, appender = (
        KafkaLogReader(config),
        KafkaSource(config, _USER),
        KafkaAppender(config),
    )
    watch = TopicWatch(config, [DECISIONS])
    try:
        yield Sink(
            settings,
            world,
            Sealer(world.id, keyfiles.secret(home.path, keyfiles.Key.MAC)),
            PlatformSealer(world.id, keyfiles.secret(home.path, keyfiles.Key.PLATFORM)),
            lambda: RedisStore(home),
            source,
            ledger,
            appender,
            SystemClock(),
            numbers,
        )
    finally:
        watch.close()
        source.close()
        ledger.close()
        appender.close()


def main() -> int:
    """Run until SIGTERM; 1 with one line on a failure."""
    few_arenas()
    parser = argparse.ArgumentParser(prog="python -m fuma.sink", description="the sink")
    parser.add_argument("--home", help="FUMA_HOME")
    parser.add_argument("--partitions", type=numbers_of, help="those to write, as 0-3,6")
    parser.add_argument("--workers", type=int, default=1, help="so many sinks share the home's")
    words = parser.parse_args()
    if words.workers < 1:
        parser.error("--workers: one at least")
    settings = Settings.of(words.home, words.partitions, words.workers)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with build(settings) as sink:
            settle()
            sink.run(stop)
    except FumaError as error:
        hint = f" ({error.hint})" if error.hint else ""
        print(f"fuma sink: {error}{hint}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
