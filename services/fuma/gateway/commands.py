"""The officers' door: what they signed goes on to ``commands``; what cannot is answered or kept.

It forwards bytes and says what is wrong with their form. It has no key of any officer and can
neither sign nor alter: ``authority`` opens every envelope again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from fuma.contracts.commandlog import signed_value
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.genesis import World
from fuma.contracts.replies import Reply, encode_reply
from fuma.contracts.signals import encode_signal, signal_key, signals_of_door
from fuma.contracts.topics import COMMANDS, REPLIES, SIGNALS, partition_for, spec
from fuma.domain.authority.words import words
from fuma.domain.time import Ms
from fuma.gateway.command_intake import CommandIntake, Forward, Refused
from fuma.gateway.service import MAX_JUMP
from fuma.gateway.ticks import Ticker
from fuma.runtime.dead_letters import dead_letters
from fuma.runtime.lawreader import LawReader
from fuma.runtime.mac import Sealer, pack_origin, pack_time
from fuma.runtime.ports import Appender, LogRecord, Outgoing

log = logging.getLogger("fuma.gateway")
DEAD_LETTERS = "fuma.dlq.in"


class CommandDoor:
    """Handles chunks of ``in.commands``. The caller commits after ``handle``, never before."""

    def __init__(
        self,
        world: World,
        sealer: Sealer,
        intake: CommandIntake,
        appender: Appender,
        law: LawReader,
        ticker: Ticker,
        topic_id: Callable[[str], bytes],
        max_jump: Ms = MAX_JUMP,
    ) -> None:
        """``max_jump``: how far ahead of the log a command of a simulated world may move time."""
        self._world = world
        self._sealer = sealer
        self._intake = intake
        self._appender = appender
        self._law = law
        self._ticker = ticker
        self._topic_id = topic_id
        self._max_jump = max_jump
        self._dlq = spec(DEAD_LETTERS).partitions

    def handle(self, records: Sequence[LogRecord], at: Ms) -> Ms:
        """One chunk, in the order of its records; the highest log time seen, ``at`` included.

        (1) Look at the form. A crash: nothing is written.
        (2) The tick of ``law``. A crash: the law knows the time, no command of it is there yet.
        (3) Commands, each behind its minute's ticks, and dead letters, signals, every
            acknowledgement. A crash: written again with the same bytes; ``authority`` drops a
            command that it holds and a minute that it has passed.
        (4) Replies to what was refused. A crash: given again, with the same id.
        The caller then commits (5). A crash before it: all of this once more.
        """
        taken: list[Forward | Refused] = []
        letters: list[Outgoing] = []
        for raw in records:
            try:
                taken.append(self._intake.take(raw, self._ceremony()))
            except Poison as poison:
                letters += dead_letters(raw, poison, DEAD_LETTERS, self._dlq)
        # Without a time of anybody's it is the law's: a world begins with its genesis.
        at = max(at, self._law.log.time)
        forwards = []
        for one in taken:
            if isinstance(one, Forward):
                if self._world.simulated and one.at is not None and one.at > at + self._max_jump:
                    one = replace(one, at=None)  # a mistake in the year moves nobody's clock
                at = max(at, one.at if one.at is not None else at)
                forwards.append(one)
        refused = [one for one in taken if isinstance(one, Refused)]
        letters += [letter for one in refused for letter in self._letters(one)]
        self._ticker.know({one.province for one in forwards})
        if self._world.simulated and forwards:
            self._ticker.tick_law(at)  # (2)
        commands: list[Outgoing] = []
        for one in forwards:
            if self._world.simulated and one.at is not None:
                commands += self._ticker.due(one.at)
            commands.append(self._command(one, at))
        signals = [made for one in refused for made in self._signals(one)]
        self._appender.append([*letters, *signals, *commands])  # (3)
        self._appender.append([self._reply(one) for one in refused])  # (4)
        return at

    def _ceremony(self) -> tuple[str, str]:
        genesis = self._law.log.genesis
        assert genesis is not None, "the gateway begins with the law"
        return genesis.ceremony

    def _command(self, one: Forward, at: Ms) -> Outgoing:
        key = one.province.encode()
        value = signed_value(one.envelope)
        raw = one.raw
        headers = self._sealer.headers(
            COMMANDS,
            key,
            value,
            time=self._stamp(one.at if one.at is not None else at),
            origin=pack_origin(self._topic_id(raw.topic), raw.partition, raw.offset, 0),
        )
        return Outgoing(COMMANDS, _partition(COMMANDS, key), key, value, headers)

    def _letters(self, one: Refused) -> list[Outgoing]:
        poison = Poison(Reason.BAD_REPORT, ", ".join((*one.codes, *filter(None, [one.detail]))))
        return dead_letters(one.raw, poison, DEAD_LETTERS, self._dlq)

    def _signals(self, one: Refused) -> list[Outgoing]:
        """What oversight hears of it: codes and province, as of a department's rows."""
        entry = (1, one.named.province, one.codes)
        made = []
        for signal in signals_of_door("officers", one.named.digest.hex(), self._at(one), [entry]):
            key, value = signal_key(signal), encode_signal(signal)
            headers = self._sealer.headers(SIGNALS, key, value, time=self._stamp(self._at(one)))
            made.append(Outgoing(SIGNALS, _partition(SIGNALS, key), key, value, headers))
        return made

    @staticmethod
    def _at(one: Refused) -> Ms:
        """When it was refused: of what is answered, so that a repeat has the same bytes."""
        return one.at if one.at is not None else one.raw.timestamp

    def _reply(self, one: Refused) -> Outgoing:
        named = one.named
        key = named.key.encode()
        said = [f"{words(code).zh} / {words(code).en}" for code in one.codes]
        at = self._at(one)
        value = encode_reply(
            Reply(
                one.id, at, named.id, named.key, named.province[:16], "refused", named.type[:64],
                codes=one.codes, detail="; ".join((*said, *filter(None, [one.detail])))[:1_000],
            )
        )  # fmt: skip
        headers = self._sealer.headers(REPLIES, key, value, time=self._stamp(at))
        return Outgoing(REPLIES, _partition(REPLIES, key), key, value, headers)

    def _stamp(self, at: Ms) -> bytes | None:
        return pack_time(at) if self._world.simulated else None


def _partition(topic: str, key: bytes) -> int:
    return partition_for(key, spec(topic).partitions)
