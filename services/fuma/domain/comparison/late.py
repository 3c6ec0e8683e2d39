"""What is taken back late, when the stay that it rests on, or the exposure, has gone.

That a match was said is remembered for longer, by names of the stays that it followed from. What an
infectious stay exposed at other spots they remember, and have to be told.
"""

from __future__ import annotations

from collections.abc import Iterator

from fuma.domain.comparison.events import ANYBODY, Exposure, Presence, Said, Spread, Stay
from fuma.domain.comparison.meet import ENDLESS, named, source_stay
from fuma.domain.comparison.pairs import Found, of_exposure
from fuma.domain.comparison.place import near, spots
from fuma.domain.comparison.settings import Law
from fuma.domain.comparison.view import View
from fuma.domain.time import DAY, Ms

#: Of an exposure that nobody knows any more.
_NOTHING = Exposure(
    b"", b"", "cell", 0, 0, bytes(16), 0, bytes(16), b"", 0, 0, bytes(32), 0, 0, 0
)  # fmt: skip


def corrected(
    state: View, old: Stay | None, new: Stay, same: bool, said: bytes
) -> dict[bytes, Said]:
    """What followed from a report that is corrected or withdrawn, as far back as is remembered;
    not what follows from ``said``, the digest of a correction that is too old to count. ``same``:
    the report says nothing else of where and when."""
    roles = [named(new.key), named(new.key + new.spot)]  # somebody's, and a case's
    if same and old is not None:
        roles.pop()
        if (old.division, old.identity) == (new.division, new.identity):
            roles.pop()
    found = (one for role in roles for one in state.said_from(role))
    return {one.match.id: one for one in found if one.match.stay_digest != said}


def swept(
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


def forgone(state: View, exposure: Exposure, at: Ms, law: Law) -> dict[bytes, Said]:
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
