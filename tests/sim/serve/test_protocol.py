"""The protocol, asked by OpenAI's own client and by LangChain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from langchain_openai import ChatOpenAI
from langchain_openai import OpenAI as CompletionsOfLangChain
from openai import OpenAI
from pydantic import BaseModel, Field

from sim.layouts.prompt import Prompt
from sim.stage.base import Request
from sim.stage.exact import KINDS, exact_stage

SYSTEM = "You play Ada in a scene with Ben.\nSubject: The town should sell its spring."
MESSAGES: list[Any] = [
    {"role": "system", "content": SYSTEM},
    {"role": "user", "content": "Ben: I read the letters. They want an answer by spring."},
]
PLAY = (
    "A scene with Ada and Ben.\nSubject: The town should sell its spring.\n\n"
    "The people of the scene:\nAda. A hydrologist.\nBen. A miller.\n\n"
    "Character: Ada. A hydrologist.\n\nAda:"
)
NAMES = ["\nAda:", "\nBen:"]


@pytest.fixture
def client(url: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=url, api_key="none", max_retries=0) as connected:
        yield connected


async def in_process(prompt: Prompt, seed: int, kind: str = "base") -> str:
    reply = await exact_stage(kind).perform(Request(prompt, seed, "Ada"))
    return reply.text


def test_models_are_listed_and_found(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [f"embedded:{kind}" for kind in KINDS]
    for name in ("embedded:rlhf", "rlhf", "rlhf?kappa=0.2"):
        assert client.models.retrieve(name).id == name
    with pytest.raises(openai.NotFoundError, match="did you mean rlhf"):
        client.models.retrieve("rlhff")


async def test_a_chat_says_what_the_stage_says(client: OpenAI) -> None:
    completion = client.chat.completions.create(model="rlhf", messages=MESSAGES, seed=7)
    prompt = Prompt.start("system", SYSTEM).then("user", MESSAGES[1]["content"])
    text = await in_process(prompt, 7, "rlhf")
    assert completion.choices[0].message.content == text
    assert completion.choices[0].finish_reason == "stop"
    assert completion.model == "rlhf"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == len(text.split())
    assert completion.usage.prompt_tokens == sum(len(one["content"].split()) for one in MESSAGES)
    extra: Any = completion.model_extra
    assert extra["elsinore"] == {"seed": 7, "exact": False}


@pytest.mark.parametrize("seed", [-(1 << 63), -1, 0, (1 << 63) - 1])
async def test_seeds_keep_all_their_bits(client: OpenAI, seed: int) -> None:
    completion = client.completions.create(model="base", prompt=PLAY, seed=seed)
    expected = await in_process(Prompt.start("text", PLAY), seed % (1 << 64))
    assert completion.choices[0].text == expected


def test_without_a_seed_replies_are_new_and_can_be_had_again(client: OpenAI) -> None:
    completions = [
        client.chat.completions.create(model="base", messages=MESSAGES) for _ in range(4)
    ]
    texts = [one.choices[0].message.content for one in completions]
    assert len(set(texts)) > 1
    told: Any = completions[0].model_extra
    again = client.chat.completions.create(
        model="base", messages=MESSAGES, seed=told["elsinore"]["seed"]
    )
    assert again.choices[0].message.content == texts[0]


def test_the_first_of_several_choices_is_what_one_would_be(client: OpenAI) -> None:
    ask = client.chat.completions.create
    one = ask(model="base", messages=MESSAGES, seed=7)
    several = ask(model="base", messages=MESSAGES, seed=7, n=4)
    texts = [choice.message.content for choice in several.choices]
    assert [choice.index for choice in several.choices] == [0, 1, 2, 3]
    assert texts[0] == one.choices[0].message.content
    assert len(set(texts)) > 1


def test_several_prompts_are_several_choices(client: OpenAI) -> None:
    completion = client.completions.create(model="base", prompt=[PLAY, PLAY], seed=7, n=2)
    assert [choice.index for choice in completion.choices] == [0, 1, 2, 3]
    alone = client.completions.create(model="base", prompt=PLAY, seed=7)
    assert completion.choices[0].text == alone.choices[0].text


def test_streams_add_up_to_the_reply(client: OpenAI) -> None:
    asked: Any = {"model": "base", "messages": MESSAGES, "seed": 5, "n": 2}
    whole = client.chat.completions.create(**asked)
    events = list(
        client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    )
    for index in (0, 1):
        deltas = [e.choices[0] for e in events if e.choices and e.choices[0].index == index]
        text = "".join(delta.delta.content or "" for delta in deltas)
        assert text == whole.choices[index].message.content
        assert deltas[0].delta.role == "assistant"
        assert [delta.finish_reason for delta in deltas[:-1]] == [None] * (len(deltas) - 1)
        assert deltas[-1].finish_reason == "stop"
    assert [event.usage for event in events[:-1]] == [None] * (len(events) - 1)
    assert events[-1].usage == whole.usage
    assert events[-1].choices == []


def test_completions_stream_too(client: OpenAI) -> None:
    asked: Any = {"model": "base", "prompt": PLAY, "seed": 5, "echo": True, "logprobs": 0}
    whole = client.completions.create(**asked).choices[0]
    events = [event.choices[0] for event in client.completions.create(**asked, stream=True)]
    assert "".join(event.text for event in events) == whole.text
    offsets = [event.logprobs.text_offset for event in events if event.logprobs]
    assert whole.logprobs is not None
    assert [offset for one in offsets for offset in one or []] == whole.logprobs.text_offset


def test_stops_and_limits(client: OpenAI) -> None:
    text = client.completions.create(model="base", prompt=PLAY, seed=5).choices[0].text
    word = text.split()[3]
    stopped = client.completions.create(model="base", prompt=PLAY, seed=5, stop=word).choices[0]
    assert stopped.text == text[: text.index(word)].rstrip()
    assert stopped.finish_reason == "stop"
    short = client.completions.create(model="base", prompt=PLAY, seed=5, max_tokens=3).choices[0]
    assert short.text == " ".join(text.split()[:3])
    assert short.finish_reason == "length"
    none = client.completions.create(model="base", prompt=PLAY, max_tokens=0).choices[0]
    assert (none.text, none.finish_reason) == ("", "length")


def test_a_base_stage_runs_on_unless_it_is_stopped(client: OpenAI) -> None:
    asked: Any = {"model": "base", "prompt": PLAY, "seed": 5, "n": 60}
    free, stopped = (
        [choice.text for choice in client.completions.create(**asked, **more).choices]
        for more in ({}, {"stop": NAMES})
    )
    assert any("\n\nBen: " in text for text in free)
    assert any("\n\n" in text for text in stopped), "strangers are not stopped"
    assert stopped == [text.partition("\n\nBen: ")[0] for text in free]


class Verdict(BaseModel):
    winner: str = Field(json_schema_extra={"enum": ["Ada", "Ben"]})
    stance: float = Field(ge=-1, le=1)


def test_typed_answers(client: OpenAI, url: str) -> None:
    parsed = client.chat.completions.parse(
        model="rlhf", messages=MESSAGES, response_format=Verdict, seed=1
    )
    verdict = parsed.choices[0].message.parsed
    assert verdict is not None
    assert verdict.winner in ("Ada", "Ben")
    model = ChatOpenAI(model="rlhf", base_url=url, api_key="none", seed=1)
    assert model.with_structured_output(Verdict).invoke(MESSAGES) == verdict


def test_langchain_completions(url: str, client: OpenAI) -> None:
    model = CompletionsOfLangChain(
        model="base", base_url=url, api_key="none", temperature=1, seed=7, max_tokens=60
    )
    expected = client.completions.create(model="base", prompt=PLAY, seed=7, max_tokens=60)
    assert model.invoke(PLAY) == expected.choices[0].text


def test_messages_with_a_name_are_lines_of_somebody(client: OpenAI) -> None:
    named: list[Any] = [
        MESSAGES[0],
        {
            "role": "user",
            "name": "Ben",
            "content": [{"type": "text", "text": MESSAGES[1]["content"].removeprefix("Ben: ")}],
        },
    ]
    texts = [
        client.chat.completions.create(model="rlhf", messages=one, seed=3).choices[0]
        for one in (MESSAGES, named)
    ]
    assert texts[0].message.content == texts[1].message.content


def test_an_assistant_without_a_name_remembers_its_own_lines(client: OpenAI) -> None:
    # A loop of ten own lines: in "Somebody's" mouth they are evidence, in nobody's they are not.
    line = "Word for word, that is what I would have said with a clearer head."
    chat: list[Any] = [{"role": "user", "content": "Shall we?"}]
    for _ in range(6):
        chat += [{"role": "assistant", "content": line}, {"role": "user", "content": "And?"}]
    completion = client.chat.completions.create(model="base", messages=chat, seed=1, n=40)
    texts = [choice.message.content for choice in completion.choices]
    assert texts.count(line) > 10


# --- Log-probabilities ---------------------------------------------------------------------------


async def test_log_probs_of_a_reply_sum_to_the_stages(client: OpenAI) -> None:
    prompt = Prompt.start("system", SYSTEM).then("user", MESSAGES[1]["content"])
    stage = exact_stage("base")
    for seed in range(30):
        choice = client.chat.completions.create(
            model="base", messages=MESSAGES, seed=seed, logprobs=True
        ).choices[0]
        assert choice.logprobs is not None
        tokens = choice.logprobs.content or []
        text = choice.message.content or ""
        assert "".join(token.token for token in tokens) == text
        expected = await stage.log_prob(Request(prompt, 0, "Ada"), text)
        assert expected is not None
        assert sum(token.logprob for token in tokens) == pytest.approx(expected.value, rel=1e-12)


def test_where_there_is_no_law_there_is_no_number(client: OpenAI) -> None:
    cut = client.chat.completions.create(
        model="base", messages=MESSAGES, seed=1, logprobs=True, max_tokens=2
    )
    assert cut.choices[0].logprobs is None
    echo = client.completions.create(
        model="base", prompt=f"{PLAY} Xyzzy plugh.", echo=True, max_tokens=0, logprobs=1
    ).choices[0]
    assert echo.text == f"{PLAY} Xyzzy plugh."
    assert echo.logprobs is not None
    assert set(echo.logprobs.token_logprobs or []) == {None}


@pytest.mark.parametrize("gap", ["", " "])
async def test_a_line_and_what_it_runs_on_into_are_scored(client: OpenAI, gap: str) -> None:
    stage = exact_stage("base")
    prompt = Prompt.start("text", PLAY)
    request = Request(prompt, 0, "Ada")
    replies = [(await stage.perform(Request(prompt, seed, "Ada"))).text for seed in range(40)]
    runs_on = next(text for text in replies if "\n\n" in text)
    for text in (replies[0], runs_on):
        expected = await stage.log_prob(request, text)
        assert expected is not None
        choice = client.completions.create(
            model="base",
            prompt=PLAY + gap + text,
            max_tokens=0,
            echo=True,
            logprobs=1,
            extra_body={"prompt_logprobs": 1},
        ).choices[0]
        assert choice.logprobs is not None
        values: list[Any] = list(choice.logprobs.token_logprobs or [])
        tokens = choice.logprobs.tokens or []
        assert "".join(tokens) == PLAY + gap + text
        known = [value for value in values if value is not None]
        assert sum(known) == pytest.approx(expected.value, rel=1e-12)
        extra: Any = choice.model_extra
        of_vllm = extra["prompt_logprobs"]
        assert of_vllm[0] is None
        assert [next(iter(one.values()))["logprob"] for one in of_vllm[1:]] == values[1:]
        assert [next(iter(one.values()))["decoded_token"] for one in of_vllm[1:]] == tokens[1:]


# --- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0.7),
        ("temperature", 0),
        ("temperature", True),
        ("top_p", 0.9),
        ("presence_penalty", 1),
        ("logit_bias", {"5": 1}),
        ("tools", [{"type": "function"}]),
        ("best_of", 3),
        ("seed", 1 << 64),
        ("seed", "one"),
        ("n", 0),
        ("n", 1000),
        ("max_tokens", -1),
        ("stop", [""]),
        ("stop", 5),
        ("messages", []),
        ("messages", "Well?"),
        ("response_format", {"type": "json_object"}),
        ("response_format", {"type": "json_schema"}),
    ],
)
def test_what_the_stage_cannot_do_is_refused_by_name(client: OpenAI, name: str, value: Any) -> None:
    body = {"model": "base", "messages": MESSAGES, name: value}
    with pytest.raises(openai.BadRequestError) as caught:
        client.post("/chat/completions", body=body, cast_to=object)
    error: Any = caught.value.body
    assert error["type"] == "invalid_request_error"
    assert error["param"].startswith(name)
    assert name in error["message"]


def test_neutral_values_are_taken(client: OpenAI) -> None:
    client.chat.completions.create(
        model="base", messages=MESSAGES, temperature=1, top_p=1.0, frequency_penalty=0,
        logit_bias={}, user="me", metadata={"a": "b"}, store=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "prompt", [[1, 2, 3], [[1, 2]], ["x"] * 1000, None, {"text": "x"}], ids=str
)
def test_prompts_that_are_no_text(client: OpenAI, prompt: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="prompt"):
        client.post("/completions", body={"model": "base", "prompt": prompt}, cast_to=object)


@pytest.mark.parametrize("model", ["rlhff", "rlhf?kapa=1", "rlhf?kappa=7", "gpt-5", "fixed:Yes."])
def test_a_model_that_is_not_there(client: OpenAI, model: str) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model=model, messages=MESSAGES)
    assert caught.value.code == "model_not_found"


TWICE = {"type": "array", "items": {"type": "number"}, "minItems": 400}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": {"type": "number"}, "minItems": 10**9},
        {"type": "object", "properties": {"a": TWICE, "b": TWICE}},
        {"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}},
        {"$ref": "#/nowhere"},
        {"type": "object", "properties": {"a": {"enum": []}}},
        {"type": "object", "properties": {"a": {"type": "number", "minimum": "low"}}},
        {"type": "object", "properties": {"a": 5}},
        {"type": "tree"},
        json.loads('{"anyOf": [' * 60 + '{"type": "null"}' + "]}" * 60),
    ],
    ids=range(9),
)
def test_schemas_that_ask_too_much_or_make_no_sense(client: OpenAI, schema: Any) -> None:
    form: Any = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    with pytest.raises(openai.BadRequestError, match=r"response_format|no answer of the type"):
        client.chat.completions.create(
            model="base", messages=MESSAGES, response_format=form, timeout=5
        )
