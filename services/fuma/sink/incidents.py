"""What the sink tells the oversight of: incidents, and dead letters of the ledger."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence

from fuma.contracts.codec import encode
from fuma.contracts.errors import Poison
from fuma.contracts.topics import DECISIONS, INCIDENTS, partition_for, spec
from fuma.domain.time import Ms, iso
from fuma.runtime.dead_letters import dead_letters
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.platform_store import Stranger
from fuma.runtime.ports import Appender, Clock, LogRecord, Outgoing

log = logging.getLogger("fuma.sink")
_SHOWN = 5
_TAG_BYTES = 16


class Incidents:
    """Appends incidents and dead letters; back once they are acknowledged."""

    def __init__(self, appender: Appender, sealer: Sealer, clock: Clock, *, simulated: bool):
        self._appender = appender
        self._sealer = sealer
        self._clock = clock
        self._simulated = simulated

    def forged(self, dead: Sequence[tuple[LogRecord, Poison]], at: Ms) -> None:
        """Ledger records that are none: each a dead letter, and one incident a partition."""
        if not dead:
            return
        topic = spec(DECISIONS).dead_letter or "fuma.dlq.decisions"
        count = spec(topic).partitions
        made: list[Outgoing] = []
        for raw, poison in dead:
            made += dead_letters(raw, poison, topic, count)
        first, why = dead[0]
        where = f"{first.topic}/{first.partition}@{first.offset}"
        # Whoever writes there writes keys of any length.
        one = first.key if len(dead) == 1 and first.key and len(first.key) == _TAG_BYTES else b""
        made.append(
            self._incident(
                "forged-decision",
                where.encode(),
                at,
                actor="unauthenticated",
                connection=f"appended {iso(first.timestamp)} by the broker's clock",
                subject=one.hex(),
                detail=f"{where}: {len(dead)} records, first: {why}",
            )
        )
        self._append(made)

    def platform(
        self, code: str, at: Ms, tags: Sequence[bytes], strangers: Sequence[Stranger], what: str
    ) -> None:
        """Somebody other than the sink changed the platform."""
        now = self._clock.now()
        who = "; ".join(
            f"{s.address}, connection {s.id}, name {s.name or '-'}, last command {s.command}"
            for s in strangers[:_SHOWN]
        )
        users = sorted({s.user for s in strangers})
        shown = ", ".join(tag.hex() for tag in tags[:_SHOWN])
        self._append(
            [
                self._incident(
                    code,
                    b"platform%d%d" % (now, len(tags)),
                    at,
                    actor=f"Redis user {' or '.join(users)}" if users else "unknown Redis client",
                    connection=f"{iso(now)}: {who or 'no such connection is open any more'}",
                    subject=tags[0].hex() if len(tags) == 1 else "",
                    detail=f"{what}; {len(tags)} subjects: {shown}" if tags else what,
                )
            ]
        )

    def held(self, tag: bytes, reason: str, where: str, at: Ms) -> None:
        """A subject's ledger is held."""
        mark = f"{where}/{reason}".encode() + tag
        self._append(
            [
                self._incident(
                    "ledger-held", mark, at, subject=tag.hex(), detail=f"{where}: {reason}"
                )
            ]
        )

    def _incident(
        self, code: str, mark: bytes, at: Ms, *, actor: str = "", connection: str = "",
        subject: str = "", detail: str = "",
    ) -> Outgoing:  # fmt: skip
        stated = at if self._simulated else self._clock.now()
        value = encode(
            "incident",
            {
                "id": hashlib.sha256(code.encode() + b"/" + mark).digest()[:16],
                "at": stated,
                "code": code,
                "actor": actor,
                "connection": connection,
                "subject": subject,
                "detail": detail,
            },
        )
        log.warning("incident %s: %s %s %s", code, actor, connection, detail)
        key = code.encode()
        time = pack_time(max(stated, 0)) if self._simulated else None
        headers = self._sealer.headers(INCIDENTS, key, value, time=time)
        return Outgoing(
            INCIDENTS, partition_for(key, spec(INCIDENTS).partitions), key, value, headers
        )

    def _append(self, records: Sequence[Outgoing]) -> None:
        self._appender.append(records)
