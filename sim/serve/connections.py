"""Connections that do not wait for their clients without end.

uvicorn waits for ever for the rest of a head, and its bound on idle connections ends with the first
byte of the next request. Here a head has its time, and so has an answer that is not taken. Open
connections are bounded: for a new one, the connection that keeps the server waiting longest is
closed. Connections whose request is being answered are never closed for another.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from sim.serve.bounds import Bounds
from sim.serve.errors import Refused
from sim.serve.responses import encode

_PIECE = 8 << 10
"""Bytes that are read at once. In chunks of one byte each they take some 20 ms."""


def bounded_connections(bounds: Bounds) -> type[H11Protocol]:
    """The protocol of a server with these bounds."""
    return type("BoundedConnection", (Connection,), {"bounds": bounds})


class Connection(H11Protocol):
    """A connection of uvicorn's; ``since`` is when its present wait began, on the loop's clock."""

    bounds: ClassVar[Bounds]

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.since = 0.0
        self._head_timer: asyncio.TimerHandle | None = None
        self._answer_timer: asyncio.TimerHandle | None = None
        self._unread = bytearray()
        self._feeding: asyncio.Handle | None = None

    @property
    def waits_for_its_client(self) -> bool:
        """Whether the next step is the client's: to send a request or to take an answer."""
        return not self._has_request() or self.cycle.more_body or self.flow.write_paused

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.since = self.loop.time()
        self._await_head()
        if len(self.connections) > self.bounds.connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        self._answer_went()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if self._feeding is None:
            self._feed()

    def _feed(self) -> None:
        """Pass on a piece of what has come; other connections have their turn before the next."""
        self._feeding = None
        if self.transport.is_closing():
            return
        piece = bytes(self._unread[:_PIECE])
        del self._unread[:_PIECE]
        super().data_received(piece)
        # Bytes without a request are half a head, or the rest of a body that was refused.
        if not self._has_request():
            self._await_head()
        if self._unread:
            self.transport.pause_reading()
            self._feeding = self.loop.call_soon(self._feed)
        elif not self.flow.read_paused:
            self.transport.resume_reading()

    def handle_events(self) -> None:
        had_request = self._has_request()
        super().handle_events()
        if self._has_request() and not had_request:
            self.since = self.loop.time()
            self._head_came()
            self._answer_went()
            if self.flow.write_paused:
                self._await_taking()  # the answer before this request has not been taken yet

    def on_response_complete(self) -> None:
        self.since = self.loop.time()
        if self.transport.get_write_buffer_size():
            self._await_taking()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_taking()

    def _has_request(self) -> bool:
        """Whether there is a request that has not been answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self) -> None:
        if self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self.bounds.head_seconds, self._refuse_head)

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _await_taking(self) -> None:
        if self._answer_timer is None:
            after = self.bounds.answer_seconds
            self._answer_timer = self.loop.call_later(after, self._drop_what_is_not_taken)

    def _drop_what_is_not_taken(self) -> None:
        self._answer_timer = None
        if self.transport.get_write_buffer_size():
            # To close would be to wait until the client has taken it.
            self.transport.abort()

    def _answer_went(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None

    def _refuse_head(self) -> None:
        half_a_head = self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]
        if half_a_head and self.conn.our_state is h11.IDLE:
            what = f"The head of the request did not arrive within {self.bounds.head_seconds:g} s."
            body = encode(Refused(408, what, code="timeout").body())
            headers = [
                ("content-type", "application/json"),
                ("content-length", str(len(body))),
                ("connection", "close"),
            ]
            for event in (
                h11.Response(status_code=408, headers=headers, reason="Request Timeout"),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
            self.transport.close()
        else:
            self.transport.abort()

    def _make_room(self) -> None:
        waiting = [
            other
            for other in self.connections
            if isinstance(other, Connection)
            and other is not self
            and other.waits_for_its_client
            and not other.transport.is_closing()
        ]
        if waiting:
            min(waiting, key=lambda other: other.since).transport.abort()
