"""``decide``: one input at one partition, by the state before it, gives events.

Its order is: what is too old goes; the record is held; exposures change; matches are asserted;
matches are withdrawn (``saying``).

Codes of ``Passed``: ``weak`` (a scan is no presence), ``empty``, ``too-long``, ``not-over``,
``too-old``, ``superseded``, ``repeat``, ``same-id-other-content``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from fuma.domain.comparison import links
from fuma.domain.comparison.events import (
    SCAN,
    Advanced,
    Area,
    AreaTaken,
    Case,
    CaseTaken,
    Contact,
    Event,
    Exposed,
    Exposure,
    Input,
    Passed,
    Presence,
    Said,
    Spread,
    Stay,
    StayTaken,
    Tick,
)
from fuma.domain.comparison.keeping import forgotten, lapses, remembered
from fuma.domain.comparison.late import corrected, forgone, swept
from fuma.domain.comparison.meet import (
    counted,
    exposures,
    named,
    risks,
    source_stay,
    stay_digest,
)
from fuma.domain.comparison.pairs import Found, areas_of, of_exposure, of_stay
from fuma.domain.comparison.place import spot
from fuma.domain.comparison.saying import said, taken_back
from fuma.domain.comparison.settings import Law
from fuma.domain.comparison.view import View
from fuma.domain.time import Ms


def decide(state: View, given: Input, at: Ms, law: Law) -> list[Event]:
    """What follows from ``given`` at ``at`` (T). Reads the state, changes nothing."""
    if type(given) is Presence:
        events = _presence(state, given, at, law)
    elif isinstance(given, Case):
        events = _case(state, given, at, law)
    elif isinstance(given, Area):
        events = _area(state, given, at, law)
    elif isinstance(given, Spread):
        events = _spread(state, given, at, law)
    elif isinstance(given, Contact):
        events = _contact(state, given, at, law)
    else:
        assert isinstance(given, Tick)
        events = []
    if at // state.grain > state.now // state.grain:
        events.insert(0, Advanced(at))
    return events


def _presence(state: View, p: Presence, at: Ms, law: Law) -> list[Event]:
    fault = _fault(state, p, at)
    late = fault == "too-old" and p.revision > 0
    if fault and not late:
        return [Passed(fault)]
    place = spot(p.place, p.tag, state.frame.parts)
    key = place + p.id
    new = Stay(
        key, place, p.id, p.revision, p.tag, p.division, p.since, p.until, p.carriage, p.row,
        False, at, p.identity, p.department,
    )  # fmt: skip
    said = stay_digest(new) if late else b""
    if late:
        p = p._replace(gone=True)  # nothing of it counts, nor of what it corrects
    if p.gone:
        new = forgotten(new)
    old = state.stay(key)
    if old is not None and remembered(state.frame, old) <= at:
        old = None
    if old is not None:
        if p.revision < old.revision:
            return [Passed("superseded")]
        if p.revision == old.revision:
            same = new._replace(at=old.at) == old
            return [Passed("repeat" if same else "same-id-other-content")]
        if old.gone or old.until <= at - state.frame.keep:
            old = None
    events: list[Event] = [StayTaken(new)]
    exposed = state.is_exposed(place)
    if state.areas and not exposed:
        exposed = any(state.is_exposed(where) for where in areas_of(p))
    infectious = state.is_case(p.tag) or (old is not None and state.is_case(old.tag))
    if not (p.revision or p.gone or exposed or infectious):
        return events
    before = Found()
    if old is not None:
        before = of_stay(state, old, new.revision - old.revision, law, at)
    after = of_stay(state, new, 0, law, at)
    back: dict[bytes, Said] = {}
    if p.revision or p.gone:
        same = old is not None and not p.gone and stay_digest(old) == stay_digest(new)
        back = corrected(state, old, new, same, said)
        if not same:
            events += swept(state, p, old, new, at, law)
    if not (infectious or before or after or back):
        return events
    gone: list[Exposure] = []
    come: list[Exposure] = []
    if infectious:
        for case, taken in _cases(state, p.tag, at):
            come += exposures(case, taken, new, state.frame, law)
        if old is not None:
            later = new.revision - old.revision
            for case, taken in _cases(state, old.tag, at):
                gone += (
                    e._replace(revision=e.revision + later)
                    for e in exposures(case, taken, old, state.frame, law)
                )
    # One that is over already can only be remembered, there as here.
    now = {e.key: e.digest for e in come}
    dead = [e for e in gone if e.dies <= at and not _is_own(e) and now.get(e.key) != e.digest]
    events += (Spread(e, True) for e in sorted(dead, key=lambda e: e.key))
    return events + _changed(state, gone, come, before, after, at, law, back)


def _fault(state: View, p: Presence, at: Ms) -> str:
    if p.kind == SCAN:
        return "weak"
    if p.gone:
        return ""
    if p.until <= p.since:
        return "empty"
    if p.until - p.since > state.frame.longest:
        return "too-long"
    if p.until > at:
        return "not-over"
    return "too-old" if p.until <= at - state.frame.keep else ""


def _case(state: View, case: Case, at: Ms, law: Law) -> list[Event]:
    old_before = at - state.frame.keep
    if counted(case, at) <= old_before:
        return [Passed("too-old")]
    held = state.case(case.id)
    old = held if held is not None and lapses(state.frame, *held) > at else None
    if not case.gone and case.until <= old_before:
        # Nothing of it counts; where it says otherwise than before, nor does that.
        if old is None or old[0].gone or case.revision <= old[0].revision:
            return [Passed("too-old")]
        if (old[0].since, old[0].until) == (case.since, case.until):
            return [Passed("too-old")]
        case = case._replace(gone=True)
    if old is not None:
        if case.revision < old[0].revision:
            return [Passed("superseded")]
        if case.revision == old[0].revision:
            return [Passed("repeat" if case == old[0] else "same-id-other-content")]
    come = [
        e for stay in state.stays_of(case.tag) for e in exposures(case, at, stay, state.frame, law)
    ]
    gone: list[Exposure] = []
    if old is not None:
        later = case.revision - old[0].revision
        gone = [
            e._replace(revision=e.revision + later)
            for stay in state.stays_of(old[0].tag)
            for e in exposures(*old, stay, state.frame, law)
        ]
    events: list[Event] = [CaseTaken(case, at)]
    events += _changed(state, gone, come, Found(), Found(), at, law)
    if not case.gone:
        return events
    # A case's matches are known by the case that it began with, a derived one's by its own id, too.
    follows = state.said_from(named(case.id)) if case.depth else state.said_of(case.id)
    return events + taken_back(follows, events, at, law)


def _area(state: View, area: Area, at: Ms, law: Law) -> list[Event]:
    if area.issued <= at - state.frame.keep:
        return [Passed("too-old")]
    held = state.areas.get(area.id)
    old: tuple[Area, Ms] | None = None
    if held is not None and lapses(state.frame, *held) > at:
        if area.revision < held[0].revision:
            return [Passed("superseded")]
        if area.revision == held[0].revision:
            return [Passed("repeat" if area == held[0] else "same-id-other-content")]
        old = held
    gone: list[Exposure] = []
    if old is not None:
        gone = [e._replace(revision=area.revision) for e in risks(*old, state.frame)]
    come = list(risks(area, at, state.frame))
    events: list[Event] = [AreaTaken(area, at)]
    events += _changed(state, gone, come, Found(), Found(), at, law)
    return events + (taken_back(state.said_of(area.id), events, at, law) if area.gone else [])


def _spread(state: View, given: Spread, at: Ms, law: Law) -> list[Event]:
    exposure = given.exposure
    if exposure.dies <= at:
        back = forgone(state, exposure, at, law) if given.gone else {}
        return said(state, Found(), Found(), at, law, back) or [Passed("too-old")]
    held = state.told(exposure)
    if held is not None:
        if exposure.revision < held[0].revision:
            return [Passed("superseded")]
        if exposure.revision == held[0].revision:
            same = held == (exposure, given.gone)
            return [Passed("repeat" if same else "same-id-other-content")]
    before, after = Found(), Found()
    known = state.exposure(exposure)
    if known is not None:
        before = of_exposure(state, known._replace(revision=exposure.revision), law, at)
    if not given.gone:
        after = of_exposure(state, exposure, law, at)
    events: list[Event] = [Exposed(exposure, given.gone, True)]
    return events + said(state, before, after, at, law)


def _contact(state: View, met: Contact, at: Ms, law: Law) -> list[Event]:
    chains = links.young(state.chains(met.tag), at, state.frame.keep)
    if met.until and met.until <= at - state.frame.keep:
        chain = chains.get((met.case, met.depth))
        if met.stands or chain is None or met.id not in chain.links:
            return [Passed("too-old")]
    linked = links.decide(chains, met, at, law)
    return [Passed("repeat") if linked is None else linked]


def _changed(
    state: View,
    gone: list[Exposure],
    come: list[Exposure],
    before: Found,
    after: Found,
    at: Ms,
    law: Law,
    back: Mapping[bytes, Said] = MappingProxyType({}),
) -> list[Event]:
    """Exposures that ended and began: ours are folded and matched, others' are told to them."""
    events: list[Event] = []
    begun = {e.key: e for e in come if e.dies > at}
    ended = {e.key: e for e in gone if e.dies > at}
    for key in sorted(ended.keys() | begun.keys()):
        new = begun.get(key)
        exposure = new if new is not None else ended[key]
        if not _is_own(exposure):
            events.append(Spread(exposure, new is None))
            continue
        events.append(Exposed(exposure, new is None, False))
        if key in ended:
            before.update(of_exposure(state, ended[key], law, at))
        if new is not None:
            after.update(of_exposure(state, new, law, at))
    return events + said(state, before, after, at, law, back)


def _is_own(exposure: Exposure) -> bool:
    """Whether the exposure is for the partition that made it: an area's, or of the infectious
    stay's own spot."""
    return exposure.family == "area" or source_stay(exposure)[:-16] == exposure.spot


def _cases(state: View, tag: bytes, at: Ms) -> Iterator[tuple[Case, Ms]]:
    for case, taken in state.cases_with(tag):
        if lapses(state.frame, case, taken) > at:
            yield case, taken
