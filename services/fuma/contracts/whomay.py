"""``docs/who-may.md``, generated from ``rules/``: for each province, who may do what, on one page.

``python -m fuma.contracts.whomay`` prints the page; a test holds the file to it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from fuma.contracts import divisions
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import load_folder
from fuma.domain.law.procedure import LEVELS, OFFICES, PAPERS, ROLES, Procedure, Who
from fuma.domain.law.vocabulary import DEPARTMENTS, GROUNDS, Words
from fuma.domain.time import HOUR, Ms, iso

_HEAD = """# Who may turn a code · 谁有权转码

Generated from `rules/` by `python -m fuma.contracts.whomay`; a test fails where they differ.
What no line allows is refused, and the refusal is recorded with who asked.
"""


def page(procedures: Iterable[Procedure]) -> str:
    """The page, by division."""
    parts = [_HEAD]
    for procedure in sorted(procedures, key=lambda p: (p.division, p.name, p.version)):
        parts.append(_section(procedure))
    return "\n".join(parts)


def procedures() -> list[Procedure]:
    """Those in ``rules/``."""
    return [t.law for t in load_folder(root() / "rules") if isinstance(t.law, Procedure)]


def _section(p: Procedure) -> str:
    place = divisions.full_name(p.division) or ("全国" if not p.division else p.division)
    until = f" – {iso(p.until)}" if p.until is not None else ""
    lines = [
        f"## {place} · {p.title.zh}",
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


if __name__ == "__main__":
    sys.stdout.write(page(procedures()))
