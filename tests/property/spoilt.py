"""Bytes and JSON broken in every way: for whatever reads what others wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

MORE = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))

#: JSON that no sender of ours would write, and that a parser may stumble over.
DEEP = b"[" * 100_000
JUNK: list[Any] = [
    None, True, 0, -1, 1.5, 1 << 31, 1 << 63, -(1 << 70), 10**300, float("inf"), float("nan"), "",
    "x", "\ud800", "\0", "14", "１４", "00" * 16, "00" * 31, "00" * 32, "长" * 300, [], [[]], {},
    {"a": 1}, {"\ud800": "\udfff"}, [None] * 3, "1e999",
]  # fmt: skip
#: As they stand in the text, since no number of Python's says them.
NUMBERS = [b"1e999", b"-1e999", b"9" * 5_000, b"1E+400", b"-0", b"NaN"]


@st.composite
def spoilt_bytes(draw: st.DrawFn, good: bytes) -> bytes:
    """``good``, or cut, flipped, grown, exchanged, or something that never was it."""
    at = draw(st.integers(0, len(good)))
    match draw(st.integers(0, 7)):
        case 0:
            return good[:at]
        case 1:
            return good[:at] + draw(st.binary(min_size=1, max_size=20)) + good[at:]
        case 2:
            return draw(st.binary(max_size=200))
        case 3:
            body = bytearray(good)
            for _ in range(draw(st.integers(1, 4))):
                if body:
                    body[draw(st.integers(0, len(body) - 1))] ^= 1 << draw(st.integers(0, 7))
            return bytes(body)
        case 4:
            return draw(st.sampled_from([b"", DEEP, b"{" * 5_000, b"null", b"[]", b"5", b'"x"']))
        case 5:
            return good[:at] + good[at + draw(st.integers(1, 9)) :]
        case 6:
            number = draw(st.sampled_from(NUMBERS))
            return good[:at] + number + good[at:]
        case _:
            return good


@st.composite
def spoilt_json(draw: st.DrawFn, good: Any) -> Any:
    """``good`` with something in it taken out, exchanged or added; or something else altogether."""
    if isinstance(good, dict) and good and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(good)))
        made = dict(good)
        match draw(st.integers(0, 7)):
            case 0:
                del made[key]
            case 1:
                made[draw(st.sampled_from(["zz", "", "a\ud800"]))] = draw(st.sampled_from(JUNK))
            case _:
                made[key] = draw(spoilt_json(good[key]))
        return made
    if isinstance(good, list) and good and draw(st.integers(0, 9)):
        place = draw(st.integers(0, len(good) - 1))
        return [*good[:place], draw(spoilt_json(good[place])), *good[place + 1 :]]
    return draw(st.sampled_from(JUNK))


@st.composite
def spoilt_text(draw: st.DrawFn, good: Any) -> bytes:
    """The canonical JSON of ``good`` spoilt, or its bytes spoilt."""
    if not draw(st.integers(0, 3)):
        return draw(spoilt_bytes(written(good)))
    made = written(draw(spoilt_json(good)))
    if not draw(st.integers(0, 5)):
        made = made.replace(b"null", draw(st.sampled_from([*NUMBERS, DEEP])), 1)
    return made


def written(data: Any) -> bytes:
    """As our canonical JSON, with the surrogates that it would not have."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode("utf-8", "surrogatepass")


def only(
    name: str, reader: Callable[[bytes], object], data: bytes, *declared: type[Exception]
) -> None:
    """``reader`` gives a value, or raises one of ``declared``, of which a line can be said."""
    try:
        reader(data)
    except declared as error:
        str(error).encode()  # a dead letter's header, a line of the log
    except BaseException as error:
        pytest.fail(f"{name}: {type(error).__name__}: {error}: {data[:300]!r}")
