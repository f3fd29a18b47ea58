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
        behaviour = import_module("stub_server.behaviour").Behaviour(latency=latency)
        self._service: Any = import_module("stub_server.service").Service(behaviour)
        self._connection: Any = import_module("stub_server.wire").Connection
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.requests: list[bytes] = []
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        listening = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        self.url = f"http://127.0.0.1:{listening.result(10)}/v1"
        return self

    def __exit__(self, *what: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _listen(self) -> int:
        server = await self._loop.create_server(
            lambda: self._connection(self._handle), "127.0.0.1", 0, backlog=256
        )
        return int(server.sockets[0].getsockname()[1])

    def _handle(self, asked: Any) -> Any:
        if asked.path.endswith("/completions"):
            self.requests.append(blake2b(asked.body, digest_size=16).digest())
        return self._service.handle(asked)
