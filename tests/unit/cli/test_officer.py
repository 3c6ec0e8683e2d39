"""Officers' commands, signed without any network, into a file; and what is wrong said plainly."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from fuma.cli.main import run
from fuma.cli.order import numbers
from fuma.contracts import dsse
from fuma.contracts.commandlog import open_signed
from fuma.contracts.genesis import World, write_world
from fuma.desk.signing import read_signed
from fuma.domain.authority import commands as c
from fuma.runtime import keyfiles
from fuma.runtime.keyfiles import Key

WORLD = World(b"w" * 16, True, bytes(32))
AT = ("--at", "2022-06-14T09:00:00+08:00")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FUMA_HOME", str(tmp_path))
    monkeypatch.setenv("FUMA_PASSPHRASE", "a long passphrase")
    write_world(tmp_path / "world.json", WORLD)
    assert run(["office", "keygen", "--out", str(tmp_path / "k.key")]) == 0
    return tmp_path


def body_of(path: Path) -> c.Body:
    (envelope,) = read_signed(path)
    opened = open_signed(envelope, None)
    assert isinstance(opened, c.Command)
    assert opened.world == WORLD.id
    return opened.body


def sign(home: Path, *words: str) -> c.Body:
    out = home / f"{len(list(home.iterdir()))}.signed"
    assert run([*words, "--key", str(home / "k.key"), "--out", str(out), *AT]) == 0
    return body_of(out)


def test_every_word_signs_the_body_that_it_names(home: Path) -> None:
    order, digest = "ab" * 16, "cd" * 32
    said = home / "said.txt"
    said.write_text("健康码被用于疫情以外")
    province = ("--province", "14")
    words: list[tuple[c.Body, tuple[str, ...]]] = [
        (c.Act(b"\xab" * 16, "sign", b"\xcd" * 32),
         ("order", "sign", order, "--content", digest, *province)),
        (c.Act(b"\xab" * 16, "review", b"\xcd" * 32),
         ("order", "act", order, "--step", "review", "--content", digest, *province)),
        (c.Reject(b"\xab" * 16, "错"), ("order", "reject", order, "--reason", "错", *province)),
        (c.Withdraw(b"\xab" * 16, "错"), ("order", "withdraw", order, "--reason", "错", *province)),
        (c.Lift(b"\xab" * 16, (2, 6, 7), b"\xef" * 16),
         ("order", "lift", order, "--lines", "3,7-8", "--evidence", "ef" * 16, *province)),
        (c.Annul(b"\xab" * 16, (), "无"), ("order", "annul", order, "--reason", "无", *province)),
        (c.AcknowledgeRecall(b"\xab" * 16, "x"),
         ("order", "acknowledge", order, "--recipient", "x", *province)),
        (c.ReleaseBulk(b"\xab" * 16, b"\xcd" * 32),
         ("order", "release-bulk", order, "--content", digest, *province)),
        (c.OpenOffice(c.Office("x", "cdc", "health", "county", "141123", "兴县")),
         ("office", "open", "x", "--kind", "cdc", "--division", "141123", "--department", "health",
          "--name", "兴县")),
        (c.CloseOffice("x", "并入"), ("office", "close", "x", "--reason", "并入", *province)),
        (c.CloseAccount("x", "离任"),
         ("office", "close-account", "x", "--reason", "离任", *province)),
        (c.ReviewApplication(b"\xab" * 16, False, "无需"),
         ("office", "review", order, "--refuse", "--reason", "无需", *province)),
        (c.RevokeKey("k", "失窃"), ("office", "revoke", "k", "--reason", "失窃", *province)),
        (c.AssignCase(b"\xab" * 16, "d"), ("case", "assign", order, "--decider", "d", *province)),
        (c.DecideCase(b"\xab" * 16, "upheld", "有据"),
         ("case", "decide", order, "--outcome", "upheld", "--reason", "有据", *province)),
        (c.CityReturn(19_157, (("health", b"\xcd" * 32),)),
         ("return", "city", "--item", f"health={digest}", *province)),
    ]  # fmt: skip
    for wanted, line in words:
        assert sign(home, *line) == wanted
    item = sign(
        home, "return", "item", "health", "--declared", "0", "--day", "2022-06-13", *province
    )
    assert isinstance(item, c.PushItem)
    assert (item.department, item.day, item.declared, item.arrived) == ("health", 19_156, 0, 0)
    case = sign(home, "case", "file", "complaint", "--division", "141123", "--concerns", "command",
                "--text", str(said))  # fmt: skip
    assert isinstance(case, c.FileCase)
    assert (case.kind, case.concerns, case.order) == ("complaint", "command", b"")
    account = sign(home, "office", "apply", "wang", "--office", "x", "--role", "staff", "--name",
                   "王", "--person", order, "--need", "填表", *province)  # fmt: skip
    assert isinstance(account, c.Apply)
    assert account.officer == c.Officer("wang", "x", "staff", b"\xab" * 16, "王")
    assert run(["office", "keygen", "--out", str(home / "n.key")]) == 0
    rotated = sign(home, "office", "rotate", str(home / "n.key.pub"), *province)
    assert isinstance(rotated, c.RotateKey)
    assert rotated.key == (home / "n.key.pub").read_text().split()[1]


def test_an_invitation_code_is_in_its_file_and_its_digest_on_the_log(home: Path) -> None:
    code = home / "code"
    invited = sign(home, "office", "invite", "staff", "--code", str(code), "--province", "46")
    assert code.stat().st_mode & 0o777 == 0o600
    joined = sign(home, "office", "join", "--code", str(code), "--province", "46")
    assert isinstance(invited, c.Invite)
    assert isinstance(joined, c.Join)
    assert invited.code == sha256(joined.code).digest()


def test_a_founding_is_signed_by_both_ceremony_keys(home: Path) -> None:
    keyfiles.generate(home)
    file = home / "xing.yaml"
    file.write_text(
        "province: '14'\n"
        "offices: [{id: xing, kind: control-office, division: '141123', name: 兴县防控办}]\n"
        "officers: [{id: clerk, office: xing, role: staff, name: 张三,\n"
        "            number: 11010519491231002X, key: k.key.pub}]\n",
        encoding="utf-8",
    )
    out = home / "found.signed"
    assert run(["office", "found", str(file), "--out", str(out), *AT]) == 0
    a, b = (dsse.public_bytes(keyfiles.signing_key(home, k)).hex()
            for k in (Key.CEREMONY_A, Key.CEREMONY_B))  # fmt: skip
    (envelope,) = read_signed(out)
    opened = open_signed(envelope, (a, b))
    assert isinstance(opened, c.Command)
    assert isinstance(opened.body, c.Found)
    ((officer, key),) = opened.body.officers
    assert officer.name == "张三"
    assert key == (home / "k.key.pub").read_text().split()[1]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("order", "sign", "ab" * 16), 2, "simulated world has a time"),
        (("order", "sign", "nonsense", *AT), 2, "no form's file"),
        (("order", "sign", "ab" * 16, "--content", "zz", *AT), 2, "no digest"),
        (("order", "sign", "ab" * 16, *AT), 2, "which province"),
        (("order", "sign", "ab" * 16, "--valid", "100", *AT), 2, "72 hours"),
        (("order", "lift", "ab" * 16, "--evidence", "ef" * 16, "--lines", "0", *AT), 2, "lines"),
        (("return", "city", "--item", "health", "--province", "41", *AT), 1, ""),
        (("office", "open", "x", "--kind", "castle", "--division", "14", "--name", "x", *AT), 2,
         "kind of office"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(
    home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, said: str
) -> None:
    found = run([*words, "--key", str(home / "k.key")])
    if said:
        assert found == code
    assert said in capsys.readouterr().err


def test_another_passphrase_opens_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FUMA_PASSPHRASE", "another one")
    assert run(["order", "sign", "ab" * 16, "--key", str(home / "k.key"), *AT]) == 1
    assert "does not open" in capsys.readouterr().err


def test_json_of_keygen(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["office", "keygen", "--out", str(home / "j.key"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["key"] == (home / "j.key.pub").read_text().split()[1]


def test_lines_are_counted_from_one() -> None:
    assert numbers("") == ()
    assert numbers("1,3-5,4") == (0, 2, 3, 4)
