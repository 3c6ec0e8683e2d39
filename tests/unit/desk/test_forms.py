"""Forms: the file that travels, the pages that are signed, the table that they are made from."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuma.contracts.commands import open_command
from fuma.contracts.errors import Refusal
from fuma.contracts.faults import Fault
from fuma.desk import forms, table
from fuma.desk.keyfile import OfficerKey
from fuma.desk.signing import Terms, read_signed, write_signed
from fuma.domain import merkle
from fuma.domain.authority import commands as c
from unit.authority.making import h, line

KEY = OfficerKey(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
TERMS = Terms(b"w" * 16, "14", 1_000, 2_000)
DRAFT = c.Draft(h("o"), "141123", "confirmed", 2, 0, b"", 1_000, None, (("document", "第9号"),))


def made(path: Path, count: int) -> forms.Form:
    writer = forms.FormWriter()
    for n in range(count):
        writer.add(line(n, "141123", venue="gate", seen=n))
    form = writer.write(path, TERMS.world, DRAFT)
    writer.close()
    return form


@pytest.mark.parametrize("count", [1, 199, 200, 201, 401])
def test_what_is_signed_is_the_form(tmp_path: Path, count: int) -> None:
    path = tmp_path / "list.form"
    form = made(path, count)
    assert forms.check(path) == form == forms.read(path)
    opened = [open_command(e) for e in forms.signed(form, forms.lines(path), KEY, TERMS)]
    assert all(isinstance(one, c.Command) for one in opened)
    bodies = [one.body for one in opened if isinstance(one, c.Command)]
    assert bodies[0] == form.draft
    lines = [item for page in bodies[1:] if isinstance(page, c.Page) for item in page.lines]
    assert merkle.root([item.leaf() for item in lines]) == form.draft.root
    assert [len(p.lines) for p in bodies[1:] if isinstance(p, c.Page)][:-1] == [200] * (
        (count - 1) // 200
    )


def test_signed_again_it_is_the_same_to_the_byte(tmp_path: Path) -> None:
    form = made(tmp_path / "list.form", 3)
    once, again = (
        list(forms.signed(form, forms.lines(tmp_path / "list.form"), KEY, TERMS)) for _ in range(2)
    )
    assert once == again
    assert write_signed(tmp_path / "signed", once) == 2
    assert list(read_signed(tmp_path / "signed")) == once


def test_a_line_that_was_changed_on_the_way_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "list.form"
    made(path, 3)
    texts = path.read_text().splitlines()
    texts[2] = texts[2].replace('"seen":1', '"seen":9')
    path.write_text("\n".join(texts) + "\n")
    with pytest.raises(Refusal, match="not those of its manifest"):
        forms.check(path)


def test_a_manifest_that_was_changed_on_the_way_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "list.form"
    made(path, 1)
    path.write_text(path.read_text().replace('"division": "141123"', '"division": "14"'))
    with pytest.raises(Refusal, match="no form"):
        forms.read(path)


def test_no_identity_is_in_the_form(tmp_path: Path) -> None:
    path = tmp_path / "list.form"
    made(path, 2)
    for text in path.read_text().splitlines()[1:]:
        assert set(json.loads(text)) == {
            "subject", "division", "fact", "root", "reporter", "venue", "seen",
        }  # fmt: skip


def test_a_form_of_many_lines_stays_small_in_memory(tmp_path: Path) -> None:
    """Only the leaves' hashes are kept: some 130 bytes a line with Python's own."""
    path = tmp_path / "list.form"
    writer = forms.FormWriter()
    tracemalloc.start()
    for n in range(20_000):
        writer.add(line(n, "141123"))
    form = writer.write(path, TERMS.world, DRAFT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    writer.close()
    assert form.draft.count == 20_000
    assert peak < 20_000 * 400
    assert sum(1 for _ in forms.signed(form, forms.lines(path), KEY, TERMS)) == 101


def test_a_page_that_no_record_holds_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "list.form"
    writer = forms.FormWriter()
    for n in range(200):
        writer.add(line(n, "141123", venue="v" * 200))
    form = writer.write(path, TERMS.world, DRAFT)
    writer.close()
    with pytest.raises(Refusal, match="page 1"):
        list(forms.signed(form, forms.lines(path), KEY, TERMS))


def test_rows_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "身份证号,姓名,区划,报告部门,报告编号,到场时间\n"
        "1,王,141123,health,case-1,2022-06-14T09:00:00+08:00\n"
        "\n"
        "2,李,141123\n"
        "3,赵,141123,health,case-3,yesterday\n",
        encoding="utf-8",
    )
    first, short, late = table.rows(path)
    assert first == {
        "row": 2, "number": "1", "name": "王", "division": "141123", "department": "health",
        "event": "case-1", "seen": 1_655_168_400_000,
    }  # fmt: skip
    assert isinstance(short, tuple)
    assert isinstance(late, tuple)
    assert (short[0], short[1].code) == (4, "column-count")
    assert (late[0], late[1].code) == (5, "bad-time")
    assert isinstance(late[1], Fault)


def test_a_table_without_what_is_needed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    for header in ("", "number,name,division", "name,division,event"):
        path.write_text(header + "\n", encoding="utf-8")
        with pytest.raises(Refusal, match=r"no column|no header"):
            list(table.rows(path))
