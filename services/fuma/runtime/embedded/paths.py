"""Where everything of one deployment lies: ``FUMA_HOME``, by default ``.fuma`` of the checkout."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fuma.contracts.resources import root


@dataclass(frozen=True, slots=True)
class Home:
    """One ``FUMA_HOME``. The properties name files; none of them creates anything."""

    path: Path

    @classmethod
    def current(cls) -> Home:
        """``FUMA_HOME`` if set, else ``.fuma`` in the checkout."""
        named = os.environ.get("FUMA_HOME")
        return cls((Path(named) if named else root() / ".fuma").absolute())

    @property
    def state(self) -> Path:
        """What runs: addresses, process ids."""
        return self.path / "stack.json"

    @property
    def lock(self) -> Path:
        """Held while the stack is being started or stopped."""
        return self.path / "stack.lock"

    @property
    def keys(self) -> Path:
        """The services' key files; no broker or Redis credential is among them."""
        return self.path / "keys"

    @property
    def world(self) -> Path:
        return self.path / "world.json"

    @property
    def credentials(self) -> Path:
        """``<user>.json`` for Kafka, ``redis-<user>.json`` for Redis, 0600."""
        return self.path / "credentials"

    @property
    def logs(self) -> Path:
        """Log files of the services."""
        return self.path / "logs"

    @property
    def data(self) -> Path:
        """The services' own stores."""
        return self.path / "data"

    @property
    def kafka(self) -> Path:
        return self.path / "kafka"

    @property
    def kafka_data(self) -> Path:
        return self.kafka / "data"

    @property
    def kafka_config(self) -> Path:
        return self.kafka / "server.properties"

    @property
    def kafka_logging(self) -> Path:
        return self.kafka / "log4j2.properties"

    @property
    def kafka_logs(self) -> Path:
        return self.kafka / "logs"

    @property
    def server_log(self) -> Path:
        return self.kafka_logs / "server.log"

    @property
    def authorizer_log(self) -> Path:
        """Who was denied, and what the administrator wrote (``authlog.py`` reads it)."""
        return self.kafka_logs / "authorizer.log"

    @property
    def redis(self) -> Path:
        return self.path / "redis"

    @property
    def redis_config(self) -> Path:
        return self.redis / "redis.conf"

    @property
    def redis_users(self) -> Path:
        return self.redis / "users.acl"

    @property
    def redis_log(self) -> Path:
        return self.redis / "redis.log"


def cache_dir() -> Path:
    """What ``make setup`` fetched: ``FUMA_CACHE``, else ``.cache`` of the checkout."""
    named = os.environ.get("FUMA_CACHE")
    return Path(named).absolute() if named else root() / ".cache"
