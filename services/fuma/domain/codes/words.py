"""Why a report was refused, held or only noted: the closed lists of codes, with their words.

A code is what stands in decisions and answers; the words are what people read. ``WORDS`` has all.
"""

from __future__ import annotations

from fuma.domain.law.vocabulary import Words

#: Not borne by law or evidence.
REFUSALS: dict[str, Words] = {
    "no-law": Words("当时当地没有有效的规则", "no law is in force there"),
    "department-unknown": Words("未知的报告部门", "no such department"),
    "division-outside": Words("地点不在该规则适用范围内", "the place is outside the rulebook's"),
    "ground-unknown": Words("不存在的事由", "no such ground"),
    "ground-not-in-force": Words("现行规则中没有该事由", "not a ground by the rulebook in force"),
    "ground-not-for-kind": Words("此类报告没有事由", "this kind of report has no ground"),
    "not-owner": Words("该部门无权报告此事由", "not this department's to report"),
    "no-evidence": Words("缺少证据", "without evidence"),
    "evidence-unknown": Words("不存在的证据种类", "no such kind of evidence"),
    "evidence-not-of-ground": Words(
        "所附证据不能证明该事由，属虚假事由",
        "the evidence does not show this ground: a false ground",
    ),
    "until-before-from": Words("结束时间不晚于开始时间", "ends before it begins"),
    "from-in-future": Words(
        "开始时间晚于当日", "begins later than the day on which it is reported"
    ),
    "reported-in-future": Words("报告时间晚于当日", "reported later than the day it arrived"),
    "too-old": Words("报告时间超过45天", "reported more than 45 days ago"),
    "evidence-already-lifted": Words(
        "该证据对应的赋码已解除，须有新证据",
        "the order on this evidence was lifted: new evidence is required",
    ),
    "evidence-already-used": Words(
        "该证据对应的赋码已期满，须有新证据",
        "the order on this evidence ran its term: new evidence is required",
    ),
}

#: Waits for a person; the previous colour stays.
HOLDS: dict[str, Words] = {
    "name-mismatch": Words("证件号码与姓名不符", "the number's registered name is another"),
    "not-in-register": Words("持码人登记中没有该证件号码", "the number is not in the register"),
    "same-id-other-content": Words(
        "同一报告编号内容不同", "the same report id came before with another content"
    ),
    "contradicted": Words("部门之间相互矛盾", "two departments contradict each other"),
    "too-many-facts": Words(
        "待签批的证据过多", "too many facts of this ground await an order on this person"
    ),
    "too-many-orders": Words(
        "同一人同一事由生效的赋码过多",
        "too many orders are in force on this person, this ground among them",
    ),
}

#: Recorded, without effect on the colour.
NOTES: dict[str, Words] = {
    "same-evidence": Words("同一证据的赋码正在生效", "an order on the same evidence is in force"),
    "ended-before-recorded": Words(
        "记录时事由已过期，从未生效", "its ground had ended when it was recorded: never effective"
    ),
    "lifted-before-assigned": Words(
        "解除先于赋码到达，从未生效", "its lifting came before it: never effective"
    ),
    "released": Words("解除已记录", "the release is recorded"),
    "release-pending": Words("无可解除的赋码，留待对应报告", "nothing to lift yet, kept for it"),
    "no-colour": Words("按规则仅作记录，不赋色", "by the rulebook recorded only, no colour"),
    "code-ended": Words("健康码已终止", "the code had ended"),
    "match-withdrawn": Words("比对结果已撤回", "the comparison takes the match back"),
    "awaits-order": Words("须经签批程序", "awaits the procedure's order"),
    "scan": Words("扫码记录，不构成事由", "a scan: bears no ground"),
}

#: Why an order ended before its term.
LIFTINGS: dict[str, Words] = {
    "released": Words("符合解除条件", "its lifting condition is met"),
    "death": Words("持码人死亡", "the holder died"),
}

#: Why a line of an order is held or refused, beside those above.
LINES: dict[str, Words] = {
    "fact-absent": Words("所引证据尚未报送", "the fact that it cites has not been reported"),
    "fact-not-of-ground": Words(
        "所引证据不属该事由", "the fact that it cites is of another ground"
    ),
    "root-differs": Words("共同证据与所引不符", "the shared evidence is not the one it states"),
    "reporter-differs": Words("报告人与所引不符", "the reporter is not the one it states"),
    "four-eyes": Words("报告人参与了审签", "the fact's reporter took a step of the order"),
    "one-person": Words("红码须有两名自然人", "a red needs two natural persons"),
    "chain-incomplete": Words("审签链不完整", "its chain of signatures is not complete"),
    "procedure-unknown": Words("没有该程序", "no such procedure holds there"),
    "colour-not-of-row": Words("颜色与规则不符", "not the colour that the rule gives"),
    "too-many-lines": Words("待核实的赋码过多", "too many lines wait on this person"),
    "too-many-ends": Words(
        "先到的解除过多，暂不接受", "too many ends came before their lines: none is taken for now"
    ),
    "ended-before-line": Words("该行先行终止", "its end came before it"),
    "line-over": Words("该行已经终止", "the line was over already"),
    "line-awaited": Words("先于赋码到达", "it came before its line"),
}

#: Why an order changes by law, by its officers, or with its evidence.
CHANGES: dict[str, Words] = {
    "term-shortened": Words(
        "新规则缩短期限或降低颜色", "a newer law shortens it or makes it milder"
    ),
    "ground-removed": Words("新规则不再有该事由", "by the newer law it is no ground any more"),
    "condition-met": Words("符合解除条件", "its lifting condition is met"),
    "never-valid": Words("自始无效", "it was never valid"),
    "appeal": Words("申诉成立", "an appeal was upheld against it"),
}

WORDS: dict[str, Words] = {**LIFTINGS, **REFUSALS, **HOLDS, **NOTES, **LINES, **CHANGES}


def words(code: str) -> Words:
    """The words of ``code``; a code of another list (the gateway's) stands for itself."""
    return WORDS.get(code, Words(code, code))
