"""The long measurement of the comparison, on a few people."""

from __future__ import annotations

import json

from fuma.cli.bench_comparison_long import long_comparison


def test_every_tenth_is_looked_at_and_said() -> None:
    lines: list[str] = []
    found = json.loads(json.dumps(long_comparison(2_000, lines.append)))
    assert [look["presences"] for look in found["looks"]] == [200 * n for n in range(1, 11)]
    assert all(look["a_cpu_second"] > 0 and look["store_bytes"] > 0 for look in found["looks"])
    assert found["late_case_ms"] > 0
    assert len(lines) == 12, "a head, ten tenths, the late case"
