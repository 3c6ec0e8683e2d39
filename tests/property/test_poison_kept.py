"""What is kept: values of the platform, positions of stores, files beside the services."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuma.contracts import genesis
from fuma.contracts.errors import Fatal, Poison
from fuma.contracts.genesis import World
from fuma.contracts.platform import PlatformSealer
from fuma.contracts.platformrows import Alive, Position
from fuma.domain.law.inforce import Law
from fuma.domain.time import HOUR
from fuma.gateway.ticks import Ticker
from fuma.processor.sweep import Marks
from fuma.runtime.host_types import Position as HostPosition
from fuma.runtime.mac import Sealer
from fuma.runtime.memory_log import MemoryLog
from property.spoilt import MORE, only, spoilt_bytes, spoilt_text
from unit.authority.making import NOON
from unit.authority.making import WORLD as WORLD_ID

WORLD = World(WORLD_ID, True, bytes(32))
PLATFORM = PlatformSealer(WORLD_ID, b"p" * 32)
TAG = b"t" * 16


@MORE
@given(st.data())
def test_a_value_of_the_platform_is_read_or_refused(data: st.DataObject) -> None:
    position = PLATFORM.seal_position(Position(0, 7, 9, bytes(16), 3, 5))
    alive = PLATFORM.seal_alive(Alive(1, 2, ("3",)))
    # A body of another release, under a good MAC.
    body = data.draw(spoilt_bytes(position[35:]))
    forms = [position, alive, b""] + [
        b"fp\x01" + PLATFORM._mac(kind, name, body) + body
        for kind, name in ((b"code", TAG), (b"position", bytes(4)), (b"alive", b""))
    ]
    for one in (*forms, data.draw(spoilt_bytes(position))):
        only("open_code", lambda b: PLATFORM.open_code(TAG, b), one, Poison)
        only("open_kept", lambda b: PLATFORM.open_kept(TAG, b), one, Poison)
        only("open_position", lambda b: PLATFORM.open_position(0, b), one, Poison)
        only("open_alive", PLATFORM.open_alive, one, Poison)


@MORE
@given(st.data())
def test_a_stores_position_is_read_or_refused(data: st.DataObject) -> None:
    good = HostPosition(bytes(16), bytes(16), 7, b"h" * 32, NOON, 3, b"l" * 32, 4)
    assert HostPosition.load(good.dump()) == good
    only(
        "Position.load", HostPosition.load, data.draw(spoilt_text(json.loads(good.dump()))), Poison
    )


@MORE
@given(st.data())
def test_files_are_read_or_refused(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "file.json"
        genesis.write_world(path, WORLD)
        path.write_bytes(data.draw(spoilt_text(json.loads(path.read_bytes()))))
        only("read_world", lambda _: genesis.read_world(path), path.read_bytes(), Fatal)
        path.write_bytes(data.draw(spoilt_text({"0": ["a", "b"], "7": []})))
        only("Marks", lambda _: Marks(path).add(0, {"b"}), path.read_bytes())
        path.write_bytes(data.draw(spoilt_text(["14", "41"])))
        only("provinces.json", lambda _: _told(path), path.read_bytes())


@pytest.mark.parametrize(
    "text", ["", "[]", "5", "null", '{"world": 5, "simulated": true, "genesis": ""}',
             '{"world": "00", "simulated": true, "genesis": "00"}', '["world"]', "[" * 100_000]
)  # fmt: skip
def test_a_world_that_is_none_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "world.json").write_text(text)
    with pytest.raises(Fatal, match="not readable"):
        genesis.read_world(tmp_path / "world.json")


def _told(path: Path) -> None:
    """A gateway begins with the file, and tells the minute."""
    log = MemoryLog({"fuma.commands": 8})
    ticker = Ticker(
        Sealer(WORLD_ID, b"k" * 32), log, lambda: Law(()), lambda at: None, path, simulated=True
    )  # fmt: skip
    ticker.begin(log)
    for partition in range(8):
        ticker.take(partition)
    ticker.due(NOON + HOUR)
    ticker.know(["14", "46"])
