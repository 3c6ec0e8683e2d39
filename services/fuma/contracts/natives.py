"""The source of ``fuma.compiled.GENERATED``: every codec that asked to be compiled."""

from __future__ import annotations

from fuma.contracts import codec, decisions, facts, notices, signals
from fuma.contracts.avronativeread import ReaderSource
from fuma.contracts.avronativewrite import WriterSource
from fuma.contracts.nativesource import Source

#: Those whose codecs are compiled: to import them is to ask.
ASKING = (decisions, facts, notices, signals)


def source() -> str:
    """The module, for mypyc. Raises ``Unsupported`` where a codec cannot be compiled."""
    out, rows = Source(), {}
    for written, newest, shapes in codec.ASKED:
        if newest is None:
            made = WriterSource(out, written, shapes).write()
        else:
            made = ReaderSource(out, written, newest, shapes).write()
        rows[codec.native_key(written, newest, shapes)] = made
    table = "".join(f"\n    {key!r}: {made}," for key, made in rows.items())
    return out.text({"NATIVE": table + "\n"})
