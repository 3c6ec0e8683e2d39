"""Who stands behind an entry of a history: reporters, signers, machines, publishers of the law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fuma.domain.codes.events import Fact, LawRef
from fuma.domain.codes.inputs import Actor as Signer
from fuma.domain.codes.saying import step_words
from fuma.domain.law.vocabulary import Words


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did what: ``role`` in a word, ``name`` where it is known, else "sealed"."""

    role: str  # reporter | task-force | public-security | law-publisher, or a step of the chain
    name: str
    words: Words


Actors = tuple[Actor, ...]


class Names:
    """Who stands behind facts and law; what the reader may not open stays "sealed"."""

    def __init__(
        self,
        reporters: Mapping[bytes, str] | None = None,
        publishers: Mapping[tuple[str, int], str] | None = None,
    ) -> None:
        """``reporters``: by fact id; ``publishers``: by name and version of the text."""
        self._reporters = reporters or {}
        self._publishers = publishers or {}

    def actors(self, fact: Fact | None, law: LawRef | None) -> Actors:
        """The chain of an automatic decision (DOMAIN.md, system 5)."""
        told = self.reporter(fact)
        told.append(
            Actor("task-force", "automatic", Words("大数据专班（自动）", "task force (automatic)"))
        )
        told.append(
            Actor(
                "public-security",
                "automatic",
                Words("公安比对推送（自动）", "public-security push (automatic)"),
            )
        )
        return (*told, *self._published(law))

    def signed(self, fact: Fact | None, chain: Sequence[Signer], law: LawRef | None) -> Actors:
        """The chain of an officers' order, from the reporter of the fact that it cites."""
        told = self.reporter(fact)
        for one in chain:
            step, name = step_words(one.step), f"{one.officer} ({one.office})"
            words = Words(f"{name}{step.zh}", f"{name} {step.en}".rstrip())
            told.append(Actor(one.step or "officer", name, words))
        return (*told, *self._published(law))

    def reporter(self, fact: Fact | None) -> list[Actor]:
        """Who reported, where there is a report."""
        if fact is None:
            return []
        name = self._reporters.get(fact.id, "sealed")
        return [Actor("reporter", name, Words(f"报告人{_zh(name)}", f"reporter {name}"))]

    def _published(self, law: LawRef | None) -> list[Actor]:
        told = []
        if law is not None:
            pairs = ((law.book, law.version), (law.procedure, law.procedure_version))
            named = list(dict.fromkeys(self._publishers.get(p, "unknown") for p in pairs))
            for one in named:
                told.append(
                    Actor(
                        "law-publisher", one, Words(f"规则发布人{one}", f"law published by {one}")
                    )
                )
        return told


def _zh(name: str) -> str:
    return "（密封）" if name == "sealed" else name
