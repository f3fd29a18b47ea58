"""Coding lines in a browser, blind: the lines that were drawn, and nothing else of the store.

It is a server of its own and no page of the viewer, which shows what a coder may not know.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sim.errors import BadRequest, ElsinoreError
from sim.view.answering import read_form, static, whole_number
from sim.view.guard import Guard
from sim.view.pages.coding import coded_page, line_page
from sim.view.pages.frame import address, told


class Sitting(Protocol):
    """What a coder is shown and answers. Lines are known by their places from 0.

    ``keys`` has a value for each key. A line that was given a blank label comes another time.
    """

    asked: str

    @property
    def keys(self) -> Mapping[str, str]: ...
    @property
    def done(self) -> int: ...
    def __len__(self) -> int: ...
    def next(self, place: int) -> int | None: ...
    def answer(self, place: int) -> str | None: ...
    def give(self, place: int, label: str) -> None: ...
    def line(self, place: int) -> tuple[str, str]: ...
    def title(self, place: int) -> str: ...
    def before(self, place: int) -> Sequence[str]: ...


def application(sitting: Sitting, origin: str, token: str) -> ASGIApp:
    """The application for one coder, guarded as the viewer is."""
    pages = _Pages(sitting)
    app = Starlette(
        routes=[
            Route("/", pages.line, methods=["GET"]),
            Route("/", pages.give, methods=["POST"]),
            Route("/static/{name}", static, methods=["GET"]),
        ],
        exception_handlers={ElsinoreError: _refused, HTTPException: _no_such_page},
    )
    return Guard(app, origin, token)


class _Pages:
    def __init__(self, sitting: Sitting) -> None:
        self.sitting = sitting
        # An answer is written and the next line found in one go, whatever a browser sends at once.
        self._lock = threading.Lock()

    async def line(self, request: Request) -> Response:
        asked = request.query_params.get("at")
        sitting = self.sitting
        place = sitting.next(-1) if asked is None else whole_number(asked)
        if place is None:
            return HTMLResponse(coded_page(sitting.asked, sitting.done, len(sitting)))
        if place >= len(sitting):
            raise BadRequest(f"there are {len(sitting)} lines")
        # Back is the line that was answered before this one, wherever it stands.
        was = request.query_params.get("was")
        page = line_page(
            asked=sitting.asked,
            keys=sitting.keys,
            place=place,
            title=sitting.title(place),
            before=sitting.before(place),
            line=sitting.line(place),
            answer=sitting.answer(place),
            back=None if was is None else whole_number(was),
        )
        return HTMLResponse(page.encode("utf-8", "replace"))

    async def give(self, request: Request) -> Response:
        form = await read_form(request)
        place = whole_number(form.get("at", ""))
        label = form.get("label", "")
        if place >= len(self.sitting) or (label and label not in self.sitting.keys.values()):
            raise BadRequest(f"{label[:40]!r} is no answer to line {place}")

        def kept() -> int | None:
            with self._lock:
                self.sitting.give(place, label)
                return self.sitting.next(place)

        following = await run_in_threadpool(kept)
        return RedirectResponse("/" if following is None else address(at=following, was=place), 303)


_HERE = Path("labels")


async def _refused(request: Request, error: Exception) -> Response:
    status = 400 if isinstance(error, BadRequest) else 500
    return HTMLResponse(told("This was not kept", str(error), _HERE), status)


async def _no_such_page(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return HTMLResponse(told("There is no such page", request.url.path, _HERE), status)
