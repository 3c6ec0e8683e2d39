"""``fuma match check``: an auditor computes a match again from the records of ``presence``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from fuma.audit import reading
from fuma.cli.errors import DONE, FAILED, USAGE, CliError
from fuma.cli.officer import hex16
from fuma.cli.subject import subject
from fuma.contracts.errors import Poison
from fuma.contracts.genesis import read_world
from fuma.contracts.presence import FRAME, decode_presence
from fuma.contracts.topics import PRESENCE, partition_for
from fuma.domain.codes.inputs import MatchFact
from fuma.domain.comparison.audit import last_said
from fuma.domain.comparison.events import Input
from fuma.domain.comparison.settings import Frame, Law
from fuma.domain.time import Ms, iso
from fuma.processor.comparison_partition import match_fact
from fuma.runtime import keyfiles
from fuma.runtime.declared import declared_count
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.host_intake import Intake
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.lawreader import LawReader
from fuma.runtime.mac import Sealer
from fuma.runtime.ports import LogReader
from fuma.runtime.vault import VaultClient

_ROLE = "auditor"
#: What came of it. Only ``same`` says that the match on the record is the records'.
VERDICTS = {
    "same": ("与行程记录重算结果一致", "the records give the same match"),
    "differs": ("与行程记录重算结果不一致", "the records give another statement on this match"),
    "absent": ("行程记录中无此结果（或已过保存期）",
               "the records bear no such match, or are kept no longer; the digests remain"),
    "withdrawn": ("该结果已逾期撤回，不含地点", "taken back when the records had gone: no place"),
}  # fmt: skip

match = typer.Typer(no_args_is_help=True, help="What the comparison found.")


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.add_typer(match, name="match")


@match.callback()
def _words() -> None:
    """What the comparison found."""


@match.command(epilog="Example: fuma match check 9f86… --purpose 'complaint 17'")
def check(
    who: Annotated[str, typer.Argument(metavar="SUBJECT", help="Tag, or id:<number>.")],
    only: Annotated[str, typer.Argument(metavar="[MATCH]", help="32 hex digits; else all.")] = "",
    purpose: Annotated[str, typer.Option(help="Why; logged by the vault before anything.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> int:
    """Compute a person's matches again from the records of presence, while those are kept.

    Nothing of the stage's store is asked. Other people's records are read and none is shown.
    Exit 1 where one differs or cannot be computed any more.
    """
    if not purpose.strip():
        raise CliError("whom somebody met needs a purpose", "say why: --purpose '...'", code=USAGE)
    home = Home.current()
    tag = subject(home, who, purpose=purpose, role=_ROLE)
    wanted = hex16(only, "match") if only else b""
    _log_access(home, tag, purpose)
    told = [
        {
            "match": said.match.hex(), "root": said.root.hex(),
            "revision": said.revision, "stands": said.stands,
            "since": iso(said.since), "until": iso(said.until), "rule": said.rule,
            "verdict": verdict,
        }
        for said, verdict in of_subject(home, tag, wanted)
    ]  # fmt: skip
    if wanted and not told:
        raise CliError("no such match on this record", "`fuma history` names what there is")
    if as_json:
        print(json.dumps({"subject": tag.hex(), "matches": told}, ensure_ascii=False))
    for one in [] if as_json else told:
        zh, en = VERDICTS[str(one["verdict"])]
        print(f"{one['match']}  {one['rule']}  {one['since']} – {one['until']}")
        print(f"   match:{one['root']}\n   {zh}\n   {en}")
    return DONE if all(one["verdict"] == "same" for one in told) else FAILED


def of_subject(home: Home, tag: bytes, wanted: bytes = b"") -> list[tuple[MatchFact, str]]:
    """The newest statement on each match of a person, or on ``wanted``, and what came of it."""
    world = read_world(home.world)
    sealer = Sealer(world.id, keyfiles.secret(home.path, keyfiles.Key.MAC))
    log = KafkaLogReader(kafka_config(home, _ROLE))
    try:
        law = LawReader(log, sealer, world)
        law.poll()
        records = reading.read_subject(log, sealer, world, tag)
        said = newest(one.fact for one in records.facts if isinstance(one.fact, MatchFact))
        intake = Intake(
            sealer, simulated=world.simulated, partition_of=partition_for,
            counts={PRESENCE: declared_count(log, PRESENCE)},
        )  # fmt: skip
        count = declared_count(log, PRESENCE)
        return [
            (one, verdict(log, intake, count, tag, one, law.law))
            for one in said
            if wanted in (b"", one.match)
        ]
    finally:
        log.close()


def newest(said: Iterator[MatchFact]) -> list[MatchFact]:
    """The statement of the highest revision on each match, in the order they were first made."""
    found: dict[bytes, MatchFact] = {}
    for one in said:
        held = found.get(one.match)
        if held is None or one.revision > held.revision:
            found[one.match] = one
    return list(found.values())


def verdict(
    log: LogReader, intake: Intake, count: int, tag: bytes, said: MatchFact, law: Law,
    frame: Frame = FRAME,
) -> str:  # fmt: skip
    """A word of ``VERDICTS`` on ``said``, a statement on a match of ``tag``."""
    if not said.place:
        return "withdrawn"
    partition = partition_for(said.place + bytes((tag[0] % frame.parts,)), count)
    again = last_said(said.match, said.place, _heard(log, intake, partition), law, frame)
    if again is None:
        return "absent"
    return "same" if again.match.tag == tag and match_fact(again) == said else "differs"


def _heard(log: LogReader, intake: Intake, partition: int) -> Iterator[tuple[Input, Ms]]:
    """The partition's records as the stage took them: what is no input it kept apart as well."""
    bounds, at = log.bounds(PRESENCE, partition), 0
    for raw in log.read(PRESENCE, partition, bounds.start, bounds.end):
        try:
            at = max(at, intake.admit(raw))
            yield decode_presence(raw.value), at
        except Poison:
            continue


def _log_access(home: Home, tag: bytes, purpose: str) -> None:
    """Nothing is read where the vault cannot note who asks, and why."""
    vault = VaultClient(home.path, _ROLE, who="fuma match check", patience=5.0)
    try:
        vault.keys([tag], purpose=purpose)
    finally:
        vault.close()
