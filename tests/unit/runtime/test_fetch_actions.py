"""The fetcher's next actions are aiokafka's own, whatever state it is in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.cluster import ClusterMetadata
from aiokafka.consumer import fetcher
from aiokafka.protocol.fetch import FetchRequest
from hypothesis import given
from hypothesis import strategies as st

from fuma.runtime.fetch_actions import Fetcher

States = dict[TopicPartition, dict[str, Any]]
PLACES = [TopicPartition(topic, number) for topic in "abc" for number in range(3)]


class Waits:
    """What was fetched and not consumed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def calculate_backoff(self) -> float:
        return self._seconds


@st.composite
def partition(draw: st.DrawFn, nodes: list[int | None]) -> dict[str, Any]:
    return {
        "leader": draw(st.sampled_from(nodes)),
        "position": draw(st.none() | st.integers(0, 9)),
        "paused": draw(st.booleans()),
        "waits": draw(st.none() | st.sampled_from([0, 0.01, 0.02, 0.03])),
    }


@st.composite
def situations(draw: st.DrawFn) -> tuple[States, set[int]]:
    nodes = draw(st.sampled_from([[1], [1, 2], [None, -1, 1], [None, -1, 1, 2]]))
    states = {tp: draw(partition(nodes)) for tp in draw(st.sets(st.sampled_from(PLACES)))}
    return states, draw(st.sets(st.sampled_from([1, 2])))


def made(kind: type, states: States, busy: set[int]) -> tuple[Any, Any]:
    """A fetcher in that situation, and its assignment."""
    cluster = ClusterMetadata()
    for tp, state in states.items():
        if state["leader"] is not None:
            told = SimpleNamespace(leader=state["leader"])
            cluster._partitions.setdefault(tp.topic, {})[tp.partition] = told
    one: Any = kind.__new__(kind)
    one._client = SimpleNamespace(cluster=cluster)
    one._records = {tp: Waits(s["waits"]) for tp, s in states.items() if s["waits"] is not None}
    one._in_flight, one._preferred_read_replica = busy, {}
    one._fetch_max_wait_ms = one._fetch_min_bytes = one._fetch_max_bytes = 1
    one._isolation_level, one._max_partition_fetch_bytes = 0, 7
    one._fetcher_timeout, one._client_rack = 0.2, None
    found = {
        tp: SimpleNamespace(
            position=s["position"], has_valid_position=s["position"] is not None,
            paused=s["paused"], resume_fut=tp,
        )
        for tp, s in states.items()
    }  # fmt: skip
    return one, SimpleNamespace(tps=frozenset(states), _tp_state=found, state_value=found.get)


def told(actions: Any) -> Any:
    """In an order of their own: aiokafka shuffles."""
    requests, resets, wait, missing, paused = actions
    asked = {
        node: {(topic, part) for topic, parts in request.topics for part in parts}
        for node, request in requests
    }
    return asked, {n: set(tps) for n, tps in resets.items()}, wait, missing, set(paused)


@given(situations())
def test_they_are_the_same(
    situation: tuple[States, set[int]],
) -> None:
    ours, assignment = made(Fetcher, *situation)
    stock, its = made(fetcher.Fetcher, *situation)
    actions = ours._get_actions_per_node(assignment)
    assert told(actions) == told(stock._get_actions_per_node(its))
    assert all(isinstance(request, FetchRequest) for _, request in actions[0])


def test_who_leads_is_asked_again_when_metadata_are_new() -> None:
    states: States = {PLACES[0]: {"leader": 1, "position": 5, "paused": False, "waits": None}}
    ours, assignment = made(Fetcher, states, {1})
    assert ours._get_actions_per_node(assignment)[0] == []
    told = SimpleNamespace(leader=2)
    ours._client.cluster._partitions = {PLACES[0].topic: {PLACES[0].partition: told}}
    ((node, _),) = ours._get_actions_per_node(assignment)[0]
    assert node == 2


@pytest.mark.parametrize("replica", [1, 2])
def test_a_follower_is_asked_as_aiokafka_does(replica: int) -> None:
    states: States = {PLACES[0]: {"leader": 1, "position": 5, "paused": False, "waits": None}}
    ours, assignment = made(Fetcher, states, set())
    ours._preferred_read_replica = {PLACES[0]: (replica, 1e12)}
    ours._client.cluster._brokers = {replica: SimpleNamespace()}
    ((node, _),) = ours._get_actions_per_node(assignment)[0]
    assert node == replica
