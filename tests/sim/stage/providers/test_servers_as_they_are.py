"""Servers as they are: what they refuse, how they answer, and how they report failures."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from stub_server import StubServer

from sim.errors import StageClosed, StageError
from sim.events import NO_USAGE, Usage
from sim.layouts.prompt import Prompt
from sim.scene.probes import Number
from sim.stage.base import Request
from sim.stage.providers.capabilities import check
from sim.stage.providers.faults import fault, reported
from sim.stage.providers.manner import Manner
from sim.stage.providers.openai import usage_of

Make = Callable[..., Request]
SCHEMA = Number(field="stance", low=-1, high=1).schema_()
GOOD = {"choices": [{"message": {"content": "Well."}, "finish_reason": "stop"}]}


# Thoughts and parts


@pytest.mark.parametrize(
    "message",
    [
        {"content": "No.", "reasoning_content": "He lies."},
        {"content": "No.", "reasoning": "He lies."},
        {"content": "No.", "thinking": "He lies."},
        {"content": "No.", "reasoning": None, "reasoning_details": [{"text": "He lies."}]},
        {"content": [{"type": "thinking", "thinking": "He lies."},
                     {"type": "text", "text": "No."}]},
        {"content": [{"type": "reasoning", "summary": [{"text": "He lies."}]}, "No."]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "He lies."}]},
                     {"type": "text", "text": "N"}, {"type": "text", "text": "o."}]},
    ],
)  # fmt: skip
async def test_a_thought_is_kept_apart_from_what_is_said(
    stub: StubServer, opened: Any, chat_request: Make, message: dict[str, Any]
):
    stub.behave(message=message)
    reply = await opened("openai:stub").perform(chat_request())
    assert (reply.text, reply.thought) == ("No.", "He lies.")


async def test_langchain_keeps_thoughts_in_parts(stub: StubServer, opened: Any, chat_request: Make):
    parts = [{"type": "thinking", "thinking": "He lies."}, {"type": "text", "text": "No."}]
    stub.behave(message={"content": parts})
    reply = await opened("langchain:openai:stub").perform(chat_request())
    assert (reply.text, reply.thought) == ("No.", "He lies.")


async def test_a_thought_is_no_typed_answer(stub: StubServer, opened: Any, chat_request: Make):
    said = '<think>{"stance": 1}</think>{"stance": -1}'
    stub.behave(message={"content": said, "reasoning_content": '{"stance": 0.5}'})
    reply = await opened("openai:stub").perform(chat_request(schema=SCHEMA))
    assert Number(field="stance", low=-1, high=1).read(reply.text) == (-1.0, None)
    assert reply.retries == ()


async def test_a_refusal_among_parts(stub: StubServer, opened: Any, chat_request: Make):
    stub.behave(message={"content": [{"type": "refusal", "refusal": "I cannot."}]})
    reply = await opened("openai:stub").perform(chat_request())
    assert (reply.text, reply.finish) == ("I cannot.", "refusal")


# What is refused


async def test_what_reasoning_models_refuse_is_left_out_once_and_recorded(
    stub: StubServer, opened: Any, chat_request: Make
):
    stub.behave(refuses=["temperature", "top_p", "stop", "max_tokens"])
    stage = opened("openai:stub", temperature=0.5, top_p=0.9, max_tokens=30)
    reply = await stage.perform(chat_request(stop=("\nBen:",)))
    assert sorted(reply.retries) == [
        "unsupported", "unsupported", "without temperature", "without top_p",
    ]  # fmt: skip
    sent = stub.last()
    assert not {"temperature", "top_p", "stop", "max_tokens"} & set(sent)
    assert sent["max_completion_tokens"] == 30
    assert (await stage.perform(chat_request(stop=("\nBen:",)))).retries == ()
    assert stub.counts()["calls"] == 6


async def test_a_limit_out_of_range_is_no_unknown_parameter(
    stub: StubServer, opened: Any, chat_request: Make
):
    message = "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"
    error = {"error": {"message": message, "code": "invalid_request_error", "param": None}}
    stub.behave(answers=[[400, error]])
    with pytest.raises(StageError, match="valid range") as raised:
        await opened("openai:stub", max_tokens=9000).perform(chat_request())
    assert raised.value.reason == "bad-request"
    assert stub.counts()["calls"] == 1


@pytest.mark.parametrize("status", [400, 500])
async def test_without_a_system_role_its_text_opens_the_first_message(
    stub: StubServer, opened: Any, chat_request: Make, status: int
):
    stub.behave(system_role=False, template_status=status)
    stage = opened("openai:stub")
    assert (await stage.perform(chat_request())).retries == ("system",)
    assert stub.last()["messages"] == [{"role": "user", "content": "You play Ada.\n\nBen: Well?"}]
    prompt = Prompt.start("system", "A").then("assistant", "B").then("user", "C")
    prompt = prompt.then("system", "D").then("user", "E")
    assert (await stage.perform(Request(prompt, 1, "Ada"))).retries == ()
    assert [each["role"] for each in stub.last()["messages"]] == ["user", "assistant", "user"]
    assert stub.last()["messages"][2]["content"] == "C\n\nD\n\nE"


@pytest.mark.parametrize(
    ("taken", "sent", "calls"),
    [
        (["json_schema", "schema", "json_object"], "json_schema", 1),
        (["schema", "json_object"], "schema", 2),
        (["json_object"], "json_object", 3),
        (["text"], None, 4),
    ],
)
async def test_structured_output_in_the_dialect_of_the_server(
    stub: StubServer,
    opened: Any,
    chat_request: Make,
    taken: list[str],
    sent: str | None,
    calls: int,
):
    stub.behave(schema_forms=taken, message={"content": '{"stance": 0.5}'})
    stage = opened("openai:stub")
    reply = await stage.perform(chat_request(schema=SCHEMA))
    assert reply.retries == ("unsupported",) * (calls - 1)
    form = stub.last().get("response_format")
    if sent is None:
        assert form is None
    elif sent == "schema":
        assert form == {"type": "json_object", "schema": dict(SCHEMA)}
    else:
        assert form["type"] == sent
    assert (await stage.perform(chat_request(schema=SCHEMA, seed=9))).retries == ()


def test_what_the_user_put_into_the_body_is_never_left_out():
    own = {"stop": ["END"], "response_format": {"type": "text"}}
    for name in own:
        assert Manner().instead(f"{name} is not supported", name, own, own) is None


# Errors with status 200


ERRORS = [
    ({"error": {"code": 401, "message": "No auth"}}, "key", False),
    ({"error": {"code": "invalid_api_key", "message": "wrong"}}, "key", False),
    ({"error": {"code": 429, "message": "Slow down"}}, "rate-limit", True),
    ({"error": {"type": "rate_limit_error", "message": "x"}, "choices": []}, "rate-limit", True),
    ({"error": {"code": "insufficient_quota", "message": "insufficient_quota"}}, "quota", False),
    ({"error": {"code": 502, "message": "upstream"}}, "server", True),
    ({"error": "overloaded"}, "malformed", True),
    ({"error": {"type": "overloaded_error", "message": "busy"}}, "server", True),
    ({"error": {"message": "prompt is too long: 9 tokens > 8 maximum"}}, "context-length", False),
    ({"object": "error", "message": "maximum context length is 8", "code": 40303},
     "context-length", False),
    ({"detail": [{"msg": "field required"}]}, "malformed", True),
    ({"code": "404", "message": "no such model"}, "not-found", False),
    ({"choices": [{"error": {"code": 503, "message": "full"}, "finish_reason": "error"}]},
     "server", True),
    ({"choices": [{"message": {"content": "", "error": {"code": 429, "message": "Slow"}}}]},
     "rate-limit", True),
    ({"choices": [{"message": {"content": "We"}, "finish_reason": "error"}],
      "error": {"code": 500, "message": "lost"}}, "server", True),
    ({"choices": [], "error": None}, "malformed", True),
    ({"error": {"message": "strange"}}, "malformed", True),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "reason", "transient"), ERRORS)
async def test_a_success_that_carries_an_error_is_that_error(
    stub: StubServer, opened: Any, chat_request: Make, answer: Any, reason: str, transient: bool
):
    stub.behave(answers=[[200, answer]])
    with pytest.raises((StageError, StageClosed)) as raised:
        await opened("openai:stub").perform(chat_request())
    assert (raised.value.reason, raised.value.transient) == (reason, transient)


@pytest.mark.parametrize("extra", [{}, {"error": None}, {"message": "ok"}, {"detail": ""}])
def test_an_answer_is_no_error(extra: dict[str, Any]):
    assert reported({**GOOD, **extra}) is None


# Too long


@pytest.mark.parametrize("status", [400, 413, 422, 500])
@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 4096 tokens.",
        "the request exceeds the available context size, try increasing it",
        "input is too large to process. increase the physical batch size",
        "Trying to keep the first 5000 tokens when context the overflows.",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        "Please reduce the length of the messages or completion.",
        "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens",
        "`inputs` must have less than 1024 tokens. Given: 2000",
        "Range of input length should be [1, 30720]",
        "Input is too long for requested model.",
        "The prompt (total length 9000) is too long to fit into the model; max_model_len is 8192",
        "Input length (9000 tokens) exceeds the maximum allowed length",
        "Prompt exceeds max length",
        "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
    ],
)
async def test_too_long_is_known_by_its_words_whatever_the_status(
    stub: StubServer, opened: Any, chat_request: Make, said: str, status: int
):
    stub.behave(answers=[[status, {"error": {"message": said}}]])
    with pytest.raises(StageError) as raised:
        await opened("openai:stub").perform(chat_request())
    assert (raised.value.reason, raised.value.transient) == ("context-length", False)


async def test_a_limit_of_tokens_a_minute_is_no_length(
    stub: StubServer, opened: Any, chat_request: Make
):
    said = "Request too large: tokens per minute (TPM): too many tokens"
    stub.behave(answers=[[429, {"error": {"message": said}}]])
    with pytest.raises(StageError) as raised:
        await opened("openai:stub").perform(chat_request())
    assert raised.value.reason == "rate-limit"


# Usage, bytes, pages


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        ([], NO_USAGE), ("", NO_USAGE), ({}, NO_USAGE),
        ({"prompt_tokens": "9", "completion_tokens": "2"}, Usage(9, 2)),
        ({"prompt_tokens": 9.0, "completion_tokens": 2.0}, Usage(9, 2)),
        ({"prompt_tokens": None, "completion_tokens": -1}, NO_USAGE),
        ({"prompt_tokens": True, "completion_tokens": "many"}, NO_USAGE),
        ({"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": []}, Usage(9, 2)),
        ({"prompt_tokens": float("inf"), "completion_tokens": 2}, Usage(0, 2)),
    ],
)  # fmt: skip
def test_usage_in_any_form(told: Any, usage: Usage):
    assert usage_of({"usage": told}) == usage


async def test_an_empty_list_of_usage_is_no_failure(
    stub: StubServer, opened: Any, chat_request: Make
):
    stub.behave(told_usage=[])
    assert (await opened("openai:stub").perform(chat_request())).usage == NO_USAGE


async def test_no_utf8_may_be_tried_again(stub: StubServer, opened: Any, chat_request: Make):
    stub.behave(answers=[[200, json.dumps(GOOD).replace("Well", "W\xe9ll")]])
    stage = opened("openai:stub")
    with pytest.raises(StageError) as raised:
        await stage.perform(chat_request())
    assert (raised.value.reason, raised.value.transient) == ("malformed", True)
    assert (await stage.perform(chat_request())).text


@pytest.mark.parametrize("model", ["openai:stub", "completions:stub"])
async def test_half_a_surrogate_pair_is_replaced(stub: StubServer, opened: Any, model: str):
    said = "We\ud83dll \ud83d\ude00"
    choice = {"message": {"content": said}, "text": said, "finish_reason": "stop"}
    stub.behave(answers=[[200, json.dumps({"choices": [choice]})]])
    prompt = Prompt.start("text", "Ada:")
    reply = await opened(model).perform(Request(prompt, 1, "Ada"))
    assert reply.text == "We\ufffdll \U0001f600"


async def test_a_page_of_a_proxy_may_be_tried_again(
    stub: StubServer, opened: Any, chat_request: Make
):
    stub.script("page")
    stage = opened("openai:stub")
    with pytest.raises(StageError, match="page of HTML") as raised:
        await stage.perform(chat_request())
    assert raised.value.transient
    assert (await stage.perform(chat_request())).text


# Check


async def test_a_test_that_takes_too_long_is_stopped_and_said_so(stub: StubServer, opened: Any):
    stub.behave(latency=5.0)
    report = await check(opened("openai:stub"), at_most=0.3)
    chat = report.of("chat")
    assert chat.verdict == "unknown"
    assert chat.reason == "stopped: no answer within 0.3 s; raise --timeout"
    assert chat.seconds is not None
    assert chat.seconds < 3


def test_errors_inside_answers_hold_no_key():
    error = reported({"error": {"code": 401, "message": "bad key sk-abcdef1234567890"}})
    assert error is not None
    assert "abcdef" not in str(fault(error, "m"))
