"""HTTP/1.1 with keep-alive, and nothing that a stub does not need.

A server on ``asyncio.Protocol``: about 10,000 small requests a second, so that what a benchmark
measures is the client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

NEVER = float("inf")
"""A delay: the answer does not come."""


@dataclass(slots=True)
class Asked:
    """A request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Answer:
    """A response. ``keep`` is the share of the body that is sent before the connection is cut.

    ``pieces`` makes it a stream in chunked encoding. ``sent`` is called when all of it was handed
    over, and ``done`` when the request is over in whatever way.
    """

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] | None = None
    keep: float | None = None
    drop: bool = False
    delay: float = 0.0
    sent: Callable[[], None] | None = None
    done: Callable[[], None] | None = None


class Connection(asyncio.Protocol):
    """One connection; one request after the other."""

    def __init__(self, handle: Callable[[Asked], Answer]) -> None:
        self._handle = handle
        self._buffer = bytearray()
        self._head: tuple[str, str, dict[str, str], int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._answer: Answer | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        self._done()

    def _done(self) -> None:
        answer, self._answer, self._timer = self._answer, None, None
        if answer is not None and answer.done is not None:
            answer.done()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._answer is None:
            self._next()

    def _next(self) -> None:
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            lines = self._buffer[:end].decode("latin-1").split("\r\n")
            del self._buffer[: end + 4]
            method, target, _ = lines[0].split(" ", 2)
            headers = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                headers[name.strip().lower()] = value.strip()
            self._head = (method, target, headers, int(headers.get("content-length", "0")))
        method, target, headers, length = self._head
        if len(self._buffer) < length:
            return
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._head = None
        answer = self._handle(Asked(method, target.partition("?")[0], headers, body))
        self._answer = answer
        if answer.delay == NEVER:
            return
        if answer.delay > 0:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(answer.delay, self._send, answer)
        else:
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        transport = self._transport
        if transport is None:
            return
        if answer.drop:
            transport.close()
            return
        phrase = HTTPStatus(answer.status).phrase
        head = [f"HTTP/1.1 {answer.status} {phrase}", f"content-type: {answer.kind}"]
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        if answer.pieces is None:
            head.append(f"content-length: {len(answer.body)}")
            body = answer.body
        else:
            head.append("transfer-encoding: chunked")
            body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in answer.pieces)
            body += b"0\r\n\r\n"
        if answer.keep is not None:
            body = body[: int(len(body) * answer.keep)]
        transport.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)
        if answer.keep is not None:
            transport.close()
            return
        if answer.sent is not None:
            answer.sent()
        self._done()
        if self._buffer:
            self._next()
