"""The application: routes, and the checks before a request reaches them.

The server is bound to loopback, which keeps other machines out, but not web pages that are open in
a browser on this one. So requests have to name this machine as their host (a page that rebinds its
own name to 127.0.0.1 does not) and, where a browser names the page, as its origin; and a token can
be asked for.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from ipaddress import ip_address

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sim.serve import generation, responses
from sim.serve.errors import Refused
from sim.serve.models import Models, entry
from sim.serve.requests import AnyBody, ChatBody, CompletionBody
from sim.stage.exact.stage import ExactStage

MOST_BYTES = 4 << 20
"""Of a body. A scene of 1000 turns has a tenth of it."""

MOST_AT_ONCE = 256
"""Requests being answered; more are asked to come again."""

_BODY_SECONDS = 30.0
_TO_EXPLORE = "there is /v1/models, /v1/chat/completions and /v1/completions"


def application(
    models: Models, token: str | None = None, most_at_once: int = MOST_AT_ONCE
) -> ASGIApp:
    """The application that serves these models; with a ``token``, only to clients that send it."""
    endpoints = _Endpoints(models)
    app = Starlette(
        routes=[
            Route("/v1/models", endpoints.models, methods=["GET"]),
            Route("/v1/models/{name:path}", endpoints.model, methods=["GET"]),
            Route("/v1/chat/completions", endpoints.chat, methods=["POST"]),
            Route("/v1/completions", endpoints.completions, methods=["POST"]),
            Route("/health", endpoints.health, methods=["GET"]),
        ],
        exception_handlers={
            Refused: _refused,
            HTTPException: _no_such_route,
            Exception: _broken,
        },
    )
    return _Guard(app, token, most_at_once)


class _Endpoints:
    def __init__(self, served: Models) -> None:
        self.served = served

    async def models(self, request: Request) -> Response:
        return _json({"object": "list", "data": self.served.entries()})

    async def model(self, request: Request) -> Response:
        name = request.path_params["name"]
        if request.url.query:
            name = f"{name}?{request.url.query}"  # rlhf?kappa=0.2, unquoted
        self.served.stage(name)
        return _json(entry(name))

    async def health(self, request: Request) -> Response:
        return _json({"status": "ok"})

    async def chat(self, request: Request) -> Response:
        return await self._answered(request, ChatBody, generation.chat)

    async def completions(self, request: Request) -> Response:
        return await self._answered(request, CompletionBody, generation.completions)

    async def _answered(
        self,
        request: Request,
        form: type[AnyBody],
        perform: Callable[[ExactStage, AnyBody], generation.Answer],
    ) -> Response:
        body = form.read(await _body(request))
        # Everything is computed before the first byte is sent, so that an error has its status.
        answer = perform(self.served.stage(body.model), body)
        envelope = responses.Envelope(body.model, chat=form is ChatBody)
        if body.stream:
            events = responses.stream(envelope, answer, body.with_usage)
            return StreamingResponse(
                _one_by_one(list(events)),
                media_type="text/event-stream",
                headers={"Cache-Control": "no-cache"},
            )
        return _json(responses.whole(envelope, answer))


async def _one_by_one(events: list[bytes]) -> AsyncIterator[bytes]:
    for event in events:
        yield event


async def _body(request: Request) -> bytes:
    """The body, bounded in size and time. Raises ``Refused``."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MOST_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise Refused(408, f"The body did not arrive within {_BODY_SECONDS:g} seconds.") from None
    except ClientDisconnect:
        raise Refused(400, "The connection was closed before the body was complete.") from None
    return bytes(body)


def _too_large() -> Refused:
    return Refused(413, f"The body is larger than {MOST_BYTES >> 20} MiB.", code="too_large")


class _Guard:
    """Checks the host, the token, and the number of requests at once."""

    def __init__(self, app: ASGIApp, token: str | None, most_at_once: int) -> None:
        self.app = app
        self.header = None if token is None else f"Bearer {token}".encode()
        self.most_at_once = most_at_once
        self.at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(dict(scope["headers"])) if scope["type"] == "http" else None
        if refusal is not None:
            await _answer(refusal)(scope, receive, send)
            return
        self.at_once += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.at_once -= 1

    def _refusal(self, headers: dict[bytes, bytes]) -> Refused | None:
        if not _is_this_machine(headers.get(b"host", b"").decode("latin-1")):
            return Refused(403, "The host of the request is not this machine.", code="wrong_host")
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin and not _is_this_machine(origin.partition("://")[2]):
            # A page of another site, which may send anything that needs no question before it.
            return Refused(403, "The page is not of this machine.", code="wrong_origin")
        if self.header is not None:
            given = headers.get(b"authorization", b"")
            if not secrets.compare_digest(given, self.header):
                what = "is wrong" if given else "is missing"
                return Refused(
                    401,
                    f"The token {what}; send the header Authorization: Bearer TOKEN, "
                    "which clients make of their API key.",
                    code="invalid_api_key",
                    kind="authentication_error",
                )
        if self.at_once >= self.most_at_once:
            return Refused(
                503,
                f"{self.most_at_once} requests are being answered; come again.",
                code="overloaded",
                kind="server_error",
            )
        return None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and reached from this machine only.

    >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "example.org")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_this_machine(header: str) -> bool:
    host = header.lower()
    if host.startswith("["):
        return is_loopback(host[1:].partition("]")[0])
    return is_loopback(host.partition(":")[0])


def _json(value: object, status: int = 200) -> Response:
    return Response(responses.encode(value), status, media_type="application/json")


def _answer(refused: Refused) -> Response:
    response = _json(refused.body(), refused.status)
    if refused.status == 503:
        response.headers["Retry-After"] = "1"
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _answer(error)


def _no_such_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    where = f"{request.method} {request.url.path}"
    if error.status_code == 405:
        refused = Refused(405, f"{where}: another method is wanted", code="method_not_allowed")
    else:
        refused = Refused(error.status_code, f"{where}: no such address; {_TO_EXPLORE}")
    return _answer(refused)


def _broken(request: Request, error: Exception) -> Response:
    # The server logs the traceback; a client has no use for it.
    return _answer(Refused(500, "This is a defect of Elsinore's.", kind="server_error"))
