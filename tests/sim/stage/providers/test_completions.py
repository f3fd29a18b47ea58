"""Base models against the stub: continuations as they are, and log-probabilities of given texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_server import StubServer, replies

from sim.calls.retry import Retry
from sim.calls.throttle import Throttle
from sim.errors import StageClosed, StageError
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Request, info_of
from sim.stage.providers.completions import covering
from sim.text.replies import read_reply

Make = Callable[..., Request]
PROMPT = "Ben: Well?\n\nAda:"
TEXT = " I would rather not say."


def truth(prompt: str, text: str) -> tuple[float, int]:
    """log p(text | prompt) by the stub's own law, where the boundary is between tokens."""
    before = len(replies.tokens(prompt))
    values = replies.log_probs("stub", replies.tokens(prompt + text))[before:]
    return sum(values), len(values)


async def test_a_call_says_what_was_asked_for(stub: StubServer, opened: Any, text_request: Make):
    stage = opened(
        "completions:stub", temperature=1, top_p=0.9, stop=("END",), extra_body={"min_p": 0.1}
    )
    reply = await stage.perform(text_request(seed=2**33 + 3, stop=("\nBen:",), max_tokens=40))
    assert stub.last() == {
        "prompt": PROMPT,
        "model": "stub",
        "temperature": 1,
        "top_p": 0.9,
        "seed": 3,
        "stop": ["\nBen:", "END"],
        "max_tokens": 40,
        "min_p": 0.1,
    }
    counted = stub.counts()["usage"]
    assert reply.usage.prompt_tokens == counted["prompt_tokens"]
    assert reply.usage.completion_tokens == counted["completion_tokens"]


async def test_what_a_model_runs_on_to_write_is_not_touched(opened: Any, text_request: Make):
    stage = opened("completions:stub")
    seen = set()
    for seed in range(12):
        reply = await stage.perform(text_request(seed=seed))
        assert reply.text.startswith(" ")
        assert reply.text.endswith("\n")
        seen.update(read_reply(reply.text, "Ada", ("Ada", "Ben"), script=True).strangers)
    assert seen == {replies.STRANGER}


async def test_a_stop_ends_the_reply_and_is_not_part_of_it(opened: Any, text_request: Make):
    stage = opened("completions:stub")
    for seed in range(12):
        reply = await stage.perform(text_request(seed=seed, stop=("\nBen:", "\nAda:")))
        assert "\nBen:" not in reply.text
        assert "\nAda:" not in reply.text
        assert reply.finish == "stop"


async def test_without_a_limit_a_turn_is_not_cut_at_sixteen_tokens(
    stub: StubServer, opened: Any, text_request: Make
):
    await opened("completions:stub").perform(text_request())
    assert stub.last()["max_tokens"] == 256
    reply = await opened("completions:stub", max_tokens=3).perform(text_request())
    assert (len(replies.tokens(reply.text)), reply.finish) == (3, "length")


async def test_the_seed_decides(opened: Any, text_request: Make):
    stage = opened("completions:stub")
    said = [(await stage.perform(text_request(seed=seed))).text for seed in (1, 1, 2)]
    assert said[0] == said[1] != said[2]


async def test_parameters_that_a_server_refuses(stub: StubServer, opened: Any, text_request: Make):
    stub.behave(seed="refused", max_stops=4)
    stage = opened("completions:stub")
    asked = text_request(stop=tuple(f"\nS{n}:" for n in range(6)))
    assert (await stage.perform(asked)).retries == ("unsupported",) * 2
    assert (await stage.perform(asked)).retries == ()
    stub.behave(refuses=["min_p"])
    with pytest.raises(StageClosed, match="leave min_p out"):
        await opened("completions:stub", extra_body={"min_p": 0.1}).perform(asked)


async def test_a_prompt_for_a_chat_is_one_string(stub: StubServer, opened: Any):
    prompt = Prompt.start("system", "You play Ada.\n").then("user", "Ben: Well?\n")
    await opened("completions:stub").perform(Request(prompt, 1, "Ada"))
    assert stub.last()["prompt"] == "You play Ada.\nBen: Well?\n"


# Log-probabilities


@pytest.mark.parametrize(
    ("behaviour", "calls"),
    [
        ({}, 1),
        ({"zero_tokens": False}, 2),
        ({"echo": "no"}, 3),
        ({"echo": "ignored"}, 3),
    ],
)
async def test_a_text_is_scored_in_whatever_way_the_server_has(
    stub: StubServer, opened: Any, text_request: Make, behaviour: dict[str, Any], calls: int
):
    stub.behave(**behaviour)
    stage = opened("completions:stub")
    value, tokens = truth(PROMPT, TEXT)
    log_prob = await stage.log_prob(text_request(), TEXT)
    assert log_prob == LogProb(pytest.approx(value), tokens, exact=True)
    assert stage.why_no_log_prob is None
    assert stub.counts()["calls"] == calls
    # The way is remembered.
    await stage.log_prob(text_request(), TEXT)
    assert stub.counts()["calls"] == calls + 1


async def test_the_ways_agree(stub: StubServer, opened: Any, text_request: Make):
    one = await opened("completions:stub").log_prob(text_request(), TEXT)
    stub.behave(echo="no")
    other = await opened("completions:stub").log_prob(text_request(), TEXT)
    assert one == other


async def test_the_temperature_does_not_change_probabilities(
    stub: StubServer, opened: Any, text_request: Make
):
    await opened("completions:stub", temperature=0).log_prob(text_request(), TEXT)
    assert "temperature" not in stub.last()


async def test_a_token_across_the_boundary_is_counted_whole_and_said_so(
    opened: Any, text_request: Make
):
    stage = opened("completions:stub")
    # The stub's tokens begin with a space, so " I" belongs to both.
    across = await stage.log_prob(text_request(text=f"{PROMPT} "), TEXT[1:])
    value, tokens = truth(PROMPT, TEXT)
    assert across == LogProb(pytest.approx(value), tokens, exact=False)


async def test_a_server_that_scores_nothing_says_why(
    stub: StubServer, opened: Any, text_request: Make
):
    stub.behave(echo="no", prompt_logprobs=False)
    stage = opened("completions:stub")
    assert await stage.log_prob(text_request(), TEXT) is None
    assert "echo with logprobs is not supported" in stage.why_no_log_prob
    assert "prompt_logprobs" in stage.why_no_log_prob
    wrapped = Retry(Throttle(stage))
    assert await wrapped.log_prob(text_request(), TEXT) is None
    assert info_of(wrapped).why_no_log_prob == stage.why_no_log_prob, "through wrappers, too"
    calls = stub.counts()["calls"]
    assert await stage.log_prob(text_request(), TEXT) is None
    assert stub.counts()["calls"] == calls  # It is not asked twice.


async def test_a_fault_is_no_missing_capability(stub: StubServer, opened: Any, text_request: Make):
    stub.script("500")
    stage = opened("completions:stub")
    with pytest.raises(StageError) as caught:
        await stage.log_prob(text_request(), TEXT)
    assert caught.value.transient
    assert await stage.log_prob(text_request(), TEXT) is not None


async def test_nothing_is_certain_to_be_said(stub: StubServer, opened: Any, text_request: Make):
    assert await opened("completions:stub").log_prob(text_request(), "") == LogProb(0.0, 0, True)
    assert stub.counts()["calls"] == 0


@pytest.mark.parametrize(
    ("tokens", "values", "text", "why"),
    [
        (["a", "�", "�"], [None, -1.0, -1.0], "é", "do not add up"),
        ([" b"], [-1.0], "a b", "do not cover"),
        (["a", "b"], [None, -1.0], "ab", "no probability"),
    ],
)
def test_tokens_that_cannot_be_laid_on_the_text(
    tokens: list[str], values: list[float | None], text: str, why: str
):
    problem = covering(tokens, values, text)
    assert isinstance(problem, str)
    assert why in problem


@given(st.lists(st.text(min_size=1, max_size=4), min_size=2, max_size=12), st.data())
def test_the_sum_is_over_the_tokens_that_cover_the_text(tokens: list[str], data: st.DataObject):
    whole = "".join(tokens)
    cut = data.draw(st.integers(len(tokens[0]), len(whole) - 1))
    log_prob = covering(tokens, [None, *[-1.0] * (len(tokens) - 1)], whole[cut:])
    places = [0]
    for token in tokens:
        places.append(places[-1] + len(token))
    count = sum(place > cut for place in places[1:])
    assert log_prob == LogProb(-float(count), count, exact=cut in places)


async def test_an_answer_that_cannot_be_read_is_repaired_once(
    opened: Callable[..., Any], stub: StubServer, text_request: Callable[..., Request]
) -> None:
    """With the error shown; and what stays prose comes back as it is, for the probe to record."""
    schema = {
        "type": "object",
        "properties": {"stance": {"type": "number", "minimum": -1, "maximum": 1}},
        "required": ["stance"],
    }
    stage = opened("completions:stub")
    reply = await stage.perform(text_request(schema=schema, purpose="probe"))
    counts = stub.counts()
    assert counts["calls"] == 2
    assert reply.retries == ("repair",)
    assert reply.text
    assert reply.usage.prompt_tokens == counts["usage"]["prompt_tokens"]
    shown = stub.last()["prompt"]
    assert "That is no valid answer: there is no JSON object in it" in shown
    assert shown.endswith("Ada:")


async def test_a_server_that_refuses_a_grammar_is_asked_without_one(
    opened: Callable[..., Any], stub: StubServer, text_request: Callable[..., Request]
) -> None:
    schema = {"properties": {"tea": {"type": "string", "enum": ["yes", "no"]}}}
    asked = text_request(schema=schema, purpose="probe")
    stage = opened("completions:stub")
    await stage.perform(asked)
    assert stub.last()["grammar"].startswith("root ::= ")
    stub.behave(refuses=["grammar"])
    stage = opened("completions:stub")
    assert "unsupported" in (await stage.perform(asked)).retries
    assert "grammar" not in stub.last()
    assert "unsupported" not in (await stage.perform(asked)).retries
