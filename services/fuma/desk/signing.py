"""Signing, which needs a key and no network; and the file in which what was signed travels.

The file has one DSSE envelope a line. It holds no key: whoever carries it can send it or lose it,
and can alter nothing.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fuma.contracts import commands, dsse
from fuma.contracts.errors import Poison, Reason, Refusal
from fuma.desk.keyfile import OfficerKey
from fuma.domain.authority import commands as c
from fuma.domain.authority.decide import CEREMONY
from fuma.domain.time import HOUR, Ms

#: How long a command is good for, unless the signer says otherwise.
VALID: Ms = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Terms:
    """For which world and province, from when until when."""

    world: bytes
    province: str
    issued: Ms
    expires: Ms


def sign(body: c.Body, key: OfficerKey, terms: Terms, id: bytes | None = None) -> bytes:
    """The envelope. ``id``: 16 bytes; by default random."""
    return commands.sign_command(
        body,
        key.signing,
        id=id if id is not None else secrets.token_bytes(16),
        world=terms.world,
        province=terms.province,
        issued=terms.issued,
        expires=terms.expires,
    )


def write_signed(path: Path, envelopes: Iterable[bytes]) -> int:
    """Write a file of envelopes; how many. Raises ``Refusal`` where it is there already."""
    count = 0
    try:
        with path.open("xb") as file:
            for envelope in envelopes:
                file.write(envelope + b"\n")
                count += 1
    except OSError as error:
        raise Refusal(f"{path}: {error.strerror}", "name another file with --out") from error
    return count


def read_signed(path: Path) -> Iterator[bytes]:
    """The envelopes of a file, one after another. Raises ``Refusal`` with the line's number."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    told(line)
                except Poison as poison:
                    raise Refusal(f"{path}: line {number}: {poison}") from poison
                yield line.strip()
    except OSError as error:
        raise Refusal(f"{path}: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Told:
    """By what a command's replies are known."""

    id: bytes
    digest: bytes
    key: str
    province: str
    type: str
    issued: Ms


def told(envelope: bytes) -> Told:
    """What an envelope says of itself. Raises ``Poison``."""
    parsed = dsse.parse(envelope)
    if parsed.type == commands.FOUNDING_TYPE:
        try:
            data = json.loads(parsed.payload)
            digest = hashlib.sha256(parsed.payload).digest()
            return Told(
                bytes.fromhex(data["id"]), digest, CEREMONY, str(data["province"]),
                str(data["type"]), int(data["issued"]),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError) as error:
            raise Poison(Reason.BAD_REPORT, f"not a founding: {error}") from error
    named = commands.named(envelope)
    return Told(named.id, named.digest, named.key, named.province, named.type, named.issued)
