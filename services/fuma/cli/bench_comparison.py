"""What the stage ``comparison`` costs a record, in CPU: ``python -m fuma.cli.bench_comparison``.

One partition, one process: intake (MAC), decoding, decision and RocksDB with all its threads, but
no broker. CPU seconds, since other work on the machine should not count; what RocksDB does in the
background while the next records are made counts. Where DuckDB is installed, the same join over the
whole batch is timed beside it, all of its threads' CPU as well.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from random import Random

from fuma.contracts.presence import FRAME, encode_presence, keys_of
from fuma.contracts.topics import PERSON, PRESENCE, partition_for
from fuma.domain.comparison.events import Case, Input, Presence
from fuma.domain.comparison.grid import Cell
from fuma.domain.comparison.place import cell_place
from fuma.domain.comparison.settings import TEN_MINUTES, Rule, Settings
from fuma.domain.time import DAY, HOUR, MINUTE, Ms
from fuma.processor.comparison import Comparison
from fuma.runtime.heap import settle
from fuma.runtime.host_intake import Intake
from fuma.runtime.host_stored import StoredPartition
from fuma.runtime.host_types import Position
from fuma.runtime.host_world import World
from fuma.runtime.mac import Sealer
from fuma.runtime.marks import Marker
from fuma.runtime.ports import LogRecord
from fuma.runtime.store import RocksStore

_NOW: Ms = 1_655_136_000_000
_RULE = Rule("companion", b"companion", ("spatiotemporal-companion",), "grid-match", TEN_MINUTES)
_SETTINGS = Settings(companion=_RULE)
_CHUNK = 1_000
_JOIN = f"""
select count(*) from (
  select distinct b.id, c.id
  from infected c join seen a on a.tag = c.tag join seen b on b.place = a.place
  where b.tag <> a.tag
    and least(a.until, b.until, c.until) - greatest(a.since, b.since, c.since) >= {TEN_MINUTES}
)
"""


@dataclass(frozen=True, slots=True)
class Size:
    """One measurement: ``each`` presences of ``people`` over ``days`` in ``cells``."""

    people: int
    each: int
    cells: int
    cases: int
    days: int = 14


@dataclass(frozen=True, slots=True)
class Cost:
    """What came of it."""

    size: Size
    presences_per_cpu_second: int
    last_tenth_per_cpu_second: int  # when the store is full
    late_case_ms: float  # CPU, of one told last and looking back over all the days
    late_case_matches: int
    store_bytes_per_presence: float
    duckdb_cpu_s: float | None  # the join over the whole batch, loading apart
    ratio: float | None  # CPU of the stage over all its presences / of DuckDB's one join


class _Law:
    def settings(self, division: str, at: Ms) -> Settings | None:
        return _SETTINGS


def _tag(person: int) -> bytes:
    return person.to_bytes(4, "little") * 4


def stays(size: Size) -> Iterator[Presence]:
    """Each person in a cell of their own choice for twenty minutes to four hours."""
    random = Random(1)
    for number in range(size.people * size.each):
        since = _NOW - random.randrange(size.days * DAY - 5 * HOUR) - 4 * HOUR
        until = since + random.choice((20, 30, 60, 120, 240)) * MINUTE
        id_ = random.randbytes(16)
        row, column = divmod(random.randrange(size.cells), 1000)
        yield Presence(
            id_, 0, _tag(number % size.people), cell_place(Cell(4200 + row, 41000 + column)),
            "410105", since, until, identity="matched", department="communications",
        )  # fmt: skip


def case(number: int, person: int, days: int) -> Case:
    return Case(number.to_bytes(16, "big"), 0, _tag(person), _NOW - days * DAY + 1, _NOW, _NOW)


class Line:
    """One partition of the stage over a store of its own."""

    def __init__(self, folder: Path) -> None:
        self._sealer = Sealer(bytes(16), bytes(32))
        self._offset = 0
        partition_of = lru_cache(1 << 16)(partition_for)
        counts = {PRESENCE: 1, PERSON: 1}
        self._engine = StoredPartition(
            Comparison(_Law, 1),
            World(self._sealer, False, {Comparison.dead_letter_topic: 1}),
            Intake(self._sealer, simulated=False, partition_of=partition_of, counts=counts),
            RocksStore(folder),
            Marker(self._sealer, "comparison", PRESENCE, bytes(16), 0),
            partition_of,
            counts,
            Position(bytes(16), b""),
        )
        self._counted = time.process_time()

    def hear(self, items: Iterable[Input]) -> tuple[float, int]:
        """CPU seconds since the last call but for the making of records, and matches said.

        What goes back to ``presence`` is left to lie.
        """
        begun = time.thread_time()
        records = self._records(items)
        making, said = time.thread_time() - begun, 0
        for start in range(0, len(records), _CHUNK):
            chunk = self._engine.decide(records[start : start + _CHUNK])
            said += sum(record.topic == PERSON for record in chunk.outgoing)
            self._engine.take(chunk, ())
        last, self._counted = self._counted, time.process_time()
        return self._counted - last - making, said

    def _records(self, items: Iterable[Input]) -> list[LogRecord]:
        """As the log has them."""
        made = []
        for item in items:
            value = encode_presence(item)
            for key in keys_of(item, 1, FRAME):
                headers = self._sealer.headers(PRESENCE, key, value, time=None)
                made.append(LogRecord(PRESENCE, 0, self._offset, _NOW, key, value, headers))
                self._offset += 1
        return made

    def close(self) -> None:
        self._engine.close()


def measure(size: Size) -> Cost:
    """With ``size.cases`` known, all presences; then a case that nobody knew of."""
    with tempfile.TemporaryDirectory(prefix="fuma-bench-") as folder:
        line = Line(Path(folder))
        settle()
        known = [case(n, n * 7 % size.people, 5) for n in range(size.cases)]
        line.hear(known)
        told, total = stays(size), size.people * size.each
        part, spent = max(_CHUNK, total // 10), []
        for start in range(0, total, part):
            count = min(part, total - start)
            seconds, _ = line.hear(islice(told, count))
            spent.append((seconds, count))
        late, matches = line.hear([case(size.cases, size.people - 1, size.days)])
        line.close()
        stored = sum(path.stat().st_size for path in Path(folder).iterdir())
    cpu, last = sum(seconds for seconds, _ in spent), spent[-1]
    base = _duckdb(size) if find_spec("duckdb") else None
    return Cost(
        size, round(total / cpu), round(last[1] / last[0]), round(1000 * late, 1), matches,
        round(stored / total, 1), base, None if base is None else round(cpu / base, 2),
    )  # fmt: skip


def _duckdb(size: Size) -> float:
    """CPU seconds of the join alone, over tables that are loaded."""
    import duckdb

    base = duckdb.connect()
    sick = (case(n, n * 7 % size.people, 5) for n in range(size.cases))
    numbered = enumerate(stays(size))
    tables: dict[str, tuple[str, Iterable[tuple[object, ...]]]] = {
        "seen": (
            "id,tag,place,since,until",
            ((n, s.tag[:4].hex(), s.place.hex(), s.since, s.until) for n, s in numbered),
        ),
        "infected": (
            "id,tag,since,until",
            ((c.id.hex(), c.tag[:4].hex(), c.since, c.until) for c in sick),
        ),
    }
    with tempfile.TemporaryDirectory(prefix="fuma-bench-") as folder:
        for name, (head, rows) in tables.items():
            path = Path(folder) / f"{name}.csv"
            with path.open("w", encoding="utf-8") as out:
                out.write(head + "\n")
                out.writelines(",".join(map(str, row)) + "\n" for row in rows)
            source = f"read_csv('{path}', types={{'tag': 'varchar'}})"
            base.execute(f"create table {name} as from {source}")
    begun = time.process_time()
    base.execute(_JOIN).fetchall()
    taken = time.process_time() - begun
    base.close()
    return round(taken, 3)


#: As the population grows, with the same number of presences held: 200,000, then a million. Then as
#: the same people crowd together.
POPULATION = (
    Size(10_000, 20, 1_000, 20),
    Size(100_000, 2, 10_000, 200),
    Size(200_000, 1, 20_000, 400),
)
DENSITY = tuple(Size(20_000, 10, cells, 20) for cells in (10_000, 1_000, 100, 10, 1))
LARGE = (
    Size(10_000, 100, 1_000, 20),
    Size(100_000, 10, 10_000, 200),
    Size(1_000_000, 1, 100_000, 2_000),
)
#: The curve's name.
MORE_HELD = "people, a million presences"
WHAT = {"population": POPULATION, "density": DENSITY, "large": LARGE}


def sizes_up_to(people: int) -> list[tuple[str, Size]]:
    """Those of ``fuma bench``, with the name of their curve: of at most so many people. The
    smallest is among them, smaller still where ``people`` are fewer."""
    large = LARGE if people >= LARGE[-1].people else ()
    found = [
        (name, size)
        for name, sizes in (("people", POPULATION), (MORE_HELD, large), ("cells", DENSITY))
        for size in sizes
        if size.people <= people
    ]
    return found or [("people", Size(people, 2, max(1, people // 10), max(1, people // 500)))]


def main() -> None:
    """``population``, ``density`` or ``large`` (a million presences held); all if none is named."""
    for name in sys.argv[1:] or WHAT:
        for size in WHAT[name]:
            print(json.dumps(asdict(measure(size))), flush=True)


if __name__ == "__main__":
    main()
