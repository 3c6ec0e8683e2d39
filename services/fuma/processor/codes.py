"""The decision as the stage host runs it: ``domain.codes``, from ``person`` to ``decisions``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fuma.contracts.decisions import Cause, LedgerRecord, decode_events, split
from fuma.contracts.facts import decode_person
from fuma.contracts.state import SHAPE, decode_state, encode_state
from fuma.contracts.topics import DECISIONS, PERSON
from fuma.domain.codes.decide import advance
from fuma.domain.codes.events import Decision, Input
from fuma.domain.codes.fold import evolve
from fuma.domain.codes.state import EMPTY, State
from fuma.domain.law.inforce import Law
from fuma.domain.time import Ms

#: A decision and the state after it: computed together, kept apart on the log.
Outcome = tuple[Decision, State]


class Codes:
    """``LedgerStage`` over what reaches a person."""

    name = "codes"
    input_topic = PERSON
    ledger_topic = DECISIONS
    dead_letter_topic = "fuma.dlq.person"
    shape = f"codes-{SHAPE}"

    def __init__(self, law: Callable[[], Law]) -> None:
        """``law``: all texts read so far; those that matter at T are among them (``LawGate``)."""
        self._law = law

    def decode(self, value: bytes) -> Input:
        return decode_person(value)

    def identify(self, item: Input) -> tuple[bytes, bytes]:
        return item.id, item.content

    def decide(self, state: State | None, item: Input, at: Ms) -> Outcome | None:
        decision, after = advance(state or EMPTY, item, at, self._law())
        return None if decision is None else (decision, after)

    def encode(self, decision: Outcome, cause: Cause, seq: int, prev: bytes) -> list[bytes]:
        return split(decision[0], cause, seq, prev)

    def apply(self, state: State | None, item: Input, decision: Outcome) -> State:
        return decision[1]

    def read(self, value: bytes) -> LedgerRecord:
        return decode_events(value)

    def fold(self, state: State | None, records: Sequence[LedgerRecord]) -> State:
        first = records[0]
        events = [event for record in records for event in record.events]
        cause = first.cause
        return evolve(state or EMPTY, events, first.at, cause.id, cause.content)

    def dump(self, state: State) -> bytes:
        return encode_state(state)

    def load(self, data: bytes) -> State:
        return decode_state(data)
