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

from fuma.cli.bench_comparison import measure, sizes_up_to
from fuma.cli.bench_latency import percentile
from fuma.cli.bench_table import Peer, Result, peers, show
from fuma.cli.errors import CliError


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
    assert [size.people for curve, size in sizes_up_to(1_000_000) if curve == "people"] == [
        10_000, 100_000, 200_000, 1_000_000,
    ]  # fmt: skip
    assert len([size for curve, size in sizes_up_to(100_000) if curve == "cells"]) == 5
    ((curve, size),) = sizes_up_to(1_000)
    found = measure(replace(size, cells=1))
    assert found.late_case_matches > 0
    console = Console(width=200, record=True, file=io.StringIO())
    show(Result(1, 1, 1.0, comparison=[(curve, found)]), console)
    shown = console.export_text()
    assert f"{found.presences_per_cpu_second:,}" in shown
    assert f"{found.late_case_matches:,}" in shown


@pytest.mark.slow
def test_a_small_bench_measures_every_stage(tmp_path: Path) -> None:
    peers = tmp_path / "peers.json"
    peers.write_text('{"peers": [{"name": "other", "rate": 10, "does": "less"}]}')
    words = ["bench", "--records", "1000", "--seconds", "2", "--rate", "100", "--json",
             "--persons", "2000", "--workers", "2", "--peers", str(peers)]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "fuma.cli.main", *words, "--home", str(tmp_path / "bench")],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    named = {stage["name"]: stage for stage in result["stages"]}
    assert set(named) == {"gateway", "taskforce", "codes", "outbox", "sink"}
    assert all(stage["rate"] > 0 and stage["records"] == 1000 for stage in named.values())
    assert named["codes"]["workers"] == 2
    assert any(stage["cpu_micros"] > 0 for stage in named.values())
    assert result["baseline"] > 0
    assert result["rebuild"] > 0
    assert result["space"]["persons"] == 1000
    assert min(result["space"][f"{one}_bytes"] for one in ("store", "ledger", "redis")) > 0
    assert set(result["by_persons"]) == {"2000"}
    assert set(result["by_partitions"]) == {"1", "8", "64"}
    ((curve, cost),) = result["comparison"]
    assert (curve, cost["size"]["people"]) == ("people", 2000)
    assert cost["presences_per_cpu_second"] > 0
    assert result["peers"] == [{"name": "other", "rate": 10.0, "does": "less"}]
    assert result["end_to_end"] > 0
    latency = result["latency"]["100"]
    assert latency["reports"] == 200
    assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"] <= latency["worst"]
    assert not (tmp_path / "bench").exists(), "the bench leaves nothing behind"
