"""``incidents`` values: what oversight found, and attempts that a service saw itself.

Version 1 had attempts only. Both versions stand on one topic for good and are read alike; the id
tells a repeat.
"""

from __future__ import annotations

from typing import Any

from fuma.contracts.codec import Wire, decode, encode
from fuma.domain.law.vocabulary import Words
from fuma.domain.watch.events import Incident

#: Attempts and failures that a service raises itself, beside the thing that it saw.
DIRECT: dict[str, Words] = {
    "forged-record": Words(
        "内部主题上出现无服务密钥者写入的记录", "a record that no service wrote"
    ),
    "forged-row": Words(
        "部门主题上出现无部门密钥者写入的行", "a row that no department vouched for"
    ),
    "not-law": Words("规则主题上出现不能成为规则的记录", "a record on law that is no law"),
    "forged-decision": Words(
        "决定账本上出现伪造记录", "a record on the ledger that is no decision"
    ),
    "ledger-held": Words(
        "一名持码人的账本中断，已冻结", "a subject's ledger does not follow: held"
    ),
}


def encode_incident(incident: Incident) -> bytes:
    """A value of ``incidents``, of a pattern."""
    officers = [p.officer or p.office for p in incident.parties if p.officer or p.office]
    one = incident.subjects[0].hex() if incident.subjects_count == 1 else ""
    return encode(
        "incident",
        {
            "id": incident.id,
            "at": incident.at,
            "code": incident.code,
            "actor": ", ".join(dict.fromkeys(officers)),
            "connection": "",
            "subject": one,
            "detail": incident.scope,
            "severity": incident.severity,
            "province": incident.province,
            "scope": incident.scope,
            "office": incident.office,
            "ground": incident.ground,
            "since": incident.since,
            "count": incident.count,
            "threshold": incident.threshold,
            "codes": list(incident.codes),
            "parties": [
                {"role": p.role, "person": p.person, "officer": p.officer, "office": p.office}
                for p in incident.parties
            ],
            "subjects": list(incident.subjects),
            "subjects_count": incident.subjects_count,
            "subjects_digest": incident.subjects_digest,
            "orders": list(incident.orders),
            "law": incident.law,
            "zh": incident.zh,
            "en": incident.en,
        },
    )


def decode_incident(data: bytes | None) -> dict[str, Any]:
    """A value of ``incidents`` as plain data, whichever version. Raises ``Poison``.

    Bytes are hex. ``severity``, ``zh`` and ``en`` are filled for what a service raised itself.
    """
    w: Wire = decode("incident", data)
    told: dict[str, Any] = {name: _plain(value) for name, value in w.items()}
    if not w["law"]:
        platform = Words("健康码平台被改动", "the code platform was changed by somebody else")
        words = DIRECT.get(w["code"], platform)
        told |= {"severity": "critical", "zh": words.zh, "en": words.en}
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value
