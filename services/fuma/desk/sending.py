"""Sending, which needs no key of an officer; and the replies that come back.

Memory is bounded: at most ``WINDOW`` commands are under way without a reply. Sent again, the same
envelope has the same effect, none: its first reply is looked up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from fuma.contracts.codec import encode
from fuma.contracts.errors import Refusal, Retryable
from fuma.contracts.genesis import World, read_world
from fuma.contracts.replies import Reply
from fuma.contracts.topics import IN_COMMANDS, partition_for, spec
from fuma.desk.replies import ReplyReader
from fuma.desk.signing import Told, told
from fuma.domain.time import Ms
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaAppender
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import Outgoing

WINDOW = 200
_BATCH = 50
_DRAFT = "order.draft.v1"


@dataclass(slots=True)
class Sent:
    """How a sending ended. ``waiting``: commands that nobody has answered yet."""

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    replies: list[Reply] = field(default_factory=list)  # the refusals, and the last 20
    waiting: int = 0


class Desk:
    """One way in to ``in.commands``; ``send`` may be called again and again."""

    def __init__(
        self, kafka: Mapping[str, str], world: World, key: bytes | None, *, patience: float = 60.0
    ) -> None:
        """``key``: the officers', that vouches for log time in a simulated world.

        ``patience``: seconds without a reply until it gives up waiting.
        """
        self.world = world
        self._kafka = dict(kafka)
        self._sealer = Sealer(world.id, key) if key else None
        self._patience = patience
        self._appender = KafkaAppender(self._kafka)

    @classmethod
    def open(cls, home: Path, *, patience: float = 60.0) -> Desk:
        """With what lies under ``home``. Raises ``Refusal`` where something is missing."""
        world = read_world(home / "world.json")
        path = keyfiles.officers_path(home)
        key = path.read_bytes() if path.exists() else None
        if key is None and world.simulated:
            raise Refusal(f"no key that vouches for log time ({path})", "ask the operator")
        if not (home / "credentials" / "officer.json").exists():
            raise Refusal(
                f"no credentials for officers in {home}/credentials",
                "`fuma up` makes those of the embedded broker; else ask the broker's operator",
            )
        config = kafka_config(Home(home.absolute()), "officer")
        return cls(config, world, key, patience=patience)

    def __enter__(self) -> Desk:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Flush and close the producer."""
        self._appender.close()

    def send(
        self,
        envelopes: Iterable[bytes],
        *,
        wait: bool = True,
        again: bool = False,
        on_reply: Callable[[Reply], None] = lambda _: None,
    ) -> Sent:
        """Send; with ``wait``, until each is answered. ``again``: it may have been sent before.

        Raises ``Retryable`` where no reply came for long: what was sent stands.
        """
        sending = _Sending(self, wait, again, on_reply)
        try:
            batch: list[Outgoing] = []
            for envelope in envelopes:
                batch.append(sending.record(envelope))
                if wait and sending.last.type == _DRAFT:
                    # Pages of a form that is refused would be refused one by one.
                    sending.append(batch, 0)
                    batch = []
                    if sending.sent.refused:
                        return sending.sent
                elif len(batch) >= _BATCH:
                    sending.append(batch, WINDOW)
                    batch = []
            sending.append(batch, 0)
            return sending.sent
        finally:
            sending.close()


class _Sending:
    def __init__(
        self, desk: Desk, wait: bool, again: bool, on_reply: Callable[[Reply], None]
    ) -> None:
        self._desk = desk
        self._again = again
        self._on_reply = on_reply
        self._reader = ReplyReader(desk._kafka) if wait else None
        self._pending: dict[bytes, Told] = {}
        self.sent = Sent()
        self.last: Told

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def record(self, envelope: bytes) -> Outgoing:
        desk, about = self._desk, told(envelope)
        self.last = about
        key = about.province.encode()
        value = encode("signed-command", {"envelope": envelope})
        headers: tuple[tuple[str, bytes], ...] = ()
        if desk.world.simulated and desk._sealer is not None:
            stamp = pack_time(max(about.issued, 0))
            headers = desk._sealer.headers(IN_COMMANDS, key, value, time=stamp)
        if self._reader is not None:
            # From where its replies begin, before it is sent: none can be missed.
            since: Ms | None = None
            if self._again:
                since = 0 if desk.world.simulated else about.issued
            self._reader.follow(about.key, since)
            self._pending[about.id] = self._pending[about.digest[:16]] = about
        partition = partition_for(key, spec(IN_COMMANDS).partitions)
        return Outgoing(IN_COMMANDS, partition, key, value, headers)

    def append(self, batch: list[Outgoing], window: int) -> None:
        self._desk._appender.append(batch)
        self.sent.sent += len(batch)
        self.sent.waiting += len(batch)
        heard = time.monotonic()
        while self._reader is not None and self.sent.waiting > window:
            if self._hear():
                heard = time.monotonic()
            elif time.monotonic() - heard > self._desk._patience:
                raise Retryable(
                    f"no reply for {self._desk._patience:.0f} s to {self.sent.waiting} of "
                    f"{self.sent.sent} commands; what was sent stands",
                    "send the same file again once the services run: nothing counts twice",
                )

    def _hear(self) -> bool:
        assert self._reader is not None
        heard = False
        for reply in self._reader.poll(0.2):
            if reply.status not in ("accepted", "refused"):
                continue
            about = self._pending.pop(reply.command, None)
            if about is None or about.key != reply.key:
                continue
            self._pending.pop(about.id, None)
            self._pending.pop(about.digest[:16], None)
            heard = True
            sent = self.sent
            sent.waiting -= 1
            refused = reply.status == "refused"
            sent.accepted += not refused
            sent.refused += refused
            sent.replies = [r for r in sent.replies if r.status == "refused"][:100] + [reply]
            self._on_reply(reply)
        return heard
