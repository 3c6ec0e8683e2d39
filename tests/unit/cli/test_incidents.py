"""``fuma incidents``: both versions listed alike, each once, forgeries counted and not shown."""

from __future__ import annotations

from fuma.cli.incidents import gather, line
from fuma.contracts.codec import encode
from fuma.contracts.incidents import encode_incident
from fuma.contracts.topics import INCIDENTS
from fuma.runtime.ports import LogRecord
from golden.examples import paths, read, versions
from unit.watch.making import run, signal


def raw(offset: int, value: bytes) -> LogRecord:
    return LogRecord(INCIDENTS, 0, offset, 0, b"41", value, ())


def test_attempts_of_version_1_and_patterns_stand_in_one_list() -> None:
    old = [read(v, p) for v in versions() if (v.subject, v.version) == ("incident", 1)
           for p in paths(v)]  # fmt: skip
    (pattern,) = run(signal(n) for n in range(20))
    values = [*old, encode_incident(pattern)]
    found, unvouched = gather((raw(n, value), True) for n, value in enumerate(values))
    assert unvouched == 0
    assert {one["code"] for one in found} == {"forged-record", "burst-of-refusals"}
    assert all(one["severity"] and one["zh"] and one["en"] and line(one) for one in found)
    told = next(one for one in found if one["code"] == "burst-of-refusals")
    assert (told["subjects_count"], told["threshold"], told["province"]) == (20, 20, "41")


def test_a_repeat_is_listed_once_and_what_nobody_vouches_for_is_only_counted() -> None:
    (pattern,) = run(signal(n) for n in range(20))
    value = encode_incident(pattern)
    records = [(raw(0, value), True), (raw(1, value), True), (raw(2, value), False)]
    found, unvouched = gather(iter([*records, (raw(3, b"junk"), True)]))
    assert len(found) == 1
    assert unvouched == 2


def test_what_a_service_saw_itself_is_critical_and_has_words() -> None:
    fields = {
        "id": bytes(16), "at": 0, "code": "platform-write", "actor": "Redis user admin",
        "connection": "127.0.0.1", "subject": "", "detail": "SET",
    }  # fmt: skip
    found, _ = gather(iter([(raw(0, encode("incident", fields)), True)]))
    assert (found[0]["severity"], found[0]["actor"]) == ("critical", "Redis user admin")
    assert "Redis user admin" in line(found[0])
