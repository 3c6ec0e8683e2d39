"""What comes of a match when it is computed again: the verdicts of ``fuma match check``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fuma.audit import reading
from fuma.contracts.errors import Poison
from fuma.contracts.genesis import World, read_world
from fuma.contracts.presence import FRAME, decode_presence
from fuma.contracts.topics import PRESENCE, partition_for
from fuma.domain.codes.inputs import MatchFact
from fuma.domain.comparison.audit import Found, Kept, look
from fuma.domain.comparison.events import Input
from fuma.domain.comparison.settings import Frame, Law
from fuma.domain.time import Ms
from fuma.processor.comparison_partition import match_fact
from fuma.runtime import keyfiles
from fuma.runtime.declared import declared_count
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.host_intake import Intake
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.lawreader import LawReader
from fuma.runtime.mac import Sealer
from fuma.runtime.ports import LogReader
from fuma.runtime.vault import VaultClient

ROLE = "auditor"
#: What came of it. Only ``same`` says that the match on the record is the records'.
VERDICTS = {
    "same": ("与行程记录重算结果一致", "the records give the same match"),
    "differs": ("与行程记录重算结果不一致", "the records give another statement on this match"),
    "unsettled": ("内容与行程记录一致，但部分记录已过保存期，无法核对是否仍然成立",
                  "the records give what the match says; whether it still stands cannot be told, "
                  "since some of them are kept no longer"),
    "absent": ("行程记录中无此结果，两段摘要仍可核对",
               "the records bear no such match; the digests remain (`fuma match digest`)"),
    "withdrawn": ("该结果已逾期撤回，不含地点", "taken back when the records had gone: no place"),
}  # fmt: skip
#: Why the records bear no such match, as far as can be known: by the stay, and by whether the
#: topic still begins with its first record.
WHY = {
    (Kept.KEPT, False): ("本人行程记录仍在；所遇病例、行程或区域的记录已过保存期，或从未上报",
                         "the person's stay is among them; what it met is kept no longer, or was "
                         "never said"),
    (Kept.KEPT, True): ("本人行程记录仍在；所遇病例、行程或区域从未上报",
                        "the person's stay is among them; what it would have met was never said"),
    (Kept.REPLACED, False): ("本人行程记录已更正或撤回",
                             "the person's stay was corrected or taken back since"),
    (Kept.REPLACED, True): ("本人行程记录已更正或撤回",
                            "the person's stay was corrected or taken back"),
    (Kept.ABSENT, False): ("本人行程记录亦不在：已过保存期，或从未上报",
                           "the person's stay is not among them either: kept no longer, or never "
                           "said"),
    (Kept.ABSENT, True): ("本人行程从未上报", "the person's stay was never said"),
}  # fmt: skip


class Checked(NamedTuple):
    """A word of ``VERDICTS``, and what it rests on."""

    verdict: str
    stay: Kept | None  # whether the stay is among the records; ``None``: it was not looked for
    since: Ms | None  # T of the topic's first record there; ``None``: nothing of it has gone


def of_subject(home: Home, tag: bytes, wanted: bytes = b"") -> list[tuple[MatchFact, Checked]]:
    """The newest statement on each match of a person, or on ``wanted``, and what came of it."""
    world = read_world(home.world)
    sealer = Sealer(world.id, keyfiles.secret(home.path, keyfiles.Key.MAC))
    log = KafkaLogReader(kafka_config(home, ROLE))
    try:
        law = LawReader(log, sealer, world)
        law.poll()
        count = declared_count(log, PRESENCE)
        intake = Intake(
            sealer, simulated=world.simulated, partition_of=partition_for, counts={PRESENCE: count}
        )
        return [
            (one, checked(log, intake, count, tag, one, law.law))
            for one in statements(log, sealer, world, tag, wanted)
        ]
    finally:
        log.close()


def note_access(home: Home, tag: bytes, purpose: str, who: str) -> None:
    """Nothing is read where the vault cannot note who asks, and why."""
    vault = VaultClient(home.path, ROLE, who=who, patience=5.0)
    try:
        vault.keys([tag], purpose=purpose)
    finally:
        vault.close()


def statements(
    log: LogReader, sealer: Sealer, world: World, tag: bytes, wanted: bytes = b""
) -> list[MatchFact]:
    """What stands on a person's record: the newest statement on each match, or on ``wanted``."""
    records = reading.read_subject(log, sealer, world, tag)
    said = newest(one.fact for one in records.facts if isinstance(one.fact, MatchFact))
    return [one for one in said if wanted in (b"", one.match)]


def newest(said: Iterable[MatchFact]) -> list[MatchFact]:
    """The statement of the highest revision on each match, in the order they were first made."""
    found: dict[bytes, MatchFact] = {}
    for one in said:
        held = found.get(one.match)
        if held is None or one.revision > held.revision:
            found[one.match] = one
    return list(found.values())


def checked(
    log: LogReader, intake: Intake, count: int, tag: bytes, said: MatchFact, law: Law,
    frame: Frame = FRAME,
) -> Checked:  # fmt: skip
    """``said``, a statement on a match of ``tag``, against the records of its place's partition."""
    if not said.place:
        return Checked("withdrawn", None, None)
    partition = partition_for(said.place + bytes((tag[0] % frame.parts,)), count)
    heard = _heard(log, intake, partition)
    found = look(said.match, said.place, said.stay_digest, heard, law, frame)
    cut = log.bounds(PRESENCE, partition).start > 0
    return Checked(judge(found, tag, said, cut=cut), found.stay, found.since if cut else None)


def judge(found: Found, tag: bytes, said: MatchFact, *, cut: bool) -> str:
    """A word of ``VERDICTS`` on ``said`` by what was found. ``cut``: older records have gone.

    A revision is a counter: records that have gone counted too, and what is said again counts on
    without a statement. So what the match says is compared, under the revision that it has.
    """
    last, whole = found.last, found.whole
    if last is None or whole is None:
        return "absent"
    again = match_fact(whole._replace(revision=said.revision, stands=said.stands))
    if whole.match.tag != tag or again != said:
        return "differs"
    if last.stands == said.stands:
        return "same"
    # A stay is told when it is over. Of one that was over before the records begin a later
    # revision may have gone while an earlier one, told again, is kept.
    return "unsettled" if cut and said.stay[1] <= found.since else "differs"


def verdict(
    log: LogReader, intake: Intake, count: int, tag: bytes, said: MatchFact, law: Law,
    frame: Frame = FRAME,
) -> str:  # fmt: skip
    """The word alone."""
    return checked(log, intake, count, tag, said, law, frame).verdict


def _heard(log: LogReader, intake: Intake, partition: int) -> Iterator[tuple[Input, Ms]]:
    """The partition's records as the stage took them: what is no input it kept apart as well."""
    bounds, at = log.bounds(PRESENCE, partition), 0
    for raw in log.read(PRESENCE, partition, bounds.start, bounds.end):
        try:
            at = max(at, intake.admit(raw))
            yield decode_presence(raw.value), at
        except Poison:
            continue
