"""The child process of a local model: started, asked for, started again, ended by its id."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import IO, Any

from sim.errors import ModelError, StageClosed, StageError
from sim.stage.local.naming import LocalModel

_GRACE = 3.0
_TAIL = 2000


@dataclass(frozen=True, slots=True)
class Serving:
    """A child that serves: the address of its server, its process id, its threads.

    ``trial`` are the tokens a second that it generated with each number of threads; empty if there
    was no trial.
    """

    base_url: str
    pid: int
    threads: int
    trial: Mapping[str, float]

    @property
    def root(self) -> str:
        """The address without the ``/v1`` of the OpenAI protocol.

        >>> Serving("http://127.0.0.1:8080/v1", 7, 1, {}).root
        'http://127.0.0.1:8080'
        """
        return self.base_url.removesuffix("/v1")


def refuse_without_server(model: str) -> None:
    """Raise ``ModelError`` if the package that serves local models is not installed."""
    if find_spec("xllamacpp") is None:
        raise ModelError(
            f"model {model!r}: llama.cpp is not installed; run: pip install 'elsinore[local]'"
        )


class Child:
    """A process with a model in it. It ends when it is closed, and when we end, however we end."""

    def __init__(self, model: LocalModel) -> None:
        self.model = model
        self.starts = 0
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._serving: Serving | None = None
        self._finalizer: weakref.finalize[[subprocess.Popen[bytes]], Child] | None = None

    @property
    def lives(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def serving(self) -> Serving:
        """The running child; it is started if there is none, or if it crashed. Blocks for seconds.

        Raises ``StageClosed`` if a model cannot be loaded at all, and a transient ``StageError`` if
        it could be before.
        """
        with self._lock:
            if not self.lives or self._serving is None:
                self._end()
                self._serving = self._start()
                self.starts += 1
            return self._serving

    def close(self) -> None:
        """End the process. May be called twice."""
        with self._lock:
            self._end()

    def _start(self) -> Serving:
        weights = self.model.weights()
        orders = {
            "path": str(weights.path.resolve()),
            "name": self.model.name,
            "threads": self.model.threads,
            "context": self.model.context,
            "slots": self.model.slots,
        }
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "sim.stage.local.server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for us; what it means for the child, we decide.
            )
            self._process = process
            self._finalizer = weakref.finalize(self, _end, process)
            said = _said(process, orders)
            if said is None:
                self._end()
                raise self._failed(process.returncode, log)
        return Serving(
            f"http://127.0.0.1:{said['port']}/v1",
            process.pid,
            said["threads"],
            dict(said["trial"]),
        )

    def _failed(self, code: int | None, log: IO[bytes]) -> StageError:
        size = log.seek(0, os.SEEK_END)
        log.seek(max(0, size - _TAIL))
        lines = log.read().decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "no message")
        said = f"{self.model.model}: llama.cpp ended with {code} while it loaded the model: {last}"
        if self.starts:
            return StageError("connection", said, transient=True)
        fix = "is the file whole, and is there memory for it (context=, slots=)?"
        return StageClosed("provider", f"{said}; {fix}")

    def _end(self) -> None:
        process, self._process, self._serving = self._process, None, None
        if self._finalizer is not None:
            self._finalizer.detach()
            self._finalizer = None
        if process is not None:
            _end(process)


def _said(process: subprocess.Popen[bytes], orders: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a child says when its server is ready; None if it ended before."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(orders).encode() + b"\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except OSError:  # It ended before it read.
        return None
    found: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """End one process, by its id: asked first, then killed."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # It may have crashed with orders still unread.
                pipe.close()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _environment() -> dict[str, str]:
    """Our environment without keys, and with our own modules in the path of the child."""
    ours = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return {**ours, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
