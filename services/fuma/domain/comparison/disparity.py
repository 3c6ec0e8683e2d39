"""Two people with the same trajectory, one of them red: the difference is reported.

Equal evidence gives equal matches; where two people were at the same places at the same times and
a ground is held against one of them only, it did not come from the comparison.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from fuma.domain.comparison.events import Stay
from fuma.domain.comparison.meet import digest
from fuma.domain.time import Ms


class Disparity(NamedTuple):
    """For one ground: who has it and who does not, among people of one trajectory (sorted)."""

    trajectory: bytes  # 32 bytes, the same for all of them
    ground: str
    held: tuple[bytes, ...]
    spared: tuple[bytes, ...]


def trajectory(stays: Iterable[Stay], since: Ms, until: Ms) -> bytes:
    """Digest of where and when, over ``[since, until)``; ``b""`` of somebody who was nowhere."""
    parts = sorted(
        (s.place, max(s.since, since), min(s.until, until), s.carriage, s.row)
        for s in stays
        if not s.gone and s.since < until and s.until > since
    )
    return digest(*(field for part in parts for field in part)) if parts else b""


def disparities(
    trajectories: Mapping[bytes, bytes], grounds: Mapping[bytes, Collection[str]]
) -> list[Disparity]:
    """Every disparity among people (tag to trajectory; tag to the grounds held against it)."""
    groups: dict[bytes, list[bytes]] = {}
    for tag, path in trajectories.items():
        if path:
            groups.setdefault(path, []).append(tag)
    found = []
    for path, tags in groups.items():
        for ground in {g for tag in tags for g in grounds.get(tag, ())}:
            held = tuple(sorted(t for t in tags if ground in grounds.get(t, ())))
            spared = tuple(sorted(t for t in tags if ground not in grounds.get(t, ())))
            if spared:
                found.append(Disparity(path, ground, held, spared))
    return sorted(found)
