"""Instants and days.

An instant is an ``int``: milliseconds UTC since 1970-01-01 (``Ms``). An interval is half-open,
``[from, until)``. A calendar day is a day of Asia/Shanghai, which is UTC+8 without summer time
since 1991, so no time-zone database is needed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

Ms = int

SECOND: Ms = 1_000
MINUTE: Ms = 60 * SECOND
HOUR: Ms = 60 * MINUTE
DAY: Ms = 24 * HOUR

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
#: Ids are remembered this long; an older record is refused, and that is recorded (DESIGN.md 3).
ID_HORIZON: Ms = 45 * DAY


def day_start(day: date) -> Ms:
    """First instant of ``day`` in Asia/Shanghai."""
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI))


def day_of(ms: Ms) -> int:
    """The day in Asia/Shanghai, counted from 1970-01-01."""
    return (ms + 8 * HOUR) // DAY


def whole_day(ms: Ms) -> Ms:
    """First instant of the day in Asia/Shanghai that ``ms`` is in."""
    return ms - (ms + 8 * HOUR) % DAY


def to_ms(moment: datetime) -> Ms:
    """``moment`` (aware) as milliseconds. Raises ``ValueError`` on a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError("a time without an offset names no instant")
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000 + delta.microseconds // 1_000


def from_ms(ms: Ms) -> datetime:
    """The instant as a datetime in Asia/Shanghai."""
    return datetime(1970, 1, 1, tzinfo=UTC).astimezone(SHANGHAI) + timedelta(milliseconds=ms)


def sayable(ms: Ms) -> bool:
    """Whether ``ms`` lies within the calendar's years 1 to 9999, so that it can be written down."""
    return FIRST <= ms <= LAST


def iso(ms: Ms) -> str:
    """ISO 8601 with the +08:00 offset; milliseconds only where they are not zero."""
    return from_ms(ms).isoformat(timespec="milliseconds" if ms % 1_000 else "seconds")


#: The first and the last instant that the calendar has in Asia/Shanghai.
FIRST: Ms = to_ms(datetime.min.replace(tzinfo=SHANGHAI))
LAST: Ms = to_ms(datetime.max.replace(tzinfo=SHANGHAI))
