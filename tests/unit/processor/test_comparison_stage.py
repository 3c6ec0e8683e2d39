"""The stage comparison on its log: scenarios by number, dead letters, an auditor's second look."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from broker.toy import SEALER
from fuma.cli.match_check import newest, verdict
from fuma.contracts.facts import decode_person
from fuma.contracts.presence import decode_presence, encode_presence
from fuma.contracts.rulesfile import law_of_texts, load_folder
from fuma.contracts.topics import PERSON, PRESENCE, partition_for
from fuma.domain.codes.decide import advance
from fuma.domain.codes.inputs import Identity, MatchFact
from fuma.domain.codes.schedule import colour_at
from fuma.domain.codes.state import EMPTY
from fuma.domain.colour import Colour
from fuma.domain.comparison.audit import last_said
from fuma.domain.comparison.events import SCAN, Case, Presence, Tick
from fuma.domain.comparison.settings import Frame
from fuma.domain.law.inforce import Law
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY, MINUTE, Ms
from fuma.processor.comparison_partition import match_fact
from fuma.runtime.dead_letters import REASON_HEADER
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_transform import internal
from fuma.runtime.mac import TIME_HEADER, pack_time, unpack_time
from fuma.runtime.ports import Outgoing
from property.comparison.world import PLACES, START, STEP, World, history, ident
from property.comparison.world import tag as world_tag
from unit.comparison.making import NOW, SQUARE, VILLAGE, sick, stay, tag
from unit.domain.making import RULES
from unit.processor.comparison_rig import DEAD, Rig

FRAME = Frame(parts=4)


def law() -> Law:
    texts = [t for t in load_folder(RULES) if t.division in ("", "45")]
    return law_of_texts(t for t in texts if t.name != "45/conversion-by-tiers")


def said(rig: Rig) -> dict[bytes, list[MatchFact]]:
    """What each person's record heard, in order."""
    found: dict[bytes, list[MatchFact]] = {}
    for record in rig.log.records[PERSON, 0]:
        item = decode_person(record.value)
        assert isinstance(item, MatchFact)
        found.setdefault(record.key or b"", []).append(item)
    return found


def test_scenario_16_who_scanned_a_forwarded_code_from_elsewhere_matches_nothing() -> None:
    rig = Rig(law(), FRAME)
    for item in (
        stay("p1", "case"),
        stay("scan", "depositor", kind=SCAN),
        stay("home", "depositor", VILLAGE),
        stay("there", "neighbour"),
        sick("case"),
    ):
        rig.tell(item, NOW)
    rig.run()
    assert set(said(rig)) == {tag("neighbour")}


def test_scenario_19_two_people_of_one_trajectory_get_the_same_evidence() -> None:
    rig = Rig(law(), FRAME)
    for item in (stay("p1", "case"), stay("p2", "a"), sick("case"), stay("p3", "b")):
        rig.tell(item, NOW)
    rig.run()
    (one,), (other,) = said(rig)[tag("a")], said(rig)[tag("b")]
    assert one.stay_digest != other.stay_digest
    for name in ("ground", "since", "until", "place", "source_digest", "case", "rule_id"):
        assert getattr(one, name) == getattr(other, name)


def colour(begin: str) -> Colour | None:
    """A companion's in Nanning, an hour after an overlap of ten minutes at noon of that day."""
    noon: Ms = instant(begin + "T12:00:00+08:00")
    at = noon + 90 * MINUTE
    rig = Rig(law(), FRAME)
    for item in (
        stay("p1", "case", since=noon),
        stay("p2", "companion", since=noon + 50 * MINUTE, lasts=30 * MINUTE, identity="matched"),
        sick("case", noon - DAY, noon + DAY)._replace(issued=at),
    ):
        rig.tell(item, at)
    rig.run()
    (match,) = said(rig)[tag("companion")]
    decision, _ = advance(EMPTY, match, at, law())
    assert decision is not None
    return colour_at(decision.schedule, at + MINUTE)


def test_scenario_33_the_same_overlap_is_red_under_guangxi_1_and_yellow_under_2() -> None:
    assert colour("2022-06-14") is Colour.RED
    assert colour("2022-07-14") is Colour.YELLOW


@pytest.mark.parametrize("identity", list(Identity))
def test_a_match_says_how_number_and_name_stood(identity: Identity) -> None:
    rig = Rig(law(), FRAME)
    for item in (stay("p1", "case"), stay("p2", "a", identity=identity.value), sick("case")):
        rig.tell(item, NOW)
    rig.run()
    assert [m.identity for m in said(rig)[tag("a")]] == [identity]


def test_a_name_that_is_corrected_later_is_another_match() -> None:
    rig = Rig(law(), FRAME)
    first = stay("p2", "a", identity="mismatched")
    for item in (stay("p1", "case"), sick("case"), first):
        rig.tell(item, NOW)
    rig.run()
    rig.tell(first._replace(revision=1, identity="matched"), NOW)
    rig.run()
    stands = {(m.identity, m.stands) for m in said(rig)[tag("a")]}
    assert stands == {(Identity.MISMATCHED, True), (Identity.MISMATCHED, False),
                      (Identity.MATCHED, True)}  # fmt: skip


def test_what_stands_under_another_key_is_a_dead_letter_and_the_stream_goes_on() -> None:
    rig = Rig(law(), FRAME, partitions=1)
    value = encode_presence(stay("p1", "case"))
    wrong = (SQUARE + b"\x09", VILLAGE + b"\x03", tag("case"))
    for key in wrong:
        rig.log.append([internal(SEALER, PRESENCE, key, value, 0, pack_time(NOW), None)])
    rig.tell(stay("p1", "case"), NOW)
    rig.tell(stay("p2", "a"), NOW)
    rig.tell(sick("case"), NOW)
    rig.run()
    letters = rig.log.records[DEAD, 0]
    assert [letter.header(REASON_HEADER) for letter in letters] == [b"bad-key"] * 3
    assert [letter.key for letter in letters] == list(wrong)
    assert all(letter.value == value for letter in letters)
    assert set(said(rig)) == {tag("a")}


def test_an_auditor_finds_every_match_again_in_the_topic() -> None:
    frame, now, checked = Frame(parts=2), START + 2 * DAY, 0
    for seed in range(25):
        rig = Rig(World(), frame)
        for item in history(Random(seed)):
            rig.tell(item, now)
        rig.run()
        for person, match in rig.standing():
            presence = Presence(b"", 0, person, match.place, "", 0, 0)
            key = presence.place + bytes((person[0] % frame.parts,))
            records = rig.log.records[PRESENCE, partition_for(key, rig.partitions)]
            heard = [(decode_presence(r.value), _time(r.header(TIME_HEADER))) for r in records]
            again = last_said(match.match, match.place, heard, World(), frame)
            assert again is not None
            assert match_fact(again) == match
            assert last_said(bytes(16), match.place, heard, World(), frame) is None
            checked += 1
    assert checked > 100


def _time(header: bytes | None) -> Ms:
    at = unpack_time(header)
    assert at is not None
    return at


def test_a_case_withdrawn_after_three_weeks_takes_back_what_followed_and_names_no_place() -> None:
    """The stays, and the case's, have gone by then; chain and all."""
    frame, at = Frame(parts=2), START + 2 * DAY
    rig = Rig(World(), frame)
    person, contact, case = world_tag(0), world_tag(1), ident("c", 0)
    for number, (who, since) in enumerate(((0, 0), (1, 0), (1, 6), (2, 6))):
        rig.tell(
            Presence(ident("p", number), 0, world_tag(who), PLACES[2], "410105",
                     START + since * STEP, START + (since + 4) * STEP),
            at,
        )  # fmt: skip
    rig.tell(Case(case, 0, person, START, START + 4 * STEP, at), at)
    rig.run()
    stood = {(tag, m.match) for tag, m in rig.standing()}
    assert {(tag, m.depth) for tag, m in rig.standing()} == {(contact, 0), (world_tag(2), 1)}
    late = at + 21 * DAY
    for step in range(1, 22):
        rig.tell(Tick(), at + step * DAY)
    rig.run()
    for store in rig.stores.kept.values():
        assert not [row for row in store.states if row[:1] in b"stiecl"]  # type: ignore[attr-defined]
    rig.tell(Case(case, 1, person, 0, 0, late, gone=True), late)
    rig.run()
    assert not rig.standing()
    back = [m for found in said(rig).values() for m in found if not m.stands]
    assert {m.match for m in back} == {match for _, match in stood}
    assert {(m.place, m.since, m.until, m.stay) for m in back} == {(b"", 0, 0, (0, 0))}


def test_an_auditor_checks_what_stands_on_a_persons_record() -> None:
    """``fuma match check``: by the records alone, and what nobody vouches for does not count."""
    frame, now = Frame(parts=2), START + 2 * DAY
    rig = Rig(World(), frame)
    for item in history(Random(3)):
        rig.tell(item, now)
    forged = encode_presence(Presence(ident("f", 1), 0, world_tag(9), PLACES[0], "410105", 0, 1))
    rig.log.append([Outgoing(PRESENCE, 0, PLACES[0] + b"\x00", forged)])
    rig.run()
    intake = Intake(
        SEALER, simulated=True, partition_of=partition_for, counts={PRESENCE: rig.partitions}
    )

    def check(person: bytes, match: MatchFact) -> str:
        return verdict(rig.log, intake, rig.partitions, person, match, World(), frame)

    found = {person: newest(iter(matches)) for person, matches in said(rig).items()}
    standing = [(p, m) for p, matches in found.items() for m in matches if m.stands]
    assert len(standing) > 3
    assert {check(p, m) for p, matches in found.items() for m in matches} == {"same"}
    person, match = standing[0]
    assert check(person, replace(match, until=match.until + 1)) == "differs"
    assert check(person, replace(match, stands=False)) == "differs"
    assert check(person, replace(match, match=bytes(16))) == "absent"
    assert check(person, replace(match, place=b"", stands=False)) == "withdrawn"
