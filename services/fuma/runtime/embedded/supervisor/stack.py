"""``up``, ``down`` and ``status`` of the embedded stack.

``up`` is a reconciliation: whatever an earlier run left (nothing, both, one of two, a process that
lives and does not answer, a record of a process that is another's now), it ends with both servers
answering and the broker's users, topics and ACLs as declared.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psutil
import redis as redis_library
from confluent_kafka import KafkaException

from fuma.contracts.errors import Fatal, FumaError, Retryable
from fuma.contracts.topics import topics
from fuma.runtime.embedded import acl, admin, connect, credentials, kafka, redis, topicsync
from fuma.runtime.embedded.paths import Home
from fuma.runtime.embedded.supervisor import process, state
from fuma.runtime.embedded.supervisor.process import Proc
from fuma.runtime.embedded.supervisor.state import Server, State

Say = Callable[[str], None]

_KAFKA_PATIENCE = 60.0
_REDIS_PATIENCE = 20.0
_TRIES = 3  # another program may take a port between our finding it free and the server's bind


@dataclass(slots=True)
class Status:
    """What is there. Each server is ``up``, ``down``, ``dead`` (its process is gone, or does not
    answer) or ``external``."""

    home: str
    kafka: str
    redis: str
    kafka_address: str = ""
    redis_address: str = ""
    kafka_pid: int | None = None
    redis_pid: int | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def up(self) -> bool:
        return all(word in ("up", "external") for word in (self.kafka, self.redis))

    def to_json(self) -> dict[str, Any]:
        def server(word: str, address: str, pid: int | None) -> dict[str, Any]:
            return {"status": word, "address": address, "pid": pid}

        return {
            "home": self.home,
            "up": self.up,
            "kafka": server(self.kafka, self.kafka_address, self.kafka_pid),
            "redis": server(self.redis, self.redis_address, self.redis_pid),
            "notes": self.notes,
        }


def _is_our_broker(home: Home) -> Callable[[psutil.Process], bool]:
    mark = f"-Dfuma.home={home.path}"
    return lambda p: p.name().startswith("java") and mark in p.cmdline()


def _is_our_redis(home: Home) -> Callable[[psutil.Process], bool]:
    # Redis rewrites its command line, but it works in its own directory.
    return lambda p: p.name().startswith("redis-server") and p.cwd() == str(home.redis.resolve())


def _redis_answers(home: Home) -> bool:
    try:
        client = connect.redis_client(home, credentials.ADMIN, socket_timeout=2.0)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except (redis_library.RedisError, OSError, FumaError):
        return False


def _kafka_answers(home: Home, patience: float = 3.0) -> bool:
    try:
        admin.wait_ready(admin.admin_client(home), patience=patience)
    except (FumaError, KafkaException):
        return False
    return True


def _clean(home: Home, now: State, notes: list[str]) -> None:
    """Stop what lives without answering, and what runs without being recorded."""
    for name, server, answers, ours in (
        ("kafka", now.kafka, _kafka_answers, _is_our_broker(home)),
        ("redis", now.redis, _redis_answers, _is_our_redis(home)),
    ):
        proc = server.proc if server else None
        if proc is not None and proc.alive:
            if answers(home):
                continue
            notes.append(f"{name}: process {proc.pid} lived and did not answer, {_stop(proc)}")
        elif proc is not None:
            notes.append(f"{name}: was not stopped properly, its process {proc.pid} is gone")
        for orphan in process.orphans(ours):
            notes.append(f"{name}: process {orphan.pid} was left over, {_stop(orphan)}")
        if server is not None:
            server = Server(server.port, None, server.controller_port)
            setattr(now, name, server)
    state.write(home, now)


def _stop(proc: Proc) -> str:
    return process.stop(proc)


def _wait(answers: Callable[[], bool], proc: Proc, patience: float) -> bool:
    """``False`` as soon as the process ended; raises ``Retryable`` when patience is over."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if not proc.alive:
            return False
        if answers():
            return True
        time.sleep(0.03)
    raise Retryable(f"process {proc.pid} does not answer after {patience:.0f} s")


def _start_redis(home: Home, now: State) -> None:
    for _ in range(_TRIES):
        taken = {now.kafka.port, now.kafka.controller_port or 0} if now.kafka else set()
        port = process.free_port(now.redis.port if now.redis else None, taken)
        redis.configure(home, port)
        proc = process.spawn(redis.command(home), cwd=home.redis, output=home.redis / "out.log")
        now.redis = Server(port, proc)
        state.write(home, now)
        if _wait(lambda: _redis_answers(home), proc, _REDIS_PATIENCE):
            return
        now.redis = None
    raise Fatal("Redis ended while starting", f"see {home.redis_log} and {home.redis}/out.log")


def _start_kafka(home: Home, now: State) -> None:
    for _ in range(_TRIES):
        old = now.kafka
        taken = {now.redis.port} if now.redis else set()
        port = process.free_port(old.port if old else None, taken)
        controller = process.free_port(old.controller_port if old else None, taken)
        kafka.configure(home, port, controller)
        kafka.format_storage(home)
        proc = process.spawn(kafka.command(home), cwd=home.kafka, output=home.kafka / "out.log")
        now.kafka = Server(port, proc, controller)
        state.write(home, now)
        if _wait(lambda: _kafka_answers(home, 1.0), proc, _KAFKA_PATIENCE):
            return
        now.kafka = None
    said = kafka.last_words(home.server_log)
    hint = f"see {home.server_log} and {home.kafka}/out.log"
    raise Fatal(f"Kafka ended while starting: {said}", hint)


def declare(home: Home, say: Say) -> None:
    """Bring the broker's users, topics and ACLs to what the code says (external ones too)."""
    client = admin.admin_client(home)
    admin.wait_ready(client, patience=_KAFKA_PATIENCE)
    admin.ensure_users(client, home, list(credentials.KAFKA_USERS))
    done = topicsync.apply(client, topics())
    if done.of("create"):
        say(f"{len(done.of('create'))} topics created")
    for change in done.of("alter"):
        say(change.sentence())
    added, removed = admin.ensure_rules(client, acl.kafka_rules(topics().values()))
    if removed:
        say(f"{removed} access rules that nothing declares were removed")
    if added:
        say(f"{added} access rules set")


def up(home: Home, say: Say = lambda _: None) -> Status:
    """Bring the stack up. External servers (``FUMA_KAFKA``, ``FUMA_REDIS``) are left alone."""
    with state.locked(home):
        credentials.generate(home)
        now = state.read(home)
        notes: list[str] = []
        _clean(home, now, notes)
        for note in notes:
            say(note)
        external = connect.external_kafka() is not None
        fresh = False
        if not external and (now.kafka is None or now.kafka.proc is None):
            say("starting Kafka")
            _start_kafka(home, now)
            fresh = True
        if not connect.external_redis() and (now.redis is None or now.redis.proc is None):
            say("starting Redis")
            _start_redis(home, now)
        if not external:
            declare(home, say if fresh else lambda _: None)
        status_now = status(home)
        status_now.notes = notes
        return status_now


def down(home: Home, say: Say = lambda _: None) -> list[str]:
    """Stop what runs of the embedded stack; what was done, a line each. The data stays."""
    done: list[str] = []
    if not home.path.exists():
        return done
    with state.locked(home):
        now = state.read(home)
        for name, server, ours in (
            ("redis", now.redis, _is_our_redis(home)),
            ("kafka", now.kafka, _is_our_broker(home)),
        ):
            procs = [server.proc] if server is not None and server.proc is not None else []
            procs += [p for p in process.orphans(ours) if p not in procs]
            for proc in procs:
                word = process.stop(proc)
                done.append(f"{name}: {'was gone' if word == 'gone' else word} ({proc.pid})")
                say(done[-1])
            if server is not None:
                setattr(now, name, Server(server.port, None, server.controller_port))
        if home.state.exists():
            state.write(home, now)
    return done


def _word(server: Server | None, answers: Callable[[], bool]) -> str:
    if server is None or server.proc is None:
        return "down"
    return "up" if server.proc.alive and answers() else "dead"


def status(home: Home) -> Status:
    """What is there, asked of the servers themselves."""
    now = state.read(home)
    result = Status(str(home.path), "external", "external")
    external = connect.external_kafka()
    if external is not None:
        result.kafka_address = external.bootstrap
    else:
        result.kafka = _word(now.kafka, lambda: _kafka_answers(home))
        if now.kafka is not None:
            result.kafka_address = f"127.0.0.1:{now.kafka.port}"
            result.kafka_pid = now.kafka.proc.pid if now.kafka.proc else None
    if connect.external_redis():
        result.redis_address = connect.redis_address(home)
    else:
        result.redis = _word(now.redis, lambda: _redis_answers(home))
        if now.redis is not None:
            result.redis_address = f"127.0.0.1:{now.redis.port}"
            result.redis_pid = now.redis.proc.pid if now.redis.proc else None
    return result
