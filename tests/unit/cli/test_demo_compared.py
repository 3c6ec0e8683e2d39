"""The demo's day through door and comparison in memory: the matches are those of the slow count."""

from __future__ import annotations

from collections import Counter
from datetime import date

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fuma.cli.demo import files
from fuma.cli.demo.day import Planner
from fuma.cli.demo.planned import Report
from fuma.cli.demo.province import settle
from fuma.cli.demo.reckoning import COMPANION, SOJOURN, expected
from fuma.cli.demo.world import law_texts
from fuma.contracts import cloudevents
from fuma.contracts.presence import FRAME
from fuma.contracts.rulesfile import law_of_texts
from fuma.domain.comparison.decide import decide
from fuma.domain.comparison.events import Input, Said, Spread
from fuma.domain.comparison.fold import evolve
from fuma.domain.comparison.state import State
from fuma.domain.time import day_start
from fuma.gateway.intake import Row
from fuma.gateway.judge import Judge, Opened
from fuma.runtime.memory import MemoryVault
from fuma.runtime.ports import LogRecord

START = day_start(date(2022, 6, 14))
LAW = law_of_texts(law_texts())


@pytest.fixture(scope="module")
def planned() -> tuple[list[Report], dict[bytes, str], MemoryVault]:
    people = settle(6_000, 11).people
    vault = MemoryVault()
    vault.load([(p.number, p.name) for p in people])
    tags = {vault._tag(p.number): p.number for p in people}
    return Planner(people, START, 11).reports(), tags, vault


def door(report: Report, vault: MemoryVault, judge: Judge) -> list[Input]:
    """What the gateway makes of a report for the comparison."""
    if report.raw:
        return []
    reading = cloudevents.read(orjson.dumps(files.event(report)))
    raw = LogRecord("", 0, 0, report.at, b"", None, ())
    row = Row(raw, report.department, "", b"", 1, None, False, report.at, b"", b"")
    opened = Opened(row, reading)
    subject = vault.subjects([opened.person])[0] if opened.person else None
    judged = judge.judge(opened, subject, LAW)
    if report.kind in ("presence", "area"):
        assert judged.faults == (), report
    return [said.item for said in judged.said]


def test_matches_are_those_of_the_slow_count(
    planned: tuple[list[Report], dict[bytes, str], MemoryVault],
) -> None:
    reports, tags, vault = planned
    judge = Judge(X25519PrivateKey.from_private_bytes(b"g" * 32), b"e" * 32)
    state, found = State(FRAME), Counter[tuple[str, str]]()
    for report in reports:
        heard = door(report, vault, judge)
        while heard:
            for event in decide(state, heard.pop(0), report.at, LAW):
                evolve(state, event)
                if isinstance(event, Spread):
                    heard.append(event)
                if isinstance(event, Said):
                    sign = 1 if event.stands else -1
                    found[tags[event.match.tag], event.match.ground] += sign
    wanted = expected(reports)
    assert {ground for _, ground in wanted} == {COMPANION, SOJOURN}
    assert +found == wanted
    assert wanted.total() > 50
