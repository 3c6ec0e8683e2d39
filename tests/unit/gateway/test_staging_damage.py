"""A staging file that is not what was written is dropped and folded anew; nothing is lost by it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from fuma.contracts.errors import Fatal
from fuma.gateway.intake import Row
from fuma.gateway.staging import Staging
from fuma.runtime.ports import LogRecord
from gatewaykit import TOPIC, Small
from unit.gateway.test_crash import check, send_three

UUID = b"u" * 16


def row(receipt: str, offset: int, number: int) -> Row:
    raw = LogRecord(TOPIC, 0, offset, 1_000, receipt.encode(), b"", ())
    return Row(raw, "health", receipt, b"run", number, 200, False, 1_000, b"", b"")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "staging.db"
    staging = Staging(path)
    for number in range(60):
        staging.note(row(f"R-{number}", number, 1))
    staging.save([((TOPIC, 0), UUID, 60)])
    staging.close()
    return path


def held(staging: Staging) -> tuple[int | None, list[str]]:
    """The position, and the batches that are open."""
    position = staging.position(TOPIC, 0, UUID)
    staging.take(TOPIC, 0)
    return position, [f"R-{n}" for n in range(60) if staging.knows(row(f"R-{n}", 99, 1))]


def goes_on(path: Path) -> None:
    """Opened once more, it is whole, takes notes and keeps them."""
    staging = Staging(path)
    held(staging)
    staging.note(row("R-new", 60, 1))
    staging.save([((TOPIC, 0), UUID, 61)])
    staging.close()
    again = Staging(path)
    assert again.lost == ""
    assert again.position(TOPIC, 0, UUID) == 61
    again.close()


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


WRONG: dict[str, Callable[[bytes], bytes]] = {
    "cut": cut,
    "cut within the header": lambda data: data[:50],
    "header": lambda data: b"\xff" + data[1:],
    "zeros": lambda data: bytes(len(data)),
    "text": lambda data: b"what is this" * 1_000,
    "a page's kind": lambda data: data[:4_096] + b"\xff" + data[4_097:],
}


@pytest.mark.parametrize("how", WRONG)
def test_a_file_that_is_none_is_dropped(
    tmp_path: Path, whole: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "staging.db"
    path.write_bytes(WRONG[how](whole.read_bytes()))
    staging = Staging(path)
    assert held(staging) == (None, [])
    assert "folded anew" in staging.lost
    assert staging.lost in caplog.text
    staging.close()
    goes_on(path)


def test_wherever_a_byte_is_flipped_it_is_what_was_written_or_dropped(
    tmp_path: Path, whole: Path
) -> None:
    data = whole.read_bytes()
    path = tmp_path / "staging.db"
    dropped = 0
    for place in range(0, len(data), 37):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        staging = Staging(path)
        found = held(staging)
        dropped += bool(staging.lost)
        wanted = (None, []) if staging.lost else (60, [f"R-{n}" for n in range(60)])
        assert found == wanted, f"a byte flipped at {place}"
        staging.close()
        for one in tmp_path.iterdir():
            one.unlink()
    assert dropped > 20


def test_a_number_that_was_changed_is_noticed(tmp_path: Path, whole: Path) -> None:
    """SQLite sees nothing wrong with it, and no row after it would ever be read."""
    path = tmp_path / "staging.db"
    shutil.copy(whole, path)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE positions SET next = next + 1")
    db.close()
    staging = Staging(path)
    assert held(staging) == (None, [])
    staging.close()


def test_a_file_of_another_shape_is_folded_anew(tmp_path: Path) -> None:
    path = tmp_path / "staging.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE batches (topic TEXT)")
    db.close()
    staging = Staging(path)
    assert (staging.lost, held(staging)) == ("", (None, [])), "no damage, and no incident"
    staging.close()
    goes_on(path)


def test_what_is_found_later_ends_the_process_and_the_next_one_begins_anew(
    tmp_path: Path, whole: Path
) -> None:
    path = tmp_path / "staging.db"
    shutil.copy(whole, path)
    staging = Staging(path)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE positions SET next = 7")
    db.close()
    with pytest.raises(Fatal, match="dropped"):
        staging.position(TOPIC, 0, UUID)
    goes_on(path)


def test_a_file_that_another_holds_is_kept(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "staging.db"
    shutil.copy(whole, path)
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: real(*a, timeout=0, **k))
    staging = Staging(path)
    staging._db.execute("PRAGMA busy_timeout=0")
    other = real(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    staging.note(row("R-0", 70, 2))
    with pytest.raises(Fatal, match="locked"):
        staging.save([])
    other.execute("ROLLBACK")
    other.close()
    assert path.exists()
    staging.close()


@pytest.mark.parametrize("damage", [cut, WRONG["header"], WRONG["text"]])
def test_a_gateway_that_finds_its_file_damaged_loses_no_row(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    small = Small(tmp_path)
    send_three(small)
    assert small.live(6, False)  # it died in the middle of the batches
    path = tmp_path / "staging.db"
    path.write_bytes(damage(path.read_bytes()))
    assert not small.live(0, False)
    check(small)
