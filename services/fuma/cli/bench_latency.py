"""From report to Redis at a steady rate: how long until the platform answers with it.

Reports are sent in small groups at even distances, by one department's own client, each group a
file of its own. A sampler looks at the sink's positions every few milliseconds; a ledger record's
cause names the report, so each report's way ends at the first look that has its ledger offset
applied. The figure therefore includes at most one sampling interval of its own.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from fuma.cli.demo.questions import Questions
from fuma.cli.errors import CliError
from fuma.contracts import topics
from fuma.contracts.decisions import decode_ledger
from fuma.feed import FeedClient
from fuma.feed.lines import Line

_LOOK_S = 0.003
#: Groups that are sent a second.
GROUPS = 50


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from handing a report to the client until the sink has written it."""

    rate: float  # reports a second that were really sent
    reports: int
    p50: float
    p95: float
    p99: float
    p999: float
    worst: float


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank: the least of ``values`` (sorted) that a ``share`` of them do not exceed."""
    return values[max(0, math.ceil(share * len(values)) - 1)]


class _Sampler(threading.Thread):
    """Keeps (time, applied offsets) whenever they changed."""

    def __init__(self, ask: Questions) -> None:
        super().__init__(name="sampler", daemon=True)
        self.seen: list[tuple[float, dict[int, int]]] = []
        self._ask = ask
        self._stop_asked = threading.Event()

    def run(self) -> None:
        last: dict[int, int] = {}
        while not self._stop_asked.is_set():
            now = {
                p: position.applied
                for p, position in self._ask.platform.positions().items()
                if position is not None
            }
            if now != last:
                self.seen.append((time.monotonic(), now))
                last = now
            time.sleep(_LOOK_S)

    def stop(self) -> None:
        self._stop_asked.set()
        self.join()


def steady(
    ask: Questions, client: FeedClient, events: Sequence[tuple[bytes, bytes]], rate: int, name: str
) -> Latency:
    """Send ``events`` (report id, CloudEvent) at ``rate`` a second, ``GROUPS`` groups a second."""
    before = ask.ends(topics.DECISIONS)
    size = max(1, rate // GROUPS)
    sent: dict[bytes, float] = {}
    sampler = _Sampler(ask)
    sampler.start()
    began = time.monotonic()
    try:
        for start in range(0, len(events), size):
            # From the moment at which it was due: a sender that falls behind is not let off.
            due = began + start / rate
            time.sleep(max(0.0, due - time.monotonic()))
            group = events[start : start + size]
            sent.update((id_, due) for id_, _ in group)
            lines = [Line(row, event) for row, (_, event) in enumerate(group, 1)]
            client.report(lines, receipt=f"{name}-{start}", wait=False)
        seconds = time.monotonic() - began
        _decided(ask, sum(before.values()) + len(sent))
        ask.drained()
        time.sleep(0.2)
    finally:
        sampler.stop()
    arrived = _arrivals(ask, before, sampler.seen)
    took = sorted((arrived[id_] - at) * 1_000 for id_, at in sent.items() if id_ in arrived)
    if len(took) < len(sent):
        raise CliError(f"{len(sent) - len(took)} of {len(sent)} reports never reached the platform")
    return Latency(
        rate=len(sent) / seconds,
        reports=len(took),
        p50=percentile(took, 0.5),
        p95=percentile(took, 0.95),
        p99=percentile(took, 0.99),
        p999=percentile(took, 0.999),
        worst=took[-1],
    )


def _decided(ask: Questions, count: int, patience: float = 120.0) -> None:
    """Until the ledger has ``count`` records: every report sent here has exactly one."""
    until = time.monotonic() + patience
    while (found := ask.count(topics.DECISIONS)) < count:
        if time.monotonic() > until:
            raise CliError(f"{count - found} reports are undecided after {patience:.0f} s")
        time.sleep(0.05)


def _arrivals(
    ask: Questions, before: dict[int, int], seen: Sequence[tuple[float, dict[int, int]]]
) -> dict[bytes, float]:
    """Report id to the moment at which its decision was first seen applied."""
    found: dict[bytes, float] = {}
    for partition, end in ask.ends(topics.DECISIONS).items():
        looks = iter(seen)
        at, applied = next(looks, (0.0, {}))
        for record in ask.log.read(topics.DECISIONS, partition, before[partition], end):
            while applied.get(partition, -1) < record.offset:
                look = next(looks, None)
                if look is None:
                    return found
                at, applied = look
            found.setdefault(decode_ledger(record.value).cause.id, at)
    return found
