"""An order's form as a file: its manifest, and its lines in tags.

JSON lines. The first is the manifest, with the digest that every signature after the draft is over;
then one line for each subject, in order. No identity is in it: it may travel to whoever signs,
reviews and approves, who can check that its lines hash to the manifest's root.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from fuma.contracts.commands import MAX_ENVELOPE
from fuma.contracts.errors import Refusal
from fuma.desk.keyfile import OfficerKey
from fuma.desk.signing import Terms, sign
from fuma.domain import merkle
from fuma.domain.authority import commands as c
from fuma.domain.colour import Colour
from fuma.domain.ids import derive
from fuma.domain.time import iso

FORM = "fuma form v1"


@dataclass(frozen=True, slots=True)
class Form:
    """A form's manifest, and of which world it is."""

    world: bytes
    draft: c.Draft

    @property
    def province(self) -> str:
        return self.draft.division[:2]


def line_of(data: dict[str, Any]) -> c.Line:
    """A line from the exchange's answer, or from a form's file."""
    return c.Line(
        bytes.fromhex(data["subject"]),
        str(data["division"]),
        bytes.fromhex(data["fact"]),
        bytes.fromhex(data.get("root", "")),
        bytes.fromhex(data.get("reporter", "")),
        str(data.get("venue", "")),
        int(data.get("seen", 0)),
    )


def _line(line: c.Line) -> dict[str, Any]:
    return {
        "subject": line.subject.hex(), "division": line.division, "fact": line.fact.hex(),
        "root": line.root.hex(), "reporter": line.reporter.hex(), "venue": line.venue,
        "seen": line.seen,
    }  # fmt: skip


class FormWriter:
    """Takes lines one by one, keeps only their hashes in memory; then writes the file whole."""

    def __init__(self) -> None:
        self._spool: IO[str] = tempfile.TemporaryFile(  # noqa: SIM115 - closed by close()
            "w+", encoding="utf-8", prefix="fuma-form-"
        )
        self._leaves: list[bytes] = []

    def add(self, line: c.Line) -> None:
        """The next line."""
        self._leaves.append(line.leaf())
        self._spool.write(json.dumps(_line(line), separators=(",", ":"), sort_keys=True) + "\n")

    @property
    def count(self) -> int:
        return len(self._leaves)

    def write(self, path: Path, world: bytes, draft: c.Draft) -> Form:
        """The file, with count and root filled in. Raises ``Refusal`` where it is there already."""
        draft = replace(draft, count=len(self._leaves), root=merkle.root(self._leaves))
        form = Form(world, draft)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(json.dumps(manifest(form), ensure_ascii=False, sort_keys=True) + "\n")
                self._spool.seek(0)
                shutil.copyfileobj(self._spool, file)
        except OSError as error:
            raise Refusal(f"{path}: {error.strerror}", "name another file with --form") from error
        return form

    def close(self) -> None:
        self._spool.close()


def manifest(form: Form) -> dict[str, Any]:
    """What a form's file begins with, and what ``--json`` shows of it."""
    draft = form.draft
    return {
        "form": FORM,
        "world": form.world.hex(),
        "order": draft.order.hex(),
        "division": draft.division,
        "ground": draft.ground,
        "colour": Colour(draft.colour).word,
        "count": draft.count,
        "root": draft.root.hex(),
        "since": draft.since,
        "until": draft.until,
        "papers": [list(pair) for pair in draft.papers],
        "content": draft.content().hex(),
        "says": {"since": iso(draft.since), "until": iso(draft.until) if draft.until else ""},
    }


def read(path: Path) -> Form:
    """The manifest of a form's file. Raises ``Refusal`` where it is none."""
    try:
        with path.open(encoding="utf-8") as file:
            data = json.loads(file.readline())
        if data["form"] != FORM:
            raise ValueError("another kind of file")
        colours = {colour.word: int(colour) for colour in Colour}
        draft = c.Draft(
            bytes.fromhex(data["order"]), data["division"], data["ground"],
            colours[data["colour"]], int(data["count"]), bytes.fromhex(data["root"]),
            int(data["since"]), None if data["until"] is None else int(data["until"]),
            tuple((str(word), str(text)) for word, text in data["papers"]),
        )  # fmt: skip
        if draft.content().hex() != data["content"]:
            raise ValueError("its content is not what it says")
        return Form(bytes.fromhex(data["world"]), draft)
    except OSError as error:
        raise Refusal(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal(f"{path}: no form ({error})", "`fuma order draft` writes one") from error


def lines(path: Path) -> Iterator[c.Line]:
    """The lines of a form's file, in order. Raises ``Refusal``."""
    try:
        with path.open(encoding="utf-8") as file:
            file.readline()
            for number, text in enumerate(file, 1):
                try:
                    yield line_of(json.loads(text))
                except (ValueError, KeyError, TypeError) as error:
                    raise Refusal(f"{path}: line {number} of the form: {error}") from error
    except OSError as error:
        raise Refusal(f"{path}: {error.strerror}") from error


def check(path: Path) -> Form:
    """The form, if its lines are those that its manifest was made over. Raises ``Refusal``."""
    form = read(path)
    leaves = [line.leaf() for line in lines(path)]
    if len(leaves) != form.draft.count or merkle.root(leaves) != form.draft.root:
        raise Refusal(f"{path}: its lines are not those of its manifest", "get it again")
    return form


def signed(form: Form, items: Iterable[c.Line], key: OfficerKey, terms: Terms) -> Iterator[bytes]:
    """The signed manifest, then the signed pages, one after another."""
    order = form.draft.order
    yield _fitting(sign(form.draft, key, terms, derive(b"draft", order)), "the manifest")
    page: list[c.Line] = []
    number = 0
    for line in items:
        page.append(line)
        if len(page) == c.PAGE_LINES:
            yield _page(order, number, page, key, terms)
            page, number = [], number + 1
    if page:
        yield _page(order, number, page, key, terms)


def _page(order: bytes, number: int, page: list[c.Line], key: OfficerKey, terms: Terms) -> bytes:
    id = derive(b"page", order, number.to_bytes(4, "big"))
    return _fitting(sign(c.Page(order, number, tuple(page)), key, terms, id), f"page {number + 1}")


def _fitting(envelope: bytes, what: str) -> bytes:
    if len(envelope) > MAX_ENVELOPE:
        raise Refusal(f"{what} has {len(envelope)} bytes, at most {MAX_ENVELOPE}", "shorten it")
    return envelope
