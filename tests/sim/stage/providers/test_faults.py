"""Faults: what providers' exceptions mean, from the stub and from look-alikes of other clients'."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest
from stub_server import StubServer

from sim.errors import StageClosed, StageError
from sim.stage.base import Request
from sim.stage.providers.faults import LONGEST_WAIT, fault

Make = Callable[..., Request]
MODELS = ("openai:stub", "completions:stub", "langchain:openai:stub")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("name", "reasons", "transient", "closed"),
    [
        ("429", ["rate-limit"], True, False),
        ("500", ["server"], True, False),
        ("503", ["server"], True, False),
        ("html", ["server"], True, False),
        ("408", ["timeout"], True, False),
        ("drop", ["cut", "connection"], True, False),
        ("cut", ["cut"], True, False),
        ("malformed", ["malformed"], True, False),
        ("400", ["bad-request"], False, False),
        ("context", ["context-length"], False, False),
        ("quota", ["quota"], False, True),
        ("401", ["key"], False, True),
        ("403", ["forbidden"], False, True),
        ("404", ["not-found"], False, True),
    ],
)
async def test_every_fault_of_a_server_has_a_meaning(
    stub: StubServer, opened: Any, chat_request: Make, model: str,
    name: str, reasons: list[str], transient: bool, closed: bool,
):  # fmt: skip
    stub.script(name)
    stage = opened(model)
    with pytest.raises(StageError) as caught:
        await stage.perform(chat_request())
    error = caught.value
    assert error.reason in reasons
    assert error.transient is transient
    assert isinstance(error, StageClosed) is closed
    assert str(error).startswith(f"{model}: ")
    assert "sk-stub" not in str(error)
    # One fault is one call: nobody retries behind our back.
    assert stub.counts()["calls"] == 1
    assert (await stage.perform(chat_request())).text


@pytest.mark.parametrize("model", MODELS)
async def test_a_reply_of_no_text_was_paid(
    stub: StubServer, opened: Any, chat_request: Make, model: str
):
    stub.script("empty")
    reply = await opened(model).perform(chat_request())
    assert (reply.text, reply.finish) == ("", "stop")
    assert reply.usage.prompt_tokens == stub.counts()["usage"]["prompt_tokens"] > 0


@pytest.mark.parametrize("model", MODELS)
async def test_thinking_that_leaves_no_room_is_not_asked_again(
    stub: StubServer, opened: Any, chat_request: Make, model: str
):
    stub.script("thinking")
    with pytest.raises(StageError, match="raise max_tokens") as caught:
        await opened(model).perform(chat_request())
    assert (caught.value.reason, caught.value.transient) == ("length", False)


@pytest.mark.parametrize("model", MODELS)
async def test_a_server_that_does_not_answer_is_given_up_in_time(
    stub: StubServer, opened: Any, chat_request: Make, model: str
):
    stage = opened(model, timeout=0.3)
    await stage.perform(chat_request())
    stub.script("timeout")
    with pytest.raises(StageError) as caught:
        await stage.perform(chat_request())
    assert (caught.value.reason, caught.value.transient) == ("timeout", True)


@pytest.mark.parametrize("model", MODELS)
async def test_a_server_that_is_not_there(opened: Any, chat_request: Make, model: str):
    stage = opened(model, base_url="http://127.0.0.1:9/v1")
    with pytest.raises(StageError, match="is the server there") as caught:
        await stage.perform(chat_request())
    assert (caught.value.reason, caught.value.transient) == ("connection", True)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("given", "seconds"), [("3", 3.0), ("1.5", 1.5), ("9999", LONGEST_WAIT), ("soon", None)]
)
async def test_the_wait_that_a_server_asks_for_is_told_up_to_a_bound(
    stub: StubServer, opened: Any, chat_request: Make, model: str, given: str, seconds: float | None
):
    stub.behave(retry_after=given)
    stub.script("429")
    with pytest.raises(StageError) as caught:
        await opened(model).perform(chat_request())
    assert caught.value.retry_after == seconds


def exception(name: str, base: type[Exception] = Exception, **attributes: Any) -> Exception:
    """An exception of a package that is not installed, as far as it can be seen."""
    error: Exception = type(name, (base,), {})("it went wrong with sk-abcdef123456")
    for key, value in attributes.items():
        setattr(error, key, value)
    return error


@pytest.mark.parametrize(
    ("error", "reason", "transient"),
    [
        (exception("OverloadedError", status_code=529), "server", True),
        (exception("ClientError", response={
            "ResponseMetadata": {"HTTPStatusCode": 429}}), "rate-limit", True),
        (exception("ResourceExhausted", code=429), "rate-limit", True),
        (exception("DeadlineExceeded"), "timeout", True),
        (exception("ReadTimeout"), "timeout", True),
        (exception("ConnectError"), "connection", True),
        (exception("ServerDisconnectedError"), "connection", True),
        (exception("APIConnectionError"), "connection", True),
        (exception("RemoteProtocolError"), "cut", True),
        (exception("JSONDecodeError", ValueError), "malformed", True),
        (exception("PaymentRequired", status_code=402), "quota", False),
        (exception("BadRequestError", status_code=400, body={"error": {
            "message": "Your credit balance is too low"}}), "quota", False),
        (exception("BadRequestError", status_code=400, body={"error": {
            "message": "prompt is too long: 210000 tokens"}}), "context-length", False),
        (exception("SomethingNew"), "provider", False),
        (ConnectionResetError("reset"), "connection", True),
        (TimeoutError(), "timeout", True),
    ],
)  # fmt: skip
def test_exceptions_are_known_by_name_and_status(error: Exception, reason: str, transient: bool):
    meant = fault(error, "anthropic:claude")
    assert (meant.reason, meant.transient) == (reason, transient)
    assert "sk-abcdef" not in str(meant)
    assert "\n" not in str(meant)


def test_what_an_exception_was_raised_from_counts_too():
    outer = exception("APIConnectionError")
    outer.__cause__ = exception("RemoteProtocolError")
    assert fault(outer, "m").reason == "cut"


def test_an_exception_that_is_its_own_cause_ends():
    error = exception("Odd")
    error.__context__ = error
    assert fault(error, "m").reason == "provider"


def test_a_date_to_wait_for():
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    response = SimpleNamespace(status_code=503, headers={"retry-after": date})
    wait = fault(exception("E", response=response), "m").retry_after
    assert wait is not None
    assert 15 < wait <= 20


def test_a_stage_error_stays_what_it_is():
    error = StageError("empty", "nothing")
    assert fault(error, "m") is error


def test_a_key_of_any_shape_is_known_by_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GATEWAY_API_KEY", "letmein-0123456789")
    error = fault(ValueError("token letmein-0123456789 may not do this"), "openai:x")
    assert "letmein" not in str(error)
    assert "token [redacted] may not do this" in str(error)
