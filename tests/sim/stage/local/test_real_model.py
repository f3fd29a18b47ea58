"""The 270M model: a scene, its prefix cache, and the log-probabilities of given texts."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from sim import Actor, Persona, Scene, after, play, ring
from sim.errors import StageError
from sim.layouts.prompt import Prompt
from sim.scene.answers import Choice, Number
from sim.stage.base import Request, close_stage, info_of
from sim.stage.local.stage import GgufStage
from sim.stage.open import open_model
from sim.stage.providers import forced
from sim.stage.providers.capabilities import check
from sim.stage.providers.sampling import Sampling

HEAD = "THE FERRY\n\nA play in one act. A landing at night; the last boat has left.\n\n"
PROMPT = Prompt.start("text", f"{HEAD}ADA: Did you see who was on board?\n\nBEN:")


def request(prompt: Prompt = PROMPT) -> Request:
    return Request(prompt, 1, "Ben", max_tokens=12)


async def next_token(stage: GgufStage, prompt: str, count: int) -> list[dict[str, Any]]:
    """The likeliest next tokens with their log-probabilities, as the server lists them itself."""
    server = (await stage.connected()).server
    numbers = [token.number for token in await forced.tokenize(server, prompt)]
    order = {"prompt": numbers, "n_predict": 1, "n_probs": count, "temperature": 0}
    answer = await server.post(f"{forced.root_of(server)}/completion", order)
    listed: list[dict[str, Any]] = answer["completion_probabilities"][0]["top_logprobs"]
    return listed


async def test_six_turns_are_a_scene(stage: GgufStage) -> None:
    people = {
        "Ada": "the ferryman's daughter, who counts everything twice.",
        "Ben": "a clerk of the harbour, who has lost his keys.",
        "Cleo": "a stranger with one suitcase.",
    }
    scene = Scene(
        topic="Who was on the last boat.",
        setting="A landing at night. The last boat has left.",
        layout="screenplay",
        cast=tuple(Actor(Persona(name=name, brief=brief)) for name, brief in people.items()),
        graph=ring(*people),
        ends=after(turns=6),
    )
    transcript = await play(scene, stage, seed=3)
    lines = [turn.text for turn in transcript.turns]
    assert len(lines) == 6
    for line in lines:
        assert re.search(r"[^\W\d_]{2}", line), line  # words, not the numbers of a form
        assert not re.search(r"(?i)\bstance of\b|firmly (for|against)|from -1", line), line


async def test_a_longer_prompt_computes_only_what_is_new(stage: GgufStage) -> None:
    await stage.perform(request())
    before = stage.counts.computed, stage.counts.cached
    await stage.perform(request(PROMPT.then("text", " Nobody I knew.\n\nADA: Then who?\n\nBEN:")))
    computed, cached = stage.counts.computed - before[0], stage.counts.cached - before[1]
    assert computed < 24
    assert cached > 24


async def test_log_prob_is_what_the_server_lists_for_the_next_token(stage: GgufStage) -> None:
    for listed in (await next_token(stage, PROMPT.joined(), 5))[:3]:
        found = await stage.log_prob(request(), listed["token"])
        assert found is not None
        assert found.tokens == 1
        assert math.isclose(found.value, listed["logprob"], abs_tol=0.02)


async def test_log_probs_follow_the_chain_rule(stage: GgufStage) -> None:
    first, second = " Nobody I knew.", " The boat was dark."
    whole = await stage.log_prob(request(), first + second)
    head = await stage.log_prob(request(), first)
    tail = await stage.log_prob(request(PROMPT.then("text", first)), second)
    assert whole is not None
    assert head is not None
    assert tail is not None
    assert whole.exact
    assert whole.tokens == head.tokens + tail.tokens
    assert math.isclose(whole.value, head.value + tail.value, abs_tol=0.05)


async def test_likely_words_are_likelier_than_unlikely_ones(stage: GgufStage) -> None:
    likely = await stage.log_prob(request(), " I don't know.")
    unlikely = await stage.log_prob(request(), " Know don't I.")
    assert likely is not None
    assert unlikely is not None
    assert likely.value > unlikely.value + 3


async def test_letters_of_several_tokens_are_covered(stage: GgufStage) -> None:
    found = await stage.log_prob(request(), " Ŝi diris: «ĉu?» 🜁")
    assert found is not None, stage.why_no_log_prob
    assert found.exact
    assert found.value < 0


async def test_a_token_over_the_boundary_is_said_not_to_be_exact(stage: GgufStage) -> None:
    prompt = Prompt.start("text", f"{HEAD}BEN: I saw no")
    found = await stage.log_prob(request(prompt), "body.")
    assert found is not None
    assert found.exact is False


async def test_any_server_of_llama_cpp_scores_texts_as_its_own_stage_does(
    stage: GgufStage,
) -> None:
    address = (await stage.connected()).serving.base_url
    other = open_model("completions:gemma3-270m", Sampling(base_url=address))
    try:
        found = await other.log_prob(request(), " I don't know.")
        own = await stage.log_prob(request(), " I don't know.")
        assert found is not None, info_of(other).why_no_log_prob
        assert own is not None
        assert found.tokens == own.tokens
        assert math.isclose(found.value, own.value, abs_tol=0.02)
    finally:
        await close_stage(other)


async def test_a_chat_on_any_server_of_llama_cpp_is_scored_after_its_template(
    stage: GgufStage,
) -> None:
    address = (await stage.connected()).serving.base_url
    other = open_model("openai:gemma3-270m", Sampling(base_url=address))
    chat = Prompt.start("system", "You are Ben.").then("user", "Ada: Who was on board?")
    try:
        likely = await other.log_prob(request(chat), "I don't know.")
        unlikely = await other.log_prob(request(chat), "Know don't I.")
        assert likely is not None, info_of(other).why_no_log_prob
        assert unlikely is not None
        assert likely.value > unlikely.value + 3
        nothing = await other.log_prob(request(chat), "")
        assert nothing is not None
        assert (nothing.value, nothing.tokens) == (0.0, 0)
    finally:
        await close_stage(other)


@pytest.mark.parametrize(
    "answer",
    [
        Number(field="stance", low=-1, high=1),
        Number(field="price", low=0, high=120),
        Choice(options=('the "ferry"', "tea\\coffee", "日本")),
    ],
    ids=["stance", "price", "choice"],
)
async def test_a_base_model_is_held_to_the_form_of_an_answer(
    stage: GgufStage, answer: Number | Choice
) -> None:
    """Whatever the words before it: they ask for nothing, and a free reply would be a speech."""
    missing = []
    for seed in range(6):
        asked = Request(PROMPT, seed, "Ben", "probe", ("\n",), 24, answer.schema_())
        reply = await stage.perform(asked)
        value, problem = answer.read(reply.text)
        if value is None:
            missing.append((reply.text, problem))
    assert not missing


async def test_what_a_base_model_cannot_do_is_said(stage: GgufStage) -> None:
    report = await check(stage)
    assert report.of("chat").verdict == "no"
    assert "screenplay" in report.of("chat").reason
    assert report.of("structured output").verdict == "yes", report.of("structured output").reason


async def test_a_prompt_that_is_too_long_is_said_to_be(stage: GgufStage) -> None:
    with pytest.raises(StageError) as caught:
        await stage.perform(request(PROMPT.then("text", " And then?" * 3000)))
    assert caught.value.reason == "context-length"
    assert not caught.value.transient


async def test_what_served_the_model_is_kept_with_the_run(stage: GgufStage) -> None:
    await stage.perform(request())
    facts = stage.info.facts
    assert facts["threads"] == 1
    assert facts["slots"] == 2
    assert facts["generated_tokens"] > 0
