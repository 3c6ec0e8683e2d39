"""``python -m fuma.processor``: the stages in one Faust app, wired to the real world."""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
import sys
from functools import lru_cache, partial

from fuma.contracts.errors import FumaError
from fuma.contracts.genesis import read_world
from fuma.contracts.topics import (
    COMMANDS,
    INCIDENTS,
    NOTICES,
    PERSON,
    PRESENCE,
    PROVINCES,
    SIGNALS,
    exchange_topic,
    partition_for,
)
from fuma.processor.authority import Authority
from fuma.processor.codes import Codes
from fuma.processor.comparison import Comparison
from fuma.processor.incidents import Incidents
from fuma.processor.itinerary import Itinerary
from fuma.processor.law import LawGate
from fuma.processor.outbox import Outbox
from fuma.processor.outbox_orders import OrdersOutbox
from fuma.processor.settings import STAGES, Settings
from fuma.processor.sweep import Marks, Sweeper
from fuma.processor.taskforce import Taskforce
from fuma.processor.watch import Watch
from fuma.runtime import keyfiles, metrics
from fuma.runtime.declared import declared_count
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.faust_app import build, die, serve
from fuma.runtime.faust_host import Host
from fuma.runtime.faust_transport import Consumer
from fuma.runtime.heap import few_arenas, settle
from fuma.runtime.host_line import Stage
from fuma.runtime.host_resident import ResidentRunner
from fuma.runtime.host_stages import LedgerRunner, TransformRunner, dead_letter_partitions
from fuma.runtime.host_stored_recovery import StoredRunner
from fuma.runtime.host_window import WindowRunner
from fuma.runtime.host_world import World
from fuma.runtime.kafka import KafkaAppender, KafkaLogReader
from fuma.runtime.lawreader import LawReader
from fuma.runtime.mac import Sealer
from fuma.runtime.round_appender import RoundAppender
from fuma.runtime.store import StoreRoot
from fuma.runtime.topicwatch import TopicWatch
from fuma.runtime.unowned import Unowned

log = logging.getLogger("fuma.processor")
USER = "processor"
#: Nobody waits for a notice or a signal within this time, and in larger chunks they cost less.
PATIENCE_S = 0.1


def _alarm(kind: str, what: str) -> None:
    log.error("outbox: %s: %s", kind, what)
    metrics.ALARMS.labels("outbox", kind).inc()


def stages(
    settings: Settings, world: World, reader: KafkaLogReader, root: StoreRoot, gate: LawGate
) -> list[Stage]:
    """The stages that this process runs."""
    made: list[Stage] = []
    if "taskforce" in settings.stages:
        made.append(TransformRunner(Taskforce(), [PERSON], world, reader, partition_for))
        made.append(TransformRunner(Itinerary(), [PRESENCE], world, reader, partition_for))
    if "comparison" in settings.stages:
        comparison = Comparison(gate.law, declared_count(reader, PRESENCE))
        made.append(
            StoredRunner(
                comparison, comparison.output_topics, world, reader, root,
                # Spots come again, and their hash in Python costs as much as their decoding.
                lru_cache(1 << 16)(partition_for),
                horizon=gate.horizon,
            )
        )  # fmt: skip
    if "codes" in settings.stages:
        codes = Codes(gate.law)
        made.append(LedgerRunner(codes, world, reader, root, partition_for, horizon=gate.horizon))
    if "outbox" in settings.stages:
        outputs = [COMMANDS, NOTICES, SIGNALS, *map(exchange_topic, PROVINCES)]
        outbox = Outbox(_alarm, gate.law)
        made.append(
            TransformRunner(outbox, outputs, world, reader, partition_for, patience_s=PATIENCE_S)
        )
    if "authority" in settings.stages:
        authority = Authority(gate.world, gate.law, gate.ceremony)
        made.append(
            ResidentRunner(authority, world, reader, root, partition_for, horizon=gate.horizon)
        )
    if "outbox-orders" in settings.stages:
        orders = OrdersOutbox(_alarm)
        made.append(TransformRunner(orders, orders.output_topics, world, reader, partition_for))
    if "watch" in settings.stages:
        watch = Watch(gate.law)
        made.append(
            WindowRunner(
                watch,
                [INCIDENTS],
                world,
                reader,
                partition_for,
                horizon=gate.horizon,
                patience_s=PATIENCE_S,
            )
        )
    return made


async def run(settings: Settings) -> None:
    """Until SIGTERM."""
    pinned = read_world(settings.home / "world.json")
    sealer = Sealer(pinned.id, keyfiles.secret(settings.home, keyfiles.Key.MAC))
    kafka = kafka_config(Home(settings.home), USER)
    reader, law_reader = KafkaLogReader(kafka), KafkaLogReader(kafka)
    letters = dead_letter_partitions(
        reader,
        [
            stage.dead_letter_topic
            for stage in (
                Taskforce,
                Itinerary,
                Comparison,
                Authority,
                OrdersOutbox,
                Codes,
                Outbox,
                Watch,
            )
        ],
    )
    incidents = Incidents(sealer, declared_count(reader, INCIDENTS), simulated=pinned.simulated)
    appender = RoundAppender(kafka)
    world = World(
        sealer, pinned.simulated, letters, incidents.beside, partial(incidents.alarm, appender)
    )
    gate = LawGate(LawReader(law_reader, sealer, pinned), die)
    gate.start()
    root = StoreRoot(settings.stores)
    running = stages(settings, world, reader, root, gate)
    host = Host(running, appender, die=die, chunk_records=settings.chunk)
    instance = f"{socket.gethostname()}-{root.path.name}"
    unowned = Unowned(asyncio.get_running_loop(), host.lines)
    names = [name for stage in running for name in stage.topics]
    watch = TopicWatch(kafka, names, counted=unowned.counted)
    app = build(settings.group, kafka, host, running, instance=instance)
    sweeper = None
    if "codes" in settings.stages:
        sweeper = Sweeper(
            gate, KafkaLogReader(kafka), KafkaAppender(kafka), sealer,
            Marks(root.path / "sweeps.json"), lambda: host.owns(PERSON),
            simulated=pinned.simulated,
        )  # fmt: skip
        sweeper.start(die)
    log.info("%s, world %s: %s", root.path.name, pinned.id.hex(), ", ".join(settings.stages))
    settle()
    assert isinstance(app.consumer, Consumer)
    unowned.member = app.consumer.thread
    await serve(app, host, appender)
    if sweeper is not None:
        sweeper.close()
    watch.close()
    gate.close()
    law_reader.close()
    reader.close()


def main() -> int:
    """Run until SIGTERM; 1 with one line where it cannot start."""
    few_arenas()
    parser = argparse.ArgumentParser(prog="python -m fuma.processor", description="the processor")
    parser.add_argument("--home", help="FUMA_HOME")
    parser.add_argument(
        "--stage", action="append", choices=STAGES, help="only this stage (may be repeated)"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    for noisy in ("faust", "mode", "aiokafka"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        asyncio.run(run(Settings.of(arguments.home, arguments.stage)))
    except FumaError as error:
        hint = f" ({error.hint})" if error.hint else ""
        print(f"fuma processor: {error}{hint}", file=sys.stderr)
        return 1
    except Exception as error:
        die(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
