"""The vault's database and its door, without a process."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from fuma.contracts.errors import Fatal
from fuma.vault.app import MAX_BATCH, app
from fuma.vault.book import VaultBook
from fuma.vault.crypto import plain_name

KEY = b"k" * 32
NUMBER = "11010519491231002X"


class Noon:
    """A clock that stands still."""

    def now(self) -> int:
        return 43_200_000


@pytest.mark.parametrize(
    "written", ["阿卜杜拉·买买提", "阿卜杜拉•买买提", "阿卜杜拉・买买提", " 阿卜杜拉 · 买买提"]
)
def test_one_name_however_it_is_written(written: str) -> None:
    assert plain_name(written) == "阿卜杜拉·买买提"


def test_another_name_is_another() -> None:
    assert plain_name("张三") != plain_name("张三丰")
    assert plain_name("Ｌｉ Ｗｅｉ") == plain_name("li wei")


def test_every_lookup_is_logged_before_it_is_answered(tmp_path: Path) -> None:
    book = VaultBook(tmp_path / "v.db", KEY)
    (subject,) = book.subjects([(NUMBER, "张三")])
    book.find(NUMBER, who="a", role="auditor", purpose="appeal 7", at=5)
    book.find("nobody", who="a", role="auditor", purpose="appeal 7", at=6)
    book.keys([subject.tag], who="b", role="officer-reader", purpose="review", at=7)
    assert book.accesses() == [
        (5, "a", "auditor", "find", "appeal 7", subject.tag),
        (6, "a", "auditor", "find", "appeal 7", None),
        (7, "b", "officer-reader", "keys", "review", subject.tag),
    ]
    book.close()


def test_a_later_name_replaces_an_earlier(tmp_path: Path) -> None:
    book = VaultBook(tmp_path / "v.db", KEY)
    assert book.load([(NUMBER, "张三"), (NUMBER, "张四")]) == 1
    told = book.subjects([(NUMBER, "张四"), (NUMBER, "张三")])
    assert [one.identity for one in told] == ["matched", "mismatched"]
    book.close()


def test_another_key_is_refused(tmp_path: Path) -> None:
    VaultBook(tmp_path / "v.db", KEY).close()
    with pytest.raises(Fatal, match=r"vault\.key"):
        VaultBook(tmp_path / "v.db", b"x" * 32)


def test_a_wrapped_key_moved_to_another_tag_does_not_open(tmp_path: Path) -> None:
    book = VaultBook(tmp_path / "v.db", KEY)
    book.subjects([("a", ""), ("b", "")])
    book.close()
    with sqlite3.connect(tmp_path / "v.db") as db:
        rows = db.execute("SELECT lookup, wrapped FROM subjects").fetchall()
        for (lookup, _), (_, wrapped) in zip(rows, reversed(rows), strict=True):
            db.execute("UPDATE subjects SET wrapped=? WHERE lookup=?", (wrapped, lookup))
    book = VaultBook(tmp_path / "v.db", KEY)
    with pytest.raises(Fatal):
        book.subjects([("a", "")])
    book.close()


def test_a_destroyed_key_is_gone_and_the_tag_stays(tmp_path: Path) -> None:
    book = VaultBook(tmp_path / "v.db", KEY)
    (before,) = book.subjects([(NUMBER, "")])
    with sqlite3.connect(tmp_path / "v.db") as db:
        db.execute("UPDATE subjects SET wrapped=NULL")
    (after,) = book.subjects([(NUMBER, "")])
    assert (after.tag, after.key) == (before.tag, b"")
    assert book.keys([before.tag], who="", role="auditor", purpose="x", at=1) == [None]
    book.close()


@pytest.mark.parametrize(
    ("path", "role", "body", "status"),
    [
        ("subjects", "gateway", [[NUMBER, "张三"]], 200),
        ("subjects", "auditor", [[NUMBER, "张三"]], 403),
        ("subjects", "", [[NUMBER, "张三"]], 403),
        ("subjects", "gateway", {"x": 1}, 400),
        ("subjects", "gateway", [["a", "b"]] * (MAX_BATCH + 1), 400),
        ("holders", "gateway", [[NUMBER, "张三"]], 403),
        ("find", "auditor", {"number": NUMBER, "purpose": ""}, 400),
        ("find", "auditor", {"number": NUMBER}, 400),
        ("find", "auditor", {"number": NUMBER, "purpose": "x"}, 200),
        ("keys", "holders-loader", {"tags": [], "purpose": "x"}, 403),
        ("keys", "officer-reader", {"tags": ["no bytes"], "purpose": "x"}, 400),
    ],
)
def test_what_the_door_lets_in(
    tmp_path: Path, path: str, role: str, body: object, status: int
) -> None:
    book = VaultBook(tmp_path / "v.db", KEY)
    roles = ("gateway", "holders-loader", "auditor", "officer-reader")
    tokens = {one: f"token-{one}" for one in roles}
    client = TestClient(app(book, tokens, Noon()))
    headers = {"authorization": f"Bearer token-{role}"} if role else {}
    answer = client.post(f"/v1/{path}", content=msgspec.msgpack.encode(body), headers=headers)
    assert answer.status_code == status
    assert NUMBER not in answer.text
    book.close()


def test_a_body_that_is_no_messagepack(tmp_path: Path) -> None:
    book = VaultBook(tmp_path / "v.db", KEY)
    client = TestClient(app(book, {"gateway": "t"}, Noon()))
    answer = client.post("/v1/subjects", content=b"\xc1", headers={"authorization": "Bearer t"})
    assert answer.status_code == 400
    book.close()
