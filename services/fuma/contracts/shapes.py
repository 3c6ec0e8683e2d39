"""Which Python values stand for which Avro types, where it is not a dictionary that does.

A record named here is a class with the record's own field names (the domain's events are), an enum
a mapping from symbols to values. What is not named stays as fastavro gives it: a record is a
dictionary, and within a union ``(full name, dictionary)``; so a schema's new branch can be read and
written before anything here knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = Any  # fastavro's parsed form: a name, a dictionary or a list (a union)
PRIMITIVES = frozenset({"null", "boolean", "int", "long", "string", "bytes"})


@dataclass(frozen=True, slots=True)
class Shape:
    """A record as ``make(*fields)``; what is written is of ``cls``."""

    make: Callable[..., Any]
    fields: tuple[str, ...] | None = None  # those wanted, as arguments; ``None``: all, in order
    cls: type | None = None  # ``None``: ``make`` is the class
    #: Where a field's value is, if not under its own name: ``"stay[0]"``.
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def written(self) -> Any:
        """The class whose values are written as this record."""
        return self.cls or self.make


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """A schema's shapes, by full name."""

    records: Mapping[str, Shape] = field(default_factory=dict)
    enums: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: Records that stand in several places: each object's bytes are made once.
    shared: frozenset[str] = frozenset()
    #: Records of which there are few: equal bytes are read as one object, too.
    repeats: frozenset[str] = frozenset()
    #: Records of which nothing is wanted: they are checked, passed over, and are ``None``.
    skip: frozenset[str] = frozenset()
    #: Versions of the schema whose values are read in other shapes than the newest's.
    versions: Mapping[int, Shapes] = field(default_factory=dict)
    #: Of codecs that are to be compiled, theirs among the subject's; "": they stay Python.
    name: str = ""


def named(*classes: type) -> dict[str, Shape]:
    """Shapes of classes that are named as their records in the namespace ``fuma``."""
    return {f"fuma.{one.__name__}": Shape(one) for one in classes}


#: Dictionaries all the way, as fastavro has it.
PLAIN = Shapes()


class Named:
    """The named types of a schema, each met once."""

    def __init__(self, schema: Schema) -> None:
        self.types: dict[str, Any] = {}
        self._collect(schema)

    def _collect(self, schema: Schema) -> None:
        if isinstance(schema, list):
            for one in schema:
                self._collect(one)
        elif isinstance(schema, dict):
            kind = schema["type"]
            if kind in ("record", "fixed", "enum"):
                self.types[schema["name"]] = schema
                for one in schema.get("fields", ()):
                    self._collect(one["type"])
            elif kind == "array":
                self._collect(schema["items"])
            elif isinstance(kind, dict | list):
                self._collect(kind)

    def resolve(self, schema: Schema) -> Schema:
        """The type itself: a primitive's name, a union's list, else a dictionary."""
        while True:
            if isinstance(schema, str) and schema not in PRIMITIVES:
                schema = self.types[schema]
            elif isinstance(schema, dict) and (
                isinstance(schema["type"], dict | list) or schema["type"] in PRIMITIVES
            ):
                schema = schema["type"]
            else:
                return schema

    def like(self, kind: Schema, union: list[Schema]) -> Schema:
        """The branch of ``union``, one of ours, that the resolved ``kind`` is read as.

        Raises ``Unsupported`` where there is none any more.
        """
        for one in union:
            other = self.resolve(one)
            if kind == other or (
                isinstance(kind, dict)
                and isinstance(other, dict)
                and kind["type"] == other["type"]
                and kind.get("name") == other.get("name")
            ):
                return one
        raise Unsupported("a branch that is gone")


class Unsupported(Exception):
    """The schema has a type that no codec is compiled for; fastavro does it."""


def function(prefix: str, name: str) -> str:
    """The name of a record's compiled function."""
    return prefix + name.replace(".", "_").replace("-", "_")
