"""``docs/who-may.md``, generated from ``rules/``: for each province, who may do what, on one page.

``python -m fuma.contracts.whomay`` prints the page; a test holds the file to it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from fuma.contracts import divisions
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import load_folder
from fuma.domain.codes.events import FactKind
from fuma.domain.law.exchange import Exchange
from fuma.domain.law.inforce import LawText
from fuma.domain.law.procedure import LEVELS, OFFICES, PAPERS, ROLES, Procedure, Who
from fuma.domain.law.rulebook import Rulebook
from fuma.domain.law.vocabulary import DEPARTMENTS, EVIDENCE, GROUNDS, Words
from fuma.domain.time import DAY, HOUR, Ms, from_ms, iso

_HEAD = """# Who may turn a code · 谁有权转码

Generated from `rules/` by `python -m fuma.contracts.whomay`; a test fails where they differ.
What no line allows is refused, and the refusal is recorded with who asked. Marks of a source: S the
newspaper report of June 2022, O official text, A an assumption of this project.

The longest division prefix wins: where a place has no book, or no procedure, of its own at a time,
the nation's hold.
"""


def page(texts: Iterable[LawText]) -> str:
    """The page: what holds where and when, then each division's tables."""
    known = sorted(texts, key=lambda t: (t.division, t.begins, t.name, t.version))
    parts = [_HEAD, _index(known)]
    for division in dict.fromkeys(text.division for text in known):
        own = [text for text in known if text.division == division]
        sections = [_section(t) for t in own if isinstance(t, Procedure)]
        sections += [_book(t) for t in own if isinstance(t, Rulebook)]
        sections += [_exchange(t) for t in own if isinstance(t, Exchange)]
        if sections:
            parts += [f"## {_place(division)}\n", *sections]
    return "\n".join(parts)


def texts() -> list[LawText]:
    """Those in ``rules/``."""
    return [t.law for t in load_folder(root() / "rules")]


def _place(division: str) -> str:
    return divisions.full_name(division) or (division if division else "全国 the nation")


def _when(text: LawText) -> str:
    until = from_ms(text.until).date().isoformat() if text.until is not None else ""
    return f"{from_ms(text.begins).date().isoformat()} – {until}".rstrip()


def _index(known: Sequence[LawText]) -> str:
    """One line a division: its procedures and its books, each with the time it is for."""
    lines = ["| place 地点 | who: procedure 程序 | what for: rulebook 规则 |", "|---|---|---|"]
    for division in dict.fromkeys(t.division for t in known):
        cells = []
        for kind in (Procedure, Rulebook):
            own = [t for t in known if t.division == division and isinstance(t, kind)]
            named = "<br>".join(f"{t.title.zh} v{t.version} ({_when(t)})" for t in own)
            cells.append(named or "the nation's 依全国规定")
        lines.append(f"| {_place(division)} | {cells[0]} | {cells[1]} |")
    return "\n".join([*lines, ""])


def _section(p: Procedure) -> str:
    until = f" – {iso(p.until)}" if p.until is not None else ""
    lines = [
        f"### {p.title.zh}",
        "",
        f"{p.title.en}. `{p.name}` v{p.version}, in force {iso(p.begins)}{until}.",
        f"Source 依据: {p.basis.zh} · {p.basis.en} ({p.publisher.zh}).",
        "",
        "| what 事项 | who 何人 | how 如何 |",
        "|---|---|---|",
    ]
    for step in p.steps:
        notes = []
        if step.within is not None:
            notes.append(f"within {_span(step.within)}")
        if step.other_office:
            notes.append("another office 须为另一机构")
        if step.who is not None and step is p.chain[-1]:
            notes.append("takes effect 生效")
        who = _who(step.who) if step.who is not None else f"{step.title.zh} · {step.title.en}"
        lines.append(_row(f"{step.name}: {step.title.zh}", who, "; ".join(notes)))
    if p.bulk is not None:
        how = f"from {p.bulk.count} subjects in {_span(p.bulk.window)}, over ground and evidence"
        lines.append(_row("bulk 批量", _who(p.bulk.by), how))
    other = "never who took part in the order 不得为经办人"
    for name, right, note in (
        ("lift 解除", p.lift, ""),
        ("annul 撤销", p.annul, other),
        ("decide appeals 申诉处理", p.decide, other),
    ):
        if right is not None:
            lines.append(_row(name, _who(right), note))
    for ground, papers in p.papers:
        given = ", ".join(f"{PAPERS[one].zh} {PAPERS[one].en}" for one in papers)
        lines.append(_row(f"form on {GROUNDS[ground].zh}", "", f"needs {given}"))
    for rule in p.accounts:
        whom, by = _who(rule.whom), _who(rule.by)
        lines.append(_row(f"account of 账号: {whom}", by, rule.title.zh))
    if p.returns is not None:
        names = ", ".join(DEPARTMENTS[d].zh for d in p.returns.departments)
        own = f"{names}; its own data only 仅报本部门"
        lines.append(_row("daily item 部门日报", _who(p.returns.items), own))
        by = f"before {_span(p.returns.due)} of the day"
        lines.append(_row("daily return 市级日报", _who(p.returns.by), by))
    if p.channel:
        admitted = "officers admitted by an issued code 凭码准入人员"
        lines.append(_row("lists 名单", admitted, ""))
    if p.automatic:
        lines.append(_row("conversion by hand 人工转码", "nobody 无人", "automatic 自动"))
    return "\n".join([*lines, ""])


def _row(what: str, who: str, how: str) -> str:
    return f"| {what} | {who} | {how} |"


def _who(who: Who) -> str:
    parts = []
    for words, table in ((who.offices, OFFICES), (who.levels, LEVELS), (who.roles, ROLES)):
        if words:
            parts.append(" / ".join(_both(table[word]) for word in words))
    return " — ".join(parts)


def _both(words: Words) -> str:
    return f"{words.zh} {words.en}"


def _span(span: Ms) -> str:
    return f"{span // HOUR} h"


def _book(book: Rulebook) -> str:
    """What turns a code by this book: ground, colours, on whose evidence, by which source."""
    until = f" – {iso(book.until)}" if book.until is not None else ""
    lines = [
        f"### {book.title.zh}",
        "",
        f"{book.title.en}. `{book.name}` v{book.version}, in force {iso(book.begins)}{until}.",
        f"Source 依据: {book.basis.zh} · {book.basis.en} ({book.publisher.zh}).",
        "",
        "| ground 事由 | colour 颜色 | evidence 证据 | reported by 报送 | source 依据 |",
        "|---|---|---|---|---|",
    ]
    findings = [row for row in book.rows if row.kind is FactKind.FINDING]
    for row in findings:
        colours = ", ".join(f"{s.colour.zh} {s.colour.word} {_days(s.lasts)}" for s in row.spans)
        evidence = " / ".join(EVIDENCE[kind].zh for kind in row.evidence)
        owners = " / ".join(DEPARTMENTS[one].zh for one in sorted(row.departments))
        ground = GROUNDS[row.ground]
        lines.append(
            f"| {ground.zh} {ground.en} | {colours or 'none 不赋色'} | {evidence} | {owners} "
            f"| {row.basis.zh} ({row.mark}) |"
        )
    if not findings:
        lines.append("| none 无 | no code turns 不赋码 | | | |")
    return "\n".join([*lines, ""])


def _exchange(text: Exchange) -> str:
    told = ", ".join(
        f"{_place(one.province)} ({' / '.join(colour.zh for colour in one.colours)})"
        for one in text.recipients
    )
    return f"Told of its decisions 决定告知: {told}. `{text.name}` v{text.version}.\n"


def _days(span: Ms) -> str:
    return f"{span // DAY} d" if span % DAY == 0 else f"{span // HOUR} h"


if __name__ == "__main__":
    sys.stdout.write(page(texts()))
