"""Oversight as the host runs it: ``domain.watch``, from ``signals`` to ``incidents``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fuma.contracts.incidents import encode_incident
from fuma.contracts.signals import decode_signal
from fuma.contracts.topics import INCIDENTS, SIGNALS
from fuma.domain.law.inforce import Law
from fuma.domain.time import Ms
from fuma.domain.watch.decide import advance
from fuma.domain.watch.events import Signal
from fuma.domain.watch.fold import State
from fuma.runtime.host_types import Emit


class Provinces:
    """One partition: the windows of each province whose key belongs to it."""

    def __init__(self, law: Callable[[], Law]) -> None:
        self._law = law
        self._states: dict[bytes, State] = {}

    def take(self, key: bytes, item: Signal, at: Ms) -> Sequence[Emit]:
        key = item.province.encode()
        state = self._states.setdefault(key, State())
        patterns = self._law().oversight(item.province, at)
        return [
            Emit(INCIDENTS, key, encode_incident(incident))
            for incident in advance(state, item, at, patterns)
        ]


class Watch:
    """``WindowStage`` over the signals of all provinces."""

    name = "watch"
    input_topic = SIGNALS
    dead_letter_topic = "fuma.dlq.signals"

    def __init__(self, law: Callable[[], Law]) -> None:
        self._law = law

    def decode(self, value: bytes) -> Signal:
        return decode_signal(value)

    def empty(self) -> Provinces:
        return Provinces(self._law)
