"""A simulated world of its own: stack, genesis, services.

Everything lies under one FUMA_HOME, which is wiped before and, unless kept, after. Whatever ends
the demo, nothing is left running.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from fuma.cli import run_state
from fuma.cli.demo.questions import Questions
from fuma.cli.errors import CliError
from fuma.cli.law_genesis import write_genesis
from fuma.cli.run_supervisor import SERVICES, Supervisor
from fuma.contracts import topics
from fuma.contracts.errors import Fatal
from fuma.contracts.resources import root
from fuma.contracts.rulesfile import Text, load_file, load_folder
from fuma.domain.time import Ms
from fuma.runtime.embedded.connect import kafka_config
from fuma.runtime.embedded.paths import Home
from fuma.runtime.embedded.supervisor import stack
from fuma.runtime.kafka import KafkaLogReader
from fuma.runtime.vault import address_path, token_path

PUBLISHER = "国务院联防联控机制"
_PATIENCE = 60.0
#: What tells a demo's home from a deployment's: only a home with this file is ever wiped.
_MARK = "demo-world"


def law_texts() -> list[Text]:
    """The delivered law, and the made-up province's own texts on top."""
    rules = root() / "rules"
    own = sorted((Path(__file__).parent / "law").glob("*/*.yaml"))
    return load_folder(rules) + [load_file(path, rules) for path in own]


class World:
    """One demo world under ``home``. Use as a context: leaving it stops everything."""

    def __init__(
        self, home: Path, *, say: Callable[[str], None] = lambda line: None, keep: bool = False
    ) -> None:
        self.home = Home(home.absolute())
        self._say = say
        self._keep = keep
        self._ours = False  # nothing is stopped or removed that is not a demo's
        self._supervisor: Supervisor | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._ask: Questions | None = None

    def __enter__(self) -> World:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def up(self, begins: Ms, services: Sequence[str] = SERVICES, workers: int = 1) -> None:
        """Wipe what a former demo left, start everything, begin the world at ``begins``."""
        self.wipe()
        self._say("Kafka and Redis")
        stack.up(self.home, self._say)
        # A topic that was made this instant may not have its leader yet.
        self._until(self._topics_answer, "the topics do not answer")
        self._say("genesis of a simulated world, and its law")
        texts = law_texts()
        write_genesis(self.home, texts, simulated=True, at=begins, publisher=PUBLISHER)
        self.run(services, workers)

    def again(self, services: Sequence[str] = SERVICES, workers: int = 1) -> None:
        """Start a world that was kept once more, as it stands. Raises ``CliError`` if none was."""
        if not (self.home.path / _MARK).exists() or not self.home.world.exists():
            raise CliError(f"{self.home.path} holds no world that was kept", "begin anew")
        run_state.stop(self.home.path)
        self._ours = True
        if self._ask is not None:  # the broker may have another port
            self._ask.close()
            self._ask = None
        stack.up(self.home, self._say)
        self._until(self._topics_answer, "the topics do not answer")
        self.run(services, workers)

    def down(self) -> None:
        """Stop services and stack; the data stay, for :meth:`again`."""
        self.stop_services()
        stack.down(self.home)

    def run(self, services: Sequence[str] = SERVICES, workers: int = 1) -> None:
        """Start the services under a supervisor of our own."""
        self._say("services: " + ", ".join(services))
        self._supervisor = Supervisor(self.home.path, services, workers, say=self._log)
        self._supervisor.start()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._thread.start()
        if "vault" in services:
            self._until(self._vault_is_up, "the vault did not start")

    def stop_services(self) -> None:
        """Stop the services; stack and data stay."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._supervisor is not None:
            self._supervisor.close()
            self._supervisor = None

    def close(self) -> None:
        """Stop everything; wipe it unless it is kept."""
        if self._ask is not None:
            self._ask.close()
            self._ask = None
        self.stop_services()
        if not self._ours:
            return
        stack.down(self.home)
        if not self._keep:
            shutil.rmtree(self.home.path, ignore_errors=True)

    def wipe(self) -> None:
        """Stop and remove a former demo of this home. Refuses what is not a demo's."""
        path, mark = self.home.path, self.home.path / _MARK
        if path.exists() and any(path.iterdir()):
            if not mark.exists():
                raise CliError(
                    f"{path} holds something that is no demo's", "name an empty folder with --home"
                )
            run_state.stop(path)
            stack.down(self.home)
            shutil.rmtree(path)
        path.mkdir(parents=True, exist_ok=True)
        mark.touch()
        self._ours = True

    def _watch(self) -> None:
        assert self._supervisor is not None
        while not self._stopping.wait(0.1):
            self._supervisor.tick()

    def _log(self, line: str) -> None:
        self.home.logs.mkdir(parents=True, exist_ok=True)
        with (self.home.logs / "run.log").open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%H:%M:%S')} {line}\n")

    def _topics_answer(self) -> bool:
        reader = KafkaLogReader(kafka_config(self.home, "admin"))
        try:
            return all(reader.bounds(name, 0).end >= 0 for name in topics.topics())
        except Fatal:
            return False
        finally:
            reader.close()

    def _vault_is_up(self) -> bool:
        token = token_path(self.home.path, "holders-loader")
        return address_path(self.home.path).exists() and token.exists()

    def _until(self, condition: Callable[[], bool], otherwise: str) -> None:
        until = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > until:
                raise CliError(otherwise, f"see {self.home.logs}")
            time.sleep(0.05)

    @property
    def ask(self) -> Questions:
        """What can be asked of it; one for the world's life."""
        if self._ask is None:
            self._ask = Questions(self.home)
        return self._ask

    @property
    def supervisor(self) -> Supervisor:
        """The supervisor of the running services."""
        assert self._supervisor is not None
        return self._supervisor
