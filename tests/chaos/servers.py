"""Breaking broker and Redis: killed, frozen, slow, full, refusing, set back, emptied."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import time
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
)

from chaos.line import Line
from fuma.contracts.topics import DECISIONS, PERSON
from fuma.runtime.embedded.connect import redis_client

REDIS_FILES = ("appendonlydir", "appendonly.aof", "dump.rdb")


def broker_killed(line: Line, dice: random.Random) -> None:
    line.kill_server("kafka")
    time.sleep(dice.uniform(0.5, 3))
    line.mend()


def broker_stopped(line: Line, dice: random.Random) -> None:
    """SIGTERM: a clean stop, as for an upgrade."""
    os.kill(line.server("kafka"), signal.SIGTERM)
    line.gone("kafka")
    line.mend()


def unreachable(seconds: float):  # type: ignore[no-untyped-def]
    """The broker does not answer for so long; connections stay open."""

    def run(line: Line, dice: random.Random) -> None:
        pid = line.server("kafka")
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)

    return run


def broker_slow(line: Line, dice: random.Random) -> None:
    """It answers in fits and starts."""
    pid = line.server("kafka")
    for _ in range(15):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(dice.uniform(0.1, 0.7))
        os.kill(pid, signal.SIGCONT)
        time.sleep(dice.uniform(0.05, 0.3))


def broker_full(line: Line, dice: random.Random) -> None:
    """Its files can grow no further (a limit of the process); then there is room again."""
    pid = line.server("kafka")
    sizes = [p.stat().st_size for p in line.home.kafka_data.glob(f"{PERSON}-*/*.log")]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (max(sizes) + 1, resource.RLIM_INFINITY))
    if not line.gone("kafka", 20):  # it goes on as far as it can
        line.kill_server("kafka")
    line.mend()


def broker_rejects(line: Line, dice: random.Random) -> None:
    """Batches of more than a few records are refused, smaller ones taken."""
    names = (PERSON, DECISIONS, "fuma.feed.health", "fuma.notices")
    _message_bytes(line, names, "2500")
    time.sleep(8)
    _message_bytes(line, names, None)


def _message_bytes(line: Line, names: tuple[str, ...], value: str | None) -> None:
    admin = line.admin()  # lives until its futures are done
    kind = AlterConfigOpType.SET if value else AlterConfigOpType.DELETE
    entry = ConfigEntry("max.message.bytes", value, incremental_operation=kind)
    asked = [ConfigResource(ResourceType.TOPIC, n, incremental_configs=[entry]) for n in names]
    for future in admin.incremental_alter_configs(asked).values():
        future.result(120)


def law_unreachable(line: Line, dice: random.Random) -> None:
    """The processor may not read ``law`` for a while; ``person`` flows on."""
    admin = line.admin()
    rule = (ResourceType.TOPIC, "fuma.law", ResourcePatternType.LITERAL, "User:processor")
    wanted = AclBindingFilter(*rule, "*", AclOperation.ANY, AclPermissionType.ANY)
    (future,) = admin.delete_acls([wanted]).values()
    removed: list[AclBinding] = future.result(120)
    assert removed, "there was no such rule"
    time.sleep(8)
    for made in admin.create_acls(removed).values():
        made.result(120)


#: A ledger's position is that of its input.


def redis_killed(line: Line, dice: random.Random) -> None:
    for _ in range(3):
        line.kill_server("redis")
        time.sleep(dice.uniform(0, 1))
        line.mend()
        time.sleep(dice.uniform(0.3, 1))


def _files(line: Line) -> list[Path]:
    return [path for name in REDIS_FILES if (path := line.home.redis / name).exists()]


def redis_emptied(line: Line, dice: random.Random) -> None:
    line.kill_server("redis")
    for path in _files(line):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    line.mend()


def redis_yesterday(line: Line, dice: random.Random) -> None:
    """Killed, and started with an older file."""
    kept = line.home.path / "yesterday"
    kept.mkdir()
    line.kill_server("redis")
    for path in _files(line):
        (shutil.copytree if path.is_dir() else shutil.copy2)(path, kept / path.name)
    line.mend()
    time.sleep(6)
    line.kill_server("redis")
    for path in _files(line):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(kept, line.home.redis, dirs_exist_ok=True)
    shutil.rmtree(kept)
    line.mend()


def redis_read_only(line: Line, dice: random.Random) -> None:
    admin = redis_client(line.home, "admin")
    try:
        admin.execute_command("CONFIG", "SET", "min-replicas-to-write", "1")
        time.sleep(4)
        admin.execute_command("CONFIG", "SET", "min-replicas-to-write", "0")
    finally:
        admin.close()
