"""The patterns of the Henan case, each by itself: what raises it, once, and what does not."""

from __future__ import annotations

import random
from dataclasses import replace
from hashlib import sha256

import pytest

from fuma.contracts import rulesfile
from fuma.contracts.resources import root
from fuma.domain.law.reading import LawError, read_text
from fuma.domain.time import DAY, HOUR
from fuma.domain.watch.events import Party
from fuma.domain.watch.fold import SHOWN, State
from unit.watch.making import T0, codes, patterns, run, signal, tag

ZHANG = Party("signer", b"z" * 16, "zhang", "control-office")
LI = Party("signer", b"l" * 16, "li", "bureau")


def test_a_burst_is_raised_once_at_each_count_with_everybody_concerned() -> None:
    found = run(signal(n, parties=(ZHANG,)) for n in range(250))
    bursts = [one for one in found if one.code == "burst-of-refusals"]
    assert codes(bursts) == [("burst-of-refusals", 20), ("burst-of-refusals", 200)]
    second = bursts[1]
    assert (second.count, second.province, second.office) == (200, "41", "health 410100")
    assert second.parties == (ZHANG,)
    assert len(second.subjects) == SHOWN
    assert second.subjects_count == 200
    tags = sorted(tag(n) for n in range(200))
    assert second.subjects == tuple(tags[:SHOWN])
    assert second.subjects_digest == sha256(b"".join(tags)).digest()
    assert "200" in second.zh
    assert "one office" in second.en


def test_nineteen_are_no_burst_and_one_person_refused_often_is_one() -> None:
    assert run(signal(n) for n in range(19)) == []
    assert run(signal(n, subject=tag(1)) for n in range(60)) == []


def test_rows_that_name_nobody_count_by_their_number() -> None:
    found = run([signal(1, "door", subject=b"", count=25)])
    assert codes(found) == [("burst-of-refusals", 20)]


def test_a_window_slides_and_is_raised_again_only_when_it_has_passed() -> None:
    state = State()
    first = run((signal(n) for n in range(30)), state)
    assert codes(first) == [("burst-of-refusals", 20)]
    same_day = run((signal(n, at=T0 + 12 * HOUR + n) for n in range(30, 60)), state)
    assert same_day == []
    next_days = run((signal(n, at=T0 + 2 * DAY + n) for n in range(60, 90)), state)
    assert codes(next_days) == [("burst-of-refusals", 20)]
    assert next_days[0].id != first[0].id


def test_two_halves_of_a_burst_on_both_sides_of_midnight_are_one() -> None:
    halves = [signal(n, at=T0 + 23 * HOUR + n) for n in range(10)]
    halves += [signal(n, at=T0 + 25 * HOUR + n) for n in range(10, 20)]
    assert codes(run(halves)) == [("burst-of-refusals", 20)]


def test_one_signer_behind_many_is_found_over_his_offices_and_through_the_order() -> None:
    order = b"o" * 16
    ordered = signal(0, "ordered", codes=(), order=order, parties=(ZHANG, LI), subject=b"")
    lines = [
        signal(n, "refused", office=f"office-{n}", order=order, codes=("root-differs",))
        for n in range(1, 25)
    ]
    found = [one for one in run([ordered, *lines]) if one.code == "one-signer-many"]
    assert {one.scope for one in found} == {
        f"person: {(b'z' * 16).hex()}", f"person: {(b'l' * 16).hex()}",
    }  # fmt: skip
    assert all(set(one.parties) == {ZHANG, LI} and one.orders == (order,) for one in found)


def test_a_false_ground_is_one_incident_at_the_first() -> None:
    found = run([signal(1, codes=("evidence-not-of-ground",))])
    assert codes(found) == [("false-ground", 1)]
    assert found[0].severity == "critical"


def test_re_assignment_of_what_was_lifted() -> None:
    old = [signal(n, codes=("evidence-already-lifted",)) for n in range(6)]
    assert codes(run(old)) == [("re-assignment", 5)]


def test_an_operators_attempt_is_critical() -> None:
    attempt = signal(1, "command-refused", office="operator", codes=("not-your-step",), subject=b"")
    (found,) = run([attempt])
    assert (found.code, found.severity) == ("attempt-without-authority", "critical")


def test_scenario_19_same_trajectory_one_red() -> None:
    root_ = b"r" * 32
    red = signal(1, "effective", codes=(), digest=root_, colour="red")
    green = signal(2, "refused", digest=root_)
    (found,) = run([red, green])
    assert (found.code, found.count) == ("disparity-of-evidence", 1)
    assert set(found.subjects) == {tag(1), tag(2)}
    assert run([red, signal(2, "effective", codes=(), digest=root_, colour="red")]) == []


def test_flip_flop_counts_colours_that_come_back() -> None:
    who = tag(7)

    def at(hour: int, kind: str, colour: str) -> object:
        return signal(hour, kind, at=T0 + hour * HOUR, subject=who, colour=colour, codes=())

    story = [
        at(0, "effective", "red"), at(5, "lifted", "green"), at(9, "effective", "red"),
        at(15, "lifted", "green"), at(20, "effective", "red"),
    ]  # fmt: skip
    found = run(story)  # type: ignore[arg-type]
    assert codes(found) == [("flip-flop", 2)]
    assert found[0].subjects == (who,)
    assert run(story[:3]) == []  # type: ignore[arg-type]


def test_monitoring_that_follows_a_release_is_no_flip_flop() -> None:
    who, story = tag(7), []
    for day in range(0, 12, 3):
        start = T0 + day * DAY
        story += [
            signal(3 * day, "effective", at=start, subject=who, colour="red", codes=()),
            signal(3 * day + 1, "lifted", at=start + HOUR, subject=who, colour="yellow", codes=()),
            signal(
                3 * day + 2, "effective", at=start + HOUR, subject=who, colour="yellow", codes=()
            ),
        ]
    assert codes(run(story[:3])) == []
    # The red that comes back every three days is one, and the monitoring adds nothing to it.
    assert codes(run(story)) == [("flip-flop", 2)]


def test_heard_again_in_any_order_it_raises_nothing_more() -> None:
    signals = [signal(n, parties=(ZHANG,), codes=("evidence-not-of-ground",)) for n in range(120)]
    state = State()
    first = run(signals, state)
    again = list(signals)
    random.Random(7).shuffle(again)
    assert [one for one in run(again, state) if one.at <= signals[-1].at] == []
    assert run(signals) == first


def test_a_state_rebuilt_from_the_last_thirty_days_goes_on_like_the_one_that_never_stopped() -> (
    None
):
    chance = random.Random(3)
    signals = []
    for n in range(4_000):
        kind = chance.choice(["refused", "effective", "lifted", "held", "command-refused"])
        signals.append(
            signal(
                n, kind, at=T0 + n * HOUR // 2, subject=tag(chance.randrange(40)),
                office=f"office-{chance.randrange(3)}", parties=(chance.choice([ZHANG, LI]),),
                codes=(chance.choice(["no-evidence", "too-old", "not-your-step"]),),
                digest=b"%032d" % chance.randrange(60), colour=chance.choice(["red", "green"]),
            )
        )  # fmt: skip
    cut = next(i for i, s in enumerate(signals) if s.at > signals[3_000].at - 30 * DAY)
    lived, reborn = State(), State()
    run(signals[:3_000], lived)
    run(signals[cut:3_000], reborn)
    assert run(signals[3_000:], lived) == run(signals[3_000:], reborn)


def test_a_pattern_that_could_never_be_met_is_refused() -> None:
    data = rulesfile.read_yaml(root() / "rules/cn/oversight-v1.yaml")
    for change, said in (
        ({"counts": [20, 2]}, "rising"),
        ({"window": "15d"}, "14 days"),
        ({"kinds": ["gossip"]}, "gossip"),
        ({"by": "everything"}, "everything"),
        ({"measure": "returns"}, "counted by subject"),
        ({"measure": "apart", "by": "shared"}, "counted of exposed"),
        ({"grace": "1h"}, "no difference that could pass"),
    ):
        wrong = data | {"patterns": [data["patterns"][0] | change]}
        with pytest.raises(LawError, match=said):
            read_text(wrong, bytes(32))


def test_a_province_may_look_closer_by_its_own_text() -> None:
    strict = replace(patterns(), patterns=(replace(patterns().patterns[0], counts=(2,)),))
    assert strict.patterns[0].counts == (2,)
