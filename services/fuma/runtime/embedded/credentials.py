"""The users of broker and Redis, and their secrets under ``<home>/credentials``.

A credential opens a connection and no more: what makes a record or a platform entry believed is a
service's key file, which lies elsewhere and which no administrator of broker or Redis needs.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from fuma.contracts.errors import Fatal
from fuma.contracts.topics import DEPARTMENTS, PROVINCES
from fuma.runtime.embedded.files import private_dir, write_private
from fuma.runtime.embedded.paths import Home

ADMIN = "admin"
BROKER = "broker"  # the broker's own connections to itself; not a person

KAFKA_USERS: tuple[str, ...] = (
    *(f"dept-{d}" for d in DEPARTMENTS),
    *(f"province-{p}" for p in PROVINCES),
    "officer",
    "gateway",
    "processor",
    "sink",
    "auditor",
    "law",
    ADMIN,
)
REDIS_USERS: tuple[str, ...] = ("sink", "reader", ADMIN)


@dataclass(frozen=True, slots=True)
class Credential:
    """A user and its password."""

    user: str
    password: str


def file_name(user: str, *, system: str) -> str:
    """``<user>.json`` for Kafka, ``redis-<user>.json`` for Redis."""
    return f"{user}.json" if system == "kafka" else f"{system}-{user}.json"


def generate(home: Home) -> None:
    """Make the secret of every user that has none yet; the others stay as they are."""
    private_dir(home.path)
    private_dir(home.credentials)
    wanted = [("kafka", u) for u in (*KAFKA_USERS, BROKER)] + [("redis", u) for u in REDIS_USERS]
    for system, user in wanted:
        path = home.credentials / file_name(user, system=system)
        if not path.exists():
            content = {"user": user, "password": secrets.token_urlsafe(32)}
            write_private(path, json.dumps(content) + "\n")


def credential(home: Home, user: str, *, system: str = "kafka") -> Credential:
    """One user's secret. Raises ``Fatal`` where there is none."""
    path = home.credentials / file_name(user, system=system)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Credential(str(content["user"]), str(content["password"]))
    except OSError as error:
        hint = "`fuma up` makes them; for an external server, put the file there"
        raise Fatal(f"{path}: {error.strerror}", hint) from error
    except (ValueError, KeyError) as error:
        hint = 'it is {"user": …, "password": …}'
        raise Fatal(f"{path}: not a credential ({error})", hint) from error
