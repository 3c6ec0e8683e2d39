"""Reads the broker's ``authorizer.log``: who was denied, what the administrator wrote, who failed
to authenticate.

The lines are those of Kafka 4's ``StandardAuthorizer`` and ``Selector``, behind the time that
``log4j2.properties`` prints (milliseconds since epoch).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from fuma.domain.time import Ms

UNAUTHENTICATED = "unauthenticated"


@dataclass(frozen=True, slots=True)
class AuthEvent:
    """One line.

    ``outcome`` is ``denied``, ``allowed`` (the administrator only) or ``unauthenticated``; then
    ``principal`` is that word too, ``connection`` the broker's name for the connection and
    ``detail`` the reason. ``operation`` is e.g. ``WRITE``, ``resource`` e.g. ``Topic:fuma.person``.
    """

    time: Ms
    outcome: str
    principal: str
    host: str
    operation: str = ""
    resource: str = ""
    request: str = ""
    connection: str = ""
    detail: str = ""

    def to_json(self) -> dict[str, object]:
        return asdict(self)


_DECISION = re.compile(
    r"^(?P<time>\d+) .*?Principal = (?P<principal>\S+) is (?P<outcome>Allowed|Denied) "
    r"operation = (?P<operation>\w+) from host = (?P<host>\S+) on resource = "
    r"(?P<type>\w+):(?:LITERAL|PREFIXED):(?P<name>.+?) for request = (?P<request>\w+)"
)
# A client that does not even try: the first request was something else than a handshake.
_NO_HANDSHAKE = re.compile(
    r"^(?P<time>\d+) .*?Unexpected error from (?:\S*?/)?(?P<host>[^ /]+) "
    r"\(channelId=(?P<connection>[^)]*)\).*\((?P<detail>[^()]*SASL[^()]*)\)\s*$"
)
_FAILED = re.compile(
    r"^(?P<time>\d+) .*?Failed authentication with (?:\S*?/)?(?P<host>[^ /]+) "
    r"\(channelId=(?P<connection>[^)]*)\)(?: \((?:errorMessage=)?(?P<detail>.*)\))?"
)


def parse(line: str) -> AuthEvent | None:
    """One line; ``None`` if it says nothing of the kind."""
    match = _DECISION.match(line)
    if match:
        return AuthEvent(
            time=int(match["time"]),
            outcome=match["outcome"].lower(),
            principal=match["principal"],
            host=match["host"],
            operation=match["operation"],
            resource=f"{match['type']}:{match['name']}",
            request=match["request"],
        )
    match = _FAILED.match(line) or _NO_HANDSHAKE.match(line)
    if match:
        return AuthEvent(
            time=int(match["time"]),
            outcome=UNAUTHENTICATED,
            principal=UNAUTHENTICATED,
            host=match["host"],
            connection=match["connection"],
            detail=match["detail"] or "",
        )
    return None


def follow(path: Path, offset: int = 0) -> Iterator[AuthEvent]:
    """The events from byte ``offset`` to the present end. A file that is not there has none."""
    if not path.exists():
        return
    with path.open("rb") as file:
        file.seek(offset)
        for raw in file:
            event = parse(raw.decode("utf-8", "replace"))
            if event is not None:
                yield event


def read(path: Path) -> list[AuthEvent]:
    """Every event of the file and of those that it was rolled over to, in order."""
    rolled = [p for p in path.parent.glob(f"{path.name}.*") if p.suffix[1:].isdigit()]
    rolled.sort(key=lambda p: int(p.suffix[1:]), reverse=True)  # .1 is the newest of them
    return [event for part in (*rolled, path) for event in follow(part)]
