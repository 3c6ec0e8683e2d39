"""The contact chain, a person at a time: who met a case becomes one whose contacts count.

The matches of one person with one case, at one depth, make one derived case of the next depth: it
begins with the first overlap and lasts as long as the law says. A match that is withdrawn changes
it or takes it away, and with it what was derived from it in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fuma.domain.comparison.events import Case, Contact, Linked
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


def evolve(state: Links, event: Linked, keep: Ms = 14 * DAY) -> Links:
    """Fold one event; chains that are older than anything that could still change them go."""
    met = event.contact
    key = met.case, met.depth
    chain = state.get(key, Chain({}, None))
    link = Link(met.since, met.until, event.reach, met.revision)
    kept = young(state, event.at, keep)
    return {**kept, key: Chain({**chain.links, met.id: link}, event.told or chain.told)}


def young(state: Links, at: Ms, keep: Ms) -> Links:
    """The chains that something can still change: a contact that is not too old, or a derived case
    that would have to be taken back."""
    return {k: c for k, c in state.items() if lasts(c) > at - keep}


def due(state: Links, event: Linked, keep: Ms) -> Ms:
    """When to look whether the chain that ``event`` changed can go."""
    return max(lasts(state[event.contact.case, event.contact.depth]) + keep, event.at)


def rows(tag: bytes, state: Links) -> Iterator[Linked]:
    """Events that make a person's chains anew, sorted."""
    for (case, depth), chain in sorted(state.items()):
        for id_, link in sorted(chain.links.items()):
            met = Contact(
                id_, link.revision, bool(link.reach), tag, "", link.since, link.until, case, depth,
                b"",
            )  # fmt: skip
            yield Linked(met, link.reach, chain.told, 0)


def lasts(chain: Chain) -> Ms:
    """The end of the last contact, or of the derived case while that stands."""
    last = max(link.until for link in chain.links.values())
    told = chain.told
    return last if told is None or told.gone else max(last, told.until, told.issued)


def decide(state: Links, match: Contact, at: Ms, law: Law) -> Linked | None:
    """What a match means for the chain; ``None`` for one that is known already."""
    chain = state.get((match.case, match.depth), Chain({}, None))
    held = chain.links.get(match.id)
    if held is not None and match.revision <= held.revision:
        return None
    if not match.until:
        # Taken back when the stay had gone: what was said of it is all that is known of the times.
        if held is None:
            return None
        match = match._replace(since=held.since, until=held.until)
    settings = law.settings(match.division, at)
    reach = 0
    if match.stands and settings is not None:
        reach = settings.chain
    links = {**chain.links, match.id: Link(match.since, match.until, reach, match.revision)}
    spans = [(x.since, -x.reach) for x in links.values() if x.reach]
    told = chain.told
    if not spans:
        gone = None
        if told is not None and not told.gone:
            gone = told._replace(revision=max(told.revision + 1, at), issued=at, gone=True)
        return Linked(match, reach, gone, at)
    first, minus = min(spans)
    new = Case(
        digest("chain", match.case, match.tag, match.depth + 1)[:16],
        at if told is None else max(told.revision + 1, at),
        match.tag,
        first,
        first - minus,
        at,
        False,
        match.case,
        match.depth + 1,
        match.mark,
    )
    # T itself is the revision where it can be, so that a state made anew counts on from there.
    if told is not None and new._replace(revision=told.revision, issued=told.issued) == told:
        return Linked(match, reach, None, at)
    return Linked(match, reach, new, at)
