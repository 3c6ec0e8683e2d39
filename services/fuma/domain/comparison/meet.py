"""What follows from one case and one stay, and from one stay and one exposure: pure pairs.

Both are functions of the two records and of the law at the later of them, so a withdrawal finds
exactly what was asserted, and an auditor who holds the two records finds it too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from fuma.domain.comparison.events import Area, Case, Exposure, Match, Presence, Stay
from fuma.domain.comparison.place import is_run, near, spots, vehicle
from fuma.domain.comparison.settings import Frame, Law, Rule, Seating, Settings
from fuma.domain.time import Ms

#: An area whose risk has no end yet.
ENDLESS: Ms = 1 << 52


def digest(*fields: bytes | str | int) -> bytes:
    """SHA-256 over the fields, each with its length (4) before it; an integer as eight bytes."""
    out = bytearray()
    for field in fields:
        if isinstance(field, int):
            field = field.to_bytes(8, "big", signed=True)
        elif isinstance(field, str):
            field = field.encode()
        out += len(field).to_bytes(4, "big")
        out += field
    return hashlib.sha256(out).digest()


def stay_digest(stay: Stay | Presence) -> bytes:
    """Of what a report says of a stay, whatever its revision."""
    return digest(
        "stay", stay.id, stay.tag, stay.place, stay.since, stay.until, stay.carriage, stay.row
    )


def exposure_digest(stay: bytes, since: Ms, until: Ms) -> bytes:
    """Of as much of a stay, by its digest, as its person was infectious."""
    return digest("exposure", stay, since, until)


def risk_digest(area: bytes, target: bytes, since: Ms, until: Ms) -> bytes:
    """Of an area's risk at a place, or at ``d`` and a division prefix."""
    return digest("risk", area, target, since, until)


def mark(root: bytes, tag: bytes) -> bytes:
    """Tells the person a chain began with, to whoever already has their tag."""
    return digest("mark", root, tag)[:16]


def counted(record: Case | Area, taken: Ms) -> Ms:
    """From when on a case's or area's time runs out: its issue, so that an earlier revision,
    however late it came, lapses no later.

    A derived case is told while its person may still meet others, and nobody says it again: its
    time runs out from the end of its interval.
    """
    issued = min(record.issued, taken)
    return max(issued, record.until) if isinstance(record, Case) and record.depth else issued


def exposures(case: Case, taken: Ms, stay: Stay, frame: Frame, law: Law) -> Iterator[Exposure]:
    """What one stay of an infectious person exposes: its own spot, the place's other spots, and
    the cells around where the law has it so."""
    since, until = max(case.since, stay.since), min(case.until, stay.until)
    if case.gone or stay.gone or since >= until:
        return
    at = max(taken, stay.at)
    settings = law.settings(stay.division, at)
    place = stay.place
    families = [("run" if is_run(place) else "cell", place)]
    if settings is not None and settings.neighbours:
        families += [("near", there) for there in near(place)]
    of = exposure_digest(stay_digest(stay), since, until)
    root = case.root or case.id
    for family, there in families:
        for target in spots(there, frame.parts):
            yield Exposure(
                case.id + stay.key + target,
                target,
                family,
                since,
                until,
                root,
                case.depth,
                case.tag,
                case.mark if case.depth else mark(root, case.tag),
                stay.carriage,
                stay.row,
                of,
                case.revision + stay.revision,
                at,
                min(until, counted(case, taken)) + frame.keep,
            )


def risks(area: Area, taken: Ms, frame: Frame) -> Iterator[Exposure]:
    """What a high-risk area exposes; ``since`` lies ``keep`` early, the law shortens it."""
    if area.gone:
        return
    targets = list(area.places) + [b"d" + prefix.encode() for prefix in area.divisions]
    for since, end in area.periods:
        until = ENDLESS if end is None else end
        if since >= until:
            continue
        for target in targets:
            yield Exposure(
                area.id + target + since.to_bytes(8, "big", signed=True),
                target,
                "area",
                since - frame.keep,
                until,
                area.id,
                0,
                b"",
                b"",
                0,
                0,
                risk_digest(area.id, target, since, until),
                area.revision,
                taken,
                min(until, counted(area, taken)) + frame.keep,
            )


def named(stay: bytes) -> bytes:
    """16 bytes that stand for the key of a stay, or of an infectious one and a spot that it
    exposed, and show neither where it was nor whose report; or for a derived case."""
    return digest("stay", stay)[:16]


def source_stay(exposure: Exposure) -> bytes:
    """The key of the infectious stay; empty for an area."""
    return b"" if exposure.family == "area" else exposure.key[16 : -len(exposure.spot)]


def touch(
    stay: Stay, exposure: Exposure, frame: Frame, law: Law, now: Ms
) -> tuple[Match, Ms] | None:
    """The match that a stay and an exposure are if their overlap is as long as the second says;
    ``None`` where they are none, however long."""
    if exposure.dies <= now or stay.gone or stay.tag == exposure.tag:
        return None
    if exposure.key.startswith(stay.key, 16):
        return None  # a report that was corrected to another person does not meet itself
    since, until = max(stay.since, exposure.since), min(stay.until, exposure.until)
    if since >= until or until <= now - frame.keep:
        return None
    settings = law.settings(stay.division, max(stay.at, exposure.at))
    if settings is None:
        return None
    rule = _rule(settings, stay, exposure)
    if rule is None or exposure.depth >= len(rule.grounds):
        return None
    source = exposure.since
    if exposure.family == "area":
        source += frame.keep - settings.lookback
        since = max(stay.since, source)
    if since >= until:
        return None
    if exposure.depth and mark(exposure.source, stay.tag) == exposure.mark:
        return None
    mine = stay_digest(stay)
    ground = rule.grounds[exposure.depth]
    match = Match(
        digest(
            "match", rule.id, ground, exposure.family, exposure.source, exposure.digest, mine,
            stay.division, stay.identity,
        )[:16],
        stay.tag,
        stay.place,
        stay.division,
        rule.name,
        rule.id,
        ground,
        rule.evidence,
        since,
        until,
        (stay.since, stay.until),
        mine,
        (source, exposure.until),
        exposure.digest,
        exposure.source,
        exposure.depth,
        exposure.mark,
        stay.identity,
        stay.department,
    )  # fmt: skip
    return match, rule.minimum


def _rule(settings: Settings, stay: Stay, exposure: Exposure) -> Rule | None:
    if exposure.family == "cell":
        return settings.companion
    if exposure.family == "near":
        return settings.companion if settings.neighbours else None
    if exposure.family == "area":
        return settings.sojourn
    seating = settings.seating.get(vehicle(stay.place))
    if seating is None or not _sat_near(seating, stay, exposure):
        return None
    return settings.ride


def _sat_near(seating: Seating, stay: Stay, exposure: Exposure) -> bool:
    """A carriage or row that nobody knows is evidence of nothing."""
    if seating.carriage and not (stay.carriage and stay.carriage == exposure.carriage):
        return False
    if seating.rows is None:
        return True
    return bool(stay.row and exposure.row) and abs(stay.row - exposure.row) <= seating.rows
