"""A schema compiled to Python that writes its values: the bytes that fastavro writes, sooner.

For each record a function is made, with the fields in line and no look at the schema while it
runs. What it does not expect (a union's value that could be several branches, a missing field) it
raises, and ``codec`` asks fastavro.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fuma.contracts.avroparts import helpers, zigzag
from fuma.contracts.shapes import Named, Schema, Shapes, Unsupported, function

Writer = Callable[[Any], bytes]
#: Objects whose bytes are kept, of one record. They are kept alive as well.
_OBJECTS = 4_096


def compile_writer(schema: Schema, shapes: Shapes) -> Writer:
    """A function from values to Avro binary. Raises ``Unsupported``."""
    made = _Source(schema, shapes)
    root = made.parts(schema, "v")
    body = "".join(f"    {line}\n" for line in made.lines)
    source = "\n".join(made.functions) + f"\ndef write(v):\n{body}    return {_join(root)}\n"
    exec(compile(source, "<avro writer>", "exec"), made.names)
    made.link()
    written: Writer = made.names["write"]
    return written


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"b''.join(({', '.join(parts)},))"


class _Source:
    """Grows functions; ``lines`` are the statements of the one that is being written."""

    def __init__(self, schema: Schema, shapes: Shapes) -> None:
        self.named = Named(schema)
        self.shapes = shapes
        self.functions: list[str] = []
        self.lines: list[str] = []
        self.names: dict[str, Any] = helpers()
        self._done: set[str] = set()
        self._count = 0
        self._tables: list[tuple[dict[Any, Any], dict[Any, tuple[bytes, str]]]] = []

    def name(self, value: Any, stem: str) -> str:
        """A new global for ``value``."""
        self._count += 1
        found = f"{stem}{self._count}"
        self.names[found] = value
        return found

    def local(self, expression: str) -> str:
        """A local for what is used more than once."""
        self._count += 1
        self.lines.append(f"x{self._count} = {expression}")
        return f"x{self._count}"

    def parts(self, schema: Schema, value: str) -> list[str]:
        """Expressions whose bytes, one after the other, are ``value`` as ``schema``."""
        schema = self.named.resolve(schema)
        if isinstance(schema, list):
            return [self._union(schema, value)]
        if isinstance(schema, dict):
            kind = schema["type"]
            if kind == "record":
                return [f"{self._record(schema)}({value})"]
            if kind == "array":
                return self._array(schema["items"], value)
            if kind == "enum":
                return [f"{self._enum(schema)}[{value}]"]
            if kind == "fixed":
                one = self.local(value)
                self.lines.append(f"if len({one}) != {int(schema['size'])}: raise Malformed({one})")
                return [one]
            raise Unsupported(kind)
        if schema in ("int", "long"):
            return [f"Z[{value}]"]
        if schema == "string":
            return [f"S[{value}]"]
        if schema == "bytes":
            one = self.local(value)
            return [f"Z[len({one})]", one]
        if schema == "boolean":
            return [f"(b'\\x01' if {value} else b'\\x00')"]
        if schema == "null":
            return ["b''"]
        raise Unsupported(str(schema))

    def _enum(self, schema: Any) -> str:
        values = self.shapes.enums.get(schema["name"])
        symbols = enumerate(schema["symbols"])
        table = {(values[s] if values else s): zigzag(i) for i, s in symbols}
        return self.name(table, "E")

    def _array(self, items: Schema, value: str) -> list[str]:
        one = self.local(value)
        self._count += 1
        item = f"i{self._count}"
        before, self.lines = self.lines, []
        inner = _join(self.parts(items, item))
        lines, self.lines = self.lines, before
        if lines:  # statements of its own: a function
            made = function("a", str(self._count))
            body = "".join(f"    {line}\n" for line in lines)
            self.functions.append(f"def {made}({item}):\n{body}    return {inner}\n")
            inner = f"{made}({item})"
        self._count += 1
        out = f"x{self._count}"
        joined = f"b''.join([Z[len({one})], *[{inner} for {item} in {one}], b'\\x00'])"
        self.lines.append(f"{out} = {joined} if {one} else b'\\x00'")
        return [out]

    def _union(self, branches: list[Schema], value: str) -> str:
        one = self.local(value)
        solid = [b for b in branches if self.named.resolve(b) != "null"]
        if len(solid) == 1:
            mark = zigzag(branches.index(solid[0]))
            kind = self.named.resolve(solid[0])
            whole = isinstance(kind, dict) and kind.get("name") not in self.shapes.records
            inner = f"({one}[1] if type({one}) is tuple else {one})" if whole else one
            some = f"{mark!r} + {self._function(solid[0])}({inner})"
            if len(branches) == 1:
                return some
            none = zigzag(1 - branches.index(solid[0]))
            return f"({none!r} if {one} is None else {some})"
        types: dict[Any, tuple[bytes, str]] = {}
        names: dict[str, tuple[bytes, str]] = {}
        for index, branch in enumerate(branches):
            mark, kind = zigzag(index), self.named.resolve(branch)
            name = kind["name"] if isinstance(kind, dict) and "name" in kind else str(kind)
            shape = self.shapes.records.get(name)
            if kind == "null":
                types[type(None)] = (mark, self._function(branch))
            elif shape is not None:
                types[shape.written] = (mark, self._function(branch))
            else:
                names[name] = (mark, self._function(branch))
        by_type, by_name = self._table(types), self._table(names)
        made = function("u", str(self._count))
        self.functions.append(_UNION.format(name=made, types=by_type, names=by_name))
        return f"{made}({one})"

    def _table(self, entries: dict[Any, tuple[bytes, str]]) -> str:
        """A global with the functions themselves in place of their names, once they are there."""
        table: dict[Any, Any] = {}
        self._tables.append((table, entries))
        return self.name(table, "K")

    def link(self) -> None:
        """Fill the tables in; the source has run."""
        for table, entries in self._tables:
            table.update({key: (mark, self.names[made]) for key, (mark, made) in entries.items()})

    def _function(self, schema: Schema) -> str:
        """A function that writes ``schema``; its name."""
        kind = self.named.resolve(schema)
        if isinstance(kind, dict) and kind["type"] == "record":
            return self._record(kind)
        before, self.lines = self.lines, []
        result = _join(self.parts(schema, "v"))
        lines, self.lines = self.lines, before
        self._count += 1
        made = function("p", str(self._count))
        body = "".join(f"    {line}\n" for line in lines)
        self.functions.append(f"def {made}(v):\n{body}    return {result}\n")
        return made

    def _record(self, schema: Any) -> str:
        name = schema["name"]
        made = function("w_", name)
        if name in self._done:
            return made
        self._done.add(name)
        shaped = self.shapes.records.get(name)
        before, self.lines = self.lines, []
        parts: list[str] = []
        for one in schema["fields"]:
            field = one["name"]
            value = f"v.{shaped.places.get(field, field)}" if shaped else f"v[{field!r}]"
            parts += self.parts(one["type"], value)
        lines, self.lines = self.lines, before
        result = _join(parts) if parts else "b''"
        if shaped and name in self.shapes.shared | self.shapes.repeats:
            memo = self.name({}, "M")
            lines = [
                f"h = {memo}.get(id(v))",
                "if h is not None and h[0] is v: return h[1]",
                *lines,
                f"r = {result}",
                f"if len({memo}) >= {_OBJECTS}: {memo}.clear()",
                f"{memo}[id(v)] = (v, r)",
            ]
            result = "r"
        body = "".join(f"    {line}\n" for line in lines)
        self.functions.append(f"def {made}(v):\n{body}    return {result}\n")
        return made


#: By the value's class; ``(name, value)`` by name.
_UNION = """def {name}(v):
    found = {types}.get(type(v))
    if found is None:
        name, v = v
        found = {names}[name]
    return found[0] + found[1](v)
"""
