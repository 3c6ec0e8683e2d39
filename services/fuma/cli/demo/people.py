"""The made-up holders of a made-up province: numbers, names, homes; nothing about a real person.

A number is valid by GB 11643 (division, birth date, sequence, check character), so every door
treats it as a real one. Every birth date lies in the nineteenth century: no number here can be
that of a person alive. The same seed and count give the same people, in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

#: Weights and check characters of GB 11643 (ISO 7064 MOD 11-2).
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_FIRST_BIRTH = date(1830, 1, 1)
_BIRTH_DAYS = (date(1899, 12, 31) - _FIRST_BIRTH).days

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史"
)
_COMPOUND = ("欧阳", "司马", "上官", "诸葛", "慕容", "尉迟")
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国志文斌海波云飞春生兴"
    "德福荣贵祥瑞安康宁和思雨欣怡子涵梓轩浩宇晨曦若水清源书琴墨竹松柏青山远航立新立业"
)


@dataclass(frozen=True, slots=True)
class Person:
    """One holder. ``home`` is the six-digit division where the person lives."""

    number: str
    name: str
    home: str


def check_character(first17: str) -> str:
    """The eighteenth character of a GB 11643 number."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True))
    return _CHECKS[total % 11]


def spoilt(number: str) -> str:
    """The number with a check character that does not fit: nobody's."""
    wrong = _CHECKS[(_CHECKS.index(number[17]) + 1) % 11]
    return number[:17] + wrong


def holders(
    count: int,
    seed: int,
    homes: Sequence[str],
    elsewhere: Sequence[str] = (),
    taken: set[str] | None = None,
) -> Iterator[Person]:
    """``count`` people living in ``homes`` (six-digit divisions), every number once.

    Numbers in ``taken`` (17 digits, added to) are passed over. One in eleven has a number issued
    in a division of ``elsewhere``: its prefix is where it was issued, not where its holder is.
    """
    random = Random(f"fuma holders {seed}")
    taken = set() if taken is None else taken
    made = 0
    while made < count:
        home = random.choice(homes)
        issued = random.choice(elsewhere) if elsewhere and random.random() < 1 / 11 else home
        born = _FIRST_BIRTH + timedelta(days=random.randrange(_BIRTH_DAYS))
        first17 = f"{issued}{born:%Y%m%d}{random.randrange(1, 1000):03d}"
        if first17 in taken:
            continue
        taken.add(first17)
        made += 1
        yield Person(first17 + check_character(first17), _name(random), home)


def another_name(name: str) -> str:
    """A name that is not ``name``: as a clerk mistypes it."""
    return name[:-1] + ("某" if name[-1] != "某" else "甲")


def _name(random: Random) -> str:
    surname = random.choice(_COMPOUND) if random.random() < 0.01 else random.choice(_SURNAMES)
    given = random.choice(_GIVEN)
    if random.random() < 0.75:
        given += random.choice(_GIVEN)
    return surname + given
