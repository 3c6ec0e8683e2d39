"""The genesis: how a world begins, signed by two ceremony keys, the first record on ``law``.

It says whether the world is real or simulated, who may publish law for which divisions, and which
texts hold from the beginning. Services pin its digest in ``world.json``: a topic that somebody
made anew with another genesis is not the law.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuma.contracts import dsse
from fuma.contracts.errors import Fatal, Poison, Reason
from fuma.domain.time import Ms

GENESIS_TYPE = "application/vnd.fuma.genesis+json"


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who may publish law: a named person, an Ed25519 key (32 bytes, hex), a division prefix."""

    key: str
    name: str
    office: str
    division: str

    @property
    def key_id(self) -> str:
        return dsse.key_id(bytes.fromhex(self.key))


@dataclass(frozen=True, slots=True)
class Genesis:
    """``texts`` are canonical expanded texts (JSON), ``ceremony`` the two public keys (hex)."""

    world: str  # UUID, 32 hex digits
    simulated: bool
    created: Ms
    ceremony: tuple[str, str]
    publishers: tuple[Publisher, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class World:
    """What a service knows of its world before it reads anything: the pinned genesis."""

    id: bytes  # 16 bytes
    simulated: bool
    genesis: bytes  # sha256 of the genesis payload


def payload(genesis: Genesis) -> bytes:
    """The canonical bytes that are signed."""
    body = {
        "world": genesis.world,
        "simulated": genesis.simulated,
        "created": genesis.created,
        "ceremony": list(genesis.ceremony),
        "publishers": [
            {"key": p.key, "name": p.name, "office": p.office, "division": p.division}
            for p in genesis.publishers
        ],
        "texts": list(genesis.texts),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def world_of(signed: bytes) -> World:
    """What to pin, from a genesis payload."""
    body = json.loads(signed)
    return World(
        bytes.fromhex(body["world"]), bool(body["simulated"]), hashlib.sha256(signed).digest()
    )


def open_genesis(envelope: bytes) -> tuple[Genesis, bytes]:
    """The genesis in an envelope and its payload. Raises ``Poison`` unless both keys signed."""
    parsed = dsse.parse(envelope)
    if parsed.type != GENESIS_TYPE:
        raise Poison(Reason.BAD_LAW, f"payload type {parsed.type}")
    try:
        body: dict[str, Any] = json.loads(parsed.payload)
        first, second = body["ceremony"]
        genesis = Genesis(
            str(body["world"]),
            bool(body["simulated"]),
            int(body["created"]),
            (str(first), str(second)),
            tuple(
                Publisher(str(p["key"]), str(p["name"]), str(p["office"]), str(p["division"]))
                for p in body["publishers"]
            ),
            tuple(str(text) for text in body["texts"]),
        )
        keys = {dsse.key_id(bytes.fromhex(k)): bytes.fromhex(k) for k in genesis.ceremony}
        if any(len(bytes.fromhex(publisher.key)) != 32 for publisher in genesis.publishers):
            raise ValueError("a publisher's key has 32 bytes")
    except (ArithmeticError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Poison(Reason.BAD_LAW, f"not a genesis: {error}") from error
    if len(keys) != 2 or len(dsse.signers(parsed, keys)) != 2:
        raise Poison(Reason.BAD_SIGNATURE, "a genesis needs two different ceremony signatures")
    return genesis, parsed.payload


def write_world(path: Path, world: World) -> None:
    """Pin ``world`` in ``world.json``. Refuses to replace another one (``Fatal``)."""
    text = json.dumps(
        {"world": world.id.hex(), "simulated": world.simulated, "genesis": world.genesis.hex()}
    )
    if path.exists():
        if read_world(path) != world:
            raise Fatal(f"{path}: another world is pinned here", "use an empty FUMA_HOME")
        return
    draft = path.with_suffix(".draft")
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(path)


def read_world(path: Path) -> World:
    """The pinned world. Raises ``Fatal`` where there is none."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        world = World(
            bytes.fromhex(body["world"]), body["simulated"], bytes.fromhex(body["genesis"])
        )
        if len(world.id) != 16 or len(world.genesis) != 32 or type(world.simulated) is not bool:
            raise ValueError("not a world's id, kind and genesis")
        return world
    except OSError as error:
        raise Fatal(f"{path}: no world has begun here", "run `fuma law genesis` first") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Fatal(f"{path}: not readable ({error})", "restore it from a backup") from error
