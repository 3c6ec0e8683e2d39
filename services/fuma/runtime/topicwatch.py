"""Ends the process when a topic that it uses is made anew under its feet.

A fetch goes by the topic's name. Of a topic that was deleted and made again, a running consumer
would go on at the old offset, over records that it never read, as soon as there are that many.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

log = logging.getLogger(__name__)
EVERY_S = 5.0
_TIMEOUT_S = 10.0
_EXIT = 70  # as ``faust_app.EXIT_FATAL``


def end_process(what: str) -> None:
    """Now, with nothing sent after."""
    log.critical("stopping: %s", what)
    for handler in logging.getLogger().handlers:
        handler.flush()
    os._exit(_EXIT)


class TopicWatch:
    """A thread that asks for the topics' UUIDs again and again. Close it."""

    def __init__(
        self,
        config: Mapping[str, str],
        names: Sequence[str],
        end: Callable[[str], object] = end_process,
        *,
        counted: Callable[[Mapping[str, int]], object] = lambda _: None,
        every_s: float = EVERY_S,
    ) -> None:
        """``counted`` hears at each look how many partitions each topic has."""
        self._admin = AdminClient({**config, "log_level": 0})
        self._names = list(names)
        self._known: dict[str, Any] = {}
        self._end = end
        self._counted = counted
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="topics", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while True:
            for name, uuid in self._ask().items():
                if self._known.setdefault(name, uuid) != uuid:
                    self._end(f"{name} was made anew: it is another topic than the one in use")
            if self._stop.wait(self._every_s):
                return

    def _ask(self) -> dict[str, Any]:
        """Those that the broker tells of now; a broker that is away tells nothing."""
        found, counts = {}, {}
        try:
            asked = self._admin.describe_topics(
                TopicCollection(self._names), request_timeout=_TIMEOUT_S
            )
            for name, future in asked.items():
                try:
                    told = future.result(_TIMEOUT_S)
                    uuid, counts[name] = told.topic_id, len(told.partitions)
                    found[name] = (
                        uuid.get_most_significant_bits(),
                        uuid.get_least_significant_bits(),
                    )
                except (KafkaException, FutureTimeout):
                    continue
        except KafkaException as error:
            log.warning("topics not compared: %s", error)
        self._counted(counts)
        return found

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
