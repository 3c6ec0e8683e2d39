"""Frozen values that cost as little to make as open ones.

A frozen dataclass sets each of its fields by ``object.__setattr__``: a record of fourteen fields
takes about a microsecond, five times as long as one that is not frozen, and the stages make a dozen
values for every record. ``quick`` gives the class another ``__init__``, with the same parameters:
it fills an open twin of the same layout, and the last step makes that the frozen class.

Where the core is compiled such a class is written out as a native one (``runtime.nativevalues``),
and ``described`` gives it what ``dataclasses`` asks of a class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, field, fields, make_dataclass
from typing import Any, TypeVar

T = TypeVar("T")


def quick(cls: type[T]) -> type[T]:
    """Decorates a ``dataclass(frozen=True, slots=True)`` whose fields are all parameters.

    Raises ``TypeError`` on any other class.
    """
    found = fields(cls)  # type: ignore[arg-type]  # a dataclass, or TypeError
    slots: tuple[str, ...] = cls.__dict__.get("__slots__", ())
    plain = all(f.init and f.default_factory is MISSING and not f.kw_only for f in found)
    if not plain or slots != tuple(f.name for f in found) or hasattr(cls, "__post_init__"):
        raise TypeError(f"{cls.__name__} is not a plain frozen dataclass with slots")
    names: dict[str, Any] = {
        "_frozen": cls,
        "_open": type(cls.__name__, (), {"__slots__": slots}),
        "_set": object.__setattr__,
    }
    names |= {f"_default_{f.name}": f.default for f in found}
    given = [f.name if f.default is MISSING else f"{f.name}=_default_{f.name}" for f in found]
    lines = [
        f"def __init__(self, {', '.join(given)}):",
        "    _set(self, '__class__', _open)",
        *(f"    self.{f.name} = {f.name}" for f in found),
        "    self.__class__ = _frozen",
    ]
    exec("\n".join(lines), names)
    made = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__module__ = cls.__module__
    made.__annotations__ = dict(cls.__init__.__annotations__)
    cls.__init__ = made  # type: ignore[method-assign]
    return cls


def described(cls: type, names: tuple[str, ...], defaults: Mapping[str, Any]) -> None:
    """Make a native class with these fields a dataclass to ``fields`` and ``replace``.

    Its constructor takes the fields in this order.
    """
    wanted = [(n, Any, field(default=defaults.get(n, MISSING))) for n in names]
    twin: Any = make_dataclass(cls.__name__, wanted, frozen=True)
    cls.__dataclass_fields__ = twin.__dataclass_fields__  # type: ignore[attr-defined]
