"""Who may ask: this machine, with the token, from a page of ours.

The server is bound to loopback, which keeps other machines out, but not the web pages that are open
in a browser here. So a request has to name this server as its host (a page that rebinds its own
name to 127.0.0.1 does not) and have the token, which the address holds once and a cookie from then
on. What changes something has to come from a page of this very origin: browsers share cookies
between the ports of one host, and other programs may serve there.
"""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs, urlencode

from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sim.serve.app import is_this_machine

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""What pages may load and do: nothing of another server, and nothing that stands in a page."""

HEADERS: tuple[tuple[str, str], ...] = (
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    # With "no-referrer", browsers say of a form of ours that it is of no origin.
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
)

_READING = ("GET", "HEAD")


class Guard:
    """Lets requests through that may reach the application, and adds the headers of its answers.

    ``origin`` is this server's, as browsers name it; ``token`` what whoever opened it was told.
    """

    def __init__(self, app: ASGIApp, origin: str, token: str) -> None:
        self.app = app
        self.origin = origin
        self.token = token
        # Browsers share cookies between ports: several viewers are open at once.
        self.cookie = f"elsinore-{origin.rpartition(':')[2]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    *((name.encode(), value.encode()) for name, value in HEADERS),
                ]
            await send(message)

        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = self._answer(scope)
        await (self.app if answer is None else answer)(scope, receive, with_headers)

    def _answer(self, scope: Scope) -> Response | None:
        """What is answered instead of the application; None if the request may pass."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if not self._is_ours(headers.get(b"host", "")):
            return _refused("The host of the request is not this server.")
        origin = headers.get(b"origin")
        if origin is not None and origin != self.origin:
            return _refused("The request is from a page of another origin.")
        if headers.get(b"sec-fetch-site", "none") in ("cross-site", "same-site") and not _navigates(
            headers, scope["method"]
        ):
            return _refused("The request is from a page of another origin.")
        if scope["method"] not in _READING and origin is None:
            return _refused("What changes something has to come from a page of this server.")
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        if "token" in asked and scope["method"] in _READING:
            return self._enter(scope, asked)
        given = cookie_parser(headers.get(b"cookie", "")).get(self.cookie, "")
        if not self._is_the_token(given):
            return PlainTextResponse(
                "The token is missing or of an earlier start. Open the address that "
                "elsinore view printed, with its token.\n",
                401,
            )
        return None

    def _is_ours(self, host: str) -> bool:
        port = self.origin.rpartition(":")[2]
        return is_this_machine(host) and host.rpartition(":")[2] == port

    def _is_the_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.token.encode())

    def _enter(self, scope: Scope, asked: dict[str, list[str]]) -> Response:
        """Take the token out of the address, where histories and screens would keep it."""
        if not self._is_the_token(asked.pop("token")[-1]):
            return PlainTextResponse("The token is wrong.\n", 401)
        rest = urlencode(asked, doseq=True)
        path = str(scope["path"])
        # A path that begins with two slashes would be another host.
        entered = RedirectResponse(f"/{path.lstrip('/')}{f'?{rest}' if rest else ''}", 303)
        entered.set_cookie(self.cookie, self.token, httponly=True, samesite="strict", path="/")
        return entered


def _navigates(headers: dict[bytes, str], method: str) -> bool:
    """Whether somebody followed a link: such a request has no cookie, but may have the token."""
    return method in _READING and headers.get(b"sec-fetch-mode") == "navigate"


def _refused(why: str) -> Response:
    return PlainTextResponse(f"{why}\n", 403)
