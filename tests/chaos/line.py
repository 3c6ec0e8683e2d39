"""The real line in a world of its own, and the handles by which it is broken and mended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from chaos.pulse import STUCK, Pulse, StandsStill
from fuma.cli import run_supervisor
from fuma.cli.demo.world import World
from fuma.cli.errors import CliError
from fuma.cli.run_state import Proc
from fuma.cli.run_supervisor import SERVICES, Supervisor
from fuma.contracts import topics
from fuma.contracts.errors import FumaError
from fuma.contracts.genesis import read_world
from fuma.domain.time import Ms
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.supervisor import stack, state
from fuma.runtime.kafka import KafkaAppender, KafkaLogReader
from fuma.runtime.mac import Sealer
from fuma.runtime.positions import Known, read_committed

LAUNCHER = Path(__file__).with_name("launcher.py")
GROUPS = {"processor": "fuma.processor", "gateway": "fuma.gateway"}


class Line(World):
    """A demo world whose services can be made to fail. ``say`` tells what happens."""

    def __init__(self, home: Path, say: Callable[[str], None], workers: int = 2) -> None:
        super().__init__(home, keep=False)
        self.tell = say
        self.workers = workers
        self.survived: Counter[str] = Counter()
        self.kills = 0
        self.texts: list[tuple[str, int]] = []  # of law, published meanwhile
        #: Held by whoever needs that nobody else stops or starts services meanwhile.
        self.quiet = threading.RLock()
        self._extra: list[subprocess.Popen[bytes]] = []
        self.pulse = Pulse(self._reader, self.look_around)
        self.load_now: Callable[[], Ms] = lambda: 0  # the load's latest log time
        self.load_failure: Callable[[], BaseException | None] = lambda: None

    def begin(self, at: Ms) -> None:
        """Everything up, the world begun."""
        # Killed again and again, a service would be waited for longer and longer.
        run_supervisor.LONGEST_WAIT = 2.0
        self.up(at, SERVICES, self.workers)
        self.sealer = Sealer(
            read_world(self.home.world).id, keyfiles.secret(self.home.path, keyfiles.Key.MAC)
        )

    def _reader(self) -> KafkaLogReader:
        return KafkaLogReader(kafka_config(self.home, "admin"))

    def run(self, services: object = SERVICES, workers: int = 2) -> None:
        """As the world does, but through the launcher."""
        for folder in ("arm", "fired"):
            (self.home.path / folder).mkdir(exist_ok=True)
        python = self.home.path / "python"
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{LAUNCHER}" "$@"\n')
        python.chmod(0o755)
        self._supervisor = Supervisor(
            self.home.path, SERVICES, self.workers, say=self._log, python=str(python)
        )
        self._supervisor.start()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._thread.start()
        self._until(self._vault_is_up, "the vault did not start")

    def close(self) -> None:
        for process in self._extra:
            process.kill()
            process.wait()
        super().close()

    def keep(self) -> None:
        """Leave everything where it is at the end."""
        self._keep = True

    def _until(self, condition: Callable[[], bool], otherwise: str) -> None:
        """As the world waits, and again: a busy machine is no failure."""
        for _ in range(9):
            try:
                super()._until(condition, otherwise)
            except CliError:
                self.tell(f"{otherwise}, yet")
            else:
                return
        super()._until(condition, otherwise)

    # --- waiting --------------------------------------------------------------------------------

    def until(
        self, condition: Callable[[], bool], what: str, *, every_s: float = 0.5,
        within: int | None = None,
    ) -> None:  # fmt: skip
        """Until ``condition``, however slow the machine is.

        Raises ``StandsStill`` where nothing flows any more, ``AssertionError`` where so many
        records (``within``) have gone through the whole line meanwhile.
        """
        begun, passed = self.pulse.looks, self.pulse.passed()
        while not condition():
            if (failure := self.load_failure()) is not None:
                raise failure
            still = min(self.pulse.still, self.pulse.looks - begun)
            if still >= STUCK:
                raise StandsStill(f"{what}: nothing new at {still} looks")
            if within is not None and self.pulse.passed() - passed > within:
                raise AssertionError(f"{what}: not while {within} records went by")
            time.sleep(every_s)

    def look_around(self, why: str) -> None:
        """Keep what can be seen of a line that stands: positions, and every process's stacks."""
        self.tell(f"{why}: see logs/standstill.txt")
        for proc in [p for name in SERVICES for p in self.victims(name)]:
            proc.signal(signal.SIGUSR1)  # the launcher prints the stacks
        try:
            os.kill(self.server("kafka"), signal.SIGQUIT)  # the JVM prints its threads
            found = [f"{name} {tp}: {offset}" for name in GROUPS
                     for tp, offset in sorted(self.committed(name).items())]  # fmt: skip
            found += [f"behind {topic}: {count}" for topic, count in self.behind().items()]
        except (FumaError, KafkaException, OSError, AssertionError) as error:
            found = [f"the broker does not say: {error!r}"]
        with (self.home.logs / "standstill.txt").open("a") as file:
            file.write("\n".join((f"{time.strftime('%H:%M:%S')} {why}", *found, "", "")))

    # --- services -----------------------------------------------------------------------------

    def victims(self, name: str) -> list[Proc]:
        """The running processes of a service, those of the supervisor."""
        return self.supervisor.processes(name) if self._supervisor is not None else []

    def kill(self, victim: Proc, number: int = signal.SIGKILL) -> None:
        victim.signal(number)
        if number == signal.SIGKILL:
            self.kills += 1

    def spawn(self, service: str, **more: str) -> subprocess.Popen[bytes]:
        """One more worker, that no supervisor looks after; ``more``: of its environment."""
        environment = {**os.environ, "FUMA_HOME": str(self.home.path), **more}
        with (self.home.logs / f"extra-{service}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, str(LAUNCHER), "-m", f"fuma.{service}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
            )  # fmt: skip
        self._extra.append(process)
        return process

    def end(self, process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
        process.send_signal(number)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.kills += number == signal.SIGKILL
        self._extra.remove(process)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """All services stopped, as for maintenance."""
        with self.quiet:
            self.stop_services()
            try:
                yield
            finally:
                self.run()

    def arm(self, point: str) -> int:
        """Make one process fail at ``point``; its pid. Raises where nobody gets there."""
        path = self.home.path / "arm" / point
        path.touch()
        fired: list[Path] = []

        def happened() -> bool:
            fired.extend((self.home.path / "fired").glob(f"{point}.*"))
            return bool(fired)

        try:
            self.until(happened, f"{point}: nobody got there", every_s=0.02, within=20_000)
        finally:
            path.unlink(missing_ok=True)
        fired[0].unlink()
        return int(fired[0].name.rsplit(".", 1)[1])

    # --- broker and Redis -----------------------------------------------------------------------

    def server(self, name: str) -> int:
        """The pid of ``kafka`` or ``redis``."""
        found = getattr(state.read(self.home), name)
        assert found is not None
        assert found.proc is not None
        return int(found.proc.pid)

    def kill_server(self, name: str) -> None:
        os.kill(self.server(name), signal.SIGKILL)
        self.kills += 1
        self.gone(name)

    def gone(self, name: str, seconds: float = 30.0) -> bool:
        """Wait until the server's process has ended."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            proc = getattr(state.read(self.home), name).proc
            if proc is None or not proc.alive:
                return True
            time.sleep(0.05)
        return False

    def mend(self) -> None:
        """Broker and Redis up, users and topics as declared, whatever happened to them."""
        for attempt in range(10):
            try:
                stack.up(self.home)
                return
            except (FumaError, KafkaException) as error:
                self.tell(f"not up yet ({error})")
                time.sleep(2.0 * (attempt + 1))
        stack.up(self.home)

    def admin(self) -> AdminClient:
        return AdminClient({**kafka_config(self.home, "admin"), "log_level": 0})

    @contextmanager
    def appender(self, user: str = "admin") -> Iterator[KafkaAppender]:
        made = KafkaAppender(kafka_config(self.home, user))
        try:
            yield made
        finally:
            made.close()

    def ask_anew(self) -> None:
        """Forget the connections that questions were asked over."""
        if self._ask is not None:
            self._ask.close()
            self._ask = None

    # --- groups ---------------------------------------------------------------------------------

    def committed(self, service: str) -> dict[tuple[str, int], int]:
        """What the service's group has committed, on every topic on which it has anything.

        A partition of such a topic of which it says nothing stands at -1.
        """
        found = self._positions(service)
        goes_through = {topic for (topic, _), done in found.items() if done}
        return {(topic, number): done.offset if done else -1
                for (topic, number), done in found.items() if topic in goes_through}  # fmt: skip

    def marked(self, service: str) -> dict[tuple[str, int], int]:
        """The positions that carry a mark, which whoever moves an offset cannot give."""
        found = self._positions(service)
        return {place: done.offset for place, done in found.items() if done and done.mark}

    def _positions(self, service: str) -> Known:
        consumer = self._group(service)
        try:
            # As many partitions as there are, which may be more than are declared.
            there = consumer.list_topics(timeout=60).topics
            wanted = [(n, p) for n in topics.topics() for p in there[n].partitions]
            return read_committed(kafka_config(self.home, "admin"), GROUPS[service], wanted)
        finally:
            consumer.close()

    def commit(self, service: str, offsets: dict[tuple[str, int], int]) -> None:
        """Commit as an administrator would, once the group is empty."""
        wanted = [TopicPartition(t, p, o) for (t, p), o in offsets.items()]
        for attempt in range(240):
            consumer = self._group(service)
            try:
                consumer.commit(offsets=wanted, asynchronous=False)
                return
            except KafkaException:
                if attempt == 239:
                    raise
                time.sleep(0.5)
            finally:
                consumer.close()

    def _group(self, service: str) -> Consumer:
        config = kafka_config(self.home, "admin")
        return Consumer({**config, "group.id": GROUPS[service], "enable.auto.commit": False})

    def behind(self) -> dict[str, int]:
        """By topic, records that no stage has taken yet, on the declared partitions and others."""
        found: dict[str, int] = {}
        admin = KafkaLogReader(kafka_config(self.home, "admin"))
        try:
            for service in GROUPS:
                for (topic, partition), offset in self.committed(service).items():
                    missing = admin.bounds(topic, partition).end - max(offset, 0)
                    # An offset that was moved past the end stays there until the next record comes:
                    # its service goes by what it knows. Whether all was done, the checker says.
                    if missing > 0:
                        found[topic] = found.get(topic, 0) + missing
        finally:
            admin.close()
        return found

    def consumed(self) -> list[str]:
        """Topics that some stage, or the gateway, goes through."""
        return sorted({topic for service in GROUPS for topic, _ in self.committed(service)})
