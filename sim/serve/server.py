"""Listening on loopback, and stopping in order."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from sim.errors import BadRequest
from sim.runs.signals import two_signals
from sim.serve.app import is_loopback
from sim.serve.bounds import BOUNDS, Bounds
from sim.serve.connections import bounded_connections

_ACCEPTED_AT_ONCE = 64
"""Connections between two looks at how many are open. uvicorn's 2048 are more than the files that a
process may have."""

_KEPT_BY_THE_SYSTEM = 1024
"""Connections that wait to be accepted; others try again after a second."""

_OTHER_FILES = 128
_SETTLING_SECONDS = 0.05


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
        listener.listen(_KEPT_BY_THE_SYSTEM)
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
    return f"{origin(listener)}/v1"


def origin(listener: socket.socket) -> str:
    """The scheme, the host and the port, as browsers name a page's origin."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def serve(
    app: ASGIApp, listener: socket.socket, ready: Callable[[], None], bounds: Bounds = BOUNDS
) -> None:
    """Serve until SIGINT or SIGTERM; then let answers under way be finished, and return.

    A second signal ends it at once. ``ready`` is called when requests are being answered.
    """
    config = uvicorn.Config(
        app,
        http=bounded_connections(bounds),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_ACCEPTED_AT_ONCE,
        timeout_keep_alive=bounds.idle_seconds,
        timeout_graceful_shutdown=bounds.drain_seconds,
    )
    _allow_files(bounds.connections + _ACCEPTED_AT_ONCE + _OTHER_FILES)
    with listener:
        asyncio.run(_Server(config, ready).serve(sockets=[listener]))


def _allow_files(number: int) -> None:
    """Allow this process so many open files, where the system would let it have fewer."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < number:
            most = number if hard == resource.RLIM_INFINITY else min(number, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            # asyncio has one number for how many it accepts at once and how many the system keeps.
            listener.listen(_KEPT_BY_THE_SYSTEM)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        # Connections that were accepted before would be overlooked, and be waited for.
        await asyncio.sleep(_SETTLING_SECONDS)
        await super().shutdown(sockets)

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
