"""A kept connection: used again, made anew where the server closed it, and never half read."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from fuma.contracts.errors import Refusal, Retryable
from fuma.runtime.http_lane import Lane, NoAnswer
from fuma.runtime.vault import VaultClient, address_path, ensure_tokens

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Server:
    """A server that does with each connection what it is told, and keeps what was asked."""

    def __init__(self, *doing: Callable[[Server, socket.socket], None]) -> None:
        self.asked: list[bytes] = []
        self.connections = 0
        self._doing = doing
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for one in self._doing:
            connection, _ = self._listener.accept()
            self.connections += 1
            with connection:
                one(self, connection)
        self._listener.close()

    def read(self, connection: socket.socket) -> None:
        """One request, whole."""
        found = b""
        while b"\r\n\r\n" not in found or not found.endswith(b"body"):
            more = connection.recv(4096)
            if not more:
                return
            found += more
        self.asked.append(found)


def answers(count: int) -> Callable[[Server, socket.socket], None]:
    def work(server: Server, connection: socket.socket) -> None:
        for _ in range(count):
            server.read(connection)
            connection.sendall(OK)

    return work


def hears_and_hangs_up(server: Server, connection: socket.socket) -> None:
    server.read(connection)


def breaks_off(server: Server, connection: socket.socket) -> None:
    server.read(connection)
    connection.sendall(OK[:-1])


def post(lane: Lane) -> tuple[int, bytes]:
    return lane.post("/v1/x", b"body", {"Authorization": "Bearer t"})


def test_one_connection_serves_many_requests() -> None:
    server = Server(answers(3))
    lane = Lane(server.url + "/base/")
    assert [post(lane) for _ in range(3)] == [(200, b"hi")] * 3
    assert server.connections == 1
    assert all(one.startswith(b"POST /base/v1/x HTTP/1.1\r\n") for one in server.asked)
    assert all(b"Authorization: Bearer t\r\n" in one for one in server.asked)
    lane.close()


def test_a_connection_that_was_closed_meanwhile_is_made_anew() -> None:
    server = Server(answers(1), answers(1))
    lane = Lane(server.url)
    assert post(lane) == post(lane) == (200, b"hi")
    assert server.connections == 2
    lane.close()


@pytest.mark.parametrize("dies", [hears_and_hangs_up, breaks_off])
def test_no_answer_on_a_new_connection_is_told(
    dies: Callable[[Server, socket.socket], None],
) -> None:
    server = Server(dies, answers(1))
    lane = Lane(server.url)
    with pytest.raises(NoAnswer):
        post(lane)
    assert post(lane) == (200, b"hi")
    lane.close()


def test_a_server_that_is_silent_is_not_asked_twice() -> None:
    heard = threading.Event()

    def once(server: Server, connection: socket.socket) -> None:
        answers(1)(server, connection)
        server.read(connection)
        heard.wait(10)

    server = Server(once)
    lane = Lane(server.url, timeout_s=0.2)
    assert post(lane) == (200, b"hi")
    with pytest.raises(NoAnswer, match="imeout"):
        post(lane)
    heard.set()
    assert len(server.asked) == 2


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://x:port", "vault"])
def test_what_is_no_address_is_refused_at_once(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError):
        Lane(url)
    ensure_tokens(tmp_path)
    monkeypatch.setenv("FUMA_VAULT", url)
    with pytest.raises(Refusal, match="address"):
        VaultClient(tmp_path, "gateway").find("1", purpose="p")


def test_a_vault_with_another_port_is_found_again(tmp_path: Path) -> None:
    ensure_tokens(tmp_path)
    client = VaultClient(tmp_path, "auditor", patience=0.3)
    with pytest.raises(Retryable, match="no vault is running"):
        client.find("1", purpose="p")
    nil = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\xc0"

    def once(_: Server, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(nil)

    for server in (Server(once), Server(once)):
        address_path(tmp_path).write_text(f'{{"url": "{server.url}"}}', encoding="utf-8")
        assert client.find("1", purpose="p") is None
    client.close()
