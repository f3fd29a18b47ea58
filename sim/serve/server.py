"""Listening on loopback, and stopping in order."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from sim.errors import BadRequest
from sim.runs.signals import two_signals
from sim.serve.app import is_loopback

DRAIN_SECONDS = 5
"""How long answers under way may take after a signal."""


def listening(host: str, port: int) -> socket.socket:
    """A socket on loopback. Raises ``BadRequest``; port 0 is any that is free."""
    if not is_loopback(host):
        raise BadRequest(
            f"--host {host}: only this machine is served; use 127.0.0.1, ::1 or localhost "
            "(from elsewhere: a tunnel, as with ssh -L)"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns off Nagle's algorithm only where it is, and with
    # it every answer on a kept connection would wait 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Connections of a server that has just ended would block its port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        why = error.strerror or str(error)
        if error.errno == errno.EADDRINUSE:
            why = "is in use by another program; choose another one, or 0 for any that is free"
        elif error.errno == errno.EACCES:
            why = "is the system's; choose one above 1023"
        raise BadRequest(f"--port {port}: {why}") from None
    return listener


def address(listener: socket.socket) -> str:
    """The base URL for clients.

    >>> with listening("127.0.0.1", 0) as listener:
    ...     address(listener).startswith("http://127.0.0.1:")
    True
    """
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"


def serve(app: ASGIApp, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; then let answers under way be finished, and return.

    A second signal ends it at once. ``ready`` is called when requests are being answered.
    """
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    with listener:
        asyncio.run(_Server(config, ready).serve(sockets=[listener]))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Unlike uvicorn's, does not raise the signal again at the end: to be stopped is no
        failure."""

        def drain() -> None:
            self.should_exit = True

        def leave() -> None:
            self.force_exit = True

        with two_signals(drain, leave):
            yield
