"""The application: routes, and the checks before a request reaches them.

The server is bound to loopback, which keeps other machines out, but not web pages that are open in
a browser on this one. So requests have to name this machine as their host (a page that rebinds its
own name to 127.0.0.1 does not) and, where a browser names the page, as its origin; and a token can
be asked for.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sim.serve import responses
from sim.serve.bounds import BOUNDS, Bounds
from sim.serve.errors import Refused
from sim.serve.models import Models, entry
from sim.serve.workers import Answered, Workers

_EVENTS_AT_ONCE = 64
_TO_EXPLORE = "there is /v1/models, /v1/chat/completions and /v1/completions"


def application(models: Models, token: str | None = None, bounds: Bounds = BOUNDS) -> ASGIApp:
    """The application that serves these models; with a ``token``, only to clients that send it.

    Its lifespan starts and ends the processes that work for it.
    """
    workers = Workers(sorted(models.only), bounds)
    endpoints = _Endpoints(models, workers)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with workers:
            yield

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
        lifespan=lifespan,
    )
    return _Guard(app, token)


class _Endpoints:
    def __init__(self, served: Models, workers: Workers) -> None:
        self.served = served
        self.workers = workers

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
        return await self._answered(request, "chat")

    async def completions(self, request: Request) -> Response:
        return await self._answered(request, "completions")

    async def _answered(self, request: Request, kind: str) -> Response:
        try:
            body = await _body(request, self.workers.bounds)
            # Everything is computed before the first byte is sent, so that an error has its status.
            answer = await _unless_gone(request, self.workers.answer(kind, body))
        except asyncio.CancelledError:
            raise Refused(
                503,
                "The server was stopped before the answer was complete; come again.",
                code="stopped",
                kind="server_error",
            ) from None
        if answer.streamed:
            return StreamingResponse(
                _one_by_one(answer.body),
                media_type="text/event-stream",
                headers={"Cache-Control": "no-cache"},
            )
        return Response(answer.body, answer.status, media_type="application/json")


async def _one_by_one(events: bytes) -> AsyncIterator[bytes]:
    begun = number = 0
    while begun < len(events):
        end = events.index(b"\n\n", begun) + 2
        yield events[begun:end]
        begun = end
        number += 1
        if number % _EVENTS_AT_ONCE == 0:
            await asyncio.sleep(0)  # a client that reads as fast as this writes lets nobody else in


async def _unless_gone(request: Request, work: Coroutine[Any, Any, Answered]) -> Answered:
    """What the work comes to; it ends if the client goes away. Raises ``Refused``."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Refused(400, "The connection was closed before the answer was complete.")
    finally:
        working.cancel()
        leaving.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _body(request: Request, bounds: Bounds) -> bytes:
    """The body, bounded in size and time. Raises ``Refused``."""
    too_large = Refused(
        413, f"The body is larger than {bounds.body_bytes >> 20} MiB.", code="too_large"
    )
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > bounds.body_bytes:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(bounds.body_seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > bounds.body_bytes:
                    raise too_large
    except TimeoutError:
        raise Refused(
            408, f"The body did not arrive within {bounds.body_seconds:g} seconds.", code="timeout"
        ) from None
    except ClientDisconnect:
        raise Refused(400, "The connection was closed before the body was complete.") from None
    return bytes(body)


class _Guard:
    """Checks the host, the origin and the token."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self.app = app
        self.header = None if token is None else f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(dict(scope["headers"])) if scope["type"] == "http" else None
        app = self.app if refusal is None else _answer(refusal)
        await app(scope, receive, send)

    def _refusal(self, headers: dict[bytes, bytes]) -> Refused | None:
        if not is_this_machine(headers.get(b"host", b"").decode("latin-1")):
            return Refused(403, "The host of the request is not this machine.", code="wrong_host")
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin and not is_this_machine(origin.partition("://")[2]):
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


def is_this_machine(header: str) -> bool:
    """Whether a host with or without a port, as headers have it, is this machine.

    >>> [is_this_machine(host) for host in ("127.0.0.1:80", "[::1]:80", "127.0.0.1.evil.org")]
    [True, True, False]
    """
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


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _answer(error)


async def _no_such_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    where = f"{request.method} {request.url.path}"
    if error.status_code == 405:
        refused = Refused(405, f"{where}: another method is wanted", code="method_not_allowed")
    else:
        refused = Refused(error.status_code, f"{where}: no such address; {_TO_EXPLORE}")
    return _answer(refused)


async def _broken(request: Request, error: Exception) -> Response:
    # The server logs the traceback; a client has no use for it.
    return _answer(Refused(500, "This is a defect of Elsinore's.", kind="server_error"))
