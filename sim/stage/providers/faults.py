"""Translates providers' exceptions: may the same call succeed later, or can no call succeed?

Exceptions are recognised by the names of their classes and by their status, so that no provider's
package has to be imported (or installed) to understand its errors.

==============================================  ===============  =====================
what happened                                   reason           how it is treated
==============================================  ===============  =====================
408, 425, timeouts                              timeout          transient
409                                             conflict         transient
429                                             rate-limit       transient, retry after
5xx                                             server           transient, retry after
no connection, or it was lost                   connection       transient
the answer broke off                            cut              transient
no JSON, or not the protocol's                  malformed        transient
all tokens were used before the first word      length           recorded
429 or 402 for money, 403 for a quota           quota            ``StageClosed``
300 to 399: sent on to another address          not-found        ``StageClosed``
more bytes than ``bounds`` allows               malformed        recorded
401                                             key              ``StageClosed``
403                                             forbidden        ``StageClosed``
404                                             not-found        ``StageClosed``
the prompt is too long, whatever the status     context-length   recorded
400 to 499 with a page of HTML, by a proxy      malformed        transient
200 with an error in it                         by its code      by its code
no UTF-8                                        malformed        transient
400, 413, 422 and everything else with a 4xx    bad-request      recorded
anything else                                   provider         recorded
==============================================  ===============  =====================
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from sim.errors import StageClosed, StageError
from sim.redaction import redact
from sim.stage.providers.bounds import TooLarge

LONGEST_WAIT = 60.0
"""The longest wait before a retry, in seconds, even if the provider asks for a longer one."""

_LONGEST_MESSAGE = 300
_READ = 10_000
"""The letters of an error, at its beginning and as many at its end, in which its meaning is looked
for."""

_TIMEOUT = re.compile(r"Timeout|TimedOut|DeadlineExceeded")
_CONNECTION = re.compile(
    r"^(API)?Connection(\w*Error)?$|^(Connect|Network|Transport|Proxy|RemoteProtocol|Read|Write|Close|"
    r"LocalProtocol)Error$|^Client(Connect\w*|OS|Payload)Error$|^ServerDisconnectedError$|"
    r"^Endpoint\w*Error$|^ServiceUnavailable$"
)
_CUT = re.compile(r"^(RemoteProtocolError|ReadError|IncompleteRead|ClientPayloadError)$")
_MALFORMED = re.compile(
    r"^(JSONDecodeError|APIResponseValidationError|OutputParserException|DecodingError)$"
)
_NO_MONEY = ("insufficient_quota", "billing_hard_limit_reached", "credit balance is too low")
_TOO_LONG = re.compile(
    r"(?i)context_length_exceeded|exceed_context_size|context (length|window|size|limit)|"
    r"maximum (context|prompt|model|input) length|"
    r"(prompt|input|request|message)s? (is|are) too long|"
    r"too many (input |prompt )?tokens|max_model_len|input_too_long|string_above_max_length|"
    r"(input|prompt) (token count|tokens?|length)[^.]{0,60}(exceed|too (large|long)|greater than)|"
    r"exceeds? (the )?(max(imum)? )?(number of )?(input |prompt )?(tokens|length)|"
    r"input is too large to process|context shift is disabled|when context the overflows|"
    r"reduce the length of (the|your) (messages|prompt|input)|range of input length|"
    r"inputs?`? (tokens \+|must have less than)|longer than the (maximum|model)"
)
NO_SYSTEM_ROLE = re.compile(
    r"(?i)system role (is )?not supported|roles must alternate|(must|should) alternate between|"
    r"(system|developer)['\"`]? (role|messages?|instructions?) (is |are )?"
    r"(not (supported|enabled|allowed)|unsupported)|(not|n't) support (the )?['\"`]?"
    r"(system|developer)['\"`]? (role|messages?|prompts?)|"
    r"unsupported role:? ['\"`]?(system|developer)|only user,? (and )?assistant roles|"
    r"(developer|system) instruction is not enabled"
)
"""What servers say that have no system role, or want user and assistant to alternate."""

_CODES = {
    "invalid_api_key": 401, "authentication_error": 401, "unauthorized": 401,
    "unauthenticated": 401, "permission_error": 403, "permission_denied": 403, "forbidden": 403,
    "not_found_error": 404, "model_not_found": 404, "not_found": 404, "timeout": 408,
    "request_timeout": 408, "rate_limit_exceeded": 429, "rate_limit_error": 429,
    "rate_limit": 429, "too_many_requests": 429, "resource_exhausted": 429,
    "insufficient_quota": 429, "server_error": 500, "internal_server_error": 500,
    "internal_error": 500, "api_error": 500, "overloaded_error": 503, "overloaded": 503,
    "unavailable": 503, "service_unavailable": 503, "invalid_request_error": 400,
    "context_length_exceeded": 400, "content_filter": 400, "bad_request": 400,
    "badrequesterror": 400, "invalid_argument": 400, "exceed_context_size_error": 400,
}  # fmt: skip
"""The status that a code of an error means, where the answer itself had status 200."""
_FILTERED = ("content_filter", "content_policy_violation", "moderation_blocked")


def fault(error: BaseException, model: str) -> StageError:
    """The ``StageError`` for an exception of a provider's client. Its message contains no key.

    >>> error = fault(ConnectionResetError("peer"), "openai:gpt")
    >>> error.reason, error.transient
    ('connection', True)
    """
    if isinstance(error, StageError):
        return error
    status = _status(error)
    if status is not None and status >= 400:
        return _by_status(status, error, model)
    if status is not None and 300 <= status < 400:
        return _sent_on(error, model)
    chain = list(_chain(error))
    for each in chain:
        if isinstance(each, TooLarge):
            return too_large(model, str(each))
        if isinstance(each, RecursionError):
            return malformed(model, "its JSON is nested too deep")
    names = [cls.__name__ for each in chain for cls in type(each).__mro__]
    message = _message(error)
    if any(_MALFORMED.search(name) for name in names):
        return malformed(model, message)
    if isinstance(error, ReportedError):
        return malformed(model, message)
    if isinstance(error, UnicodeError):
        return malformed(model, f"it is no UTF-8 ({message})")
    if any(_TIMEOUT.search(name) for name in names):
        return StageError("timeout", f"{model}: no answer in time", transient=True)
    if any(_CUT.search(name) for name in names):
        return StageError(
            "cut", f"{model}: the connection was lost before the whole answer", transient=True
        )
    if any(_CONNECTION.search(name) for name in names) or isinstance(error, OSError):
        last = _message(chain[-1])
        return StageError(
            "connection", f"{model}: no connection ({last}); is the server there?", transient=True
        )
    return StageError("provider", f"{model}: {type(error).__name__}: {message}")


class ReportedError(Exception):
    """An error that an answer with status 200 carries. Unknown codes have no status."""

    def __init__(self, message: str, status: int | None, body: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status_code = status
        self.body = body


def reported(response: Mapping[str, Any]) -> ReportedError | None:
    """The error in an answer with status 200, wherever it stands; None if there is none.

    >>> error = reported({"error": {"code": "rate_limit_exceeded", "message": "Slow down."}})
    >>> str(error), error.status_code
    ('Slow down.', 429)
    >>> reported({"choices": [{"message": {"content": "Well."}}], "error": None})
    """
    choices = response.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    if isinstance(first, Mapping):
        found = first.get("error")
        if not found and isinstance(first.get("message"), Mapping):
            found = first["message"].get("error")
        if not found and first.get("finish_reason") == "error":
            found = response.get("error") or {"message": "the answer ended with an error"}
    else:
        found = response.get("error") or response.get("errors") or response.get("detail")
        if not found and (response.get("object") == "error" or "message" in response):
            found = response
    while isinstance(found, list) and found:
        found = found[0]
    if not found:
        return None
    body = found if isinstance(found, Mapping) else {"message": str(found)}
    message = next(
        (
            _ends(str(body[name]))
            for name in ("message", "msg", "error", "detail")
            if body.get(name)
        ),
        "an error",
    )
    return ReportedError(message, _status_of_code(body, message), {**body, "message": message})


def _status_of_code(body: Mapping[str, Any], message: str) -> int | None:
    for name in ("code", "status", "status_code", "http_status", "type"):
        code = body.get(name)
        text = str(code).strip().lower()
        if text.isdigit() and 400 <= int(text) < 600:
            return int(text)
        if text in _CODES:
            return _CODES[text]
    return 400 if _TOO_LONG.search(message) or NO_SYSTEM_ROLE.search(message) else None


def filtered(error: BaseException) -> bool:
    """Whether an exception is a content filter's refusal, which is a valid outcome of a call."""
    return _status(error) in (400, 403) and any(code in _details(error) for code in _FILTERED)


def malformed(model: str, what: str) -> StageError:
    """The error for an answer that violates the protocol."""
    return StageError(
        "malformed",
        f"{model}: the answer makes no sense: {without_keys(what)}",
        transient=True,
    )


def too_large(model: str, what: str) -> StageError:
    """The error for an answer without a reasonable end. A retry would end in the same way."""
    return StageError("malformed", f"{model}: the answer is too large: {what}")


def _sent_on(error: BaseException, model: str) -> StageClosed:
    """The error for a redirect, which is not followed: the prompts would go along."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    where = without_keys(str(headers.get("location", "another address")).partition("?")[0])
    return StageClosed(
        "not-found",
        f"{model}: the server sends on to {where}, where no prompt is sent unasked; if that is the "
        "right address, give it as the base URL",
    )


def no_room(model: str, usage: object = None) -> StageError:
    """The error for a reply without text because all tokens were used for reasoning.

    It is not transient, because a retry would end in the same way. Other blank replies are not
    errors of a call: they were paid for and are returned with their usage, and the caller
    (``Retry``, the engine) decides what they are.
    """
    message = f"{model}: all tokens were used before the first word; raise max_tokens"
    return StageError("length", message, usage=usage)


def without_keys(text: str) -> str:
    """The text as one short line, without the known secrets and whatever looks like a key.

    >>> without_keys("Incorrect API key provided: sk-abcdef123456. Sorry")
    'Incorrect API key provided: [redacted]. Sorry'
    """
    if len(text) > _READ:  # A server may send megabytes. Half a word could be half a key.
        text = text[:_READ].rpartition(" ")[0] or text[:_READ]
    line = " ".join(redact(text).split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE]}…"


def _by_status(status: int, error: BaseException, model: str) -> StageError:
    message, details = _message(error), _details(error)
    said = f"{model}: status {status}: {message}"
    page = _page_of_html(error)
    if page and status not in (401, 408, 425, 429) and status < 500:
        return StageError(
            "malformed", f"{model}: status {status} and a page of HTML; is a proxy in between, or "
            "the address wrong?", transient=True,
        )  # fmt: skip
    if NO_SYSTEM_ROLE.search(details):
        return StageError("bad-request", said)
    if status not in (401, 402, 403, 429) and _TOO_LONG.search(details):
        return StageError("context-length", said)
    if status == 402 or (status in (400, 403, 429) and any(sign in details for sign in _NO_MONEY)):
        return StageClosed("quota", f"{said}; the account has no money left")
    if status == 401:
        return StageClosed("key", f"{said}; check the key in the environment")
    if status == 403:
        return StageClosed("forbidden", f"{said}; the key may not use this model")
    if status == 404:
        return StageClosed("not-found", f"{said}; check the model's name and the address")
    if status in (408, 425):
        return StageError("timeout", said, transient=True)
    if status == 409:
        return StageError("conflict", said, transient=True)
    if status == 429 or status >= 500:
        reason = "rate-limit" if status == 429 else "server"
        return StageError(reason, said, transient=True, retry_after=_retry_after(error))
    return StageError("bad-request", said)


def _page_of_html(error: BaseException) -> bool:
    """Whether the answer is a page for people: it comes from a proxy, and not from the server."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    kind = "" if headers is None else headers.get("content-type", "")
    return "html" in str(kind).lower()


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):  # Amazon's
        response = response.get("ResponseMetadata", {})
        status = response.get("HTTPStatusCode") if isinstance(response, Mapping) else None
        return status if isinstance(status, int) else None
    for holder in (error, response):
        for name in ("status_code", "http_status", "status", "code"):
            status = getattr(holder, name, None)
            if isinstance(status, int) and 100 <= status < 600:
                return int(status)
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and what it was raised from, the outermost first."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


def _body(error: BaseException) -> Mapping[str, Any]:
    """What the server said about the error: the inner object, where there is one."""
    body = getattr(error, "body", None)
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        return inner if isinstance(inner, Mapping) else body
    return {}


def _message(error: BaseException) -> str:
    said = _body(error).get("message")
    return without_keys(said if isinstance(said, str) and said else str(error) or repr(error))


def _details(error: BaseException) -> str:
    """The body and message of an error as one text, to be searched for error codes."""
    try:
        said = json.dumps(_body(error), default=str)
    except (ValueError, RecursionError):
        said = ""
    return f"{_ends(said)} {_ends(str(error))}"


def _ends(text: str) -> str:
    """A text without the middle, if a server has sent megabytes."""
    return text if len(text) <= 2 * _READ else f"{text[:_READ]} {text[-_READ:]}"


def _retry_after(error: BaseException) -> float | None:
    """The seconds that the provider asks to wait, at most ``LONGEST_WAIT``."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    if headers is None or not hasattr(headers, "get"):
        return None
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        seconds = _seconds(str(text), scale)
        if seconds is not None:
            return min(max(seconds, 0.0), LONGEST_WAIT)
    return None


def _seconds(text: str, scale: float) -> float | None:
    """The value of a header as seconds: a number, or the time until a date.

    >>> _seconds("1500", 0.001), _seconds("soon", 1.0), _seconds("nan", 1.0)
    (1.5, None, None)
    """
    try:
        seconds = float(text) * scale
        return None if math.isnan(seconds) else seconds
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return (date - datetime.now(UTC)).total_seconds()
