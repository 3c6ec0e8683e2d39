"""The ``fuma`` command's entry: finds the command modules, runs one, turns failures into a line.

A module of this package that has ``register(app: typer.Typer)`` is a command module; a new one is
added by adding its file. Exit: 0 done, 1 failed, 2 usage, 3 partly refused.
"""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import sys
from collections.abc import Callable, Sequence
from typing import Any

import typer
from typer.exceptions import TyperException

import fuma.cli
from fuma.cli.errors import FAILED, USAGE
from fuma.contracts.errors import FumaError

_NOT_COMMANDS = {"main", "errors", "officer"}

# The order in which `fuma --help` lists the words; what is not named here comes after, by name.
_ORDER = (
    "stack",
    "topics",
    "law",
    "run",
    "holders",
    "report",
    "office",
    "order",
    "code",
    "history",
)


def _rank(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def _wanted(names: Sequence[str], words: Sequence[str]) -> Sequence[str]:
    """The modules to import: the one that is named like the first word, else all.

    Importing one command's libraries and not every command's keeps the answer quick.
    """
    first = next((w for w in words if not w.startswith("-")), "")
    alias = {"up": "stack", "down": "stack", "status": "stack", "return": "returns"}.get(
        first, first
    )
    return [alias] if alias in names and not alias.startswith("_") else names


def build(words: Sequence[str] = ()) -> typer.Typer:
    """The command with its words; ``words`` (the command line) lets it load only what it needs."""
    app = typer.Typer(
        name="fuma",
        help="fuma (赋码): the colour of a health code, decided in the open.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_root)
    found = [m.name for m in pkgutil.iter_modules(fuma.cli.__path__)]
    names = sorted((n for n in found if n not in _NOT_COMMANDS and n[0] != "_"), key=_rank)
    for name in _wanted(names, words):
        module = importlib.import_module(f"fuma.cli.{name}")
        register: Callable[[typer.Typer], Any] | None = getattr(module, "register", None)
        if register is not None:
            register(app)
    return app


def _root() -> None:
    """fuma (赋码): the colour of a health code, decided in the open."""


def _say(message: str, hint: str = "") -> None:
    """One line, then what to do about it."""
    print(f"fuma: {' '.join(message.split())}", file=sys.stderr)
    if hint:
        print(f"      {hint}", file=sys.stderr)


def run(words: Sequence[str]) -> int:
    """Run one command line; the exit code. ``FUMA_DEBUG=1`` lets tracebacks through."""
    debug = os.environ.get("FUMA_DEBUG") == "1"
    # A command says what matters itself; the clients' own chatter is for FUMA_DEBUG.
    logging.basicConfig(level=logging.INFO if debug else logging.CRITICAL)
    try:
        result = build(words)(args=list(words), prog_name="fuma", standalone_mode=False)
    except FumaError as error:
        if debug:
            raise
        _say(str(error), error.hint)
        code: int = getattr(error, "code", FAILED)
        return code
    except TyperException as error:
        if words:
            _say(error.format_message() or str(error), "`fuma --help` lists the words")
            return error.exit_code
        print(error.format_message())  # bare `fuma`: the help
        return USAGE
    except (typer.Abort, KeyboardInterrupt):
        _say("interrupted")
        return 130
    except BrokenPipeError:
        # Whoever read our output has had enough (`fuma … | head`): no failure of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        _say(f"{type(error).__name__}: {error}", "FUMA_DEBUG=1 shows where")
        return FAILED
    return result if isinstance(result, int) else 0


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
