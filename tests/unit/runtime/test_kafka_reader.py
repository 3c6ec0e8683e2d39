"""The log reader and a broker that has only just started."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from fuma.contracts.errors import Fatal
from fuma.runtime import kafka
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.ports import Bounds


class Starting:
    """A consumer whose broker does not lead its partitions yet."""

    def __init__(self, code: int, times: int) -> None:
        self.code, self.left, self.gone = code, times, False

    def get_watermark_offsets(self, *_: Any, **__: Any) -> tuple[int, int]:
        if self.left:
            self.left -= 1
            raise KafkaException(KafkaError(self.code))
        return 3, 7

    def list_topics(self, *_: Any, **__: Any) -> None:
        if self.gone:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))


def reader(consumer: Starting) -> KafkaLogReader:
    made = KafkaLogReader({"bootstrap.servers": "127.0.0.1:1"})
    made._consumer.close()
    made._consumer = consumer  # type: ignore[assignment]
    return made


@pytest.mark.parametrize(
    "code", [KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError._UNKNOWN_PARTITION]
)
def test_a_broker_that_has_just_started_is_asked_again(code: int) -> None:
    assert reader(Starting(code, 2)).bounds("fuma.law", 0) == Bounds(3, 7)


def test_one_that_never_leads_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "_NEW_TOPIC_S", 0.1)
    with pytest.raises(Fatal, match=r"fuma\.law/0"):
        reader(Starting(KafkaError.NOT_LEADER_FOR_PARTITION, 1_000)).bounds("fuma.law", 0)


def test_one_that_goes_away_meanwhile_is_the_same_kind_of_failure() -> None:
    going = Starting(KafkaError.NOT_LEADER_FOR_PARTITION, 1)
    going.gone = True
    with pytest.raises(Fatal, match=r"fuma\.law"):
        reader(going).bounds("fuma.law", 0)
