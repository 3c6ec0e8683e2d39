"""What only cycles keep alive, between two chunks; what threads that are gone have left."""

from __future__ import annotations

import gc
import platform
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from weakref import ref

import pytest

from fuma.runtime import heap


class Knot:
    def __init__(self) -> None:
        self.self = self


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    """Nobody else collects meanwhile."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_few_are_left_and_many_are_taken() -> None:
    few = ref(Knot())
    heap.tidy()
    assert few() is not None, "not worth a look"
    kept = [[] for _ in range(heap._TIDY + 1)]  # type: list[list[int]]
    heap.tidy()
    assert few() is None
    assert len(kept) == heap._TIDY + 1


GLIBC = "glibc" in "".join(platform.libc_ver())
ARENAS = textwrap.dedent(
    """
    import ctypes, tempfile, threading
    from fuma.runtime import heap

    def arenas():
        libc = ctypes.CDLL(None)
        libc.fopen.restype = ctypes.c_void_p
        with tempfile.NamedTemporaryFile() as told:
            stream = ctypes.c_void_p(libc.fopen(told.name.encode(), b"w"))
            libc.malloc_info(0, stream)
            libc.fclose(stream)
            return told.read().count(b"<heap nr=")

    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096 >> 20

    if {few}:
        heap.few_arenas()

    def work():
        # Larger than Python's own pool takes, smaller than what the C library asks the system for.
        kept.append([bytes(4_000) for _ in range(2_500)])
        turn.wait()

    kept, turn = [], threading.Barrier(9)
    threads = [threading.Thread(target=work) for _ in range(8)]
    for one in threads:
        one.start()
    turn.wait()
    full, made = resident(), arenas()
    for one in kept:
        del one[:-1]  # the last of each stays, and with it the place before it
    heap.trim()
    print(full, resident(), made)
    """
)


@pytest.mark.skipif(not GLIBC, reason="the C library is not glibc")
@pytest.mark.parametrize("few", [True, False])
def test_what_was_used_is_given_back(few: bool) -> None:
    words = [sys.executable, "-c", ARENAS.replace("{few}", str(few))]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    full, after, arenas = map(int, told)
    assert full - after > 40, "of the 80 MB"
    assert (arenas <= 2) is few
