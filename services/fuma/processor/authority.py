"""Who may decide, as the stage host runs it: ``domain.authority``, ``commands`` to ``orders``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fuma.contracts.authoritystate import SHAPE, Parts, decode_state, encode_state
from fuma.contracts.commandlog import Heard, decode_command, province_key
from fuma.contracts.decisions import Cause
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.orders import OrderRecord, decode_order, split
from fuma.contracts.topics import COMMANDS, ORDERS
from fuma.domain.authority.commands import Outcome, Tick
from fuma.domain.authority.decide import decide
from fuma.domain.authority.events import Event
from fuma.domain.authority.fold import evolve
from fuma.domain.authority.state import State
from fuma.domain.law.inforce import Law
from fuma.domain.time import Ms

Decided = tuple[list[Event], Ms]
_UNSIGNED = (Tick, Outcome)


class Authority:
    """``ResidentStage`` over a province's commands."""

    name = "authority"
    input_topic = COMMANDS
    ledger_topic = ORDERS
    dead_letter_topic = "fuma.dlq.commands"
    shape = f"authority-{SHAPE}"

    def __init__(
        self,
        world: bytes,
        law: Callable[[], Law],
        ceremony: Callable[[], tuple[str, str] | None],
    ) -> None:
        """``ceremony``: both public keys of the genesis; ``None`` before there is one."""
        self._world = world
        self._law = law
        self._ceremony = ceremony

    def decode(self, key: bytes, value: bytes) -> Heard:
        heard = decode_command(value, self._ceremony())
        # A command for another province is refused by the core, which records who asked; a tick or
        # an outcome names nobody, and is on the wrong partition's record by our own fault alone.
        if heard.province.encode() != key and isinstance(heard.item, _UNSIGNED):
            raise Poison(Reason.BAD_KEY, f"says province {heard.province!r}")
        return heard

    def identify(self, item: Heard) -> tuple[bytes, bytes]:
        return item.id, item.content

    def create(self, key: bytes) -> State:
        province = key.decode("ascii", "replace")
        province_key(province)
        return State(self._world, province)

    def decide(self, state: State, item: Heard, at: Ms) -> Decided | None:
        events = decide(state, item.item, at, self._law())
        return (events, at) if events else None

    def encode(self, decision: Decided, cause: Cause, seq: int, prev: bytes) -> list[bytes]:
        events, at = decision
        return split(events, at, cause, seq, prev)

    def apply(self, state: State, item: Heard, decision: Decided) -> State:
        return evolve(state, decision[0], item.id)

    def read(self, value: bytes) -> OrderRecord:
        return decode_order(value)

    def fold(self, state: State, records: Sequence[OrderRecord]) -> State:
        for record in records:
            evolve(state, record.events, record.cause.id)
        return state

    def dump(self, state: State) -> Mapping[bytes, bytes | None]:
        return encode_state(state)

    def load(self, key: bytes, parts: Parts) -> State:
        return decode_state(parts)
