"""Start the stub, steer it, and ask it what it counted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import ProxyHandler, Request, build_opener

_OPENER = build_opener(ProxyHandler({}))  # Never through a proxy: it is on loopback.


class StubServer:
    """The stub as a process of its own, which ends with this one.

    >>> with StubServer() as stub:
    ...     stub.script("429", "ok")
    ...     stub.counts()["calls"]
    0
    """

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stub_server", "--die-with-stdin", *arguments],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the stub did not start: exit code {self._process.wait()}")
        self.port = int(line)
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process's."""
        return self._process.pid

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def behave(self, **behaviour: Any) -> None:
        """Change what the server can do, or what goes wrong; see ``Behaviour``."""
        self._ask("behaviour", behaviour)

    def script(self, *faults: str) -> None:
        """What becomes of the next calls, in order of arrival: ``"429"``, ``"ok"``, ..."""
        self._ask("script", {"faults": faults})

    def reset(self, *, behaviour: bool = False) -> None:
        """Count from zero and forget the script; with ``behaviour``, be as at the start too."""
        self._ask("reset", {"behaviour": behaviour})

    def counts(self) -> dict[str, Any]:
        """Calls, faults, usage of replies that were sent whole, unique requests, arrivals."""
        return self._ask("counts", {})

    def last(self) -> dict[str, Any]:
        """The body of the latest request."""
        return self._ask("last", {})

    def _ask(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        request = Request(f"http://127.0.0.1:{self.port}/control/{what}", json.dumps(body).encode())
        with _OPENER.open(request, timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found
