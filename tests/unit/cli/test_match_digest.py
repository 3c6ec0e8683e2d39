"""``fuma match digest``: from the events as sent, what the door and the stage made of them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from doorkit import area, case, lines_of, number, presence
from fuma.cli import main
from fuma.cli.errors import DONE, FAILED, USAGE
from fuma.cli.match_digest import area_of, presence_of, read_report
from fuma.contracts.facts import decode_person
from fuma.contracts.presence import decode_presence
from fuma.contracts.topics import ITINERARY, PERSON
from fuma.domain.codes.inputs import MatchFact
from fuma.domain.comparison.digests import of_exposure, of_risks
from fuma.domain.comparison.meet import stay_digest
from fuma.domain.comparison.settings import Frame
from fuma.domain.time import day_start
from fuma.runtime.memory import MemoryVault
from gatewaykit import NOW, Small
from unit.comparison.test_digests import DOCS, vectors
from unit.processor.comparison_rig import Rig
from unit.processor.test_comparison_stage import law

NANNING = {"division": "450102"}
CELL = {"cell": "4829/33635"}
THEIRS = presence(1, **NANNING, until="2022-06-14T07:50:00+08:00")
MINE = presence(2, **NANNING, **{"from": "2022-06-14T07:20:00+08:00"})
CASE = case(1, **NANNING, isolated="2022-06-14T07:45:00+08:00")
AREA = area(
    3, division="4501", cells=[CELL["cell"]], divisions=["450102", "450103"],
    periods=[{"from": "2022-06-02", "until": "2022-06-03"}, {"from": "2022-06-14"}],
    **{"from": None},
)  # fmt: skip
#: Of the case: from two days before its onset on.
SPAN = ("--since", "2022-06-10", "--until", "2022-06-14T07:45:00+08:00")
Event = dict[str, Any]


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> dict[str, MatchFact]:
    """What person 2's record hears, by rule: through the door and the stage."""
    small, rig = Small(tmp_path_factory.mktemp("door")), Rig(law(), Frame(parts=4))
    small.send("R-1", [THEIRS, MINE], None, "communications")
    small.send("R-2", [CASE], None)
    small.send("R-3", [AREA], None, "command")
    assert not small.live(0, False)
    for raw in small.all(ITINERARY):
        rig.tell(decode_presence(raw.value), NOW)
    rig.run()
    found: dict[str, MatchFact] = {}
    for record in rig.log.records[PERSON, 0]:
        said = decode_person(record.value)
        if record.key == tag(2):
            assert isinstance(said, MatchFact)
            found[said.rule] = said
    return found


def tag(i: int) -> bytes:
    return MemoryVault._tag(number(i))


class Cli:
    """The command with files of events."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys, self.made = folder, capsys, 0

    def file(self, *events: Event, indent: int | None = None) -> str:
        self.made += 1
        path = self.folder / f"{self.made}.json"
        if indent:
            path.write_text(json.dumps(events[0], indent=indent), "utf-8")
        else:
            path.write_bytes(lines_of(events))
        return str(path)

    def run(self, *words: str) -> tuple[int, str, str]:
        code = main.run(["match", "digest", *words])
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def compare(
        self, match: MatchFact, mine: Event, source: Event, department: str, *more: str
    ) -> tuple[int, dict[str, Any]]:
        code, out, err = self.run(
            self.file(mine), "--department", "communications", "--tag", tag(2).hex(),
            "--source", self.file(source), "--source-department", department,
            "--stay-digest", match.stay_digest.hex(),
            "--source-digest", match.source_digest.hex(), "--json", *more,
        )  # fmt: skip
        assert not err
        return code, json.loads(out)


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """In a home where nothing runs: nobody can be asked."""
    monkeypatch.setenv("FUMA_HOME", str(tmp_path / "nowhere"))
    return Cli(tmp_path, capsys)


def test_two_reports_bear_a_companions_match(cli: Cli, met: dict[str, MatchFact]) -> None:
    case_ = ("--source-tag", tag(1).hex(), *SPAN)
    code, told = cli.compare(met["companion"], MINE, THEIRS, "communications", *case_)
    assert code == DONE
    assert (told["stay"]["same"], told["same_source"]) == (True, True)
    (source,) = told["source"]
    assert (source["since"], source["until"]) == (
        "2022-06-14T07:00:00+08:00",
        "2022-06-14T07:45:00+08:00",
    )


def test_two_reports_bear_a_sojourn(cli: Cli, met: dict[str, MatchFact]) -> None:
    code, told = cli.compare(met["sojourn"], MINE, AREA, "command")
    assert code == DONE
    assert [one["same"] for one in told["source"]].count(True) == 1
    assert {one["where"] for one in told["source"]} == {"cell 4829/33635", "division 450102"}


@pytest.mark.parametrize(
    ("mine", "theirs", "more"),
    [
        ({"until": "2022-06-14T08:00:01+08:00"}, {}, ()),
        ({"place": {"cell": "4829/33636"}}, {}, ()),
        ({"place": {**CELL, "carriage": 1}}, {}, ()),
        ({}, {"from": "2022-06-14T07:00:01+08:00"}, ()),
        ({}, {"place": {"cell": "4829/33636"}}, ()),
        ({}, {}, ("--until", "2022-06-14T07:44:59+08:00")),
        ({}, {}, ("--source-tag", bytes(16).hex())),
        ({}, {}, ("--tag", bytes(16).hex())),
        ({}, {}, ("--source-department", "health")),
    ],
)
def test_another_report_does_not(
    cli: Cli, met: dict[str, MatchFact], mine: Event, theirs: Event, more: Sequence[str]
) -> None:
    first, second = ({**e, "data": {**e["data"], **c}} for e, c in ((MINE, mine), (THEIRS, theirs)))
    options = ("--source-tag", tag(1).hex(), *SPAN, *more)
    code, told = cli.compare(met["companion"], first, second, "communications", *options)
    assert code == FAILED
    assert told["stay"]["same"] is (not mine and "--tag" not in more)
    assert told["same_source"] is (not theirs and (not more or "--tag" in more))


def test_what_does_not_change_a_stay_changes_no_digest(cli: Cli, met: dict[str, MatchFact]) -> None:
    later = {"revision": 3, "name": "另一人", "evidence": {"kind": "signal-record", "number": "N"}}
    mine = {**MINE, "data": {**MINE["data"], **later}, "time": "2022-06-14T09:30:00+08:00"}
    code, _ = cli.compare(met["sojourn"], mine, AREA, "command")
    assert code == DONE


def test_it_is_told_in_words(cli: Cli, met: dict[str, MatchFact]) -> None:
    match = met["sojourn"]
    mine = (cli.file(MINE, indent=2), "--department", "communications", "--tag", tag(2).hex())
    code, out, _ = cli.run(*mine)
    assert (code, out) == (DONE, f"stay    {match.stay_digest.hex()}\n")
    met_area = ("--source", cli.file(AREA), "--source-department", "command")
    code, out, _ = cli.run(*mine, *met_area, "--source-digest", match.source_digest.hex())
    assert code == DONE
    assert out.count("the one that the match carries") == 1
    assert str(match.source_digest.hex()) in out
    code, out, _ = cli.run(*mine, *met_area, "--source-digest", "00" * 32)
    assert code == FAILED
    assert "none is the one that the match carries" in out
    code, out, _ = cli.run(*mine, "--stay-digest", "00" * 32)
    assert code == FAILED
    assert "another than the match carries" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "3 such reports"),
        (("--event", "presence-9"), "no such reports"),
        (("--event", "presence-2", "--tag", "00"), "is no tag"),
        (("--event", "presence-2"), "needs a purpose"),
        (("--event", "presence-2", "--stay-digest", "aa", "--tag", "00" * 16), "is no digest"),
        (("--event", "presence-2", "--of", "00" * 16), "--of and --match together"),
        (("--event", "area-3", "--tag", "00" * 16), "not the report of a stay"),
        (("--event", "presence-2", "--tag", "00" * 16, "--department", "x"), "no department x"),
    ],
)
def test_what_is_asked_wrongly_is_said(cli: Cli, words: Sequence[str], said: str) -> None:
    path = cli.file(THEIRS, MINE, AREA)
    code, _, err = cli.run(path, "--department", "communications", *words)
    assert code == USAGE
    assert said in err


def test_a_source_that_cannot_be_it_is_said(cli: Cli) -> None:
    mine = (cli.file(MINE), "--department", "communications", "--tag", tag(2).hex())
    theirs = ("--source", cli.file(THEIRS), "--source-department", "communications",
              "--source-tag", tag(1).hex())  # fmt: skip
    code, _, err = cli.run(*mine, *theirs)
    assert (code, "interval over which the case counted" in err) == (USAGE, True)
    code, _, err = cli.run(*mine, *theirs, "--since", "2022-06-10", "--until", "2022-06-11")
    assert (code, "did not count" in err) == (FAILED, True)
    elsewhere = {**AREA, "data": {**AREA["data"], "cells": None, "divisions": ["450103"]}}
    elsewhere["data"] = {k: v for k, v in elsewhere["data"].items() if v is not None}
    area_ = ("--source", cli.file(elsewhere), "--source-department", "command")
    code, _, err = cli.run(*mine, *area_)
    assert (code, "says nothing of where" in err) == (FAILED, True)
    broken = {**MINE, "data": {**MINE["data"], "place": {"cell": "0"}}}
    code, _, err = cli.run(cli.file(broken), *mine[1:])
    assert (code, "data.place.cell bad-cell" in err) == (FAILED, True)


def test_the_vectors_of_the_page_are_those_of_the_examples(tmp_path: Path) -> None:
    page = (DOCS.parent / "itinerary.md").read_text("utf-8")
    blocks = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    events = [json.loads(line) for block in blocks for line in block.strip().splitlines()]
    path = tmp_path / "events.jsonl"
    path.write_bytes(lines_of(events))
    first, second, _, fourth = (read_report(path, one["id"]) for one in events)
    who = bytes.fromhex("00112233445566778899aabbccddeeff")
    cell, train = presence_of(first, "communications", who), presence_of(second, "transport", who)
    drawn = area_of(fourth, "command")
    isolated = read_report(path, events[0]["id"]).since + 85 * 60_000  # 10:30
    exposed = of_exposure(cell, day_start(date(2022, 6, 10)), isolated)
    assert exposed is not None
    risks = [*of_risks(drawn, drawn.places[0], ""), *of_risks(drawn, b"", "410105")]
    found = [
        stay_digest(cell),
        stay_digest(train),
        exposed.digest,
        *(risk.digest for risk in risks),
    ]
    assert [hexed for _, _, hexed in vectors()] == [one.hex() for one in found]
