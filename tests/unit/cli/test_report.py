"""``fuma report``: what is refused before anything is sent."""

from __future__ import annotations

import pytest

from fuma.cli import main
from fuma.cli.errors import USAGE


@pytest.mark.parametrize("now", ["nonsense", "1969-01-01", "1969-12-31T23:59:59Z"])
def test_a_log_time_that_no_record_can_carry_is_wrong_usage(
    now: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["report", "--department", "health", "--now", now, __file__]) == USAGE
    assert "is no moment" in capsys.readouterr().err
