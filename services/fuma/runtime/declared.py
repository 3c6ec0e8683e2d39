"""Partition counts: as declared in ``topics/``, whatever was added on the broker meanwhile."""

from __future__ import annotations

import logging

from fuma.contracts.topics import topics
from fuma.runtime.ports import LogReader

log = logging.getLogger(__name__)


def declared_count(reader: LogReader, topic: str) -> int:
    """How many partitions keys are spread over: never more than declared.

    With a partition more, a key would move to another one and begin a second ledger there.
    """
    there = reader.partitions(topic)
    declared = topics().get(topic)
    if declared is None or declared.partitions >= there:
        return there
    log.error("%s has %d partitions, declared are %d", topic, there, declared.partitions)
    return declared.partitions
