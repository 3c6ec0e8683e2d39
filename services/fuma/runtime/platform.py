"""Answers from the code platform: what a code is, was or will be, why, by whom, until when.

Redis alone is enough where the subject has a record: it holds the code as a function of time. Where
it has none, green is only answered once the ledger's own end shows that the sink is not behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from fuma.contracts.errors import Poison
from fuma.contracts.errors import Reason as Why
from fuma.contracts.genesis import read_world
from fuma.contracts.platform import PlatformSealer
from fuma.contracts.platformrows import Alive, Code, Position
from fuma.contracts.topics import DECISIONS, partition_for, spec
from fuma.domain.codes.events import Order, Schedule, Source
from fuma.domain.codes.saying import department_words, ground_words, when
from fuma.domain.codes.schedule import colour_at
from fuma.domain.codes.sentences import code_sentence
from fuma.domain.colour import Colour
from fuma.domain.law.vocabulary import Words
from fuma.domain.time import Ms
from fuma.runtime import keyfiles
from fuma.runtime.clock import SystemClock
from fuma.runtime.embedded.paths import Home
from fuma.runtime.platform_ends import LedgerEnds
from fuma.runtime.platform_store import PlatformReader
from fuma.runtime.ports import Clock
from fuma.runtime.redis import RedisReader

Ends = Callable[[Sequence[int]], dict[int, int] | None]


@dataclass(frozen=True, slots=True)
class Reason:
    """An order that makes the colour: ground, issuer, rule (book@version#row), its end."""

    order: bytes
    ground: str
    ground_words: Words
    department: str
    issuer: Words
    division: str
    rule: str
    procedure: str
    until: Ms
    source: Source | None = None  # the officers' order; ``None``: automatic, nobody signed


@dataclass(frozen=True, slots=True)
class Answer:
    """A code at ``at``. ``colour`` is ``None`` once the code has ended (the holder died).

    Where nothing was ever decided of the subject, ``seq`` is 0 and the colour green.
    """

    tag: bytes
    at: Ms
    now: Ms
    colour: Colour | None
    until: Ms | None  # when this colour ends, if it does
    next: Colour | None
    reasons: tuple[Reason, ...]
    recorded: Ms | None  # T of the decision that says so
    partition: int
    offset: int
    seq: int
    simulated: bool
    held: str  # the subject's ledger is held: this is its last certain code
    sentence: Words

    @property
    def word(self) -> str:
        """``green``, ``yellow``, ``red`` or ``none``."""
        return "none" if self.colour is None else self.colour.word


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why there is none. ``alarm``: somebody altered the platform."""

    reason: str  # altered | behind | ledger-unreachable | no-position | held
    sentence: Words
    alarm: bool = False


_WHY = {
    "altered": Words("平台记录未通过验证，不予回答", "the platform's record fails its check"),
    "behind": Words(
        "平台无该记录且尚未追上决定日志", "no record, and the sink is behind the ledger"
    ),
    "ledger-unreachable": Words(
        "平台无该记录，无法确认是否已追上决定日志",
        "no record, and whether the sink is behind cannot be known: the ledger does not answer",
    ),
    "no-position": Words("平台尚未写入", "the platform was never filled"),
    "held": Words("该持码人的决定日志待核实", "the subject's ledger is held for a person"),
}


def _no(reason: str) -> NoAnswer:
    return NoAnswer(reason, _WHY[reason], alarm=reason == "altered")


class CodePlatform:
    """Reads one world's platform. Raises ``Retryable`` where Redis does not answer."""

    def __init__(
        self,
        store: PlatformReader,
        sealer: PlatformSealer,
        *,
        simulated: bool,
        partitions: int,
        ends: Ends,
        clock: Clock,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._simulated = simulated
        self._partitions = partitions
        self._ends = ends
        self._clock = clock

    @classmethod
    def of(cls, home: Home) -> CodePlatform:
        """The platform of a deployment, as Redis's user ``reader``."""
        world = read_world(home.world)
        return cls(
            RedisReader(home),
            PlatformSealer(world.id, keyfiles.secret(home.path, keyfiles.Key.PLATFORM)),
            simulated=world.simulated,
            partitions=spec(DECISIONS).partitions,
            ends=LedgerEnds(home),
            clock=SystemClock(),
        )

    def positions(self) -> dict[int, Position | None]:
        """How far the sink has applied each partition; ``None``: nothing genuine is there."""
        found: dict[int, Position | None] = {}
        for number, value in enumerate(self._store.positions(self._partitions)):
            try:
                found[number] = self._sealer.open_position(number, value) if value else None
            except Poison:
                found[number] = None
        return found

    def alive(self) -> Alive | None:
        """The sink's last sign of life; of several, the oldest, and how far all are behind."""
        found = list[Alive]()
        for number, value in enumerate(self._store.alive(self._partitions)):
            try:
                if value is not None:
                    found.append(self._sealer.open_alive(value, number))
            except Poison:
                return None
        if not found:
            return None
        return Alive(min(one.at for one in found), sum(one.behind for one in found))

    def now(self) -> Ms:
        """The clock's time; in a simulated world, the highest T that the sink applied."""
        if not self._simulated:
            return self._clock.now()
        return max((p.at for p in self.positions().values() if p is not None), default=0)

    def colour(self, tag: bytes, at: Ms | None = None) -> str | None:
        """``green``, ``yellow``, ``red``; ``none`` once the code ended; ``None``: no answer."""
        found = self.answer(tag, at)
        return found.word if isinstance(found, Answer) else None

    def answer(
        self, tag: bytes, at: Ms | None = None, as_known_now: bool = False
    ) -> Answer | NoAnswer:
        """The code of a subject, now or at a moment.

        A past moment is answered as it was then, from what had been recorded by then, unless
        ``as_known_now``. A moment to come is answered by what is recorded now.
        """
        now = self.now()
        moment = now if at is None else at
        try:
            codes = self._codes(tag, whole=moment < now or as_known_now)
            if codes and codes[-1].recorded > now:
                # It came while we looked, or our clock is behind the broker's. What is recorded
                # has happened, and its schedule says nothing of the time before.
                now = codes[-1].recorded
                if at is None:
                    moment = now
                elif moment < now:
                    codes = self._codes(tag, whole=True)
        except Poison:
            return _no("altered")
        if not codes:
            return self._absent(tag, moment, now) or self.answer(tag, at, as_known_now)
        if codes[-1].seq == 0:
            return _no("held")
        if moment >= now or (as_known_now and codes[-1].since <= moment):
            return self._of(tag, codes[-1], moment, now)
        return self._then(tag, codes, moment, now)

    def _then(self, tag: bytes, codes: Sequence[Code], at: Ms, now: Ms) -> Answer:
        """What was answered at a past moment, from all of the subject's codes."""
        known = [code for code in codes if code.recorded <= at]
        return self._of(tag, known[-1], at, now) if known else self._green(tag, at, now)

    def _codes(self, tag: bytes, *, whole: bool) -> list[Code]:
        """Oldest first. Raises ``Poison`` where they are not all there, and genuine."""
        if not whole:
            now, was = self._store.latest(tag)
            values = [value for value in (was, now) if value is not None]
            if now is None:
                values = [] if was is None else [was, b""]
        else:
            values = self._store.all_of(tag)
        codes = [self._sealer.open_code(tag, value) for value in values]
        before = 0 if whole or len(codes) < 2 else codes[0].before
        if not whole and len(codes) == 1 and codes[0].before:
            raise _gone()
        for code in codes:
            if code.before != before:
                raise _gone()
            before = code.seq
        return codes

    def _absent(self, tag: bytes, at: Ms, now: Ms) -> Answer | NoAnswer | None:
        """Green only where every record that the ledger had is applied, and none is his.

        ``None`` where one came while we looked.
        """
        number = partition_for(tag, self._partitions)
        ends = self._ends((number,))
        if ends is None:
            return _no("ledger-unreachable")
        position = self._store.positions(self._partitions)[number]
        if self._store.codes((tag,))[0] is not None:
            return None
        if position is None:
            return _no("no-position") if ends[number] else self._green(tag, at, now)
        try:
            applied = self._sealer.open_position(number, position).applied
        except Poison:
            return _no("altered")
        return _no("behind") if applied + 1 < ends[number] else self._green(tag, at, now)

    def _green(self, tag: bytes, at: Ms, now: Ms) -> Answer:
        said = when(at)
        return Answer(
            tag, at, now, Colour.GREEN, None, None, (), None,
            partition_for(tag, self._partitions), -1, 0, self._simulated, "",
            Words(f"{said.zh}：绿码，无记录。", f"{said.en}: green, nothing is recorded."),
        )  # fmt: skip

    def _of(self, tag: bytes, code: Code, at: Ms, now: Ms) -> Answer:
        schedule = code.schedule()
        colour = colour_at(schedule, at)
        until, follows = _change(schedule, at, colour)
        return Answer(
            tag, at, now, colour, until, follows, tuple(_reasons(schedule, at)), code.recorded,
            code.partition, code.offset, code.seq, code.simulated, code.held,
            code_sentence(schedule, at),
        )  # fmt: skip


def _gone() -> Poison:
    return Poison(Why.OUT_OF_SEQUENCE, "records of the subject are missing on the platform")


def _change(schedule: Schedule, at: Ms, colour: Colour | None) -> tuple[Ms | None, Colour | None]:
    """When the colour changes next, and to what."""
    edges = sorted({e for s in schedule.segments for e in (s.since, s.until) if e > at})
    for edge in edges:
        then = colour_at(schedule, edge)
        if then is not colour:
            return edge, then
    return None, None


def _reasons(schedule: Schedule, at: Ms) -> Iterable[Reason]:
    orders: dict[bytes, Order] = {order.id: order for order in schedule.orders}
    for segment in schedule.segments:
        if segment.since <= at < segment.until:
            for id_ in segment.orders:
                o = orders[id_]
                yield Reason(
                    o.id, o.ground, ground_words(o.ground), o.department,
                    department_words(o.department), o.division,
                    f"{o.law.book}@{o.law.version}#{o.law.row}",
                    f"{o.law.procedure}@{o.law.procedure_version}", o.end, o.source,
                )  # fmt: skip
