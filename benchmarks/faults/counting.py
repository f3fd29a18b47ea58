"""The stub server in a thread of this process, which remembers each request in order of arrival."""

from __future__ import annotations

import asyncio
import sys
import threading
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any, Self

_SUPPORT = str(Path(__file__).parents[2] / "tests" / "support")


class CountingServer:
    """The tests' stub of the OpenAI protocol on loopback; use it in a ``with``.

    ``url`` is its base URL. ``requests`` are digests of the bodies of all requests for a reply: two
    of them are equal exactly if the same reply was asked for. ``latency`` is the time of an answer
    in seconds.
    """

    def __init__(self, latency: float) -> None:
        if _SUPPORT not in sys.path:
            sys.path.insert(0, _SUPPORT)
        self._behaviour = import_module("stub_server.behaviour").Behaviour(latency=latency)
        self._service: Any = import_module("stub_server.service").Service(self._behaviour)
        self._connection: Any = import_module("stub_server.wire").Connection
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self.requests: list[bytes] = []
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the server did not start within ten seconds")
        return self

    def __exit__(self, *what: object) -> None:
        if self._loop is not None and self._over is not None:
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def slow_down(self, latency: float) -> None:
        """Take so many seconds for each answer from now on."""
        self._behaviour.latency = latency

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        open_: set[asyncio.BaseTransport] = set()

        def connection() -> Any:
            made = self._connection(self._handle)
            connected = made.connection_made

            def kept(transport: asyncio.BaseTransport) -> None:
                open_.add(transport)
                connected(transport)

            made.connection_made = kept
            return made

        server = await self._loop.create_server(connection, "127.0.0.1", 0, backlog=256)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        await self._over.wait()
        server.close()
        for transport in open_:
            transport.close()

    def _handle(self, asked: Any) -> Any:
        if asked.path.endswith("/completions"):
            self.requests.append(blake2b(asked.body, digest_size=16).digest())
        return self._service.handle(asked)
