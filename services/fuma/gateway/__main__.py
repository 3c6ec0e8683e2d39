"""``python -m fuma.gateway``: wiring."""

from __future__ import annotations

import argparse
import fcntl
import logging
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

from fuma.contracts.errors import Fatal, FumaError, Poison
from fuma.contracts.genesis import read_world
from fuma.contracts.sealing import officers_key
from fuma.domain.authority.events import Event, ListRead
from fuma.domain.authority.state import State
from fuma.gateway.command_intake import CommandIntake
from fuma.gateway.commands import CommandDoor
from fuma.gateway.doors import Doors
from fuma.gateway.exchange import Exchange
from fuma.gateway.exchange_app import Server
from fuma.gateway.feeder import Feeder
from fuma.gateway.intake import Intake
from fuma.gateway.judge import Judge
from fuma.gateway.publish import Publisher
from fuma.gateway.service import Gateway
from fuma.gateway.settings import Settings
from fuma.gateway.staging import DAMAGED, Staging
from fuma.gateway.ticks import Ticker
from fuma.runtime import keyfiles
from fuma.runtime.clock import SystemClock
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.heap import few_arenas, settle, tidy
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.lawreader import LawReader
from fuma.runtime.mac import Sealer
from fuma.runtime.orderlog import ACCOUNTS, OrderLog
from fuma.runtime.ports import LogRecord
from fuma.runtime.round_appender import RoundAppender
from fuma.runtime.topicwatch import TopicWatch
from fuma.runtime.vault import VaultClient

log = logging.getLogger("fuma.gateway")
_LAW_S = 1.0


def worker_slot(folder: Path) -> tuple[int, TextIO]:
    """The first worker number that nobody on this home holds, and the lock that holds it.

    The number names a static member of the group, so that a worker that was killed and started
    again gets its partitions back at once; it names the staging file as well.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(64):
        lock = (folder / f"worker-{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        return number, lock
    raise Fatal("64 gateways run on this home", "one or two a machine are enough")


def serve(settings: Settings, stop: threading.Event) -> None:
    """Until ``stop``."""
    home, clock = settings.home, SystemClock()
    world = read_world(home / "world.json")
    number, lock = worker_slot(settings.folder)
    mac_key = keyfiles.secret(home, keyfiles.Key.MAC)
    sealer = Sealer(world.id, mac_key)
    config = kafka_config(Home(home), "gateway")
    law_reader = KafkaLogReader(config)
    row_reader = KafkaLogReader(config)
    appender = RoundAppender(config)
    law_letters: list[tuple[LogRecord, Poison]] = []
    law = LawReader(law_reader, sealer, world, lambda raw, why: law_letters.append((raw, why)))
    law.poll()
    if not law.begun:
        raise Fatal("no world has begun on this broker", "run `fuma law genesis` first")
    staging = Staging(settings.folder / f"staging-{number}.db")
    judge = Judge(keyfiles.gateway_key(home), keyfiles.secret(home, keyfiles.Key.EVIDENCE))
    intake = Intake(world.id, mac_key, simulated=world.simulated)
    ids: dict[str, bytes] = {}

    def topic_id(topic: str) -> bytes:
        return ids.get(topic) or ids.setdefault(topic, row_reader.topic_id(topic))

    vault = VaultClient(home, "gateway")
    publisher = Publisher(world, sealer, appender, vault, judge, law, topic_id)
    if staging.lost:
        at = law.log.time
        publisher.alarm(DAMAGED, f"{staging.lost} (log time {at})", at)
    gateway = Gateway(
        intake,
        publisher,
        staging,
        row_reader,
        sealer,
        simulated=world.simulated,
        chunk=settings.chunk,
        batch_age=settings.batch_age,
        max_jump=settings.max_jump,
    )
    ticker = Ticker(
        sealer,
        appender,
        lambda: law.law,
        publisher.tick,
        settings.folder / "provinces.json",
        simulated=world.simulated,
    )
    ticker.begin(row_reader)
    officers = Sealer(world.id, officers_key(mac_key))
    door = CommandDoor(
        world,
        sealer,
        CommandIntake(world, officers),
        appender,
        law,
        ticker,
        topic_id,
        settings.max_jump,
    )
    doors = Doors(intake, gateway, door, ticker, simulated=world.simulated)
    order_reader, exchange_vault = KafkaLogReader(config), VaultClient(home, "gateway")
    reads: dict[str, set[tuple[bytes, str]]] = {}

    def note(province: str, _: object, event: Event) -> None:
        if isinstance(event, ListRead):
            reads.setdefault(province, set()).add((event.list, event.by.officer))

    order_log = OrderLog(order_reader, sealer, world, kinds=ACCOUNTS, on_event=note)

    def accounts(province: str) -> State:
        order_log.poll()
        return order_log.state(province)

    exchange = Exchange(
        world,
        keyfiles.secret(home, keyfiles.Key.EVIDENCE),
        exchange_vault,
        accounts,
        lambda: law.law,
        clock.now,
        keyfiles.gateway_key(home),
        lambda province: reads.get(province, set()),
    )
    server = Server(home, exchange)
    member = {**config, "group.instance.id": f"gateway-{home.name}-{number}"}
    feeder = Feeder(member, doors)
    watch = TopicWatch(config, doors.topics())
    log.info("gateway worker %d, world %s", number, world.id.hex())
    settle()
    refreshed = time.monotonic()
    try:
        while not stop.is_set():
            records = feeder.chunk(settings.chunk)
            feeder.commit(idle=not records)  # the chunk before
            if time.monotonic() - refreshed > _LAW_S:
                law.poll()
                gateway.law_letters(law_letters)
                law_letters.clear()
                refreshed = time.monotonic()
                if not world.simulated:
                    ticker.tick(clock.now())
            doors.handle(records, clock.now())
            feeder.handled(records)
            tidy()
    finally:
        server.close()
        watch.close()
        feeder.close()
        appender.close()
        law_reader.close()
        row_reader.close()
        staging.close()
        order_reader.close()
        exchange_vault.close()
        vault.close()
        lock.close()


def main() -> int:
    """Run until SIGTERM; 1 with one line on a failure."""
    few_arenas()
    parser = argparse.ArgumentParser(prog="python -m fuma.gateway", description="the gateway")
    parser.add_argument("--home", help="FUMA_HOME")
    settings = Settings.of(parser.parse_args().home)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        serve(settings, stop)
    except FumaError as error:
        hint = f" ({error.hint})" if error.hint else ""
        print(f"fuma gateway: {error}{hint}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
