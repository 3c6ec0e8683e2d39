"""Asks the gateway's exchange, with an officer's key."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from fuma.contracts.errors import Refusal, Retryable
from fuma.contracts.exchange import request
from fuma.desk.keyfile import OfficerKey
from fuma.desk.signing import Terms


def address(home: Path) -> str:
    """``FUMA_EXCHANGE`` (a URL), else that of the gateway which runs on this home."""
    named = os.environ.get("FUMA_EXCHANGE")
    if named:
        return named.rstrip("/")
    path = home / "exchange.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["url"])
    except (OSError, ValueError, KeyError) as error:
        raise Retryable(f"no gateway runs here ({path})", "start it: fuma run") from error


class Asker:
    """One officer's way to the exchange."""

    def __init__(self, home: Path, key: OfficerKey) -> None:
        self._home = home
        self._key = key
        # Identities go to the gateway and through no proxy that the environment names.
        self._http = httpx.Client(timeout=60.0, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def ask(self, terms: Terms, ask: str, purpose: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer. Raises ``Refusal`` (it is not told), ``Retryable`` (nobody answers)."""
        envelope = request(
            self._key.signing, world=terms.world, province=terms.province, issued=terms.issued,
            ask=ask, purpose=purpose, body=body,
        )  # fmt: skip
        try:
            answer = self._http.post(address(self._home) + "/v1/ask", content=envelope)
        except httpx.TransportError as error:
            raise Retryable(f"the exchange does not answer: {type(error).__name__}") from error
        try:
            data: dict[str, Any] = answer.json()
        except ValueError:
            data = {}
        if answer.status_code == 200:
            return data
        said = f"the exchange refuses: {data.get('error', answer.status_code)}"
        if answer.status_code >= 500:
            raise Retryable(said, "try again")
        raise Refusal(said, "look-ups need an account whose step it is, and a purpose")

    def person(self, terms: Terms, number: str, name: str, purpose: str) -> bytes:
        """The reference of a natural person (16 bytes)."""
        answer = self.ask(terms, "person", purpose, {"number": number, "name": name})
        return bytes.fromhex(answer["person"])

    def lines(self, terms: Terms, rows: Sequence[dict[str, Any]], purpose: str) -> dict[str, Any]:
        """``{"lines": […], "faults": […]}`` of at most ``MAX_ROWS`` rows."""
        return self.ask(terms, "lines", purpose, {"rows": list(rows)})
