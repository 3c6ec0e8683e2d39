"""The exchange over HTTP, on loopback: a signed request in, JSON out.

It holds no token: whoever asks is known by the signature. Another machine reaches it through a
proxy that speaks TLS.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fuma.contracts.errors import Fatal, Refusal, Retryable
from fuma.contracts.exchange import open_request
from fuma.gateway.exchange import Exchange

log = logging.getLogger("fuma.gateway")
#: 500 rows of a form, with room.
_MOST = 1_000_000


def app(exchange: Exchange) -> Starlette:
    """The application."""

    async def ask(request: Request) -> Response:
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > _MOST:
                return JSONResponse({"error": "too large"}, 413)
            parts.append(part)
        try:
            signed = await run_in_threadpool(open_request, b"".join(parts))
            answer = await run_in_threadpool(exchange.answer, signed)
        except Refusal as error:
            return JSONResponse({"error": str(error)}, 403)
        except (Retryable, Fatal) as error:
            log.warning("exchange: %s", error)
            return JSONResponse({"error": "not answered now"}, 503)
        return JSONResponse(answer)

    async def alive(_: Request) -> Response:
        return Response(b"alive")

    return Starlette(
        routes=[Route("/v1/ask", ask, methods=["POST"]), Route("/v1/alive", alive)],
    )


class Server:
    """Serves in a thread of its own; says its address in ``<home>/exchange.json``."""

    def __init__(self, home: Path, exchange: Exchange) -> None:
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", 0))
        self._server = uvicorn.Server(
            uvicorn.Config(
                app(exchange), access_log=False, log_level="warning", timeout_graceful_shutdown=3
            )
        )
        # Signals are the gateway's own: a server in a thread must not take them.
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="exchange", daemon=True
        )
        self._thread.start()
        url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        path = home / "exchange.json"
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
        draft.replace(path)
        log.info("exchange on %s", url)

    def close(self) -> None:
        """Answer what was asked, then stop."""
        self._server.should_exit = True
        self._thread.join(5)
        self._listener.close()
