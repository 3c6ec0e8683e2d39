"""Scenarios by number, through real topics and processes: appeals, complaints, annulment, law."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from fuma.contracts import dsse, lawlog, rulesfile
from fuma.contracts.provinces import decode_exchanged
from fuma.contracts.resources import root
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.time import HOUR
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.kafka import KafkaAppender
from fuma.runtime.ports import Outgoing
from orderkit import Actors, key_of, order_id
from orderprovinces import HAIKOU

pytestmark = pytest.mark.slow


def test_scenario_40_the_signer_may_not_decide_the_appeal(actors: Actors) -> None:
    people = actors.people(2, HAIKOU, 140)
    facts = actors.report(people, "confirmed", "diagnosis-report")
    lines = actors.lines("haikou-staff", facts, root="IC-40")
    # Reports without that root do not bear lines that claim it: none is claimed here.
    lines = actors.lines("haikou-staff", facts)
    actors.draft("haikou-staff", "40", lines, "4601", "confirmed")
    actors.act("haikou-head", "40", "sign")
    if actors.order("40").status == "held":  # the whole ground's sum of the day counts
        release = c.ReleaseBulk(order_id("40"), actors.content("40"))
        assert actors.say("bureau-head", release).status == "accepted"
    assert set(actors.settled("40").values()) == {"effective"}
    case = b"c" * 16
    filed = c.FileCase(case, "appeal", order_id("40"), 0, HAIKOU, "", b"t" * 32)
    assert actors.say("desk", filed).status == "accepted"
    own = actors.say("sanya-head", c.AssignCase(case, "haikou-head"))
    assert own.status == "refused"
    assert "own-order" in actors.say("bureau-head", c.AssignCase(case, "haikou-head")).codes


def test_scenario_39_an_undecided_appeal_goes_one_level_up(actors: Actors) -> None:
    case = b"c" * 16
    actors.pass_time(24 * HOUR)
    [first] = actors.events(e.CaseEscalated, case=case)
    assert first.level == "city"
    actors.pass_time(24 * HOUR)
    assert [x.level for x in actors.events(e.CaseEscalated, case=case)] == ["city", "province"]
    # Its evidence is on file: the colour stands until somebody decides.
    assert actors.events(e.LineSuspended, case=case) == []


def test_scenario_41_a_complaint_has_a_number_and_is_closed_by_an_outcome(actors: Actors) -> None:
    case = b"1" * 16
    said = hashlib.sha256("健康码被用于疫情防控以外".encode()).digest()
    filed = c.FileCase(case, "complaint", b"", 0, "4601", "command", said)
    reply = actors.say("desk", filed)
    assert (reply.status, reply.about) == ("accepted", case)
    assert actors.say("desk", c.DecideCase(case, "founded", "已转")).status == "refused"
    assert actors.say("bureau-head", c.AssignCase(case, "haikou-head")).status == "accepted"
    assert actors.say("haikou-head", c.DecideCase(case, "closed", "x")).codes == (
        "outcome-missing",
    )
    assert actors.say("haikou-head", c.DecideCase(case, "founded", "已停用")).status == "accepted"
    [closed] = actors.events(e.CaseClosed, case=case)
    assert (closed.outcome, closed.by.officer) == ("founded", "haikou-head")


def test_scenario_42_and_43_1317_reds_annulled_by_the_municipal_body(actors: Actors) -> None:
    people = actors.people(1_317, "640104", 143)
    facts = actors.report(people, "confirmed", "diagnosis-report")
    lines = actors.lines("nx-clerk", facts)
    actors.draft("nx-clerk", "43", lines, "640104", "confirmed")
    actors.act("nx-head", "43", "sign")
    assert actors.act("nx-approver", "43", "approve").status == "accepted"
    assert set(actors.settled("43").values()) == {"effective"}
    some = people[::100]
    assert {actors.colour(p) for p in some} == {"red"}
    annul = c.Annul(order_id("43"), (), "与疫情无关")
    assert actors.say("nx-head", annul).codes == ("not-your-step",)
    assert actors.say("nx-city", annul).status == "accepted"
    assert actors.order("43").status == "annulled"
    actors.wait(lambda: {actors.colour(p) for p in some} == {"green"}, "not all are green again")
    told = [ref for x in actors.events(e.LinesEnded, order=order_id("43")) for ref in x.lines]
    assert len(told) == 1_317
    chain = {actor.officer for actor in actors.order("43").chain}
    assert chain == {"nx-clerk", "nx-head", "nx-approver"}
    _recalled_until_acknowledged(actors, {actors.tag(person) for person in some})


def _recalled_until_acknowledged(actors: Actors, some: set[bytes]) -> None:
    """Shanxi got each red, is told of each annulment, and stands as recalled until it says so."""
    told: list[tuple[bytes, str]] = []

    def all_told() -> bool:  # written behind the colours: a person's green may be there first
        told[:] = [
            (raw.key, decode_exchanged(raw.value)["kind"])
            for raw in actors.world.ask.records("fuma.exchange.14")
        ]
        return sum(kind == "annulled" for _, kind in told) >= 1_317

    actors.wait(all_told, "not every annulment reached the exchange with Shanxi")
    assert sum(kind == "annulled" for _, kind in told) == 1_317
    assert all({kind for key, kind in told if key == tag} == {"effective", "annulled"}
               for tag in some)  # fmt: skip

    def recalls(*words: str) -> Any:
        done = actors.fuma("order", "recalls", "--province", "64", "--json", *words)
        return json.loads(done.stdout)

    [waiting] = recalls("--open")["orders"]
    assert (waiting["annulled"], waiting["waiting"]) == (1_317, ["province-14"])
    acknowledge = c.AcknowledgeRecall(order_id("43"), "province-14")
    assert actors.say("nx-head", acknowledge).codes == ("not-the-recipient",)
    assert actors.say("liaison-14", acknowledge).status == "accepted"
    assert recalls("--open")["orders"] == []
    report = recalls()
    assert [one["acknowledged"] for one in report["orders"]] == [["province-14"]]
    steps = {s["officer"]: one["lines"] for one in report["actors"] for s in one["steps"]}
    assert steps == {"nx-clerk": 1_317, "nx-head": 1_317, "nx-approver": 1_317}


def test_scenario_34_a_text_that_may_not_be_published_is_kept_and_never_law(actors: Actors) -> None:
    world = actors.world
    home = world.home.path
    text = rulesfile.load_file(root() / "rules" / "46" / "batches-v1.yaml")
    publisher = keyfiles.signing_key(home, keyfiles.Key.PUBLISHER)
    officer = key_of("haikou-head").signing
    appender = KafkaAppender(kafka_config(world.home, "law"))
    before = world.ask.count("fuma.dlq.law")
    try:
        for signer in (publisher, officer):  # a version that does not rise; a key that is nobody's
            envelope = dsse.sign(lawlog.LAW_TYPE, text.body.encode(), signer)
            value = lawlog.text_value(envelope, actors.now)
            appender.append([Outgoing(lawlog.LAW_TOPIC, 0, b"46/batches@1", value)])
    finally:
        appender.close()
    actors.wait(lambda: world.ask.count("fuma.dlq.law") >= before + 2, "no dead letter of law")
    reasons = {r.header("fuma-reason") for r in world.ask.records("fuma.dlq.law")}
    assert {b"bad-law", b"unknown-publisher"} <= reasons


def test_scenario_48_another_law_than_the_published_starts_nothing(actors: Actors) -> None:
    """A service that was set up for another genesis than the log's: it says so, and ends."""
    home, other = actors.world.home.path, actors.folder / "other"
    other.mkdir()
    for entry in home.iterdir():
        if entry.name not in ("world.json", "data", "store"):
            (other / entry.name).symlink_to(entry)
    pinned = json.loads((home / "world.json").read_text())
    pinned["genesis"] = hashlib.sha256(b"another law").hexdigest()
    (other / "world.json").write_text(json.dumps(pinned))
    for service in ("gateway", "processor"):
        done = subprocess.run(
            [sys.executable, "-m", f"fuma.{service}", "--home", str(other)],
            env={**os.environ, "FUMA_HOME": str(other)},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 1, done.stdout
        assert "another genesis" in done.stderr
