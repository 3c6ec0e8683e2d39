"""A schema as a module's source that mypyc compiles: functions that read its values.

It reads what ``avroread`` reads, into the domain's native classes, and raises on the rest. What has
no class is ``Unsupported``: its reader stays Python.
"""

from __future__ import annotations

from typing import Any

from fuma.contracts.avronativewrite import indented
from fuma.contracts.avroread import FRAME
from fuma.contracts.nativesource import Source
from fuma.contracts.shapes import Named, Schema, Shapes, Unsupported


class ReaderSource:
    """Functions for values of ``written``, read as ``newest``, in ``source``."""

    def __init__(self, source: Source, written: Schema, newest: Schema, shapes: Shapes) -> None:
        self._out, self._shapes = source, shapes
        self._written, self._newest = Named(written), Named(newest)
        self._prefix = source.new("r")
        self._roots = written, newest
        self._done: set[str] = set()

    def write(self) -> str:
        """The name of a function from framed bytes to the value."""
        lines, value = self._value(*self._roots)
        made = self._prefix
        self._out.function(
            f"def {made}(d: bytes) -> Any",
            [
                f"p: i64 = {FRAME}",
                *lines,
                "if p != len(d):",
                "    raise Malformed(p)",
                f"return {value}",
            ],
        )
        return made

    def _value(self, schema: Schema, newest: Schema) -> tuple[list[str], str]:
        """Statements that read a value at ``p``; an expression for it."""
        kind, other = self._written.resolve(schema), self._newest.resolve(newest)
        if isinstance(kind, list):
            return self._union(kind, other)
        out = self._out.new("x")
        if isinstance(kind, dict):
            return self._complex(kind, other, out)
        if kind != other:
            raise Unsupported(f"{kind} promoted to {other}")
        if kind in ("int", "long"):
            return [f"{out}, p = long_at(d, p)"], out
        if kind == "string":
            return [f"{out}, p = text_at(d, p)"], out
        if kind == "bytes":
            return [f"{out}, p = bytes_at(d, p)"], out
        if kind == "boolean":
            return [f"{out} = mark_bool(d, p)", "p += 1"], out
        if kind == "null":
            return ["pass"], "None"
        raise Unsupported(str(kind))

    def _complex(self, kind: Any, other: Any, out: str) -> tuple[list[str], str]:
        if kind["type"] == "record":
            if kind["name"] in self._shapes.skip:
                return [f"p = {self._past_record(kind)}(d, p)"], "None"
            return [f"{out}, p = {self._record(kind, other)}(d, p)"], out
        if kind["type"] == "fixed":
            size = int(kind["size"])
            return [f"{out} = fixed_at(d, p, {size})", f"p += {size}"], out
        if kind["type"] == "enum":
            return self._enum(kind, out)
        if kind["type"] == "array":
            return self._array(kind, other, out)
        raise Unsupported(kind["type"])

    def _enum(self, kind: Any, out: str) -> tuple[list[str], str]:
        if len(kind["symbols"]) > 64:
            raise Unsupported("an enum of more than 64 symbols")
        values = self._shapes.enums.get(kind["name"])
        known = [self._out.member(values[s]) if values else repr(s) for s in kind["symbols"]]
        of = self._out.reference(type(next(iter(values.values())))) if values else "str"
        lines, word = [f"{out}_ = mark_at(d, p, {len(known)})", "p += 1"], "if"
        for index, name in enumerate(known):
            last = index == len(known) - 1 and index > 0
            head = "else" if last else f"{word} {out}_ == {index}"
            lines += [f"{head}:", f"    {out} = {name}"]
            word = "elif"
        if len(known) == 1:
            lines = [lines[0], lines[1], f"{out} = {known[0]}"]
        return [f"{out}: {of}", *lines], out

    def _array(self, kind: Any, other: Any, out: str) -> tuple[list[str], str]:
        lines, item = self._value(kind["items"], other["items"])
        of = self._kind(kind["items"])
        return [
            f"{out}_n, p = count_at(d, p)",
            f"{out}_l: list[{of}] = []",
            f"if {out}_n > 0:",
            f"    while {out}_n > 0:",
            *indented(lines, 2),
            f"        {out}_l.append({item})",
            f"        {out}_n -= 1",
            "    if d[p] != 0:",
            "        raise Malformed(p)",
            "    p += 1",
            f"{out}: tuple[{of}, ...] = tuple({out}_l)",
        ], out

    def _kind(self, schema: Schema) -> str:
        """A type that holds what is read as ``schema``."""
        kind = self._written.resolve(schema)
        if isinstance(kind, str):
            simple = {"int": "int", "long": "int", "string": "str", "bytes": "bytes"}
            return simple.get(kind, "Any")
        if isinstance(kind, dict) and kind["type"] == "fixed":
            return "bytes"
        if isinstance(kind, dict) and kind["type"] == "record":
            shape = self._shapes.records.get(kind["name"])
            if shape is not None and isinstance(shape.make, type):
                return self._out.reference(shape.make)
        return "Any"

    def _union(self, branches: list[Schema], newest: Any) -> tuple[list[str], str]:
        if not isinstance(newest, list):
            raise Unsupported("a union that became none")
        out, like = self._out.new("x"), self._newest.like
        solid = [one for one in branches if self._written.resolve(one) != "null"]
        of = f"Optional[{self._kind(solid[0])}]" if len(solid) == 1 else "Any"
        lines = [f"{out}: {of}", f"{out}_ = mark_at(d, p, {len(branches)})", "p += 1"]
        word = "if"
        for index, branch in enumerate(branches):
            inner, value = self._value(branch, like(self._written.resolve(branch), newest))
            lines += [f"{word} {out}_ == {index}:", *indented([*inner, f"{out} = {value}"], 1)]
            word = "elif"
        return [*lines, "else:", "    raise Malformed(p)"], out

    def _record(self, kind: Any, other: Any) -> str:
        made: str = self._prefix + kind["name"].replace(".", "_")
        if made in self._done:
            return made
        self._done.add(made)
        shape = self._shapes.records.get(kind["name"])
        if shape is None:
            raise Unsupported(f"{kind['name']} has no class")
        lines, values = self._fields(kind, other)
        names = shape.fields or [one["name"] for one in other["fields"]]
        of = self._kind(kind)
        result = f"{self._out.reference(shape.make)}({', '.join(values[n] for n in names)})"
        if kind["name"] in self._shapes.repeats:
            memo = self._out.constant("m", f"dict[bytes, {of}]", "{}")
            lines = [
                f"q = {self._past_record(kind)}(d, p)",
                "b = d[p:q]",
                f"h = {memo}.get(b)",
                "if h is not None:",
                "    return h, q",
                *lines,
                f"v = {result}",
                f"if len({memo}) >= MOST:",
                f"    {memo}.clear()",
                f"{memo}[b] = v",
            ]
            result = "v"
        head = f"def {made}(d: bytes, p: i64) -> tuple[{of}, i64]"
        self._out.function(head, [*lines, f"return {result}, p"])
        return made

    def _fields(self, kind: Any, other: Any) -> tuple[list[str], dict[str, str]]:
        lines: list[str] = []
        values: dict[str, str] = {}
        newest = {one["name"]: one for one in other["fields"]}
        for one in kind["fields"]:
            if one["name"] not in newest:
                raise Unsupported("a field that is gone")
            inner, values[one["name"]] = self._value(one["type"], newest[one["name"]]["type"])
            lines += inner
        for name, one in newest.items():
            if name not in values:
                values[name] = self._default(one)
        return lines, values

    def _default(self, field: Any) -> str:
        value = field.get("default", field)
        kind = self._newest.resolve(field["type"])
        if isinstance(kind, list):
            kind = self._newest.resolve(kind[0])
        if value is None or isinstance(value, bool | int | bytes):
            return repr(value)
        if isinstance(value, str) and kind == "string":
            return repr(value)
        if isinstance(value, str) and isinstance(kind, dict) and kind["type"] == "fixed":
            return repr(value.encode("iso-8859-1"))
        if value == []:
            return "()"
        raise Unsupported(f"the default of {field['name']}")

    def _past_record(self, kind: Any) -> str:
        """A function that passes a record over, and checks it: to the place after it."""
        made: str = f"{self._prefix}past_" + kind["name"].replace(".", "_")
        if made in self._done:
            return made
        self._done.add(made)
        lines: list[str] = []
        for one in kind["fields"]:
            lines += self._past(one["type"])
        self._out.function(f"def {made}(d: bytes, p: i64) -> i64", [*lines, "return p"])
        return made

    def _past(self, schema: Schema) -> list[str]:
        kind = self._written.resolve(schema)
        if isinstance(kind, list):
            mark, word = self._out.new("x"), "if"
            lines = [f"{mark} = mark_at(d, p, {len(kind)})", "p += 1"]
            for index, branch in enumerate(kind):
                lines += [f"{word} {mark} == {index}:", *indented(self._past(branch), 1)]
                word = "elif"
            return lines
        if kind in ("int", "long"):
            return ["p = long_at(d, p)[1]"]
        if kind == "string":
            return ["p = past_text(d, p)"]
        if kind == "bytes":
            return ["p = end_at(d, p)[1]"]
        if kind == "boolean":
            return ["mark_bool(d, p)", "p += 1"]
        if kind == "null":
            return ["pass"]
        if kind["type"] == "record":
            return [f"p = {self._past_record(kind)}(d, p)"]
        if kind["type"] == "fixed":
            return [f"p = past_fixed(d, p, {int(kind['size'])})"]
        if kind["type"] == "enum":
            return [f"mark_at(d, p, {len(kind['symbols'])})", "p += 1"]
        if kind["type"] != "array":
            raise Unsupported(kind["type"])
        count = self._out.new("x")
        return [
            f"{count}, p = count_at(d, p)",
            f"if {count} > 0:",
            f"    while {count} > 0:",
            *indented(self._past(kind["items"]), 2),
            f"        {count} -= 1",
            "    if d[p] != 0:",
            "        raise Malformed(p)",
            "    p += 1",
        ]
