"""One contract for every vault: the fake in memory, and the service over HTTP on SQLite."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fuma.contracts.errors import Refusal
from fuma.runtime import keyfiles
from fuma.runtime.memory import MemoryVault
from fuma.runtime.ports import Vault
from fuma.runtime.vault import VaultClient, address_path

ZHANG = ("11010519491231002X", "张三")
LI = ("440308199901101512", "李四")


def start_vault(home: Path) -> subprocess.Popen[bytes]:
    """A vault service on ``home``, answering."""
    keyfiles.generate(home)
    process = subprocess.Popen([sys.executable, "-m", "fuma.vault", "--home", str(home)])
    deadline = time.monotonic() + 20
    while not address_path(home).exists():
        assert process.poll() is None, "the vault stopped"
        assert time.monotonic() < deadline, "the vault did not start"
        time.sleep(0.05)
    return process


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("vault")
    process = start_vault(home)
    yield home
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0


class Clients:
    """The same vault in the roles that the contract needs."""

    def __init__(self, gateway: Vault, loader: Vault, reader: Vault) -> None:
        self.gateway, self.loader, self.reader = gateway, loader, reader


@pytest.fixture(params=["memory", "service"])
def vault(request: pytest.FixtureRequest) -> Iterator[Clients]:
    if request.param == "memory":
        fake = MemoryVault()
        yield Clients(fake, fake, fake)
        return
    home = request.getfixturevalue("service")
    clients = [VaultClient(home, role) for role in ("gateway", "holders-loader", "auditor")]
    yield Clients(*clients)
    for client in clients:
        client.close()


def test_the_same_number_is_the_same_subject(vault: Clients) -> None:
    first, other, again = vault.gateway.subjects([ZHANG, LI, ZHANG])
    assert first == again != other
    assert len(first.tag) == 16
    assert len(first.key) == 64
    assert vault.gateway.subjects([("11010519491231002x", "张三")])[0].tag == first.tag


def test_identity_is_number_and_name_together(vault: Clients) -> None:
    number = "330102198807150017"
    assert vault.gateway.subjects([(number, "王五")])[0].identity == "unregistered"
    assert vault.loader.load([(number, "王五")]) == 1
    assert vault.loader.load([(number, "王五")]) == 0
    told = vault.gateway.subjects([(number, "王 五"), (number, "王六"), (number, "")])
    assert [one.identity for one in told] == ["matched", "mismatched", "mismatched"]
    assert len({one.tag for one in told}) == 1


def test_readers_find_but_never_mint(vault: Clients) -> None:
    number = "510107200002290024"
    assert vault.reader.find(number, purpose="test") is None
    assert vault.reader.find(number, purpose="test") is None
    (subject,) = vault.gateway.subjects([(number, "赵六")])
    assert vault.reader.find(number, purpose="test") == subject.tag
    assert vault.reader.keys([b"\0" * 16, subject.tag], purpose="test") == [None, subject.key]


def test_a_lookup_needs_a_purpose(vault: Clients) -> None:
    with pytest.raises(Refusal):
        vault.reader.find(ZHANG[0], purpose=" ")


def test_minting_at_once_gives_one_tag(vault: Clients) -> None:
    people = [(f"same-{i % 20}", "") for i in range(400)]
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(vault.gateway.subjects, [people] * 4))
    assert all(one == told[0] for one in told)
    assert len({one.tag for one in told[0]}) == 20


def test_roles_are_held(service: Path) -> None:
    reader, gateway = VaultClient(service, "auditor"), VaultClient(service, "gateway")
    with pytest.raises(Refusal):
        reader.subjects([ZHANG])
    with pytest.raises(Refusal):
        reader.load([ZHANG])
    with pytest.raises(Refusal):
        gateway.find(ZHANG[0], purpose="test")
    reader._token = "guessed"
    with pytest.raises(Refusal):
        reader.find(ZHANG[0], purpose="test")


def test_a_kill_keeps_every_tag_that_was_told(tmp_path: Path) -> None:
    process = start_vault(tmp_path)
    client = VaultClient(tmp_path, "gateway")
    told = client.subjects([(f"{i}", "") for i in range(2_000)])
    process.kill()
    process.wait()
    address_path(tmp_path).unlink()
    process = start_vault(tmp_path)
    assert client.subjects([(f"{i}", "") for i in range(2_000)]) == told
    os.kill(process.pid, signal.SIGTERM)
    process.wait(15)


def test_nothing_readable_at_rest(tmp_path: Path) -> None:
    process = start_vault(tmp_path)
    VaultClient(tmp_path, "holders-loader").load([ZHANG, LI])
    VaultClient(tmp_path, "gateway").subjects([ZHANG])
    process.kill()
    process.wait()
    stored = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    for clear in (*ZHANG, *LI):
        assert clear.encode() not in stored
