"""A SUBJECT on the command line: a tag, or ``id:<number>`` for whoever may look one up."""

from __future__ import annotations

from fuma.cli.errors import USAGE, CliError
from fuma.runtime.embedded.paths import Home
from fuma.runtime.vault import VaultClient

READER = "officer-reader"


def subject(home: Home, text: str, *, purpose: str, role: str = READER) -> bytes:
    """The 16-byte tag. Raises ``CliError`` where the text names nobody."""
    if text.startswith("id:"):
        return _looked_up(home, text[3:].strip(), purpose, role)
    try:
        tag = bytes.fromhex(text)
    except ValueError:
        tag = b""
    if len(tag) != 16:
        raise CliError(
            "not a subject", "a tag is 32 hex digits; `id:<number>` looks one up", code=USAGE
        )
    return tag


def _looked_up(home: Home, number: str, purpose: str, role: str) -> bytes:
    if not purpose.strip():
        raise CliError("an identity lookup needs a purpose", "say why: --purpose '...'", code=USAGE)
    vault = VaultClient(home.path, role, who="fuma", patience=5.0)
    try:
        tag = vault.find(number, purpose=purpose)
    finally:
        vault.close()
    if tag is None:
        raise CliError("nobody of that number was ever reported", "check the number")
    return tag
