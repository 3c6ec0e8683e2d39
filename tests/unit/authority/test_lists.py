"""The list channel on the core: members only, each read a record."""

from __future__ import annotations

import hashlib

import pytest

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.time import DAY
from unit.authority.making import Province, found, h, hainan, refusal, xing

LIST = h("list")


@pytest.fixture
def p() -> Province:
    made = hainan()
    code = b"bureau"
    made.send("bureau-head", c.Invite(hashlib.sha256(code).digest(), "bureau-head"))
    made.send("bureau-head", c.Join(code))
    made.send("bureau-head", c.SetSeal(b"B" * 32))
    made.send("haikou-staff", c.SetSeal(b"H" * 32))
    return made


def post(*to: str, list: bytes = LIST, count: int = 120) -> c.PostList:
    return c.PostList(list, "4601", count, 1, b"d" * 32, to)


def test_a_member_posts_and_a_recipient_reads_and_each_read_is_recorded(p: Province) -> None:
    (posted,) = found(p.send("haikou-staff", post("bureau-head")), e.ListPosted)
    assert (posted.by.officer, posted.count) == ("haikou-staff", 120)
    for _ in range(2):
        (read,) = found(p.send("bureau-head", c.ReadList(LIST)), e.ListRead)
        assert (read.list, read.by.officer, read.at) == (LIST, "bureau-head", p.at)
    assert p.replayed() == p.state


@pytest.mark.parametrize(
    ("officer", "body", "code"),
    [
        ("haikou-head", post("bureau-head"), "not-admitted"),
        ("haikou-head", c.ReadList(LIST), "not-admitted"),
        ("operator", c.ReadList(LIST), "not-admitted"),
        ("haikou-head", c.SetSeal(b"X" * 32), "not-admitted"),
        ("haikou-staff", c.SetSeal(b"X"), "seal-wrong"),
        ("haikou-staff", post(), "recipient-not-admitted"),
        ("haikou-staff", post("haikou-head"), "recipient-not-admitted"),
        ("haikou-staff", post("sanya-staff"), "recipient-not-admitted"),  # told no key
        ("haikou-staff", post("bureau-head", count=0), "count-wrong"),
        ("haikou-staff", post("bureau-head", list=h("there")), "list-exists"),
        ("haikou-staff", c.ReadList(h("there")), "not-a-recipient"),
        ("haikou-staff", c.ReadList(h("nowhere")), "list-unknown"),
    ],
)
def test_who_may_not(p: Province, officer: str, body: c.Body, code: str) -> None:
    p.send("haikou-staff", post("bureau-head", list=h("there")))
    assert code in refusal(p.send(officer, body))
    assert not [x for events in p.ledger for x in found(events, e.ListRead)]


def test_a_closed_account_is_no_recipient(p: Province) -> None:
    p.send("bureau-head", c.CloseAccount("haikou-head", "x"))
    p.send("haikou-head", c.CloseAccount("haikou-staff", "x"))
    assert "haikou-staff" in p.state.members  # its opener was closed before: nothing happened
    p = hainan()
    p.send("haikou-staff", c.SetSeal(b"H" * 32))
    p.send("haikou-head", c.CloseAccount("haikou-staff", "left"))
    assert p.state.seals == {}
    assert p.replayed() == p.state


def test_lists_are_forgotten_when_their_bytes_are_gone(p: Province) -> None:
    p.send("haikou-staff", post("bureau-head"))
    p.pass_time(9 * DAY)
    assert p.state.lists == {}
    assert refusal(p.send("bureau-head", c.ReadList(LIST))) == ("list-unknown",)


def test_where_the_procedure_has_no_channel_there_is_none() -> None:
    p = xing()
    assert refusal(p.send("clerk", post("head"))) == ("no-channel",)
