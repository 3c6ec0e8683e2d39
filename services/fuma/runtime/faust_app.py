"""The Faust app of a service, and the process around it.

One app per process runs all of a service's stages in one consumer group. Nothing listens: Faust's
web server stays off. Faust may create no topic and keep no table. A process ends in one of two
ways: asked to (finish what is open, exit 0), or by ``die`` (at once, non-zero, nothing sent after).
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import faust
from faust.auth import SASLCredentials
from yarl import URL

from fuma.runtime import faust_transport
from fuma.runtime.faust_host import Host
from fuma.runtime.faust_transport import Consumer
from fuma.runtime.host_line import Stage
from fuma.runtime.kafka_access import tls
from fuma.runtime.ports import Appender

log = logging.getLogger(__name__)
#: Exit code of a process that could not go on (``sysexits.h``: internal software error).
EXIT_FATAL = 70
_STOP_S = 20.0


def die(error: BaseException) -> NoReturn:
    """Log and end the process now: no exit handlers, so that nothing buffered is sent."""
    log.critical("stopping: %s", error, exc_info=error)
    for handler in logging.getLogger().handlers:
        handler.flush()
    sys.stderr.flush()
    os._exit(EXIT_FATAL)


class _ChunkSchema(faust.Schema[Any, Any]):
    """Hands the chunk through: bytes are decoded by the stage, into a value or a dead letter."""

    def compile(self, app: Any, **_: Any) -> Any:
        create = app.create_event

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return create(None, message.value, None, message)

        return decode


class App(faust.App):
    """A Faust app whose positions and failures belong to the host."""

    chunk_host: Host

    def _create_directories(self) -> None:
        """No table, so no directory."""


def build(
    group: str,
    kafka: Mapping[str, str],
    host: Host,
    stages: Sequence[Stage],
    *,
    instance: str | None = None,
) -> App:
    """The app. ``kafka``: connection settings; ``instance``: static member id."""
    faust_transport.register()
    servers = kafka["bootstrap.servers"].split(",")
    credentials = None
    if "sasl.username" in kafka:
        credentials = SASLCredentials(
            username=kafka["sasl.username"],
            password=kafka["sasl.password"],
            mechanism=kafka["sasl.mechanism"],
            ssl_context=tls(kafka),
        )
    app = App(
        group,
        broker=[URL(f"fuma://{server}") for server in servers],
        broker_credentials=credentials,
        consumer_group_instance_id=instance,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        autodiscover=False,
        set_as_current=False,
        store="memory://",
    )
    app.chunk_host = host
    for stage in stages:
        topic = app.topic(*stage.topics, schema=_ChunkSchema(), value_type=bytes)
        app.agent(topic, name=stage.name)(_agent(host))
    return app


def _agent(host: Host) -> Any:
    async def agent(stream: Any) -> None:
        async for chunks in stream:
            try:
                host.receive(chunks)
            except Exception as error:  # Faust would only log it, and acknowledge
                host.failed(error)

    return agent


async def serve(app: App, host: Host, appender: Appender) -> None:
    """Run until SIGTERM or SIGINT; then finish what is open, and return."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    consumer = app.consumer
    assert isinstance(consumer, Consumer)
    host.consumer = consumer
    await app.start()
    crashed = loop.create_task(app._crashed.wait())
    stop = loop.create_task(asked.wait())
    await asyncio.wait([crashed, stop], return_when=asyncio.FIRST_COMPLETED)
    if crashed.done():
        host.failed(app.crash_reason or RuntimeError("Faust crashed"))
    crashed.cancel()
    await host.close()
    try:
        await asyncio.wait_for(app.stop(), _STOP_S)
    except TimeoutError:
        log.warning("Faust did not stop within %g s; the group will notice", _STOP_S)
    appender.close()
