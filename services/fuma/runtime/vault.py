"""The vault's client (``ports.Vault``) and what both sides of the wire share."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from fuma.contracts.errors import Fatal, Refusal, Retryable
from fuma.runtime.http_lane import Lane, NoAnswer
from fuma.runtime.ports import SubjectKey

#: Who may ask the vault for what; each has a token of its own.
ROLES = ("gateway", "holders-loader", "auditor", "officer-reader")
#: People in one request: a batch is one transaction, so neither too few nor too many.
BATCH = 1_000
_subjects = msgspec.msgpack.Decoder(list[tuple[bytes, bytes, str]])
_traded = msgspec.msgpack.Decoder(list[tuple[bytes, str]])
_keys = msgspec.msgpack.Decoder(list[bytes | None])


class Find(msgspec.Struct):
    """Which tag has this number; why is it asked, and by whom."""

    number: str
    purpose: str
    who: str = ""


class Ask(msgspec.Struct):
    """Subject keys of these tags; why, and by whom."""

    tags: list[bytes]
    purpose: str
    who: str = ""


class Trade(msgspec.Struct):
    """Tags of these people, for a form; why, and for which officer."""

    people: list[tuple[str, str]]
    purpose: str
    who: str


def address_path(home: Path) -> Path:
    """Where a running vault says its address."""
    return home / "vault.json"


def token_path(home: Path, role: str) -> Path:
    """Where the token of a role is kept."""
    return home / "credentials" / f"vault-{role}.json"


def ensure_tokens(home: Path) -> dict[str, str]:
    """Role to token; those that are missing are generated (files of mode 0600)."""
    tokens = {}
    for role in ROLES:
        path = token_path(home, role)
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({"role": role, "token": secrets.token_urlsafe(32)}, file)
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        tokens[role] = read_token(home, role)
    return tokens


def read_token(home: Path, role: str) -> str:
    """The token of a role. Raises ``Refusal`` where this home does not hold it."""
    path = token_path(home, role)
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["token"])
    except OSError as error:
        raise Refusal(
            f"no vault credentials for role {role} ({path}: {error.strerror})",
            "start the vault once (`fuma run vault`), or ask its operator for the file",
        ) from error
    except (ValueError, KeyError) as error:
        raise Fatal(f"{path}: not readable", "delete it and start the vault again") from error


class VaultClient:
    """Asks a vault over HTTP in one role. ``FUMA_VAULT`` (a URL) names an external one.

    From any thread; one request at a time.
    """

    def __init__(self, home: Path, role: str, *, who: str = "", patience: float = 30.0) -> None:
        self._home = home
        self._who = who
        self._patience = patience
        self._token = read_token(home, role)
        self._lane: Lane | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._lane is not None:
            self._lane.close()
            self._lane = None

    def _url(self) -> str:
        named = os.environ.get("FUMA_VAULT")
        if named:
            return named.rstrip("/")
        path = address_path(self._home)
        try:
            return str(json.loads(path.read_text(encoding="utf-8"))["url"])
        except (OSError, ValueError, KeyError) as error:
            raise Retryable(
                f"no vault is running here ({path})", "start it: `fuma run vault`"
            ) from error

    def _connected(self) -> Lane:
        try:
            return Lane(self._url())
        except ValueError as error:
            raise Refusal(f"the vault's address: {error}", "look at FUMA_VAULT") from error

    def _once(self, path: str, data: bytes) -> tuple[int, bytes]:
        """Raises ``NoAnswer``, and ``Retryable`` where none runs."""
        headers = {"Authorization": f"Bearer {self._token}"}
        with self._lock:
            if self._lane is None:
                # Asked anew whenever a connection is made: a vault that starts has another port.
                self._lane = self._connected()
            try:
                return self._lane.post(path, data, headers)
            except NoAnswer:
                self._drop()
                raise

    def _post(self, path: str, body: Any) -> bytes:
        """One request; waits for a vault that is starting or away, up to ``patience`` seconds."""
        data = msgspec.msgpack.encode(body)
        deadline = time.monotonic() + self._patience
        while True:
            try:
                status, answer = self._once(path, data)
                if status < 500:
                    break
                problem = Retryable(f"the vault answers {status}")
            except NoAnswer as error:
                problem = Retryable(f"the vault does not answer: {error}")
            except Retryable as error:
                problem = error
            if time.monotonic() >= deadline:
                raise problem
            time.sleep(0.1)
        if status != 200:
            raise Refusal(f"the vault refuses ({status}): {answer.decode(errors='replace')}")
        return answer

    def subjects(self, people: Sequence[tuple[str, str]]) -> list[SubjectKey]:
        """Find or mint, in order. For the gateway."""
        found: list[SubjectKey] = []
        for start in range(0, len(people), BATCH):
            answer = self._post("/v1/subjects", list(people[start : start + BATCH]))
            found += [SubjectKey(*one) for one in _subjects.decode(answer)]
        return found

    def exchange(
        self, people: Sequence[tuple[str, str]], *, who: str, purpose: str
    ) -> list[tuple[bytes, str]]:
        """Tag and identity, for an officer whom the gateway knows. Logged with both."""
        found: list[tuple[bytes, str]] = []
        for start in range(0, len(people), BATCH):
            ask = Trade(list(people[start : start + BATCH]), purpose, who)
            found += _traded.decode(self._post("/v1/exchange", ask))
        return found

    def find(self, number: str, *, purpose: str) -> bytes | None:
        """The tag of a number, or ``None``. For readers; logged with the purpose."""
        answer = self._post("/v1/find", Find(number, purpose, self._who))
        return msgspec.msgpack.decode(answer, type=bytes | None)

    def keys(self, tags: Sequence[bytes], *, purpose: str) -> list[bytes | None]:
        """Subject keys. For readers; logged with the purpose."""
        found: list[bytes | None] = []
        for start in range(0, len(tags), BATCH):
            ask = Ask(list(tags[start : start + BATCH]), purpose, self._who)
            found += _keys.decode(self._post("/v1/keys", ask))
        return found

    def load(self, holders: Sequence[tuple[str, str]]) -> int:
        """Put holders into the register; how many were new. For the loader."""
        new = 0
        for start in range(0, len(holders), BATCH):
            part = list(holders[start : start + BATCH])
            new += msgspec.msgpack.decode(self._post("/v1/holders", part), type=int)
        return new
