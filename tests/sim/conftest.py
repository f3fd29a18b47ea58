"""A stub of the OpenAI protocol for the tests of stages: one process, as new for every test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from stub_server import StubServer

from sim.layouts.prompt import Prompt
from sim.stage.base import Request
from sim.stage.open import open_model
from sim.stage.providers.sampling import Sampling


@pytest.fixture(scope="session")
def stub_process() -> Iterator[StubServer]:
    with StubServer() as stub:
        yield stub


@pytest.fixture
def stub(stub_process: StubServer) -> StubServer:
    stub_process.reset(behaviour=True)
    return stub_process


@pytest.fixture(autouse=True)
def _nobodys_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the keys (or spends the money) of whoever runs it."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "LANGSMITH_TRACING"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def opened(stub: StubServer) -> AsyncIterator[Callable[..., Any]]:
    """``opened("openai:stub", temperature=0)``: a stage on the stub, closed after the test."""
    stages: list[Any] = []

    def open_(model: str, **sampling: Any) -> Any:
        sampling.setdefault("base_url", stub.url)
        stages.append(open_model(model, Sampling(**sampling)))
        return stages[-1]

    yield open_
    for stage in stages:
        await stage.close()


@pytest.fixture
def chat_request() -> Callable[..., Request]:
    def make(seed: int = 7, said: str = "Ben: Well?", **more: Any) -> Request:
        prompt = Prompt.start("system", "You play Ada.").then("user", said)
        return Request(prompt, seed, "Ada", **more)

    return make


@pytest.fixture
def text_request() -> Callable[..., Request]:
    def make(seed: int = 7, text: str = "Ben: Well?\n\nAda:", **more: Any) -> Request:
        return Request(Prompt.start("text", text), seed, "Ada", **more)

    return make
