"""What a server can do, against stubs that can do more or less."""

from __future__ import annotations

from typing import Any

import pytest
from stub_server import StubServer

from sim.stage.base import Wrapper
from sim.stage.open import open_model
from sim.stage.providers.capabilities import Report, check

ECHO = "log-probabilities of the prompt (echo)"
VLLM = "log-probabilities of the prompt (vLLM)"
ANSWER = "log-probabilities of the answer"


def verdicts(report: Report) -> dict[str, str]:
    return {capability.name: capability.verdict for capability in report.capabilities}


@pytest.mark.parametrize("model", ["openai:stub", "completions:stub"])
async def test_a_server_that_can_do_everything(opened: Any, model: str):
    stage = opened(model)
    report = await check(stage)
    by_name = verdicts(report)
    if model.startswith("completions"):
        assert by_name.pop("structured output") == "no", "the stub has no grammars"
    assert by_name.pop("log-probabilities of the prompt (llama.cpp)") == "no"  # It is not one.
    assert set(by_name.values()) == {"yes"}
    assert report.model == stage.identity
    assert "8192 tokens" in report.of("context length").reason
    assert all(each.seconds is not None and each.seconds >= 0 for each in report.capabilities)


@pytest.mark.parametrize(
    ("behaviour", "name", "verdict", "reason"),
    [
        ({"seed": "fresh"}, "seed", "no", "same seed gave two replies"),
        ({"seed": "constant"}, "seed", "unknown", "one reply"),
        ({"seed": "refused"}, "seed", "no", "seed is not supported"),
        ({"completions": False}, "completions", "no", "404"),
        ({"chat": False}, "chat", "no", "404"),
        ({"chat": False}, "usage", "unknown", "no answer"),
        ({"usage": False}, "usage", "no", "tells none"),
        ({"context": None}, "context length", "unknown", "does not tell"),
        ({"models": ["other"]}, "models", "no", "not among: other"),
        ({"log_probs": False}, ANSWER, "no", "not supported"),
        ({"json_schema": "no"}, "structured output", "no", "not supported"),
        ({"json_schema": "ignored"}, "structured output", "no", "did not keep to it"),
        ({"echo": "no"}, ECHO, "no", "not supported"),
        ({"echo": "ignored"}, ECHO, "no", "not echoed"),
        ({"zero_tokens": False}, ECHO, "yes", "scored"),
        ({"prompt_logprobs": False}, VLLM, "no", "prompt_logprobs"),
        ({"faults": {"500": 1.0}}, "chat", "unknown", "status 500"),
        ({"key": "secret"}, "chat", "unknown", "check the key"),
    ],
)
async def test_what_is_missing_is_said_with_the_reason(
    stub: StubServer, opened: Any, behaviour: dict[str, Any], name: str, verdict: str, reason: str
):
    stub.behave(**behaviour)
    capability = (await check(opened("openai:stub"))).of(name)
    assert capability.verdict == verdict
    assert reason in capability.reason


async def test_a_server_that_is_not_there_is_unknown_in_everything(opened: Any):
    report = await check(opened("openai:stub", base_url="http://127.0.0.1:9/v1"))
    assert set(verdicts(report).values()) == {"unknown"}


async def test_through_langchain_what_a_stage_can_show(opened: Any):
    report = await check(opened("langchain:openai:stub"))
    assert verdicts(report) == {
        "chat": "yes",
        "usage": "yes",
        "seed": "yes",
        "structured output": "yes",
        "log-probabilities of a given text": "no",
    }
    assert "completions:" in report.of("log-probabilities of a given text").reason


async def test_any_stage_can_be_asked():
    report = await check(open_model("fixed:Yes.|No."))
    assert report.of("chat").verdict == "yes"
    assert report.of("seed").verdict == "unknown"
    assert report.of("log-probabilities of a given text").verdict == "no"
    assert (await check(open_model("embedded:base"))).of("chat").seconds is not None


async def test_wrappers_are_looked_through(opened: Any):
    class Own(Wrapper):
        pass

    report = await check(Own(Own(opened("openai:stub"))))
    assert report.of("structured output").verdict == "yes"


async def test_an_unknown_name(opened: Any):
    report = await check(open_model("fixed:Yes."))
    with pytest.raises(KeyError):
        report.of("mind reading")
