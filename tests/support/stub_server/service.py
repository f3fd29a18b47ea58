"""The endpoints: models, chat completions, completions, and ``/control``."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict, fields, replace
from typing import Any

from stub_server import replies
from stub_server.behaviour import FAULTS, Behaviour, Mischief
from stub_server.wire import NEVER, Answer, Asked

_IN_THE_REPLY = ("cut", "malformed", "empty", "thinking", "refusal", "filtered", "prose")
"""Faults of a call that is answered, in part or oddly."""


class Refused(Exception):
    """A request that the server does not take."""

    def __init__(
        self, status: int, message: str, code: str | None = None, param: str | None = None
    ):
        super().__init__(message)
        self.status = status
        self.error = {
            "message": message, "type": "invalid_request_error", "param": param, "code": code,
        }  # fmt: skip


class Service:
    """The stub. ``handle`` answers a request; everything else is what it counted."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._started = replace(behaviour)
        self.inside = 0
        self.reset()

    def reset(self) -> None:
        """Count from zero, with no script."""
        self.mischief = Mischief()
        self.calls: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.usage: Counter[str] = Counter()
        self.unique: set[str] = set()
        self.arrivals: list[float] = []
        self.answered = 0
        self.most_inside = 0
        self.fresh = 0
        self.last: dict[str, Any] = {}

    def handle(self, asked: Asked) -> Answer:
        """Answer a request."""
        if asked.path.startswith("/control/"):
            return self._control(asked)
        self.calls[asked.path] += 1
        self.arrivals.append(time.monotonic())
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        answer = self._answer(asked)
        answer.done = self._left
        return answer

    def _left(self) -> None:
        self.inside -= 1

    def _answer(self, asked: Asked) -> Answer:
        try:
            self._authorised(asked)
            if asked.path == "/v1/models" and asked.method == "GET":
                return _json(self._models())
            if asked.path == "/v1/chat/completions" and self.behaviour.chat:
                return self._reply(asked, chat=True)
            if asked.path == "/v1/completions" and self.behaviour.completions:
                return self._reply(asked, chat=False)
            raise Refused(404, f"no such endpoint: {asked.path}")
        except Refused as refused:
            self.faults[f"refused {refused.status}"] += 1
            return _json({"error": refused.error}, refused.status)

    def _authorised(self, asked: Asked) -> None:
        key = self.behaviour.key
        given = asked.headers.get("authorization", "")
        if key is not None and given != f"Bearer {key}":
            raise Refused(401, f"Incorrect API key provided: {given[7:]}.", "invalid_api_key")

    def _models(self) -> dict[str, Any]:
        context = self.behaviour.context
        extra = {} if context is None else {"max_model_len": context}
        return {
            "object": "list",
            "data": [
                {"id": name, "object": "model", "created": 0, "owned_by": "stub", **extra}
                for name in self.behaviour.models
            ],
        }

    def _reply(self, asked: Asked, *, chat: bool) -> Answer:
        body = json.loads(asked.body)
        self.last = body
        behaviour = self.behaviour
        if behaviour.answers:
            status, content = behaviour.answers[0]
            behaviour.answers = behaviour.answers[1:]
            if isinstance(content, str):
                return Answer(status, content.encode("latin-1"))
            return _json(content, status)
        self._check(body)
        said = body.get("messages") if chat else body["prompt"]
        seed = self._seed(body)
        ground = replies.ground(
            body["model"], said, seed, body.get("response_format"), body.get("max_tokens")
        )
        self.unique.add(ground)
        fault = self.mischief.fault(behaviour, ground)
        answer = self._faulty(fault)
        if answer is None:
            text_of = self._chat if chat else self._completion
            result = text_of(body, ground, fault)
            answer = _stream(result, body) if body.get("stream") else _json(result)
            self._account(answer, result["usage"])
            if behaviour.told_usage is not None:
                result["usage"] = behaviour.told_usage
                answer.body = json.dumps(result).encode()
            if not behaviour.usage:
                result.pop("usage")
                answer.body = json.dumps(result).encode()
        if fault == "cut":
            answer.keep = 0.6
        elif fault == "malformed":
            answer.body = answer.body[: int(len(answer.body) * 0.7)]
            answer.sent = None  # Nobody can read what it cost.
        answer.delay = answer.delay or behaviour.latency
        if fault is not None:
            self.faults[fault] += 1
        return answer

    def _account(self, answer: Answer, usage: dict[str, Any]) -> None:
        """Count a reply when it was sent whole: only then can the client know of it."""
        cached = usage["prompt_tokens_details"]["cached_tokens"]

        def sent() -> None:
            self.answered += 1
            self.usage["prompt_tokens"] += usage["prompt_tokens"]
            self.usage["completion_tokens"] += usage["completion_tokens"]
            self.usage["cached_tokens"] += cached

        answer.sent = sent

    def _check(self, body: dict[str, Any]) -> None:
        behaviour = self.behaviour
        if not behaviour.any_model and body["model"] not in behaviour.models:
            raise Refused(404, f"The model `{body['model']}` does not exist", "model_not_found")
        for name in behaviour.refuses:
            if name in body:
                raise Refused(
                    400, f"Unsupported parameter: '{name}' is not supported with this model.",
                    "unsupported_parameter", name,
                )  # fmt: skip
        roles = [message["role"] for message in body.get("messages", ())]
        wanted = ["user", "assistant"] * len(roles)
        if not behaviour.system_role and roles != wanted[: len(roles)]:
            message = "Conversation roles must alternate user/assistant/user/assistant/..."
            raise Refused(behaviour.template_status, message)
        form = _form_of(body.get("response_format"))
        if form is not None and form not in behaviour.schema_forms:
            raise Refused(400, f"'response_format.type' {form!r} is not one of the known ones")
        stops = _stops(body)
        if behaviour.max_stops is not None and len(stops) > behaviour.max_stops:
            raise Refused(400, f"at most {behaviour.max_stops} stop sequences", param="stop")
        if body.get("max_tokens") == 0 and not behaviour.zero_tokens:
            raise Refused(400, "max_tokens must be at least 1", param="max_tokens")
        if body.get("echo") and behaviour.echo == "no":
            raise Refused(400, "echo with logprobs is not supported", param="echo")
        if "response_format" in body and behaviour.json_schema == "no":
            raise Refused(400, "response_format is not supported", param="response_format")
        if "prompt_logprobs" in body and not behaviour.prompt_logprobs:
            raise Refused(400, "unknown field prompt_logprobs", param="prompt_logprobs")

    def _seed(self, body: dict[str, Any]) -> Any:
        seed = body.get("seed")
        kind = self.behaviour.seed
        if kind == "refused" and seed is not None:
            raise Refused(400, "seed is not supported", "unsupported_parameter", "seed")
        if body.get("temperature") == 0 or kind == "constant":
            return None
        if kind == "fresh":
            self.fresh += 1
            return f"fresh {self.fresh}"
        return seed

    def _faulty(self, fault: str | None) -> Answer | None:
        """The whole answer for a fault that leaves nothing of the reply."""
        if fault is None or fault in _IN_THE_REPLY:
            return None
        if fault == "timeout":
            return Answer(delay=NEVER)
        if fault == "drop":
            return Answer(drop=True)
        if fault == "page":
            return Answer(403, b"<html><h1>Just a moment...</h1></html>", "text/html")
        if fault == "html":
            return Answer(502, b"<html><h1>Bad Gateway</h1></html>", "text/html")
        wait = self.behaviour.retry_after
        headers = {} if wait is None else {"retry-after": wait}
        if fault == "429":
            return _error(429, "Rate limit reached", "rate_limit_exceeded", headers)
        if fault == "quota":
            message = "You exceeded your current quota, please check your plan"
            return _error(429, message, "insufficient_quota", headers)
        if fault == "context":
            message = "This model's maximum context length is 8192 tokens"
            return _error(400, message, "context_length_exceeded", {})
        status = int(fault)
        message = "Incorrect API key provided: sk-stub1234567890" if status == 401 else "scripted"
        return _error(status, message, f"scripted_{fault}", headers if status >= 500 else {})

    def _chat(self, body: dict[str, Any], ground: str, fault: str | None) -> dict[str, Any]:
        messages = body["messages"]
        length = sum(len(message["content"]) + 4 for message in messages)
        wanted = body.get("response_format") or {}
        schema = wanted.get("json_schema", wanted).get("schema")
        last = messages[-1]["content"]
        if schema is not None and self.behaviour.json_schema == "yes":
            judged = "winner" in schema.get("properties", {})
            page = "\n".join(message["content"] for message in messages)
            found = replies.verdict if judged else lambda *what: replies.instance(*what[:2])
            text = json.dumps(found(schema, ground, page))
        else:
            text = replies.instructed(last, ground)
            text = text or replies.sentence(ground, self.behaviour.words)
        if fault == "prose":
            text = replies.sentence(ground)
        limit = body.get("max_tokens", body.get("max_completion_tokens"))
        text, finish = replies.end(text, _stops(body), limit)
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if fault in ("empty", "thinking"):
            message["content"] = ""
            finish = "length" if fault == "thinking" else finish
        elif fault == "refusal":
            message.update(content=None, refusal="I'm sorry, I can't help with that.")
        elif fault == "filtered":
            message["content"], finish = "", "content_filter"
        message.update(self.behaviour.message)
        choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": finish}
        if body.get("logprobs"):
            if not self.behaviour.log_probs:
                raise Refused(400, "logprobs are not supported", param="logprobs")
            parts = replies.tokens(text)
            choice["logprobs"] = {"content": [
                {"token": part, "logprob": value, "bytes": None, "top_logprobs": []}
                for part, value in zip(parts, replies.log_probs(body["model"], parts), strict=True)
            ]}  # fmt: skip
        return _result("chat.completion", body, ground, choice, length // 4 + 1, text)

    def _completion(self, body: dict[str, Any], ground: str, fault: str | None) -> dict[str, Any]:
        prompt, model, behaviour = body["prompt"], body["model"], self.behaviour
        limit = body.get("max_tokens", 16)
        text, finish = replies.continuation(ground, prompt), "length"
        if limit:
            text, finish = replies.end(text, _stops(body), limit)
        else:
            text = ""
        if fault in ("empty", "thinking"):
            text, finish = "", "length" if fault == "thinking" else "stop"
        echo = bool(body.get("echo")) and behaviour.echo == "yes"
        parts = replies.tokens(prompt)
        count = len(parts)
        choice: dict[str, Any] = {
            "index": 0, "text": prompt + text if echo else text, "finish_reason": finish,
            "logprobs": None,
        }  # fmt: skip
        if body.get("logprobs") is not None and behaviour.log_probs:
            own = replies.tokens(text)
            values: list[float | None] = list(replies.log_probs(model, parts + own))
            values[:1] = [None]
            shown = parts + own if echo else own
            starts = [0]
            for part in shown:
                starts.append(starts[-1] + len(part))
            choice["logprobs"] = {
                "tokens": shown, "token_logprobs": values if echo else values[count:],
                "text_offset": starts[:-1], "top_logprobs": None,
            }  # fmt: skip
        if body.get("prompt_logprobs") is not None:
            found = replies.log_probs(model, parts)
            choice["prompt_logprobs"] = [None] + [
                {
                    str(1000 + place): {"logprob": found[place], "rank": 7,
                                        "decoded_token": parts[place]},
                    "1": {"logprob": -0.01, "rank": 1, "decoded_token": " likelier"},
                }
                for place in range(1, count)
            ]  # fmt: skip
        return _result("text_completion", body, ground, choice, count, text)

    def _control(self, asked: Asked) -> Answer:
        what = asked.path.removeprefix("/control/")
        given = json.loads(asked.body or b"{}")
        if what == "behaviour":
            known = {field.name for field in fields(Behaviour)}
            wrong = set(given) - known | set(given.get("faults", ())) - set(FAULTS)
            if wrong:
                return _json({"error": f"unknown: {sorted(wrong)}"}, 400)
            for name, value in given.items():
                setattr(self.behaviour, name, tuple(value) if isinstance(value, list) else value)
            return _json(asdict(self.behaviour))
        if what == "script":
            self.mischief.script.extend(given["faults"])
            return _json({})
        if what == "reset":
            if given.get("behaviour"):
                self.behaviour = replace(self._started)
            self.reset()
            return _json({})
        if what == "last":
            return _json(self.last)
        return _json({
            "calls": sum(self.calls.values()), "by_path": dict(self.calls),
            "faults": dict(self.faults), "usage": dict(self.usage), "unique": len(self.unique),
            "answered": self.answered, "most_inside": self.most_inside, "arrivals": self.arrivals,
        })  # fmt: skip


def _form_of(wanted: dict[str, Any] | None) -> str | None:
    if not wanted:
        return None
    return "schema" if "schema" in wanted else str(wanted["type"])


def _stops(body: dict[str, Any]) -> list[str]:
    stop = body.get("stop") or []
    return [stop] if isinstance(stop, str) else stop


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


def _error(status: int, message: str, code: str, headers: dict[str, str]) -> Answer:
    answer = _json({"error": {"message": message, "type": code, "param": None, "code": code}})
    answer.status = status
    answer.headers = headers
    return answer


def _result(
    kind: str, body: dict[str, Any], ground: str, choice: dict[str, Any], prompt: int, text: str
) -> dict[str, Any]:
    completion = len(replies.tokens(text))
    return {
        "id": f"stub-{ground}",
        "object": kind,
        "created": 0,
        "model": body["model"],
        "choices": [choice],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            # A function of the request, unlike a real cache, so that sums do not depend on order.
            "prompt_tokens_details": {"cached_tokens": prompt // 2 if prompt > 64 else 0},
        },
    }


def _stream(result: dict[str, Any], body: dict[str, Any]) -> Answer:
    """The result as server-sent events: one for each token."""
    choice = result["choices"][0]
    chat = "message" in choice
    text = choice["message"]["content"] or "" if chat else choice["text"]
    events: list[dict[str, Any]] = []
    for part in [*replies.tokens(text), None]:
        finish = choice["finish_reason"] if part is None else None
        inner: dict[str, Any] = {"text": part or ""}
        if chat:
            inner = {"delta": {} if part is None else {"content": part}}
        events.append({"choices": [{"index": 0, "finish_reason": finish, **inner}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        events.append({"choices": [], "usage": result["usage"]})
    kind = "chat.completion.chunk" if chat else "text_completion"
    head = {"id": result["id"], "object": kind, "created": 0, "model": result["model"]}
    pieces = [b"data: " + json.dumps({**head, **event}).encode() + b"\n\n" for event in events]
    return Answer(kind="text/event-stream", pieces=[*pieces, b"data: [DONE]\n\n"])
