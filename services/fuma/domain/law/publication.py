"""Who may publish which text, and when it can begin to hold."""

from __future__ import annotations

from fuma.domain.time import HOUR, Ms

#: A text is valid only this long after it stands on the log, so that every worker has read it.
NOTICE: Ms = 24 * HOUR
#: ``law`` may lag a partition's T by no more than this when a record is decided.
FRESHNESS: Ms = NOTICE // 2


def refusal(
    *,
    publisher_division: str,
    division: str,
    version: int,
    newest: int,
    begins: Ms,
    at: Ms,
) -> str | None:
    """Why a text may not be published now, or ``None`` where it may.

    ``newest`` is the highest version of that name on the log (0: none), ``begins`` the start the
    text states, ``at`` the log time at which it would stand there.
    """
    if not division.startswith(publisher_division):
        return f"a publisher for {publisher_division!r} may not publish for {division!r}"
    if version <= newest:
        return f"version {version} is not above {newest}, which is on the log"
    if begins < at + NOTICE:
        return "begins before its notice of 24 hours has passed"
    return None
