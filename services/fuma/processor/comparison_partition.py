"""One partition of the comparison: what it hears, and what follows as records.

Compiled, with the decision and the state: it runs for every presence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fuma.contracts.facts import encode_person
from fuma.contracts.presence import encode_presence, records_of
from fuma.contracts.topics import PERSON, PRESENCE
from fuma.domain.codes.inputs import Identity, MatchFact
from fuma.domain.comparison.decide import decide
from fuma.domain.comparison.events import (
    Contact,
    Event,
    Input,
    Linked,
    Match,
    Presence,
    Said,
    Spread,
    StayTaken,
)
from fuma.domain.comparison.meet import digest
from fuma.domain.comparison.settings import Frame, Law
from fuma.domain.ids import derive
from fuma.domain.time import Ms
from fuma.processor.comparison_overlay import Changes
from fuma.processor.comparison_state import StoredState
from fuma.runtime.heap import breathe
from fuma.runtime.host_types import Emit
from fuma.runtime.ports import Range, SortedStore

#: A match is public security's evidence, whoever reported the stays.
DEPARTMENT = "public-security"
#: A case in a crowd gives tens of thousands of events: a bit mask, of 256 for one pause.
_STRETCH = 0xFF


class Partition:
    """``StoredWindow``: what one partition has heard."""

    def __init__(
        self, store: SortedStore, law: Callable[[], Law], partitions: int, frame: Frame
    ) -> None:
        self.state = StoredState(store, frame)
        self._law = law
        self._partitions = partitions
        self._frame = frame

    def prepare(self, items: Sequence[Input]) -> None:
        parts = self._frame.parts
        self.state.prepare(
            item.place + bytes((item.tag[0] % parts,)) + item.id
            for item in items
            if type(item) is Presence
        )

    def hear(self, item: Input, at: Ms) -> Sequence[Emit]:
        state = self.state
        events = decide(state, item, at, self._law())
        evolve = state.evolve
        for number, event in enumerate(events):
            evolve(event)
            if not number & _STRETCH:
                breathe()
        if len(events) == 1 and type(events[0]) is StayTaken:
            return ()
        return list(self._emits(events))

    def _emits(self, events: Iterable[Event]) -> Iterable[Emit]:
        for number, event in enumerate(events):
            if not number & _STRETCH:
                breathe()
            if isinstance(event, Said):
                yield Emit(PERSON, event.match.tag, encode_person(match_fact(event)))
            elif isinstance(event, Spread):
                yield Emit(PRESENCE, event.exposure.spot, encode_presence(event))
            elif isinstance(event, Contact):
                yield Emit(PRESENCE, event.tag, encode_presence(event))
            elif isinstance(event, Linked) and event.told is not None:
                for key, value in records_of(event.told, self._partitions, self._frame):
                    yield Emit(PRESENCE, key, value)

    def cut(self) -> Changes:
        return self.state.cut()

    def written(self, changes: Changes) -> None:
        self.state.written(changes)

    def ranges(self) -> list[Range]:
        return self.state.ranges()


def shared(match: Match) -> bytes:
    """32 bytes, the same for everybody who met one case at one place: what they share. Empty where
    the place is not known any more (a match that is taken back late)."""
    return digest("shared", match.case, match.place) if match.place else b""


def match_fact(said: Said) -> MatchFact:
    """What the person's record gets to hear of a match."""
    m = said.match
    revision = said.revision
    word = b"stands" if said.stands else b"gone"
    return MatchFact(
        derive(b"match", m.id, revision.to_bytes(8, "big"), word),
        digest(
            "said", m.id, revision, int(said.stands), m.division, m.identity, m.ground, m.since,
            m.until,
        ),
        m.id,
        revision,
        said.stands,
        m.division,
        m.ground,
        m.evidence,
        m.rule,
        m.rule_id,
        m.since,
        m.until,
        m.place,
        m.stay,
        m.stay_digest,
        m.source,
        m.source_digest,
        m.case,
        m.depth,
        m.mark,
        DEPARTMENT,
        Identity(m.identity),
        shared(m),
    )  # fmt: skip
