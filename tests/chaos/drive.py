"""A run: load and poison flow, classes of faults come one after the other, kills all the while.

Every class comes once before any comes twice, in an order that the seed gives; the seed also gives
every choice that a class makes. When which process is where in its work is the machine's affair.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from confluent_kafka import KafkaException

from chaos import servers, services, states, tails
from chaos.encounters import Encounters
from chaos.line import Line
from chaos.load import Load, Poison
from chaos.officers import Officers
from chaos.pulse import STUCK, StandsStill
from chaos.worker import Worker
from fault.checker import check, platform, raw
from fault.checker.check import Report
from fuma.cli.demo.story import START
from fuma.contracts.errors import FumaError
from fuma.contracts.topics import DECISIONS, ORDERS, PERSON, in_topic
from fuma.domain.time import DAY
from fuma.runtime.embedded.connect import kafka_config, redis_client

Fault = Callable[[Line, random.Random], None]
#: Only once, and last: more partitions cannot be taken back.
LAST = "partitions added behind our back"
#: With a verdict of its own, when everything else is judged: it ends the world.
END = "a topic made anew"


def faults(minutes: float) -> dict[str, Fault]:
    """Every class, by the name under which it is reported."""
    found: dict[str, Fault] = {
        "SIGKILL, five in a row": services.kills,
        "SIGTERM": services.terms,
        "SIGSTOP and SIGCONT": services.pauses,
        "two members of one name": services.same_member,
        "rolling change of the release": services.rolling_release,
        "a text of law, twice asked for": states.text_published,
        "partition there and back": services.there_and_back,
        "rebalance during recovery": services.rebalance_during_recovery,
        "broker killed": servers.broker_killed,
        "broker stopped and started": servers.broker_stopped,
        "broker unreachable": servers.unreachable(60 if minutes >= 15 else 20),
        "broker slow": servers.broker_slow,
        "broker's disk full": servers.broker_full,
        "broker rejects some batches": servers.broker_rejects,
        "ledger lost its tail": tails.lost_tail(DECISIONS),
        "input lost its tail": tails.lost_tail(PERSON),
        "orders lost their tail": tails.lost_tail(ORDERS),
        "a department's topic lost its tail": tails.lost_tail(in_topic("health"), "gateway"),
        "law unreachable": servers.law_unreachable,
        "Redis killed": servers.redis_killed,
        "Redis emptied": servers.redis_emptied,
        "Redis with an older file": servers.redis_yesterday,
        "Redis read-only": servers.redis_read_only,
        "stores deleted": states.stores_deleted,
        "stores truncated": states.stores_truncated,
        "a byte flipped in each store": states.stores_flipped,
        "stores put back": states.stores_older,
        "stores of another shape": states.stores_of_another_shape,
        "staging files spoilt": states.staging_spoilt,
        "committed offsets moved": states.offsets_moved,
        "offsets moved past what waits": states.offsets_moved_while_records_wait,
        "ticks repeated": states.ticks_repeated,
        "ticks missing": states.ticks_missing,
    }
    for point, service in services.ZOMBIES.items():
        found[f"wakes up mid-chunk: {point.split('.')[1]}"] = services.zombie(point, service)
    return found


class Run:
    """One run. ``say`` gets a line for everything that happens."""

    def __init__(
        self, home: Path, seed: int, minutes: float, say: Callable[[str], None], *,
        rate: float = 80.0, poison: float = 5.0, kill_every: tuple[float, float] = (4.0, 14.0),
    ) -> None:  # fmt: skip
        self.dice = random.Random(seed)
        self.line = Line(home, say)
        self.say = say
        self.minutes = minutes
        self._kill_every = kill_every
        self.load = Load(self.line, seed, START, rate)
        self.poison = Poison(self.line, seed, poison)
        self.line.load_now = lambda: self.load.now
        self.officers = Officers(self.line, seed)
        self.encounters = Encounters(self.line, seed)
        self.workers: list[Worker] = [self.load, self.officers, self.encounters]
        self.line.load_failure = lambda: next((w.failure for w in self.workers if w.failure), None)
        self.evidence: Path | None = None
        self._over = threading.Event()

    def live(
        self, wanted: Iterable[tuple[str, Fault]], steps: Iterable[str], *, anew: bool = False
    ) -> Report:
        """Everything, then the check; ``anew``: and then what ends the world.

        Raises ``AssertionError`` where a class did not take hold. Where something is wrong, the
        world stays on disk: ``evidence`` says where.
        """
        with self.line as line:
            try:
                self._break(wanted, steps)
                report = self._check()
                if anew:
                    self._end(report)
            except BaseException:
                self._keep()
                raise
            finally:
                line.pulse.stop()
            if report.faults:
                self._keep()
            return report

    def _break(self, wanted: Iterable[tuple[str, Fault]], steps: Iterable[str]) -> None:
        line = self.line
        line.begin(START - DAY)
        line.ask.load([one for worker in self.workers for one in worker.people()])
        for worker in self.workers:
            worker.start()
        line.pulse.start()
        line.until(
            lambda: bool(line.consumed()) and line.ask.count("fuma.decisions") > 50,
            "the line did not begin to flow",
        )
        self.poison.start()
        killer = threading.Thread(target=self._kill, name="killer")
        killer.start()
        try:
            for name, fault in wanted:
                self._one(name, fault)
            for point in steps:
                self._one(f"step {point}", services.step(point))
        finally:
            self._over.set()
            killer.join()
            self.poison.stop()
            for worker in reversed(self.workers):
                worker.over.set()
            for worker in reversed(self.workers):
                worker.stop()

    def _keep(self) -> None:
        """The world as it is, its logs and its topics, for whoever looks for the reason."""
        self.line.keep()
        self.evidence = self.line.home.path

    def _one(self, name: str, fault: Fault) -> None:
        began = time.monotonic()
        fault(self.line, random.Random(self.dice.randrange(1 << 32)))
        self.line.survived[name] += 1
        kills = self.line.kills
        self.say(f"{time.monotonic() - began:6.1f} s  {name} ({kills} kills so far)")
        time.sleep(self.dice.uniform(0.2, 1.5))

    def _end(self, report: Report) -> None:
        """What ends the world, and its own verdict beside the others."""
        try:
            self._one(END, lambda line, _: tails.made_anew(line))
        except (AssertionError, FumaError, KafkaException) as error:
            report.faults.append(f"anew: {error}")

    def _kill(self) -> None:
        """SIGKILL and now and then SIGTERM, whatever else is going on."""
        dice = random.Random(self.dice.randrange(1 << 32))
        while not self._over.wait(dice.uniform(*self._kill_every)):
            number = signal.SIGKILL if dice.random() < 0.85 else signal.SIGTERM
            with self.line.quiet:
                services.any_victim(self.line, dice, number)

    def _check(self) -> Report:
        line = self.line
        line.pulse.stop()  # less and less will flow
        line.mend()
        self.say("waiting until everything that is on the log is done")
        line.ask_anew()  # a client from the beginning has seen its broker die too often
        before, same, quiet = dict[str, int](), 0, 0
        while quiet < 2:  # what one stage writes, the next one reads
            try:
                behind = line.behind() or {"the platform": line.ask.behind()}
            except FumaError as error:
                behind = {str(error): 1}
            quiet = 0 if any(behind.values()) else quiet + 1
            same = same + 1 if behind == before else 0
            before = behind
            if same >= STUCK:
                line.look_around(f"never done: {behind}")
                raise StandsStill(f"never done: {behind}")
            time.sleep(1)
        names = [t for t in raw.declared() if not t.startswith("fuma.answers.")]
        log = raw.read_log(kafka_config(line.home, "admin"), names)
        client = redis_client(line.home, "admin")
        try:
            shown = platform.read_redis(client)
        finally:
            client.close()
        keys = check.Keys.of(line.home.path)
        known = check.Known(
            self.load.sent.values(),
            self.encounters.met(),
            self.officers.signed.values(),
            line.texts,
        )
        return check.check(log, shown, keys, known, line.consumed())
