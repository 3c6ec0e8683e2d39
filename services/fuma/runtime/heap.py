"""Python's own machinery in a service that makes a dozen values for every record.

A record's values hold no cycles and die with their chunk, but each counts as an allocation: with
the usual thresholds the collector walks the whole heap several times a second, for a fifth of the
CPU. Cycles still arise elsewhere (tasks, exceptions), so it is made rare, not switched off.
"""

from __future__ import annotations

import gc
import sys

#: A thread that has something to pass on (a fetch, an acknowledgement) waits so long at most for
#: the one that is deciding; Python's 5 ms would be added at every hop.
_SWITCH_S = 0.001
_YOUNG, _MIDDLE, _OLD = 100_000, 20, 20


def settle() -> None:
    """Call once, when everything is imported and wired: what lives now is never walked again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    sys.setswitchinterval(_SWITCH_S)
