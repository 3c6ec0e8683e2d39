"""Values that frame others on the wire, and how those are made that are no plain class.

Apart from the codecs, so that compiled ones can name them.
"""

from __future__ import annotations

from dataclasses import dataclass

from fuma.contracts.errors import Poison, Reason
from fuma.domain.codes import events as e
from fuma.domain.codes import inputs as i
from fuma.domain.quick import quick
from fuma.domain.time import Ms


@quick
@dataclass(frozen=True, slots=True)
class Cause:
    """The input that a ledger record follows from."""

    id: bytes
    topic: bytes  # topic UUID, 16 bytes
    partition: int
    offset: int
    digest: bytes  # sha256 of the input's value
    content: bytes


@quick
@dataclass(frozen=True, slots=True)
class LedgerRecord:
    """One record of the decisions ledger, as it stands on the log."""

    seq: int
    prev: bytes
    part: int
    parts: int
    cause: Cause
    at: Ms
    law: e.LawRef | None
    events: tuple[e.Event, ...]
    schedule: e.Schedule | None


@quick
@dataclass(frozen=True, slots=True)
class Heard:
    """A value of ``person``."""

    body: i.Input


def heard(body: i.Input) -> i.Input:
    """What a value of ``person`` holds."""
    return body


def first_release(
    id: bytes,
    content: bytes,
    kind: i.FactKind,
    department: str,
    division: str,
    ground: str,
    since: Ms,
    until: Ms | None,
    evidence_kind: str,
    evidence_ref: bytes,
    identity: i.Identity,
    breaches: tuple[str, ...],
    reported: Ms,
    sealed: bytes,
    reporter: bytes,
    root: bytes,
) -> i.Fact:
    """A fact that the first release wrote: it is decided as that release did."""
    return i.Fact(
        id, content, kind, department, division, ground, since, until, evidence_kind, evidence_ref,
        identity, breaches, reported, sealed, reporter, root, i.FIRST_RELEASE,
    )  # fmt: skip


def match(
    id: bytes,
    content: bytes,
    match: bytes,
    revision: int,
    stands: bool,
    division: str,
    ground: str,
    evidence_kind: str,
    rule: str,
    rule_id: bytes,
    since: Ms,
    until: Ms,
    place: bytes,
    stay_since: Ms,
    stay_until: Ms,
    stay_digest: bytes,
    source_since: Ms,
    source_until: Ms,
    source_digest: bytes,
    case: bytes,
    depth: int,
    mark: bytes,
    department: str,
    identity: i.Identity,
    root: bytes,
) -> i.MatchFact:
    """A match; the domain keeps its intervals in pairs."""
    return i.MatchFact(
        id, content, match, revision, stands, division, ground, evidence_kind, rule, rule_id,
        since, until, place, (stay_since, stay_until), stay_digest, (source_since, source_until),
        source_digest, case, depth, mark, department, identity, root,
    )  # fmt: skip


def line_end(
    id: bytes,
    content: bytes,
    order: bytes,
    line: int,
    province: str,
    how: str,
    code: str,
    at: Ms,
    by: i.Actor,
) -> i.LineEnd:
    """The end of a line. Raises ``Poison`` where its kind is no word of ours."""
    end = _ENDS.get(how)
    if end is None:
        raise Poison(Reason.UNDECODABLE, f"no such word: {how}")
    return i.LineEnd(id, content, order, line, province, end, code, at, by)


_ENDS = {end.value: end for end in i.End}
