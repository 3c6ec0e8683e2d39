"""Authority on real topics: from the founding to lines on ``person``, the processor killed between.

The test writes ``commands`` as the gateway does, with its credentials and the services' key.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import date

import pytest

from doorkit import Door
from fuma.contracts import commandlog
from fuma.contracts.decisions import FIRST, ledger_hash
from fuma.contracts.facts import decode_person
from fuma.contracts.genesis import read_world
from fuma.contracts.orders import decode_order
from fuma.contracts.replies import Reply, decode_reply
from fuma.contracts.topics import COMMANDS, ORDERS, PERSON, REPLIES, partition_for, spec
from fuma.domain.authority import commands as c
from fuma.domain.authority import events as e
from fuma.domain.codes.inputs import Line
from fuma.domain.time import HOUR, day_start
from fuma.runtime import keyfiles
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.host_transform import internal
from fuma.runtime.kafka import KafkaAppender
from fuma.runtime.keyfiles import Key
from fuma.runtime.mac import Sealer, pack_time
from unit.authority.making import h, line
from unit.authority.rig import Signer, key_id, xing_founding

KEY = b"14"
AT = day_start(date(2022, 6, 1)) + HOUR  # within the law's horizon: nobody writes ticks here
XING = "141123"
ADMIN = ("admin", "Zhou", "division-administrator", "xing-admin")


class Town:
    """A world with a processor, and what the gateway would write."""

    def __init__(self) -> None:
        self.door = Door()
        home = self.door.home
        self.world = read_world(home.world)
        self.sealer = Sealer(self.world.id, keyfiles.secret(home.path, Key.MAC))
        self.appender = KafkaAppender(kafka_config(home, "gateway"))
        self.signer = Signer("14", AT, self.world.id)
        self.worker = self.door.start("processor")

    def write(self, *values: bytes) -> None:
        partition = partition_for(KEY, spec(COMMANDS).partitions)
        when = pack_time(self.signer.at)
        self.appender.append(
            [internal(self.sealer, COMMANDS, KEY, v, partition, when, None) for v in values]
        )

    def send(self, *envelopes: bytes) -> None:
        self.write(*(commandlog.signed_value(one) for one in envelopes))

    def act(self, officer: str, form: c.Draft, step: str) -> None:
        self.send(self.signer.sign(officer, c.Act(form.order, step, form.content())))

    def kill(self) -> None:
        assert self.worker.poll() is None, self.door.log("processor")
        self.worker.kill()
        self.worker.wait()
        self.worker = self.door.start("processor")

    def wait(self, done: Callable[[], bool], seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert self.worker.poll() is None, self.door.log("processor")[-3_000:]
            assert time.monotonic() < deadline, self.door.log("processor")[-3_000:]
            time.sleep(0.2)

    def events(self, kind: type) -> list[e.Event]:
        records = self.door.records(ORDERS)
        first = {decode_order(r.value).seq: decode_order(r.value) for r in reversed(records)}
        return [x for _, one in sorted(first.items()) for x in one.events if isinstance(x, kind)]

    def replies(self, officer: str) -> list[Reply]:
        told = [decode_reply(r.value) for r in self.door.records(REPLIES)]
        mine = {reply.id: reply for reply in told if reply.key == key_id(officer)}
        return list(mine.values())

    def lines(self) -> dict[bytes, tuple[bytes | None, Line]]:
        found: dict[bytes, tuple[bytes | None, Line]] = {}
        for record in self.door.records(PERSON):
            item = decode_person(record.value)
            if isinstance(item, Line):
                same = found.setdefault(item.id, (record.key, item))
                assert same == (record.key, item), "a repeat is the same, to the byte"
        return found

    def close(self) -> None:
        self.worker.terminate()
        code = _stopped(self.worker)
        self.appender.close()
        self.door.close()
        assert code == 0


def _stopped(process: subprocess.Popen[bytes]) -> int:
    return process.wait(40)


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    made = Town()
    yield made
    made.close()


def test_from_the_founding_to_the_lines_with_the_processor_killed_between(town: Town) -> None:
    s = town.signer
    keys = [keyfiles.signing_key(town.door.home.path, k) for k in (Key.CEREMONY_A, Key.CEREMONY_B)]
    town.send(s.sign("clerk", c.Withdraw(h("x"), "before there is anything")))
    town.send(xing_founding(AT, town.world.id, keys, [ADMIN]))
    # Another world's keys found nothing here: a dead letter, since it names nobody.
    town.send(xing_founding(AT, town.world.id))
    officer = c.Officer("second", "xing-control", "staff", h("Chen"), "second")
    town.send(s.sign("second", c.Apply(h("application"), officer, "a second clerk")))
    town.send(s.sign("admin", c.ReviewApplication(h("application"), True, "")))
    people = [line(n, XING) for n in range(450)]
    form, pages = s.form("second", "form", people, XING)
    town.send(*pages[:3])
    town.wait(lambda: len(town.events(e.PageArrived)) == 2)
    town.kill()
    town.send(*pages[3:], pages[1])
    town.act("head", form, "sign")
    town.act("head", form, "review")  # not hers: refused, recorded, told
    town.act("reviewer", form, "review")
    town.wait(lambda: len(town.events(e.Stepped)) == 2)
    town.kill()
    town.act("assigner", form, "approve")
    town.kill()
    town.wait(lambda: len(town.lines()) == 450)

    (effected,) = town.events(e.Effected)
    assert isinstance(effected, e.Effected)
    assert [a.officer for a in effected.chain] == ["second", "head", "reviewer", "assigner"]
    lines = town.lines()
    assert {item.line: tag for tag, item in lines.values()} == {
        n: one.subject for n, one in enumerate(people)
    }
    (_, first) = next(iter(lines.values()))
    assert [(a.officer, a.step) for a in first.chain] == [
        ("second", "compile"), ("head", "sign"), ("reviewer", "review"), ("assigner", "approve"),
    ]  # fmt: skip
    refused = [x for x in town.events(e.Refused) if isinstance(x, e.Refused)]
    assert [x.codes[0] for x in refused] == ["not-founded", "not-your-step"]
    town.wait(lambda: len(town.replies("assigner")) >= 2)
    assert {r.status for r in town.replies("assigner")} == {"turn", "accepted"}
    (told,) = [r for r in town.replies("head") if r.status == "refused"]
    assert (told.type, told.codes[0]) == ("order.act.v1", "not-your-step")
    # Nobody reported anything of them: each line waits for its fact, and the authority hears so.
    town.wait(lambda: len(town.events(e.LineSettled)) == 450)
    settled = [x for x in town.events(e.LineSettled) if isinstance(x, e.LineSettled)]
    assert {(x.status, x.code) for x in settled} == {("held", "fact-absent")}
    assert {x.line for x in settled} == set(range(450))
    letters = town.door.records("fuma.dlq.commands")
    assert {letter.header("fuma-reason") for letter in letters} == {b"bad-signature"}


def test_the_ledger_is_one_chain_and_a_tick_ends_what_waits(town: Town) -> None:
    s = town.signer
    form, pages = s.form("clerk", "late", [line("late", XING)], XING)
    town.send(*pages)
    town.act("head", form, "sign")
    s.at += 3 * HOUR
    town.write(commandlog.tick_value("14", s.at))
    town.wait(lambda: bool(town.events(e.Overdue)))
    assert [r.codes for r in town.replies("head") if r.status == "overdue"] == [("review",)]
    seen: dict[int, bytes] = {}
    for record in town.door.records(ORDERS):
        seen.setdefault(decode_order(record.value).seq, record.value or b"")
    numbers = [decode_order(seen[n]) for n in sorted(seen)]
    assert [r.seq for r in numbers] == list(range(1, len(numbers) + 1))
    assert [r.prev for r in numbers] == [
        FIRST, *(ledger_hash(seen[n]) for n in range(1, len(numbers)))
    ]  # fmt: skip
