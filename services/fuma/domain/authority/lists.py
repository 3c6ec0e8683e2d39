"""Lists of the channel: who may put one in, who may read it, every read a record.

The log holds that a list exists, how large it is and for whom it was encrypted; the list itself
travels elsewhere, in ciphertext.
"""

from __future__ import annotations

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority.right import Answer, Case, No


def set_seal(case: Case, body: c.SetSeal) -> Answer:
    """A member says to which key lists are encrypted for it."""
    if case.officer.id not in case.state.members:
        return No(("not-admitted",))
    if len(body.seal) != 32:
        return No(("seal-wrong",))
    return [e.SealSet(case.officer.id, body.seal)]


def post(case: Case, body: c.PostList) -> Answer:
    """A member puts a list in, encrypted to members alone."""
    about = body.list
    procedure = case.procedure(case.office.division)
    if procedure is None or not procedure.channel:
        return No(("no-channel",), about)
    codes = []
    if case.officer.id not in case.state.members:
        codes.append("not-admitted")
    if about in case.state.lists:
        codes.append("list-exists")
    if not body.division.startswith(case.state.province):
        codes.append("outside-jurisdiction")
    if body.count < 1 or body.pieces < 1 or len(body.digest) != 32 or len(about) != 16:
        codes.append("count-wrong")
    to = body.recipients
    if not to or len(set(to)) != len(to) or not case.state.seals.keys() >= set(to):
        codes.append("recipient-not-admitted")
    if codes:
        return No(tuple(codes), about)
    return [
        e.ListPosted(
            about, body.division, body.count, body.pieces, body.digest, to, case.actor, case.at
        )
    ]


def read(case: Case, body: c.ReadList) -> Answer:
    """Each time it is asked for: who, and when."""
    about = body.list
    if case.officer.id not in case.state.members:
        return No(("not-admitted",), about)
    posted = case.state.lists.get(about)
    if posted is None:
        return No(("list-unknown",), about)
    if case.officer.id not in posted.recipients:
        return No(("not-a-recipient",), about)
    return [e.ListRead(about, case.actor, case.at)]
