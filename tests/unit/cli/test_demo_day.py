"""The made-up province: valid numbers, the same every time, and nobody a depositor by accident."""

from __future__ import annotations

from collections import Counter
from datetime import date

import orjson
import pytest
from stdnum.exceptions import ValidationError

from fuma.cli.demo import customs, files
from fuma.cli.demo.day import Planner
from fuma.cli.demo.people import spoilt
from fuma.cli.demo.planned import ACCEPTED, REFUSED
from fuma.cli.demo.province import DEPOSITORS, settle
from fuma.contracts import cloudevents
from fuma.contracts.topics import DEPARTMENTS
from fuma.domain.time import DAY, day_start

_START = day_start(date(2022, 6, 14))


def test_the_same_seed_gives_the_same_province_and_another_seed_another() -> None:
    assert settle(2_500, 7) == settle(2_500, 7)
    assert settle(2_500, 7) != settle(2_500, 8)


def test_numbers_are_valid_distinct_and_of_nobody_alive() -> None:
    province = settle(4_000, 7)
    everybody = province.everybody
    assert len(everybody) == 4_000
    assert len(province.depositors) == DEPOSITORS == 1_317
    assert len({p.number for p in everybody}) == 4_000
    for person in everybody:
        assert cloudevents.number_fault(person.number) is None
        assert person.number[6:8] == "18"
        assert cloudevents.number_fault(spoilt(person.number)) == "id-checksum"


def test_check_characters_agree_with_another_implementation() -> None:
    ric = pytest.importorskip("stdnum.cn.ric")
    for person in settle(2_000, 3).people[:300]:
        assert ric.calc_check_digit(person.number) == person.number[17]
    with pytest.raises(ValidationError):
        ric.validate(spoilt(settle(2_000, 3).people[0].number))


def test_every_department_reports_within_the_day_in_order() -> None:
    reports = Planner(settle(20_000, 7).people, _START, 7).reports()
    assert {r.department for r in reports} == set(DEPARTMENTS)
    assert all(_START <= r.at < _START + DAY for r in reports)
    assert [r.at for r in reports] == sorted(r.at for r in reports)
    assert Counter(r.verdict for r in reports)[REFUSED] > 50


def test_what_is_planned_as_sound_reads_without_a_fault() -> None:
    for report in Planner(settle(3_000, 7).people, _START, 7).reports():
        if report.department == files.CSV_DEPARTMENT or report.raw:
            continue
        reading = cloudevents.read(orjson.dumps(files.event(report)))
        if report.verdict == ACCEPTED:
            assert reading.faults == (), report
        elif report.mistake in ("bad-checksum", "no-evidence", "unknown-division"):
            assert reading.faults, report


def test_customs_write_their_own_words() -> None:
    reports = Planner(settle(3_000, 7).people, _START, 7).reports()
    text = customs.table(r for r in reports if r.department == "customs").decode("gb18030")
    assert text.splitlines()[0].startswith("流水号,登记时间,类别")
    assert "入境隔离" in text
    assert "解除隔离" in text
