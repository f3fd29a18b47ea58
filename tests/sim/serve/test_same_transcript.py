"""The same scene, stage and seed give the same transcript, however the stage is reached."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from openai import DefaultAsyncHttpxClient

from scenarios.cross_purposes import cross_purposes
from scenarios.mousetrap import mousetrap
from scenarios.water_sale import water_sale
from sim import Scene, play
from sim.events import Usage
from sim.layouts import render
from sim.layouts.prompt import Prompt
from sim.scene.templates import Wording
from sim.stage.base import LogProb, Reply, Request, Stage
from sim.stage.exact import exact_stage
from sim.stage.open import open_model
from sim.stage.providers.sampling import Sampling

SCENES: dict[str, Callable[[], Scene]] = {
    "cross_purposes": partial(cross_purposes, turns=8),
    "mousetrap": partial(mousetrap, turns=8),
    "water_sale": partial(water_sale, rounds=1),
}
CLIENTS = {
    "LangChain": "langchain:openai:embedded:{}",
    "OpenAI": "openai:embedded:{}",
    "completions": "completions:embedded:{}",
}
BITS_OF_OUR_CLIENTS = 31


@pytest.mark.parametrize("scenario", SCENES)
@pytest.mark.parametrize(
    ("client", "layout", "kind"),
    [
        ("LangChain", "persona_first", "rlhf"),
        ("LangChain", "transcript_first", "bimodal"),
        ("OpenAI", "persona_first", "base"),
        ("OpenAI", "screenplay", "sft"),
        # What is joined to one text has to be written as one, or it cannot be read.
        ("completions", "screenplay", "base"),
        ("completions", "screenplay", "rlhf"),
    ],
)
async def test_over_http_as_in_process(
    client: str, scenario: str, layout: str, kind: str, url: str,
    in_process: Any, compared: Any, laid_out: Any,
) -> None:  # fmt: skip
    scene = laid_out(SCENES[scenario](), layout)
    stage: Any = open_model(CLIENTS[client].format(kind), Sampling(base_url=url))
    try:
        over_http = await play(scene, stage, seed=5)
    finally:
        await stage.close()
    here = await play(scene, in_process(kind, BITS_OF_OUR_CLIENTS), seed=5)
    assert here.turns
    assert here.answers
    # A completions endpoint has no schema: the number comes bare, and is the same number.
    raw = client != "completions"
    assert compared(over_http, raw) == compared(here, raw)


class LangChainStage:
    """The least stage around LangChain's client. It sends all 64 bits of a seed.

    The protocol's seeds are 64 bits with a sign, so the upper half of ours goes as negative
    numbers; the exact stage reads the same bits either way.
    """

    identity = "LangChain"

    def __init__(self, model: str, url: str) -> None:
        # A client of its own: the one that LangChain shares can be closed by others.
        self.client = DefaultAsyncHttpxClient()
        self.model = ChatOpenAI(
            model=model, base_url=url, api_key="none", http_async_client=self.client
        )

    async def perform(self, request: Request) -> Reply:
        seed = request.seed - (1 << 64) if request.seed >= 1 << 63 else request.seed
        options: dict[str, Any] = {"seed": seed, "stop": list(request.stop)}
        if request.schema is not None:
            form = {"name": "answer", "schema": dict(request.schema)}
            options["response_format"] = {"type": "json_schema", "json_schema": form}
        message = await self.model.ainvoke(_messages(request.prompt), **options)
        used = message.usage_metadata
        return Reply(message.text, usage=Usage(used["input_tokens"], used["output_tokens"]))

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return None


def _messages(prompt: Prompt) -> list[BaseMessage]:
    known = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    return [known.get(one.role, HumanMessage)(content=one.text) for one in prompt.messages()]


@pytest.mark.parametrize("scenario", SCENES)
async def test_whole_seeds_give_what_the_embedded_stage_gives(
    scenario: str, url: str, compared: Any
) -> None:
    scene = SCENES[scenario]().worded(Wording())
    stage = LangChainStage("rlhf?kappa=0.2", url)
    try:
        over_http = await play(scene, stage, seed=11)
    finally:
        await stage.client.aclose()
    here = await play(scene, exact_stage("rlhf", kappa=0.2), seed=11)
    assert compared(over_http) == compared(here)
    assert all(turn.usage.completion_tokens == len(turn.text.split()) for turn in over_http.turns)


@pytest.mark.parametrize("layout", ["screenplay", "persona_first"])
async def test_log_probs_over_echo_are_the_stages_own(layout: str, url: str, laid_out: Any) -> None:
    scene = laid_out(cross_purposes(turns=8), layout)
    here = exact_stage("base")
    transcript = await play(scene, here, seed=3)
    there: Any = open_model("completions:base", Sampling(base_url=url))
    try:
        for turn in transcript.turns:
            before = transcript.turns[: turn.index - 1]
            request = Request(render(scene, before, turn.speaker), 0, turn.speaker)
            for text in (turn.text, "Nobody here would say this."):
                expected = await here.log_prob(request, text)
                served = await there.log_prob(request, text)
                if layout == "persona_first":
                    # Joined to one text, a chat has no cue: nothing says where the line begins.
                    assert served is None
                else:
                    assert (served is None) == (expected is None)
                    if served is not None and expected is not None:
                        assert served.value == pytest.approx(expected.value, rel=1e-12)
                        assert served.tokens == expected.tokens
                        assert served.exact
    finally:
        await there.close()


def test_every_client_is_a_stage(url: str) -> None:
    assert isinstance(LangChainStage("base", url), Stage)
