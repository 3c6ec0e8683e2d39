"""``fuma match digest``: both digests of a match once more, from what departments reported.

The records of presence go after 15 days, a match and its digests stay. Whoever holds the reports
then shows by them that the match rests on these and no others (docs/formats/places.md).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import orjson
import typer

from fuma.cli.errors import DONE, FAILED, USAGE, CliError
from fuma.cli.match_check import ROLE, note_access, statements
from fuma.cli.officer import hex16, hex_of
from fuma.cli.subject import subject
from fuma.contracts.cloudevents import Report, moment, read
from fuma.contracts.genesis import read_world
from fuma.contracts.topics import DEPARTMENTS
from fuma.domain.codes.inputs import MatchFact
from fuma.domain.comparison.digests import Source, of_exposure, of_risks
from fuma.domain.comparison.events import Area, Presence
from fuma.domain.comparison.meet import stay_digest as digest_of
from fuma.domain.comparison.place import name as place_name
from fuma.domain.ids import report_id
from fuma.domain.time import Ms, iso
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.mac import Sealer

_SAID = {
    True: ("与该结果所载一致", "the one that the match carries"),
    False: ("与该结果所载不一致", "another than the match carries"),
}
Department = Annotated[str, typer.Option(help="Who reported it: " + ", ".join(DEPARTMENTS) + ".")]


class Carried(NamedTuple):
    """The digests to compare with; empty: none was given. ``met``: the source's interval."""

    stay: bytes
    source: bytes
    met: tuple[Ms, Ms] | None = None


def digest(
    stay: Annotated[
        Path, typer.Argument(metavar="STAY", help="The report of the stay: CloudEvent; - is stdin.")
    ],
    department: Department,
    event: Annotated[str, typer.Option(help="Its id, where the file has several.")] = "",
    tag: Annotated[str, typer.Option(help="The person's tag, as it is; else by the number.")] = "",
    source: Annotated[
        Path | None, typer.Option(help="The report of what it met: a case's stay, or an area.")
    ] = None,
    source_department: Annotated[str, typer.Option(help="Who reported that.")] = "",
    source_event: Annotated[str, typer.Option(help="Its id, where the file has several.")] = "",
    source_tag: Annotated[str, typer.Option(help="The case's tag, likewise.")] = "",
    since: Annotated[str, typer.Option(help="The case counted from then; else by the match.")] = "",
    until: Annotated[str, typer.Option(help="Up to then, its isolation.")] = "",
    of: Annotated[str, typer.Option(metavar="SUBJECT", help="Whose match to compare with.")] = "",
    match: Annotated[str, typer.Option(help="Which of them, 32 hex digits.")] = "",
    stay_digest: Annotated[str, typer.Option(help="Instead: its digest of the stay.")] = "",
    source_digest: Annotated[str, typer.Option(help="Instead: its digest of the source.")] = "",
    purpose: Annotated[str, typer.Option(help="Why; logged by the vault before anything.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> int:
    """Compute the digests of a match from the reports that departments sent.

    STAY and --source are CloudEvents as sent: one JSON document, or lines of which --event names
    one. Nothing of presence is read, so it works when that has gone. With both tags and both
    digests as options nobody is asked; else the vault, which logs the purpose. Exit 1 where a
    digest is another than the match's.
    """
    if bool(of) != bool(match):
        raise CliError("a match is named by --of and --match together", code=USAGE)
    home = Home.current()
    report = read_report(stay, event)
    mine = presence_of(report, department, _tag(home, report, tag, purpose))
    other = None if source is None else read_report(source, source_event)
    if of:
        carried = _on_record(home, of, hex16(match, "match"), purpose)
    else:
        carried = Carried(_digest(stay_digest), _digest(source_digest))
    sources: list[Source] = []
    if other is not None and other.area is not None:
        area = area_of(other, source_department)
        sources = list(of_risks(area, mine.place, mine.division))
        if not sources:
            raise CliError("the area says nothing of where the stay was")
    elif other is not None:
        span = _span(since, until, carried)
        theirs = presence_of(other, source_department, _tag(home, other, source_tag, purpose))
        exposed = of_exposure(theirs, *span)
        if exposed is None:
            raise CliError("the case did not count while they were there")
        sources = [exposed]
    told = answer(digest_of(mine), sources, carried)
    print(json.dumps(told, ensure_ascii=False) if as_json else "\n".join(lines(told)))
    return FAILED if False in (told["stay"]["same"], told["same_source"]) else DONE


def read_report(path: Path, event: str = "") -> Report:
    """The one report in a file, or the one of that id. Raises ``CliError``."""
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise CliError(f"{path}: {error.strerror}", code=USAGE) from error
    found = [one for one in _events(data) if event in ("", one.get("id"))]
    if len(found) != 1:
        raise CliError(
            f"{path}: {len(found) or 'no'} such reports",
            "give a file with the one CloudEvent, or name it: --event ID",
            code=USAGE,
        )
    reading = read(orjson.dumps(found[0]))
    if reading.report is None or reading.faults:
        wrong = ", ".join(f"{one.field} {one.code}".strip() for one in reading.faults)
        raise CliError(f"{path}: not as a department reports: {wrong}", "docs/formats/itinerary.md")
    return reading.report


def presence_of(report: Report, department: str, tag: bytes) -> Presence:
    """The stay as the door makes it of the report. Raises ``CliError``."""
    if report.stay is None or report.until is None:
        raise CliError("not the report of a stay", "a fuma.presence.v1 is one", code=USAGE)
    stay = report.stay
    return Presence(
        _id(report, department), report.revision, tag, stay.place, report.division, report.since,
        report.until, carriage=stay.carriage, row=stay.row, department=department,
    )  # fmt: skip


def area_of(report: Report, department: str) -> Area:
    """The area as the door makes it of the report."""
    part = report.area
    assert part is not None
    return Area(
        _id(report, department), report.revision, part.places, part.divisions, part.periods,
        report.time,
    )  # fmt: skip


def answer(stay: bytes, sources: Sequence[Source], carried: Carried) -> dict[str, Any]:
    """Everything that is told. ``same``: null where there is nothing to compare with.

    An area has a digest for each period, and for cell and division: the match carries one of them.
    """
    found = [
        {
            "digest": one.digest.hex(),
            "since": iso(one.since),
            "until": None if one.until is None else iso(one.until),
            "where": _where(one.target),
            "same": one.digest == carried.source if carried.source else None,
        }
        for one in sources
    ]
    same_source = any(one["same"] for one in found) if found and carried.source else None
    return {
        "stay": {"digest": stay.hex(), "same": stay == carried.stay if carried.stay else None},
        "source": found,
        "same_source": same_source,
    }


def lines(told: dict[str, Any]) -> list[str]:
    """The same, to read."""
    said = [f"stay    {told['stay']['digest']}"]
    if told["stay"]["same"] is not None:
        said += [f"   {text}" for text in _SAID[told["stay"]["same"]]]
    for one in told["source"]:
        said.append(f"source  {one['digest']}")
        said.append(f"   {one['where']}  {one['since']} – {one['until'] or '…'}")
        # Of an area's several only the right one is worth a word.
        if one["same"] or (told["same_source"] is False and len(told["source"]) == 1):
            said += [f"   {text}" for text in _SAID[one["same"]]]
    if told["same_source"] is False and len(told["source"]) > 1:
        said += ["   以上均与该结果所载不一致", "   none is the one that the match carries"]
    return said


def _events(data: bytes) -> list[dict[str, Any]]:
    try:
        parts: list[Any] = [orjson.loads(data)]
    except ValueError:
        parts = []
        for line in data.splitlines():
            try:
                parts.append(orjson.loads(line))
            except ValueError:
                continue
    return [one for one in parts if isinstance(one, dict)]


def _id(report: Report, department: str) -> bytes:
    if department not in DEPARTMENTS:
        raise CliError(
            f"no department {department or 'named'}", f"one of {', '.join(DEPARTMENTS)}", code=USAGE
        )
    return report_id(department, report.source, report.event_id)


def _tag(home: Home, report: Report, given: str, purpose: str) -> bytes:
    if given:
        return hex16(given, "tag")
    return subject(home, f"id:{report.number}", purpose=purpose, role=ROLE)


def _digest(text: str) -> bytes:
    return hex_of(text, "digest", 32) if text else b""


def _span(since: str, until: str, carried: Carried) -> tuple[Ms, Ms]:
    """The case's interval: as given, else the shared one that the match says."""
    if not (since or until) and carried.met is not None:
        return carried.met
    first, last = moment(since, end=False), moment(until, end=True)
    if first is None or last is None:
        raise CliError(
            "of a case's stay the interval over which the case counted is needed",
            "--since 2022-06-10 --until 2022-06-14T20:30:00+08:00",
            code=USAGE,
        )
    return first, last


def _on_record(home: Home, who: str, match: bytes, purpose: str) -> Carried:
    """The digests of a match on somebody's record, read when the vault has noted why."""
    if not purpose.strip():
        raise CliError("whom somebody met needs a purpose", "say why: --purpose '...'", code=USAGE)
    tag = subject(home, who, purpose=purpose, role=ROLE)
    note_access(home, tag, purpose, "fuma match digest")
    world = read_world(home.world)
    log = KafkaLogReader(kafka_config(home, ROLE))
    try:
        sealer = Sealer(world.id, keyfiles.secret(home.path, keyfiles.Key.MAC))
        found = statements(log, sealer, world, tag, match)
    finally:
        log.close()
    if not found:
        raise CliError("no such match on this record", "`fuma history` names what there is")
    return carried_by(found[0])


def carried_by(said: MatchFact) -> Carried:
    """What a statement carries. One that was taken back late has digests and no times."""
    return Carried(said.stay_digest, said.source_digest, said.source if any(said.source) else None)


def _where(target: bytes) -> str:
    return f"division {target[1:].decode()}" if target[:1] == b"d" else place_name(target)
