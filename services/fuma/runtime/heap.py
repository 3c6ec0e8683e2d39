"""Python's own machinery in a service that makes a dozen values for every record.

A record's values hold no cycles and die with their chunk, but each counts as an allocation: with
the usual thresholds the collector walks the whole heap several times a second, for a fifth of the
CPU. Cycles still arise elsewhere (tasks, exceptions), so it is made rare, not switched off: in the
midst of work only once more is alive than chunks under way account for, and between two chunks,
when little is.
"""

from __future__ import annotations

import gc
import sys

#: A thread that has something to pass on (a fetch, an acknowledgement) waits so long at most for
#: the one that is deciding; Python's 5 ms would be added at every hop.
_SWITCH_S = 0.001
_YOUNG, _MIDDLE, _OLD = 1_000_000, 20, 20
#: So many values that may be in cycles are worth a look while little else is alive.
_TIDY = 50_000


def settle() -> None:
    """Call once, when everything is imported and wired: what lives now is never walked again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    sys.setswitchinterval(_SWITCH_S)


def tidy() -> None:
    """Call when nothing is under way: take what only cycles keep alive."""
    if gc.get_count()[0] > _TIDY:
        gc.collect(1)
