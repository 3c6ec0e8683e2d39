"""The provinces of the order scenarios: offices and officers, each founded by the ceremony."""

from __future__ import annotations

import hashlib
from datetime import date

from fuma.domain.authority import commands as c
from fuma.domain.time import HOUR, day_start
from orderkit import Actors, Fact, office

NOON_2020 = day_start(date(2020, 6, 14)) + 12 * HOUR
NOON = day_start(date(2022, 6, 14)) + 12 * HOUR
XING = "141123"
HAIKOU, SANYA = "460105", "460202"


def henan(actors: Actors) -> None:
    """June 2020: the bureaus and departments of two cities."""
    reply = actors.found(
        "41",
        [
            office("zhengzhou-data", "big-data-bureau", "4101", "big-data"),
            office("luoyang-data", "big-data-bureau", "4103", "big-data"),
            office("zz-health", "department", "4101", "health"),
            office("zz-police", "department", "4101", "public-security"),
        ],
        [
            ("zz", "郑甲", "staff", "zhengzhou-data"),
            ("ly", "洛乙", "staff", "luoyang-data"),
            ("health", "卫丙", "staff", "zz-health"),
            ("police", "公丁", "staff", "zz-police"),
        ],
    )
    assert reply.status == "accepted", reply


def xing(actors: Actors) -> None:
    """Xing County with the offices above it."""
    actors.found(
        "14",
        [
            office("xing-control", "control-office", XING),
            office("other-control", "control-office", "141124"),
            office("xing-admin", "division-administration", XING),
            office("lvliang-health", "health-commission", "1411", "health"),
            office("shanxi-health", "health-commission", "14", "health"),
        ],
        [
            ("clerk", "张三", "staff", "xing-control"),
            ("head", "王五", "principal", "xing-control"),
            ("head-elsewhere", "孙七", "principal", "other-control"),
            ("reviewer", "李四", "staff", "lvliang-health"),
            ("reviewer-two", "王五", "staff", "lvliang-health"),
            ("assigner", "赵六", "staff", "shanxi-health"),
            ("admin", "周八", "division-administrator", "xing-admin"),
        ],
    )


def guangxi(actors: Actors) -> None:
    """Nanning's administrators of five levels, an airport, a mall."""
    actors.found(
        "45",
        [
            office("nanning", "command", "4501"),
            office("xingning", "division-administration", "450102"),
            office("street", "division-administration", "450102001"),
            office("village", "division-administration", "450102001001"),
            office("airport", "key-venue", "450102002"),
            office("mall", "unit", "450102"),
        ],
        [
            ("two", "南乙", "division-administrator", "nanning"),
            ("three", "南丙", "division-administrator", "xingning"),
            ("five", "南戊", "division-administrator", "village"),
            ("gate", "南己", "division-administrator", "airport"),
            ("grid", "南庚", "grid-administrator", "mall"),
            ("collector", "南辛", "collector", "mall"),
        ],
    )


def hainan(actors: Actors) -> None:
    """Two cities and the provincial bureau; whoever drafts is admitted to the channel by a code."""
    actors.found(
        "46",
        [
            office("haikou", "command", "4601"),
            office("sanya", "command", "4602"),
            office("bureau", "big-data-bureau", "46", "big-data"),
            office("hotline", "hotline", "46", "hotline"),
        ],
        [
            ("haikou-staff", "海甲", "conversion-staff", "haikou"),
            ("haikou-head", "海乙", "principal", "haikou"),
            ("sanya-staff", "海丙", "conversion-staff", "sanya"),
            ("sanya-head", "海丁", "principal", "sanya"),
            ("bureau-head", "海戊", "principal", "bureau"),
            ("operator", "海己", "operator", "bureau"),
            ("desk", "海庚", "staff", "hotline"),
        ],
    )
    for name in ("haikou-staff", "sanya-staff"):
        code = hashlib.sha256(name.encode()).hexdigest().encode()
        assert actors.say("bureau-head", c.Invite(hashlib.sha256(code).digest(), name)).codes == ()
        assert actors.say("sanya-head", c.Join(code)).codes == ("code-not-yours",)
        assert actors.say(name, c.Join(code)).status == "accepted"


def ningxia(actors: Actors) -> None:
    """A county's command and its city's; and who acknowledges for Shanxi, which hears of reds."""
    actors.found(
        "64",
        [
            office("county", "command", "640104"),
            office("city", "command", "6401"),
            office("province-14", "command", "64"),
        ],
        [
            ("liaison-14", "晋甲", "staff", "province-14"),
            ("nx-clerk", "宁甲", "staff", "county"),
            ("nx-head", "宁乙", "principal", "county"),
            ("nx-approver", "宁丙", "staff", "city"),
            ("nx-city", "宁丁", "principal", "city"),
        ],
    )


def provincial(actors: Actors) -> None:
    """The province where only the provincial big-data department converts."""
    actors.found(
        "99",
        [
            office("p-county", "command", "990101"),
            office("p-city", "command", "9901"),
            office("p-bureau", "big-data-bureau", "99", "big-data"),
        ],
        [
            ("p-county-head", "省甲", "principal", "p-county"),
            ("p-city-head", "省乙", "principal", "p-city"),
            ("p-city-staff", "省丙", "staff", "p-city"),
            ("p-bureau-staff", "省丁", "staff", "p-bureau"),
        ],
    )


def unreported(actors: Actors, count: int, home: str, seed: int) -> list[Fact]:
    """Facts that nobody reported, of people who are there."""
    people = actors.people(count, home, seed)
    return [
        Fact(p, "health", "//nowhere.example", f"{seed}-{n}", home) for n, p in enumerate(people)
    ]
