"""What reached a person, as one sentence in Chinese and one in English. No identity is in it."""

from __future__ import annotations

from fuma.domain.codes.inputs import Amend, End, Fact, FactKind, Input, Line, LineEnd, MatchFact
from fuma.domain.codes.saying import (
    COLOURS_EN,
    chain_words,
    department_words,
    evidence_words,
    ground_words,
    line_words,
    when,
)
from fuma.domain.law.vocabulary import Words
from fuma.domain.time import Ms

_KINDS = {
    FactKind.FINDING: Words("认定", "reports"),
    FactKind.RELEASE: Words("报告解除", "reports the release from"),
    FactKind.DEATH: Words("报告持码人死亡", "reports the holder's death"),
    FactKind.SCAN: Words("报告扫码", "reports the scan of a venue code"),
}
_ENDS = {
    End.LIFTED: Words("解除", "lifts"),
    End.ANNULLED: Words("撤销", "annuls"),
    End.SUSPENDED: Words("中止", "suspends"),
    End.WITHDRAWN: Words("撤回", "withdraws"),
    End.REFUSED: Words("不再等待", "no longer waits for"),
}


def fact_sentence(fact: Fact) -> Words:
    """What a department said."""
    who, kind = department_words(fact.department), _KINDS[fact.kind]
    what = ground_words(fact.ground) if fact.ground else Words("", "")
    since, until = when(fact.since), when(fact.until) if fact.until is not None else None
    on = evidence_words(fact.evidence_kind)
    to_zh, to_en = (f"至{until.zh}", f" to {until.en}") if until else ("", "")
    return Words(
        f"{who.zh}{kind.zh}{what.zh}，自{since.zh}{to_zh}，证据：{on.zh}，地点{fact.division}。",
        f"{who.en} {kind.en}{' ' if what.en else ''}{what.en}, from {since.en}{to_en}, "
        f"evidence: {on.en}, place {fact.division}.",
    )


def input_sentence(item: Input) -> Words:
    """What reached the person."""
    if isinstance(item, Fact):
        return fact_sentence(item)
    if isinstance(item, Line):
        return _line(item)
    if isinstance(item, LineEnd):
        how, name = _ENDS[item.how], line_words(item.order, item.line)
        who = chain_words((item.by,)) if item.by.officer else Words("系统到期", "the deadline")
        return Words(f"{who.zh}{how.zh}{name.zh}。", f"{who.en.strip()} {how.en} {name.en}.")
    if isinstance(item, MatchFact):
        return _match(item)
    begins = when(item.at)
    return Words(
        f"{item.book}@{item.version}自{begins.zh}起施行。",
        f"{item.book}@{item.version} begins on {begins.en}.",
    )


def happened(item: Input) -> Ms:
    """When what it says was so."""
    return item.at if isinstance(item, LineEnd | Amend) else item.since


def _line(line: Line) -> Words:
    name, ground = line_words(line.order, line.line), ground_words(line.ground)
    until, chain = when(line.until), chain_words(line.chain)
    return Words(
        f"{name.zh}：{line.colour.zh}至{until.zh}，事由：{ground.zh}；{chain.zh}。",
        f"{name.en}: {COLOURS_EN[line.colour]} until {until.en}, ground: {ground.en}; {chain.en}.",
    )


def _match(m: MatchFact) -> Words:
    ground, since, until = ground_words(m.ground), when(m.since), when(m.until)
    now = Words("成立", "stands") if m.stands else Words("不再成立", "stands no longer")
    return Words(
        f"公安比对：{ground.zh}，{since.zh}至{until.zh}，规则{m.rule}，{now.zh}。",
        f"public-security comparison: {ground.en}, {since.en} to {until.en}, "
        f"by rule {m.rule}: {now.en}.",
    )
