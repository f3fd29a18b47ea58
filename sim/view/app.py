"""The application: addresses, and what is read for each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sim.errors import BadRequest, ElsinoreError
from sim.text.printing import command_line
from sim.view import reading
from sim.view.answering import read_form, static, whole_number
from sim.view.forks import Allowed, Asked, Forks
from sim.view.guard import Guard
from sim.view.judging import Judging
from sim.view.library import Library, Wanted
from sim.view.notes import LABEL, NOTE, Notes, as_csv
from sim.view.pages.comparison import comparison_page
from sim.view.pages.forking import Form, fork_page, job_page
from sim.view.pages.frame import address, told
from sim.view.pages.judging import judged_page, judging_page
from sim.view.pages.noted import notes_page
from sim.view.pages.trial import state_of, trial_page
from sim.view.pages.trials import plain_rows_page, rows_of, trials_page
from sim.view.readings import KINDS, Measures

_FACTS = ("scenario", "model", "arm", "status", "parameters")


@dataclass(frozen=True)
class Viewer:
    """What a viewer shows and allows: a store, measures, who may be asked, and who labels."""

    store: Path
    measures: Measures = field(default_factory=Measures)
    allowed: Allowed = field(default_factory=Allowed)
    labels: tuple[str, ...] = ("flip", "collapse", "loop", "concession", "fine")
    by: str = "somebody"


def application(viewer: Viewer, origin: str, token: str) -> ASGIApp:
    """The application, guarded. ``origin`` is where it is reached, as browsers name it.

    Its end stops the forks that it plays.
    """
    endpoints = _Endpoints(viewer)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await endpoints.forks.close()

    get, post = ["GET"], ["POST"]
    app = Starlette(
        routes=[
            Route("/", endpoints.trials, methods=get),
            Route("/rows", endpoints.rows, methods=get),
            Route("/live", endpoints.live, methods=get),
            Route("/trial/{trial}", endpoints.trial, methods=get),
            Route("/trial/{trial}/state", endpoints.state, methods=get),
            Route("/trial/{trial}/prompt/{turn:int}", endpoints.prompt, methods=get),
            Route("/trial/{trial}/turn/{turn:int}", endpoints.alternatives, methods=get),
            Route("/trial/{trial}/tree", endpoints.tree, methods=get),
            Route("/trial/{trial}/tree.json", endpoints.tree_json, methods=get),
            Route("/trial/{trial}/fork", endpoints.fork_form, methods=get),
            Route("/trial/{trial}/fork", endpoints.fork, methods=post),
            Route("/trial/{trial}/notes", endpoints.note, methods=post),
            Route("/forks/{number:int}", endpoints.job, methods=get),
            Route("/forks/{number:int}/stop", endpoints.stop, methods=post),
            Route("/compare", endpoints.compare, methods=get),
            Route("/judge", endpoints.debate, methods=get),
            Route("/judge", endpoints.judge, methods=post),
            Route("/notes", endpoints.notes_page, methods=get),
            Route("/notes.csv", endpoints.notes_csv, methods=get),
            Route("/static/{name}", static, methods=get),
        ],
        exception_handlers={
            ElsinoreError: endpoints.refused,
            HTTPException: endpoints.no_such_page,
        },
        lifespan=lifespan,
    )
    return Guard(app, origin, token)


class _Endpoints:
    """The endpoints. Whatever reads the store does so in a thread, so that no page waits."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.library = Library(viewer.store, viewer.measures)
        self.notes = Notes(viewer.store)
        self.forks = Forks(viewer.store, viewer.allowed)
        self.judging = Judging(viewer.store, viewer.by)

    async def trials(self, request: Request) -> Response:
        wanted = _wanted(request)

        def made() -> str:
            self.library.settle()
            return trials_page(self.library, wanted, self.library.choose(wanted))

        return await _page(made)

    async def rows(self, request: Request) -> Response:
        wanted = _wanted(request)
        since = whole_number(request.query_params.get("since", "0"))

        def made() -> str:
            chosen = self.library.choose(wanted)
            if request.query_params.get("whole"):
                return plain_rows_page(self.library, wanted, chosen, since)
            return rows_of(self.library, chosen, since)

        return await _page(made)

    async def live(self, request: Request) -> Response:
        def looked() -> dict[str, object]:
            rows = self.library.rows()
            return {
                "state": self.library.state(),
                "version": self.library.measured.version,
                "written": self.library.written,
                "trials": len(rows),
                "open": sum(row.status == "planned" for row in rows),
                "turns": sum(row.turns for row in rows),
            }

        return JSONResponse(await run_in_threadpool(looked))

    async def trial(self, request: Request) -> Response:
        def made() -> str:
            self.library.settle()
            played = reading.played(
                self.library, _trial(request), self.notes, self.viewer.labels, self.viewer.allowed
            )
            return trial_page(self.library, played)

        return await _page(made)

    async def state(self, request: Request) -> Response:
        def looked() -> dict[str, object]:
            self.library.rows()
            with self.library.open() as store:
                trial = store.trial(_trial(request))
                return {
                    "key": state_of(self.library, trial),
                    "version": self.library.measured.version,
                    "written": self.library.written,
                }

        return JSONResponse(await run_in_threadpool(looked))

    async def prompt(self, request: Request) -> Response:
        turn = int(request.path_params["turn"])
        return await _page(lambda: reading.prompt(self.library, _trial(request), turn))

    async def alternatives(self, request: Request) -> Response:
        turn = int(request.path_params["turn"])
        by = request.query_params.get("by") == "probability"
        return await _page(
            lambda: reading.alternatives(self.library, _trial(request), turn, by_probability=by)
        )

    async def tree(self, request: Request) -> Response:
        return await _page(lambda: reading.tree(self.library, _trial(request)))

    async def tree_json(self, request: Request) -> Response:
        made = await run_in_threadpool(lambda: reading.tree_json(self.library, _trial(request)))
        return Response(
            made,
            media_type="application/json",
            headers={"Content-Disposition": 'attachment; filename="branches.json"'},
        )

    async def compare(self, request: Request) -> Response:
        one, other = request.query_params.get("a", ""), request.query_params.get("b", "")
        if not one or not other:
            raise BadRequest("compare: choose two trials in the list, with x")

        def made() -> str:
            self.library.settle()
            sides = [reading.side(self.library, each) for each in (one, other)]
            return comparison_page(self.library, sides[0], sides[1])

        return await _page(made)

    async def fork_form(self, request: Request) -> Response:
        fields = {"at": request.query_params.get("at", "1")}
        at = whole_number(fields["at"])

        def looked() -> None:
            with self.library.open() as store:
                trial = store.trial(_trial(request))
                if not 1 <= at <= max(trial.turns, 1):
                    raise BadRequest(f"trial {trial.id[:8]} has no turn {at}; it has {trial.turns}")

        await run_in_threadpool(looked)
        change = request.query_params.get("change", "")
        # What needs no words is estimated at once: nothing is asked or written for that.
        if change in ("drop", "reroll"):
            return await self._estimated(_trial(request), fields | {"change": change})
        return await _page(lambda: self._fork_page(_trial(request), Form(fields)))

    async def fork(self, request: Request) -> Response:
        form = await read_form(request)
        return await self._estimated(_trial(request), form, play=form.get("do") == "play")

    async def _estimated(
        self, identity: str, form: Mapping[str, str], *, play: bool = False
    ) -> Response:
        """The form with what the fork would take; or, if it was told before, the fork itself."""
        try:
            with self.library.open() as store:
                trial = store.trial(identity)
                trial.parameters  # noqa: B018 - read while the store is open
                asked = Asked.read(trial.id, form)
                command = command_line(*self.forks.words(trial, asked))
                # What is played is what was estimated: fields may have been changed since.
                if play and form.get("estimated") == command:
                    job = await self.forks.play(trial, asked)
                    return RedirectResponse(address("forks", job.number), 303)
                estimates = await self.forks.estimate(trial, asked)
        except BadRequest as error:
            wrong = Form(form, wrong=str(error))
            return await _page(lambda: self._fork_page(identity, wrong), 400)
        from_it = Form(form, estimates, command)
        return await _page(lambda: self._fork_page(identity, from_it))

    def _fork_page(self, identity: str, form: Form) -> str:
        with self.library.open() as store:
            trial = store.trial(identity)
            short = store.short_ids()[trial.id]
            said = reading.line_of(trial, form.fields.get("at", ""))
            whole = Form(
                form.fields, form.estimates, form.command, form.wrong,
                [str(persona["name"]) for persona in trial.cast], said,
            )  # fmt: skip
            return fork_page(self.library, trial, short, self.forks, whole)

    async def job(self, request: Request) -> Response:
        job = self.forks.jobs.get(int(request.path_params["number"]))
        if job is None:
            raise HTTPException(404)
        return HTMLResponse(job_page(self.library, job))

    async def stop(self, request: Request) -> Response:
        number = int(request.path_params["number"])
        self.forks.stop(number)
        await asyncio.sleep(0.2)
        return RedirectResponse(address("forks", number), 303)

    async def debate(self, request: Request) -> Response:
        return await self._debate({})

    async def judge(self, request: Request) -> Response:
        form = await read_form(request)
        sheet = form.get("sheet", "")
        try:
            if form.get("do") == "skip":
                self.judging.skip(sheet)
            else:
                await self.judging.give(sheet, form)
        except BadRequest as error:
            return await self._debate(form, str(error))
        return RedirectResponse("/judge", 303)

    async def _debate(self, form: Mapping[str, str], wrong: str = "") -> Response:
        def made() -> str:
            sheet = self.judging.next()
            store, by = self.viewer.store, self.viewer.by
            if sheet is None:
                return judged_page(store, by)
            # What was filled in for another debate is not this one's.
            fields = form if form.get("sheet") == sheet.id else {}
            return judging_page(store, sheet, self.judging.waiting, by, fields, wrong)

        return await _page(made, 400 if wrong else 200)

    async def note(self, request: Request) -> Response:
        form = await read_form(request)
        kind, text = form.get("kind", ""), form.get("text", "")
        turn = whole_number(form.get("turn", ""))

        def kept() -> str:
            with self.library.open() as store:
                trial = store.trial(_trial(request))
                if not 0 <= turn <= trial.turns:
                    raise BadRequest(f"trial {trial.id[:8]} has no turn {turn}")
            if kind == LABEL:
                if text not in self.viewer.labels:
                    raise BadRequest(f"label: {text[:40]!r} is none of {self.viewer.labels}")
                self.notes.toggle(trial.id, turn, text, by=self.viewer.by)
            elif kind == NOTE:
                self.notes.write(trial.id, turn, NOTE, text, by=self.viewer.by)
            else:
                raise BadRequest(f"kind: {kind[:40]!r} is neither {LABEL} nor {NOTE}")
            return trial.id

        identity = await run_in_threadpool(kept)
        return RedirectResponse(address("trial", identity, fragment=f"t-{turn}"), 303)

    async def notes_page(self, request: Request) -> Response:
        return await _page(
            lambda: notes_page(self.library, self.notes.every(), self.notes.path.name)
        )

    async def notes_csv(self, request: Request) -> Response:
        made = await run_in_threadpool(lambda: as_csv(self.notes.every()))
        name = f"{self.viewer.store.stem}.notes.csv"
        return Response(
            made.encode("utf-8", "replace"),
            media_type="text/csv",
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{_quoted(name)}"},
        )

    async def refused(self, request: Request, error: Exception) -> Response:
        status = 400 if isinstance(error, BadRequest) else 500
        return HTMLResponse(told("This cannot be shown", str(error), self.viewer.store), status)

    async def no_such_page(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        title = "There is no such page" if status == 404 else "This is not asked like that"
        return HTMLResponse(told(title, request.url.path, self.viewer.store), status)


async def _page(make: Callable[[], str], status: int = 200) -> Response:
    # Halves of surrogate pairs are shown as escapes; what is left of them must not break a page.
    made = await run_in_threadpool(make)
    return HTMLResponse(made.encode("utf-8", "replace"), status)


def _trial(request: Request) -> str:
    return str(request.path_params["trial"])[:64]


def _wanted(request: Request) -> Wanted:
    asked = request.query_params
    mark = asked.get("mark", "")
    return Wanted(
        {fact: asked[fact] for fact in _FACTS if asked.get(fact)},
        mark if mark in KINDS else "",
        asked.get("words", "")[:400],
        asked.get("sort", ""),
        bool(asked.get("down")),
    )


def _quoted(text: str) -> str:
    return address(text).lstrip("/")
