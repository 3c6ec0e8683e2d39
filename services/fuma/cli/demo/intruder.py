"""What somebody can do to Kafka and Redis from outside the services: no key file is used here.

The records are as good as an insider could make them: the right key, the right partition, a value
that decodes, the chain of the ledger. Only the message authentication cannot be made.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import redis
from confluent_kafka import KafkaError, Producer

from fuma.contracts import topics
from fuma.contracts.codec import encode
from fuma.contracts.decisions import FIRST, Cause, split
from fuma.contracts.facts import encode_feed, encode_person
from fuma.contracts.sealing import public_key, row_info, seal_row
from fuma.domain.codes import events as e
from fuma.domain.colour import Colour
from fuma.domain.time import DAY, Ms
from fuma.runtime.mac import MAC_HEADER, TIME_HEADER, pack_time
from fuma.runtime.ports import Outgoing


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of records at the broker: written, denied by it, or never let in."""

    written: int
    denied: int
    kept_out: int


def produce(config: Mapping[str, str], records: Sequence[Outgoing], patience: float = 4.0) -> Sent:
    """Write records with somebody's connection settings; never raises for what the broker says."""
    outcome = {"written": 0, "denied": 0}

    def delivered(error: KafkaError | None, message: object) -> None:
        if error is None:
            outcome["written"] += 1
        elif error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            outcome["denied"] += 1

    producer = Producer(
        {
            **config,
            "enable.idempotence": False,
            "message.timeout.ms": int(patience * 1_000),
            "log_level": 0,
            # A broker that refuses us is not worth a line on the demo's screen.
            "error_cb": lambda error: None,
        }
    )
    for r in records:
        try:
            producer.produce(
                r.topic, r.value, r.key, r.partition, delivered, headers=list(r.headers)
            )
        except BufferError:
            producer.poll(1)
    producer.flush(patience + 2)
    written, denied = outcome["written"], outcome["denied"]
    return Sent(written, denied, len(records) - written - denied)


def _record(topic: str, key: bytes, value: bytes, at: Ms) -> Outgoing:
    headers = ((MAC_HEADER, secrets.token_bytes(32)), (TIME_HEADER, pack_time(at)))
    return Outgoing(
        topic, topics.partition_for(key, topics.spec(topic).partitions), key, value, headers
    )


def false_fact(at: Ms) -> e.Fact:
    """A confirmed case that no department reported."""
    return e.Fact(
        secrets.token_bytes(16), secrets.token_bytes(32), e.FactKind.FINDING, "health", "4101",
        "confirmed", at, None, "diagnosis-report", secrets.token_bytes(32), e.Identity.MATCHED,
        (), at, secrets.token_bytes(64),
    )  # fmt: skip


def person_records(tags: Iterable[bytes], at: Ms) -> list[Outgoing]:
    """Facts put straight on the ``person`` topic."""
    return [_record(topics.PERSON, tag, encode_person(false_fact(at)), at) for tag in tags]


def feed_records(tags: Iterable[bytes], at: Ms) -> list[Outgoing]:
    """Facts put straight on a feed, as if the gateway had checked them."""
    topic = topics.feed_topic("health")
    return [_record(topic, tag, encode_feed(false_fact(at)), at) for tag in tags]


def ledger_records(tags: Iterable[bytes], at: Ms) -> list[Outgoing]:
    """Red decisions put straight on the ledger, each the first of its key."""
    made = []
    for tag in tags:
        fact = false_fact(at)
        law = e.LawRef("control-plan", 8, bytes(32), "automatic", 1, bytes(32), "confirmed")
        order = e.Order(
            secrets.token_bytes(16), fact.id, fact.ground, fact.department, fact.division,
            fact.evidence_kind, fact.evidence_ref, at, at,
            (e.Step(Colour.RED, at, at + 14 * DAY),), law,
        )  # fmt: skip
        segment = e.Segment(Colour.RED, at, at + 14 * DAY, (order.id,))
        decision = e.Decision(
            at, fact, law, (e.Effective(order),), e.Schedule(at, (segment,), (order,), None)
        )
        cause = Cause(fact.id, bytes(16), 0, 0, bytes(32), fact.content)
        value = split(decision, cause, 1, FIRST)[0]
        made.append(_record(topics.DECISIONS, tag, value, at))
    return made


def sealed_rows(department: str, lines: Sequence[bytes], gateway: bytes, at: Ms) -> list[Outgoing]:
    """Rows on a department's own topic, well sealed, by somebody who is not the department."""
    receipt = f"{department}-{secrets.token_hex(8)}"
    key, topic = public_key(gateway), topics.in_topic(department)
    made = []
    for row, line in enumerate(lines, 1):
        enc, sealed = seal_row(key, line, row_info(department, receipt, row))
        value = encode(
            "sealed-row",
            {
                "receipt": receipt, "kind": "row", "row": row, "declared": None,
                "enc": enc, "sealed": sealed,
            },
        )  # fmt: skip
        made.append(_record(topic, receipt.encode(), value, at))
    return made


def redis_write(client: redis.Redis, entries: Mapping[bytes, bytes]) -> tuple[int, str]:
    """Set keys, one after the other; how many were written, and what Redis said to the last."""
    written, said = 0, ""
    for key, value in entries.items():
        try:
            client.set(key, value)
            written += 1
        except redis.RedisError as error:
            said = str(error)
    return written, said
