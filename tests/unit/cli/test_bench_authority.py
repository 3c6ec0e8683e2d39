"""The measurement of ``authority`` measures what it says: every command counts."""

from __future__ import annotations

from pathlib import Path

from fuma.cli.bench_authority import measure


def test_every_command_of_the_measurement_is_decided(tmp_path: Path) -> None:
    found = measure(3, 250, tmp_path / "store")
    # Founding; of each form the manifest, two pages, three signatures.
    assert found["commands"] == 1 + 3 * 6
    assert found["dead_letters"] == 0
    assert found["ledger_records"] >= found["commands"]
    assert found["commands_per_cpu_second"] > 0
