"""大数据专班, its other half: what departments say for the comparison goes to where it is compared.

A stay goes to its spot, a case and an area to every partition. Nothing is remembered: the value
goes on as the gateway accepted it, and a corrected stay is withdrawn at its place's other spots.
"""

from __future__ import annotations

from collections.abc import Sequence

from fuma.contracts.errors import Poison, Reason
from fuma.contracts.presence import decode_presence, elsewhere, keys_of
from fuma.contracts.topics import ITINERARY, PRESENCE, spec
from fuma.domain.comparison.events import Area, Case, Presence
from fuma.runtime.host_types import Emit
from fuma.runtime.records import LogRecord


class Itinerary:
    """``itinerary`` to ``presence``."""

    name = "itinerary"
    input_topics: tuple[str, ...] = (ITINERARY,)
    dead_letter_topic = "fuma.dlq.itinerary"

    def __init__(self) -> None:
        self._partitions = spec(PRESENCE).partitions

    def opened(self, topic: str, partition: int) -> None:
        """Nothing is remembered."""

    def transform(self, raw: LogRecord) -> Sequence[Emit]:
        item = decode_presence(raw.value)
        if not isinstance(item, Presence | Case | Area) or (isinstance(item, Case) and item.depth):
            raise Poison(Reason.BAD_REPORT, f"no department says a {type(item).__name__}")
        if raw.key != (item.id if isinstance(item, Area) else item.tag):
            raise Poison(Reason.BAD_KEY, "not the key of whom it speaks of")
        value = raw.value or b""
        said = [(key, value) for key in keys_of(item, self._partitions)]
        if isinstance(item, Presence) and item.revision:
            said += elsewhere(item)
        return [Emit(PRESENCE, key, value) for key, value in said]
