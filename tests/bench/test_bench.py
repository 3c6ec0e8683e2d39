"""``fuma bench`` runs whole and its figures hang together; how large they are is not tested."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from fuma.cli.bench_comparison import MORE_HELD, measure, sizes_up_to
from fuma.cli.bench_flat import slope
from fuma.cli.bench_latency import percentile
from fuma.cli.bench_line import NAMES
from fuma.cli.bench_long import Look, verdicts
from fuma.cli.bench_recovery import Rebuilt, rebuild
from fuma.cli.bench_result import Peer, Result, peers
from fuma.cli.bench_table import show
from fuma.cli.errors import CliError
from fuma.processor import settings
from fuma.runtime.embedded.paths import Home


def test_peers_are_taken_from_a_file_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "peers.json"
    file.write_text('{"records": 3, "peers": [{"name": "a", "rate": 1.5, "does": "b"}]}')
    assert peers(file) == [Peer("a", 1.5, "b")]
    for wrong in ("{}", "[]", '{"peers": [{"name": "a"}]}', "x"):
        file.write_text(wrong)
        with pytest.raises(CliError):
            peers(file)


def test_percentiles_are_values_that_occurred() -> None:
    values = list(range(1, 101))
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [50, 95, 99, 100]
    assert percentile([7], 0.999) == 7


def test_the_comparison_has_its_rows() -> None:
    sizes = sizes_up_to(1_000_000)
    for name, held, people in (
        ("people", 200_000, [10_000, 100_000, 200_000]),
        (MORE_HELD, 1_000_000, [10_000, 100_000, 1_000_000]),
    ):
        rows = [size for curve, size in sizes if curve == name]
        assert [size.people for size in rows] == people
        assert {size.people * size.each for size in rows} == {held}
    assert len([size for curve, size in sizes_up_to(100_000) if curve == "cells"]) == 5
    ((curve, size),) = sizes_up_to(1_000)
    found = measure(replace(size, cells=1))
    assert found.late_case_matches > 0
    console = Console(width=200, record=True, file=io.StringIO())
    show(Result(1, 1, comparison=[(curve, found)]), console)
    shown = console.export_text()
    assert f"{found.presences_per_cpu_second:,}" in shown
    assert f"{found.late_case_matches:,}" in shown


def test_a_recovery_says_how_many_worked_at_it() -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    rebuilt = [Rebuilt(2, 3000, 98765.4, 21.04), Rebuilt(1, 1500, 43210.9, 18.26)]
    show(Result(1, 2, rebuilt=rebuilt), console)
    lines = [one for one in console.export_text().splitlines() if one.startswith("recovery")]
    assert lines == [
        "recovery, 2 workers: 98,765 ledger records/s into empty stores (21.0 µs of CPU each, "
        "3,000 records)",
        "recovery, one worker alone: 43,211 ledger records/s into empty stores (18.3 µs of CPU "
        "each, 1,500 records)",
    ]


def test_a_process_that_cannot_fold_ends_the_recovery_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="no world"):
        rebuild(Home(tmp_path), tmp_path / "rebuilt", 2)


def test_every_stage_has_its_row() -> None:
    assert set(NAMES) == {*settings.STAGES, "gateway", "itinerary", "sink"}


def test_a_slope_is_judged_after_its_settling_time() -> None:
    settled = [(float(n), 100.0 if n > 30 else float(n)) for n in range(101)]
    assert slope(settled).flat
    leak = slope([(float(n), 100.0 + n) for n in range(101)])
    assert (round(leak.a_minute), leak.verdict) == (60, "rises")
    assert slope([(float(n), 200.0 - n) for n in range(101)]).verdict == "falls"


def test_a_long_run_says_what_rose() -> None:
    looks = [
        Look("steady", 60.0 * n, 1000 * n, 1000 * n, 100.0, 50.0, 200.0 + 10 * n, 300.0, 10.0,
             10.0 + n, 9.0, 20.0, 1.0)
        for n in range(60)
    ]  # fmt: skip
    said = verdicts(looks)
    assert said[0].startswith("a worker's memory: ")
    assert said[0].endswith("a minute: rises")
    assert all(line.endswith("flat") for line in said[1:5])
    assert said[5] == "disk: 1,000 bytes a decision, facts and stores included"
    assert verdicts(looks[:3]) == [], "too few to judge"


@pytest.mark.parametrize(
    "words", [["--only", "nothing"], ["--stage", "nothing"], ["--only", "peers", "--peers", "no"]]
)
def test_what_is_not_there_is_refused(words: list[str], tmp_path: Path) -> None:
    assert _bench(tmp_path, *words).returncode != 0


@pytest.mark.slow
def test_a_small_bench_measures_every_phase(tmp_path: Path) -> None:
    peers = tmp_path / "peers.json"
    peers.write_text('{"peers": [{"name": "other", "rate": 10, "does": "less"}]}')
    stages = ("gateway", "taskforce", "codes", "sink", "authority")
    phases = ("peers", "stages", "end-to-end", "latency", "steady", "growth", "comparison")
    done = _bench(
        tmp_path, "--records", "1000", "--seconds", "2", "--warm", "1", "--rate", "100",
        "--persons", "2000", "--workers", "2", "--peers", str(peers), "--steady-minutes", "0.1",
        "--junk", "50",
        *(word for name in stages for word in ("--stage", name)),
        *(word for name in phases for word in ("--only", name)),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["failed"] == {}
    assert set(result["seconds"]) == set(phases)
    named = {stage["name"]: stage for stage in result["stages"]}
    assert tuple(named) == stages
    assert all(stage["rate"] > 0 and stage["bare"]["rate"] > 0 for stage in named.values())
    for name in ("gateway", "taskforce", "codes"):
        assert named[name]["records"] == 1000
        assert named[name]["bare"]["outputs"] >= 1000, "a bare loop writes what the stage wrote"
    assert named["authority"]["bare"]["outputs"] > 0
    assert named["codes"]["workers"] == 2
    assert any(stage["cpu_micros"] > 0 for stage in named.values())
    several, alone = result["rebuilt"]
    assert (several["processes"], alone["processes"]) == (2, 1)
    assert several["records"] == 1000, "every partition is folded, none twice"
    assert 0 < alone["records"] < 1000, "one worker's share"
    assert min(one[name] for one in (several, alone) for name in ("rate", "cpu_micros")) > 0
    assert result["space"]["persons"] == 1000
    places = ("store", "ledger", "redis", "vault")
    assert min(result["space"][f"{one}_bytes"] for one in places) > 0
    assert set(result["by_persons"]) == {"2000"}
    assert set(result["by_partitions"]) == {"1", "4", "16", "64"}
    ((curve, cost),) = result["comparison"]
    assert (curve, cost["size"]["people"]) == ("people", 2000)
    assert cost["presences_per_cpu_second"] > 0
    (peer,) = result["peers"]
    assert (peer["name"], peer["rate"], peer["does"]) == ("other", 10.0, "less")
    assert result["end_to_end"]["rate"] > 0
    latency = result["latency"]["100"]
    assert latency["reports"] == 200, "what came in to warm up does not count"
    assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"] <= latency["worst"]
    spoilt = result["latency"]["100 + 50 junk"]
    assert spoilt["reports"] == 200
    assert spoilt["micros"]["junk"] > 0
    assert set(latency["hops"]) == {"in → feed", "feed → person", "person → decisions"}
    assert {"gateway", "processor", "sink", "broker", "sampler"} <= set(latency["micros"])
    assert result["steady"]["reports"] > 0
    assert set(result["steady"]["rss_mib"]) >= {"vault", "gateway", "processor", "sink", "broker"}
    assert not (tmp_path / "bench").exists(), "the bench leaves nothing behind"


@pytest.mark.slow
def test_a_small_ledger_is_folded_anew_by_a_worker_that_is_killed_then(tmp_path: Path) -> None:
    words = ("--only", "recovery", "--ledger-records", "2000", "--ledger-persons", "500")
    done = _bench(tmp_path, *words, "--load-seconds", "2")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["ledger"]
    assert (found["records"], found["persons"]) == (2000, 500)
    assert found["steps"][-1]["decided"] == 2000
    assert min(found[f"{one}_bytes"] for one in ("store", "ledger", "person")) > 0
    assert found["rebuilt"]["records"] == 2000
    assert found["rebuilt"]["rate"] > 0
    assert found["rebuild_seconds"] > 0
    assert found["load_waits"]["records"] > 0
    assert 0 < found["rebuilt_rss_mib"] <= found["rebuilt_peak_mib"]
    assert found["load_rss_mib"] > 0
    assert 0 < found["kill_first_seconds"] <= found["kill_whole_seconds"]


def _bench(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fuma.cli.main", "bench", "--json", *words,
         "--home", str(folder / "bench")],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
