"""What the authority hears of its lines: every answer of ``codes``, and every later change.

An id follows from the ledger's key, the record's number and the place within it, so an answer that
is written again is the same command. Who got the decision goes with it: they are who a recall
reaches.
"""

from __future__ import annotations

from collections.abc import Iterator

from fuma.contracts.commandlog import outcome_value, province_key
from fuma.contracts.decisions import LedgerRecord
from fuma.contracts.errors import Poison
from fuma.contracts.provinces import recipients
from fuma.contracts.topics import COMMANDS
from fuma.domain.authority.commands import Outcome
from fuma.domain.codes import events as e
from fuma.domain.codes.linefold import named
from fuma.domain.ids import derive, digest
from fuma.domain.law.inforce import Law
from fuma.runtime.host_types import Emit

#: What an answer is to the authority. A suspension is its own, and answered by nobody else.
_STATUS = {
    "effective": "effective",
    "held": "held",
    "refused": "refused",
    "lifted": "lifted",
    "annulled": "annulled",
    "amended": "effective",  # it holds, by a newer law
    "ended": "lifted",  # by a newer law
}


def outcomes(key: bytes, record: LedgerRecord, law: Law) -> Iterator[Emit]:
    """The commands that follow from a ledger record. ``law``: who hears of a decision."""
    for ordinal, event in enumerate(record.events):
        if not isinstance(event, e.Answered) or event.status not in _STATUS:
            continue
        try:
            to = province_key(event.province)
        except Poison:  # a line that names no province: nobody is there to hear
            continue
        status, heard = _STATUS[event.status], _recipients(event, record, law)
        id = derive(b"outcome", key, b"%d" % record.seq, b"%d" % ordinal)
        content = digest(
            id, event.order, b"%d" % event.line, status.encode(), event.code.encode(),
            *(one.encode() for one in heard),
        )  # fmt: skip
        outcome = Outcome(event.order, event.line, status, event.code, heard)
        yield Emit(COMMANDS, to, outcome_value(event.province, id, content, outcome))


def _recipients(event: e.Answered, record: LedgerRecord, law: Law) -> tuple[str, ...]:
    if event.status != "effective":
        return ()
    orders = [x.order for x in record.events if isinstance(x, e.Effective)]
    orders += record.schedule.orders if record.schedule else ()
    for order in orders:
        source = order.source
        if source is not None and named(source) == named(event):
            return recipients(law, order, record.at)
    return ()
