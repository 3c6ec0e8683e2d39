"""Faust as it comes, with one agent for each of its traps: what ``test_faust_traps.py`` watches.

Usage: ``python stock_faust.py worker``; topics and connection come from the environment. Each agent
writes what it processed to a file of its name, a line a record.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import faust
from faust.auth import SASLCredentials

KAFKA = json.loads(os.environ["STOCK_KAFKA"])
SUFFIX = os.environ["STOCK_SUFFIX"]
FOLDER = Path(os.environ["STOCK_FOLDER"])

app = faust.App(
    f"stock{SUFFIX}",
    broker=f"kafka://{KAFKA['bootstrap.servers']}",
    broker_credentials=SASLCredentials(
        username=KAFKA["sasl.username"], password=KAFKA["sasl.password"],
        mechanism=KAFKA["sasl.mechanism"],
    ),
    web_port=int(os.environ["STOCK_PORT"]),
    store="memory://",
    topic_allow_declare=False,
    topic_disable_leader=True,
    broker_commit_interval=0.5,
    stream_wait_empty=False,
    consumer_auto_offset_reset="earliest",
)  # fmt: skip


def topic(name: str, **options: Any) -> Any:
    return app.topic(f"stock.{name}{SUFFIX}", **options)


def processed(agent: str, value: object) -> None:
    with (FOLDER / agent).open("a") as file:
        file.write(f"{value}\n")


@app.agent(topic("raises", value_serializer="raw"))
async def raises(stream: Any) -> None:
    """Trap: an agent that raises acks the event."""
    async for value in stream:
        if value == b"3":
            raise RuntimeError("a bug in the agent")
        processed("raises", value.decode())


@app.agent(topic("batch", value_serializer="json"))
async def batch(stream: Any) -> None:
    """Trap: a decode error in a batched stream stops the agent, and nobody is told."""
    async for values in stream.take(5, within=0.2):
        for value in values:
            processed("batch", value)


@app.agent(topic("passes", value_serializer="raw"), concurrency=2)
async def passes(stream: Any) -> None:
    """Trap: a commit passes an offset that is not processed."""
    async for value in stream:
        if value == b"0":
            await asyncio.sleep(3_600)
        processed("passes", value.decode())


@app.agent(topic("sends", value_serializer="raw"))
async def sends(stream: Any) -> None:
    """Trap: a produce failure does not stop the commit."""
    async for value in stream:
        await topic("sent", value_serializer="raw").send(value=value)
        processed("sends", len(value))


if __name__ == "__main__":
    app.main()
