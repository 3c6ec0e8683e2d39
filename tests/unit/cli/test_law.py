"""``fuma law check | diff | publish | explain``: what they say, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuma.cli.law_publish import refused
from fuma.cli.law_read import standing
from fuma.cli.main import run
from fuma.contracts import dsse, lawdiff, lawexamples
from fuma.contracts.genesis import Publisher
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import Text, load_file, load_folder
from fuma.domain.codes import events as e
from fuma.domain.law.reading import instant
from fuma.domain.time import DAY
from unit.processor.test_stages import AT, ORDER, RED, ledger, raw

RULES = root() / "rules"
BOOK = (RULES / "45/companions-v2.yaml").read_text("utf-8")


@pytest.fixture(autouse=True)
def _no_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUMA_HOME", str(tmp_path / "none"))


def tree(folder: Path, **files: str) -> Path:
    """``rules/`` with some files of 45 put there anew."""
    for name in ("cn/control-plan-8-v1", "cn/control-plan-9-v1", "cn/interim-measures-2021-v1"):
        path = folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((RULES / f"{name}.yaml").read_text("utf-8"), "utf-8")
    for name, text in files.items():
        path = folder / "45" / f"{name.replace('_', '-')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = run(["law", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_every_shipped_text_passes_and_every_book_and_procedure_has_examples(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, told = answer(capsys, "check")
    assert (code, told["faults"]) == (0, [])
    assert len(told["texts"]) == len(list(RULES.glob("*/*.yaml")))
    bare = [t["name"] for t in told["texts"] if not t["examples"] and t["kind"] != "comparison"]
    assert bare == []


def test_an_example_that_does_not_come_out_fails_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = BOOK.replace("gives: [{yellow: 3d}]", "gives: [{red: 3d}]")
    code, told = answer(capsys, "check", str(tree(tmp_path, companions_v2=wrong)))
    assert code == 1
    (fault,) = told["faults"]
    assert "example 1" in fault
    assert "companions-v2" in fault


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("department: public-security, gives", "department: nobody, gives", "department-unknown"),
        ("evidence: grid-match, department", "evidence: grid-match, depart", "not readable"),
        ("gives: [{yellow: 3d}]}", "gives: [{yellow: three}]}", "not readable"),
        ("gives: [{yellow: 3d}]}", "row: another}", "row: said another"),
        ("gives: [{yellow: 3d}]}", "refused: [not-owner]}", "refused: said ['not-owner']"),
    ],
)
def test_what_an_example_may_get_wrong(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in BOOK
    path = tree(tmp_path, companions_v2=BOOK.replace(old, new)) / "45/companions-v2.yaml"
    (fault,) = lawexamples.run(load_file(path), lawexamples.examples_of(path))
    assert said in fault


def test_every_broken_file_is_told_of_not_only_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gap = BOOK.replace("kind: release", "kind: finding")
    overlap = BOOK.replace("companions", "others", 1).replace("version: 2", "version: x")
    code, told = answer(capsys, "check", str(tree(tmp_path, companions_v2=gap, others_v1=overlap)))
    assert code == 1
    assert len(told["faults"]) == 2


def test_examples_are_no_part_of_the_text() -> None:
    path = RULES / "45/companions-v2.yaml"
    text = load_file(path)
    assert "examples" not in json.loads(text.body)
    folder = {t.name: t for t in load_folder(RULES) if t.version == 2}
    assert folder["45/companions"].digest == text.digest


def test_diff_says_which_grounds_and_terms_change(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = answer(capsys, "diff", "cn/control-plan-9@1", "cn/twenty-measures@1")
    assert code == 0
    changed = {(c["what"], c["name"]): (c["old"], c["new"]) for c in told["changes"]}
    assert changed["ground", "removed"] == ("7d", "")
    assert changed["term", "close-contact"] == ("10d", "8d")
    assert told["grounds"] == ["close-contact", "inbound", "secondary-contact"]
    assert told["not_counted"] == "no stack here"


def test_diff_says_what_changes_in_a_chain(tmp_path: Path) -> None:
    text = (RULES / "141123/assignment-form-v1.yaml").read_text("utf-8")
    path = tmp_path / "141123/assignment-form-v2.yaml"
    path.parent.mkdir()
    path.write_text(text.replace("version: 1", "version: 2").replace("within: 2h", "within: 4h"))
    old, new = load_file(RULES / "141123/assignment-form-v1.yaml").law, load_file(path).law
    found = lawdiff.diff(old, new)["changes"]
    assert [(c["what"], c["name"]) for c in found] == [("step", "approve"), ("step", "review")]
    assert "within 4h" in found[0]["new"]


def test_diff_of_two_kinds_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["law", "diff", "cn/control-plan-9@1", "cn/oversight@1"]) == 2
    assert run(["law", "diff", "cn/control-plan-9@1", "cn/nothing@1"]) == 2
    capsys.readouterr()


def test_diff_counts_the_orders_in_force_that_it_touches() -> None:
    book = load_file(RULES / "45/companions-v1.yaml").law
    new = load_file(RULES / "45/companions-v2.yaml").law
    records = [raw("fuma.decisions", ledger(1, e.Effective(ORDER), RED))]
    assert standing(records, AT) == [ORDER]
    assert standing(records, ORDER.end) == []
    assert standing(records, None) == [ORDER]
    law = e.LawRef("45/companions", 1, bytes(32), "p", 1, bytes(32), "r")
    orders = [
        e.Order(bytes(16), bytes(16), ground, "health", division, "", b"", 0, 0, (), law)
        for ground, division in (
            ("spatiotemporal-companion", "450100"), ("confirmed", "450100"),
            ("spatiotemporal-companion", "410100"),
        )
    ]  # fmt: skip
    grounds = lawdiff.diff(book, new)["grounds"]
    assert lawdiff.touched(book, new, grounds, orders) == 1


def test_explain_says_why_in_both_languages_and_fails_where_a_report_would_be_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["explain", "--ground", "spatiotemporal-companion", "--division", "450100"]
    words += ["--evidence", "grid-match", "--department", "public-security"]
    code, told = answer(capsys, *words, "--at", "2022-07-14")
    assert (code, told["book"], told["rows"][0]["colours"]) == (
        0, "45/companions", [["yellow", 3 * DAY]],
    )  # fmt: skip
    zh, en = ("\n".join(said[tongue] for said in told["says"]) for tongue in ("zh", "en"))
    assert "更具体" in zh
    assert "longer division prefix" in en
    assert told["chain"] == ["compile"]
    code, told = answer(capsys, *words, "--at", "2022-06-14")
    assert told["rows"][0]["colours"] == [["red", 3 * DAY]]
    code, told = answer(
        capsys, "explain", "inbound", "--evidence", "venue-scan", "--department", "customs",
        "--division", "410105", "--at", "2022-06-14",
    )  # fmt: skip
    assert (code, told["refused"]) == (1, ["evidence-not-of-ground"])


def test_explain_after_8_january_2023_finds_no_ground(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = answer(capsys, "explain", "confirmed", "--at", "2023-01-08")
    assert (code, told["book"], told["rows"]) == (1, "cn/class-b-management", [])
    assert run(["law", "explain", "depositor"]) == 2
    assert run(["law", "explain"]) == 2
    capsys.readouterr()


def key(letter: bytes) -> tuple[str, str]:
    private = Ed25519PrivateKey.from_private_bytes(letter * 32)
    public = dsse.public_bytes(private)
    return public.hex(), dsse.key_id(public)


def log_with(text: Text, division: str, now: int) -> Any:
    genesis = SimpleNamespace(publishers=(Publisher(key(b"p")[0], "who", "office", division),))
    world = SimpleNamespace(simulated=False)
    return SimpleNamespace(
        genesis=genesis, world=world, time=now, published=[SimpleNamespace(text=text)]
    )


def test_scenario_34_publish_refuses_before_anything_is_written() -> None:
    old = load_file(RULES / "45/companions-v1.yaml")
    new = load_file(RULES / "45/companions-v2.yaml")
    before = instant("2022-06-01")
    assert refused(log_with(old, "45", before), new, key(b"p")[1], before) == ""
    assert "may not publish" in refused(log_with(old, "41", before), new, key(b"p")[1], before)
    assert "not above" in refused(log_with(new, "45", before), old, key(b"p")[1], before)
    late = new.begins - DAY + 1
    assert "24 hours" in refused(log_with(old, "45", late), new, key(b"p")[1], late)
    assert "no publisher" in refused(log_with(old, "45", before), new, key(b"x")[1], before)
