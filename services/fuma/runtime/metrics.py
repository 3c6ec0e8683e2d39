"""Every metric of the stage host, one closed list. Nothing listens unless a service asks for it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

#: Records taken from an input topic, repeats and dead letters included.
RECORDS_IN = Counter("fuma_records_in", "Records read", ["stage"], registry=REGISTRY)
#: Records appended (ledger records, or a stateless stage's outputs), acknowledged.
RECORDS_OUT = Counter("fuma_records_out", "Records appended", ["stage"], registry=REGISTRY)
#: Inputs set aside, by the closed list of reasons (``host_intake.Reason``).
DEAD_LETTERS = Counter("fuma_dead_letters", "Dead letters", ["stage", "reason"], registry=REGISTRY)
#: Things that a human must see: forged ledger records, held keys, law too far behind.
ALARMS = Counter("fuma_alarms", "Alarms", ["stage", "kind"], registry=REGISTRY)
#: Chunks dropped because their assignment was over or they did not start where they should.
CHUNKS_DROPPED = Counter("fuma_chunks_dropped", "Chunks dropped", ["stage"], registry=REGISTRY)
#: T: highest log time seen in the partition, milliseconds UTC.
LOG_TIME = Gauge("fuma_log_time_ms", "T", ["stage", "partition"], registry=REGISTRY)
#: Records between what is applied and the end of the input partition.
LAG = Gauge("fuma_lag_records", "Lag", ["stage", "partition"], registry=REGISTRY)
#: Records in a chunk.
CHUNK_SIZE = Histogram(
    "fuma_chunk_records",
    "Chunk size",
    ["stage"],
    buckets=(1, 10, 50, 100, 250, 500, 1000, 2000, 5000),
    registry=REGISTRY,
)
_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30)
#: Seconds to decide a chunk, to have it acknowledged, to write the store.
DECIDE = Histogram("fuma_decide_s", "Decide", ["stage"], buckets=_SECONDS, registry=REGISTRY)
APPEND = Histogram("fuma_append_s", "Append", ["stage"], buckets=_SECONDS, registry=REGISTRY)
STORE = Histogram("fuma_store_s", "Store write", ["stage"], buckets=_SECONDS, registry=REGISTRY)


class Shown:
    """What one partition of a stage shows with every chunk: its labels are looked up once."""

    __slots__ = ("lag", "log_time", "records_in", "records_out")

    def __init__(self, stage: str, partition: str) -> None:
        self.records_in = RECORDS_IN.labels(stage)
        self.records_out = RECORDS_OUT.labels(stage)
        self.log_time = LOG_TIME.labels(stage, partition)
        self.lag = LAG.labels(stage, partition)


class Timed:
    """Sizes and times of a stage's chunks."""

    __slots__ = ("append", "decide", "size", "store")

    def __init__(self, stage: str) -> None:
        self.size = CHUNK_SIZE.labels(stage)
        self.decide = DECIDE.labels(stage)
        self.append = APPEND.labels(stage)
        self.store = STORE.labels(stage)
