"""The Henan case in Redis: without a password, as a reader, as the administrator."""

from __future__ import annotations

import secrets
from typing import Any

import redis

from fuma.cli.demo import intruder
from fuma.cli.demo.scene import Scene, now, wait_for
from fuma.contracts import topics
from fuma.contracts.codec import decode
from fuma.domain.time import Ms
from fuma.runtime.embedded.connect import redis_client, redis_url
from fuma.runtime.platform_writes import code_key

_WAY = "a direct write to Redis"
#: Without a password every write fails alike.
_GUESSES = 20


def redis_directly(scene: Scene) -> None:
    """A really red person's record, put under each depositor's key."""
    scene.say("writing into Redis")
    home = scene.world.home
    red = scene.world.ask.red_entry()
    entries = {code_key(tag): red for tag in scene.tags}
    admin = redis_client(home, "admin")
    admin.acl_log_reset()
    guessed = redis.Redis.from_url(
        redis_url(home), username="stability-office", password=secrets.token_urlsafe(8)
    )
    written, _ = intruder.redis_write(guessed, dict(list(entries.items())[:_GUESSES]))
    _refused(scene, admin, "none", _GUESSES, written, "auth")
    guessed.close()
    reader = redis_client(home, "reader")
    written, _ = intruder.redis_write(reader, entries)
    _refused(scene, admin, "the reader's", len(entries), written, "command")
    reader.close()
    admin.close()
    _stolen(scene, entries)


def _refused(
    scene: Scene, admin: redis.Redis, credentials: str, tried: int, written: int, reason: str
) -> None:
    """What Redis's own ACL log says of it."""
    for entry in admin.acl_log():
        found: dict[str, Any] = dict(entry)
        if found["reason"] != reason:
            continue
        client = found["client-info"]
        actor = "unauthenticated" if reason == "auth" else str(found["username"])
        scene.add(
            _WAY,
            credentials,
            tried,
            f"{tried - written:,} refused by Redis",
            actor,
            held=written == 0,
            at=now() - int(float(found["age-seconds"]) * 1_000),
            connection=f"from {client.get('addr', '?')}, connection {client.get('id', '?')}",
        )
        return
    scene.add(_WAY, credentials, tried, "not in Redis's log", "not recorded", held=False)


def _stolen(scene: Scene, entries: dict[bytes, bytes]) -> None:
    before, world = now(), scene.world
    thief = redis_client(world.home, "admin", client_name="thief")
    written, _ = intruder.redis_write(thief, entries)
    answers = world.ask.colours(scene.tags)
    red = sum(colour == "red" for colour in answers)
    silent = sum(colour is None for colour in answers)
    wait_for(lambda: bool(_incidents(scene, before)))
    found = _incidents(scene, before)
    wait_for(lambda: None not in world.ask.colours(scene.tags))
    thief.close()
    answers = world.ask.colours(scene.tags)
    red += sum(colour == "red" for colour in answers)
    right = sum(colour is not None for colour in answers)
    scene.add(
        _WAY,
        "stolen Redis administrator",
        written,
        f"{silent:,} not answered at first (their authentication code fails), {red:,} red; "
        f"{right:,} put right from the ledger",
        found[0]["actor"] if found else "not recorded",
        held=red == 0 and bool(found) and right == len(entries),
        at=found[0]["written"] if found else None,
        connection=found[0]["connection"] if found else "",
    )


def _incidents(scene: Scene, since: Ms) -> list[dict[str, Any]]:
    """What a service saw itself since then, with the time at which it said so; no patterns."""
    found = [
        {**decode("incident", raw.value), "written": raw.timestamp}
        for raw in scene.world.ask.records(topics.INCIDENTS)
        if raw.timestamp >= since
    ]
    return [one for one in found if not one["law"]]
