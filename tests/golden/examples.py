"""Examples of every version of every schema, as files, and the handlers that they go through.

``schemas/<subject>/examples/v<N>/<name>.json`` is a value in Avro's own JSON encoding (bytes as
ISO-8859-1). ``handled.json`` keeps what the real handler made of each.

Usage::

    PYTHONPATH=tests python -m golden.examples          # write handled.json anew
    PYTHONPATH=tests python -m golden.examples --make   # and the examples of the newest versions
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from fastavro import json_writer, schemaless_writer

from fuma.contracts.registry import Schema, SchemaVersion, registry
from fuma.contracts.resources import root
from golden.handlers import HANDLERS
from golden.samples import samples

SCHEMAS = root() / "schemas"
HANDLED = Path(__file__).with_name("handled.json")
_PLAIN = {"null", "boolean", "int", "long", "float", "double", "string"}


def folder(subject: str, version: int) -> Path:
    """Where a version's examples are."""
    return SCHEMAS / subject / "examples" / f"v{version}"


def versions() -> list[SchemaVersion]:
    """Every version of every subject."""
    return sorted(registry().by_id.values(), key=lambda v: (v.subject, v.version))


def paths(version: SchemaVersion) -> list[Path]:
    """A version's examples."""
    return sorted(folder(version.subject, version.version).glob("*.json"))


def read(version: SchemaVersion, path: Path) -> bytes:
    """The example framed, in its own version. Raises ``KeyError`` on a wrong shape."""
    schema = version.parsed
    value = _value(schema, json.loads(path.read_text("utf-8")), schema["__named_schemas"])
    body = BytesIO()
    schemaless_writer(body, schema, value)
    return struct.pack(">bI", 0, version.id) + body.getvalue()


def _value(schema: Any, data: Any, named: Schema) -> Any:
    """A value for fastavro, from Avro JSON. A union's named branch keeps its name."""
    if isinstance(schema, list):
        if data is None:
            return None
        ((name, inner),) = data.items()
        found = _value(_branch(schema, name), inner, named)
        return (name, found) if name in named else found
    if isinstance(schema, str):
        if schema in _PLAIN:
            return data
        return data.encode("latin-1") if schema == "bytes" else _value(named[schema], data, named)
    match schema["type"]:
        case "record":
            if set(data) != {field["name"] for field in schema["fields"]}:
                raise KeyError(f"{schema['name']}: has fields {sorted(data)}")
            return {f["name"]: _value(f["type"], data[f["name"]], named) for f in schema["fields"]}
        case "array":
            return [_value(schema["items"], one, named) for one in data]
        case "fixed":
            return data.encode("latin-1")
        case "enum":
            return data
        case other:
            return _value(other, data, named)


def _branch(union: list[Any], name: str) -> Any:
    for one in union:
        if name == (one if isinstance(one, str) else one.get("name", one["type"])):
            return one
    raise KeyError(f"no branch {name}")


def genesis_example() -> bytes:
    """The genesis that the other examples of ``law`` follow."""
    version = registry().latest["law"]
    return read(version, folder("law", version.version) / "genesis.json")


def handled() -> dict[str, Any]:
    """What the handlers make of all examples, by file."""
    return {
        path.relative_to(SCHEMAS).as_posix(): HANDLERS[version.subject](read(version, path))
        for version in versions()
        for path in paths(version)
    }


def make() -> None:
    """Write the examples of the newest versions."""
    for (subject, name), value in samples().items():
        version = registry().latest[subject]
        out = StringIO()
        text = (SCHEMAS / subject / f"v{version.version}.avsc").read_text("utf-8")
        json_writer(out, json.loads(text), [value])
        path = folder(subject, version.version) / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(json.loads(out.getvalue()), indent=1) + "\n", encoding="utf-8")


def save(what: Callable[[], dict[str, Any]] = handled) -> None:
    """Write ``handled.json``."""
    text = json.dumps(what(), indent=1, ensure_ascii=False, sort_keys=True)
    HANDLED.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    if "--make" in sys.argv[1:]:
        make()
    save()
