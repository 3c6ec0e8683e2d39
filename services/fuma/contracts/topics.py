"""Topics as code: ``topics/*.yaml``, Strimzi ``KafkaTopic`` resources (``kafka.strimzi.io/v1``).

The annotations say what Strimzi has no field for: who owns a topic, what its key is, which schema
subject its values have, which users write and read it, and where its dead letters go. The ACLs of
the embedded broker are made from them, so a folder that is wrong is a stack that does not work.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from fuma.contracts.errors import Fatal
from fuma.contracts.murmur import murmur2 as murmur2
from fuma.contracts.murmur import partition_for as partition_for
from fuma.contracts.resources import root

API_VERSION = "kafka.strimzi.io/v1"
PREFIX = "fuma.example/"
ANNOTATIONS = ("owner", "key", "schema", "producers", "consumers", "dead-letter")

DEPARTMENTS = (
    "health",
    "public-security",
    "transport",
    "human-resources",
    "education",
    "communications",
    "customs",
    "command",
    "townships",
)

#: Provinces that ``rules/`` has a folder for, and so hear of others' decisions.
PROVINCES = ("14", "41", "45", "46", "64")

LAW = "fuma.law"
IN_COMMANDS = "fuma.in.commands"
CHANNEL = "fuma.channel"
COMMANDS = "fuma.commands"
ORDERS = "fuma.orders"
REPLIES = "fuma.replies"
PRESENCE = "fuma.presence"
ITINERARY = "fuma.itinerary"
PERSON = "fuma.person"
DECISIONS = "fuma.decisions"
NOTICES = "fuma.notices"
INCIDENTS = "fuma.incidents"
SIGNALS = "fuma.signals"


def in_topic(department: str) -> str:
    """Where a department writes its sealed rows."""
    return f"fuma.in.{department}"


def answers_topic(department: str) -> str:
    """Where the gateway answers a department, row by row."""
    return f"fuma.answers.{department}"


def feed_topic(department: str) -> str:
    """Where the gateway puts a department's checked rows."""
    return f"fuma.feed.{department}"


def exchange_topic(province: str) -> str:
    """Where a province reads what others decided."""
    return f"fuma.exchange.{province}"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as declared.

    ``schema`` is the schema subject, ``None`` where values are other topics' original bytes.
    ``dead_letter`` is the topic for what cannot be read, ``None`` where nobody has to.
    """

    name: str
    partitions: int
    replicas: int
    config: Mapping[str, str]
    owner: str
    key: str
    schema: str | None
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    dead_letter: str | None
    file: Path

    @property
    def permanent(self) -> bool:
        """Never expires: part of the log that an auditor rebuilds from."""
        return self.config.get("retention.ms") == "-1" and not self.is_dead_letter

    @property
    def is_dead_letter(self) -> bool:
        return self.name.startswith("fuma.dlq.")


def _words(text: str) -> tuple[str, ...]:
    return tuple(w.strip() for w in text.split(",") if w.strip())


def _text(value: Any) -> str:
    """A config value as the broker writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _spec(document: Mapping[str, Any], path: Path) -> TopicSpec:
    try:
        if document["apiVersion"] != API_VERSION or document["kind"] != "KafkaTopic":
            raise Fatal(f"{path}: not a {API_VERSION} KafkaTopic", "see topics/fuma.law.yaml")
        metadata, spec = document["metadata"], document["spec"]
        notes = {n: str(metadata["annotations"][PREFIX + n]) for n in ANNOTATIONS}
        return TopicSpec(
            name=spec["topicName"],
            partitions=int(spec["partitions"]),
            replicas=int(spec["replicas"]),
            config={k: _text(v) for k, v in spec["config"].items()},
            owner=notes["owner"],
            key=notes["key"],
            schema=notes["schema"] or None,
            producers=_words(notes["producers"]),
            consumers=_words(notes["consumers"]),
            dead_letter=notes["dead-letter"] or None,
            file=path,
        )
    except (KeyError, TypeError, ValueError) as error:
        hint = f"annotations: {', '.join(PREFIX + a for a in ANNOTATIONS)}"
        raise Fatal(f"{path}: {type(error).__name__} {error}", hint) from error


def load(folder: Path) -> dict[str, TopicSpec]:
    """Every topic of a folder, by name, in the order of names."""
    specs: dict[str, TopicSpec] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            documents = [d for d in yaml.safe_load_all(path.read_text("utf-8")) if d is not None]
        except yaml.YAMLError as error:
            raise Fatal(f"{path}: {error}", "it is not YAML") from error
        for document in documents:
            spec = _spec(document, path)
            if spec.name in specs:
                raise Fatal(f"{path}: {spec.name} is also in {specs[spec.name].file}")
            specs[spec.name] = spec
    if not specs:
        raise Fatal(f"{folder}: no topics", "set FUMA_TOPICS to the folder that has them")
    return dict(sorted(specs.items()))


@cache
def topics() -> Mapping[str, TopicSpec]:
    """The deployment's own: ``FUMA_TOPICS``, else ``topics/`` of the checkout. Read once."""
    named = os.environ.get("FUMA_TOPICS")
    return load(Path(named) if named else root() / "topics")


def spec(name: str) -> TopicSpec:
    """One declared topic. Raises ``Fatal`` if it is not declared."""
    try:
        return topics()[name]
    except KeyError:
        raise Fatal(f"{name}: not declared in topics/", "add its YAML file") from None


def feeds() -> list[str]:
    """The feed topics, in the departments' order."""
    return [feed_topic(d) for d in DEPARTMENTS]


def all_principals(specs: Iterable[TopicSpec]) -> set[str]:
    """Every user that some topic names."""
    return {user for s in specs for user in (*s.producers, *s.consumers)}
