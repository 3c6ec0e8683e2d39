"""The Henan case past the door: records straight onto the broker's topics."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import orjson

from fuma.cli.demo import files, intruder
from fuma.cli.demo.planned import Report
from fuma.cli.demo.scene import ORDERED_BY, Scene, now, wait_for
from fuma.contracts import topics
from fuma.domain.time import HOUR, Ms
from fuma.runtime import keyfiles
from fuma.runtime.dead_letters import REASON_HEADER
from fuma.runtime.embedded import authlog
from fuma.runtime.embedded.authlog import AuthEvent
from fuma.runtime.embedded.connect import kafka_address, kafka_config
from fuma.runtime.ports import Outgoing

_FEED = topics.feed_topic("health")


def directly(scene: Scene) -> None:
    """Onto the ledger, the internal topic and a feed, with three kinds of credentials."""
    made: tuple[tuple[str, str, list[Outgoing]], ...] = (
        ("a record on the ledger", topics.DECISIONS, intruder.ledger_records(scene.tags, scene.at)),
        ("a record on an internal topic", topics.PERSON,
         intruder.person_records(scene.tags, scene.at)),
        ("a record on a feed", _FEED, intruder.feed_records(scene.tags, scene.at)),
    )  # fmt: skip
    for way, topic, records in made:
        scene.say(way)
        _kept_out(scene, way, records)
        _denied(scene, way, "dept-command", topic, records)
        _dead_letters(scene, way, topic, records)


def list_without_credentials(scene: Scene) -> None:
    """The stability office's list, well sealed, by somebody whom the broker does not know."""
    _kept_out(scene, "list from a stability office", _sealed(scene, "command", "stability"))


def rows_as_a_department(scene: Scene) -> None:
    """Well-sealed rows on departments' topics, by the broker's administrator."""
    scene.say("rows on departments' topics, as the administrator")
    for way, department, ground in (
        ("list from a stability office, as if from the command", "command", "stability"),
        ('false "inbound" rows with border records, as if from customs', "customs", "inbound"),
        ("scans of a forwarded venue code, as if from townships", "townships", ""),
    ):
        _dead_letters(scene, way, topics.in_topic(department), _sealed(scene, department, ground))


def _sealed(scene: Scene, department: str, ground: str) -> list[Outgoing]:
    at, kind = scene.at, "finding" if ground else "scan"
    evidence = "border-record" if ground else "venue-scan"
    rows = (
        Report(
            department, at, f"in-{n:04d}", kind, p.number, p.name, p.home, ground, at - HOUR, None,
            evidence, f"BO{n:09d}", ORDERED_BY,
        )
        for n, p in enumerate(scene.people)
    )  # fmt: skip
    lines = [orjson.dumps(files.event(row)) for row in rows]
    public = keyfiles.gateway_public(scene.world.home.path)
    return intruder.sealed_rows(department, lines, public, at)


def _kept_out(scene: Scene, way: str, records: Sequence[Outgoing]) -> None:
    """By a user that the broker does not know."""
    before = now()
    address = kafka_address(scene.world.home)
    guessed = {
        "bootstrap.servers": address.bootstrap,
        "security.protocol": address.protocol,
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "stability-office",
        "sasl.password": secrets.token_urlsafe(16),
    }
    sent = intruder.produce(guessed, records, patience=1.5)
    event = _logged(scene, before, lambda e: e.outcome == authlog.UNAUTHENTICATED)
    outcome = f"{sent.kept_out:,} never got in: the broker asks who it is first"
    _add(scene, way, "none", records, outcome, event, sent.written == 0)


def _denied(scene: Scene, way: str, user: str, topic: str, records: Sequence[Outgoing]) -> None:
    """By a department, with its own credentials."""
    before = now()
    sent = intruder.produce(kafka_config(scene.world.home, user), records)
    event = _logged(
        scene,
        before,
        lambda e: (
            (e.outcome, e.principal, e.resource) == ("denied", f"User:{user}", f"Topic:{topic}")
        ),
    )
    outcome = f"{sent.denied:,} denied by the broker's access rules"
    _add(scene, way, f"a department's ({user})", records, outcome, event, sent.written == 0)


def _dead_letters(scene: Scene, way: str, topic: str, records: Sequence[Outgoing]) -> None:
    """By the broker's administrator, whose credentials were stolen: written, and never believed."""
    before, world = now(), scene.world
    letters = topics.spec(topic).dead_letter or ""
    sent = intruder.produce(kafka_config(world.home, "admin"), records)
    event = _logged(
        scene,
        before,
        lambda e: (
            (e.outcome, e.principal, e.operation, e.resource)
            == ("allowed", "User:admin", "WRITE", f"Topic:{topic}")
        ),
    )
    wait_for(lambda: len(_dead(scene, letters, topic, before)) >= sent.written)
    found = _dead(scene, letters, topic, before)
    dead, reasons = len(found), ", ".join(sorted(set(found.values())))
    outcome = f"{dead:,} dead letters ({reasons}): without a key file nothing is believed"
    held = dead == sent.written == len(records)
    _add(scene, way, "stolen broker administrator", records, outcome, event, held)


def _dead(scene: Scene, letters: str, topic: str, since: Ms) -> dict[tuple[str, str], str]:
    """Dead letters from ``topic``: where the record stood, and why it is one.

    Two readers of a topic may each keep one; it is the same record.
    """
    found = {}
    for raw in scene.world.ask.records(letters):
        if raw.timestamp >= since and raw.header("__streams.errors.topic") == topic.encode():
            partition, offset = (
                (raw.header(f"__streams.errors.{name}") or b"").decode()
                for name in ("partition", "offset")
            )
            found[partition, offset] = (raw.header(REASON_HEADER) or b"?").decode()
    return found


def _logged(scene: Scene, since: Ms, wanted: Callable[[AuthEvent], bool]) -> AuthEvent | None:
    """The broker's own line about it: the first one since ``since``."""
    found: list[AuthEvent] = []

    def there() -> bool:
        events = authlog.read(scene.world.home.authorizer_log)
        found[:] = [event for event in events if event.time >= since and wanted(event)]
        return bool(found)

    return found[0] if wait_for(there, 5.0) else None


def _add(
    scene: Scene,
    way: str,
    credentials: str,
    records: Sequence[Outgoing],
    outcome: str,
    event: AuthEvent | None,
    held: bool,
) -> None:
    """What the broker recorded of who it was is part of coming out as it must."""
    if event is None:
        scene.add(way, credentials, len(records), outcome, "not recorded", held=False)
        return
    where = f"from {event.host}"
    where += f", connection {event.connection}" if event.connection else ""
    where += f", {event.operation} {event.resource}" if event.operation else ""
    actor = event.principal.removeprefix("User:")
    scene.add(
        way, credentials, len(records), outcome, actor, held=held, at=event.time, connection=where
    )
