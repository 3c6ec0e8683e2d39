"""``notices`` values: what a holder is told, to bytes."""

from __future__ import annotations

from fuma.contracts.codec import encoder
from fuma.contracts.noticed import Notice, Reason, Signer
from fuma.contracts.shapes import Shapes, named
from fuma.domain.colour import Colour

_write = encoder(
    "notice",
    None,
    Shapes(
        named(Notice, Reason, Signer),
        enums={"fuma.Colour": {colour.word: colour for colour in Colour}},
        name="notice",
    ),
)


def encode_notice(notice: Notice) -> bytes:
    """A value of ``notices``."""
    return _write(notice)
