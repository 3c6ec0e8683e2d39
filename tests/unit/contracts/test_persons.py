"""Who reported, and the evidence that many share: the same wherever it is named, told by nobody."""

from __future__ import annotations

from doorkit import number
from fuma.contracts.persons import natural_person, reporter_number, reporter_ref, root_ref
from fuma.contracts.sealing import evidence_ref

KEY = b"e" * 32


def test_one_person_is_one_whatever_the_department_and_the_spelling() -> None:
    one = natural_person(KEY, number(1))
    assert len(one) == 16
    assert one == natural_person(KEY, f" {number(1).lower()} ")
    assert one == reporter_ref(KEY, "health", f"id:{number(1)}")
    assert one == reporter_ref(KEY, "transport", f"ID: {number(1).lower()}")
    assert one != natural_person(KEY, number(2))
    assert one != natural_person(b"f" * 32, number(1))


def test_a_name_is_one_within_its_department() -> None:
    name = reporter_ref(KEY, "health", "李四 (CDC)")
    assert len(name) == 16
    assert name == reporter_ref(KEY, "health", " 李 四（ｃｄｃ） ")
    assert name != reporter_ref(KEY, "transport", "李四 (CDC)")
    assert name != reporter_ref(KEY, "health", "李五 (CDC)")
    # a bare number is a name like any other: only id: says that it is meant as one
    assert reporter_ref(KEY, "health", number(1)) != natural_person(KEY, number(1))
    assert reporter_ref(KEY, "health", "") == b""
    assert reporter_ref(KEY, "health", "id:") == b""


def test_a_root_is_one_for_every_department_and_no_evidence_number() -> None:
    root = root_ref(KEY, "ZZ-2022-0417")
    assert len(root) == 32
    assert root == root_ref(KEY, "zz－2022－0417 ")
    assert root != root_ref(KEY, "ZZ-2022-0418")
    assert root != evidence_ref(KEY, "health", "contact-link", "ZZ-2022-0417")
    assert root_ref(KEY, "") == root_ref(KEY, " - ") == b""


def test_what_is_a_number_and_what_is_text() -> None:
    assert reporter_number("id:11010519491231002x") == "11010519491231002X"
    assert reporter_number("李四") is None
