"""Fakes of the ports, in memory. Each is held to the same contract suite as the real adapter."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from fuma.contracts.errors import Refusal
from fuma.runtime.ports import SubjectKey


class MemoryVault:
    """``ports.Vault`` without a service. Tags and keys follow from the number, so tests repeat."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._numbers: dict[bytes, str] = {}
        self.exchanged: list[tuple[str, str, bytes]] = []  # who, purpose, tag

    @staticmethod
    def _tag(number: str) -> bytes:
        return hashlib.sha256(b"tag" + number.upper().encode()).digest()[:16]

    @staticmethod
    def _key(number: str) -> bytes:
        return hashlib.sha512(b"key" + number.upper().encode()).digest()

    def subjects(self, people: Sequence[tuple[str, str]]) -> list[SubjectKey]:
        """Find or mint."""
        told = []
        for number, name in people:
            number = number.upper()
            tag = self._tag(number)
            self._numbers[tag] = number
            held = self._names.get(number)
            if held is None:
                identity = "unregistered"
            else:
                identity = "matched" if held == "".join(name.split()) else "mismatched"
            told.append(SubjectKey(tag, self._key(number), identity))
        return told

    def exchange(
        self, people: Sequence[tuple[str, str]], *, who: str, purpose: str
    ) -> list[tuple[bytes, str]]:
        """Tag and identity, logged."""
        found = self.subjects(people)
        self.exchanged += [(who, purpose, one.tag) for one in found]
        return [(one.tag, one.identity) for one in found]

    def find(self, number: str, *, purpose: str) -> bytes | None:
        """The tag, if it was minted."""
        if not purpose.strip():
            raise Refusal("an identity lookup needs a purpose")
        tag = self._tag(number)
        return tag if tag in self._numbers else None

    def keys(self, tags: Sequence[bytes], *, purpose: str) -> list[bytes | None]:
        """Keys of minted tags."""
        if not purpose.strip():
            raise Refusal("an identity lookup needs a purpose")
        return [self._key(self._numbers[tag]) if tag in self._numbers else None for tag in tags]

    def load(self, holders: Sequence[tuple[str, str]]) -> int:
        """Register; how many were new."""
        before = len(self._names)
        for number, name in holders:
            self._names[number.upper()] = "".join(name.split())
        return len(self._names) - before
