"""One simulated world for all scenarios of orders.

Its clock only goes on: the file of 2020 comes first, so files are run in their order
(``--no-loadscope-reorder`` where they are spread over processes).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import orderprovinces as provinces
from fuma.cli.demo.world import World
from fuma.domain.time import DAY
from orderkit import Actors


@pytest.fixture(scope="session")
def henan() -> Iterator[Actors]:
    """June 2020 in Henan."""
    with tempfile.TemporaryDirectory(prefix="fuma-orders-") as name:
        folder = Path(name)
        with World(folder / "home") as world:
            world.up(provinces.NOON_2020 - DAY)
            with Actors(world, folder, provinces.NOON_2020) as made:
                provinces.henan(made)
                yield made


@pytest.fixture(scope="session")
def actors(henan: Actors) -> Actors:
    """June 2022: five provinces more."""
    while henan.now < provinces.NOON:
        henan.until(min(provinces.NOON, henan.now + 30 * DAY))
    for found in (
        provinces.xing, provinces.guangxi, provinces.hainan, provinces.ningxia,
        provinces.provincial,
    ):  # fmt: skip
        found(henan)
    return henan
