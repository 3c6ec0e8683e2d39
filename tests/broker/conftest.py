"""One simulated world for all scenarios of orders. Its clock only goes on: 2020 comes first."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import orderprovinces as provinces
from fuma.cli.demo.world import World
from fuma.domain.time import DAY
from orderkit import Actors

_open = ExitStack()


@pytest.fixture(scope="session")
def henan() -> Iterator[Actors]:
    """June 2020 in Henan."""
    folder = Path(_open.enter_context(tempfile.TemporaryDirectory(prefix="fuma-orders-")))
    with _open:
        world = _open.enter_context(World(folder / "home"))
        world.up(provinces.NOON_2020 - DAY)
        made = _open.enter_context(Actors(world, folder, provinces.NOON_2020))
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


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """The world ends with the last test that lives in it, not with the session."""
    if "henan" in _fixtures(item) and (nextitem is None or "henan" not in _fixtures(nextitem)):
        _open.close()


def _fixtures(item: pytest.Item) -> list[str]:
    found: list[str] = getattr(item, "fixturenames", [])
    return found
