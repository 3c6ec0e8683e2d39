"""A schema compiled to Python that reads its values: what fastavro reads, sooner, or nothing.

It reads the plain form only (an array in one block, no negative length, not a byte too few or too
many) and raises on anything else; ``codec`` then asks fastavro, which says what it is. Values of an
older version are read into the newest one's fields: what was added has its default.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fuma.contracts.avroparts import PREFIX, Repeats, helpers
from fuma.contracts.shapes import Named, Schema, Shapes, Unsupported, function

Reader = Callable[[bytes], Any]
#: What stands before the Avro body: zero, and the schema's id.
FRAME = 5


def compile_reader(written: Schema, newest: Schema, shapes: Shapes) -> Reader:
    """A function from framed bytes to a value. Raises ``Unsupported``.

    The function raises ``Malformed``, ``IndexError``, ``KeyError`` or ``ValueError`` where the
    bytes are not in the plain form.
    """
    made = _Source(written, newest, shapes)
    value = made.read(written, newest)
    body = "".join(f"    {line}\n" for line in made.lines)
    source = (
        "\n".join(made.functions)
        + f"\ndef read(d):\n    p = {FRAME}\n{body}"
        + f"    if p != len(d): raise Malformed(p)\n    return {value}\n"
    )
    exec(compile(source, "<avro reader>", "exec"), made.names)
    reader: Reader = made.names["read"]
    return reader


class _Source:
    """Grows functions; ``lines`` are the statements of the one that is being written.

    ``d`` are the bytes, ``p`` is the place in them.
    """

    def __init__(self, written: Schema, newest: Schema, shapes: Shapes) -> None:
        self.written, self.newest = Named(written), Named(newest)
        self.shapes = shapes
        self.functions: list[str] = []
        self.lines: list[str] = []
        self.names: dict[str, Any] = helpers()
        self._done: set[str] = set()
        self._count = 0
        self._dry = False  # within a record of which nothing is wanted

    def _new(self, stem: str) -> str:
        self._count += 1
        return f"{stem}{self._count}"

    def name(self, value: Any, stem: str) -> str:
        """A new global for ``value``."""
        found = self._new(stem)
        self.names[found] = value
        return found

    def read(self, schema: Schema, newest: Schema) -> str:
        """Statements that read a value; an expression for it."""
        schema, newest = self.written.resolve(schema), self.newest.resolve(newest)
        if isinstance(schema, list):
            return self._union(schema, newest)
        if isinstance(schema, dict):
            kind = schema["type"]
            if kind == "record":
                out = self._new("x")
                self.lines.append(f"{out}, p = {self._record(schema, newest)}(d, p)")
                return out
            if kind == "array":
                return self._array(schema["items"], newest["items"])
            if kind == "enum":
                out, values = self._new("x"), self.shapes.enums.get(schema["name"])
                table = [values[s] if values else s for s in schema["symbols"]]
                marks = {2 * i: one for i, one in enumerate(table)}
                self.lines.append(f"{out} = {self.name(marks, 'E')}[d[p]]; p += 1")
                if len(table) > 64:
                    raise Unsupported("an enum of more than 64 symbols")
                return out
            if kind == "fixed":
                return self._slice(str(int(schema["size"])))
            raise Unsupported(kind)
        if schema != newest:
            raise Unsupported(f"{schema} promoted to {newest}")
        if schema in ("int", "long"):
            return self._long()
        if schema in ("string", "bytes"):
            size = self._long()
            self.lines.append(f"if {size} < 0: raise Malformed(p)")
            data = self._slice(size)
            return data if schema == "bytes" else self._as(f"T[{data}]")
        if schema == "boolean":
            return self._as(f"{self.name({0: False, 1: True}, 'B')}[d[p]]", "p += 1")
        if schema == "null":
            return "None"
        raise Unsupported(str(schema))

    def _as(self, expression: str, then: str = "") -> str:
        out = self._new("x")
        self.lines.append(f"{out} = {expression}" + (f"; {then}" if then else ""))
        return out

    def _long(self) -> str:
        out = self._new("x")
        # Six bytes in the memo are a whole long, and longs are self-delimiting.
        self.lines += [
            f"{out} = d[p]",
            f"if {out} < 128: {out} = ({out} >> 1) ^ -({out} & 1); p += 1",
            "else:",
            f"    {out} = I(d[p:p + 6])",
            f"    if {out} is None: {out}, p = R(d, p + 1)",
            "    else: p += 6",
        ]
        return out

    def _slice(self, size: str) -> str:
        # Too short a slice leaves p past the end, where reading fails, or the last check does.
        out, end = self._new("x"), self._new("e")
        self.lines.append(f"{end} = p + {size}; {out} = d[p:{end}]; p = {end}")
        return out

    def _array(self, items: Schema, newest: Schema) -> str:
        count, out = self._long(), self._new("x")
        before, self.lines = self.lines, []
        item = self.read(items, newest)
        inner, self.lines = self.lines, before
        keep = [f"        {out}.append({item})"] if not self._dry else []
        # An empty array is one zero, its count; any other one is followed by a zero.
        self.lines += [
            # An item takes a byte at least; a slice past the end would not say that it is none.
            f"if {count} < 0 or {count} > len(d) - p: raise Malformed(p)",
            f"{out} = []",
            f"if {count}:",
            f"    for _ in range({count}):",
            *(f"        {line}" for line in inner),
            *keep,
            "    if d[p]: raise Malformed(p)",
            "    p += 1",
        ]
        if self.shapes.records:
            self.lines.append(f"{out} = tuple({out})")
        return out

    def _union(self, branches: list[Schema], newest: Any) -> str:
        if not isinstance(newest, list):
            raise Unsupported("a union that became none")
        index, out = self._new("x"), self._new("x")
        self.lines.append(f"{index} = d[p]; p += 1")
        word = "if"
        for number, branch in enumerate(branches):
            kind = self.written.resolve(branch)
            other = self.newest.like(kind, newest)
            before, self.lines = self.lines, []
            value = self.read(branch, other)
            if self._named_value(branch, kind):
                value = f"({kind['name']!r}, {value})"
            lines, self.lines = self.lines, before
            self.lines.append(f"{word} {index} == {2 * number}:")
            self.lines += [f"    {line}" for line in lines]
            self.lines.append(f"    {out} = {value}")
            word = "elif"
        self.lines.append("else: raise Malformed(p)")
        return out

    def _named_value(self, branch: Schema, kind: Any) -> bool:
        """Whether fastavro gives ``(name, value)``: for a record, and what is there by its name."""
        if self._dry or not isinstance(kind, dict) or "name" not in kind:
            return False
        if kind["type"] == "record":
            name = kind["name"]
            return name not in self.shapes.records and name not in self.shapes.skip
        return isinstance(branch, str) and not self.shapes.records

    def _record(self, schema: Any, newest: Any) -> str:
        name = schema["name"]
        outside, self._dry = self._dry, self._dry or name in self.shapes.skip
        made = function("s_" if self._dry else "r_", name)
        if made not in self._done:
            self._done.add(made)
            self._define(made, schema, newest)
        self._dry = outside
        return made

    def _define(self, made: str, schema: Any, newest: Any) -> None:
        before, self.lines = self.lines, []
        values = {
            one["name"]: self.read(one["type"], other)
            for one in schema["fields"]
            if (other := _field(newest, one["name"])) is not None
        }
        if len(values) != len(schema["fields"]):
            raise Unsupported("a field that is gone")
        for one in newest["fields"]:
            if one["name"] not in values:
                values[one["name"]] = self._default(one)
        lines, self.lines = self.lines, before
        name = schema["name"]
        result = self._made(name, [one["name"] for one in newest["fields"]], values)
        if name in self.shapes.repeats and not self._dry:
            memo = self.name(Repeats(), "M")
            lines = [
                f"for h in {memo}.get(d[p:p + {PREFIX}], ()):",
                "    if d.startswith(h[0], p): return h[1], p + len(h[0])",
                "q = p",
                *lines,
                f"v = {result}",
                f"{memo}.keep(d[q:q + {PREFIX}], d[q:p], v)",
            ]
            result = "v"
        body = "".join(f"    {line}\n" for line in lines)
        self.functions.append(f"def {made}(d, p):\n{body}    return {result}, p\n")

    def _made(self, name: str, order: list[str], values: dict[str, str]) -> str:
        if self._dry:
            return "None"
        shape = self.shapes.records.get(name)
        if shape is None:
            return "{" + ", ".join(f"{one!r}: {values[one]}" for one in order) + "}"
        given = ", ".join(values[one] for one in shape.fields or order)
        return f"{self.name(shape.make, 'C')}({given})"

    def _default(self, field: Any) -> str:
        if "default" not in field:
            raise Unsupported("a new field without a default")
        value = field["default"]
        if value is None or isinstance(value, bool | int | bytes):
            return repr(value)
        kind = self.newest.resolve(field["type"])
        if isinstance(kind, list):
            kind = self.newest.resolve(kind[0])
        if kind == "string":
            return repr(value)
        if kind == "bytes" or (isinstance(kind, dict) and kind["type"] == "fixed"):
            return repr(value.encode("iso-8859-1"))
        if isinstance(kind, dict) and kind["type"] == "array" and value == []:
            return "()" if self.shapes.records else "[]"
        raise Unsupported(f"the default of {field['name']}")


def _field(record: Any, name: str) -> Schema | None:
    found = [one["type"] for one in record["fields"] if one["name"] == name]
    return found[0] if found else None
