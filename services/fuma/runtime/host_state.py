"""What the store of a stage with a ledger keeps for one key, and how it is written.

Classes written out, not dataclasses: they are made for every record, and are native where the
stage's host is compiled.
"""

from __future__ import annotations

import struct
from typing import Generic

from fuma.contracts.decisions import FIRST
from fuma.contracts.errors import Poison
from fuma.domain.time import Ms
from fuma.runtime.host_types import D, I, LedgerStage, Position, R, S
from fuma.runtime.ports import Store

POSITION = "position"
#: The version of the states' bytes that the store was written in.
SHAPE = "shape"
#: No bound on T.
FOREVER: Ms = 1 << 62
HEAD = struct.Struct(">BQ32s")  # held, seq, hash of the last ledger value


class KeyState(Generic[S]):
    """The end of a key's ledger, and the stage's own state."""

    __slots__ = ("held", "last", "seq", "state")

    def __init__(
        self, seq: int = 0, last: bytes = FIRST, held: bool = False, state: S | None = None
    ) -> None:
        self.seq = seq
        self.last = last
        self.held = held
        self.state = state


def load_key_state(stage: LedgerStage[S, I, D, R], data: bytes | None) -> KeyState[S]:
    """A key's state from the store's bytes."""
    if data is None:
        return KeyState()
    held, seq, last = HEAD.unpack_from(data)
    body = data[HEAD.size :]
    return KeyState(seq, last, bool(held), stage.load(body[1:]) if body else None)


def marked(position: Position, shape: str) -> dict[str, bytes]:
    """What a store says of itself, in the same batch as the states that it is true of."""
    return {POSITION: position.dump(), SHAPE: shape.encode()}


def fits(store: Store, shape: str) -> bool:
    """Whether what a store says of itself is this release's to read; an empty one is."""
    saved = store.get_meta(POSITION)
    try:
        if saved is not None:
            Position.load(saved)
    except Poison:
        return False
    return store.get_meta(SHAPE) in (None, shape.encode())


def write_states(
    store: Store,
    stage: LedgerStage[S, I, D, R],
    states: dict[bytes, KeyState[S]],
    position: Position,
) -> None:
    """States and position in one batch."""
    puts: dict[bytes, bytes | None] = {}
    for key, known in states.items():
        head = HEAD.pack(known.held, known.seq, known.last)
        # One byte tells an empty state from none.
        puts[key] = head if known.state is None else head + b"\x01" + stage.dump(known.state)
    store.write(puts, marked(position, stage.shape))
