"""What ``codes`` says of a line after it took effect."""

from __future__ import annotations

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from unit.authority.making import Province, found, h, line, xing

XING = "141123"


def effective() -> Province:
    p = xing()
    p.draft("clerk", "form", [line(1, XING), line(2, XING)], XING)
    for officer, step in (("head", "sign"), ("reviewer", "review"), ("assigner", "approve")):
        p.act(officer, "form", step)
    p.hear(c.Outcome(h("form"), 0, "effective", "", ("province-41",), h("one")))
    return p


def test_a_line_whose_evidence_was_taken_back_is_annulled_and_its_recipients_recalled() -> None:
    p = effective()
    events = p.hear(c.Outcome(h("form"), 0, "annulled", "match-withdrawn", (), h("two")))
    (settled,) = found(events, e.LineSettled)
    assert (settled.status, settled.code) == ("annulled", "match-withdrawn")
    (recalled,) = found(events, e.Recalled)
    assert recalled.recipients == ("province-41",)
    assert p.replayed() == p.state


def test_a_line_that_a_department_lifted_stands_so_and_nobody_is_recalled() -> None:
    p = effective()
    events = p.hear(c.Outcome(h("form"), 0, "lifted", "released", (), h("two")))
    assert [type(x) for x in events] == [e.LineSettled]
    assert p.state.orders[h("form")].settled[0].status == "lifted"
    assert p.hear(c.Outcome(h("form"), 0, "lifted", "released", (), h("two"))) == []
