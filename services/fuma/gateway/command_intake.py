"""From a record of ``in.commands`` to a command that may go on, a refusal, or a dead letter.

The form alone is looked at: is it an envelope, did the key that it names sign it, is it of this
world. Whether that key may do what it asks is said by ``authority``, on the log.
"""

from __future__ import annotations

from dataclasses import dataclass

from fuma.contracts import commands, dsse
from fuma.contracts.codec import decode
from fuma.contracts.commands import MAX_ENVELOPE
from fuma.contracts.errors import Poison, Reason
from fuma.contracts.genesis import World
from fuma.domain.authority.commands import Forged
from fuma.domain.ids import derive
from fuma.domain.time import Ms
from fuma.runtime.mac import TIME_HEADER, Sealer, unpack_time
from fuma.runtime.ports import LogRecord

#: Up to here it is looked at who sent what is too large, so that it can be answered.
_READ = 4 * MAX_ENVELOPE


@dataclass(frozen=True, slots=True)
class Forward:
    """Goes to ``commands`` as it stands. ``forged``: to be recorded there as what it is."""

    raw: LogRecord
    province: str
    envelope: bytes
    at: Ms | None  # log time that the sender vouched for
    forged: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Signed by the key that it names, and still no command of this world: answered."""

    raw: LogRecord
    named: commands.Named
    codes: tuple[str, ...]
    detail: str
    at: Ms | None

    @property
    def id(self) -> bytes:
        """The reply's id: it follows from what was refused."""
        return derive(b"door", self.named.digest)


class CommandIntake:
    """Reads ``in.commands``. ``sealer``: under the officers' key, for log time."""

    def __init__(self, world: World, sealer: Sealer) -> None:
        self._world = world
        self._sealer = sealer

    def take(self, raw: LogRecord, ceremony: tuple[str, str]) -> Forward | Refused:
        """What becomes of ``raw``. ``ceremony``: the two public keys (hex) of the genesis.

        Raises ``Poison`` where nobody can be answered.
        """
        envelope = bytes(decode("signed-command", raw.value)["envelope"])
        large = len(envelope) > MAX_ENVELOPE
        if len(envelope) > _READ:
            raise Poison(Reason.TOO_LARGE, f"{len(envelope)} bytes, at most {MAX_ENVELOPE}")
        at = self._time(raw)
        if not large and dsse.parse(envelope).type == commands.FOUNDING_TYPE:
            founding = commands.open_founding(envelope, ceremony)
            if founding.world != self._world.id or not _province(founding.province):
                raise Poison(Reason.BAD_REPORT, "a founding of another world, or of no province")
            return Forward(raw, founding.province, envelope, at)
        named = commands.named(envelope)
        if not named.signed:
            if large:
                raise Poison(Reason.TOO_LARGE, f"{len(envelope)} bytes, at most {MAX_ENVELOPE}")
            # Recorded on the log, with the key that it claims, if it is a command at all.
            if not isinstance(commands.open_command(envelope), Forged):
                raise Poison(Reason.BAD_SIGNATURE, "signed by no key that it names")
            if named.world != self._world.id or not _province(named.province):
                raise Poison(Reason.BAD_SIGNATURE, "forged, and of no province of this world")
            return Forward(raw, named.province, envelope, at, forged=True)
        codes = []
        if named.world != self._world.id:
            codes.append("other-world")
        if not _province(named.province):
            codes.append("province-unknown")
        if large:
            codes.append("too-large")
        if codes:
            return Refused(raw, named, tuple(codes), "", at)
        try:
            commands.open_command(envelope)
        except Poison as poison:
            code = "too-large" if poison.reason is Reason.TOO_LARGE else "not-a-command"
            return Refused(raw, named, (code,), str(poison), at)
        return Forward(raw, named.province, envelope, at)

    def _time(self, raw: LogRecord) -> Ms | None:
        if not self._world.simulated:
            return raw.timestamp
        if not self._sealer.check(raw.topic, raw.key, raw.value, raw.headers):
            return None
        return unpack_time(raw.header(TIME_HEADER))


def _province(text: str) -> bool:
    return len(text) == 2 and text.isascii() and text.isdigit()
