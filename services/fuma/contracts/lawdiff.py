"""What changes between two texts: grounds, terms, rows, chains; and which orders that touches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fuma.domain.codes.events import FactKind, Order
from fuma.domain.law.exchange import Exchange
from fuma.domain.law.inforce import LawText
from fuma.domain.law.oversight import Oversight
from fuma.domain.law.procedure import Procedure, Step, Who
from fuma.domain.law.rulebook import Row, Rulebook, Span
from fuma.domain.law.vocabulary import EVIDENCE, GROUNDS
from fuma.domain.time import DAY, HOUR, MINUTE, Ms, iso

Change = dict[str, Any]


def diff(old: LawText, new: LawText) -> dict[str, Any]:
    """Every change, as data. Raises ``ValueError`` where the two are not of one kind."""
    if type(old) is not type(new):
        raise ValueError(f"{old.name} is a {_kind(old)}, {new.name} a {_kind(new)}")
    changes = _head(old, new)
    if isinstance(old, Rulebook) and isinstance(new, Rulebook):
        changes += _book(old, new)
    elif isinstance(old, Procedure) and isinstance(new, Procedure):
        changes += _procedure(old, new)
    elif isinstance(old, Oversight) and isinstance(new, Oversight):
        changes += _named("pattern", {p.name: p for p in old.patterns},
                          {p.name: p for p in new.patterns})  # fmt: skip
    elif isinstance(old, Exchange) and isinstance(new, Exchange):
        changes += _named("recipient", {r.province: r.colours for r in old.recipients},
                          {r.province: r.colours for r in new.recipients})  # fmt: skip
    else:
        changes += _named("row", _rows_by_name(old), _rows_by_name(new))
    return {
        "old": f"{old.name}@{old.version}",
        "new": f"{new.name}@{new.version}",
        "kind": _kind(new),
        "changes": changes,
        "grounds": sorted({str(c["ground"]) for c in changes if c.get("ground")}),
    }


def touched(old: LawText, new: LawText, grounds: Iterable[str], orders: Iterable[Order]) -> int:
    """How many of ``orders`` (in force) were decided by either text and are of a changed ground.

    A procedure has no grounds of its own: a change of its chain touches every order by it.
    """
    names = {old.name, new.name}
    changed = set(grounds)
    count = 0
    for order in orders:
        if not order.division.startswith(new.division):
            continue
        if isinstance(new, Rulebook):
            count += order.law.book in names and order.ground in changed
        elif isinstance(new, Procedure):
            count += order.law.procedure in names and new.covers(order.ground)
    return count


def _kind(text: LawText) -> str:
    return type(text).__name__.lower()


def _change(what: str, name: str, before: str, after: str, ground: str = "") -> Change:
    return {"what": what, "name": name, "old": before, "new": after, "ground": ground}


def _head(old: LawText, new: LawText) -> list[Change]:
    found = []
    for name, before, after in (
        ("division", old.division or "cn", new.division or "cn"),
        ("from", iso(old.begins), iso(new.begins)),
        ("until", iso(old.until) if old.until else "", iso(new.until) if new.until else ""),
    ):
        if before != after:
            found.append(_change("head", name, before, after))
    return found


def _book(old: Rulebook, new: Rulebook) -> list[Change]:
    """Grounds that come and go, then terms, then each question that is answered differently."""
    found = []
    before, after = _grounds(old), _grounds(new)
    for ground in sorted(set(before) | set(after)):
        if ground not in after:
            found.append(_change("ground", "removed", _span(before[ground]), "", ground))
        elif ground not in before:
            found.append(_change("ground", "added", "", _span(after[ground]), ground))
        elif before[ground] != after[ground]:
            found.append(
                _change("term", ground, _span(before[ground]), _span(after[ground]), ground)
            )
    for kind, ground, evidence in sorted(set(old.table) | set(new.table)):
        one, two = old.table.get((kind, ground, evidence)), new.table.get((kind, ground, evidence))
        said = _says(one), _says(two)
        if said[0] != said[1]:
            name = " ".join(part for part in (kind.value, ground, evidence) if part)
            found.append(_change("row", name, said[0], said[1], ground))
    return found


def _grounds(book: Rulebook) -> dict[str, Ms]:
    """Each finding's ground with its longest term."""
    found: dict[str, Ms] = {}
    for row in book.rows:
        if row.kind is FactKind.FINDING:
            found[row.ground] = max(found.get(row.ground, 0), row.term)
    return found


def _says(row: Row | None) -> str:
    if row is None:
        return ""
    owners = "/".join(sorted(row.departments))
    then = f", then {row.then.ground} {_spans(row.then.spans)}" if row.then else ""
    colours = _spans(row.spans) if row.kind is FactKind.FINDING else "ends it"
    return f"{colours} by {owners}, {row.ends}{then}"


def _spans(spans: Iterable[Span]) -> str:
    return " + ".join(f"{s.colour.word} {_span(s.lasts)}" for s in spans) or "no colour"


def _span(span: Ms) -> str:
    for unit, word in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if span % unit == 0:
            return f"{span // unit}{word}"
    return f"{span}ms"


def _procedure(old: Procedure, new: Procedure) -> list[Change]:
    found = []
    chains = [" > ".join(step.name for step in one.steps) for one in (old, new)]
    if chains[0] != chains[1]:
        found.append(_change("chain", "steps", chains[0], chains[1]))
    found += _named("step", {s.name: _step(s) for s in old.steps},
                    {s.name: _step(s) for s in new.steps})  # fmt: skip
    for name in ("lift", "annul", "decide"):
        found += _one(name, _who(getattr(old, name)), _who(getattr(new, name)))
    for name in (
        "automatic", "grounds", "bulk", "returns", "papers", "venue_within", "lapse", "hold",
        "appeal", "channel",
    ):  # fmt: skip
        found += _one(name, str(getattr(old, name)), str(getattr(new, name)))
    accounts = [
        {f"{_who(rule.whom)} by {_who(rule.by)}": "may" for rule in one.accounts}
        for one in (old, new)
    ]
    return found + _named("account", accounts[0], accounts[1])


def _one(name: str, before: str, after: str) -> list[Change]:
    return [_change("rule", name, before, after)] if before != after else []


def _step(step: Step) -> str:
    within = f" within {_span(step.within)}" if step.within is not None else ""
    other = ", another office" if step.other_office else ""
    return f"{_who(step.who) or step.actor}{within}{other}"


def _who(who: Who | None) -> str:
    if who is None:
        return ""
    parts = (who.offices, who.levels, who.roles)
    return " ".join("/".join(words) for words in parts if words)


def _named(what: str, old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    return [
        _change(what, name, str(old.get(name, "")), str(new.get(name, "")))
        for name in sorted(set(old) | set(new))
        if old.get(name) != new.get(name)
    ]


def _rows_by_name(text: LawText) -> dict[str, Any]:
    return {row.name: row for row in getattr(text, "rows", ())}


_WORDS = {
    "head": "文头 head", "ground": "事由 ground", "term": "期限 term", "row": "规则 row",
    "chain": "流程 chain", "step": "步骤 step", "rule": "规定 rule", "account": "账号 account",
    "pattern": "监督情形 pattern", "recipient": "接收省份 recipient",
}  # fmt: skip


def lines(found: dict[str, Any]) -> list[str]:
    """The changes, one a line, to read."""
    told = [f"{found['old']} → {found['new']}"]
    for one in found["changes"]:
        name = one["name"]
        if one["what"] in ("ground", "term") and one["ground"] in GROUNDS:
            known = "" if name == one["ground"] else f"{name} "
            name = f"{known}{one['ground']} {GROUNDS[one['ground']].zh}"
        for word in name.split():
            if word in EVIDENCE:
                name = f"{name} ({EVIDENCE[word].zh})"
        told.append(f"  {_WORDS[one['what']]}  {name}: {one['old'] or '—'} → {one['new'] or '—'}")
    if not found["changes"]:
        told.append("  无变化 nothing changes")
    return told
