"""大数据专班: collates what the departments report, checks who says what, rekeys it to the person.

It originates nothing: the fact goes on as the gateway accepted it.
"""

from __future__ import annotations

from collections.abc import Sequence

from fuma.contracts.errors import Poison, Reason
from fuma.contracts.facts import decode_feed, encode_person
from fuma.contracts.topics import DEPARTMENTS, PERSON, feed_topic
from fuma.runtime.host_types import Emit
from fuma.runtime.records import LogRecord


class Taskforce:
    """``feed.<department>`` to ``person``."""

    name = "taskforce"
    dead_letter_topic = "fuma.dlq.feed"

    def __init__(self) -> None:
        self._departments = {feed_topic(department): department for department in DEPARTMENTS}
        self.input_topics = tuple(self._departments)

    def opened(self, topic: str, partition: int) -> None:
        """Nothing is remembered."""

    def transform(self, raw: LogRecord) -> Sequence[Emit]:
        fact = decode_feed(raw.value)
        if fact.department != self._departments[raw.topic]:
            raise Poison(Reason.BAD_REPORT, f"a report of {fact.department} on {raw.topic}")
        return (Emit(PERSON, raw.key or b"", encode_person(fact)),)
