"""The errors, as one tree; what a caller does follows from the base it catches.

::

    FumaError              one clear line: what was wrong, where, what to do
    ├── Poison             these bytes will never do: dead letter, go on   (``reason``, closed list)
    ├── Retryable          may work later: wait, try again
    ├── Fatal              going on could lose or invent something: stop, exit non-zero
    └── Refusal            the caller asked for something that is not allowed or not well formed
"""

from __future__ import annotations

from enum import StrEnum


class FumaError(Exception):
    """Base. ``str(error)`` is one line for a person; ``hint`` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Reason(StrEnum):
    """Why a record became a dead letter. Closed: a metric label and a header value."""

    NO_VALUE = "no-value"
    NO_KEY = "no-key"
    BAD_KEY = "bad-key"
    NOT_FRAMED = "not-framed"
    UNKNOWN_SCHEMA = "unknown-schema"
    WRONG_SUBJECT = "wrong-subject"
    UNDECODABLE = "undecodable"
    TRAILING_BYTES = "trailing-bytes"
    TOO_LARGE = "too-large"
    NO_MAC = "no-mac"
    BAD_MAC = "bad-mac"
    NO_TIME = "no-time"
    WRONG_PARTITION = "wrong-partition"
    NOT_SEALED_TO_US = "not-sealed-to-us"
    BAD_REPORT = "bad-report"
    BAD_SIGNATURE = "bad-signature"
    UNKNOWN_PUBLISHER = "unknown-publisher"
    BAD_LAW = "bad-law"
    OUT_OF_SEQUENCE = "out-of-sequence"
    HASH_MISMATCH = "hash-mismatch"
    HELD = "held"  # the key's ledger is held until a signed repair


def sayable_text(text: str) -> str:
    """``text`` with what UTF-8 cannot say written out."""
    return text.encode("utf-8", "backslashreplace").decode()


#: A message stands in headers and incidents, and may repeat what a sender wrote.
_LONGEST = 1_000


class Poison(FumaError):
    """A record that can never be processed. ``reason`` is one of the closed list."""

    def __init__(self, reason: Reason, message: str = "") -> None:
        # It may repeat what the sender wrote, and a lone surrogate of JSON's is in no encoding.
        super().__init__(sayable_text(message[:_LONGEST]) or reason.value)
        self.reason = reason


class Retryable(FumaError):
    """The world is not ready; the same call may work later."""


class Fatal(FumaError):
    """Going on could lose or invent something."""


class Refusal(FumaError):
    """Asked for what is not allowed, or not in a form that can be answered."""
