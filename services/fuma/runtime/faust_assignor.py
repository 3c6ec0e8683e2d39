"""Who reads which partition, also where the broker has only just started and tells of no topic.

aiokafka's assignor leaves out a topic without metadata. A group that is formed in the moment in
which a broker comes back would so be given nothing, and keep it: a static member that starts again
gets what it had, and nobody looks at the topics anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from fuma.contracts.topics import topics


class _Declared:
    """A cluster's metadata; of a topic that it does not tell of, what is declared."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        found: set[int] | None = self._cluster.partitions_for_topic(topic)
        declared = topics().get(topic)
        return set(range(declared.partitions)) if found is None and declared else found


class DeclaredAssignor(RoundRobinPartitionAssignor):  # type: ignore[misc]  # aiokafka is not typed
    """Round robin under its own name, so that members of either kind make one group."""

    @classmethod
    def assign(cls, cluster: Any, members: Mapping[str, Any]) -> dict[str, Any]:
        assigned: dict[str, Any] = super().assign(_Declared(cluster), members)
        return assigned
