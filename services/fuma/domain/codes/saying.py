"""The small words that sentences are made of: instants, departments, grounds, officers' chains."""

from __future__ import annotations

from collections.abc import Iterable

from fuma.domain.codes.inputs import Actor
from fuma.domain.law.vocabulary import DEPARTMENTS, EVIDENCE, GROUNDS, Words
from fuma.domain.time import Ms, from_ms

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
COLOURS_EN = ("green", "yellow", "red")
#: A step of a chain, as what the officer did.
STEPS: dict[str, Words] = {
    "report": Words("报送", "reported"),
    "compile": Words("填报", "filled the form"),
    "sign": Words("签字", "signed"),
    "review": Words("审核", "reviewed"),
    "countersign": Words("会签", "countersigned"),
    "approve": Words("批准", "approved"),
    "push": Words("推送", "pushed"),
    "release": Words("集中处理", "released it centrally"),
}


def when(at: Ms) -> Words:
    """An instant: ``2022年6月14日10:30`` and ``14 June 2022 10:30``; seconds where not zero."""
    m = from_ms(at)
    clock = f"{m:%H:%M:%S}" if m.second or m.microsecond else f"{m:%H:%M}"
    return Words(
        f"{m.year}年{m.month}月{m.day}日{clock}", f"{m.day} {_MONTHS[m.month - 1]} {m.year} {clock}"
    )


def department_words(department: str) -> Words:
    """A department by name; a word that is none stands for itself."""
    return DEPARTMENTS.get(department, Words(department, department))


def ground_words(ground: str) -> Words:
    """A ground by name; a word that is none stands for itself, in quotation marks."""
    return GROUNDS.get(ground, Words(f"「{ground}」", f'"{ground}"'))


def evidence_words(kind: str) -> Words:
    """A kind of evidence by name; "no evidence" where there is none."""
    return EVIDENCE.get(kind, Words(kind or "无证据", kind or "no evidence"))


def step_words(step: str) -> Words:
    """What an officer did in a step; a word that is none stands for itself."""
    return STEPS.get(step, Words(step, step))


def chain_words(chain: Iterable[Actor]) -> Words:
    """Who took part, step by step: office and officer, never a natural person's reference."""
    zh, en = [], []
    for actor in chain:
        step = step_words(actor.step)
        zh.append(f"{actor.office} {actor.officer}{step.zh}")
        en.append(f"{actor.officer} of {actor.office} {step.en}")
    return Words("、".join(zh), ", ".join(en))


def line_words(order: bytes, line: int) -> Words:
    """A line of an order by officers."""
    return Words(f"赋码单{order.hex()}第{line + 1}行", f"line {line + 1} of order {order.hex()}")
