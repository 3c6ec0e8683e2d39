"""``decide``: one input, the province's state, T and the law give what happened.

A refusal is an event like any other, with who asked. A repeat of what is remembered gives nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fuma.domain.authority import accounts, deadlines, lists, orders, relief, returns
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority.fold import evolve
from fuma.domain.authority.right import Answer, Case, No
from fuma.domain.authority.state import State
from fuma.domain.law.inforce import Law
from fuma.domain.time import MINUTE, Ms

#: The genesis's own "key": only ``contracts`` makes such a command, from the ceremony's record.
CEREMONY = "genesis"
#: A signer's clock may be ahead of the log by so much.
AHEAD: Ms = 5 * MINUTE
#: Ids are remembered until no command that carries them can still be good.
_REMEMBER: Ms = c.MAX_VALIDITY + 2 * AHEAD

_HANDLERS: dict[type, Callable[[Case, Any], Answer]] = {
    c.OpenOffice: accounts.open_office,
    c.CloseOffice: accounts.close_office,
    c.ReviewApplication: accounts.review,
    c.CloseAccount: accounts.close_account,
    c.RotateKey: accounts.rotate,
    c.RevokeKey: accounts.revoke,
    c.Invite: accounts.invite,
    c.Join: accounts.join,
    c.SetSeal: lists.set_seal,
    c.PostList: lists.post,
    c.ReadList: lists.read,
    c.Draft: orders.draft,
    c.Page: orders.page,
    c.Act: orders.act,
    c.Reject: orders.reject,
    c.Withdraw: orders.withdraw,
    c.ReleaseBulk: orders.release_bulk,
    c.Lift: relief.lift,
    c.Annul: relief.annul,
    c.AcknowledgeRecall: relief.acknowledge,
    c.FileCase: relief.file,
    c.AssignCase: relief.assign,
    c.DecideCase: relief.decide_case,
    c.PushItem: returns.push,
    c.CityReturn: returns.report,
}


def decide(state: State, item: c.Input, at: Ms, law: Law) -> list[e.Event]:
    """What happened. Empty for a repeat; ``state`` is not changed."""
    if isinstance(item, c.Tick):
        return deadlines.tick(state, item, at, law)
    if isinstance(item, c.Outcome):
        return deadlines.outcome(state, item, at)
    if isinstance(item, c.Forged):
        # Remembered by its bytes, not by the id that it claims: a forger burns nobody's id.
        name = ("", item.digest[:16])
        if name in state.seen:
            return []
        actor = e.Actor(b"", "", "", "")
        return [
            e.Refused(
                item.digest[:16], "Forged", actor, item.id, (item.code, f"named:{item.key}"),
                item.digest, at + _REMEMBER,
            )
        ]  # fmt: skip
    known = state.seen.get((item.key, item.id))
    if known is not None and known[0] == item.digest:
        return []
    actor = _actor(state, item.key)
    until = at + _REMEMBER
    if known is not None:
        # The first content keeps the id; this one is remembered by its own digest.
        again = (item.key, item.digest[:16])
        if again in state.seen:
            return []
        codes = ("same-id-other-content",)
        kind = type(item.body).__name__
        return [e.Refused(item.digest[:16], kind, actor, b"", codes, item.digest, until)]
    answer = _answer(state, item, at, law, actor)
    if isinstance(answer, No):
        return [_refused(state, item, actor, answer, until)]
    kind, about = type(item.body).__name__, _about(item.body)
    # First, so that a decision in several parts says in the first of them what it answers.
    return [e.Accepted(item.id, item.digest, until, actor, kind, about), *answer]


def advance(state: State, item: c.Input, at: Ms, law: Law) -> tuple[list[e.Event], State]:
    """Decide and fold."""
    happened = decide(state, item, at, law)
    return happened, evolve(state, happened, cause_of(item))


def cause_of(item: c.Input) -> bytes:
    """The id of an input that states remember it by, beside those of commands."""
    return item.id if isinstance(item, c.Outcome) else b""


def _answer(state: State, item: c.Command, at: Ms, law: Law, actor: e.Actor) -> Answer:
    codes = []
    if item.world != state.world:
        codes.append("other-world")
    if item.province != state.province:
        codes.append("other-province")
    if at >= item.expires:
        codes.append("expired")
    if item.issued > at + AHEAD:
        codes.append("issued-later")
    if not 0 < item.expires - item.issued <= c.MAX_VALIDITY:
        codes.append("validity-wrong")
    if codes:
        return No(tuple(codes))
    body = item.body
    if isinstance(body, c.Found):
        if item.key != CEREMONY:
            return No(("not-the-ceremony",))
        return accounts.found(state, body)
    if isinstance(body, c.Apply):
        return accounts.apply(state, item, body)
    owner = state.keys.get(item.key)
    if owner is None:
        if not state.founded:
            return No(("not-founded",))
        return No(("key-ended" if item.key in state.ended_keys else "key-unknown",))
    officer = state.officers.get(owner)
    if officer is None:
        return No(("account-closed",))
    office = state.offices.get(officer.office)
    if office is None:
        return No(("office-closed",))
    return _HANDLERS[type(body)](Case(state, item, at, law, actor, officer, office), body)


def _actor(state: State, key: str) -> e.Actor:
    officer = state.officers.get(state.keys.get(key, ""))
    if officer is None:
        return e.Actor(b"", "", "", key)
    return e.Actor(officer.person, officer.id, officer.office, key)


def _about(body: c.Body) -> bytes:
    """The order, case or application that a body is about."""
    for name in ("order", "case", "application"):
        found = getattr(body, name, b"")
        if found:
            return bytes(found)
    return b""


def _refused(state: State, item: c.Command, actor: e.Actor, no: No, until: Ms) -> e.Refused:
    kind = type(item.body).__name__
    known = state.orders.get(no.about)
    draft = item.body if isinstance(item.body, c.Draft) else known.draft if known else None
    ground, count = (draft.ground, draft.count) if draft else ("", 0)
    return e.Refused(
        item.id, kind, actor, no.about, no.codes, item.digest, until, ground, count
    )  # fmt: skip
