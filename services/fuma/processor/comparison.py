"""公安比对 as the host runs it: ``domain.comparison``, from ``presence`` to ``person``.

What it says of a person goes to the person's record, as evidence. What other spots, other parts of
a place and the persons themselves have to hear goes back to ``presence``: spreads and contacts
under their keys, a case that follows from a contact to every partition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple

from fuma.contracts import comparison_rows
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.presence import FRAME, broadcast_keys, decode_presence
from fuma.contracts.topics import PERSON, PRESENCE
from fuma.domain.comparison.events import Contact, Input, Presence, Spread
from fuma.domain.comparison.settings import Frame, Law
from fuma.processor.comparison_partition import Partition
from fuma.runtime.ports import SortedStore
from fuma.runtime.records import LogRecord


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

    def decode(self, raw: LogRecord) -> Input:
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
