"""Those who send while things break: each in a thread, each sending until it is answered."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from chaos.line import Line
from chaos.pulse import STUCK, StandsStill
from fuma.contracts.errors import FumaError
from fuma.domain.time import Ms
from fuma.feed import FeedClient, Summary
from fuma.feed import Line as Row

T = TypeVar("T")
SOURCE = "//henan.example/cdc"
#: Seconds without an answer after which the one who waits calls the command again.
PATIENCE = 45.0


class Worker:
    """Turns until told to stop. ``failure``: what ended it before."""

    def __init__(self, line: Line, name: str, seed: int) -> None:
        self.line = line
        self.dice = random.Random(f"{name} {seed}")
        self.failure: BaseException | None = None
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._guarded, name=name)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """After what is under way."""
        self.over.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self.failure is not None:
            raise self.failure

    def people(self) -> list[tuple[str, str]]:
        """Numbers and names, for the register."""
        return []

    def turn(self) -> None:
        """One piece of work."""
        raise NotImplementedError

    def close(self) -> None:
        """Its connections."""

    def _guarded(self) -> None:
        try:
            while not self.over.is_set():
                self.turn()
        except BaseException as error:
            self.failure = error
        finally:
            self.close()

    def persist(self, what: str, work: Callable[[], T], again: Callable[[], None]) -> T:
        """Do ``work`` until it is done, and before each new attempt ``again``."""
        while True:
            try:
                return work()
            except FumaError as error:
                self.line.tell(f"{what}, again: {error}")
                if self.over.is_set() and self.line.pulse.still >= STUCK:
                    raise StandsStill(f"{what} is never answered") from error
                again()
                time.sleep(1.0)


class Department:
    """A department's client that sends a file again whenever in doubt, as a department does."""

    def __init__(self, worker: Worker, name: str) -> None:
        self._worker, self._name = worker, name
        self._client: FeedClient | None = None

    def send(
        self, receipt: str, events: Sequence[dict[str, Any]], now: Ms, declared: int | None = None
    ) -> Summary:
        """Until it is answered."""
        lines = [Row(n, json.dumps(event).encode()) for n, event in enumerate(events, 1)]

        def report() -> Summary:
            if self._client is None:
                home = self._worker.line.home.path
                self._client = FeedClient.open(home, self._name, patience=PATIENCE)
            return self._client.report(lines, receipt=receipt, declared=declared, now=now)

        return self._worker.persist(f"{self._name} sends {receipt}", report, self._drop)

    def _drop(self) -> None:
        """Another client from now on, as of a command that is called again."""
        if self._client is not None:
            # It waits for what is under way, which may come to nothing.
            threading.Thread(target=self._client.close, daemon=True).start()
            self._client = None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
