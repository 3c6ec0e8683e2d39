"""Stock Faust with the same pure core: the whole decision, the ledger record, at least once.

As its documentation says to write it: an agent over a topic of bytes, one record at a time, the
result sent and awaited. States are in a dictionary: its tables would only be slower.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import faust
from common import Clock, plan
from faust.auth import SASLCredentials

from fuma.contracts.decisions import FIRST, Cause, ledger_hash, split
from fuma.contracts.facts import decode_person
from fuma.contracts.rulesfile import law_of_texts, load_folder
from fuma.domain.codes.decide import advance
from fuma.domain.codes.state import EMPTY


def main() -> None:
    """Until the last record is sent and acknowledged."""
    p = plan()
    kafka = p["kafka"]
    law = law_of_texts(load_folder(Path(p["rules"])))
    app = faust.App(
        p["output"],
        broker=f"kafka://{kafka['bootstrap.servers']}",
        broker_credentials=SASLCredentials(
            username=kafka["sasl.username"],
            password=kafka["sasl.password"],
            mechanism=kafka["sasl.mechanism"],
        ),
        web_enabled=False,
        topic_disable_leader=True,
        store="memory://",
        datadir=p["state"],
        autodiscover=False,
    )
    app.conf.web_enabled = False
    source = app.topic(p["input"], value_type=bytes, value_serializer="raw", key_serializer="raw")
    target = app.topic(p["output"], value_serializer="raw", key_serializer="raw")
    clock = Clock(p["records"], p["warm"])
    states: dict[bytes, tuple[Any, int, bytes]] = {}
    finished = asyncio.Event()

    @app.agent(source)
    async def codes(stream: Any) -> None:
        async for event in stream.events():
            message, value = event.message, event.value
            state, seq, last = states.get(message.key, (EMPTY, 0, FIRST))
            item = decode_person(value)
            at = int.from_bytes(dict(message.headers)["fuma-time"], "big")
            decision, after = advance(state, item, at, law)
            if decision is not None:
                digest = hashlib.sha256(value).digest()
                place = message.partition, message.offset
                cause = Cause(item.id, bytes(16), *place, digest, item.content)
                for one in split(decision, cause, seq + 1, last):
                    await target.send(key=message.key, value=one, partition=message.partition)
                    seq, last = seq + 1, ledger_hash(one)
                states[message.key] = after, seq, last
            if clock.one():
                finished.set()

    async def run() -> None:
        await app.start()
        await finished.wait()
        await app.producer.flush()
        clock.answer()
        await app.stop()

    asyncio.new_event_loop().run_until_complete(run())


if __name__ == "__main__":
    main()
