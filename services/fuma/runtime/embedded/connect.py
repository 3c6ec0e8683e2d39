"""How a client reaches Kafka and Redis as one user: the embedded ones, or external ones.

``FUMA_KAFKA`` is ``[scheme://]host:port[,host:port…]`` with scheme ``sasl_ssl`` (the default) or
``sasl_plaintext``, ``FUMA_KAFKA_CA`` a CA file; ``FUMA_REDIS`` is a ``redis://`` or ``rediss://``
URL. Users and passwords come from ``<home>/credentials`` either way.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import redis

from fuma.contracts.errors import Fatal
from fuma.runtime.embedded.credentials import credential
from fuma.runtime.embedded.paths import Home

MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True)
class KafkaAddress:
    """Where the broker is, and over what."""

    bootstrap: str
    protocol: str  # SASL_PLAINTEXT | SASL_SSL
    ca: str | None = None


def _state(home: Home, part: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(home.state.read_text(encoding="utf-8"))[part]
        return content
    except (OSError, ValueError, KeyError) as error:
        raise Fatal(f"no stack runs under {home.path}", "start it: fuma up") from error


def external_kafka() -> KafkaAddress | None:
    """What ``FUMA_KAFKA`` names, or ``None``."""
    named = os.environ.get("FUMA_KAFKA")
    if not named:
        return None
    scheme, _, hosts = named.rpartition("://")
    protocol = (scheme or "sasl_ssl").upper()
    if protocol not in ("SASL_SSL", "SASL_PLAINTEXT") or not hosts:
        raise Fatal(f"FUMA_KAFKA={named}: not understood", "e.g. sasl_ssl://kafka.example:9093")
    return KafkaAddress(hosts, protocol, os.environ.get("FUMA_KAFKA_CA") or None)


def kafka_address(home: Home) -> KafkaAddress:
    """The external broker if one is named, else the embedded one."""
    external = external_kafka()
    if external is not None:
        return external
    return KafkaAddress(f"127.0.0.1:{_state(home, 'kafka')['port']}", "SASL_PLAINTEXT")


def kafka_config(home: Home, user: str) -> dict[str, str]:
    """The connection part of a confluent-kafka configuration for ``user``."""
    address, secret = kafka_address(home), credential(home, user)
    config = {
        "bootstrap.servers": address.bootstrap,
        "security.protocol": address.protocol,
        "sasl.mechanism": MECHANISM,
        "sasl.username": secret.user,
        "sasl.password": secret.password,
        "client.id": f"fuma-{user}",
    }
    if address.ca:
        config["ssl.ca.location"] = address.ca
    return config


def redis_url(home: Home) -> str:
    """``redis://host:port/db`` without user and password."""
    named = os.environ.get("FUMA_REDIS")
    if named:
        if urlsplit(named).scheme not in ("redis", "rediss", "unix"):
            raise Fatal(f"FUMA_REDIS={named}: not understood", "e.g. rediss://redis.example:6379/0")
        return named
    return f"redis://127.0.0.1:{_state(home, 'redis')['port']}/0"


def external_redis() -> bool:
    """Whether ``FUMA_REDIS`` names a server."""
    return bool(os.environ.get("FUMA_REDIS"))


def redis_address(home: Home) -> str:
    """``host:port``, for people; never a password that a URL carries."""
    parts = urlsplit(redis_url(home))
    return f"{parts.hostname}:{parts.port or 6379}" if parts.hostname else parts.path


def redis_client(home: Home, user: str, **options: Any) -> redis.Redis:
    """A client as ``user`` (``sink``, ``reader`` or ``admin``); answers are bytes."""
    secret = credential(home, user, system="redis")
    options.setdefault("socket_timeout", 10.0)
    options.setdefault("client_name", f"fuma-{user}")
    client: redis.Redis = redis.Redis.from_url(
        redis_url(home), username=secret.user, password=secret.password, **options
    )
    return client
