"""What persons' records are told in a golden history: a day's facts, lines, ends, matches, law."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fuma.cli.demo.day import Planner
from fuma.cli.demo.files import event
from fuma.cli.demo.planned import Report
from fuma.cli.demo.province import settle
from fuma.contracts.cloudevents import read
from fuma.contracts.facts import encode_person
from fuma.domain.codes import events as e
from fuma.domain.colour import Colour
from fuma.domain.law.inforce import Law
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY
from fuma.gateway.intake import Row
from fuma.gateway.judge import Judge, Opened
from fuma.runtime.memory import MemoryVault
from fuma.runtime.ports import LogRecord
from golden.making import DAY_START, Input
from unit.domain.making import digest, release
from unit.domain.ordering import CHAIN, NIGHT, XING, end, finding, line, match

SEED = 7
#: Of every kind of report, with every mistake, so many people are kept.
_EACH = 3
#: As many days later the 9th edition is in force (28 June 2022).
_LATER = 20 * DAY
EIGHT = "2022-06-15T08:00:00+08:00"
NINE = "2022-06-15T09:00:00+08:00"
TEN = "2022-06-15T10:00:00+08:00"
AUTUMN = ("2021-10-01T09:00:00+08:00", "2021-10-01T09:30:00+08:00")
JULY = ("2022-07-10T09:00:00+08:00", "2022-07-10T09:30:00+08:00")
TIERS = {"procedure": "45/conversion-by-tiers", "chain": CHAIN[:1]}
_Told = Iterator[tuple[str, e.Input]]  # when, what


def inputs(law: Law) -> list[Input]:
    """Everything, by log time."""
    told = [*day(law)]
    for name, story in STORIES.items():
        for at, item in story():
            told.append(Input(instant(at), digest(f"person {name}")[:16], encode_person(item)))
    return sorted(told, key=lambda one: one.at)


def _held_then_woken() -> _Told:
    late = finding("late", since="2022-06-13", root=digest("index case"))
    asked = line("woken", late)
    yield EIGHT, asked
    yield NINE, asked  # a repeat
    yield TEN, late
    yield "2022-06-16T10:00:00+08:00", end("woken", "lifted")


def _annulled() -> _Told:
    case = finding("case")
    yield NIGHT, case
    yield EIGHT, line("annulled", case)
    yield EIGHT, line("annulled", case, released=True)  # the same id, another content
    yield NINE, end("annulled", "annulled", "never-valid")
    yield TEN, line("after it", case)


def _suspended() -> _Told:
    case = finding("suspect", "suspected", evidence="clinical-report")
    yield NIGHT, case
    yield EIGHT, line("suspended", case)
    yield NINE, end("suspended", "suspended", "appeal-overdue")


def _refused() -> _Told:
    case = finding("listed", root=digest("index case"))
    yield NIGHT, case
    yield EIGHT, line("r1", case, root=digest("another case"))
    yield EIGHT, line("r2", case, reporter=digest("another doctor")[:16])
    yield EIGHT, line("r3", case, colour=Colour.YELLOW)
    yield EIGHT, line("r4", case, ground="inbound")
    yield EIGHT, line("r5", case, chain=("clerk", "reviewer", "assigner"))
    yield EIGHT, line("r6", case, procedure="cn/procedure-automatic")
    yield EIGHT, replace(line("r7", case), fact=b"")
    nobodys = finding("never reported")
    yield NINE, line("r8", nobodys)
    yield TEN, end("r8", "refused", "fact-absent")
    yield TEN, line("r9", nobodys)
    yield TEN, end("r9", "withdrawn", "withdrawn")


def _contradicted() -> _Told:
    stay = finding(
        "stay", "high-risk-area", "2022-06-10", evidence="area-presence",
        department="public-security",
    )  # fmt: skip
    yield EIGHT, line("contradicted", stay)
    yield EIGHT, release("not there", "high-risk-area", "2022-06-14", division=XING)
    yield EIGHT, stay
    yield NINE, end("contradicted", "annulled", "never-valid")


def _lifted_before_assigned() -> _Told:
    case = finding("early")
    yield NIGHT, case
    yield EIGHT, end("early", "lifted")
    yield NINE, line("early", case)
    yield TEN, line("early, again", case)


def _two_grounds() -> _Told:
    case, contact = finding("two"), finding("near", "close-contact", evidence="isolation-record")
    yield NIGHT, case
    yield NIGHT, contact
    yield EIGHT, line("two", case)
    yield EIGHT, line("near", contact, line=1)
    yield NINE, end("two", "lifted")
    yield TEN, release("out", "close-contact", TEN, division=XING)


def _match_by_procedure() -> _Told:
    """In 2021 Guangxi converted automatically: the match itself is red."""
    yield AUTUMN[1], match("of 2021", *AUTUMN)
    yield "2021-10-02T09:00:00+08:00", match("of 2021", *AUTUMN, stands=False, revision=2)
    yield "2021-10-02T10:00:00+08:00", match("of 2021", *AUTUMN, revision=3)


def _match_by_officers() -> _Told:
    met = match("met", *JULY)
    yield JULY[1], met
    yield (
        "2022-07-10T10:00:00+08:00",
        line("met", met, since=JULY[1], colour=Colour.YELLOW, **TIERS),
    )
    yield "2022-07-11T09:00:00+08:00", match("met", *JULY, stands=False, revision=2)
    yield "2022-07-11T10:00:00+08:00", match("met", *JULY, revision=3)


def _match_waited_for() -> _Told:
    met = match("awaited", *JULY)
    yield JULY[1], line("awaited", met, since=JULY[1], colour=Colour.YELLOW, **TIERS)
    yield "2022-07-10T11:00:00+08:00", met
    wrong = replace(match("of another", *JULY), identity=e.Identity.MISMATCHED)
    yield "2022-07-10T12:00:00+08:00", wrong


def _amended() -> _Told:
    """The 8th edition's terms become the 9th's, for officers' orders and for others."""
    for name, division in (("c1", XING), ("c2", "410100")):
        contact = finding(
            name, "close-contact", "2022-06-20", evidence="isolation-record", division=division
        )
        yield "2022-06-20T12:00:00+08:00", contact
        if division == XING:
            yield "2022-06-20T13:00:00+08:00", line(name, contact, since="2022-06-20")
    yield "2022-06-28T08:00:00+08:00", _amend("cn/control-plan-9", "2022-06-28")


def _ground_removed() -> _Told:
    """From 8 January 2023 there is no red, and an order of the day before ends."""
    case = finding("last", since="2023-01-05")
    noon = "2023-01-05T12:00:00+08:00"
    yield noon, case
    yield noon, line("last", case, since=noon)
    yield "2023-01-08T00:00:00+08:00", _amend("cn/class-b-management", "2023-01-08")
    yield "2023-01-08T12:00:00+08:00", line("too late", case, since="2023-01-08T12:00:00+08:00")
    yield "2023-01-09T00:00:00+08:00", end("last", "annulled", "never-valid")


def _amend(book: str, begins: str) -> e.Amend:
    said = f"amend {book}"
    return e.Amend(digest(said)[:16], digest(said), book, 1, digest(book), instant(begins))


#: One person each, by name.
STORIES = {
    "held then woken": _held_then_woken,
    "annulled": _annulled,
    "suspended": _suspended,
    "refused": _refused,
    "contradicted": _contradicted,
    "lifted before assigned": _lifted_before_assigned,
    "two grounds": _two_grounds,
    "match by procedure": _match_by_procedure,
    "match by officers": _match_by_officers,
    "match waited for": _match_waited_for,
    "amended": _amended,
    "ground removed": _ground_removed,
}


def day(law: Law) -> Iterator[Input]:
    """A day through the gateway's own judgement, some of it told twice, and a later day."""
    province = settle(2_000, SEED)
    vault = MemoryVault()
    vault.load([(p.number, p.name) for p in province.people])
    judge = Judge(X25519PrivateKey.from_private_bytes(b"g" * 32), b"e" * 32)
    day = _sample(Planner(province.people, DAY_START, SEED).reports())
    later = [
        replace(r, at=r.at + _LATER, since=r.since + _LATER, event=f"{r.event}-later")
        for r in day
        if not r.mistake
    ]
    for number, report in enumerate([*day, *later]):
        if report.raw:
            continue
        reading = read(json.dumps(event(report), ensure_ascii=False).encode())
        if not reading.names_holder or reading.report is None:
            continue
        (subject,) = vault.subjects([(reading.report.number, reading.report.name)])
        judged = judge.judge(Opened(_row(report), reading), subject, law)
        if judged.fact is None:
            continue  # it is compared, and says nothing to a person's record
        value = encode_person(judged.fact)
        yield Input(report.at, judged.tag, value)
        if number % 9 == 0:  # as after a crash of the task force
            yield Input(report.at, judged.tag, value)


def _row(report: Report) -> Row:
    raw = LogRecord("", 0, 0, report.at, b"", None, ())
    return Row(raw, report.department, "", b"", 1, None, False, report.at, b"", b"")


def _sample(reports: Sequence[Report]) -> list[Report]:
    kept: Counter[tuple[str, ...]] = Counter()
    people: set[str] = set()
    for r in sorted(reports, key=lambda r: not r.mistake):
        kind = r.kind, r.ground, r.mistake
        if r.number in people or kept[kind] < _EACH:
            kept[kind] += 1
            people.add(r.number)
    return [r for r in reports if r.number in people]
