"""How long what the comparison heard is kept."""

from __future__ import annotations

from fuma.domain.comparison.events import Area, Case, Stay
from fuma.domain.comparison.meet import counted
from fuma.domain.comparison.settings import Frame
from fuma.domain.comparison.view import View
from fuma.domain.time import Ms


def passed(state: View, when: Ms) -> bool:
    """Whether the step of T that ``when`` is in is over."""
    return when // state.grain < state.now // state.grain


def lapses(frame: Frame, record: Case | Area, taken: Ms) -> Ms:
    """From when on a case or area counts no longer, unless it is said again."""
    return counted(record, taken) + frame.keep


def remembered(frame: Frame, stay: Stay) -> Ms:
    """Until when a stay's id and revision are held. A revision is made after the stay is over, so
    what it replaces is too old itself by the time that this is."""
    return (stay.at if stay.revision or stay.gone else stay.until) + frame.keep


def forgotten(stay: Stay) -> Stay:
    """What remains of a stay that is gone: that it was, and its revision."""
    return stay._replace(
        tag=b"", division="", since=0, until=0, carriage=0, row=0, gone=True, identity="",
        department="",
    )  # fmt: skip
