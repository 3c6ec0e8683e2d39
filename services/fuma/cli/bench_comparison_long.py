"""The comparison over very many people in one partition: speed, memory and disk must be flat.

``python -m fuma.cli.bench_comparison_long 10000000``. The records are told a slice at a time, so
that what grows is the stage's.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import psutil

from fuma.cli.bench_comparison import Line, Size, case, stays
from fuma.runtime.heap import few_arenas, settle

_LOOKS = 10
_SLICE = 5_000
_LATE = 5


def long_comparison(people: int, say: Callable[[str], None]) -> dict[str, Any]:
    """One presence of each of ``people``, ten for a cell, then late cases; a line at each tenth.

    The result holds the same as JSON can: ``people``, ``looks`` (for each tenth the presences told
    so far, presences a CPU second, MiB of the process, bytes of the store) and ``late_case_ms``,
    CPU of one of a few cases told last, each looking back over all the days.
    """
    size = Size(people, 1, max(1, people // 10), min(2_000, max(1, people // 500)))
    looks: list[dict[str, int]] = []
    say(f"{'presences':>12} {'a CPU s':>9} {'MiB':>7} {'store MB':>9}")
    with tempfile.TemporaryDirectory(prefix="fuma-bench-") as folder:
        line = Line(Path(folder))
        told, done = stays(size), 0
        settle()
        line.hear(case(n, n * 7 % people, 5) for n in range(size.cases))
        for look in range(1, _LOOKS + 1):
            until, spent, first = people * look // _LOOKS, 0.0, done
            while done < until:
                count = min(_SLICE, until - done)
                spent += line.hear(islice(told, count))[0]
                done += count
            one = {
                "presences": done,
                "a_cpu_second": round((done - first) / max(spent, 1e-6)),
                "mib": psutil.Process().memory_info().rss >> 20,
                "store_bytes": _bytes(Path(folder)),
            }
            looks.append(one)
            say(
                f"{done:12,} {one['a_cpu_second']:9,} {one['mib']:7,} "
                f"{one['store_bytes'] / 1e6:9,.0f}"
            )
        late = [
            line.hear([case(size.cases + n, people - 1 - n, size.days)])[0] for n in range(_LATE)
        ]
        line.close()
    middle = round(1000 * sorted(late)[_LATE // 2], 1)
    say(f"a late case: {middle} ms")
    return {"people": people, "looks": looks, "late_case_ms": middle}


def _bytes(folder: Path) -> int:
    """RocksDB deletes files as one looks."""
    total = 0
    for path in folder.iterdir():
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def main() -> None:
    """The number of people, ten million unless told otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("people", type=int, nargs="?", default=10_000_000)
    people = parser.parse_args().people
    few_arenas()  # as a worker does
    print(
        json.dumps(long_comparison(people, lambda text: print(text, file=sys.stderr, flush=True)))
    )


if __name__ == "__main__":
    main()
