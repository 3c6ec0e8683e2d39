"""A module's source that grows: imports of what it names, constants, functions."""

from __future__ import annotations

from enum import Enum
from typing import Any

from fuma.contracts.shapes import Unsupported

_HEAD = '''"""Written by fuma.runtime.compiling from the schemas and their classes."""

from __future__ import annotations

from typing import Any, Final, Optional

from librt.strings import BytesWriter
from mypy_extensions import i64, u8

from fuma.contracts.avronative import (
    bytes_at, count_at, end_at, fixed_at, long_at, mark_at, mark_bool, past_fixed, past_text,
    put_bytes, put_fixed, put_long, put_text, text_at,
)
from fuma.contracts.avroparts import MOST, Malformed
'''


class Source:
    """Grows from the top: what is asked for first stands first."""

    def __init__(self) -> None:
        self._imports: dict[tuple[str, str], None] = {}
        self._constants: dict[str, str] = {}
        self._functions: list[str] = []
        self._count = 0

    def new(self, stem: str) -> str:
        """A name that nothing else has."""
        self._count += 1
        return f"{stem}{self._count}"

    def reference(self, what: Any) -> str:
        """The name of a module's class or function, which is imported."""
        name = what.__qualname__ if hasattr(what, "__qualname__") else ""
        if not name.isidentifier():
            raise Unsupported(f"{what} has no name in a module")
        self._imports[what.__module__, name] = None
        return str(name)

    def member(self, value: Any) -> str:
        """The name of a constant for an enum's member."""
        if not isinstance(value, Enum):
            raise Unsupported(f"{value!r} is no member of an enum")
        kind = self.reference(type(value))
        name = f"_{kind}_{value.name}"
        self._constants[name] = f"{name}: Final = {kind}.{value.name}"
        return name

    def constant(self, stem: str, kind: str, value: str) -> str:
        """The name of a new constant."""
        name = self.new(stem)
        self._constants[name] = f"{name}: Final[{kind}] = {value}"
        return name

    def function(self, head: str, lines: list[str]) -> None:
        body = "\n".join(f"    {line}" for line in lines)
        self._functions.append(f"{head}:\n{body}\n")

    def text(self, tables: dict[str, str]) -> str:
        """The module. ``tables``: names of dictionaries, and what stands in their braces."""
        imports = [f"from {module} import {name}" for module, name in self._imports]
        last = [f"{name}: Final[dict[Any, Any]] = {{{body}}}" for name, body in tables.items()]
        parts = [_HEAD, *imports, "", *self._constants.values(), "", *self._functions, *last]
        return "\n".join(parts) + "\n"
