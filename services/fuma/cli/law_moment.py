"""A moment as the command line takes it."""

from __future__ import annotations

from datetime import date, datetime

from fuma.cli.errors import USAGE, CliError
from fuma.domain.time import Ms, day_start, to_ms


def moment(text: str) -> Ms:
    """An RFC 3339 instant, or a date (its first instant in Asia/Shanghai)."""
    try:
        if len(text) == 10:
            return day_start(date.fromisoformat(text))
        return to_ms(datetime.fromisoformat(text))
    except ValueError as error:
        raise CliError(
            f"{text!r} is no moment: {error}",
            "write 2022-06-14 or 2022-06-14T18:00:00+08:00",
            code=USAGE,
        ) from error
