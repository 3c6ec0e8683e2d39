"""Quick classes written out for mypyc are the classes that they were."""

from __future__ import annotations

import copy
import pickle
import sys
from dataclasses import fields, replace
from types import ModuleType
from typing import Any

import pytest

from fuma import compiled
from fuma.domain.codes import events
from fuma.runtime.nativevalues import written_out

_SOURCE = '''"""A module."""

from __future__ import annotations

from dataclasses import dataclass

from fuma.domain.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Value:
    """A value."""

    name: str
    count: int = 3
    more: tuple[str, ...] = ()

    @property
    def twice(self) -> int:
        """Doubled."""
        return 2 * self.count


@dataclass(frozen=True, slots=True)
class Other:
    name: str
'''


@pytest.fixture
def pair() -> Any:
    """The class as it stands, and written out."""
    found = []
    for name, text in (("plain_values", _SOURCE), ("written_values", written_out(_SOURCE))):
        module = ModuleType(name)
        sys.modules[name] = module
        exec(compile(text, name, "exec"), module.__dict__)
        found.append(module)
    yield tuple(module.Value for module in found)
    for module in found:
        del sys.modules[module.__name__]


def test_what_is_written_out_is_the_same_value(pair: tuple[Any, Any]) -> None:
    for cls in pair:
        one = cls("a", more=("b",))
        assert (one.name, one.count, one.more, one.twice) == ("a", 3, ("b",), 6)
        assert one == cls("a", 3, ("b",)) != cls("a", 4, ("b",))
        assert one != ("a", 3, ("b",))
        assert replace(one, count=9) == cls("a", 9, ("b",))
        assert copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one
        assert (
            [f.name for f in fields(cls)] == list(cls.__match_args__) == ["name", "count", "more"]
        )
        match one:
            case cls(name, 3):
                assert name == "a"
            case _:
                pytest.fail("not matched")
        with pytest.raises(TypeError):
            cls()
    plain, written = (cls("a", more=("b",)) for cls in pair)
    assert (hash(plain), repr(plain)) == (hash(written), repr(written))


def test_other_classes_stay_as_they_are() -> None:
    assert "class Other:\n    name: str" in written_out(_SOURCE)
    assert written_out("x = 1\n") == "x = 1\n"


@pytest.mark.parametrize(
    "name", [m for m in compiled.MODULES if "@quick" in compiled.source(m).read_text("utf-8")]
)
def test_every_module_can_be_written_out(name: str) -> None:
    text = written_out(compiled.source(name).read_text(encoding="utf-8"))
    compile(text, name, "exec")
    assert "@quick" not in text


def test_nobody_sets_a_field() -> None:
    """Whether the core is compiled here or not."""
    value = events.Ended(bytes(16), 1)
    with pytest.raises(AttributeError):
        value.at = 2  # type: ignore[misc]
    assert value == events.Ended(bytes(16), 1)
