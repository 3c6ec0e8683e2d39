"""Signals for the tests of oversight, and the patterns of ``rules/``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from fuma.contracts.resources import root
from fuma.contracts.rulesfile import law_of_texts, load_folder
from fuma.domain.ids import derive
from fuma.domain.law.inforce import Law
from fuma.domain.law.oversight import Oversight
from fuma.domain.time import SECOND, Ms
from fuma.domain.watch.decide import advance
from fuma.domain.watch.events import Incident, Party, Signal
from fuma.domain.watch.fold import State

T0: Ms = 1_655_136_000_000  # 14 June 2022, 00:00 in Shanghai


@cache
def law() -> Law:
    return law_of_texts(load_folder(root() / "rules"))


def patterns() -> Oversight:
    found = law().oversight("41", T0)
    assert found is not None
    return found


def tag(number: int) -> bytes:
    return derive(b"subject", b"%d" % number)


def signal(
    number: int,
    kind: str = "refused",
    *,
    at: Ms | None = None,
    office: str = "health 410100",
    codes: tuple[str, ...] = ("no-evidence",),
    subject: bytes | None = None,
    count: int = 1,
    digest: bytes = b"",
    colour: str = "green",
    order: bytes = b"",
    parties: tuple[Party, ...] = (),
) -> Signal:
    when = T0 + number * SECOND if at is None else at
    return Signal(
        derive(b"test", kind.encode(), b"%d" % number), when, "41", kind, office.split(" ")[0],
        office, "inbound", codes, tag(number) if subject is None else subject, count, digest, "",
        colour, order, parties,
    )  # fmt: skip


def run(signals: Iterable[Signal], state: State | None = None) -> list[Incident]:
    """Incidents of ``signals`` in order, T being the highest time so far."""
    state = State() if state is None else state
    at, found = 0, []
    for one in signals:
        at = max(at, one.at)
        found += advance(state, one, at, patterns())
    return found


def codes(found: Iterable[Incident]) -> list[tuple[str, int]]:
    return [(one.code, one.threshold) for one in found]
