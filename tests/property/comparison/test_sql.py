"""The same answer from a database: companions and rides of random worlds, in one SQL query."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import duckdb

from fuma.domain.comparison.events import Case, Presence
from fuma.domain.comparison.place import Vehicle
from fuma.domain.comparison.settings import Seating, Settings
from fuma.domain.time import DAY
from property.comparison import world
from property.comparison.reference import seen
from property.comparison.world import START, STEP, Line

NOW = START + 2 * DAY
WORLDS = 300
PLAIN = replace(
    world.SETTINGS,
    neighbours=False,
    companion=world.rule("companion", "spatiotemporal-companion"),
    seating={kind: Seating() for kind in Vehicle},
)
QUERY = """
with p as (
  select world, id, place, arg_max(struct_pack(tag, since, until, gone), (revision, -n)) as r
  from presence group by world, id, place
), c as (
  select world, id, arg_max(struct_pack(tag, since, until, gone), (revision, -n)) as r
  from infected group by world, id
), exposure as (
  select c.world, c.id as source, p.place, c.r.tag as tag,
         greatest(c.r.since, p.r.since) as since, least(c.r.until, p.r.until) as until
  from c join p on p.world = c.world and p.r.tag = c.r.tag
  where not c.r.gone and not p.r.gone
), met as (
  select p.world, p.r.tag as tag, p.place, greatest(e.since, p.r.since) as begun,
         least(e.until, p.r.until) as ended, p.r.since as since, p.r.until as until,
         e.since as e_since, e.until as e_until, e.source,
         case when p.place[1] = 'v' then $ride else $companion end as enough
  from exposure e join p on p.world = e.world and p.place = e.place
  where not p.r.gone and p.r.tag <> e.tag and e.since < e.until
), short as (
  select *, begun > max(ended) over (
    partition by world, tag, place, source order by begun, ended
    rows between unbounded preceding and 1 preceding) as apart
  from met where ended > begun and ended - begun < enough and place[1] = 'c'
), run as (
  select *, sum(case when apart then 1 else 0 end) over (
    partition by world, tag, place, source order by begun, ended rows unbounded preceding) as run
  from short
), whole as (
  select *, max(ended) over w - min(begun) over w as together
  from run window w as (partition by world, tag, place, source, run)
)
select world, tag, place, begun, ended, since, until, e_since, e_until, source
from met where ended - begun >= enough
union all
select world, tag, place, begun, ended, since, until, e_since, e_until, source
from whole where together >= enough
"""


class Plain:
    def settings(self, division: str, at: int) -> Settings | None:
        return PLAIN


def test_equal_to_duckdb() -> None:
    worlds = [world.history(Random(seed), areas=False) for seed in range(WORLDS)]
    base = duckdb.connect()
    columns = "world int, n int, id varchar, revision int, tag varchar, place varchar"
    columns += ", since bigint, until bigint, gone bool"
    base.execute(f"create table presence ({columns})")
    base.execute(f"create table infected ({columns})")
    rows: dict[str, list[tuple[object, ...]]] = {"presence": [], "infected": []}
    ours: Counter[tuple[object, ...]] = Counter()
    for number, told in enumerate(worlds):
        line = Line(law=Plain())
        for n, r in enumerate(told):
            assert isinstance(r, Presence | Case)
            place = _text(r.place) if isinstance(r, Presence) else ""
            rows["presence" if isinstance(r, Presence) else "infected"].append(
                (number, n, r.id.hex(), r.revision, r.tag.hex(), place, r.since, r.until, r.gone)
            )
            line.hear(r, NOW)
        for match in line.standing.values():
            f = seen(match)
            ours[
                (number, f.tag.hex(), _text(f.place), f.since, f.until, *f.stay, *f.source)
                + (f.case.hex(),)
            ] += 1
    for table, values in rows.items():
        base.executemany(f"insert into {table} values (?,?,?,?,?,?,?,?,?)", values)
    theirs = base.execute(QUERY, {"ride": STEP, "companion": 2 * STEP}).fetchall()
    assert sum(ours.values()) > WORLDS / 2, "these worlds have matches"
    assert ours == Counter(theirs)


def _text(place: bytes) -> str:
    return place.decode("latin-1")[:1] + place.hex()
