"""A kept HTTP/1.1 connection to one server, for a call in the midst of a chunk.

Python's own ``http.client``: httpx takes half a millisecond of CPU for a request and leaves some
fifty values in cycles, which at a trickle was a seventh of what the gateway did. No proxy that the
environment names is used: identities would go off this machine.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

_TIMEOUT_S = 60.0


class NoAnswer(Exception):
    """The server is away, or went away before it had answered."""


class Lane:
    """One connection, made when it is needed. One request at a time."""

    def __init__(self, url: str, *, timeout_s: float = _TIMEOUT_S) -> None:
        """``url``: http or https; a path is put before every request's. Raises ``ValueError``."""
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        if parts.scheme not in ("http", "https") or not host:
            raise ValueError(f"{url!r} is no address: http://host:port is one")
        self._before = parts.path.rstrip("/")
        self._used = False  # an answer came over this very connection
        self._connection: HTTPConnection = (
            HTTPSConnection(host, port, timeout=timeout_s, context=ssl.create_default_context())
            if parts.scheme == "https"
            else HTTPConnection(host, port, timeout=timeout_s)
        )

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body of the answer. Raises ``NoAnswer``.

        A server closes what was quiet for some seconds, so a request over a kept connection that
        gets no answer at all goes once more over a new one: what is asked has to bear that.
        """
        while True:
            again, self._used = self._used, False
            try:
                self._connection.request("POST", self._before + path, body, dict(headers))
                answer = self._connection.getresponse()
                found = answer.status, answer.read()
            except (OSError, HTTPException) as error:
                self._connection.close()
                if again and not isinstance(error, TimeoutError):
                    continue
                raise NoAnswer(type(error).__name__) from error
            except BaseException:
                self._connection.close()  # what comes now is no answer to the next request
                raise
            self._used = True
            return found

    def close(self) -> None:
        self._connection.close()
