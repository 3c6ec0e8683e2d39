"""What other provinces are told, and that whoever was told of an order is told of its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fuma.contracts.codec import decode
from fuma.contracts.decisions import decode_ledger
from fuma.contracts.provinces import exchanged, office_of, recipients, topic_yaml
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import load_folder
from fuma.contracts.topics import DECISIONS, PROVINCES, exchange_topic
from fuma.domain.codes import events as e
from fuma.domain.colour import Colour
from fuma.domain.law.exchange import Exchange, Recipient
from fuma.domain.law.inforce import Law, PublishedText
from fuma.domain.time import DAY
from fuma.processor.outbox import Outbox
from unit.processor.test_stages import AT, FACT, GREEN, ORDER, RED, TAG, ledger, raw
from unit.watch.making import law

WORDS = law().texts[0].text.title


def told(event: e.Event, schedule: e.Schedule, by: Law | None = None) -> list[tuple[str, Any]]:
    record = decode_ledger(ledger(1, event, schedule))
    return [
        (one.topic, decode("exchange", one.value)) for one in exchanged(TAG, record, by or law())
    ]


def text(begins: int, *provinces: str, version: int = 1, division: str = "41") -> PublishedText:
    heard = tuple(Recipient(p, (Colour.RED,)) for p in provinces)
    made = Exchange(
        f"{division}/exchange", version, division, begins, None, bytes(32), WORDS, WORDS, WORDS,
        heard,
    )  # fmt: skip
    return PublishedText(made, 0, True)


def test_a_red_of_henan_is_told_to_the_provinces_that_the_law_names() -> None:
    found = told(e.Effective(ORDER), RED)
    assert [topic for topic, _ in found] == [exchange_topic(p) for p in ("14", "45", "46")]
    value = found[0][1]
    assert (value["kind"], value["issuer"], value["ground"]) == ("effective", "41", "confirmed")
    assert (value["order"], value["rule"]) == (ORDER.id, "national@1#confirmed")
    assert [s["colour"] for s in value["steps"]] == ["red", "yellow"]
    assert value["steps"][-1]["until"] == ORDER.end
    assert recipients(law(), ORDER, AT) == tuple(office_of(p) for p in ("14", "45", "46"))


def test_a_yellow_goes_only_to_whom_yellow_is_told() -> None:
    yellow = replace(ORDER, steps=ORDER.steps[1:])
    found = told(e.Effective(yellow), replace(RED, orders=(yellow,)))
    assert [topic for topic, _ in found] == [exchange_topic("14")]


def test_a_place_that_tells_nobody_tells_nobody() -> None:
    assert told(e.Effective(replace(ORDER, division="110101")), RED) == []


def test_scenario_43_whoever_may_have_got_an_order_is_told_of_its_annulment() -> None:
    changed = Law([text(0, "14", "45"), text(AT - DAY, "46", version=2)])
    annulled = e.Annulled(ORDER.id, FACT.id, AT, "never-valid", "confirmed", "410105")
    found = told(annulled, GREEN, changed)
    assert [topic for topic, _ in found] == [exchange_topic(p) for p in ("14", "45", "46")]
    assert all(value["kind"] == "annulled" and value["steps"] == [] for _, value in found)
    assert {value["recipient"] for _, value in found} == {office_of(p) for p in ("14", "45", "46")}


def test_a_text_that_has_not_begun_tells_nobody_whenever_the_record_is_read() -> None:
    early, late = Law([text(0, "14")]), Law([text(0, "14"), text(AT + DAY, "46", version=2)])
    lifted = e.Lifted(ORDER.id, FACT.id, AT, "released", "confirmed", "410105")
    assert told(lifted, GREEN, early) == told(lifted, GREEN, late)


def test_the_end_of_an_order_whose_place_is_not_said_goes_to_everybody_who_got_any() -> None:
    old = e.Lifted(ORDER.id, FACT.id, AT, "released")
    assert {topic for topic, _ in told(old, GREEN)} >= {exchange_topic("14"), exchange_topic("41")}


def test_the_outbox_writes_it_the_same_bytes_each_time() -> None:
    def emitted() -> list[Any]:
        box = Outbox(lambda kind, what: None, law)
        box.opened(DECISIONS, 0)
        out = box.transform(raw(DECISIONS, ledger(1, e.Effective(ORDER), RED)))
        return [one for one in out if one.topic.startswith("fuma.exchange.")]

    assert len(emitted()) == 3
    assert emitted() == emitted()
    assert {one.key for one in emitted()} == {TAG}


def test_every_province_of_the_rules_has_its_topic_and_only_it_reads_there() -> None:
    named = {t.division[:2] for t in load_folder(root() / "rules") if t.division} - {"99"}
    assert named == set(PROVINCES)
    for province in PROVINCES:
        path = root() / "topics" / f"{exchange_topic(province)}.yaml"
        assert path.read_text("utf-8") == topic_yaml(province)
