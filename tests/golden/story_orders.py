"""What a golden history's provinces are told: forms, bulk, relief, returns, and what is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from fuma.contracts import commandlog
from fuma.domain.authority import commands as c
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY, HOUR, MINUTE, Ms, day_of
from golden.making import Input
from unit.authority.making import WORLD, h, line, office
from unit.authority.rig import PUBLIC, Signer, founding, key_id, xing_founding

XING = "141123"


def inputs() -> list[Input]:
    """Every province's, by log time."""
    told = [*_xing(), *_hainan(), *_henan()]
    return sorted(told, key=lambda one: one.at)


class _Teller:
    """A province's officers, and what was told so far."""

    def __init__(self, province: str, at: str) -> None:
        self.signer = Signer(province, instant(at))
        self.key = province.encode()
        self.told: list[Input] = []
        self.forms: dict[str, c.Draft] = {}
        self.outcomes = 0

    @property
    def at(self) -> Ms:
        return self.signer.at

    def value(self, value: bytes) -> None:
        self.told.append(Input(self.at, self.key, value))

    def envelopes(self, *envelopes: bytes) -> None:
        for one in envelopes:
            self.value(commandlog.signed_value(one))

    def say(self, officer: str, body: c.Body) -> None:
        self.envelopes(self.signer.sign(officer, body))

    def tick(self, span: Ms) -> None:
        self.signer.at += span
        self.value(commandlog.tick_value(self.signer.province, self.at))

    def form(
        self, officer: str, name: str, lines: Sequence[c.Line], division: str, **fields: str
    ) -> list[bytes]:
        """Drafted; its pages are still to be sent."""
        self.forms[name], (draft, *pages) = self.signer.form(
            officer, name, lines, division, **fields
        )
        self.envelopes(draft)
        return pages

    def act(self, officer: str, name: str, step: str) -> None:
        self.say(officer, c.Act(h(name), step, self.forms[name].content()))

    def outcome(
        self, name: str, number: int, status: str, code: str = "", to: tuple[str, ...] = ()
    ) -> None:
        self.outcomes += 1
        id = h(f"outcome {self.outcomes}")
        item = c.Outcome(h(name), number, status, code, to)
        self.value(commandlog.outcome_value(self.signer.province, id, id * 2, item))


def _xing() -> list[Input]:
    """A county's list of two pages through its chain, under two editions of the national plan."""
    t = _Teller("14", "2022-06-24T12:00:00+08:00")
    t.say("clerk", c.Withdraw(h("x"), "before there is anything"))
    more = (
        ("chief", "Wu", "staff", "shanxi-health"),
        ("admin", "Zhou", "division-administrator", "xing-admin"),
    )
    t.envelopes(xing_founding(at=t.at, more=more), xing_founding(at=t.at, more=more))
    # accounts
    for name, person in (("new", "New"), ("nobody", "Nobody")):
        officer = c.Officer(name, "xing-control", "staff", h(person), name)
        t.say(name, c.Apply(h(f"application {name}"), officer, "needed"))
    t.say("clerk", c.ReviewApplication(h("application new"), True, ""))
    t.say("admin", c.ReviewApplication(h("application new"), True, ""))
    t.say("admin", c.ReviewApplication(h("application nobody"), False, "not needed"))
    # the form
    lines = [line(n, XING) for n in range(205)] + [line("elsewhere", "1401")]
    first, second = t.form("clerk", "big", lines, XING)
    t.envelopes(first)
    t.act("head", "big", "sign")
    t.envelopes(second, second)
    t.value(b"junk")
    t.value(commandlog.tick_value("41", t.at))
    altered = bytearray(t.signer.sign("head", c.Reject(h("big"), "altered on its way")))
    altered[altered.index(b'"sig":"') + 10] ^= 1
    t.envelopes(bytes(altered))
    t.say("reviewer", c.Act(h("big"), "review", t.forms["big"].content()))
    t.say("clerk", c.Act(h("big"), "sign", t.forms["big"].content()))
    t.say("head", c.Act(h("big"), "sign", bytes(32)))
    for officer, step in (("head", "sign"), ("reviewer", "review"), ("assigner", "approve")):
        t.tick(MINUTE)
        t.act(officer, "big", step)
    t.outcome("big", 0, "held", "fact-absent")
    t.outcome("big", 0, "effective", "", ("platform",))
    t.outcome("big", 1, "held", "fact-absent")
    t.outcome("big", 2, "refused", "root-differs")
    t.outcome("big", 4, "effective", "", ("platform", "reviewer"))
    t.outcome("nowhere", 0, "effective")
    # a form that waits for its review: overdue, brought one level up, and lapsed in the end
    t.envelopes(*t.form("clerk", "late", [line("late", XING)], XING))
    t.act("head", "late", "sign")
    t.tick(3 * HOUR)
    t.envelopes(*t.form("clerk", "rejected", [line("r", XING)], XING))
    t.say("head", c.Reject(h("rejected"), "no isolation record"))
    # relief
    t.say("assigner", c.Lift(h("big"), (3, 4), b""))
    t.say("assigner", c.Lift(h("big"), (3, 4), h("negative")))
    t.say("assigner", c.Annul(h("big"), (4,), "by one of its chain"))
    t.say("chief", c.Annul(h("big"), (4,), "never valid"))
    t.say("head", c.FileCase(h("appeal"), "appeal", h("big"), 5, XING, "", h("why") * 2))
    t.tick(DAY)
    t.tick(DAY)
    t.tick(2 * DAY)  # the 9th edition is in force
    t.say("admin", c.CloseAccount("new", "moved"))
    for _ in range(3):
        t.tick(7 * DAY)
    t.tick(200 * DAY)  # and what is long ended is forgotten
    t.say("clerk", c.Draft(h("big"), XING, "close-contact", 2, 1, bytes(32), t.at, None))
    return t.told


def _hainan() -> list[Input]:
    """Bulk of two cities, the channel, an appeal that is decided, and a recall."""
    t = _Teller("46", "2022-06-14T12:00:00+08:00")
    t.envelopes(
        founding(
            "46",
            [
                office("haikou", "command", "4601"),
                office("sanya", "command", "4602"),
                office("bureau", "big-data-bureau", "46", "big-data"),
                office("hotline", "hotline", "46", "hotline"),
            ],
            [
                ("haikou-staff", "A", "conversion-staff", "haikou"),
                ("haikou-head", "C", "principal", "haikou"),
                ("sanya-staff", "D", "conversion-staff", "sanya"),
                ("sanya-head", "E", "principal", "sanya"),
                ("bureau-head", "F", "principal", "bureau"),
                ("operator", "G", "operator", "bureau"),
                ("desk", "H", "staff", "hotline"),
            ],
            t.at,
        )
    )
    for name in ("haikou-staff", "sanya-staff", "bureau-head"):
        code = name.encode()
        t.say("bureau-head", c.Invite(hashlib.sha256(code).digest(), name))
        t.say(name, c.Join(b"guessed"))
        t.say(name, c.Join(code))
    t.say("bureau-head", c.SetSeal(b"B" * 32))
    t.say("haikou-staff", c.PostList(h("list"), "4601", 120, 1, b"d" * 32, ("bureau-head",)))
    t.say("bureau-head", c.ReadList(h("list")))
    t.say("operator", c.ReadList(h("list")))

    def signed(city: str, name: str, lines: list[c.Line]) -> None:
        division = {"haikou": "4601", "sanya": "4602"}[city]
        t.envelopes(*t.form(f"{city}-staff", name, lines, division))
        t.act(f"{city}-head", name, "sign")

    bare = c.Line(h("bare"), "460105", b"", h("index case") * 2, h("a reporter"))
    signed("haikou", "small", [*(line(n, "460105") for n in range(4)), bare])
    for n in range(4):
        t.outcome("small", n, "effective", "", ("sanya", "platform"))
    # 4 + 60 + 40: one batch over two cities
    signed("haikou", "part", [line(f"p{n}", "460105") for n in range(60)])
    signed("sanya", "rest", [line(f"q{n}", "460202") for n in range(40)])
    t.say("sanya-head", c.ReleaseBulk(h("rest"), t.forms["rest"].content()))
    t.say("operator", c.ReleaseBulk(h("rest"), t.forms["rest"].content()))
    t.tick(MINUTE)
    t.say("bureau-head", c.ReleaseBulk(h("rest"), t.forms["rest"].content()))
    t.outcome("rest", 0, "effective", "", ("platform",))
    signed("sanya", "held", [line("held", "460202")])
    t.say("sanya-staff", c.Withdraw(h("held"), "wrong list"))
    # relief
    t.say("desk", c.FileCase(h("appeal"), "appeal", h("small"), 0, "4601", "", h("text") * 2))
    t.say("desk", c.FileCase(h("12345"), "complaint", b"", 0, "4601", "command", h("said") * 2))
    t.say("bureau-head", c.AssignCase(h("appeal"), "haikou-head"))
    t.say("bureau-head", c.AssignCase(h("appeal"), "bureau-head"))
    t.say("bureau-head", c.DecideCase(h("appeal"), "overturned", " "))
    t.say("bureau-head", c.DecideCase(h("appeal"), "overturned", "no isolation"))
    t.say("haikou-head", c.AcknowledgeRecall(h("small"), "sanya"))
    t.say("sanya-head", c.AcknowledgeRecall(h("small"), "sanya"))
    t.tick(DAY)
    t.say("bureau-head", c.AssignCase(h("12345"), "haikou-head"))
    t.say("haikou-head", c.DecideCase(h("12345"), "founded", "misused"))
    t.say("haikou-head", c.Lift(h("small"), (), h("negative tests")))
    t.say("bureau-head", c.Annul(h("part"), (), "depositors"))
    # accounts and keys
    t.say("bureau-head", c.OpenOffice(office("qionghai", "command", "469002")))
    t.say("bureau-head", c.OpenOffice(office("danzhou", "command", "4604")))
    t.say("bureau-head", c.CloseOffice("danzhou", "opened in error"))
    t.say("bureau-head", c.RotateKey(key_id("bureau-head, second")))
    t.say("bureau-head", c.CloseAccount("sanya-staff", "with the old key"))
    t.say("bureau-head, second", c.CloseAccount("sanya-staff", "left"))
    t.say("bureau-head, second", c.RevokeKey(key_id("sanya-head"), "lost"))
    t.say("sanya-head", c.Withdraw(h("rest"), "with a key that ended"))
    t.tick(MINUTE)
    return t.told


def _henan() -> list[Input]:
    """The returns of a day in 2020: one city in time, one not at all."""
    t = _Teller("41", "2020-06-14T12:00:00+08:00")
    t.envelopes(
        founding(
            "41",
            [
                office("zhengzhou-data", "big-data-bureau", "4101", "big-data"),
                office("luoyang-data", "big-data-bureau", "4103", "big-data"),
                office("zz-health", "department", "4101", "health"),
                office("zz-police", "department", "4101", "public-security"),
            ],
            [
                ("zz", "A", "staff", "zhengzhou-data"),
                ("ly", "B", "staff", "luoyang-data"),
                ("health", "C", "staff", "zz-health"),
                ("police", "D", "staff", "zz-police"),
            ],
            t.at,
        )
    )
    day = day_of(t.at)
    t.tick(MINUTE)
    t.say("health", c.PushItem("health", day, 16_000, 159, b"q" * 32))
    t.say("zz", c.CityReturn(day, (("health", b"q" * 32),)))
    t.say("health", c.PushItem("health", day, 16_000, 16_000, b"h" * 32))
    t.say("police", c.PushItem("public-security", day, 0, 0, b"p" * 32))
    t.say("police", c.PushItem("health", day, 1, 1, b"x" * 32))
    items = (("health", b"h" * 32), ("public-security", b"p" * 32))
    t.say("zz", c.CityReturn(day, items))
    t.tick(6 * HOUR)
    t.say("health", c.PushItem("health", day, 16_001, 16_001, b"i" * 32, True))
    t.say("ly", c.CityReturn(day, ()))
    t.tick(HOUR)
    return t.told


__all__ = ["PUBLIC", "WORLD", "inputs"]
