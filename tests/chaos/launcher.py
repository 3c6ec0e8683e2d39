"""Starts a service as ``python -m`` would, with places at which it can be made to fail.

A place is armed by a file ``<home>/arm/<name>``; the first process that gets there takes the file
away (renaming is atomic) and fails. Names are ``<moment>.<what>``: of an append by the processor's
stage ``what`` or for the gateway's topic ``what``, of a store, of a commit. Everything else is the
service's own code.
"""

from __future__ import annotations

import faulthandler
import os
import runpy
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

HOME = Path(os.environ.get("FUMA_HOME", "."))
_Submit = Callable[[Sequence[Any]], Future[list[int]]]
_KILLED = 137


def armed(name: str) -> bool:
    """Whether ``name`` is armed; only one asker is told so."""
    try:
        (HOME / "arm" / name).rename(HOME / "fired" / f"{name}.{os.getpid()}")
    except OSError:
        return False
    return True


def fail(moment: str) -> None:
    """Die as by SIGKILL, freeze as by SIGSTOP, or say that it failed."""
    from fuma.contracts.errors import Fatal

    if moment.startswith("zombie"):
        os.kill(os.getpid(), signal.SIGSTOP)
    elif moment.startswith("said"):
        raise Fatal("made to fail")
    else:
        os._exit(_KILLED)


#: moment: how much of the records is sent before it fails.
APPENDS = {"none": 0.0, "part": 0.5, "all": 1.0, "said-none": 0.0, "said-all": 1.0, "zombie": 0.5}


def _cut(records: Sequence[Any], share: float) -> int:
    """Where to stop: between two parts of one input's output, if there are such."""
    if share in (0.0, 1.0):
        return int(len(records) * share)
    for index in range(1, len(records)):
        origins = [dict(r.headers).get("origin", b"") for r in records[index - 1 : index + 1]]
        if origins[0] and origins[0][:28] == origins[1][:28]:
            return index
    return len(records) // 2


def _after(sent: list[int], rest: Future[list[int]]) -> Future[list[int]]:
    """The offsets ``sent``, and behind them those of ``rest``."""
    whole: Future[list[int]] = Future()

    def done(_: Future[list[int]]) -> None:
        if whole.done():
            return  # nobody waits any more
        if (error := rest.exception()) is not None:
            whole.set_exception(error)
        else:
            whole.set_result([*sent, *rest.result()])

    rest.add_done_callback(done)
    return whole


def _failing(name: str, submit: _Submit, records: Sequence[Any]) -> Future[list[int]]:
    """``submit`` them, as whoever gets to ``name`` while it is armed does."""
    for moment, share in APPENDS.items():
        if armed(f"{moment}.{name}"):
            cut = _cut(records, share)
            sent = submit(records[:cut]).result(60) if cut else []
            fail(moment)
            # A zombie goes on where it was, and knows where all of it stands.
            return _after(sent, submit(records[cut:]))
    return submit(records)


def _rounds() -> None:
    """A round's append, by the name of its stage."""
    import asyncio

    from fuma.runtime.host_rounds import Rounds

    def failing(self: Any, records: Any) -> Any:
        name, submit = self.stage.name, self._appender.submit
        # Few of oversight's signals are an incident; its order of writes is the same without one.
        if records or name == "watch":
            return asyncio.wrap_future(_failing(name, submit, records))
        return asyncio.wrap_future(submit(records))

    Rounds._submit = failing  # type: ignore[method-assign]


def _appends() -> None:
    """The gateway's appends, by topic."""
    from fuma.runtime.round_appender import RoundAppender

    real = RoundAppender.submit

    def failing(self: Any, records: Any) -> Any:
        submit = partial(real, self)
        for topic in {"feed" if ".feed." in r.topic else r.topic.split(".")[1] for r in records}:
            if any((HOME / "arm" / f"{moment}.{topic}").exists() for moment in APPENDS):
                return _failing(topic, submit, records)
        return submit(records)

    RoundAppender.submit = failing  # type: ignore[method-assign]


def _around(
    owner: Any, method: str, name: str | Callable[[Any], str], error: Callable[[], Exception]
) -> None:
    """Fail before or after ``owner.method``: ``before``, ``after``, and ``said`` to have failed."""
    real = getattr(owner, method)

    def failing(self: Any, *args: Any, **kwargs: Any) -> Any:
        what = name if isinstance(name, str) else name(self)
        if armed(f"before.{what}"):
            os._exit(_KILLED)
        done = real(self, *args, **kwargs)
        if armed(f"after.{what}"):
            os._exit(_KILLED)
        if armed(f"said.{what}"):
            raise error()
        return done

    setattr(owner, method, failing)


def _commits(owner: Any, method: str, name: str) -> None:
    """The same around a commit that is awaited; one that is said to have failed is told as such."""
    real = getattr(owner, method)

    async def failing(self: Any, *args: Any, **kwargs: Any) -> Any:
        if armed(f"before.{name}"):
            os._exit(_KILLED)
        done = await real(self, *args, **kwargs)
        if armed(f"after.{name}"):
            os._exit(_KILLED)
        return done and not armed(f"said.{name}")

    setattr(owner, method, failing)


def arm_everything(module: str) -> None:
    """Patch what ``module`` uses."""
    from fuma.contracts import decisions
    from fuma.contracts.errors import Fatal, Retryable

    decisions.MAX_EVENTS = 1  # so that decisions come in parts

    def fatal() -> Exception:
        return Fatal("made to fail")

    if module == "fuma.processor":
        from fuma.runtime.faust_thread import ConsumerThread
        from fuma.runtime.host_rounds import Rounds
        from fuma.runtime.store import RocksStore

        _rounds()
        _commits(ConsumerThread, "commit_positions", "commit-processor")
        _around(Rounds, "_take", lambda rounds: f"take-{rounds.stage.name}", fatal)
        for write in ("write", "replace"):  # <stores>/<stage>/<partition>
            _around(RocksStore, write, lambda s: f"store-{s._damaged.parts[-3]}", fatal)
    elif module == "fuma.gateway":
        from fuma.gateway.feeder import Feeder
        from fuma.gateway.publish import Publisher
        from fuma.gateway.staging import Staging

        _appends()
        _around(Publisher, "_subjects", "vault", fatal)
        _around(Staging, "save", "save", fatal)
        _around(Feeder, "_commit", "commit-gateway", fatal)
    elif module == "fuma.sink":
        from fuma.runtime.redis import RedisStore

        _around(RedisStore, "put", "platform", lambda: Retryable("made to fail"))


def disguise(module: str) -> None:
    """What a process of the same binary is not: another machine's, or of the first release.

    ``CHAOS_INSTANCE``: the static member's name, as two machines of one host name would share it.
    ``<home>/release``: the task force writes what the first release wrote, as it does until every
    reader of the newer form is there.
    """
    if module != "fuma.processor":
        return
    instance = os.environ.get("CHAOS_INSTANCE")
    if instance:
        from fuma.runtime import faust_app

        build = faust_app.build

        def named(*args: Any, **kwargs: Any) -> Any:
            return build(*args, **{**kwargs, "instance": instance})

        faust_app.build = named
    if (HOME / "release").exists():
        from fuma.contracts import facts
        from fuma.contracts.codec import encoder
        from fuma.processor import taskforce

        write = encoder("person", 1, facts._AS_FIRST)
        taskforce.encode_person = lambda fact: write(facts.Heard(fact))


_AROUND = ("before", "after", "said")
STAGES = (
    "taskforce", "itinerary", "comparison", "codes", "outbox", "authority", "outbox-orders",
    "watch",
)  # fmt: skip
STORED = ("comparison", "codes", "authority")
#: Every place, by the service that gets there.
POINTS = {
    "processor": [
        *(f"{m}.{stage}" for stage in STAGES for m in APPENDS),
        *(f"{m}.take-{stage}" for stage in STAGES for m in _AROUND),
        *(f"{m}.store-{stage}" for stage in STORED for m in _AROUND),
        *(f"{m}.commit-processor" for m in _AROUND),
    ],
    "gateway": [
        *(f"{m}.{t}" for t in ("feed", "answers", "law", "commands") for m in APPENDS),
        *(f"{m}.{w}" for w in ("vault", "save", "commit-gateway") for m in _AROUND),
    ],
    "sink": [f"{m}.platform" for m in _AROUND],
}


if __name__ == "__main__":
    assert sys.argv[1] == "-m"
    name = sys.argv[2]
    sys.argv = sys.argv[2:]
    sys.path[0] = ""
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    arm_everything(name)
    disguise(name)
    runpy.run_module(name, run_name="__main__", alter_sys=True)
