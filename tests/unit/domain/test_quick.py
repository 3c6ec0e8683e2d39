"""``quick`` changes what a value costs to make, and nothing else of it."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from fuma.domain.quick import quick


@dataclass(frozen=True, slots=True)
class Slow:
    """A value."""

    name: str
    count: int = 3
    more: tuple[str, ...] = ()

    @property
    def twice(self) -> int:
        return 2 * self.count


@quick
@dataclass(frozen=True, slots=True)
class Quick:
    """A value."""

    name: str
    count: int = 3
    more: tuple[str, ...] = ()

    @property
    def twice(self) -> int:
        return 2 * self.count


def test_it_is_what_it_was() -> None:
    one = Quick("a", more=("b",))
    assert (one.name, one.count, one.more, one.twice) == ("a", 3, ("b",), 6)
    assert type(one) is Quick
    assert one == Quick("a", 3, ("b",)) != Quick("a", 4, ("b",))
    assert hash(one) == hash(Slow("a", more=("b",)))
    assert repr(one) == repr(Slow("a", more=("b",))).replace("Slow", "Quick")
    assert replace(one, count=9) == Quick("a", 9, ("b",))
    assert copy.deepcopy(one) == pickle.loads(pickle.dumps(one)) == one


def test_it_is_frozen() -> None:
    one = Quick("a")
    with pytest.raises(FrozenInstanceError):
        one.count = 4  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del one.count
    with pytest.raises((AttributeError, TypeError)):
        one.other = 4  # type: ignore[attr-defined]


def test_what_is_missing_or_too_much_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Quick\.__init__\(\) missing 1 required"):
        Quick()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Quick("a", 1, (), 2)  # type: ignore[call-arg]


def test_other_classes_are_refused() -> None:
    @dataclass(frozen=True)
    class WithDict:
        name: str

    @dataclass(frozen=True, slots=True)
    class WithFactory:
        names: list[str] = field(default_factory=list)

    @dataclass(frozen=True, slots=True)
    class WithPostInit:
        name: str

        def __post_init__(self) -> None: ...

    for cls in (WithDict, WithFactory, WithPostInit, str):
        with pytest.raises(TypeError):
            quick(cls)
