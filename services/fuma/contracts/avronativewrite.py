"""A schema as a module's source that mypyc compiles: functions that write its values.

The same bytes as ``avrowrite``'s, for values of the domain's native classes. What has no class is
``Unsupported``: its writer stays Python.
"""

from __future__ import annotations

from fuma.contracts.nativesource import Source
from fuma.contracts.shapes import Named, Schema, Shapes, Unsupported


class WriterSource:
    """Functions for one schema, in ``source``."""

    def __init__(self, source: Source, schema: Schema, shapes: Shapes) -> None:
        self._out, self._named, self._shapes = source, Named(schema), shapes
        self._prefix = source.new("w")
        self._schema = schema
        self._done: set[str] = set()

    def write(self) -> str:
        """The name of a function from frame and value to bytes."""
        lines = self._value(self._schema, "v")
        made = self._prefix
        self._out.function(
            f"def {made}(head: bytes, v: {self._kind(self._schema)}) -> bytes",
            ["o = BytesWriter()", "o.write(head)", *lines, "return o.getvalue()"],
        )
        return made

    def _kind(self, schema: Schema) -> str:
        kind = self._named.resolve(schema)
        if not isinstance(kind, dict) or kind["type"] != "record":
            return "Any"
        shape = self._shapes.records.get(kind["name"])
        if shape is None:
            raise Unsupported(f"{kind['name']} has no class")
        return self._out.reference(shape.written)

    def _value(self, schema: Schema, value: str) -> list[str]:
        """Statements that write the expression ``value``."""
        kind = self._named.resolve(schema)
        if isinstance(kind, list):
            return self._union(kind, value)
        if isinstance(kind, dict):
            return self._complex(kind, value)
        if kind in ("int", "long"):
            return [f"put_long(o, {value})"]
        if kind == "string":
            return [f"put_text(o, {value})"]
        if kind == "bytes":
            return [f"put_bytes(o, {value})"]
        if kind == "boolean":
            return [f"o.append(u8(1) if {value} else u8(0))"]
        if kind == "null":
            return ["pass"]
        raise Unsupported(str(kind))

    def _complex(self, kind: Schema, value: str) -> list[str]:
        if kind["type"] == "record":
            return [f"{self._record(kind)}(o, {value})"]
        if kind["type"] == "fixed":
            return [f"put_fixed(o, {value}, {int(kind['size'])})"]
        if kind["type"] == "enum":
            return self._enum(kind, value)
        if kind["type"] != "array":
            raise Unsupported(kind["type"])
        all_, one = self._out.new("x"), self._out.new("x")
        return [
            f"{all_} = {value}",
            f"if len({all_}) > 0:",
            f"    put_long(o, len({all_}))",
            f"    for {one} in {all_}:",
            *indented(self._value(kind["items"], one), 2),
            "o.append(u8(0))",
        ]

    def _enum(self, kind: Schema, value: str) -> list[str]:
        values = self._shapes.enums.get(kind["name"])
        one, lines, word = self._out.new("x"), [], "if"
        for index, symbol in enumerate(kind["symbols"]):
            known = f"is {self._out.member(values[symbol])}" if values else f"== {symbol!r}"
            lines += [f"{word} {one} {known}:", f"    o.append(u8({2 * index}))"]
            word = "elif"
        if len(kind["symbols"]) > 64:
            raise Unsupported("an enum of more than 64 symbols")
        return [f"{one} = {value}", *lines, "else:", f"    raise Malformed({one})"]

    def _union(self, branches: list[Schema], value: str) -> list[str]:
        one, word = self._out.new("x"), "if"
        lines = [f"{one} = {value}"]
        kinds = [self._named.resolve(branch) for branch in branches]
        solid = [kind for kind in kinds if kind != "null"]
        for index, kind in enumerate(kinds):
            if kind == "null":
                test = f"{one} is None"
            elif len(solid) == 1:
                test = f"{one} is not None"
            else:
                test = f"isinstance({one}, {self._kind(kind)})"
            inner = [f"o.append(u8({2 * index}))", *self._value(kind, one)]
            lines += [f"{word} {test}:", *indented(inner, 1)]
            word = "elif"
        return [*lines, "else:", f"    raise Malformed({one})"]

    def _record(self, kind: Schema) -> str:
        made: str = self._prefix + kind["name"].replace(".", "_")
        if made in self._done:
            return made
        self._done.add(made)
        shape = self._shapes.records.get(kind["name"])
        lines: list[str] = []
        for one in kind["fields"]:
            place = shape.places.get(one["name"], one["name"]) if shape else ""
            lines += self._value(one["type"], f"v.{place}")
        self._out.function(f"def {made}(o: BytesWriter, v: {self._kind(kind)}) -> None", lines)
        return made


def indented(lines: list[str], steps: int) -> list[str]:
    """``lines`` so many steps further in."""
    return ["    " * steps + line for line in lines]
