"""Texts of law as files and as bytes: YAML in ``rules/``, canonical JSON on the log.

Canonical form: the expanded text as JSON (RFC 8259), UTF-8 without escapes that are not needed,
keys sorted by code point, no white space, dates and instants as written. Its SHA-256 is the text's
digest, which every decision cites. What stands on the log is the canonical form itself; a text
that is not in it is refused. ``docs/formats/rulebook.md`` says what may stand in one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import yaml

from fuma.contracts.errors import Poison, Reason, Refusal
from fuma.domain.law.inforce import Law, LawText, PublishedText
from fuma.domain.law.reading import LawError, read_text
from fuma.domain.time import Ms


@dataclass(frozen=True, slots=True)
class Text:
    """A text in canonical form, and the law that it is."""

    body: str
    law: LawText

    @property
    def kind(self) -> str:
        """A word of ``reading.KINDS``."""
        return str(json.loads(self.body)["kind"])

    @property
    def name(self) -> str:
        return self.law.name

    @property
    def version(self) -> int:
        return self.law.version

    @property
    def division(self) -> str:
        """GB/T 2260 prefix of where it holds; "" is the nation."""
        return self.law.division

    @property
    def begins(self) -> Ms:
        """The start that the text states."""
        return self.law.begins

    @property
    def digest(self) -> bytes:
        return self.law.digest


class _Published(Protocol):
    @property
    def text(self) -> Text: ...
    @property
    def at(self) -> Ms: ...
    @property
    def genesis(self) -> bool: ...


def law_of(published: Iterable[_Published]) -> Law:
    """The law, from what stands on the log (``lawlog.LawLog.published``)."""
    return Law(PublishedText(p.text.law, p.at, p.genesis) for p in published)


def law_of_texts(texts: Iterable[Text]) -> Law:
    """The law where ``texts`` hold from a genesis: for tests and for ``fuma law explain``."""
    return Law(PublishedText(text.law, 0, True) for text in texts)


def canonical(data: Any) -> str:
    """The canonical JSON of ``data``."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def parse_text(body: str) -> Text:
    """The text whose canonical form ``body`` is. Raises ``Poison``."""
    try:
        data = json.loads(body)
        if not isinstance(data, dict) or canonical(data) != body:
            raise Poison(Reason.BAD_LAW, "not in canonical form")
        return Text(body, read_text(data, hashlib.sha256(body.encode()).digest()))
    except (ValueError, RecursionError) as error:
        raise Poison(Reason.BAD_LAW, str(error)) from error


class _Loader(yaml.SafeLoader):
    """YAML as plain as JSON: no dates, no merge keys by surprise, no key twice."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str) or key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"key {key!r} is twice or no text", key_node.start_mark
            )
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


@lru_cache(maxsize=256)
def _parse(text: str) -> Any:
    """A folder's files are read once for each that extends another; they are parsed once."""
    return yaml.load(text, _Loader)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a rules file; not to be changed. Raises ``Refusal`` with file and line."""
    try:
        data = _parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{path}: {error}", "give a readable UTF-8 YAML file") from error
    except yaml.YAMLError as error:
        raise Refusal(f"{path}: {' '.join(str(error).split())}", "correct the YAML") from error
    if not isinstance(data, dict):
        raise Refusal(f"{path}: holds no mapping", "see docs/formats/rulebook.md")
    return data


def expand(data: dict[str, Any], known: dict[str, dict[str, Any]], path: str) -> dict[str, Any]:
    """``data`` with the rows of the book that it extends; ``known`` by ``name@version``.

    A row of the same name replaces the parent's whole, ``remove`` names rows that go, the rest is
    added behind. ``extends`` stays, as the parent's reference. ``examples`` are the file's, not the
    text's (``lawexamples``).
    """
    seen = []
    chain = [data]
    while "extends" in chain[-1]:
        parent = str(chain[-1]["extends"])
        if parent in seen:
            raise Refusal(f"{path}: {parent} extends itself", "break the circle")
        if parent not in known:
            raise Refusal(f"{path}: extends {parent}, which is not there", "give <name>@<version>")
        seen.append(parent)
        chain.append(known[parent])
    rows: dict[str, Any] = {}
    for part in reversed(chain):
        for name in part.get("remove") or []:
            if rows.pop(str(name), None) is None:
                raise Refusal(f"{path}: removes {name}, which is not there", "see what it extends")
        for row in part.get("rows") or []:
            if not isinstance(row, dict) or "name" not in row:
                raise Refusal(f"{path}: a row without a name", "see docs/formats/rulebook.md")
            rows[str(row["name"])] = row
        own = [str(row["name"]) for row in part.get("rows") or []]
        if len(own) != len(set(own)):
            raise Refusal(f"{path}: a row's name is used twice", "name each row once")
    whole = {key: value for key, value in data.items() if key not in ("remove", "examples")}
    if data.get("kind") in ("rulebook", "comparison"):
        whole["rows"] = list(rows.values())
    if data.get("kind") == "comparison":
        # the rules of a match are taken over too, each whole
        for name in ("companion", "ride", "sojourn", "chain"):
            for part in chain:
                if name in part:
                    whole[name] = part[name]
                    break
    return whole


def load_folder(folder: Path) -> list[Text]:
    """Every text under ``folder``, expanded and checked, by path. Raises ``Refusal``."""
    paths = sorted(folder.glob("*/*.yaml"))
    raw = {path: read_yaml(path) for path in paths}
    known = {f"{data.get('name')}@{data.get('version')}": data for data in raw.values()}
    if len(known) != len(raw):
        raise Refusal(f"{folder}: two files hold the same name and version", "give one a new one")
    texts = []
    for path, data in raw.items():
        due = f"{data.get('name')}-v{data.get('version')}.yaml"
        if path.relative_to(folder).as_posix() != due:
            raise Refusal(f"{path}: its name and version make it {due}", "rename the file")
        texts.append(_text(expand(data, known, str(path)), str(path)))
    return texts


def load_file(path: Path, folder: Path | None = None) -> Text:
    """One file, with what it extends from ``folder`` (its own tree). Raises ``Refusal``."""
    data = read_yaml(path)
    known = {}
    if "extends" in data:
        base = folder or path.resolve().parent.parent
        for other in sorted(base.glob("*/*.yaml")):
            found = read_yaml(other)
            known[f"{found.get('name')}@{found.get('version')}"] = found
    return _text(expand(data, known, str(path)), str(path))


def _text(data: dict[str, Any], path: str) -> Text:
    body = canonical(data)
    try:
        return Text(body, read_text(data, hashlib.sha256(body.encode()).digest()))
    except LawError as error:
        said = "; ".join(error.faults)
        raise Refusal(f"{path}: {said}", "see docs/formats/rulebook.md") from error
