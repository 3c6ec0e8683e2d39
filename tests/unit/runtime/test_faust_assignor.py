"""Partitions are shared out in the moment in which a broker tells of no topic, too."""

from __future__ import annotations

from aiokafka.cluster import ClusterMetadata
from aiokafka.protocol.metadata import MetadataResponse_v1

from fuma.contracts.topics import DECISIONS, PERSON, topics
from fuma.runtime.faust_assignor import DeclaredAssignor

NAMES = (DECISIONS, PERSON)


def shared(cluster: ClusterMetadata, *names: str) -> list[tuple[str, int]]:
    """What two members get together."""
    members = {one: DeclaredAssignor.metadata(names) for one in ("a", "b")}
    found = DeclaredAssignor.assign(cluster, members)
    each = [
        {(topic, number) for topic, numbers in one.assignment for number in numbers}
        for one in found.values()
    ]
    assert not each[0] & each[1]
    assert abs(len(each[0]) - len(each[1])) <= 1
    return sorted(each[0] | each[1])


def declared(*names: str) -> list[tuple[str, int]]:
    return sorted((name, p) for name in names for p in range(topics()[name].partitions))


def test_without_metadata_what_is_declared_is_shared_out() -> None:
    assert shared(ClusterMetadata(), *NAMES) == declared(*NAMES)
    assert shared(ClusterMetadata(), "nobody's", PERSON) == declared(PERSON)


def test_what_the_broker_tells_comes_first() -> None:
    """More than declared, or fewer: it is what there is."""
    cluster = ClusterMetadata()
    partitions = [(0, number, 1, [1], [1]) for number in range(9)]
    brokers = [(1, "127.0.0.1", 9092, None)]
    cluster.update_metadata(MetadataResponse_v1(brokers, 1, [(0, PERSON, False, partitions)]))
    assert shared(cluster, *NAMES) == sorted(
        [*declared(DECISIONS), *((PERSON, number) for number in range(9))]
    )
