"""Putting a text on ``law``: once, however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable

from fuma.cli.errors import CliError
from fuma.contracts.lawlog import LAW_TOPIC, LawLog, Published
from fuma.contracts.rulesfile import Text
from fuma.runtime.ports import Appender, Outgoing


def standing(log: LawLog, text: Text) -> Published | None:
    """The text as it stands on the log, or ``None``.

    Raises ``CliError`` where another text has its name and version.
    """
    for one in log.published:
        if (one.text.name, one.text.version) == (text.name, text.version):
            if one.text.digest == text.digest:
                return one
            raise CliError(
                f"{text.name} v{text.version} is on the log with another content",
                "a published text is never edited: give it its next version",
            )
    return None


def put_on_law(
    text: Text, value: bytes, appender: Appender, read: Callable[[], LawLog]
) -> Published:
    """The text as it stands on the log. ``value``: signed; ``read``: the law as it stands now.

    (1) Read the log: a text that stands already is not written again. (2) Append. A crash, or a
    failure that was none, after it: whoever asks again finds the text at (1).
    Raises ``CliError`` where it does not count.
    """
    found = standing(read(), text)
    if found is not None:
        return found
    key = f"{text.name}@{text.version}".encode()
    [offset] = appender.append([Outgoing(LAW_TOPIC, 0, key, value)])
    found = next((p for p in read().published if p.offset == offset), None)
    if found is None:
        raise CliError(
            f"{text.name} v{text.version} was written and does not count",
            "another text of that name came before it: see fuma law list",
        )
    return found
