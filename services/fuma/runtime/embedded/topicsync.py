"""Compares the declared topics with a broker's, and makes the broker's like them.

What can be changed is changed; what would change a record's meaning is refused: a partition count
is for life (a key's partition follows from it), and a topic is never deleted here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewTopic,
    ResourceType,
)

from fuma.contracts.errors import Fatal
from fuma.contracts.topics import TopicSpec

_TIMEOUT = 60.0
_OWN = ConfigSource.DYNAMIC_TOPIC_CONFIG  # given to this topic itself


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting of one topic: ``create``, ``alter``, ``refuse``, ``surplus`` or ``unknown``.

    ``surplus`` are partitions that somebody added: they cannot be taken back, no key belongs there,
    what stands on them becomes dead letters. ``unknown`` is a ``fuma.`` topic that nothing
    declares. Both are left alone.
    """

    topic: str
    action: str
    setting: str = ""
    declared: str = ""
    actual: str = ""

    def sentence(self) -> str:
        match self.action:
            case "create":
                return f"{self.topic}: not there, to be created ({self.declared} partitions)"
            case "unknown":
                return f"{self.topic}: on the broker, declared nowhere"
            case "surplus":
                return (
                    f"{self.topic}: {self.actual} partitions, declared {self.declared}; "
                    "keys keep to those declared"
                )
            case "refuse":
                return (
                    f"{self.topic}: {self.setting} is {self.actual}, declared {self.declared}; "
                    "never changed in place"
                )
        return f"{self.topic}: {self.setting} is {self.actual}, declared {self.declared}"


@dataclass(slots=True)
class Plan:
    """What differs. Empty when the broker is as declared."""

    differences: list[Difference] = field(default_factory=list)
    unchanged: int = 0

    def of(self, action: str) -> list[Difference]:
        return [d for d in self.differences if d.action == action]


def _clamped(spec: TopicSpec, brokers: int) -> TopicSpec:
    """``spec`` for a cluster that has fewer brokers than the replicas it asks for."""
    if spec.replicas <= brokers:
        return spec
    config = dict(spec.config)
    if "min.insync.replicas" in config:
        config["min.insync.replicas"] = str(min(int(config["min.insync.replicas"]), brokers))
    return replace(spec, replicas=brokers, config=config)


def _configs(client: AdminClient, names: list[str]) -> dict[str, dict[str, ConfigEntry]]:
    """Each topic's settings as the broker applies them, defaults included."""
    if not names:
        return {}
    asked = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    answers = client.describe_configs(asked, request_timeout=_TIMEOUT)
    return {resource.name: future.result(_TIMEOUT) for resource, future in answers.items()}


def plan(client: AdminClient, declared: Mapping[str, TopicSpec]) -> Plan:
    """Compare, without changing anything."""
    metadata = client.list_topics(timeout=_TIMEOUT)
    brokers = len(metadata.brokers)
    there = {n: t for n, t in metadata.topics.items() if n.startswith("fuma.")}
    common = sorted(set(there) & set(declared))
    configs = _configs(client, common)
    result = Plan()
    for name, raw in declared.items():
        spec = _clamped(raw, brokers)
        if name not in there:
            result.differences.append(Difference(name, "create", declared=str(spec.partitions)))
            continue
        found = list(_compare(spec, len(there[name].partitions), configs[name]))
        result.differences += found
        result.unchanged += not found
    result.differences += [Difference(n, "unknown") for n in sorted(set(there) - set(declared))]
    return result


def _compare(
    spec: TopicSpec, partitions: int, entries: Mapping[str, ConfigEntry]
) -> Iterable[Difference]:
    if partitions != spec.partitions:
        action = "surplus" if partitions > spec.partitions else "refuse"
        yield Difference(spec.name, action, "partitions", str(spec.partitions), str(partitions))
    actual = {k: str(e.value) for k, e in entries.items()}
    for key, value in spec.config.items():
        if actual.get(key) != value:
            yield Difference(spec.name, "alter", key, value, actual.get(key, "unset"))
    own = {k for k, e in entries.items() if ConfigSource(e.source) is _OWN}
    for key in sorted(own - set(spec.config)):
        yield Difference(spec.name, "alter", key, "", actual[key])


def apply(client: AdminClient, declared: Mapping[str, TopicSpec]) -> Plan:
    """Make the broker as declared; the plan that was carried out.

    Raises ``Fatal``, before changing anything, if something would have to be refused.
    """
    todo = plan(client, declared)
    refused = todo.of("refuse")
    if refused:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise Fatal(
            f"{refused[0].sentence()}{more}",
            "restore the declared count; more partitions are a new generation (DESIGN.md, 8)",
        )
    create = todo.of("create")
    if create:
        brokers = len(client.list_topics(timeout=_TIMEOUT).brokers)
        specs = [_clamped(declared[d.topic], brokers) for d in create]
        new = [
            NewTopic(s.name, s.partitions, replication_factor=s.replicas, config=dict(s.config))
            for s in specs
        ]
        made = client.create_topics(new, operation_timeout=_TIMEOUT, request_timeout=_TIMEOUT)
        _all_done(made)
    _alter(client, todo.of("alter"))
    return todo


def _alter(client: AdminClient, changes: list[Difference]) -> None:
    by_topic: dict[str, list[ConfigEntry]] = {}
    for d in changes:
        kind = AlterConfigOpType.SET if d.declared else AlterConfigOpType.DELETE
        entry = ConfigEntry(d.setting, d.declared or None, incremental_operation=kind)
        by_topic.setdefault(d.topic, []).append(entry)
    if by_topic:
        resources = [
            ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
            for name, entries in by_topic.items()
        ]
        _all_done(client.incremental_alter_configs(resources, request_timeout=_TIMEOUT))


def _all_done(futures: Mapping[Any, Future[Any]]) -> None:
    """Wait for every change; the first that failed is the error."""
    for what, future in futures.items():
        try:
            future.result(_TIMEOUT)
        except KafkaException as error:
            hint = "fuma topics plan shows what is left"
            raise Fatal(f"{what}: {error.args[0].str()}", hint) from error
