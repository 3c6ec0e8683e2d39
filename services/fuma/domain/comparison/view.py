"""What ``decide`` asks of the state, so that the state need not be in memory.

``state.State`` answers from dictionaries and is the reference; the stage's own from RocksDB. Both
give the same items for the same events; the order of what an iterator gives does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from fuma.domain.comparison.events import Area, Brushed, Case, Exposure, Said, Stay
from fuma.domain.comparison.links import Links
from fuma.domain.comparison.settings import Frame
from fuma.domain.time import Ms


class View(Protocol):
    """A partition's state, as it is read."""

    frame: Frame
    now: Ms
    grain: Ms  # T is folded in steps of so much

    @property
    def areas(self) -> Mapping[bytes, tuple[Area, Ms]]:
        """All of them, with the T at which each was taken."""
        ...

    def stay(self, key: bytes) -> Stay | None: ...

    def is_exposed(self, where: bytes) -> bool:
        """Whether there is any exposure at a spot, an area's place or a division. In memory."""
        ...

    def exposures_at(self, where: bytes, since: Ms, until: Ms) -> Iterator[Exposure]:
        """Those that share an instant with ``[since, until)``."""
        ...

    def exposure(self, like: Exposure) -> Exposure | None:
        """The one in force of that key and spot."""
        ...

    def told(self, like: Exposure) -> tuple[Exposure, bool] | None:
        """What another spot said last of that key, and whether it is gone."""
        ...

    def stays_at(self, spot: bytes, since: Ms, until: Ms) -> Iterator[Stay]: ...

    def stays_of(self, tag: bytes) -> Iterator[Stay]: ...

    def stays_in(self, prefix: str, since: Ms, until: Ms) -> Iterator[Stay]:
        """Those in a division of that prefix; costs what stayed anywhere in that time."""
        ...

    def is_case(self, tag: bytes) -> bool:
        """Whether any case is held of the person. In memory."""
        ...

    def case(self, id_: bytes) -> tuple[Case, Ms] | None: ...

    def cases_with(self, tag: bytes) -> Iterator[tuple[Case, Ms]]: ...

    def said_of(self, case: bytes) -> Iterator[Said]:
        """Matches that were said to stand, of a case or an area, without place and times."""
        ...

    def said_from(self, stay: bytes) -> Iterator[Said]:
        """Those that either stay led to; ``stay`` as ``meet.named`` has it."""
        ...

    def stands(self, case: bytes, match: bytes) -> bool:
        """Whether it is among those."""
        ...

    def briefs(self, group: bytes) -> Iterator[Brushed]:
        """Matches too short by themselves, and those that were (``briefs.group``)."""
        ...

    def chains(self, tag: bytes) -> Links:
        """The person's contacts with cases."""
        ...
