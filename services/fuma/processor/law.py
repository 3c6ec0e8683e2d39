"""The law as the processor decides by it: read in the background, and how far it is known."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from fuma.domain.law.inforce import Law
from fuma.domain.law.publication import FRESHNESS
from fuma.domain.time import Ms
from fuma.runtime.lawreader import LawReader

log = logging.getLogger(__name__)
_POLL_S = 0.1


class LawGate:
    """Follows ``law`` in a thread of its own.

    A text is valid a whole notice after it stands on the log, so up to ``horizon`` (half a notice
    past the last log time read) every text that can be in force has been read.
    """

    def __init__(self, reader: LawReader, die: Callable[[BaseException], object]) -> None:
        self._reader = reader
        self._die = die
        self._horizon: Ms = -1
        self._law = Law(())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="law", daemon=True)

    def start(self) -> None:
        """Read what is there, then follow. Raises ``Fatal`` on another genesis."""
        self._poll()
        self._thread.start()

    @property
    def world(self) -> bytes:
        """The world's id, 16 bytes."""
        return self._reader.log.world.id

    def law(self) -> Law:
        return self._law

    def ceremony(self) -> tuple[str, str] | None:
        """Both public keys (hex) of the genesis; ``None`` before there is one."""
        genesis = self._reader.log.genesis
        return genesis.ceremony if genesis is not None else None

    def horizon(self) -> Ms:
        return self._horizon

    def time(self) -> Ms:
        """The last log time of ``law``; negative before it begins."""
        return self._horizon - FRESHNESS

    def _poll(self) -> None:
        self._reader.poll()
        # In this order: whoever sees the new horizon must find the texts that belong to it.
        self._law = self._reader.law
        if self._reader.begun:
            self._horizon = self._reader.log.time + FRESHNESS

    def _follow(self) -> None:
        while not self._stop.wait(_POLL_S):
            try:
                self._poll()
            except Exception as error:
                self._die(error)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
