"""Offices, accounts and keys: opened and closed only by whom the procedure of the place says."""

from __future__ import annotations

from hashlib import sha256

from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.authority.right import DIGITS, Answer, Case, No, digits
from fuma.domain.authority.state import State
from fuma.domain.ids import is_natural
from fuma.domain.law.procedure import LEVELS, OFFICES, ROLES


def well_formed(office: c.Office, province: str) -> tuple[str, ...]:
    """What is wrong with an office as it is described."""
    found = []
    if office.kind not in OFFICES:
        found.append("office-kind-unknown")
    if office.level not in LEVELS or len(office.division) != DIGITS.get(office.level, -1):
        found.append("level-not-of-division")
    if not office.division.startswith(province) or not digits(office.division):
        found.append("outside-jurisdiction")
    return tuple(found)


def found(state: State, body: c.Found) -> Answer:
    """The ceremony: once, before anything else; its officers' keys count from here on."""
    if state.founded:
        return No(("already-founded",))
    offices = {office.id: office for office in body.offices}
    codes = [code for office in body.offices for code in well_formed(office, state.province)]
    ids = [officer.id for officer, _ in body.officers]
    keys = [key for _, key in body.officers]
    if not offices or len(offices) != len(body.offices):
        codes.append("office-exists")
    if len(set(ids)) != len(ids) or len(set(keys)) != len(keys):
        codes.append("account-exists")
    if any(o.office not in offices or o.role not in ROLES for o, _ in body.officers):
        codes.append("office-unknown")
    if codes:
        return No(tuple(dict.fromkeys(codes)))
    opened: list[e.Event] = [e.OfficeOpened(office) for office in body.offices]
    return opened + [
        e.AccountOpened(sha256(key.encode()).digest()[:16], officer, key, e.NOBODY)
        for officer, key in body.officers
    ]


def open_office(case: Case, body: c.OpenOffice) -> Answer:
    office = body.office
    codes = well_formed(office, case.state.province)
    if codes:
        return No(codes)
    if office.id in case.state.offices or office.id in case.state.closed:
        return No(("office-exists",))
    if not case.covers(office.division):
        return No(("outside-jurisdiction",))
    if not any(_may(case, office, role) for role in ROLES):
        return No(("not-yours-to-open",))
    return [e.OfficeOpened(office)]


def close_office(case: Case, body: c.CloseOffice) -> Answer:
    office = case.state.offices.get(body.office)
    if office is None:
        return No(("office-unknown",))
    if not case.covers(office.division):
        return No(("outside-jurisdiction",))
    if not any(_may(case, office, role) for role in ROLES):
        return No(("not-yours-to-open",))
    return [e.OfficeClosed(office.id, body.reason)]


def apply(state: State, command: c.Command, body: c.Apply) -> Answer:
    """An application needs no account: it is signed by the key that is to be registered."""
    officer, about = body.officer, body.application
    if officer.office not in state.offices:
        return No(("office-unknown",), about)
    if officer.role not in ROLES:
        return No(("role-unknown",), about)
    # A reference by name might be anybody's, the reviewer's too: four eyes would count it as other.
    if not body.need.strip() or len(officer.person) != 16 or not is_natural(officer.person):
        return No(("need-missing",), about)
    if command.key in state.keys or command.key in state.ended_keys:
        return No(("key-exists",), about)
    pending = state.applications.values()
    if any(command.key == one.key for one in pending) or about in state.applications:
        return No(("already-applied",), about)
    if officer.id in state.officers or officer.id in state.closed:
        return No(("account-exists",), about)
    return [e.Applied(about, officer, command.key, body.need)]


def review(case: Case, body: c.ReviewApplication) -> Answer:
    about = body.application
    asked = case.state.applications.get(about)
    if asked is None:
        return No(("application-unknown",), about)
    office = case.state.offices.get(asked.officer.office)
    if office is None:
        return No(("office-closed",), about)
    if not case.covers(office.division):
        return No(("outside-jurisdiction",), about)
    if not _may(case, office, asked.officer.role):
        return No(("not-yours-to-open",), about)
    if asked.officer.person == case.actor.person:
        return No(("own-application",), about)
    if not body.grant:
        if not body.reason.strip():
            return No(("reason-missing",), about)
        return [e.ApplicationRefused(about, body.reason, case.actor)]
    state, officer = case.state, asked.officer
    # Since it was asked, the id may have been opened and closed, the key taken and ended: whoever
    # had them keeps them for ever, or nobody could say whose act it was.
    if officer.id in state.officers or officer.id in state.closed:
        return No(("account-exists",), about)
    if asked.key in state.keys or asked.key in state.ended_keys:
        return No(("key-exists",), about)
    return [e.AccountOpened(about, asked.officer, asked.key, case.actor)]


def close_account(case: Case, body: c.CloseAccount) -> Answer:
    officer = case.state.officers.get(body.officer)
    if officer is None:
        return No(("account-unknown",))
    why = _over(case, officer)
    if why:
        return No((why,))
    ended: list[e.Event] = [
        e.KeyEnded(key, "account-closed")
        for key, owner in sorted(case.state.keys.items())
        if owner == officer.id
    ]
    return [*ended, e.AccountClosed(officer.id, body.reason, case.actor)]


def rotate(case: Case, body: c.RotateKey) -> Answer:
    state = case.state
    if body.key in state.keys or body.key in state.ended_keys or not body.key:
        return No(("key-exists",))
    # An applicant's key is the applicant's: what it signs must not count as somebody else's.
    if any(body.key == one.key for one in state.applications.values()):
        return No(("key-exists",))
    return [e.KeyRegistered(case.officer.id, body.key), e.KeyEnded(case.command.key, "rotated")]


def revoke(case: Case, body: c.RevokeKey) -> Answer:
    """One's own key, or one of an account that one may open."""
    owner = case.state.officers.get(case.state.keys.get(body.key, ""))
    if owner is None:
        return No(("key-unknown",))
    if owner.id != case.officer.id:
        why = _over(case, owner)
        if why:
            return No((why,))
    return [e.KeyEnded(body.key, body.reason)]


def invite(case: Case, body: c.Invite) -> Answer:
    """The channel's members are admitted by whoever handles bulk centrally."""
    officer = case.state.officers.get(body.officer)
    office = case.state.offices.get(officer.office) if officer else None
    if officer is None or office is None:
        return No(("account-unknown",))
    procedure = case.procedure(office.division)
    if procedure is None or not procedure.channel or procedure.bulk is None:
        return No(("no-channel",))
    if not case.fits(procedure.bulk.by) or not case.covers(office.division):
        return No(("not-yours-to-admit",))
    return [e.Invited(officer.id, body.code, case.actor)]


def join(case: Case, body: c.Join) -> Answer:
    if case.state.invited.get(case.officer.id) != sha256(body.code).digest():
        return No(("code-not-yours",))
    return [e.Joined(case.officer.id)]


def _over(case: Case, officer: c.Officer) -> str:
    office = case.state.offices.get(officer.office)
    if office is None:
        return "office-closed"
    if not case.covers(office.division):
        return "outside-jurisdiction"
    return "" if _may(case, office, officer.role) else "not-yours-to-open"


def _may(case: Case, office: c.Office, role: str) -> bool:
    procedure = case.procedure(office.division)
    if procedure is None:
        return False
    for rule in procedure.accounts:
        if not rule.whom.fits(office.kind, office.level, role) or not case.fits(rule.by):
            continue
        # Who opens within its own kind of unit does so for that unit alone: a grid administrator
        # opens its own unit's collectors, not the neighbour's.
        if office.kind != "unit" or case.office.kind != "unit" or office.id == case.office.id:
            return True
    return False
