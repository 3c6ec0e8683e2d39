"""Tells a slow line from one that stands still: it looks, again and again, how much was written.

Nothing here goes by the clock. A machine that has other things to do looks less often, and what
waits waits for so many looks at which nothing had come.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from confluent_kafka import KafkaException

from fuma.contracts.errors import FumaError
from fuma.contracts.topics import spec
from fuma.runtime.kafka import KafkaLogReader

EVERY_S = 1.0
#: What the gateway writes at the end of its work, and the processor at the end of its own. Nobody
#: else writes there, the driver's junk neither.
WATCHED = ("fuma.answers.health", "fuma.notices")
#: Looks without anything new after which what there is to see is kept, and after which it is over.
DOUBTFUL, STUCK = 45, 300


class StandsStill(AssertionError):
    """Nothing came for so long that nothing will."""


class Pulse:
    """Looks while the line lives. ``connect``: a reader; ``doubt`` is called where it stands."""

    def __init__(
        self, connect: Callable[[], KafkaLogReader], doubt: Callable[[str], None],
        every_s: float = EVERY_S,
    ) -> None:  # fmt: skip
        self.looks = 0
        #: By topic, records there were, and the look at which there were that many.
        self.seen = dict.fromkeys(WATCHED, (0, 0))
        self._connect, self._doubt = connect, doubt
        self._every_s = every_s
        self._over = threading.Event()
        self._doubted = 0
        self._thread = threading.Thread(target=self._follow, name="pulse", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    @property
    def still(self) -> int:
        """Looks since the last at which one of the topics had not moved."""
        return self.looks - min(look for _, look in self.seen.values())

    def rest(self) -> None:
        """Nothing is meant to flow: what stood still until now is no reason for doubt."""
        self.seen = {name: (count, self.looks) for name, (count, _) in self.seen.items()}

    def passed(self) -> int:
        """Records that the whole line has finished."""
        return self.seen["fuma.notices"][0]

    def _follow(self) -> None:
        reader: KafkaLogReader | None = None
        while not self._over.wait(self._every_s):
            try:
                reader = reader or self._connect()
                self._look(reader)
            except (FumaError, KafkaException):
                reader = None  # the broker is away: that is a look at which nothing had come
            self.looks += 1
            if self.still >= DOUBTFUL and self.looks - self._doubted >= DOUBTFUL:
                self._doubted = self.looks
                self._doubt(f"nothing new at {self.still} looks")
        if reader is not None:
            reader.close()

    def _look(self, reader: KafkaLogReader) -> None:
        for name in WATCHED:
            count = sum(reader.bounds(name, p).end for p in range(spec(name).partitions))
            if count != self.seen[name][0]:
                self.seen[name] = count, self.looks
