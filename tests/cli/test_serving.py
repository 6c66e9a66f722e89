"""Clients that send little by little do not keep the others out."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from flask import Flask

from donorhub.cli import serving
from tests.processes import free_port

HEAD = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n"


@pytest.fixture
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HEAD_S", 0.5)
    monkeypatch.setattr(serving, "BODY_GRACE_S", 0.5)
    monkeypatch.setattr(serving, "LEAST_RATE", 100)


@pytest.fixture
def port(app: Flask) -> Iterator[int]:
    """The port of a server that listens."""
    port = free_port()
    server = serving.make_server(app, app.extensions["donorhub.settings"], "127.0.0.1", port)
    server.adj.asyncore_loop_timeout = 0.05  # so soon it sees that it was closed
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield port
    server.close()
    thread.join(5)


def get_health(port: int) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", "/healthz")
        return connection.getresponse().status


def is_closed_within(client: socket.socket, seconds: float) -> bool:
    """Return whether the server closes, while we send a byte now and then."""
    until = time.monotonic() + seconds
    client.settimeout(0.1)
    while time.monotonic() < until:
        try:
            client.send(b"a")
            if client.recv(100) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_short_answer_comes_in_one_send(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The head of a short answer is sent with its body, several requests on one connection in turn."""
    sent: list[bytes] = []
    send = serving.TimedChannel.send

    def note_send(channel: serving.TimedChannel, data: bytes, do_close: bool = True) -> int:
        sent.append(bytes(data))
        return int(send(channel, data, do_close=do_close))

    monkeypatch.setattr(serving.TimedChannel, "send", note_send)
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        for count in (1, 2):
            connection.request("GET", "/healthz")
            body = connection.getresponse().read()
            assert body and len(sent) == count
            assert sent[-1].startswith(b"HTTP/1.1 200 ") and sent[-1].endswith(b"\r\n\r\n" + body)


def test_head_request_sends_no_body(port: int) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        for method in ("HEAD", "GET"):  # a body after the first would be read as the next answer
            connection.request(method, "/healthz")
            answer = connection.getresponse()
            assert answer.status == 200 and bool(answer.read()) == (method == "GET")


@pytest.mark.parametrize("body", [b"", b"a" * 70_000], ids=["empty", "long"])
def test_answer_of_any_length_is_whole(port: int, app: Flask, body: bytes) -> None:
    inner = app.wsgi_app
    headers = [("Content-Length", str(len(body)))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "wsgi_app", lambda _environ, start: start("200 OK", headers) and [body])
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            for _ in range(2):
                connection.request("GET", "/")
                assert connection.getresponse().read() == body
    assert app.wsgi_app is inner


@pytest.mark.usefixtures("little_patience")
@pytest.mark.parametrize("start", [b"", HEAD, HEAD + b"\r\n"], ids=["nothing", "in the head", "in the body"])
def test_dripping_client_is_cut_off(port: int, start: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(start)
        assert is_closed_within(client, 6)


@pytest.mark.usefixtures("little_patience")
def test_silent_client_is_cut_off(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(6)
        assert client.recv(100) == b""


@pytest.mark.usefixtures("little_patience")
def test_client_of_fair_speed_is_heard(port: int) -> None:
    """A body that takes longer than the grace, at more than the least rate, is read to its end."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1500\r\n\r\n")
        for _ in range(15):
            client.sendall(b"a" * 100)
            time.sleep(0.1)
        client.settimeout(5)
        assert client.recv(100).startswith(b"HTTP/1.1 ")


def test_dripping_crowd_keeps_nobody_out(port: int) -> None:
    """More clients than waitress would accept by itself, none of which ever sends a whole request."""
    with ExitStack() as clients:
        for _ in range(110):
            client = clients.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(HEAD)
        assert get_health(port) == 200


@pytest.mark.usefixtures("little_patience")
def test_kept_connection_outlives_the_patience(port: int) -> None:
    """The time limit is a request's: a browser's connection may rest between two."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        for _ in range(2):
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            time.sleep(1.2)
