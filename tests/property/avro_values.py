"""Any value of any schema of the tree, drawn from the schema itself."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from fuma.contracts.shapes import Named

_LONGS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-70, 70),
    st.integers(1_640_000_000_000, 1_680_000_000_000),
)
_TEXTS = st.one_of(st.sampled_from(["", "health", "410100", "赋码"]), st.text(max_size=90))


def values(schema: Any, named: Named | None = None) -> st.SearchStrategy[Any]:
    """Values as fastavro takes them: records as dictionaries, named in a union."""
    named = named or Named(schema)
    kind = named.resolve(schema)
    if isinstance(kind, list):
        return st.one_of([_branch(one, named) for one in kind])
    if kind == "null":
        return st.none()
    if kind == "boolean":
        return st.booleans()
    if kind == "int":
        return st.integers(-(2**31), 2**31 - 1)
    if kind == "long":
        return _LONGS
    if kind == "string":
        return _TEXTS
    if kind == "bytes":
        return st.binary(max_size=200)
    if kind["type"] == "fixed":
        return st.binary(min_size=kind["size"], max_size=kind["size"])
    if kind["type"] == "enum":
        return st.sampled_from(kind["symbols"])
    if kind["type"] == "array":
        return st.lists(values(kind["items"], named), max_size=4)
    fields = {one["name"]: values(one["type"], named) for one in kind["fields"]}
    return st.fixed_dictionaries(fields)


def _branch(branch: Any, named: Named) -> st.SearchStrategy[Any]:
    kind = named.resolve(branch)
    found = values(branch, named)
    if isinstance(kind, dict) and kind["type"] == "record":
        name = kind["name"]
        return found.map(lambda value: (name, value))
    return found
