"""From the plain data of a text (what JSON holds) to a text of law, checked.

Everything wrong is gathered and said at once: shape, unknown words, overlaps (two rows for one
question), gaps (a colour with no way out of it), rows that nothing can reach, and terms or colours
beyond what ``law.vocabulary`` allows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from fuma.domain.codes.events import FactKind
from fuma.domain.colour import Colour
from fuma.domain.law import chainreading, comparisonreading, oversightreading
from fuma.domain.law.comparison import Comparison
from fuma.domain.law.exchange import Exchange, Recipient
from fuma.domain.law.inforce import LawText
from fuma.domain.law.oversight import Oversight
from fuma.domain.law.procedure import ACTORS, STEP_NAMES, Procedure, Step
from fuma.domain.law.rulebook import Follow, Owner, Row, Rulebook, Span
from fuma.domain.law.tablecheck import table_faults
from fuma.domain.law.vocabulary import DEPARTMENTS, EVIDENCE, GROUNDS, Words
from fuma.domain.time import DAY, HOUR, MINUTE, Ms, day_start, to_ms

Data = Mapping[str, Any]
_UNITS = {"d": DAY, "h": HOUR, "m": MINUTE}
_NAME = re.compile(r"(cn|\d{2,6})/[a-z0-9]+(-[a-z0-9]+)*")
_ROW = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COLOURS = {"red": Colour.RED, "yellow": Colour.YELLOW}
#: What a text may be.
KINDS = ("rulebook", "procedure", "comparison", "oversight", "exchange")
_ENDS = ("term", "discharge", "release", "review")
_HEAD = {
    "kind", "name", "version", "division", "in_force", "extends", "title", "publisher", "basis",
}  # fmt: skip
_ROW_FIELDS = {
    "name", "kind", "ground", "evidence", "owners", "colours", "ends", "then", "basis", "mark",
    "infectious",
}  # fmt: skip


class LawError(ValueError):
    """A text that may not become law. ``faults`` says everything that is wrong with it."""

    def __init__(self, name: str, faults: list[str]) -> None:
        super().__init__(f"{name}: " + "; ".join(faults))
        self.faults = tuple(faults)


def instant(text: str) -> Ms:
    """A date (its first instant in Asia/Shanghai) or an RFC 3339 instant. Raises ``ValueError``."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return day_start(date.fromisoformat(text))
    return to_ms(datetime.fromisoformat(text))


def duration(text: str) -> Ms:
    """``30d``, ``72h`` or ``15m``. Raises ``ValueError``."""
    match = re.fullmatch(r"([1-9]\d{0,3})([dhm])", text)
    if match is None:
        raise ValueError(f"{text!r} is no duration (30d, 72h, 15m)")
    return int(match[1]) * _UNITS[match[2]]


class _Reader:
    """Takes fields out of data and gathers what is wrong."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def fault(self, where: str, what: str) -> None:
        self.faults.append(f"{where}: {what}")

    def only(self, where: str, data: Data, allowed: set[str]) -> None:
        for key in sorted(set(data) - allowed):
            self.fault(where, f"unknown field {key!r}")

    def mapping(self, where: str, value: Any) -> Data:
        if isinstance(value, Mapping):
            return value
        self.fault(where, "must be a mapping")
        return {}

    def items(self, where: str, value: Any) -> list[Any]:
        if isinstance(value, list):
            return value
        self.fault(where, "must be a list")
        return []

    def text(self, where: str, value: Any) -> str:
        if isinstance(value, str):
            return value
        self.fault(where, "must be a text")
        return ""

    def words(self, where: str, value: Any) -> Words:
        data = self.mapping(where, value)
        self.only(where, data, {"zh", "en"})
        return Words(
            self.text(f"{where}.zh", data.get("zh")), self.text(f"{where}.en", data.get("en"))
        )

    def listed(self, where: str, value: Any, known: Mapping[str, Any]) -> tuple[str, ...]:
        found = []
        for item in self.items(where, value):
            word = self.text(where, item)
            if word not in known:
                self.fault(where, f"unknown word {word!r}")
            elif word in found:
                self.fault(where, f"{word!r} twice")
            else:
                found.append(word)
        return tuple(found)

    def instant(self, where: str, value: Any) -> Ms | None:
        if value is None:
            return None
        try:
            return instant(self.text(where, value))
        except ValueError as error:
            self.fault(where, str(error))
            return None

    def duration(self, where: str, value: Any) -> Ms:
        try:
            return duration(str(value))
        except ValueError as error:
            self.fault(where, str(error))
            return 1

    def spans(self, where: str, value: Any) -> tuple[Span, ...]:
        spans = []
        for item in self.items(where, value):
            for word, lasts in self.mapping(where, item).items():
                if word not in _COLOURS:
                    self.fault(where, f"unknown colour {word!r}")
                    continue
                try:
                    spans.append(Span(_COLOURS[word], duration(str(lasts))))
                except ValueError as error:
                    self.fault(where, str(error))
        return tuple(spans)


def read_text(data: Data, digest: bytes) -> LawText:
    """The text in ``data``, whose canonical form has ``digest``. Raises ``LawError``."""
    r = _Reader()
    name = data.get("name")
    label = name if isinstance(name, str) else "text"
    kind = data.get("kind")
    if kind not in KINDS:
        raise LawError(label, [f"kind: must be one of {', '.join(KINDS)}"])
    head = _head(r, data)
    text: LawText
    if kind == "rulebook":
        r.only("text", data, _HEAD | {"rows"})
        rows = tuple(_row(r, i, row) for i, row in enumerate(r.items("rows", data.get("rows"))))
        r.faults += table_faults(rows)
        for row in rows:
            if row.kind in comparisonreading.KINDS:
                r.fault(f"row {row.name}", f"a {row.kind.value} is a comparison text's")
        text = Rulebook(**head, digest=digest, rows=rows)
    elif kind == "exchange":
        r.only("text", data, (_HEAD - {"extends"}) | {"recipients"})
        recipients = tuple(
            _recipient(r, i, item)
            for i, item in enumerate(r.items("recipients", data.get("recipients")))
        )
        text = Exchange(**head, digest=digest, recipients=recipients)
    elif kind == "oversight":
        r.only("text", data, (_HEAD - {"extends"}) | {"patterns"})
        patterns = oversightreading.read_patterns(r, data.get("patterns"))
        text = Oversight(**head, digest=digest, patterns=patterns)
    elif kind == "comparison":
        r.only("text", data, _HEAD | comparisonreading.FIELDS)
        rows = tuple(_row(r, i, row) for i, row in enumerate(r.items("rows", data.get("rows"))))
        r.faults += comparisonreading.row_faults(rows)
        settings = comparisonreading.read_settings(r, data, digest)
        text = Comparison(**head, digest=digest, rows=rows, settings=settings)
    else:
        text = _procedure(r, data, head, digest)
    if r.faults:
        raise LawError(label, r.faults)
    return text


def _head(r: _Reader, data: Data) -> dict[str, Any]:
    name = r.text("name", data.get("name"))
    if not _NAME.fullmatch(name):
        r.fault("name", f"{name!r} is not <cn or division>/<name>")
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        r.fault("version", "must be a whole number from 1")
        version = 1
    division = r.text("division", data.get("division"))
    if not re.fullmatch(r"|\d{2}|\d{4}|\d{6}", division):
        r.fault("division", f"{division!r} is no prefix of 0, 2, 4 or 6 digits")
    if name.split("/")[0] != (division or "cn"):
        r.fault("name", f"must begin with {division or 'cn'}/, as its division does")
    in_force = r.mapping("in_force", data.get("in_force"))
    r.only("in_force", in_force, {"from", "until"})
    begins = r.instant("in_force.from", in_force.get("from"))
    until = r.instant("in_force.until", in_force.get("until"))
    if begins is None:
        r.fault("in_force.from", "missing")
    if begins is not None and until is not None and until <= begins:
        r.fault("in_force.until", "not after its beginning")
    if "extends" in data:
        r.text("extends", data["extends"])
    return {
        "name": name,
        "version": version,
        "division": division,
        "begins": begins or 0,
        "until": until,
        "title": r.words("title", data.get("title")),
        "publisher": r.words("publisher", data.get("publisher")),
        "basis": r.words("basis", data.get("basis")),
    }


def _row(r: _Reader, index: int, value: Any) -> Row:
    data = r.mapping(f"rows[{index}]", value)
    name = r.text(f"rows[{index}].name", data.get("name"))
    at = f"row {name or index}"
    if not _ROW.fullmatch(name):
        r.fault(at, "its name must be lower-case words joined by hyphens")
    r.only(at, data, _ROW_FIELDS)
    try:
        kind = FactKind(data.get("kind", "finding"))
    except ValueError:
        r.fault(at, f"unknown kind {data.get('kind')!r}")
        kind = FactKind.FINDING
    ground = r.text(f"{at}.ground", data.get("ground", ""))
    if ground and ground not in GROUNDS:
        r.fault(at, f"unknown ground {ground!r}")
    has_ground = kind in (FactKind.FINDING, FactKind.RELEASE, FactKind.CASE)
    if has_ground != bool(ground):
        r.fault(at, f"a {kind.value} {'needs' if has_ground else 'has no'} ground")
    if kind is not FactKind.FINDING and ("colours" in data or "ends" in data):
        r.fault(at, f"a {kind.value} has no colours of its own")
    if (kind is FactKind.CASE) != ("infectious" in data):
        r.fault(at, "a case, and nothing else, says how long before it was infectious")
    ends = data.get("ends", "term")
    if ends not in _ENDS:
        r.fault(at, f"ends: {ends!r} is none of {', '.join(_ENDS)}")
    mark = data.get("mark")
    if mark not in ("S", "O", "A"):
        r.fault(at, "mark: must be S, O or A")
    return Row(
        name,
        kind,
        ground,
        r.listed(f"{at}.evidence", data.get("evidence"), EVIDENCE),
        tuple(_owner(r, at, item) for item in r.items(f"{at}.owners", data.get("owners"))),
        r.spans(f"{at}.colours", data.get("colours", [])),
        str(ends),
        _then(r, at, kind, data["then"]) if "then" in data else None,
        r.words(f"{at}.basis", data.get("basis")),
        str(mark),
        r.duration(f"{at}.infectious", data["infectious"]) if "infectious" in data else 0,
    )


def _owner(r: _Reader, at: str, value: Any) -> Owner:
    data = r.mapping(f"{at}.owners", value)
    r.only(f"{at}.owners", data, {"department", "office"})
    department = r.text(f"{at}.owners", data.get("department"))
    if department not in DEPARTMENTS:
        r.fault(f"{at}.owners", f"unknown department {department!r}")
    return Owner(department, r.text(f"{at}.owners", data.get("office", "")))


def _then(r: _Reader, at: str, kind: FactKind, value: Any) -> Follow:
    data = r.mapping(f"{at}.then", value)
    r.only(f"{at}.then", data, {"ground", "colours"})
    if kind is not FactKind.RELEASE:
        r.fault(at, "only a release is followed by something")
    ground = r.text(f"{at}.then.ground", data.get("ground"))
    spans = r.spans(f"{at}.then.colours", data.get("colours"))
    if not spans:
        r.fault(f"{at}.then", "without colours nothing follows: leave it out")
    return Follow(ground, spans)


def _recipient(r: _Reader, index: int, value: Any) -> Recipient:
    at = f"recipients[{index}]"
    data = r.mapping(at, value)
    r.only(at, data, {"province", "colours"})
    province = r.text(f"{at}.province", data.get("province"))
    if not re.fullmatch(r"[1-9]\d", province):
        r.fault(f"{at}.province", f"{province!r} is no province")
    colours = r.listed(f"{at}.colours", data.get("colours"), _COLOURS)
    if not colours:
        r.fault(f"{at}.colours", "none: it would hear nothing")
    return Recipient(province, tuple(_COLOURS[word] for word in colours))


def _procedure(r: _Reader, data: Data, head: dict[str, Any], digest: bytes) -> Procedure:
    r.only("text", data, _HEAD | {"automatic", "grounds", "steps"} | chainreading.FIELDS)
    automatic = data.get("automatic")
    if not isinstance(automatic, bool):
        r.fault("automatic", "must be true or false")
    steps = []
    for i, item in enumerate(r.items("steps", data.get("steps"))):
        step = r.mapping(f"steps[{i}]", item)
        r.only(f"steps[{i}]", step, {"name", "actor", "title", "who", "within", "other_office"})
        name = r.text(f"steps[{i}].name", step.get("name"))
        actor = r.text(f"steps[{i}].actor", step.get("actor"))
        if name not in STEP_NAMES:
            r.fault(f"steps[{i}]", f"unknown step {name!r}")
        if actor not in ACTORS:
            r.fault(f"steps[{i}]", f"unknown actor {actor!r}")
        if ("who" in step) != (actor == "officer"):
            r.fault(f"steps[{i}]", "an officer's step, and no other, says who")
        steps.append(
            Step(
                name,
                actor,
                r.words(f"steps[{i}].title", step.get("title")),
                chainreading.who(r, f"steps[{i}].who", step["who"]) if "who" in step else None,
                r.duration(f"steps[{i}].within", step["within"]) if "within" in step else None,
                step.get("other_office", False) is True,
            )
        )
    names = [step.name for step in steps]
    if names[:1] != ["report"] or names[-1:] != ["push"] or len(set(names)) != len(names):
        r.fault("steps", "must begin with report, end with push, and name each step once")
    if automatic is True and any(step.who is not None for step in steps):
        r.fault("automatic", "no officer has a step in an automatic procedure")
    if automatic is True and {"sign", "review", "countersign", "approve"} & set(names):
        r.fault("automatic", "nobody signs, reviews or approves in an automatic procedure")
    grounds = r.listed("grounds", data.get("grounds", []), GROUNDS)
    if "other-by-document" in grounds and "countersign" not in names:
        r.fault("steps", "other-by-document needs a second approver: a step countersign")
    return Procedure(
        **head,
        digest=digest,
        automatic=automatic is True,
        grounds=grounds,
        steps=tuple(steps),
        **chainreading.read_rights(r, data),
    )
