"""Quix Streams of ``codes``' shape: decode, one state read and write, a record out, exactly once.

Runs in an environment of its own, with the one library. It decides nothing.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

from common import Clock, least, plan
from fastavro import parse_schema, schemaless_reader
from quixstreams import Application, State
from quixstreams.kafka.configuration import ConnectionConfig


def main() -> None:
    """Everything from the first offset to the last commit."""
    p = plan()
    schema = parse_schema(json.loads(Path(p["schema"]).read_text(encoding="utf-8")))
    kafka = p["kafka"]
    connection = ConnectionConfig(
        bootstrap_servers=kafka["bootstrap.servers"],
        security_protocol=kafka["security.protocol"],
        sasl_mechanism=kafka["sasl.mechanism"],
        sasl_username=kafka["sasl.username"],
        sasl_password=kafka["sasl.password"],
    )
    app = Application(
        connection,
        consumer_group=p["output"],
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=p["state"],
        producer_extra_config={"compression.type": "lz4"},
        loglevel="ERROR",
    )
    source = app.topic(p["input"], value_deserializer="bytes", key_deserializer="bytes")
    target = app.topic(p["output"], value_serializer="bytes", key_serializer="bytes")
    clock = Clock(p["records"], p["warm"])
    empty, size = "0" * p["state_bytes"], p["out_bytes"]

    def decide(value: bytes, state: State) -> bytes:
        fact = schemaless_reader(BytesIO(value[5:]), schema, None)["body"]
        # Its states are JSON: the same number of bytes, as text.
        before = state.get("state", empty)
        state.set("state", fact["id"].hex() + before[32:])
        clock.one()
        return least(fact, size)

    frame: Any = app.dataframe(source).apply(decide, stateful=True).to_topic(target)
    app.run(frame, count=p["records"], collect=False)
    clock.answer()


if __name__ == "__main__":
    main()
