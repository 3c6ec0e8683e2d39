"""``python -m fuma.vault``: wiring."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys

import uvicorn

from fuma.contracts.errors import FumaError
from fuma.runtime import keyfiles
from fuma.runtime.clock import SystemClock
from fuma.runtime.heap import few_arenas
from fuma.runtime.vault import address_path, ensure_tokens
from fuma.vault.app import app
from fuma.vault.book import VaultBook
from fuma.vault.settings import Settings

log = logging.getLogger("fuma.vault")


def _listen(port: int) -> socket.socket:
    """A socket on loopback alone: identities do not leave the machine in the clear."""
    # asyncio switches Nagle's algorithm off for sockets that say their protocol; without that the
    # body of an answer waits 40 ms for the acknowledgement of its headers.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    tokens = ensure_tokens(settings.home)
    settings.database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    book = VaultBook(settings.database, keyfiles.secret(settings.home, keyfiles.Key.VAULT))
    listener = _listen(settings.port)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(
        uvicorn.Config(
            app(book, tokens, SystemClock()),
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=5,
        )
    )
    path = address_path(settings.home)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    draft.replace(path)
    log.info("vault on %s", url)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again once it has stopped; the database is closed after that
        signal.signal(number, lambda *_: None)
    try:
        await server.serve(sockets=[listener])
    finally:
        book.close()
        listener.close()


def main() -> int:
    """Run; 1 with one line on a failure."""
    few_arenas()
    parser = argparse.ArgumentParser(prog="python -m fuma.vault", description="the vault service")
    parser.add_argument("--home", help="FUMA_HOME")
    settings = Settings.of(parser.parse_args().home)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        asyncio.run(serve(settings))
    except FumaError as error:
        print(f"fuma vault: {error}" + (f" ({error.hint})" if error.hint else ""), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
