"""How far the ledger reaches, asked quickly: is the sink behind?"""

from __future__ import annotations

import socket
from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition

from fuma.contracts.errors import FumaError
from fuma.contracts.topics import DECISIONS
from fuma.runtime.embedded.connect import kafka_address, kafka_config
from fuma.runtime.embedded.paths import Home

_USER = "auditor"
_TIMEOUT_S = 2.0


class LedgerEnds:
    """Ends of the decisions ledger by partition; ``None`` where Kafka does not answer."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._consumer: Consumer | None = None

    def __call__(self, partitions: Sequence[int]) -> dict[int, int] | None:
        try:
            consumer = self._connected()
            if consumer is None:
                return None
            ends = {}
            for number in partitions:
                place = TopicPartition(DECISIONS, number)
                _, ends[number] = consumer.get_watermark_offsets(place, _TIMEOUT_S, cached=False)
            return ends
        except (KafkaException, FumaError):
            self.close()
            return None

    def _connected(self) -> Consumer | None:
        if not any(_answers(a) for a in kafka_address(self._home).bootstrap.split(",")):
            self.close()
            return None
        if self._consumer is None:
            self._consumer = Consumer(
                {
                    **kafka_config(self._home, _USER),
                    "group.id": f"fuma.{_USER}.ends",  # only a name: nothing is committed
                    "enable.auto.commit": False,
                    "log_level": 0,
                }
            )
        return self._consumer

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None


def _answers(address: str) -> bool:
    """Whether anything listens there: librdkafka itself would wait its whole timeout."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=0.5).close()
    except (OSError, ValueError):
        return False
    return True
