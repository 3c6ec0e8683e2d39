"""``advance``: a signal, the province's recent windows and the patterns in force give incidents."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256

from fuma.domain.ids import derive
from fuma.domain.law.oversight import SCOPES, Oversight, Pattern
from fuma.domain.time import DAY, HOUR, Ms
from fuma.domain.watch.events import Incident, Party, Signal
from fuma.domain.watch.fold import (
    MAX_PARTIES,
    SHOWN,
    State,
    Touched,
    Window,
    evolve,
    forget,
    measured,
)


def advance(state: State, signal: Signal, at: Ms, law: Oversight | None) -> list[Incident]:
    """Take in ``signal`` at T; what is raised by it. ``state`` changes in place.

    A signal that was heard before gives nothing: its windows hold its id.
    """
    if law is None:
        return []
    forget(state, at)
    found = []
    for touched in (*_lasting(state, at, law), *evolve(state, signal, at, law)):
        pattern, scope, window, before = touched
        if pattern.grace and before >= 0:
            if measured(pattern, window):
                state.waiting.setdefault(pattern.name, OrderedDict()).setdefault(scope, at)
            continue
        incident = _raise(touched, signal, at, law)
        if incident is not None:
            found.append(incident)
    return found


def _lasting(state: State, at: Ms, law: Oversight) -> list[Touched]:
    """Windows whose difference is as old as its pattern allows, to be measured as they are now.

    ``before`` is -1: they were not raised while it might have passed.
    """
    found = []
    for pattern in law.patterns:
        waiting = state.waiting.get(pattern.name)
        while waiting and next(iter(waiting.values())) <= at - pattern.grace:
            scope, _ = waiting.popitem(last=False)
            window = state.windows.get(pattern.name, OrderedDict()).get(scope)
            if window is not None:
                window.trim(at - pattern.window)
                if window.entries:
                    found.append(Touched(pattern, scope, window, -1))
    return found


def _raise(touched: Touched, signal: Signal, at: Ms, law: Oversight) -> Incident | None:
    """Where a count is reached that was not reached before, once in each period of the window.

    The period is T divided by the window: what a state gives then never depends on how long ago
    the first of an unbroken row of signals was.
    """
    pattern, scope, window, before = touched
    count, period = measured(pattern, window), at // pattern.window
    due = [c for c in pattern.counts if before < c <= count and window.raised.get(c) != period]
    if not due:
        return None
    for one in due:
        window.raised[one] = period
    threshold = due[-1]
    first = window.entries[0]
    subjects = sorted(window.subjects)
    what = scope.hex() if pattern.by in ("person", "subject", "shared") else scope.decode()
    offices = sorted({entry.office for entry in window.entries if entry.office})
    zh, en = words(pattern, what, offices, count, threshold)
    return Incident(
        derive(
            b"incident", pattern.name.encode(), signal.province.encode(), scope,
            b"%d" % threshold, b"%d" % period,
        ),
        at,
        pattern.name,
        pattern.severity,
        signal.province,
        f"{pattern.by}: {what}",
        "; ".join(offices[:SHOWN]),
        "; ".join(sorted({entry.ground for entry in window.entries if entry.ground})[:SHOWN]),
        first.at,
        count,
        threshold,
        tuple(sorted({code for entry in window.entries for code in entry.codes})[:SHOWN]),
        _everybody(window),
        tuple(subjects[:SHOWN]),
        len(subjects),
        sha256(b"".join(subjects)).digest(),
        tuple(sorted({entry.order for entry in window.entries if entry.order})[:SHOWN]),
        f"{law.name}@{law.version}#{pattern.name}",
        zh,
        en,
    )  # fmt: skip


def _everybody(window: Window) -> tuple[Party, ...]:
    parties = dict.fromkeys(party for entry in window.entries for party in entry.parties)
    return tuple(parties)[:MAX_PARTIES]


def words(
    pattern: Pattern, what: str, offices: list[str], count: int, threshold: int
) -> tuple[str, str]:
    """The incident in one sentence, Chinese and English."""
    by = SCOPES[pattern.by]
    lasts = pattern.window
    span_zh = f"{lasts // DAY} 天" if lasts % DAY == 0 else f"{lasts // HOUR} 小时"
    span_en = f"{lasts // DAY} d" if lasts % DAY == 0 else f"{lasts // HOUR} h"
    named = "、".join(offices[:3])
    zh = f"{pattern.title.zh}：{by.zh} {what}，{span_zh}内计 {count}，达到 {threshold}"
    en = f"{pattern.title.en}: {by.en} {what}, {count} within {span_en} (raised at {threshold})"
    if named and named != what:
        zh, en = f"{zh}；机构 {named}", f"{en}; offices {', '.join(offices[:3])}"
    return zh, en
