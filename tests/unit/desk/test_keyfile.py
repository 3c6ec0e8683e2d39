"""Key files: encrypted, for their owner alone, and readable by other tools that know the form."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuma.contracts.errors import Refusal
from fuma.desk import keyfile

KEY = keyfile.OfficerKey(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
PHRASE = "长城之上的风"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "clerk.key"
    keyfile.write(made, KEY, PHRASE + "!!")
    return made


def test_what_was_written_is_read(path: Path) -> None:
    found = keyfile.read(path, PHRASE + "!!")
    assert (found.id, found.public) == (KEY.id, KEY.public)
    assert path.with_name("clerk.key.pub").read_text().split() == [KEY.public.hex(), KEY.id]


def test_the_operator_account_of_the_same_machine_cannot_read_it(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"k" * 32 not in path.read_bytes()
    with pytest.raises(Refusal, match="passphrase"):
        keyfile.read(path, "")
    with pytest.raises(Refusal, match="passphrase"):
        keyfile.read(path, PHRASE)


def test_a_file_open_to_others_is_refused(path: Path) -> None:
    path.chmod(0o640)
    with pytest.raises(Refusal, match="others may read"):
        keyfile.read(path, PHRASE + "!!")


def test_a_plain_key_is_refused(tmp_path: Path) -> None:
    plain = tmp_path / "plain.key"
    plain.write_bytes(
        KEY.signing.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    plain.chmod(0o600)
    with pytest.raises(Refusal, match="not an encrypted"):
        keyfile.read(plain, "")


def test_nothing_is_written_over_and_no_short_passphrase_taken(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(Refusal, match="exists"):
        keyfile.write(path, keyfile.generate(), PHRASE + "!!")
    assert path.read_bytes() == before
    with pytest.raises(Refusal, match="at least"):
        keyfile.write(path.with_name("other.key"), KEY, "short")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on this machine")
def test_openssl_reads_it(path: Path) -> None:
    said = subprocess.run(
        ["openssl", "pkey", "-in", str(path), "-passin", f"pass:{PHRASE}!!", "-outform", "DER"],
        capture_output=True,
        check=True,
    )
    assert said.stdout.endswith(b"k" * 32)


def test_a_key_is_never_shown() -> None:
    assert repr(KEY) == f"OfficerKey({KEY.id})"
    assert KEY.channel.private_bytes_raw() != b"k" * 32
