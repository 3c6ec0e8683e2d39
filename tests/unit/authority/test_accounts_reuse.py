"""What an account's id or key was once, it stays: acts have one author for ever."""

from __future__ import annotations

from fuma.domain.authority import commands as c
from fuma.domain.ids import by_name
from unit.authority.making import h, refusal, xing


def test_an_id_or_key_that_had_an_owner_is_given_to_nobody_else() -> None:
    p = xing()
    asked = [
        (f"application {n}", c.Officer("second", "xing-control", "staff", h(person), person))
        for n, person in enumerate(("Wu", "Zheng"))
    ]
    for name, officer in asked:
        p.send("", c.Apply(h(name), officer, "for the lists"), key=f"key of {name}")
    taken = refusal(p.send("clerk", c.RotateKey("key of application 1")))
    assert taken == ("key-exists",), "what the applicant signs would count as the clerk's"
    first, second = (h(name) for name, _ in asked)
    assert refusal(p.send("admin", c.ReviewApplication(first, True, ""))) == ()
    assert refusal(p.send("admin", c.CloseAccount("second", "left"))) == ()
    again = p.send("admin", c.ReviewApplication(second, True, ""))
    assert refusal(again) == ("account-exists",), "two persons under one account's name"
    assert "second" not in p.state.officers


def test_an_account_is_a_persons_who_is_known_by_number() -> None:
    p = xing()
    officer = c.Officer("second", "xing-control", "staff", by_name(h("Wu")), "Wu")
    asked = p.send("", c.Apply(h("application"), officer, "for the lists"), key="a new key")
    assert refusal(asked) == ("need-missing",)
