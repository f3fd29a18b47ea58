"""``elsinore serve`` as a real process on loopback, and scenes played on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sim import Scene, Transcript
from sim.stage.base import LogProb, Reply, Request, Stage
from sim.stage.exact import exact_stage

COMMAND = ("-P", "-m", "sim.cli", "serve", "--port", "0")
BOUNDED = """
import json, sys
from sim.serve.app import application
from sim.serve.bounds import Bounds
from sim.serve.models import Models
from sim.serve.server import address, listening, serve

bounds = Bounds(**json.loads(sys.argv[1]))
listener = listening("127.0.0.1", 0)
app = application(Models(), bounds=bounds)
serve(app, listener, lambda: print(address(listener), flush=True), bounds)
"""


class Served:
    """A server, running. ``url`` is the one line that it prints on standard output."""

    def __init__(
        self,
        *arguments: str,
        command: tuple[str, ...] = COMMAND,
        cwd: Path | None = None,
        **env: str,
    ) -> None:
        clean = {name: value for name, value in os.environ.items() if "ELSINORE" not in name}
        self.process = subprocess.Popen(
            [sys.executable, *command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean | env,
            cwd=cwd,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url, self.close()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2].partition("/")[0])

    def end(self, signal: int) -> tuple[int, str]:
        """Send a signal; the exit code and what was printed since."""
        self.process.send_signal(signal)
        printed, complaints = self.process.communicate(timeout=20)
        return self.process.returncode, printed + complaints

    def close(self) -> str:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
        return "".join(part or "" for part in self.process.communicate())


@pytest.fixture(autouse=True)
def _straight_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="package")
def served() -> Iterator[Served]:
    """A server for all tests that do not end theirs."""
    server = Served()
    yield server
    server.close()


@pytest.fixture(scope="package")
def hasty() -> Iterator[Served]:
    """A server without patience."""
    bounds = {"head_seconds": 0.4, "body_seconds": 0.4, "idle_seconds": 1, "answer_seconds": 0.4}
    server = Served(json.dumps(bounds), command=("-P", "-c", BOUNDED))
    yield server
    server.close()


@pytest.fixture
def url(served: Served) -> str:
    return served.url


@pytest.fixture
def start() -> Iterator[type[Served]]:
    """Starts servers, and ends them with the test."""
    started: list[Served] = []

    class Starting(Served):
        def __init__(self, *arguments: str, **named: Any) -> None:
            started.append(self)
            super().__init__(*arguments, **named)

    yield Starting
    for server in started:
        server.close()


@pytest.fixture
def bounded(start: Any) -> Any:
    """``bounded(head_seconds=0.3)``: a server with other bounds than the command's."""

    def with_bounds(**bounds: float) -> Served:
        server: Served = start(json.dumps(bounds), command=("-P", "-c", BOUNDED))
        return server

    return with_bounds


class Reduced:
    """The exact stage in process, with seeds as the clients of real models send them."""

    def __init__(self, kind: str, bits: int) -> None:
        self.stage: Any = exact_stage(kind)
        self.identity = self.stage.identity
        self.mask = (1 << bits) - 1

    async def perform(self, request: Request) -> Reply:
        reply: Reply = await self.stage.perform(replace(request, seed=request.seed & self.mask))
        return reply

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        log_prob: LogProb | None = await self.stage.log_prob(request, text)
        return log_prob


@pytest.fixture
def in_process() -> Any:
    """``in_process("rlhf", 31)``: the stage to compare with."""

    def stage(kind: str, bits: int = 64) -> Stage:
        return Reduced(kind, bits)

    return stage


def said(transcript: Transcript, raw: bool = True) -> dict[str, Any]:
    """Everything in a transcript but what the transport brings: seconds, usage, exactness."""
    turns = [
        (turn.index, turn.speaker, turn.text, turn.cut, turn.strangers, turn.finish, turn.prompt)
        for turn in transcript.turns
    ]
    answers = sorted(
        (one.turn, one.gauge, one.actor, one.key, one.sample, one.value, one.missing, one.prompt)
        + ((one.raw,) if raw else ())
        for one in transcript.answers
    )
    return {"turns": turns, "answers": answers, "ended": transcript.ended}


@pytest.fixture
def compared() -> Any:
    return said


@pytest.fixture
def laid_out() -> Any:
    """A scene in another layout."""

    def scene_in(scene: Scene, layout: str) -> Scene:
        fields = {name: getattr(scene, name) for name in type(scene).model_fields}
        return Scene(**{**fields, "layout": layout})

    return scene_in
