"""The short form of ``make chaos``: a fixed seed, some of its classes, the same check."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos import servers, services, states
from chaos.__main__ import too_tame
from chaos.drive import Run, faults

#: Quick ones of several kinds: services, Redis, stores.
SHORT = {
    "SIGKILL, five in a row": services.kills,
    "Redis emptied": servers.redis_emptied,
    "a byte flipped in each store": states.stores_flipped,
}
STEPS = ("part.codes", "none.outbox", "after.vault", "said-all.taskforce", "before.platform")


@pytest.mark.parametrize(
    ("minutes", "kills", "fails"),
    [(20.0, 59, True), (20.0, 60, False), (15.0, 0, True), (14.9, 0, False), (1.0, 3, False)],
)
def test_a_long_run_that_hardly_kills_fails(minutes: float, kills: int, fails: bool) -> None:
    assert bool(too_tame(minutes, kills)) is fails


@pytest.mark.slow
def test_everything_breaks_for_half_a_minute_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FUMA_KAFKA", "FUMA_REDIS", "FUMA_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert set(SHORT) <= set(faults(1))
    run = Run(tmp_path / "home", 7, 0.5, print, rate=150, kill_every=(3.0, 6.0))
    report = run.live(SHORT.items(), STEPS)
    assert report.faults == []
    assert report.counts["with an effect"] > 500
    assert report.counts["dead letters"] > 20
    assert run.line.kills >= 9
    assert set(run.line.survived) == {*SHORT, *(f"step {point}" for point in STEPS)}
