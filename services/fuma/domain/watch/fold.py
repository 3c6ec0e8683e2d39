"""What ``watch`` remembers of a province: the recent windows of each pattern.

Nothing in it depends on a signal older than two of the longest windows, so that the signals of the
last 30 days give all of it again. Changed in place: a window may hold thousands of signals.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from fuma.domain.law.oversight import MAX_COUNT, MAX_WINDOW, Oversight, Pattern
from fuma.domain.time import Ms
from fuma.domain.watch.events import Party, Signal
from fuma.domain.watch.exposed import Exposed, groups

#: Windows kept of one pattern in one province; beyond it the one untouched longest is given up.
MAX_SCOPES = 10_000
#: Orders whose chain is remembered, to name it when lines are refused later.
MAX_ORDERS = 10_000
MAX_PARTIES = 50
SHOWN = 20
_ENDS = ("lifted", "annulled")
_RANK = {"red": 2, "yellow": 1}


class Entry(NamedTuple):
    """A signal in a window."""

    at: Ms
    id: bytes
    kind: str
    subject: bytes
    weight: int  # what the signal counts
    colour: str
    office: str
    ground: str
    codes: tuple[str, ...]
    order: bytes
    parties: tuple[Party, ...]


@dataclass(slots=True)
class Window:
    """The signals of one scope, oldest first, and what was raised about them."""

    entries: deque[Entry] = field(default_factory=deque)
    ids: set[bytes] = field(default_factory=set)
    subjects: dict[bytes, int] = field(default_factory=dict)  # tag -> entries
    rows: int = 0  # of entries without a subject
    latest: dict[bytes, int] = field(default_factory=dict)  # tag -> rank of the last colour said
    ranks: list[int] = field(default_factory=lambda: [0, 0, 0])  # subjects by rank
    touched: Ms = 0  # T
    ended: Ms = 0  # "returns": when a colour ended, 0 once one came back; ``back``: when it did
    back: Ms = 0
    raised: dict[int, int] = field(default_factory=dict)  # count -> the period it was raised in

    def add(self, entry: Entry) -> None:
        if len(self.entries) >= MAX_COUNT:
            self._drop()
        self.entries.append(entry)
        self.ids.add(entry.id)
        if entry.subject:
            self.subjects[entry.subject] = self.subjects.get(entry.subject, 0) + 1
            self._forget(entry.subject)
            rank = self.latest[entry.subject] = _RANK.get(entry.colour, 0)
            self.ranks[rank] += 1
        else:
            self.rows += entry.weight

    def leave(self, subject: bytes) -> None:
        """The subject is not compared with the others any more."""
        self.ids -= {entry.id for entry in self.entries if entry.subject == subject}
        self.entries = deque(entry for entry in self.entries if entry.subject != subject)
        self.subjects.pop(subject, None)
        self._forget(subject)

    def trim(self, before: Ms) -> None:
        """Forget what is not later than ``before``."""
        while self.entries and self.entries[0].at <= before:
            self._drop()

    def _drop(self) -> None:
        entry = self.entries.popleft()
        self.ids.discard(entry.id)
        if not entry.subject:
            self.rows -= entry.weight
            return
        self.subjects[entry.subject] -= 1
        if not self.subjects[entry.subject]:
            del self.subjects[entry.subject]
            self._forget(entry.subject)

    def _forget(self, subject: bytes) -> None:
        rank = self.latest.pop(subject, None)
        if rank is not None:
            self.ranks[rank] -= 1

    @property
    def spared(self) -> int:
        """Subjects whose colour is milder than the most severe."""
        worst = max((rank for rank, count in enumerate(self.ranks) if count), default=0)
        return sum(self.ranks[:worst])

    @property
    def apart(self) -> int:
        """Subjects without a colour, where others have one."""
        return self.ranks[0] if self.ranks[1] or self.ranks[2] else 0


@dataclass(slots=True)
class State:
    """One province's."""

    windows: dict[str, OrderedDict[bytes, Window]] = field(default_factory=dict)
    chains: OrderedDict[bytes, tuple[Ms, tuple[Party, ...]]] = field(default_factory=OrderedDict)
    exposed: Exposed = field(default_factory=OrderedDict)
    #: Of a pattern with ``grace``: scopes where there was a difference, by when it was first seen.
    waiting: dict[str, OrderedDict[bytes, Ms]] = field(default_factory=dict)


class Touched(NamedTuple):
    """A window that a signal went into."""

    pattern: Pattern
    scope: bytes
    window: Window
    before: int  # what the pattern measured just before


def evolve(state: State, signal: Signal, at: Ms, law: Oversight) -> list[Touched]:
    """Take in a signal; the windows that it changed. A repeat, or one too old, changes none."""
    parties = _parties(state, signal, at)
    joined, left = groups(state.exposed, signal, at)
    touched = []
    for pattern in law.patterns:
        apart = pattern.measure == "apart"
        if apart:
            for scope in left:
                if scope in (known := state.windows.get(pattern.name, OrderedDict())):
                    known[scope].leave(signal.subject)
        elif not meets(pattern, signal):
            continue
        if signal.at <= at - pattern.window:
            continue
        for scope in joined if apart else scopes(pattern, signal, parties):
            if pattern.measure == "returns" and _first(state, pattern, scope, signal):
                continue
            window = _window(state, pattern, scope, at)
            if signal.id in window.ids:
                continue
            entry = Entry(
                at, signal.id, signal.kind, signal.subject, signal.count, signal.colour,
                signal.office, signal.ground, signal.codes, signal.order, parties,
            )  # fmt: skip
            if pattern.measure == "returns" and not _returns(window, signal):
                continue
            before = measured(pattern, window)
            window.add(entry)
            touched.append(Touched(pattern, scope, window, before))
    return touched


def meets(pattern: Pattern, signal: Signal) -> bool:
    """Whether the pattern is about such signals."""
    if signal.kind not in pattern.kinds:
        return False
    return not pattern.codes or any(code in pattern.codes for code in signal.codes)


def scopes(pattern: Pattern, signal: Signal, parties: tuple[Party, ...]) -> Iterator[bytes]:
    """What the signal is counted over, without repeats; nothing where it is not known."""
    if pattern.by == "person":
        yield from dict.fromkeys(party.person for party in parties if party.person)
        return
    if pattern.by == "office" and not signal.office:
        yield from dict.fromkeys(party.office.encode() for party in parties if party.office)
        return
    found = {
        "office": signal.office.encode(),
        "subject": signal.subject,
        "shared": signal.digest,
        "province": signal.province.encode(),
    }[pattern.by]
    if found:
        yield found


def _parties(state: State, signal: Signal, at: Ms) -> tuple[Party, ...]:
    """The signal's, or those of the order that it is about."""
    if signal.kind == "ordered":
        state.chains[signal.order] = at, signal.parties[:MAX_PARTIES]
        state.chains.move_to_end(signal.order)
        if len(state.chains) > MAX_ORDERS:
            state.chains.popitem(last=False)
    return signal.parties or state.chains.get(signal.order, (0, ()))[1]


def _window(state: State, pattern: Pattern, scope: bytes, at: Ms) -> Window:
    known = state.windows.setdefault(pattern.name, OrderedDict())
    window = known.get(scope)
    if window is None:
        window = known[scope] = Window()
        if len(known) > MAX_SCOPES:
            known.popitem(last=False)
    known.move_to_end(scope)
    window.touched = at
    window.trim(at - pattern.window)
    return window


def _first(state: State, pattern: Pattern, scope: bytes, signal: Signal) -> bool:
    """A colour of somebody who never lost one: most of them, and nothing to remember."""
    return signal.kind not in _ENDS and scope not in state.windows.get(pattern.name, ())


def _returns(window: Window, signal: Signal) -> bool:
    """Whether a colour came back after one had ended, by the decisions' own times.

    What follows an end in the same decision (monitoring after a release) is no return.
    """
    if signal.kind in _ENDS:
        if signal.at > window.back:
            window.ended = max(window.ended, signal.at)
        return False
    if not window.ended or signal.at <= window.ended:
        return False
    window.ended, window.back = 0, signal.at
    return True


def measured(pattern: Pattern, window: Window) -> int:
    """What the pattern counts, in its window."""
    if pattern.measure == "sum":
        return len(window.subjects) + window.rows
    if pattern.measure == "returns":
        return len(window.entries)
    return window.apart if pattern.measure == "apart" else window.spared


def forget(state: State, at: Ms) -> None:
    """Drop windows and chains that nothing in a window can need any more."""
    for known in state.windows.values():
        while known and next(iter(known.values())).touched <= at - MAX_WINDOW:
            known.popitem(last=False)
    while state.exposed and next(iter(state.exposed.values())).at <= at - MAX_WINDOW:
        state.exposed.popitem(last=False)
    for waiting in state.waiting.values():
        while waiting and next(iter(waiting.values())) <= at - MAX_WINDOW:
            waiting.popitem(last=False)
    while state.chains and next(iter(state.chains.values()))[0] <= at - MAX_WINDOW:
        state.chains.popitem(last=False)
