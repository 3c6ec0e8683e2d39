"""How the command ends: exit codes, and the one line that a failure prints."""

from __future__ import annotations

from fuma.contracts.errors import FumaError

DONE, FAILED, USAGE, PARTLY_REFUSED = 0, 1, 2, 3


class CliError(FumaError):
    """Ends the command. ``message`` is one line; ``hint`` says what to do; ``code`` the exit."""

    def __init__(self, message: str, hint: str = "", *, code: int = FAILED) -> None:
        super().__init__(message, hint)
        self.code = code
