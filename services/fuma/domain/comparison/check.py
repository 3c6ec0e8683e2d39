"""What keeps a report from being compared, beyond what the law says of who may report it.

The stage passes over a record that is too old, too long or not over yet; the door asks here, so
that a department hears it at once.
"""

from __future__ import annotations

from fuma.domain.codes.check import Breach, day_end
from fuma.domain.comparison.place import is_run
from fuma.domain.comparison.settings import Frame
from fuma.domain.time import Ms

#: What each kind of evidence can show: cells, runs. Scans of a venue code show neither.
SHOWS = {
    "signal-record": (True, False),
    "ticket-record": (False, True),
    "police-record": (True, True),
}


def check_stay(
    place: bytes, evidence: str, since: Ms, until: Ms, at: Ms, *, withdrawn: bool, frame: Frame
) -> list[Breach]:
    """Of a presence over ``[since, until)``, told at ``at``."""
    found = []
    if evidence == "venue-scan":
        found.append(Breach("data.evidence.kind", "not-presence"))
    elif evidence in SHOWS and not SHOWS[evidence][is_run(place)]:
        found.append(Breach("data.place", "place-not-of-evidence"))
    if until - since > frame.longest:
        found.append(Breach("data.until", "stay-too-long"))
    if until > at:
        found.append(Breach("data.until", "not-over"))
    elif until <= at - frame.keep and not withdrawn:
        found.append(Breach("data.until", "over-too-long"))
    return found


def check_case(
    reported: Ms, isolated: Ms, at: Ms, *, withdrawn: bool, frame: Frame
) -> list[Breach]:
    """Of a case whose person was isolated at ``isolated``, as reported at ``reported``."""
    found = check_issue(reported, at, frame)
    if isolated > day_end(at):
        found.append(Breach("data.isolated", "not-over"))
    elif isolated <= at - frame.keep and not withdrawn:
        found.append(Breach("data.isolated", "over-too-long"))
    return found


def check_issue(reported: Ms, at: Ms, frame: Frame) -> list[Breach]:
    """Of anything that counts for so long from when it was reported."""
    return [Breach("time", "reported-too-late")] if reported <= at - frame.keep else []
