"""Clients that keep the server waiting: how long, and who makes room for whom."""

from __future__ import annotations

import http.client
import json
import socket
import time
from contextlib import ExitStack
from typing import Any

import pytest

HEAD = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
SHORT = json.dumps({"model": "base", "prompt": "Ada:", "seed": 1}).encode()
# Some 12 MB of events, which fit into no buffer of the system.
LARGE = json.dumps(
    {"model": "base", "prompt": "a " * 40_000, "echo": True, "logprobs": 0, "max_tokens": 0}
    | {"stream": True}
).encode()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def status(port: int, path: str = "/v1/models") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def answered(connection: socket.socket) -> bool:
    """Whether a short request on a connection is answered; the answer is read to its end."""
    connection.sendall(HEAD % len(SHORT) + SHORT)
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status == 200


def until_closed(connection: socket.socket, again: bytes = b"", within: float = 5.0) -> bytes:
    """What comes until the server closes; ``again`` is sent all the time."""
    came = b""
    deadline = time.monotonic() + within
    connection.settimeout(0.05)
    while time.monotonic() < deadline:
        try:
            if again:
                connection.sendall(again)
            piece = connection.recv(1 << 20)
        except TimeoutError:
            continue
        except OSError:
            return came
        if not piece:
            return came
        came += piece
    pytest.fail(f"the connection was still open after {within} seconds")


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.01)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


@pytest.mark.parametrize(
    ("sent", "again"),
    [(b"POST /v1/chat", b""), (b"GET /v1/", b"x"), (b"GET / HTTP/1.1\r\nA: ", b"a")],
    ids=["half", "slow", "slow field"],
)
def test_a_head_has_its_time(hasty: Any, sent: bytes, again: bytes) -> None:
    with connected(hasty.port) as connection:
        connection.sendall(sent)
        answer = until_closed(connection, again)
    assert answer.startswith(b"HTTP/1.1 408")
    error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
    assert error["message"] == "The head of the request did not arrive within 0.4 s."
    assert error["code"] == "timeout"


def test_a_connection_that_says_nothing_is_closed(hasty: Any) -> None:
    with connected(hasty.port) as connection:
        assert until_closed(connection) == b""


def test_a_connection_is_kept_for_the_next_request_but_not_for_ever(hasty: Any) -> None:
    with connected(hasty.port) as connection:
        for _ in range(3):
            assert answered(connection)
            time.sleep(0.5)
        # Half a head after an answer has its time, too, however slowly it goes on.
        connection.sendall(b"GET")
        assert until_closed(connection, b"x").startswith(b"HTTP/1.1 408")
    with connected(hasty.port) as connection:
        assert answered(connection)
        assert until_closed(connection) == b""


def test_a_body_has_its_time(hasty: Any) -> None:
    with connected(hasty.port) as connection:
        connection.sendall(HEAD % 100_000)
        answer = until_closed(connection, b" ")
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"The body did not arrive within 0.4 seconds." in answer


def test_an_answer_that_is_not_taken_is_dropped(hasty: Any) -> None:
    head = HEAD % len(LARGE)
    closing = head.replace(b"Host", b"Connection: close\r\nHost")
    with ExitStack() as stack:
        connections = []
        for sent in (head, closing):
            connections.append(stack.enter_context(socket.socket()))
            connections[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            connections[-1].settimeout(20)
            connections[-1].connect(("127.0.0.1", hasty.port))
            connections[-1].sendall(sent + LARGE)
        for connection in connections:
            assert connection.recv(1, socket.MSG_PEEK) == b"H"
        time.sleep(1.2)
        for connection in connections:
            assert len(until_closed(connection)) < 9 << 20


def test_a_large_answer_that_is_taken_comes_whole(served: Any) -> None:
    with connected(served.port) as connection:
        connection.sendall(HEAD % len(LARGE) + LARGE)
        came = bytearray()
        while not came.endswith(b"0\r\n\r\n"):
            came += connection.recv(1 << 20)
    assert came.count(b"data: {") == 40_001
    assert b"data: [DONE]" in came


def test_who_hangs_makes_room_for_who_comes(bounded: Any) -> None:
    port = bounded(connections=20).port
    with ExitStack() as stack:
        # A request that is worked on is not closed, though it is the oldest.
        working = stack.enter_context(connected(port))
        working.sendall(HEAD % len(LARGE) + LARGE)
        time.sleep(0.1)
        for sent in (b"", b"GET /v1/models", HEAD % 1000 + b"{"):
            hanging = []
            for _ in range(40):
                hanging.append(stack.enter_context(connected(port)))
                hanging[-1].sendall(sent)
            assert status(port) == 200
            assert [is_open(one) for one in hanging[:15]] == [False] * 15
            assert [is_open(one) for one in hanging[-15:]] == [True] * 15
        assert working.recv(65536).startswith(b"HTTP/1.1 200")
