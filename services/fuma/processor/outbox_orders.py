"""The orders' outbox: what follows from a record of ``orders``, and from nothing else.

To ``person`` the lines that took effect and those that end; to ``replies`` what its signer reads;
to ``signals`` what oversight hears. Stateless: after a crash the same is written again, with the
same ids and the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fuma.contracts.commands import WORDS
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.facts import encode_person
from fuma.contracts.orders import OrderRecord, decode_order
from fuma.contracts.replies import NO_COMMAND, Reply, encode_reply
from fuma.contracts.signals import encode_signal, signal_key, signals_of_order
from fuma.contracts.topics import ORDERS, PERSON, REPLIES, SIGNALS
from fuma.domain.authority import events as e
from fuma.domain.codes import inputs as i
from fuma.domain.colour import Colour
from fuma.domain.ids import derive, digest
from fuma.processor.repeats import Alarm, Repeats
from fuma.runtime.host_types import Emit
from fuma.runtime.records import LogRecord

_COLOURS = frozenset(map(int, Colour))


class OrdersOutbox:
    """``orders`` to ``person``, ``replies`` and ``signals``."""

    name = "outbox-orders"
    input_topics: tuple[str, ...] = (ORDERS,)
    output_topics: tuple[str, ...] = (PERSON, REPLIES, SIGNALS)
    dead_letter_topic = "fuma.dlq.orders"

    def __init__(self, alarm: Alarm) -> None:
        self._repeats = Repeats(alarm)

    def opened(self, topic: str, partition: int) -> None:
        self._repeats.opened(partition)

    def transform(self, raw: LogRecord) -> Sequence[Emit]:
        record = decode_order(raw.value)
        key = raw.key or b""
        if self._repeats.seen(key, record.seq, raw):
            return ()
        province = key.decode("ascii", "replace")
        made: list[Emit] = []
        for event in record.events:
            if isinstance(event, e.Issued):
                if event.colour not in _COLOURS or len(event.chain) != len(event.steps):
                    raise Poison(Reason.UNDECODABLE, "no order that could have been issued")
                made += (
                    Emit(PERSON, tag, encode_person(line)) for tag, line in lines(province, event)
                )
            elif isinstance(event, e.LinesEnded | e.LineSuspended):
                made += (
                    Emit(PERSON, tag, encode_person(end))
                    for tag, end in ends(province, record.seq, event)
                )
        made += (
            Emit(REPLIES, reply.key.encode(), encode_reply(reply))
            for reply in replies(province, record)
        )
        told = signals_of_order(key, record.seq, province, record.at, record.events, record.part)
        made += (Emit(SIGNALS, signal_key(one), encode_signal(one)) for one in told)
        return made


def lines(province: str, event: e.Issued) -> Iterator[tuple[bytes, i.Line]]:
    """The subjects of an order in effect, and the line of each."""
    chain = tuple(
        i.Actor(a.person, a.officer, a.office, a.key, step)
        for a, step in zip(event.chain, event.steps, strict=True)
    )
    head = digest(
        *_said(
            province, event.ground, event.colour, event.since, event.until, event.book,
            event.book_version, event.row, event.procedure, event.procedure_version,
            int(event.released), *(part for a in chain for part in _actor(a)),
        )
    )  # fmt: skip
    colour = Colour(event.colour)
    for one in event.lines:
        id = derive(b"line", province.encode(), event.order, b"%d" % one.line, one.subject)
        said = _said(one.division, one.fact, one.root, one.reporter)
        yield one.subject, i.Line(
            id, digest(id, head, *said), event.order, one.line, province, one.division,
            event.ground, colour, one.fact, one.root, one.reporter, event.since,
            event.until, event.book, event.book_version, event.row, event.procedure,
            event.procedure_version, chain, event.released,
        )  # fmt: skip


def ends(
    province: str, seq: int, event: e.LinesEnded | e.LineSuspended
) -> Iterator[tuple[bytes, i.LineEnd]]:
    """The subjects whose lines end here, and how."""
    if isinstance(event, e.LineSuspended):
        refs: tuple[e.LineRef, ...] = (e.LineRef(event.line, event.subject),)
        how, code, by = i.End.SUSPENDED, "appeal-overdue", e.NOBODY
    else:
        refs, how, code, by = event.lines, i.End(event.how), event.code, event.by
    actor = i.Actor(by.person, by.officer, by.office, by.key)
    for ref in refs:
        # One line ends in several ways after each other, lifted and later annulled: each is said.
        said = (event.order, b"%d" % ref.line, ref.subject, how.value.encode(), b"%d" % seq)
        id = derive(b"line-end", province.encode(), *said)
        content = digest(id, *_said(province, code, event.at, *_actor(actor)))
        yield ref.subject, i.LineEnd(
            id, content, event.order, ref.line, province, how, code, event.at, actor
        )  # fmt: skip


def _said(*parts: str | int | bytes) -> Iterator[bytes]:
    """What a digest is taken over: text in UTF-8, numbers in decimal."""
    for part in parts:
        yield part if isinstance(part, bytes) else f"{part}".encode()


def _actor(actor: i.Actor) -> tuple[bytes, str, str, str, str]:
    return actor.person, actor.officer, actor.office, actor.key, actor.step


def replies(province: str, record: OrderRecord) -> Iterator[Reply]:
    """What is read back: the command's fate, what is late, whose turn it is."""
    said = tuple(dict.fromkeys(_HAPPENED[type(x)] for x in record.events if type(x) in _HAPPENED))
    ended = [x for x in record.events if isinstance(x, e.Ended)]
    detail = ended[0].reason if len(ended) == 1 else ""
    for ordinal, event in enumerate(record.events):
        for number, (key, status, command, kind, about, codes, more) in enumerate(
            _of(event, (*said, *(x.how for x in ended[:1])), detail)
        ):
            id = derive(
                b"reply", province.encode(), b"%d" % record.seq, b"%d" % ordinal, b"%d" % number
            )
            yield Reply(id, record.at, command, key, province, status, kind, about, codes, more)


_Said = tuple[str, str, bytes, str, bytes, tuple[str, ...], str]
_HAPPENED: dict[type, str] = {
    e.Completed: "completed",
    e.BulkHeld: "held",
    e.Effected: "effective",
    e.AccountOpened: "opened",
    e.ApplicationRefused: "application-refused",
}


def _of(event: e.Event, codes: tuple[str, ...], detail: str) -> Iterator[_Said]:
    if isinstance(event, e.Accepted):
        kind = WORDS.get(event.type, event.type)
        yield event.actor.key, "accepted", event.command, kind, event.about, codes, detail
    elif isinstance(event, e.Refused):
        # A forgery names a key that did not sign: its owner asked for nothing.
        if event.actor.key:
            kind = WORDS.get(event.type, event.type)
            yield event.actor.key, "refused", event.command, kind, event.about, event.codes, ""
    elif isinstance(event, e.Overdue):
        for key in event.keys:
            yield key, "overdue", NO_COMMAND, event.what, event.about, (event.name,), event.level
    elif isinstance(event, e.Forwarded):
        for key in event.keys:
            yield key, "turn", NO_COMMAND, event.step, event.order, (), ""
    elif isinstance(event, e.CaseAssigned):
        for key in event.keys:
            yield key, "turn", NO_COMMAND, "decide", event.case, (), ""
