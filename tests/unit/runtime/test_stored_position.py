"""A store whose own word of itself this release cannot read: made anew from the topic."""

from __future__ import annotations

import pytest

from fuma.domain.comparison.settings import Frame
from fuma.runtime.memory_log import MemoryStore
from unit.comparison.making import NOW, sick, stay
from unit.processor.comparison_rig import Rig
from unit.processor.test_comparison_stage import law


@pytest.mark.parametrize("written", [{"shape": b"old"}, {"position": b"[]"}, {"position": b"{}"}])
def test_a_store_that_another_release_wrote_is_made_anew(written: dict[str, bytes]) -> None:
    rig = Rig(law(), Frame(parts=1), partitions=1)
    for number in range(5):
        rig.tell(stay(f"s{number}", f"who{number}"), NOW)
    rig.run()
    store = rig.stores.kept[0]
    assert isinstance(store, MemoryStore)
    store.meta.update(written)
    rig.engines = {0: rig.open(0)}
    assert rig.stores.kept[0] is not store
    rig.tell(stay("sick-stay", "ill"), NOW)
    rig.tell(sick("ill"), NOW)
    rig.run()
    assert len(rig.standing()) == 5
