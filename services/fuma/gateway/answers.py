"""Answers, gathered by sending and in the order of rows: ranges of accepted, faults of refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fuma.contracts.codec import encode
from fuma.contracts.faults import Fault
from fuma.contracts.topics import answers_topic, partition_for, spec
from fuma.gateway.intake import RUN_HEADER, Row
from fuma.runtime.mac import Sealer, pack_time
from fuma.runtime.ports import Outgoing

#: Faults in one record: keeps it well under what the broker takes.
_MOST = 400


@dataclass(slots=True)
class _Draft:
    row: Row
    accepted: list[dict[str, int]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    closed: bool = False
    code: str = ""


class Answers:
    """What is to be said after one chunk."""

    def __init__(self, sealers: Mapping[str, Sealer], *, simulated: bool) -> None:
        """``sealers``: each department's own, so that its client can tell who answered."""
        self._sealers = sealers
        self._simulated = simulated
        self._drafts: dict[tuple[str, str, bytes], list[_Draft]] = {}

    def _draft(self, row: Row) -> _Draft:
        drafts = self._drafts.setdefault(row.sending, [])
        if not drafts or len(drafts[-1].refused) >= _MOST or drafts[-1].closed:
            drafts.append(_Draft(row))
        return drafts[-1]

    def accepted(self, row: Row) -> None:
        """The row is on the feed."""
        draft = self._draft(row)
        if draft.accepted and draft.accepted[-1]["last"] + 1 == row.number:
            draft.accepted[-1]["last"] = row.number
        else:
            draft.accepted.append({"first": row.number, "last": row.number})
        draft.rows = max(draft.rows, row.number)

    def refused(self, row: Row, faults: Sequence[Fault], *, recorded: bool) -> None:
        """The row is refused; all its faults in one record."""
        draft = self._draft(row)
        draft.refused += [
            {
                "row": row.number,
                "field": one.field,
                "code": one.code,
                "zh": one.zh,
                "en": one.en,
                "recorded": recorded,
            }
            for one in faults
        ]
        draft.rows = max(draft.rows, row.number)

    def staged(self, row: Row, count: int) -> None:
        """Rows of a declared batch have come, nothing is decided."""
        draft = self._draft(row)
        draft.rows = max(draft.rows, count)

    def closed(self, row: Row, rows: int, code: str = "") -> None:
        """Nothing more follows under this sending; ``code``: why all of it was refused."""
        draft = self._draft(row)
        draft.rows, draft.closed, draft.code = max(draft.rows, rows), True, code

    def records(self) -> Iterator[Outgoing]:
        """The records to append."""
        for (department, receipt, run), drafts in self._drafts.items():
            topic = answers_topic(department)
            key = receipt.encode()
            partition = partition_for(key, spec(topic).partitions)
            for draft in drafts:
                value = encode(
                    "answer",
                    {
                        "receipt": receipt,
                        "accepted": draft.accepted,
                        "refused": draft.refused,
                        "closed": draft.closed,
                        "code": draft.code,
                        "rows": draft.rows,
                    },
                )
                time = pack_time(draft.row.at) if self._simulated else None
                headers = self._sealers[department].headers(topic, key, value, time=time)
                yield Outgoing(topic, partition, key, value, (*headers, (RUN_HEADER, run)))
