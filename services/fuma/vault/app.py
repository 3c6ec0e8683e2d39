"""The vault over HTTP on loopback: MessagePack in, MessagePack out, a bearer token for each role.

====================  ==================================  ===========================
``POST``              body                                roles
====================  ==================================  ===========================
``/v1/subjects``      [[number, name], …]                 gateway
``/v1/find``          {number, purpose}                   auditor, officer-reader
``/v1/keys``          {tags, purpose}                     auditor, officer-reader
``/v1/exchange``      {people, purpose, who}              gateway
``/v1/holders``       [[number, name], …]                 holders-loader
====================  ==================================  ===========================

``GET /v1/alive`` answers anybody. A refusal says which role was missing, never what was asked for.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fuma.runtime.ports import Clock
from fuma.runtime.vault import Ask, Find, Trade
from fuma.vault.book import VaultBook

#: People, tags or holders in one request, at most.
MAX_BATCH = 5_000
READERS = frozenset({"auditor", "officer-reader"})
_people = msgspec.msgpack.Decoder(list[tuple[str, str]])
_find = msgspec.msgpack.Decoder(Find)
_ask = msgspec.msgpack.Decoder(Ask)
_trade = msgspec.msgpack.Decoder(Trade)
Answer = Callable[[str, bytes], Any]


class _Denied(Exception):
    """The token is nobody's, or its role may not do this."""


class _Malformed(Exception):
    """The body is not in its form. The message never repeats it."""


def app(book: VaultBook, tokens: Mapping[str, str], clock: Clock) -> Starlette:
    """The application. ``tokens``: role to bearer token."""

    def role_of(request: Request, allowed: frozenset[str]) -> str:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise _Denied
        found = [role for role, token in tokens.items() if hmac.compare_digest(token, given)]
        if not found or found[0] not in allowed:
            raise _Denied
        return found[0]

    def serve(allowed: frozenset[str], answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                role = role_of(request, allowed)
                body = await request.body()
                value = await run_in_threadpool(answer, role, body)
            except _Denied:
                return Response(b"this role may not do that", 403)
            except (msgspec.MsgspecError, _Malformed) as error:
                text = str(error) if isinstance(error, _Malformed) else "not in the form expected"
                return Response(text.encode(), 400)
            return Response(msgspec.msgpack.encode(value), media_type="application/msgpack")

        return endpoint

    def people(body: bytes) -> list[tuple[str, str]]:
        found = _people.decode(body)
        if len(found) > MAX_BATCH:
            raise _Malformed(f"more than {MAX_BATCH} in one request")
        return found

    def subjects(_role: str, body: bytes) -> Any:
        return [(s.tag, s.key, s.identity) for s in book.subjects(people(body))]

    def holders(_role: str, body: bytes) -> Any:
        return book.load(people(body))

    def find(role: str, body: bytes) -> Any:
        ask = _find.decode(body)
        purpose = _purpose(ask.purpose)
        return book.find(ask.number, who=ask.who, role=role, purpose=purpose, at=clock.now())

    def keys(role: str, body: bytes) -> Any:
        ask = _ask.decode(body)
        if len(ask.tags) > MAX_BATCH:
            raise _Malformed(f"more than {MAX_BATCH} in one request")
        purpose = _purpose(ask.purpose)
        return book.keys(ask.tags, who=ask.who, role=role, purpose=purpose, at=clock.now())

    def exchange(role: str, body: bytes) -> Any:
        ask = _trade.decode(body)
        if len(ask.people) > MAX_BATCH:
            raise _Malformed(f"more than {MAX_BATCH} in one request")
        purpose = _purpose(ask.purpose)
        if not ask.who:
            raise _Malformed("an exchange names who asked for it")
        return book.exchange(ask.people, who=ask.who, role=role, purpose=purpose, at=clock.now())

    async def alive(_: Request) -> Response:
        return Response(b"alive")

    return Starlette(
        routes=[
            Route("/v1/subjects", serve(frozenset({"gateway"}), subjects), methods=["POST"]),
            Route("/v1/find", serve(READERS, find), methods=["POST"]),
            Route("/v1/keys", serve(READERS, keys), methods=["POST"]),
            Route("/v1/holders", serve(frozenset({"holders-loader"}), holders), methods=["POST"]),
            Route("/v1/exchange", serve(frozenset({"gateway"}), exchange), methods=["POST"]),
            Route("/v1/alive", alive),
        ]
    )


def _purpose(text: str) -> str:
    if not text.strip() or len(text) > 200:
        raise _Malformed("an identity lookup needs a purpose, of 200 characters at most")
    return text.strip()
