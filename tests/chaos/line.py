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

from fuma.cli import run_supervisor
from fuma.cli.demo.world import World
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
        #: Held by whoever needs that nobody else stops or starts services meanwhile.
        self.quiet = threading.RLock()
        self._extra: list[subprocess.Popen[bytes]] = []
        self.load_now: Callable[[], Ms] = lambda: 0  # the load's latest log time

    def begin(self, at: Ms) -> None:
        """Everything up, the world begun."""
        # Killed again and again, a service would be waited for longer and longer.
        run_supervisor.LONGEST_WAIT = 2.0
        self.up(at, SERVICES, self.workers)
        self.sealer = Sealer(
            read_world(self.home.world).id, keyfiles.secret(self.home.path, keyfiles.Key.MAC)
        )

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

    # --- services -----------------------------------------------------------------------------

    def victims(self, name: str) -> list[Proc]:
        """The running processes of a service, those of the supervisor."""
        return self.supervisor.processes(name) if self._supervisor is not None else []

    def kill(self, victim: Proc, number: int = signal.SIGKILL) -> None:
        victim.signal(number)
        if number == signal.SIGKILL:
            self.kills += 1

    def spawn(self, service: str) -> subprocess.Popen[bytes]:
        """One more worker, that no supervisor looks after."""
        environment = {**os.environ, "FUMA_HOME": str(self.home.path)}
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

    def arm(self, point: str, seconds: float = 30.0) -> str | None:
        """Make one process fail at ``point``; its pid, or ``None`` where nobody got there."""
        path = self.home.path / "arm" / point
        path.touch()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for fired in (self.home.path / "fired").glob(f"{point}.*"):
                fired.unlink()
                return fired.name.rsplit(".", 1)[1]
            time.sleep(0.02)
        path.unlink(missing_ok=True)
        return None

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
        for attempt in range(5):
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
        """What the service's group has committed, wherever it has."""
        wanted = [TopicPartition(n, p) for n, t in topics.topics().items()
                  for p in range(t.partitions)]  # fmt: skip
        consumer = self._group(service)
        try:
            found = consumer.committed(wanted, timeout=30)
        finally:
            consumer.close()
        return {(one.topic, one.partition): one.offset for one in found if one.offset >= 0}

    def commit(self, service: str, offsets: dict[tuple[str, int], int]) -> None:
        """Commit as an administrator would, once the group is empty."""
        wanted = [TopicPartition(t, p, o) for (t, p), o in offsets.items()]
        until = time.monotonic() + 60
        while True:
            consumer = self._group(service)
            try:
                consumer.commit(offsets=wanted, asynchronous=False)
                return
            except KafkaException:
                if time.monotonic() > until:
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
                    missing = admin.bounds(topic, partition).end - offset
                    if missing:
                        found[topic] = found.get(topic, 0) + missing
        finally:
            admin.close()
        return found

    def consumed(self) -> list[str]:
        """Topics that some stage, or the gateway, goes through."""
        return sorted({topic for service in GROUPS for topic, _ in self.committed(service)})
