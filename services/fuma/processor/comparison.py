"""公安比对 as the host runs it: ``domain.comparison``, from ``presence`` to ``person``.

What it says of a person goes to the person's record, as evidence. What other spots, other parts of
a place and the persons themselves have to hear goes back to ``presence``: spreads and contacts
under their keys, a case that follows from a contact to every partition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple

from fuma.contracts import comparison_rows
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.facts import encode_person
from fuma.contracts.presence import (
    FRAME,
    broadcast_keys,
    decode_presence,
    encode_presence,
    records_of,
)
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
from fuma.runtime.host_types import Emit, Raw
from fuma.runtime.ports import Range, SortedStore

#: A match is public security's evidence, whoever reported the stays.
DEPARTMENT = "public-security"


class Comparison:
    """``StoredStage`` over presences."""

    name = "comparison"
    input_topic = PRESENCE
    output_topics = (PERSON, PRESENCE)
    dead_letter_topic = "fuma.dlq.presence"

    def __init__(self, law: Callable[[], Law], partitions: int, frame: Frame = FRAME) -> None:
        """``law``: all texts read so far; those that matter at T are among them (``LawGate``)."""
        self._law = law
        self._frame = frame
        self._everyone = broadcast_keys(partitions)
        self.shape = f"{comparison_rows.SHAPE}/{'/'.join(str(part) for part in astuple(frame))}"

    def decode(self, raw: Raw) -> Input:
        item = decode_presence(raw.value)
        key = raw.key
        if type(item) is Presence:
            place = item.place
            parts = self._frame.parts
            if key is None or key[:-1] != place or key[-1] != item.tag[0] % parts:
                raise Poison(Reason.BAD_KEY, "not the spot of its place and person")
        elif isinstance(item, Spread):
            if key != item.exposure.spot:
                raise Poison(Reason.BAD_KEY, "not the spot that it tells")
        elif isinstance(item, Contact):
            if key != item.tag:
                raise Poison(Reason.BAD_KEY, "not the tag of its person")
        elif key != self._everyone[raw.partition]:
            raise Poison(Reason.BAD_KEY, "not what every partition hears")
        return item

    def window(self, store: SortedStore) -> Partition:
        return Partition(store, self._law, len(self._everyone), self._frame)


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
        for event in events:
            evolve(event)
        if len(events) == 1 and type(events[0]) is StayTaken:
            return ()
        return list(self._emits(events))

    def _emits(self, events: Iterable[Event]) -> Iterable[Emit]:
        for event in events:
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
