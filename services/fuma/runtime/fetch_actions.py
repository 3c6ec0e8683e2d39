"""aiokafka's fetcher, which asks less often what every partition is up to.

For each answer, and each time that records of one partition are consumed, it looks at all
partitions for what to do next, in Python; with some sixty of them that was an eighth of what a
processor took at a thousand reports a second. While the one node that leads them all is being
asked, there is nothing to do; and who leads a partition is known until metadata change.
"""

from __future__ import annotations

import random
from typing import Any

from aiokafka.consumer import consumer, fetcher
from aiokafka.protocol.fetch import FetchRequest

#: Requests to send, positions to reset by node, the longest wait, whether metadata are missing, and
#: what tells of partitions that are no longer paused.
Actions = tuple[list[tuple[int, FetchRequest]], dict[int, list[Any]], float, bool, list[Any]]
_UNKNOWN = (None, -1)


class Fetcher(fetcher.Fetcher):  # type: ignore[misc]  # aiokafka is not typed
    """The same actions, from the same state."""

    _leaders: dict[Any, int | None]
    _only: int | None
    _led: tuple[Any, Any] = (None, None)  # the assignment and the metadata that they are of

    def _get_actions_per_node(self, assignment: Any) -> Actions:
        if self._preferred_read_replica:  # a follower may be asked: as aiokafka does it
            found: Actions = super()._get_actions_per_node(assignment)
            return found
        only = self._lead(assignment)
        if only is not None and only in self._in_flight:
            waits = (record.calculate_backoff() for record in self._records.values())
            return [], {}, max(waits, default=0) or self._fetcher_timeout, False, []
        return self._all_actions(assignment)

    def _lead(self, assignment: Any) -> int | None:
        """Who leads all partitions, where one node does. Looks again when metadata are new."""
        cluster = self._client.cluster
        partitions = cluster._partitions  # another object with each answer
        if self._led[0] is not assignment or self._led[1] is not partitions:
            self._leaders = {tp: cluster.leader_for_partition(tp) for tp in assignment.tps}
            self._led = (assignment, partitions)
            nodes = set(self._leaders.values())
            self._only = nodes.pop() if len(nodes) == 1 else None
            if self._only in _UNKNOWN:
                self._only = None
        return self._only

    def _all_actions(self, assignment: Any) -> Actions:
        states, records, busy = assignment._tp_state, self._records, self._in_flight
        wanted: dict[int, list[tuple[Any, int]]] = {}
        resets: dict[int, list[Any]] = {}
        waits: dict[int | None, float] = {}
        paused: list[Any] = []
        missing = False
        for tp, node in self._leaders.items():
            state = states[tp]
            if tp in records:
                wait = records[tp].calculate_backoff()
                if wait:
                    waits[node] = max(wait, waits.get(node, 0))
            elif node in busy:
                continue
            elif node is None or node == -1:
                missing = True
            elif not state.has_valid_position:
                resets.setdefault(node, []).append(tp)
            elif state.paused:
                paused.append(state.resume_fut)
            else:
                wanted.setdefault(node, []).append((tp, state.position))
        requests = [
            (node, self._request(parts))
            for node, parts in wanted.items()
            if node not in waits and node not in resets
        ]
        wait = min(waits.values()) if waits else self._fetcher_timeout
        return requests, resets, wait, missing, paused

    def _request(self, parts: list[tuple[Any, int]]) -> FetchRequest:
        # Begins elsewhere each time, so that none is always the last to be served.
        first = random.randrange(len(parts))
        topics: dict[str, list[tuple[int, int, int]]] = {}
        size = self._max_partition_fetch_bytes
        for tp, position in parts[first:] + parts[:first]:
            topics.setdefault(tp.topic, []).append((tp.partition, position, size))
        return FetchRequest(
            self._fetch_max_wait_ms, self._fetch_min_bytes, self._fetch_max_bytes,
            self._isolation_level, list(topics.items()), rack_id=self._client_rack or "",
        )  # fmt: skip


def install() -> None:
    """For every consumer of this process that is made from now on."""
    consumer_module: Any = consumer
    consumer_module.Fetcher = Fetcher
