"""Procedures: how a fact becomes a colour, and who takes part.

A procedure that is not automatic has steps with a ``who``: the officers whose turn it is. The
first such step fills the form, the last one puts it into effect. A step without ``who`` is done
by a department or a machine and moves no order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fuma.domain.law.vocabulary import Words
from fuma.domain.time import DAY, HOUR, Ms

#: The steps that a procedure may be made of (DESIGN.md, authority).
STEP_NAMES = frozenset(
    {
        "report",
        "collate",
        "compare",
        "compile",
        "sign",
        "review",
        "countersign",
        "approve",
        "push",
    }
)
#: Who performs a step; ``reporter`` is whoever owns the evidence, ``officer`` whom ``who`` says.
ACTORS: dict[str, Words] = {
    "reporter": Words("报告部门", "the reporting department"),
    "taskforce": Words("大数据专班", "the big-data task force"),
    "public-security": Words("公安部门", "public security"),
    "platform": Words("健康码平台", "the code platform"),
    "officer": Words("经办人员", "an officer"),
}
#: Kinds of office.
OFFICES: dict[str, Words] = {
    "cdc": Words("疾控中心", "CDC"),
    "control-office": Words("防控办", "control office"),
    "command": Words("指挥部", "command"),
    "big-data-bureau": Words("大数据管理局", "big-data bureau"),
    "health-commission": Words("卫生健康委", "health commission"),
    "department": Words("政府部门", "government department"),
    "key-venue": Words("重点场所（机场、车站、隔离点）", "key venue (airport, station, isolation)"),
    "unit": Words("单位、小区、公共场所", "unit, compound or public venue"),
    "division-administration": Words("区划管理机构", "division administration"),
    "hotline": Words("12345热线", "12345 hotline"),
    "operator": Words("运营机构", "operator"),
}
#: Kind of office and role of those who run the platform: no rule can give them a part.
OPERATOR = "operator"
#: Levels of division, the highest first.
LEVELS: dict[str, Words] = {
    "province": Words("省级", "province"),
    "city": Words("市级", "city"),
    "county": Words("县级", "county"),
    "township": Words("乡镇街道级", "township"),
    "village": Words("村社区级", "village"),
}
#: What an account is for.
ROLES: dict[str, Words] = {
    "principal": Words("主要负责人", "principal officer"),
    "staff": Words("工作人员", "staff"),
    "conversion-staff": Words("转码人员", "conversion staff"),
    "division-administrator": Words("区划管理员", "division administrator"),
    "grid-administrator": Words("网格管理员", "grid administrator"),
    "collector": Words("采集员", "collector"),
    "operator": Words("运营人员", "operator"),
}
#: What a form must carry besides its lines.
PAPERS: dict[str, Words] = {
    "situation": Words("情况说明", "statement of the situation"),
    "risk": Words("潜在风险说明", "statement of the potential risk"),
    "evidence": Words("证明材料", "evidence"),
    "document": Words("文件编号与公开文本", "document number and published text"),
}


@dataclass(frozen=True, slots=True)
class Who:
    """Which officers: kinds of office, levels, roles; none named is any."""

    offices: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    def fits(self, office: str, level: str, role: str) -> bool:
        """Whether an officer of that role, in an office of that kind and level, is meant.

        Whoever operates the platform never is, however wide a rule is written: an account of that
        role in an office that a rule names without roles would else have its office's power.
        """
        if OPERATOR in (office, role):
            return False
        return (
            (not self.offices or office in self.offices)
            and (not self.levels or level in self.levels)
            and (not self.roles or role in self.roles)
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what is done, and by whom."""

    name: str
    actor: str
    title: Words
    who: Who | None = None
    within: Ms | None = None  # after the step before it; then it is overdue
    other_office: bool = False  # not by an office that took part before


@dataclass(frozen=True, slots=True)
class AccountRule:
    """Accounts of ``whom`` are opened and closed by ``by``, within ``by``'s own division."""

    whom: Who
    by: Who
    title: Words


@dataclass(frozen=True, slots=True)
class Bulk:
    """From ``count`` subjects within ``window`` on, only ``by`` puts into effect."""

    count: int
    window: Ms
    by: Who


@dataclass(frozen=True, slots=True)
class Returns:
    """Daily returns: who pushes an item, who reports to the province, and until when."""

    departments: tuple[str, ...]
    items: Who
    by: Who
    due: Ms  # since midnight in Asia/Shanghai; received before it is in time


@dataclass(frozen=True, slots=True)
class Procedure:
    """A version of a procedure. ``automatic``: the push follows by itself, nobody signs."""

    name: str
    version: int
    division: str  # GB/T 2260 prefix; "" is the nation
    begins: Ms
    until: Ms | None
    digest: bytes
    title: Words
    publisher: Words
    basis: Words
    automatic: bool
    grounds: tuple[str, ...]  # () for all
    steps: tuple[Step, ...]
    accounts: tuple[AccountRule, ...] = ()
    bulk: Bulk | None = None
    returns: Returns | None = None
    lift: Who | None = None
    annul: Who | None = None
    decide: Who | None = None  # appeals and complaints
    papers: tuple[tuple[str, tuple[str, ...]], ...] = ()  # ground -> what its form carries
    venue_within: Ms = DAY  # a key venue's line: the person was there so recently
    lapse: Ms = 7 * DAY  # a form that has not taken effect by then ends
    hold: Ms = 24 * HOUR  # a line whose fact is absent waits so long
    appeal: Ms = 24 * HOUR  # an appeal undecided goes one level up
    channel: bool = False  # lists travel only among admitted officers
    chain: tuple[Step, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "chain", tuple(s for s in self.steps if s.who is not None))

    def covers(self, ground: str) -> bool:
        """Whether it is the procedure for ``ground``."""
        return not self.grounds or ground in self.grounds

    def papers_of(self, ground: str) -> tuple[str, ...]:
        """What a form on ``ground`` must carry besides its lines."""
        return next((papers for word, papers in self.papers if word == ground), ())
