"""The gateway dies at each of its writes, once before and once after the write took hold.

Whatever the step: every row ends on the feed or at the door, in effect once, and the answers, read
as a client reads them, say so.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from doorkit import event, unique, wrong_number
from fuma.contracts.facts import decode_feed
from fuma.contracts.signals import decode_signal
from fuma.contracts.topics import partition_for
from fuma.domain.ids import report_id
from fuma.domain.time import DAY
from gatewaykit import NOW, TOPIC, Small


@pytest.fixture
def small(tmp_path: Path) -> Small:
    made = Small(tmp_path)
    send_three(made)
    return made


def send_three(made: Small) -> None:
    """A plain sending, a whole batch, and one that is too short."""
    made.send("R-PLAIN", [event(i) for i in range(20)] + [event(20, id=wrong_number(20))], None)
    made.send("R-WHOLE", [event(i) for i in range(30, 50)], 20)
    made.send("R-SHORT", [event(i) for i in range(60, 70)], 11)


def check(small: Small) -> None:
    facts = set(unique([decode_feed(r.value) for r in small.all("fuma.feed.health")]))
    wanted = [*range(20), *range(30, 50)]
    assert facts == {report_id("health", "//henan.example/cdc", f"case-{i}") for i in wanted}
    plain, whole, short = (small.tally(r) for r in ("R-PLAIN", "R-WHOLE", "R-SHORT"))
    assert (plain.accepted, plain.refused, plain.closed, plain.code) == (20, 1, True, "")
    assert (whole.accepted, whole.refused, whole.closed, whole.code) == (20, 0, True, "")
    assert (short.accepted, short.closed, short.code) == (0, True, "incomplete-batch")
    letters = {(r.header("__streams.errors.partition"), r.header("__streams.errors.offset"))
               for r in small.all("fuma.dlq.in")}  # fmt: skip
    assert len(letters) == 11  # one row that names nobody, ten of the short batch
    heard = {one.id: one for one in (decode_signal(r.value) for r in small.all("fuma.signals"))}
    told = {(one.kind, one.actor, one.codes, one.count) for one in heard.values()}
    assert told == {
        ("door", "health", ("id-checksum",), 1), ("door", "health", ("incomplete-batch",), 10),
    }  # fmt: skip
    assert all(one.subject == b"" for one in heard.values())


def test_without_a_crash(small: Small) -> None:
    assert not small.live(0, False)
    check(small)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 25))
def test_a_crash_at_each_write(small: Small, at: int, after: bool) -> None:
    if not small.live(at, after):
        assert at > 15, "the crash never came"
    for _ in range(3):
        if not small.live(0, False):
            break
    check(small)


def test_a_crash_between_saving_and_committing_every_time(small: Small) -> None:
    for _ in range(40):
        if not small.live(0, False, save_dies=True):
            break
        # the chunk was saved, never committed; commit it one time out of two
        small.committed = dict(small.committed)
        small.live(0, False)
    check(small)


def test_the_staging_file_lost_after_every_crash(small: Small) -> None:
    for at in range(1, 12):
        small.live(at, True)
        for file in small.folder.glob("staging.db*"):
            file.unlink()
    assert not small.live(0, False)
    check(small)


def test_nothing_of_a_batch_before_it_is_whole(tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.send("R-WHOLE", [event(i) for i in range(30, 50)], 20)
    partition = partition_for(b"R-WHOLE", 8)
    rest = small.log.records[TOPIC, partition][15:]
    small.log.cut(TOPIC, partition, 15)
    small.live(0, False)
    assert not small.all("fuma.feed.health")
    assert small.tally("R-WHOLE").seen == 15
    small.log.records[TOPIC, partition].extend(rest)
    small.live(0, False)
    assert len(small.all("fuma.feed.health")) == 20


LATE = next(r for n in range(99) if partition_for((r := f"R-{n}").encode(), 8) == 0)


def test_a_batch_that_is_done_again_days_later_is_as_whole_as_before(small: Small) -> None:
    """Its rows come in several chunks, and by then it is older than a batch may be open."""
    small.send(LATE, [event(100)], None, at=NOW + 3 * DAY)  # read before the batch
    for _ in range(2):
        assert not small.live(0, False)
        whole = small.tally("R-WHOLE")
        assert (whole.accepted, whole.refused, whole.code) == (20, 0, "")
        letters = {(r.header("__streams.errors.partition"), r.header("__streams.errors.offset"))
                   for r in small.all("fuma.dlq.in")}  # fmt: skip
        assert len(letters) == 11
        small.committed = {}
        for file in small.folder.glob("staging.db*"):
            file.unlink()


def test_a_batch_that_nobody_ends_is_refused_when_its_day_is_over(tmp_path: Path) -> None:
    small, partition = Small(tmp_path), partition_for(b"R-WHOLE", 8)
    small.send("R-WHOLE", [event(i) for i in range(30, 50)], 20)
    small.log.cut(TOPIC, partition, 20)
    small.send(LATE, [event(100)], None, "townships", at=NOW + 3 * DAY)  # read after it
    assert not small.live(0, False)
    assert small.tally("R-WHOLE").code == "incomplete-batch"
