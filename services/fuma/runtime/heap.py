"""Python's and the C library's own machinery in a service that makes a dozen values for a record.

A record's values hold no cycles and die with their chunk, but each counts as an allocation: with
the usual thresholds the collector walks the whole heap several times a second, for a fifth of the
CPU. Cycles still arise elsewhere (tasks, exceptions), so it is made rare, not switched off: in the
midst of work only once more is alive than chunks under way account for, and between two chunks,
when little is.

glibc gives each thread an arena of its own, up to eight for a core, and what one thread frees is
not there for another. A store's buffers are made by whoever writes it, so a worker that had
recovered two million persons kept what its recovery had used, and needed as much again for its
stream: 451 MiB, where 351 to 393 do with one or two arenas, at the same rate.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from typing import Any

#: A thread that has something to pass on (a fetch, an acknowledgement) waits so long at most for
#: the one that is deciding; Python's 5 ms would be added at every hop.
_SWITCH_S = 0.001
_YOUNG, _MIDDLE, _OLD = 1_000_000, 20, 20
#: So many values that may be in cycles are worth a look while little else is alive.
_TIDY = 50_000
_ARENAS = 2
_M_ARENA_MAX = -8  # malloc.h


def few_arenas() -> None:
    """Call first, before there are threads. Nothing where the C library has no such setting."""
    if (mallopt := _of_libc("mallopt")) is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)


def trim() -> None:
    """Give back what a large piece of work has left: call when one is done."""
    if (malloc_trim := _of_libc("malloc_trim")) is not None:
        malloc_trim(0)


def _of_libc(name: str) -> Any:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)


def settle() -> None:
    """Call once, when everything is imported and wired: what lives now is never walked again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    sys.setswitchinterval(_SWITCH_S)


def breathe() -> None:
    """Call now and then in a long stretch of compiled code: it gives the interpreter's lock to
    nobody, but this call is interpreted, and another thread that waits for the lock gets it."""


def tidy() -> None:
    """Call when nothing is under way: take what only cycles keep alive."""
    if gc.get_count()[0] > _TIDY:
        gc.collect(1)
