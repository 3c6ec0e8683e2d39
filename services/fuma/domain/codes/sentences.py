"""What happened, as one sentence in Chinese and one in English. Pure; no identity is ever in it.

A sentence names who, what, when it held and when it was recorded, and by which rule. Times are of
Asia/Shanghai. ``also`` gives words for codes that are the gateway's own (``contracts.faults``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fuma.domain.codes.events import (
    Amended,
    Annulled,
    Answered,
    Effective,
    Ended,
    Event,
    FactKind,
    Held,
    LawRef,
    Lifted,
    Noted,
    Order,
    Refused,
    Schedule,
    Step,
)
from fuma.domain.codes.saying import (
    COLOURS_EN,
    chain_words,
    department_words,
    ground_words,
    line_words,
    when,
)
from fuma.domain.codes.words import LIFTINGS, WORDS
from fuma.domain.colour import Colour
from fuma.domain.law.vocabulary import Words
from fuma.domain.time import Ms

Also = Mapping[str, tuple[str, str]]


def law_sentence(law: LawRef | None) -> Words:
    """The texts and the rule that were applied."""
    if law is None:
        return Words("当时没有有效的规则", "no law was in force")
    row = f"#{law.row}" if law.row else ""
    cited = f"{law.book}@{law.version}{row}"
    how = f"{law.procedure}@{law.procedure_version}"
    return Words(f"依据{cited}，程序{how}", f"by {cited}, procedure {how}")


def order_sentence(order: Order) -> Words:
    """An order: its colours and ends, ground, department, rule, and who signed it."""
    ground, who = ground_words(order.ground), department_words(order.department)
    zh, en = _steps(order.steps)
    by_zh, by_en = _signed(order)
    law = law_sentence(order.law)
    return Words(
        f"{zh}；事由：{ground.zh}；由{who.zh}（{order.division}）报告；{law.zh}{by_zh}。",
        f"{en}; ground: {ground.en}; reported by {who.en} ({order.division}); {law.en}{by_en}.",
    )


def _signed(order: Order) -> tuple[str, str]:
    """The officers' order that it is a line of, and who took its steps; nothing where none."""
    if order.source is None:
        return "", ""
    name = line_words(order.source.order, order.source.line)
    chain = chain_words(order.source.chain)
    return f"；{name.zh}：{chain.zh}", f"; {name.en}: {chain.en}"


def event_sentence(
    event: Event, at: Ms, orders: Mapping[bytes, Order] | None = None, also: Also | None = None
) -> Words:
    """An event of the ledger, recorded at ``at``. ``orders``: those it may name, by id."""
    recorded = when(at)
    what = _event(event, orders or {}, also or {})
    return Words(f"{recorded.zh}，{what.zh}", f"{recorded.en}: {what.en}")


def _event(event: Event, orders: Mapping[bytes, Order], also: Also) -> Words:
    if isinstance(event, Effective):
        what = order_sentence(event.order)
        return Words(f"赋码生效：{what.zh}", f"takes effect: {what.en}")
    if isinstance(event, Lifted):
        order = orders.get(event.order)
        ground = ground_words(order.ground) if order else Words(event.order.hex(), "an order")
        end, why = when(event.at), LIFTINGS.get(event.code) or _said(event.code, also)
        return Words(
            f"{ground.zh}的赋码自{end.zh}起解除：{why.zh}。",
            f"the order for {ground.en} is lifted from {end.en}: {why.en}.",
        )
    if isinstance(event, Ended):
        end = when(event.at)
        return Words(f"健康码自{end.zh}起终止。", f"the code ends from {end.en}.")
    if isinstance(event, Answered):
        return _answered(event, also)
    if isinstance(event, Annulled):
        order = orders.get(event.order)
        ground = ground_words(order.ground) if order else Words(event.order.hex(), "an order")
        end, why = when(event.at), _said(event.code, also)
        return Words(
            f"{ground.zh}的赋码自始无效，{end.zh}撤销：{why.zh}。",
            f"the order for {ground.en} was never valid and is annulled on {end.en}: {why.en}.",
        )
    if isinstance(event, Amended):
        return _amended(event, orders, also)
    said = _subject(event)
    if isinstance(event, Noted):
        why = _said(event.code, also)
        return Words(f"{said.zh}已记录：{why.zh}。", f"{said.en} is noted: {why.en}.")
    codes = _all_said(event.codes, also)
    who = department_words(event.department)
    if isinstance(event, Refused):
        return Words(
            f"拒绝{who.zh}的{said.zh}：{codes.zh}。颜色不变。",
            f"{said.en} by {who.en} is refused: {codes.en}. The colour stays.",
        )
    return Words(
        f"{who.zh}的{said.zh}待人工核实：{codes.zh}。颜色不变。",
        f"{said.en} by {who.en} is held for a person: {codes.en}. The colour stays.",
    )


_STATUS = {
    "effective": Words("生效", "takes effect"),
    "held": Words("待核实，颜色不变", "is held, the colour stays"),
    "refused": Words("被拒绝，颜色不变", "is refused, the colour stays"),
    "lifted": Words("解除", "is lifted"),
    "annulled": Words("撤销", "is annulled"),
    "suspended": Words("中止", "is suspended"),
    "amended": Words("依新规则变更", "is amended by a newer law"),
    "ended": Words("依新规则终止", "is ended by a newer law"),
}


def _answered(event: Answered, also: Also) -> Words:
    status = _STATUS.get(event.status, Words(event.status, event.status))
    why = _said(event.code, also) if event.code else Words("", "")
    zh, en = (f"：{why.zh}", f": {why.en}") if event.code else ("", "")
    name = line_words(event.order, event.line)
    return Words(f"{name.zh}{status.zh}{zh}。", f"{name.en} {status.en}{en}.")


def _amended(event: Amended, orders: Mapping[bytes, Order], also: Also) -> Words:
    order = orders.get(event.order)
    ground = ground_words(order.ground) if order else Words(event.order.hex(), "an order")
    why, law = _said(event.code, also), law_sentence(event.law)
    if event.steps:
        zh, en = _steps(event.steps)
        return Words(
            f"{ground.zh}的赋码变更为{zh}：{why.zh}；{law.zh}。",
            f"the order for {ground.en} is now {en}: {why.en}; {law.en}.",
        )
    end = when(event.at)
    return Words(
        f"{ground.zh}的赋码自{end.zh}起终止：{why.zh}；{law.zh}。",
        f"the order for {ground.en} ends on {end.en}: {why.en}; {law.en}.",
    )


def _steps(steps: Sequence[Step]) -> tuple[str, str]:
    zh, en = [], []
    for step in steps:
        until = when(step.until)
        zh.append(f"{step.colour.zh}至{until.zh}")
        en.append(f"{COLOURS_EN[step.colour]} until {until.en}")
    return "，其后".join(zh), ", then ".join(en)


def _subject(event: Noted | Refused | Held) -> Words:
    ground = ground_words(event.ground) if event.ground else Words("", "")
    if event.kind is FactKind.FINDING:
        return Words(f"{ground.zh}报告", f"the report of {ground.en}")
    if event.kind is FactKind.RELEASE:
        return Words(f"{ground.zh}解除报告", f"the release from {ground.en}")
    if event.kind is FactKind.DEATH:
        return Words("死亡报告", "the report of a death")
    return Words("扫码报告", "the report of a scan")


def _said(code: str, also: Also) -> Words:
    zh, en = WORDS.get(code) or also.get(code) or (code, code)
    return Words(zh, en)


def _all_said(codes: Iterable[str], also: Also) -> Words:
    found = [_said(code, also) for code in codes]
    return Words("；".join(w.zh for w in found), "; ".join(w.en for w in found))


def code_sentence(schedule: Schedule, at: Ms) -> Words:
    """What the code is at ``at``, why, until when, and what comes next."""
    now = when(at)
    if schedule.ended is not None and at >= schedule.ended:
        end = when(schedule.ended)
        return Words(f"健康码已于{end.zh}终止。", f"The code ended on {end.en}.")
    by_id = {order.id: order for order in schedule.orders}
    rest = [segment for segment in schedule.segments if segment.until > at]
    if not rest or rest[0].since > at:
        later = _next(rest[0].colour, rest[0].since) if rest else Words("", "")
        return Words(f"{now.zh}：绿码。{later.zh}", f"{now.en}: green.{later.en}")
    segment = rest[0]
    why = _reasons([by_id[id] for id in segment.orders if id in by_id])
    turn, next_colour = segment.until, Colour.GREEN
    for follows in rest[1:]:
        if follows.since != turn:
            break
        if follows.colour is not segment.colour:
            next_colour = follows.colour
            break
        turn = follows.until  # another reason, the same colour
    until, later = when(turn), _next(next_colour, turn)
    return Words(
        f"{now.zh}：{segment.colour.zh}，至{until.zh}；{why.zh}。{later.zh}",
        f"{now.en}: {COLOURS_EN[segment.colour]} until {until.en}; {why.en}.{later.en}",
    )


def _next(colour: Colour, at: Ms) -> Words:
    begin = when(at)
    return Words(f"{begin.zh}起为{colour.zh}。", f" From {begin.en}: {COLOURS_EN[colour]}.")


def _reasons(orders: Sequence[Order]) -> Words:
    zh, en = [], []
    for order in orders:
        ground, who = ground_words(order.ground), department_words(order.department)
        rule = f"{order.law.book}@{order.law.version}#{order.law.row}"
        by_zh, by_en = _signed(order)
        zh.append(f"{ground.zh}（{who.zh}{order.division}报告，依据{rule}{by_zh}）")
        en.append(f"{ground.en} (reported by {who.en} of {order.division}, by {rule}{by_en})")
    return Words("事由：" + "；".join(zh), "ground: " + "; ".join(en))
