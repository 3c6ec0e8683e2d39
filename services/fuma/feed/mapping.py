"""The mapping file: a department's columns, date forms and code words to the fields of a report.

docs/formats/mapping.md is normative. Whatever is wrong with the file itself is one ``Refusal`` that
says where; nothing of it is found out row by row.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fuma.contracts.errors import Refusal
from fuma.domain.codes.events import FactKind
from fuma.feed.fields import DATED, FIELDS, GROUPS, names

ENCODINGS = {"utf-8": "utf-8-sig", "gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030"}
_HOLE = re.compile(r"\{([^{}]*)\}")
_AT = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
_ZONE = re.compile(r"[+-]([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field's text comes from: literal pieces and columns in turn, then words or dates."""

    pieces: tuple[tuple[bool, str], ...]  # (is a column, literal text or column name)
    words: str = ""  # name of a table of code words
    at: str = ""  # HH:MM:SS that a bare date gets
    default: str | None = None

    @property
    def columns(self) -> Iterator[str]:
        return (text for is_column, text in self.pieces if is_column)


@dataclass(frozen=True, slots=True)
class Condition:
    """On one column: present, absent, one of, none of."""

    column: str
    test: str  # present | absent | in | not-in
    values: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Section:
    """One report that a row may give."""

    kind: FactKind
    when: tuple[Condition, ...]
    fields: dict[str, Source]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping that was read and found whole."""

    encoding: str
    delimiter: str
    nulls: frozenset[str]
    dates: tuple[str, ...]
    zone: str
    words: dict[str, dict[str, str]]
    sections: tuple[Section, ...]

    def columns(self) -> set[str]:
        """Every column that it names."""
        named = {c.column for s in self.sections for c in s.when}
        return named | {c for s in self.sections for f in s.fields.values() for c in f.columns}


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file. Raises ``Refusal`` with one line that says what and where."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return parse_mapping(text)
    except OSError as error:
        raise Refusal(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Refusal(f"{path}: a mapping file is UTF-8") from error
    except Refusal as error:
        raise Refusal(f"{path}: {error}", "docs/formats/mapping.md has the form") from error


def parse_mapping(text: str) -> Mapping:
    """The mapping in YAML text. Raises ``Refusal``."""
    try:
        # BaseLoader: a scalar is the text that is written, so a column named `no` stays one
        body = yaml.load(text, yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise Refusal(f"{where}not YAML") from error
    top = _mapping(body, "the file")
    _only(top, {"version", "encoding", "delimiter", "nulls", "dates", "zone", "words", "source",
                "reports"}, "the file")  # fmt: skip
    if top.get("version") != "1":
        raise Refusal("version: must be 1")
    words = {
        str(name): {_scalar(k, f"words.{name}"): _scalar(v, f"words.{name}") for k, v in
                    _mapping(table, f"words.{name}").items()}
        for name, table in _mapping(top.get("words") or {}, "words").items()
    }  # fmt: skip
    sections = top.get("reports")
    if not isinstance(sections, list) or not sections:
        raise Refusal("reports: a list of at least one report is needed")
    dates = _dates(top)
    timed = all("%H" in form for form in dates)
    common = {"source": _source(top["source"], "source", words)} if "source" in top else {}
    return Mapping(
        _encoding(top),
        _delimiter(top),
        frozenset(_texts(top.get("nulls", [""]), "nulls")),
        dates,
        _zone(top),
        words,
        tuple(
            _section(s, f"reports[{i}]", words, common, timed) for i, s in enumerate(sections, 1)
        ),
    )


def _section(
    raw: Any,
    where: str,
    words: dict[str, dict[str, str]],
    common: dict[str, Source],
    timed: bool,
) -> Section:
    body = _mapping(raw, where)
    _only(body, {"kind", "when", "id", "source", "time", "data"}, where)
    try:
        kind = FactKind(str(body.get("kind")))
    except ValueError as error:
        known = ", ".join(k.value for k in FactKind)
        raise Refusal(f"{where}.kind: one of {known}") from error
    fields = dict(common)
    for path, value in _leaves(body, kind, where):
        fields[path] = _source(value, f"{where}.{path}", words)
    for path, needed in FIELDS[kind].items():
        if needed and path not in fields:
            raise Refusal(f"{where}.{path}: missing")
    for path, source in fields.items():
        if source.at and path not in DATED:
            raise Refusal(f"{where}.{path}: `at` is for fields that may hold an instant")
    time = fields["time"]
    if not time.at and any(time.columns) and not timed:
        raise Refusal(f"{where}.time: the date forms have no time of day; say `at`")
    return Section(kind, tuple(_conditions(body.get("when"), f"{where}.when")), fields)


def _leaves(body: dict[str, Any], kind: FactKind, where: str) -> Iterator[tuple[str, Any]]:
    for name in ("id", "source", "time"):
        if name in body:
            yield name, body[name]
    data = _mapping(body.get("data"), f"{where}.data")
    known = names(kind, "data.")
    if "ground" in data and "ground" not in known:
        raise Refusal(f"{where}.data.ground: not for this kind")
    _only(data, known, f"{where}.data")
    for name, value in data.items():
        if name in GROUPS:
            group = _mapping(value, f"{where}.data.{name}")
            _only(group, names(kind, f"data.{name}."), f"{where}.data.{name}")
            for part, inner in group.items():
                yield f"data.{name}.{part}", inner
        else:
            yield f"data.{name}", value


def _source(raw: Any, where: str, words: dict[str, dict[str, str]]) -> Source:
    if not isinstance(raw, dict):
        return Source(_template(_scalar(raw, where), where))
    _only(raw, {"column", "template", "words", "at", "default"}, where)
    if ("column" in raw) == ("template" in raw):
        raise Refusal(f"{where}: either `column` or `template`")
    if "column" in raw:
        pieces: tuple[tuple[bool, str], ...] = ((True, _scalar(raw["column"], where)),)
    else:
        pieces = _template(_scalar(raw["template"], where), where)
    table = _scalar(raw.get("words", ""), where)
    if table and table not in words:
        raise Refusal(f"{where}: no table `{table}` under words")
    at = raw.get("at", "")
    if at and not (isinstance(at, str) and _AT.fullmatch(at)):
        raise Refusal(f"{where}.at: a time of day, such as '18:00:00' in quotes")
    default = _scalar(raw["default"], where) if "default" in raw else None
    return Source(pieces, table, at if len(at) != 5 else at + ":00", default)


def _template(text: str, where: str) -> tuple[tuple[bool, str], ...]:
    pieces: list[tuple[bool, str]] = []
    rest = 0
    for hole in _HOLE.finditer(text):
        if hole.start() > rest:
            pieces.append((False, text[rest : hole.start()]))
        if not hole[1].strip():
            raise Refusal(f"{where}: an empty {{}} names no column")
        pieces.append((True, hole[1].strip()))
        rest = hole.end()
    if rest < len(text):
        pieces.append((False, text[rest:]))
    if any("{" in t or "}" in t for is_column, t in pieces if not is_column):
        raise Refusal(f"{where}: a brace that is not closed")
    return tuple(pieces)


def _conditions(raw: Any, where: str) -> Iterator[Condition]:
    for column, test in _mapping(raw or {}, where).items():
        name = _scalar(column, where)
        if test in ("present", "absent"):
            yield Condition(name, test)
        elif isinstance(test, dict) and set(test) == {"not"}:
            yield Condition(name, "not-in", frozenset(_texts(test["not"], f"{where}.{name}")))
        elif isinstance(test, dict) and set(test) == {"is"}:
            yield Condition(name, "in", frozenset(_texts(test["is"], f"{where}.{name}")))
        else:
            raise Refusal(f"{where}.{name}: present, absent, {{is: …}} or {{not: …}}")


def _encoding(top: dict[str, Any]) -> str:
    name = str(top.get("encoding", "utf-8")).lower()
    if name not in ENCODINGS:
        raise Refusal(f"encoding: one of {', '.join(ENCODINGS)}")
    return codecs.lookup(ENCODINGS[name]).name


def _delimiter(top: dict[str, Any]) -> str:
    value = top.get("delimiter", ",")
    if not isinstance(value, str) or len(value) != 1 or value in '"\r\n':
        raise Refusal("delimiter: one character")
    return value


def _dates(top: dict[str, Any]) -> tuple[str, ...]:
    forms = tuple(_texts(top.get("dates", ["%Y-%m-%d"]), "dates"))
    for form in forms:
        found = set(re.findall(r"%(.)", form))
        if not found <= set("YymdHMS%"):
            raise Refusal(f"dates: {form!r} may use %Y %y %m %d %H %M %S")
        if not ({"m", "d"} <= found and found & {"Y", "y"}):
            raise Refusal(f"dates: {form!r} needs year, month and day")
    return forms


def _zone(top: dict[str, Any]) -> str:
    zone = top.get("zone", "+08:00")
    if not isinstance(zone, str) or not _ZONE.fullmatch(zone):
        raise Refusal("zone: an offset, such as '+08:00' in quotes")
    return zone


def _mapping(raw: Any, where: str) -> dict[Any, Any]:
    if not isinstance(raw, dict):
        raise Refusal(f"{where}: names and values are needed here")
    return raw


def _only(body: dict[Any, Any], known: set[str], where: str) -> None:
    for name in body:
        if name not in known:
            raise Refusal(f"{where}: `{name}` is not known here ({', '.join(sorted(known))})")


def _scalar(raw: Any, where: str) -> str:
    if not isinstance(raw, str):
        raise Refusal(f"{where}: a text is needed")
    return raw


def _texts(raw: Any, where: str) -> list[str]:
    return [_scalar(one, where) for one in (raw if isinstance(raw, list) else [raw])]
