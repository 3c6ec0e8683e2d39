"""``exchange.<province>`` values: what other provinces are told of a decision, and who they are.

A pure function of the ledger record and the law that had begun by then, so that a record told again
goes to the same provinces in the same bytes. Who got an order may have changed by a newer text
since: what ends an order goes to every province that may have got it.
"""

from __future__ import annotations

from dataclasses import dataclass

from fuma.contracts.codec import Wire, decode, encode
from fuma.contracts.decisions import LedgerRecord
from fuma.contracts.topics import PROVINCES, exchange_topic
from fuma.domain.codes import events as e
from fuma.domain.colour import Colour
from fuma.domain.ids import derive
from fuma.domain.law.inforce import Law
from fuma.domain.watch.events import province_of


@dataclass(frozen=True, slots=True)
class Told:
    """One record for one province."""

    topic: str
    value: bytes


def office_of(province: str) -> str:
    """The liaison office that acknowledges for ``province``, in the issuer's accounts."""
    return f"province-{province}"


def recipients(law: Law, order: e.Order, at: int) -> tuple[str, ...]:
    """Offices of the provinces that get ``order`` when it takes effect at ``at``."""
    return tuple(office_of(one) for one in _hearing(law, order, at))


def _hearing(law: Law, order: e.Order, at: int) -> tuple[str, ...]:
    worst = max((step.colour for step in order.steps), default=Colour.GREEN)
    return _with_topic(law.recipients(order.division, at, worst))


def _with_topic(provinces: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in provinces if one in PROVINCES)


def exchanged(key: bytes, record: LedgerRecord, law: Law) -> list[Told]:
    """What the provinces are told of a record of ``decisions``; ``key``: its subject's tag."""
    known = {order.id: order for order in record.schedule.orders} if record.schedule else {}
    found: list[Told] = []
    for ordinal, event in enumerate(record.events):
        match event:
            case e.Effective(order):
                provinces = _hearing(law, order, record.at)
                fields = _of_order(order, "effective", "") if provinces else {}
            case e.Amended():
                order_ = known.get(event.order)
                place = order_.division if order_ else event.division
                provinces = _with_topic(law.ever_recipients(place, record.at))
                fields = (
                    _of_order(order_, "amended", event.code)
                    if order_
                    else _ended(event.order, "amended", event.code, event.ground, place)
                )
            case e.Lifted() | e.Annulled():
                kind = "lifted" if isinstance(event, e.Lifted) else "annulled"
                provinces = _with_topic(law.ever_recipients(event.division, record.at))
                fields = _ended(event.order, kind, event.code, event.ground, event.division)
            case _:
                continue
        for province in provinces:
            mark = derive(b"exchange", key, b"%d" % record.seq, b"%d" % ordinal, province.encode())
            frame: Wire = {
                "id": mark, "seq": record.seq, "at": record.at, "recipient": office_of(province),
            }  # fmt: skip
            found.append(Told(exchange_topic(province), encode("exchange", frame | fields)))
    return found


def _of_order(order: e.Order, kind: str, code: str) -> Wire:
    law, source = order.law, order.source
    return {
        "kind": kind,
        "issuer": province_of(order.division),
        "order": order.id,
        "form": source.order if source else b"",
        "line": source.line if source else 0,
        "ground": order.ground,
        "department": order.department,
        "division": order.division,
        "rule": f"{law.book}@{law.version}#{law.row}",
        "steps": [
            {"colour": s.colour.word, "since": s.since, "until": s.until} for s in order.steps
        ],
        "code": code,
    }


def _ended(order: bytes, kind: str, code: str, ground: str, division: str) -> Wire:
    return {
        "kind": kind, "issuer": province_of(division), "order": order, "form": b"", "line": 0,
        "ground": ground, "department": "", "division": division, "rule": "", "steps": [],
        "code": code,
    }  # fmt: skip


def decode_exchanged(data: bytes | None) -> Wire:
    """A value of ``exchange.<province>``, as the receiving province reads it. Raises ``Poison``."""
    return decode("exchange", data)


def topic_yaml(province: str) -> str:
    """The resource of a province's topic; a test holds ``topics/`` to it."""
    name = exchange_topic(province)
    return f"""# What province {province} is told of others' decisions. Recalls come here too.
apiVersion: kafka.strimzi.io/v1
kind: KafkaTopic
metadata:
  name: {name}
  labels:
    strimzi.io/cluster: fuma
  annotations:
    fuma.example/owner: "processor"
    fuma.example/key: "subject tag"
    fuma.example/schema: "exchange"
    fuma.example/producers: "processor"
    fuma.example/consumers: "province-{province}, auditor"
    fuma.example/dead-letter: ""
spec:
  topicName: {name}
  partitions: 8
  replicas: 1
  config:
    cleanup.policy: delete
    retention.ms: 7776000000
    retention.bytes: -1
    message.timestamp.type: LogAppendTime
"""
