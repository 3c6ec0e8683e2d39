"""A broker that is not there: one error for whoever asked, and nothing on stderr beside it."""

from __future__ import annotations

import pytest

from fuma.contracts.errors import Fatal
from fuma.runtime import kafka


def test_a_dead_broker_is_an_error_and_no_chatter(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "_TIMEOUT_S", 0.5)
    reader = kafka.KafkaLogReader({"bootstrap.servers": "127.0.0.1:1"})
    for ask in (reader.topic_id, reader.partitions):
        with pytest.raises(Fatal):
            ask("fuma.law")
    reader.close()
    assert capfd.readouterr().err == ""
