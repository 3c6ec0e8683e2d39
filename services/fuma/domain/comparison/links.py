"""The contact chain, a person at a time: who met a case becomes one whose contacts count.

The matches of one person with one case, at one depth, make one derived case of the next depth: it
begins with the first overlap and lasts as long as the law says. A match that is withdrawn changes
it or takes it away, and with it what was derived from it in turn.
"""

from __future__ import annotations

from typing import NamedTuple

from fuma.domain.comparison.events import Case, Said
from fuma.domain.comparison.meet import digest
from fuma.domain.comparison.settings import Law
from fuma.domain.time import DAY, Ms


class Link(NamedTuple):
    """One match as last said."""

    since: Ms
    until: Ms
    reach: Ms  # how long contacts count from it on; 0: withdrawn, or the law does not ask for them
    revision: int


class Chain(NamedTuple):
    """What links a person to one case at one depth, and the derived case as last told."""

    links: dict[bytes, Link]
    told: Case | None


#: A person's chains, by root case and depth.
Links = dict[tuple[bytes, int], Chain]


class Linked(NamedTuple):
    """Event: a match is known, and what is told of it (``None``: nothing new)."""

    said: Said
    reach: Ms
    told: Case | None
    at: Ms


def evolve(state: Links, event: Linked, keep: Ms = 14 * DAY) -> Links:
    """Fold one event; chains that are older than anything that could still change them go."""
    match = event.said.match
    key = (match.case, match.depth)
    chain = state.get(key, Chain({}, None))
    link = Link(match.since, match.until, event.reach, event.said.revision)
    kept = {
        k: c for k, c in state.items() if any(x.until > event.at - keep for x in c.links.values())
    }
    return {**kept, key: Chain({**chain.links, match.id: link}, event.told or chain.told)}


def decide(state: Links, said: Said, at: Ms, law: Law) -> Linked | None:
    """What a match means for the chain; ``None`` for one that is known already."""
    match = said.match
    chain = state.get((match.case, match.depth), Chain({}, None))
    held = chain.links.get(match.id)
    if held is not None and said.revision <= held.revision:
        return None
    settings = law.settings(match.division, at)
    reach = 0
    if said.stands and settings is not None and match.mark and match.depth + 1 < settings.depth:
        reach = settings.chain
    links = {**chain.links, match.id: Link(match.since, match.until, reach, said.revision)}
    spans = [(x.since, -x.reach) for x in links.values() if x.reach]
    told = chain.told
    if not spans:
        gone = None
        if told is not None and not told.gone:
            gone = told._replace(revision=told.revision + 1, gone=True)
        return Linked(said, reach, gone, at)
    first, minus = min(spans)
    new = Case(
        digest("chain", match.case, match.tag, match.depth + 1)[:16],
        0 if told is None else told.revision + 1,
        match.tag,
        first,
        first - minus,
        at,
        False,
        match.case,
        match.depth + 1,
        match.mark,
    )
    if told is not None and new._replace(revision=told.revision, issued=told.issued) == told:
        return Linked(said, reach, None, at)
    return Linked(said, reach, new, at)
