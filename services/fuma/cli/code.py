"""``fuma code``: what a person's code is, was or will be, and why."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from fuma.cli.errors import DONE, FAILED
from fuma.cli.law import moment
from fuma.cli.subject import READER, subject
from fuma.domain.codes.events import Source
from fuma.domain.codes.saying import chain_words, line_words
from fuma.domain.colour import Colour
from fuma.domain.time import iso
from fuma.runtime.embedded.paths import Home
from fuma.runtime.platform import Answer, CodePlatform, NoAnswer

_HELP = """Say a code's colour, the reasons, who issued them, when they end, what comes next.

SUBJECT is a tag (32 hex digits), or id:<number> for those allowed to look one up (--purpose).
A past --at is answered as it was then. Redis alone is enough where the subject has a record.

Example: fuma code 9f86d081884c7d659a2feaa0c55ad015 --at 2022-06-14T18:00:00+08:00
"""


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.command("code", help=_HELP, short_help="A code: colour, reasons, end.")(code)


def code(
    who: Annotated[str, typer.Argument(metavar="SUBJECT", help="Tag, or id:<number>.")],
    at: Annotated[str, typer.Option(help="RFC 3339 moment, or a date. Default: now.")] = "",
    as_known_now: Annotated[
        bool, typer.Option("--as-known-now", help="A past moment as it is known today.")
    ] = False,
    purpose: Annotated[str, typer.Option(help="Why an identity is looked up; logged.")] = "",
    role: Annotated[str, typer.Option(help="Vault role of the lookup.")] = READER,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> int:
    """See ``_HELP``."""
    home = Home.current()
    tag = subject(home, who, purpose=purpose, role=role)
    when = moment(at) if at else None
    found = CodePlatform.of(home).answer(tag, when, as_known_now)
    if as_json:
        print(json.dumps(as_dict(found), ensure_ascii=False))
    else:
        for line in lines(found):
            print(line)
    if isinstance(found, NoAnswer):
        if found.alarm:
            print(f"ALARM 警报: {tag.hex()}: {found.sentence.en}", file=sys.stderr)
        return FAILED
    return DONE


def as_dict(found: Answer | NoAnswer) -> dict[str, Any]:
    """The answer for programs. Times are ISO 8601 with offset."""
    if isinstance(found, NoAnswer):
        return {
            "answer": None,
            "reason": found.reason,
            "alarm": found.alarm,
            "zh": found.sentence.zh,
            "en": found.sentence.en,
        }
    return {
        "answer": found.word,
        "subject": found.tag.hex(),
        "at": iso(found.at),
        "now": iso(found.now),
        "until": None if found.until is None else iso(found.until),
        "next": _next_word(found),
        "reasons": [
            {
                "order": r.order.hex(),
                "ground": r.ground,
                "zh": r.ground_words.zh,
                "en": r.ground_words.en,
                "department": r.department,
                "division": r.division,
                "rule": r.rule,
                "procedure": r.procedure,
                "until": iso(r.until),
                "automatic": r.source is None,
                **_signed(r.source),
            }
            for r in found.reasons
        ],
        "recorded": None if found.recorded is None else iso(found.recorded),
        "seq": found.seq,
        "position": {"partition": found.partition, "offset": found.offset},
        "simulated": found.simulated,
        "held": found.held,
        "zh": found.sentence.zh,
        "en": found.sentence.en,
    }


def _signed(source: Source | None) -> dict[str, Any]:
    if source is None:
        return {}
    chain = [{"step": a.step, "office": a.office, "officer": a.officer} for a in source.chain]
    return {"signed": {"order": source.order.hex(), "line": source.line, "chain": chain}}


def _next_word(found: Answer) -> str | None:
    if found.until is None:
        return None
    return "none" if found.next is None else found.next.word


def lines(found: Answer | NoAnswer) -> list[str]:
    """The answer for people, Chinese and English."""
    if isinstance(found, NoAnswer):
        return [f"无法回答：{found.sentence.zh}。", f"no answer: {found.sentence.en}."]
    name = "已终止 ended" if found.colour is None else f"{found.colour.zh} {found.word}"
    told = [f"{name}   {iso(found.at)}", found.sentence.zh, found.sentence.en]
    for r in found.reasons:
        told.append(f"  {r.ground_words.zh} · {r.ground_words.en}")
        told.append(f"    由 by {r.issuer.zh} {r.division} · {r.issuer.en}")
        told.append(f"    规则 rule {r.rule}，程序 procedure {r.procedure}")
        told.append(f"    至 until {iso(r.until)}")
        if r.source is None:
            told.append("    自动，无人签批 automatic, nobody signed")
        else:
            line, chain = line_words(r.source.order, r.source.line), chain_words(r.source.chain)
            told.append(f"    {line.zh}：{chain.zh} · {line.en}: {chain.en}")
    if found.until is not None:
        after = "终止 ended" if found.next is None else f"{found.next.zh} {found.next.word}"
        told.append(f"其后 next: {after}，自 from {iso(found.until)}")
    if found.recorded is not None:
        where = f"decisions/{found.partition}@{found.offset}, seq {found.seq}"
        told.append(f"记录于 recorded {iso(found.recorded)}（{where}）")
    if found.colour not in (None, Colour.GREEN):
        told.append(
            "如有异议，可向报告部门或 12345 提出。 To object: the reporting body, or 12345."
        )
    if found.held:
        told.append(f"该码的日志待核实，颜色为此前所定。 The ledger is held: {found.held}.")
    if found.simulated:
        told.append("模拟世界，非真实数据。 A simulated world: not real.")
    return told
