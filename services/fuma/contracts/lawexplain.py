"""Why a row: which texts hold where and when, what they say of a report, in Chinese and English."""

from __future__ import annotations

from typing import Any

from fuma.domain.codes.check import check_fact
from fuma.domain.codes.events import Fact, FactKind, Identity
from fuma.domain.codes.words import words
from fuma.domain.law.inforce import InForce, Law, LawText, PublishedText
from fuma.domain.law.procedure import LEVELS, OFFICES, ROLES, Procedure, Who
from fuma.domain.law.rulebook import Row, Rulebook
from fuma.domain.law.vocabulary import DEPARTMENTS, EVIDENCE, GROUNDS, Words
from fuma.domain.time import DAY, Ms, iso

Said = list[tuple[str, str]]  # Chinese and English, a line each


def explain(
    law: Law,
    division: str,
    at: Ms,
    *,
    ground: str,
    evidence: str = "",
    department: str = "",
    kind: str = "finding",
) -> dict[str, Any]:
    """What holds in ``division`` at ``at``, and what a report of that kind gives.

    Without ``evidence`` or ``department``: every row of the ground. Raises ``ValueError`` where no
    law holds.
    """
    pair = law.in_force(division, at, ground)
    if pair is None:
        raise ValueError(f"no law holds in {division or 'the nation'} at {iso(at)}")
    said: Said = [*_why(law, pair.book, division, at), *_why(law, pair.procedure, division, at)]
    rows = [r for r in pair.book.rows if r.kind == kind and r.ground == ground]
    codes: list[str] = []
    if evidence or department:
        rows, codes = _asked(pair, division, at, kind, ground, evidence, department)
    for code in codes:
        told = words(code)
        said.append((f"驳回：{told.zh}（{code}）", f"refused: {told.en} ({code})"))
    for row in rows:
        said += _row(row, at)
    if not rows and not codes:
        codes = ["ground-not-in-force"]
        said.append(("没有依据，不得赋码", "no rule: no colour may follow from it"))
    if rows and kind == "finding":
        said += _chain(pair.procedure)
    return {
        "division": division,
        "at": iso(at),
        "ground": ground,
        "book": pair.book.name,
        "version": pair.book.version,
        "digest": pair.book.digest.hex(),
        "procedure": pair.procedure.name,
        "procedure_version": pair.procedure.version,
        "automatic": pair.procedure.automatic,
        "chain": [step.name for step in pair.procedure.chain],
        "refused": codes,
        "rows": [
            {
                "name": r.name, "evidence": list(r.evidence), "owners": sorted(r.departments),
                "colours": [[s.colour.word, s.lasts] for s in r.spans], "ends": r.ends,
                "then": r.then.ground if r.then else "", "mark": r.mark,
                "basis": {"zh": r.basis.zh, "en": r.basis.en},
            }
            for r in rows
        ],
        "says": [{"zh": zh, "en": en} for zh, en in said],
    }  # fmt: skip


def _asked(
    pair: InForce, division: str, at: Ms, kind: str, ground: str, evidence: str, department: str
) -> tuple[list[Row], list[str]]:
    """The one row that answers a report, or what is wrong with it."""
    book = pair.book
    if not department:
        owners = book.owners.get((FactKind(kind), ground), frozenset())
        department = min(owners, default="")
    reference = bytes(32) if evidence else b""
    fact = Fact(
        bytes(16), bytes(32), FactKind(kind), department, division, ground, at, None, evidence,
        reference, Identity.MATCHED, (), at, b"",
    )  # fmt: skip
    codes = [breach.code for breach in check_fact(fact, book, at)]
    row = book.row(fact.kind, ground, evidence)
    return ([row] if row is not None and not codes else []), codes


def _why(law: Law, chosen: LawText, division: str, at: Ms) -> Said:
    """Why this text and not another: the longest prefix, then the one that began last."""
    what = Words("规则", "book") if isinstance(chosen, Rulebook) else Words("程序", "procedure")
    place = chosen.division or "全国"
    said = [
        (
            f"适用{what.zh}：{chosen.title.zh}（{chosen.name} 第{chosen.version}版，{place}，"
            f"自 {iso(chosen.begins)}）",
            f"{what.en} in force: {chosen.title.en} ({chosen.name}@{chosen.version}, "
            f"{chosen.division or 'the nation'}, from {iso(chosen.begins)})",
        )
    ]
    for p in law.texts:
        other = p.text
        if type(other) is type(chosen) and other is not chosen and _holds(p, division, at):
            if len(other.division) < len(chosen.division):
                said.append((
                    f"  不用 {other.name} 第{other.version}版：{place} 的更具体",
                    f"  not {other.name}@{other.version}: the longer division prefix wins whole",
                ))  # fmt: skip
            elif len(other.division) == len(chosen.division) and p.begins <= chosen.begins:
                said.append((
                    f"  不用 {other.name} 第{other.version}版：已由后施行者取代",
                    f"  not {other.name}@{other.version}: what began later replaces it",
                ))  # fmt: skip
    return said


def _holds(p: PublishedText, division: str, at: Ms) -> bool:
    text = p.text
    return (
        division.startswith(text.division)
        and p.begins <= at
        and (text.until is None or at < text.until)
    )


def _row(row: Row, at: Ms) -> Said:
    zh = "，".join(f"{s.colour.zh} {_days(s.lasts)} 天" for s in row.spans) or "不赋色"
    en = ", then ".join(f"{s.colour.word} {_days(s.lasts)} d" for s in row.spans) or "no colour"
    owners = [DEPARTMENTS[d] for d in sorted(row.departments)]
    kinds = [EVIDENCE[k] for k in row.evidence]
    said = [
        (f"规则行 [{row.name}]：{zh}", f"row [{row.name}]: {en}"),
        (
            f"  证据：{'、'.join(k.zh for k in kinds)}；报送：{'、'.join(o.zh for o in owners)}",
            f"  evidence: {', '.join(k.en for k in kinds)}; from: "
            f"{', '.join(o.en for o in owners)}",
        ),
        (f"  依据：{row.basis.zh}（{row.mark}）", f"  basis: {row.basis.en} ({row.mark})"),
    ]
    since = at
    for span in row.spans:
        said.append((
            f"  {span.colour.zh}：{iso(since)} 至 {iso(since + span.lasts)}",
            f"  {span.colour.word}: {iso(since)} to {iso(since + span.lasts)}",
        ))  # fmt: skip
        since += span.lasts
    if row.then:
        ground = GROUNDS[row.then.ground]
        said.append((f"  随后：{ground.zh}", f"  followed by: {ground.en}"))
    return said


def _days(span: Ms) -> str:
    return f"{span / DAY:g}"


def _chain(procedure: Procedure) -> Said:
    if procedure.automatic:
        return [("自动赋码，无人签批", "automatic: nobody signs")]
    said: Said = [("须经签批程序：", "by order, through this chain:")]
    for number, step in enumerate(procedure.chain, 1):
        who = _who(step.who)
        said.append(
            (f"  {number}. {step.title.zh}：{who.zh}", f"  {number}. {step.name}: {who.en}")
        )
    return said


def _who(who: Who | None) -> Words:
    found: list[Words] = []
    if who is not None:
        for chosen, table in ((who.offices, OFFICES), (who.levels, LEVELS), (who.roles, ROLES)):
            if chosen:
                found.append(
                    Words(
                        "/".join(table[w].zh for w in chosen), "/".join(table[w].en for w in chosen)
                    )
                )
    return Words("，".join(w.zh for w in found), ", ".join(w.en for w in found))
