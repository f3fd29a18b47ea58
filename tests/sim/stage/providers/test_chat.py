"""Chat stages against the stub: what is sent, what comes back, and typed answers."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_server import StubServer, replies

from sim.errors import ModelError, StageClosed, StageError
from sim.events import Usage
from sim.layouts.prompt import Prompt, Role
from sim.scene.probes import Number
from sim.stage.base import Request
from sim.stage.open import PROVIDERS, open_model
from sim.stage.providers.encoding import Encoder
from sim.stage.providers.sampling import Sampling
from sim.stage.providers.structured_output import complaint

Make = Callable[..., Request]
STANCE = Number(field="stance", low=-1, high=1)
SCHEMA = STANCE.schema_()
INSTRUCTION = 'Answer with one JSON object and nothing else: {"stance": number}.'
both = pytest.mark.parametrize("model", ["openai:stub", "langchain:openai:stub"])


@both
async def test_a_call_says_what_was_asked_for(
    stub: StubServer, opened: Any, chat_request: Make, model: str
):
    stage = opened(
        model, temperature=0.5, top_p=0.9, max_tokens=60, stop=("END",), extra_body={"min_p": 0.1}
    )
    reply = await stage.perform(chat_request(seed=2**40 + 5, stop=("\nBen:",)))
    sent = stub.last()
    # LangChain uses OpenAI's newer name of the limit.
    limit = sent.pop("max_tokens", None) or sent.pop("max_completion_tokens")
    assert limit == 60
    sent.pop("stream", None)
    assert sent == {
        "model": "stub",
        "messages": [
            {"role": "system", "content": "You play Ada."},
            {"role": "user", "content": "Ben: Well?"},
        ],
        "seed": 5,
        "stop": ["\nBen:", "END"],
        "temperature": 0.5,
        "top_p": 0.9,
        "min_p": 0.1,
    }
    assert reply.text
    assert reply.finish == "stop"
    assert reply.seconds > 0
    assert reply.retries == ()


async def test_langchain_and_the_client_get_the_same_reply(opened: Any, chat_request: Make):
    one = await opened("openai:stub").perform(chat_request())
    other = await opened("langchain:openai:stub").perform(chat_request())
    assert (one.text, one.usage, one.finish) == (other.text, other.usage, other.finish)


@both
async def test_the_seed_decides_and_can_be_left_out(
    stub: StubServer, opened: Any, chat_request: Make, model: str
):
    stage = opened(model)
    said = [(await stage.perform(chat_request(seed=seed))).text for seed in (1, 1, 2)]
    assert said[0] == said[1] != said[2]
    await opened(model, seed=False).perform(chat_request(seed=1))
    assert "seed" not in stub.last()


@both
async def test_usage_is_the_servers_and_cached_tokens_are_apart(
    stub: StubServer, opened: Any, chat_request: Make, model: str
):
    stage = opened(model)
    used = [
        (await stage.perform(chat_request(said="Ben: Well? " * count))).usage
        for count in (1, 40, 80)
    ]
    assert used[2].cached_tokens > 0
    counted = stub.counts()["usage"]
    assert sum(usage.prompt_tokens for usage in used) == counted["prompt_tokens"]
    assert sum(usage.completion_tokens for usage in used) == counted["completion_tokens"]
    assert sum(usage.cached_tokens for usage in used) == counted["cached_tokens"]


@both
async def test_a_server_that_tells_no_usage(
    stub: StubServer, opened: Any, chat_request: Make, model: str
):
    stub.behave(usage=False)
    assert (await opened(model).perform(chat_request())).usage == Usage()


@both
async def test_a_screenplay_becomes_one_message(
    stub: StubServer, opened: Any, text_request: Make, model: str
):
    prompt = (
        Prompt.start("text", "A scene.\n\n").then("text", "Ben: Well?\n\n").then("text", "Ada:")
    )
    await opened(model).perform(Request(prompt, 1, "Ada"))
    said = [{"role": "user", "content": "A scene.\n\nBen: Well?\n\nAda:"}]
    assert stub.last()["messages"] == said


@both
async def test_refusals_are_outcomes(stub: StubServer, opened: Any, chat_request: Make, model: str):
    stub.script("refusal", "filtered")
    stage = opened(model)
    reply = await stage.perform(chat_request())
    assert (reply.finish, reply.text) == ("refusal", "I'm sorry, I can't help with that.")
    reply = await stage.perform(chat_request())
    assert (reply.finish, reply.text) == ("refusal", "")


@both
async def test_a_reply_that_is_cut_off_by_its_limit_says_so(
    opened: Any, chat_request: Make, model: str
):
    reply = await opened(model, max_tokens=60).perform(chat_request(max_tokens=2))
    assert reply.finish == "length"
    assert len(replies.tokens(reply.text)) == 2


@both
async def test_a_server_that_does_not_stop_is_cut(
    stub: StubServer, opened: Any, chat_request: Make, model: str
):
    whole = (await opened(model).perform(chat_request())).text
    stop = whole.split()[2]
    reply = await opened(model).perform(chat_request(stop=(stop,)))
    assert reply.text == whole[: whole.index(stop)]


async def test_parameters_that_a_server_refuses_are_left_out_and_remembered(
    stub: StubServer, opened: Any, chat_request: Make
):
    stub.behave(refuses=["seed", "max_tokens"], max_stops=4)
    stage = opened("openai:stub")
    asked = chat_request(max_tokens=30, stop=tuple(f"\nS{n}:" for n in range(6)))
    reply = await stage.perform(asked)
    assert reply.retries == ("unsupported",) * 3
    sent = stub.last()
    assert "seed" not in sent
    assert sent["max_completion_tokens"] == 30
    assert sent["stop"] == [f"\nS{n}:" for n in range(4)]
    assert (await stage.perform(asked)).retries == ()
    assert stub.counts()["calls"] == 5


@pytest.mark.parametrize(
    ("refused", "sampling"),
    [("min_p", {"extra_body": {"min_p": 0.1}}), ("top_k", {"extra_body": {"top_k": 9}})],
)
async def test_what_the_user_asked_for_is_never_left_out(
    stub: StubServer, opened: Any, chat_request: Make, refused: str, sampling: dict[str, Any]
):
    stub.behave(refuses=[refused])
    with pytest.raises(StageClosed, match=f"leave {refused} out of the sampling"):
        await opened("openai:stub", **sampling).perform(chat_request())
    assert stub.counts()["calls"] == 1


@both
async def test_typed_answers_are_structured_output(
    stub: StubServer, opened: Any, chat_request: Make, model: str
):
    reply = await opened(model).perform(chat_request(schema=SCHEMA))
    assert STANCE.read(reply.text)[1] is None
    form = stub.last()["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["schema"]["properties"] == SCHEMA["properties"]
    assert stub.counts()["calls"] == 1


@both
@pytest.mark.parametrize("how", ["no", "ignored"])
async def test_without_structured_output_the_instruction_is_enough(
    stub: StubServer, opened: Any, chat_request: Make, model: str, how: str
):
    stub.behave(json_schema=how)
    stage = opened(model)
    asked = chat_request(said=INSTRUCTION, schema=SCHEMA)
    reply = await stage.perform(asked)
    assert STANCE.read(reply.text)[1] is None
    assert reply.retries == (("unsupported",) if how == "no" else ())
    again = await stage.perform(asked)
    assert again.retries == ()
    assert stub.counts()["calls"] == (3 if how == "no" else 2)


@both
async def test_an_answer_in_prose_is_repaired_once_with_the_problem_shown(
    stub: StubServer, opened: Any, chat_request: Make, model: str
):
    stub.script("prose")
    reply = await opened(model).perform(chat_request(schema=SCHEMA))
    assert STANCE.read(reply.text)[1] is None
    assert reply.retries == ("repair",)
    sent = stub.last()["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "user"]
    assert "there is no JSON object in it" in sent[-1]["content"]
    assert json.dumps(SCHEMA) in sent[-1]["content"]
    counted = stub.counts()
    assert counted["calls"] == 2
    assert reply.usage.prompt_tokens == counted["usage"]["prompt_tokens"]
    assert reply.usage.completion_tokens == counted["usage"]["completion_tokens"]


@both
async def test_an_answer_that_stays_prose_comes_back_as_it_is(
    stub: StubServer, opened: Any, chat_request: Make, model: str
):
    stub.script("prose", "prose")
    reply = await opened(model).perform(chat_request(schema=SCHEMA))
    assert STANCE.read(reply.text) == (None, "no number")
    assert reply.text.endswith(".")
    assert stub.counts()["calls"] == 2


async def test_an_interrupted_repair_goes_on_where_it_was(
    stub: StubServer, opened: Any, chat_request: Make
):
    stub.script("prose", "500")
    stage = opened("openai:stub")
    with pytest.raises(StageError):
        await stage.perform(chat_request(schema=SCHEMA))
    reply = await stage.perform(chat_request(schema=SCHEMA))
    counted = stub.counts()
    assert counted["calls"] == 3
    assert reply.usage.completion_tokens == counted["usage"]["completion_tokens"]


async def test_a_repair_that_cannot_be_made_leaves_the_first_answer(
    stub: StubServer, opened: Any, chat_request: Make
):
    stub.script("prose", "context")
    reply = await opened("openai:stub").perform(chat_request(schema=SCHEMA))
    assert reply.text.endswith(".")
    stub.script("prose", "empty")
    assert (await opened("openai:stub").perform(chat_request(schema=SCHEMA))).text == reply.text


async def test_a_refusal_is_not_repaired(stub: StubServer, opened: Any, chat_request: Make):
    stub.script("refusal")
    reply = await opened("openai:stub").perform(chat_request(schema=SCHEMA))
    assert reply.finish == "refusal"
    assert stub.counts()["calls"] == 1


async def test_chat_scores_nothing_and_says_why(opened: Any, chat_request: Make):
    stage = opened("openai:stub")
    assert await stage.log_prob(chat_request(), "Yes.") is None
    assert "completions:" in stage.info.why_no_log_prob
    assert await stage.log_prob(chat_request(), "Yes.") is None, "found out once"


def test_one_stage_serves_several_event_loops(stub: StubServer, chat_request: Make):
    stage: Any = open_model("openai:stub", Sampling(base_url=stub.url))

    async def once() -> str:
        try:
            return str((await stage.perform(chat_request())).text)
        finally:
            await stage.close()

    assert asyncio.run(once()) == asyncio.run(once())


async def test_many_calls_at_once_get_their_own_replies(
    stub: StubServer, opened: Any, chat_request: Make
):
    stage = opened("openai:stub")
    stub.behave(latency=0.02)
    asked = [chat_request(seed=seed) for seed in range(64)]
    said = await asyncio.gather(*[stage.perform(request) for request in asked])
    for request, reply in zip(asked[::8], said[::8], strict=True):
        assert (await stage.perform(request)).text == reply.text
    assert stub.counts()["most_inside"] > 8


# Opening


def test_a_missing_key_is_named_before_anything_is_played():
    for model in ("openai:gpt-5-mini", "completions:davinci", "langchain:openai:gpt-5-mini"):
        with pytest.raises(ModelError, match="set the environment variable OPENAI_API_KEY"):
            open_model(model)


def test_a_missing_package_is_named():
    with pytest.raises(ModelError, match="uv pip install langchain-anthropic"):
        open_model("anthropic:claude-sonnet-4")


async def test_the_key_is_the_environments(
    stub: StubServer, opened: Any, chat_request: Make, monkeypatch: pytest.MonkeyPatch
):
    stub.behave(key="sk-right-123456")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-right-123456")
    stage = opened("openai:stub")
    assert (await stage.perform(chat_request())).text
    assert "sk-" not in stage.identity + repr(vars(stage.sampling))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-123456")
    with pytest.raises(StageClosed) as caught:
        await opened("openai:stub").perform(chat_request())
    assert caught.value.reason == "key"
    assert "sk-wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("openai:", "write openai:NAME"),
        ("openia:gpt", "did you mean openai:gpt?"),
        ("gpt-5-mini", "write PROVIDER:NAME"),
        ("langchain:nowhere:x", "nowhere"),
    ],
)
def test_a_model_that_cannot_be_meant(model: str, message: str):
    with pytest.raises(ModelError) as caught:
        open_model(model)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_of_langchains_providers_can_be_named():
    known = subprocess.run(
        [sys.executable, "-c", "import langchain.chat_models.base as b;"
         "print(*b._BUILTIN_PROVIDERS)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set(known.stdout.split()) - {"openai"} == set(PROVIDERS)


def test_nothing_of_a_provider_is_imported_before_it_is_used():
    code = (
        "import sys, sim.stage.open as m, sim.stage.providers.sampling as s;"
        " m.open_model('embedded:base');"
        "print([name for name in sys.modules if name.split('.')[0] in ('openai', 'langchain',"
        " 'langchain_core', 'langchain_openai', 'httpx', 'httpx2')])"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == "[]"


def test_openai_is_asked_without_langchain():
    code = (
        "import sys, sim.stage.open as m, sim.stage.providers.sampling as s;"
        "m.open_model('openai:x', s.Sampling(base_url='http://localhost/v1'));"
        "print([name for name in sys.modules if name.startswith('langchain')])"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == "[]"


# Encoding


ROLES = st.sampled_from(["system", "user", "assistant", "text"])
CHUNKS = st.lists(st.tuples(ROLES, st.text(max_size=8)), min_size=1, max_size=80)


@given(CHUNKS, st.integers(0, 79), CHUNKS)
def test_bytes_are_those_of_the_whole_prompt_however_it_grew(
    chunks: list[tuple[Role, str]], fork: int, branch: list[tuple[Role, str]]
):
    encoder, plain = Encoder(roles=True, limit=2000), Encoder(roles=False)
    prompt: Prompt | None = None
    grown: list[Prompt] = []
    for role, text in chunks:
        prompt = Prompt(prompt, role, text)
        grown.append(prompt)
    prompt = grown[min(fork, len(grown) - 1)]
    for role, text in branch:
        prompt = Prompt(prompt, role, text)
        grown.append(prompt)
    for each in grown:
        # A screenplay and a user's message are both the user's: neighbours become one.
        expected: list[dict[str, str]] = []
        for chunk in each.chunks():
            role = "user" if chunk.role == "text" else chunk.role
            if expected and expected[-1]["role"] == role:
                expected[-1]["content"] += chunk.text
            else:
                expected.append({"role": role, "content": chunk.text})
        assert json.loads(encoder.encode(each)) == expected
        assert json.loads(plain.encode(each)) == each.joined()
        assert encoder._size <= 2000


def test_half_a_surrogate_pair_is_sent_as_an_escape():
    assert Encoder(roles=False).encode(Prompt.start("text", "\ud800")) == b'"\\ud800"'


def test_what_is_kept_does_not_grow_with_the_square_of_a_scene():
    encoder, prompt = Encoder(roles=True), Prompt.start("system", "You play Ada.")
    for turn in range(400):
        prompt = prompt.then("user" if turn % 2 else "assistant", "So it goes. " * 10)
        encoder.encode(prompt)
    assert encoder._size < 4 * len(encoder.encode(prompt))


# What can be read


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"stance": 0.5}', None),
        ('Here: {"stance": -1} as asked', None),
        ("0.5", None),
        ("7", "more than 1"),
        ('{"stance": "high"}', "is no number"),
        ('{"stance": true}', "is no number"),
        ('{"stance": -3}', "less than -1"),
        ('{"stance": NaN}', "less than"),
        ('{"other": 1}', "'stance' is missing"),
        ('{"stance": 0.5', "broken"),
        ("{" * 10, "broken"),
        ('{"stance":' * 100_000, "nests"),
        ("Perhaps.", "no JSON object"),
    ],
)
def test_complaints_agree_with_the_reader_of_answers(text: str, problem: str | None):
    said = complaint(text, SCHEMA)
    assert (said is None) == (problem is None)
    assert problem is None or problem in str(said)
    if problem != "more than 1" or text != "7":
        assert (STANCE.read(text)[0] is not None) == (said is None)
