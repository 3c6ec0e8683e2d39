"""What follows from the ledger of orders: lines, their ends, replies; from each record alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fuma.contracts.decisions import Cause
from fuma.contracts.errors import Poison
from fuma.contracts.facts import decode_person
from fuma.contracts.orders import decode_order, split
from fuma.contracts.replies import NO_COMMAND, decode_reply
from fuma.contracts.signals import decode_signal
from fuma.contracts.topics import ORDERS, PERSON, REPLIES, SIGNALS
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.codes import inputs as i
from fuma.domain.colour import Colour
from fuma.domain.ids import derive
from fuma.domain.time import DAY
from fuma.processor.outbox_orders import OrdersOutbox
from fuma.runtime.host_types import Emit
from fuma.runtime.ports import LogRecord
from unit.authority.making import NOON, Province, h, line, xing

CAUSE = Cause(h("cause"), h("topic"), 0, 7, bytes(32), bytes(32))
XING = "141123"


def values(events: list[e.Event], seq: int = 1) -> list[bytes]:
    return split(events, NOON, CAUSE, seq, bytes(32))


def emitted(*written: bytes, offset: int = 0, alarms: list[str] | None = None) -> list[Emit]:
    outbox = OrdersOutbox(lambda kind, what: (alarms if alarms is not None else []).append(kind))
    outbox.opened(ORDERS, 0)
    return [
        emit
        for n, value in enumerate(written)
        for emit in outbox.transform(LogRecord(ORDERS, 0, offset + n, NOON, b"14", value, ()))
    ]


def persons(emits: list[Emit]) -> list[tuple[bytes, Any]]:
    return [(x.key, decode_person(x.value)) for x in emits if x.topic == PERSON]


def told(emits: list[Emit]) -> list[Any]:
    found = [decode_reply(x.value) for x in emits if x.topic == REPLIES]
    assert [r.key.encode() for r in found] == [x.key for x in emits if x.topic == REPLIES]
    return found


def approved(count: int) -> tuple[Province, list[e.Event]]:
    p = xing()
    p.draft("clerk", "form", [line(n, XING) for n in range(count)], XING)
    p.act("head", "form", "sign")
    p.act("reviewer", "form", "review")
    return p, p.act("assigner", "form", "approve")


def test_every_line_of_an_order_in_effect_goes_to_its_subject_with_the_whole_chain() -> None:
    p, events = approved(401)
    written = values(events)
    assert len(written) > 1, "more than one record"
    found = persons(emitted(*written))
    assert [key for key, _ in found] == [h(f"subject {n}") for n in range(401)]
    _, last = found[-1]
    assert isinstance(last, i.Line)
    assert last.id == derive(b"line", b"14", h("form"), b"400", h("subject 400"))
    assert (last.order, last.line, last.province, last.colour) == (
        h("form"), 400, "14", Colour.RED
    )  # fmt: skip
    assert (last.fact, last.reporter, last.root) == (
        h("fact 400"), h("a reporter"), h("index case") * 2
    )  # fmt: skip
    assert [(a.officer, a.step) for a in last.chain] == [
        ("clerk", "compile"), ("head", "sign"), ("reviewer", "review"), ("assigner", "approve"),
    ]  # fmt: skip
    order = p.state.orders[h("form")]
    assert (last.since, last.until) == (NOON, order.until)
    assert (last.book, last.book_version) == order.book
    assert len({item.content for _, item in found}) == 401


def test_it_is_the_same_bytes_again_and_any_record_alone_is_enough() -> None:
    _, events = approved(401)
    written = values(events)
    once = emitted(*written)
    assert emitted(*written, offset=99) == once
    assert [x for value in written for x in emitted(value)] == once
    assert emitted(*written, *written) == once, "repeats are dropped"


def test_a_line_lifted_and_then_annulled_ends_twice_and_each_end_names_its_actor() -> None:
    p, _ = approved(3)
    lifted = values(p.send("assigner", c.Lift(h("form"), (1,), h("negative"))))
    annulled = values(p.send("assigner", c.Annul(h("form"), (1,), "never")), 2)
    # The assigner signed: she may lift, and may not annul her own.
    assert not persons(emitted(*annulled))
    ends = persons(emitted(*lifted))
    ((key, end),) = ends
    assert (key, end.how, end.by.officer) == (h("subject 1"), i.End.LIFTED, "assigner")
    again = e.LinesEnded(
        h("form"), "annulled", "never-valid", NOON, e.NOBODY, (e.LineRef(1, h("subject 1")),)
    )
    ((_, other),) = persons(emitted(*values([again], 9)))
    assert other.how is i.End.ANNULLED
    assert other.id != end.id


def test_an_appeal_without_evidence_rests_the_line() -> None:
    p, _ = approved(1)
    p.send("clerk", c.FileCase(h("appeal"), "appeal", h("form"), 0, XING, "", h("why")))
    events = p.pass_time(DAY)
    emits = emitted(*values(events))
    ((key, end),) = persons(emits)
    assert (key, end.how) == (h("subject 0"), i.End.SUSPENDED)
    late = [r for r in told(emits) if r.type == "case"]
    assert [(r.status, r.key, r.command) for r in late] == [("overdue", "key clerk", NO_COMMAND)]


def test_the_signer_reads_what_became_of_it_and_the_next_one_that_it_is_their_turn() -> None:
    p = xing()
    p.draft("clerk", "form", [line(1, XING)], XING)
    emits = emitted(*values(p.act("head", "form", "sign")))
    replies = told(emits)
    assert [(r.key, r.status, r.type) for r in replies] == [
        ("key head", "accepted", "order.act.v1"),
        ("key reviewer", "turn", "review"),
    ], "not to the signer's own second account"
    (refused,) = told(emitted(*values(p.act("clerk", "form", "review"))))
    assert (refused.status, refused.about) == ("refused", h("form"))
    assert "not-your-step" in refused.codes
    assert any(x.topic == SIGNALS for x in emitted(*values(p.act("clerk", "form", "review"))))


def test_a_forgery_is_told_to_nobody() -> None:
    p = xing()
    forged = p.hear(c.Forged(h("id"), h("d") * 2, "key head", "bad-signature", "14"))
    assert told(emitted(*values(forged))) == []


def test_oversight_hears_of_every_line_that_was_refused_however_many_records_it_takes() -> None:
    p = xing()
    people = [replace(line(n, XING), fact=b"" if n else h("fact")) for n in range(2_001)]
    p.draft("clerk", "form", people, XING)
    last = p.ledger[-1]  # of the last page
    written = values(last)
    assert len(written) > 2
    signals = [decode_signal(x.value) for x in emitted(*written) if x.topic == SIGNALS]
    refused = [one for one in signals if one.kind == "refused"]
    assert {one.codes for one in refused} == {("no-evidence",)}
    assert sum(one.count for one in refused) == 2_000


def test_a_gap_and_a_fork_alarm() -> None:
    alarms: list[str] = []
    tick = [e.Ticked(NOON)]
    emitted(*values(tick), *values([e.Ticked(NOON + 1)]), *values(tick, 3), alarms=alarms)
    assert alarms == ["forked", "skipped"]


def test_what_is_no_record_is_poison() -> None:
    with pytest.raises(Poison):
        emitted(b"junk")


def test_a_decision_in_parts_is_one_chain_and_no_event_is_lost() -> None:
    _, events = approved(1_000)
    written = values(events, 5)
    records = [decode_order(value) for value in written]
    assert [r.seq for r in records] == list(range(5, 5 + len(records)))
    assert {r.parts for r in records} == {len(records)}
    assert [x for r in records for x in r.events] == events
    assert max(map(len, written)) < 45_000


@pytest.mark.parametrize("change", [{"colour": 1_655_168_400_000}, {"colour": -1}, {"steps": ()}])
def test_an_order_that_nobody_could_have_issued_is_poison(change: dict[str, Any]) -> None:
    """Found by the poison test: a number that is no colour stopped the stage."""
    _, events = approved(1)
    wrong = [replace(one, **change) if isinstance(one, e.Issued) else one for one in events]
    assert wrong != events
    with pytest.raises(Poison, match="could have been issued"):
        emitted(*values(wrong))
