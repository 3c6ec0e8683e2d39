"""The ``law`` topic: genesis, signed texts and ticks, folded into the law as every worker sees it.

Log time of ``law``: in a real world the broker's, in a simulated one ``fuma-time``, which counts
only under a good MAC (ticks). A record that is unsigned, of an unknown key, or against the rules
of publication is ``Poison`` and changes nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from fuma.contracts import dsse
from fuma.contracts.codec import decode, encode
from fuma.contracts.errors import Fatal, Poison, Reason
from fuma.contracts.genesis import Genesis, Publisher, World, open_genesis
from fuma.contracts.rulesfile import Text, parse_text
from fuma.domain.law.publication import refusal
from fuma.domain.time import MINUTE, Ms

LAW_TYPE = "application/vnd.fuma.law+json"
LAW_TOPIC = "fuma.law"
TICK_KEY = b"tick"
GENESIS_KEY = b"genesis"


@dataclass(frozen=True, slots=True)
class Published:
    """A text that stands on the log."""

    text: Text
    at: Ms
    genesis: bool
    publisher: Publisher | None  # None: by the genesis, under both ceremony keys
    offset: int


def genesis_value(envelope: bytes, at: Ms) -> bytes:
    """The value of the first record on ``law``."""
    return encode("law", {"kind": "genesis", "envelope": envelope, "at": at})


def text_value(envelope: bytes, at: Ms) -> bytes:
    """The value of a published text."""
    return encode("law", {"kind": "text", "envelope": envelope, "at": at})


def tick_value(at: Ms) -> bytes:
    """The value of a tick: the minute that ``at`` is in."""
    return encode("law", {"kind": "tick", "envelope": b"", "at": at - at % MINUTE})


class LawLog:
    """Folds ``law`` from its first record. ``time`` is its last log time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.time: Ms = -1
        self.next_offset = 0
        self.genesis: Genesis | None = None
        self.published: list[Published] = []
        self._newest: dict[str, int] = {}

    def apply(self, offset: int, value: bytes | None, time: Ms | None, authentic: bool) -> bool:
        """Fold one record; whether the texts changed.

        ``time`` is its log time (``None``: a simulated record without ``fuma-time``), ``authentic``
        whether its MAC is good. Raises ``Poison`` for a dead letter, ``Fatal`` where the first
        record is not the pinned genesis.
        """
        if offset < self.next_offset:
            return False
        self.next_offset = offset + 1
        if self.genesis is None:
            self._begin(value, time)
            return True
        record = decode("law", value)
        if record["kind"] == "tick":
            if not authentic:
                raise Poison(Reason.BAD_MAC, "a tick that no service wrote")
            if time is None:
                raise Poison(Reason.NO_TIME)
            self.time = max(self.time, time)
            return False
        if record["kind"] == "genesis":
            raise Poison(Reason.BAD_LAW, "a second genesis")
        self._publish(record["envelope"], offset, time, authentic)
        return True

    def _begin(self, value: bytes | None, time: Ms | None) -> None:
        try:
            record = decode("law", value)
            genesis, payload = open_genesis(record["envelope"])
        except Poison as error:
            raise Fatal(f"law does not begin with a genesis: {error}") from error
        if hashlib.sha256(payload).digest() != self.world.genesis:
            raise Fatal(
                "law begins with another genesis than the one pinned in world.json",
                "this is not the world these services were set up for; find out who wrote it",
            )
        try:
            texts = [parse_text(body) for body in genesis.texts]
        except Poison as error:  # as a dead letter it would leave a world without its first law
            raise Fatal(
                f"the genesis holds a text that this release cannot read: {error}",
                "run the release that wrote it, or a later one",
            ) from error
        self.genesis = genesis
        self.time = genesis.created if self.world.simulated else max(time or 0, genesis.created)
        for text in texts:
            self._newest[text.name] = text.version
            self.published.append(Published(text, self.time, True, None, 0))

    def _publish(self, envelope: bytes, offset: int, time: Ms | None, authentic: bool) -> None:
        assert self.genesis is not None
        parsed = dsse.parse(envelope)
        if parsed.type != LAW_TYPE:
            raise Poison(Reason.BAD_LAW, f"payload type {parsed.type}")
        keys = {p.key_id: p for p in self.genesis.publishers}
        good = dsse.signers(parsed, {name: bytes.fromhex(p.key) for name, p in keys.items()})
        if not good:
            known = any(name in keys for name, _ in parsed.signatures)
            raise Poison(Reason.BAD_SIGNATURE if known else Reason.UNKNOWN_PUBLISHER)
        publisher = keys[min(good)]
        text = parse_text(parsed.payload.decode("utf-8", "replace"))
        # In a simulated world only a service's MAC vouches for fuma-time; without one, the text
        # stands at the time that the ticks have reached.
        trusted = time is not None and (authentic or not self.world.simulated)
        at = max(self.time, time) if trusted and time is not None else self.time
        why = refusal(
            publisher_division=publisher.division,
            division=text.division,
            version=text.version,
            newest=self._newest.get(text.name, 0),
            begins=text.begins,
            at=at,
        )
        if why is not None:
            raise Poison(Reason.BAD_LAW, f"{text.name} v{text.version}: {why}")
        self._newest[text.name] = text.version
        self.time = at
        self.published.append(Published(text, at, False, publisher, offset))


def envelope_of(value: bytes | None) -> bytes:
    """The envelope in a value of ``law``. Raises ``Poison``."""
    return bytes(decode("law", value)["envelope"])
