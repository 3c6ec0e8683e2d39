"""``domain.quick``'s classes as mypyc wants them: native, made by compiled code.

mypyc compiles a frozen dataclass, but its ``__init__`` stays interpreted. So before a module is
compiled each ``@quick @dataclass(frozen=True, slots=True)`` in it is written out: fields that are
final (nobody can set them, compiled or not), constructor, equality, hash, and what ``dataclasses``
asks of a class. The module that is checked, tested and run plain is the one that is there.
"""

from __future__ import annotations

import ast

_IMPORTS = (
    "from typing import Any as _Any, Final as _Final, final as _final; "
    "from mypy_extensions import mypyc_attr as _mypyc_attr; "
    "from fuma.domain.quick import described as _described"
)
_CLASS = """@_final
@_mypyc_attr(acyclic=True)
class {name}:
    {doc!r}
    __match_args__: _Final = {names}
{declared}

    def __init__(self, {parameters}) -> None:
{stored}

    def __eq__(self, other: object) -> _Any:
        if not isinstance(other, {name}):
            return NotImplemented
        return {equal}

    def __hash__(self) -> int:
        return hash({whole})

    def __repr__(self) -> str:
        return f"{name}({shown})"

    def __reduce__(self) -> _Any:
        return ({name}, {whole})

{methods}


_described({name}, {names}, {defaults})
"""


def written_out(source: str) -> str:
    """``source`` with its quick classes written out; as it is where it has none."""
    tree = ast.parse(source)
    found = [node for node in tree.body if isinstance(node, ast.ClassDef) and _is_quick(node)]
    lines = source.splitlines()
    for node in reversed(found):
        begins = min(one.lineno for one in node.decorator_list)
        lines[begins - 1 : node.end_lineno] = _class(source, node).splitlines()
    if found:
        last = max(n.end_lineno or 0 for n in tree.body if _is_future(n))
        lines.insert(last, _IMPORTS)
    return "\n".join(lines) + "\n"


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _is_quick(node: ast.ClassDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "quick" for one in node.decorator_list)


def _class(source: str, node: ast.ClassDef) -> str:
    fields = [
        (one.target.id, ast.unparse(one.annotation), one.value and ast.unparse(one.value))
        for one in node.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    ]
    lines = source.splitlines()
    methods: list[str] = []
    for one in node.body:
        if isinstance(one, ast.FunctionDef):
            begins = min([one.lineno, *(d.lineno for d in one.decorator_list)])
            methods += [*lines[begins - 1 : one.end_lineno], ""]
    names = [name for name, _, _ in fields]
    given = [f"{n}: {kind}" + (f" = {v}" if v else "") for n, kind, v in fields]
    defaults = ", ".join(f"{n!r}: {v}" for n, _, v in fields if v)
    return _CLASS.format(
        name=node.name,
        doc=ast.get_docstring(node) or "",
        declared="\n".join(f"    {name}: _Final[{kind}]" for name, kind, _ in fields),
        parameters=", ".join(given),
        stored="\n".join(f"        self.{name} = {name}" for name in names),
        equal=" and ".join(f"self.{name} == other.{name}" for name in names),
        whole="(" + "".join(f"self.{name}, " for name in names) + ")",
        shown=", ".join(f"{name}={{self.{name}!r}}" for name in names),
        methods="\n".join(methods),
        names=tuple(names),
        defaults="{" + defaults + "}",
    )
