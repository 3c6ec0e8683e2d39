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
    ANYBODY,
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
from fuma.domain.comparison.fold import forgotten, lapses, remembered
from fuma.domain.comparison.meet import (
    ENDLESS,
    counted,
    exposures,
    named,
    risks,
    source_stay,
    stay_digest,
)
from fuma.domain.comparison.pairs import Found, areas_of, of_exposure, of_stay
from fuma.domain.comparison.place import near, spot, spots
from fuma.domain.comparison.saying import said, taken_back
from fuma.domain.comparison.settings import Law
from fuma.domain.comparison.view import View
from fuma.domain.time import DAY, Ms

#: Of an exposure that nobody knows any more.
_NOTHING = Exposure(
    b"", b"", "cell", 0, 0, bytes(16), 0, bytes(16), b"", 0, 0, bytes(32), 0, 0, 0
)  # fmt: skip


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
    back = _back(state, old, new, said) if p.revision or p.gone else {}
    if p.gone or (p.revision and (old is None or stay_digest(old) != stay_digest(new))):
        events += _swept(state, p, old, new, at, law)
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


def _back(state: View, old: Stay | None, new: Stay, said: bytes) -> dict[bytes, Said]:
    """What followed from a report that is corrected or withdrawn, as far back as is remembered;
    not what follows from ``said``, the digest of a correction that is too old to count."""
    roles = [named(new.key), named(new.key + new.spot)]  # somebody's, and a case's
    if old is not None and not new.gone and stay_digest(old) == stay_digest(new):
        roles.pop()
        if (old.division, old.identity) == (new.division, new.identity):
            roles.pop()
    found = (one for role in roles for one in state.said_from(role))
    return {one.match.id: one for one in found if one.match.stay_digest != said}


def _swept(
    state: View, p: Presence, old: Stay | None, stay: Stay, at: Ms, law: Law
) -> Iterator[Spread]:
    """To every spot that may remember a match with a stay which is taken back so late that nobody
    knows any more whether it was infectious.

    A withdrawal says the times of what it takes back, a correction does not. A case is isolated on
    the day of its issue at the latest, so one that a stay met may have lapsed a day before it.
    """
    told = p.gone and p.tag[1:] != ANYBODY
    was = old if old is not None else p if told else None
    if was is not None and was.since > at - state.frame.keep + DAY:
        return
    settings = law.settings(p.division if old is None else old.division, at)
    places = [stay.place]
    if settings is not None and settings.neighbours:
        places += near(stay.place)
    for place in places:
        for target in spots(place, state.frame.parts):
            if target != stay.spot:
                key = bytes(16) + stay.key + target
                yield Spread(_NOTHING._replace(key=key, spot=target, revision=stay.revision), True)


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
    if not case.gone and case.until <= old_before:
        # Nothing of it counts; where it says otherwise than before, nor does that.
        counts = held is not None and lapses(state.frame, *held) > at and not held[0].gone
        if held is None or not counts or held[0].revision >= case.revision:
            return [Passed("too-old")]
        if (held[0].since, held[0].until) == (case.since, case.until):
            return [Passed("too-old")]
        case = case._replace(gone=True)
    old: tuple[Case, Ms] | None = None
    if held is not None and lapses(state.frame, *held) > at:
        if case.revision < held[0].revision:
            return [Passed("superseded")]
        if case.revision == held[0].revision:
            return [Passed("repeat" if case == held[0] else "same-id-other-content")]
        old = held
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
        back = _forgone(state, exposure, at, law) if given.gone else {}
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


def _forgone(state: View, exposure: Exposure, at: Ms, law: Law) -> dict[bytes, Said]:
    """What was said at a spot by an infectious stay that has been taken back since; not what an
    exposure in force bears, since a spread that comes twice comes after what replaced it."""
    source, live = source_stay(exposure), Found()
    for one in state.exposures_at(exposure.spot, -ENDLESS, ENDLESS):
        if source_stay(one) == source:
            live.update(of_exposure(state, one, law, at))
    return {
        one.match.id: one
        for one in state.said_from(named(source + exposure.spot))
        if one.match.id not in live.met and one.match.id not in live.briefs
    }


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
    if exposure.family == "area":
        return True
    target = exposure.spot
    key = exposure.key[16:]
    return key[: len(key) - 16 - len(target)] == target


def _cases(state: View, tag: bytes, at: Ms) -> Iterator[tuple[Case, Ms]]:
    for case, taken in state.cases_with(tag):
        if lapses(state.frame, case, taken) > at:
            yield case, taken
