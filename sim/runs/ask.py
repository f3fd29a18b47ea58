"""After the curtain: questions to actors as they were after any stored turn.

The answers are stored as probes of the trials. A question is known by its key and its samples are
numbered, so that asking again adds what is missing and asks nothing twice.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.calls.budget import Budget
from sim.calls.cache import Cache
from sim.calls.journal import Journal, Player
from sim.calls.limiter import Gate, Stopped
from sim.calls.prices import Prices
from sim.errors import BadRequest, StageClosed, StageError
from sim.events import NO_USAGE, Answer, Event, Intervened, Turn, Usage
from sim.layouts import layout_of, render_question
from sim.planning.decoder import scene_for_prompts
from sim.runs.accounting import Terms
from sim.runs.billing import write_down
from sim.runs.manifest import manifest
from sim.scene.actor import HUMAN
from sim.scene.probes import Question
from sim.scene.scene import Scene
from sim.seeds import request_seed
from sim.stage.base import Request, Stage
from sim.store import Writer, encode_sorted, transcript_of


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer, and the trial that was asked. ``known`` says that it was there already."""

    trial: str
    answer: Answer
    known: bool


@dataclass(frozen=True, slots=True)
class AskReport:
    """All answers, in the order of trials, actors and samples, and what they took."""

    answers: tuple[Asked, ...]
    calls: int
    hits: int
    usage: Usage
    stopped: str | None


@dataclass(frozen=True, slots=True)
class _Played:
    """A stored trial: what is needed to ask its actors.

    ``line`` says from which turn on which trial keeps what is asked, ``seeds`` which seed holds:
    what a branch shares with its parent is the parent's. ``focal`` is the one actor who is really
    played in a surrogate.
    """

    trial: str
    stage: str
    stages: Mapping[str, str]
    scene: Scene
    events: list[Event]
    line: Sequence[tuple[int, str]]
    seeds: Sequence[tuple[int, int]]
    focal: str | None

    def keeper(self, turn: int) -> str:
        """The trial that keeps what is asked after a turn."""
        return [trial for first, trial in self.line if first <= turn][-1]

    def seed(self, turn: int) -> int:
        """The seed that holds after a turn: turn 0 has that of the first."""
        return [seed for first, seed in self.seeds if first <= max(turn, 1)][-1]


async def ask(
    store: Path | str,
    stages: Mapping[str, Stage],
    question: Question,
    *,
    trials: Sequence[str] | None = None,
    actors: Sequence[str] | None = None,
    at: int | None = None,
    samples: int = 1,
    concurrency: int = 16,
    budget: Budget | None = None,
    prices: Prices | None = None,
    cache: bool | None = None,
    told: Callable[[Asked], None] | None = None,
) -> AskReport:
    """Put a question, off stage, to actors of stored trials as they were after turn ``at``.

    ``trials`` are ids (None: all that are at their end), ``actors`` names (None: the whole cast),
    ``at`` counts turns (None: at the end). Each is asked ``samples`` times. ``stages`` maps the
    identities of the trials' stages to the stages. Answers are stored as probes with the key of the
    question; those that are there are not asked for again. What a branch shares with its parent is
    asked once and kept with the parent. In a surrogate only the actor is asked who is really played
    there. ``told`` hears of each answer.

    Raises ``BadRequest`` for a trial, an actor or a turn that there is not, ``StoreRefused``, and
    ``StageClosed`` if no call can go through.

    >>> import tempfile
    >>> from sim import Persona, Scene, after, plan, ring, run
    >>> from sim.scene.answers import FreeText
    >>> from sim.stage.fixed import FixedLines
    >>> def tea() -> Scene:
    ...     return Scene(topic="Tea?", cast=[Persona(name="Ada"), Persona(name="Ben")],
    ...                  graph=ring("Ada", "Ben"), ends=after(turns=2))
    >>> stage = FixedLines(["Yes."])
    >>> trials = plan(tea, models=[("fixed", stage.identity)])
    >>> why = Question(key="ask:why", text="Why, {name}?", answer=FreeText())
    >>> async def main() -> AskReport:
    ...     with tempfile.TemporaryDirectory() as folder:
    ...         await run(trials, {stage.identity: stage}, f"{folder}/tea.db")
    ...         return await ask(f"{folder}/tea.db", {stage.identity: stage}, why, at=1)
    >>> [(each.answer.actor, each.answer.turn) for each in asyncio.run(main()).answers]
    [('Ada', 1), ('Ben', 1)]
    """
    if samples < 1:
        raise BadRequest(f"samples: {samples} is no number of answers; use at least 1")
    terms = Terms(cache, budget, prices)
    writer = Writer.open(store)
    try:
        played = [
            _played(writer.connection, trial, store) for trial in _ids(writer.connection, trials)
        ]
        wanted = [
            (each, name, _turn(each, at), sample)
            for each in played
            for name in _actors(each, actors)
            for sample in range(samples)
        ]
        if trials is not None and not wanted:
            raise BadRequest("ask: none of these actors is really played in these surrogates")
        needed = _needed(wanted)
        for identity, who in sorted(needed.items()):
            if identity in stages:
                continue
            if identity == HUMAN:
                raise BadRequest(
                    f"{who} was played by a person, who is not there any more; say whom else to ask"
                )
            raise BadRequest(f"stages: there is none for {identity!r}, which played there")
        terms.open_books(needed, stages, None)
        options = {"ask": question.key, "at": at, "samples": samples}
        number = write_down(writer, manifest([], options), (), ())
        if budget is not None:
            budget.begin(Usage(usd=0.0))
        asking = _Asking(writer, stages, terms, question, concurrency, number, told)
        found = await asking.all_of(wanted)
        stopped = None if asking.gate.reason is None else str(asking.gate.reason)
        writer.execute(
            "UPDATE runs SET ended = ?, outcome = ?, summary = ? WHERE run = ?",
            time.time(), "done" if stopped is None else "budget",
            encode_sorted(terms.summary(stopped)), number,
        )  # fmt: skip
        writer.commit()
        if isinstance(asking.gate.reason, StageClosed):
            raise asking.gate.reason
        figures = terms.figures()
        return AskReport(tuple(found), figures["calls"], figures["hits"], figures["usage"], stopped)
    finally:
        writer.close()


class _Asking:
    """The questions of one call of ``ask``."""

    def __init__(
        self,
        writer: Writer,
        stages: Mapping[str, Stage],
        terms: Terms,
        question: Question,
        concurrency: int,
        number: int,
        told: Callable[[Asked], None] | None,
    ) -> None:
        self.writer = writer
        self.stages = stages
        self.terms = terms
        self.question = question
        self.gate = Gate(concurrency)
        self.cache = Cache(writer)
        self.number = number
        self.told = told

    async def all_of(self, wanted: Sequence[tuple[_Played, str, int, int]]) -> list[Asked]:
        """The answers that there are now, in the order in which they were wanted."""
        places = [
            (played.keeper(turn), name, turn, sample) for played, name, turn, sample in wanted
        ]
        tasks: dict[tuple[str, str, int, int], asyncio.Task[Asked | None]] = {}
        for place, each in zip(places, wanted, strict=True):
            if place not in tasks:
                tasks[place] = asyncio.ensure_future(self.one(*each))
        try:
            await asyncio.gather(*tasks.values())
        except BaseException:
            for task in tasks.values():
                task.cancel()
            await asyncio.wait(tasks.values())
            raise
        await self.writer.barrier()
        found: list[Asked] = []
        told: set[tuple[str, str, int, int]] = set()
        for place, (played, *_) in zip(places, wanted, strict=True):
            asked = tasks[place].result()
            if asked is not None and place in told:
                # Branches share it, and one of them was asked.
                asked = self._tell(Asked(played.trial, asked.answer, known=True))
            told.add(place)
            found += [] if asked is None else [asked]
        return found

    async def one(self, played: _Played, name: str, turn: int, sample: int) -> Asked | None:
        """One answer; None if the run stopped before it was asked for."""
        key = self.question.key
        place = ("probe", turn, name, key, sample)
        for event in played.events:
            if isinstance(event, Answer) and place == (
                event.kind, event.turn, event.actor, event.key, event.sample,
            ):  # fmt: skip
                return self._tell(Asked(played.trial, event, known=True))
        happened = [e for e in played.events if not isinstance(e, Turn) or e.index <= turn]
        prompt = render_question(played.scene, happened, name, self.question)
        seat = played.scene.names.index(name)
        scene = played.scene
        stops = () if scene.layout == "author" else layout_of(scene, seat).stops(scene, seat)
        request = Request(
            prompt,
            request_seed(played.seed(turn), "ask", turn, name, key, sample),
            name,
            "probe",
            stops,
            None,
            self.question.answer.schema_(),
            _stage_of(played, name, turn),
        )
        value, raw, missing, exact, usage, seconds = None, "", None, None, NO_USAGE, 0.0
        try:
            reply = await self._journal(played, turn).perform(request)
            raw, exact, usage, seconds = reply.text, reply.exact, reply.usage, reply.seconds
            value, missing = self.question.answer.read(raw)
        except Stopped:
            return None
        except StageError as error:
            missing = f"{error.reason}: {error}"
        answer = Answer(
            turn, name, key, value, False, sample, raw, missing, prompt.digest.hex(), exact, usage,
            seconds,
        )  # fmt: skip
        self.writer.event(played.keeper(turn), answer)
        return self._tell(Asked(played.trial, answer, known=False))

    def _tell(self, asked: Asked) -> Asked:
        if self.told is not None:
            self.told(asked)
        return asked

    def _journal(self, played: _Played, turn: int) -> Journal:
        own = self._player(played.stage)
        return Journal(
            own.stage, self.writer, played.keeper(turn), gate=self.gate, account=own.account,
            cache=own.cache, budget=own.budget, keep=own.keep, run=self.number, turn=turn,
            cast={
                name: self._player(identity)
                for name, identity in played.stages.items()
                if identity in self.terms.accounts
            },
        )  # fmt: skip

    def _player(self, identity: str) -> Player:
        return self.terms.player(identity, self.stages[identity], self.cache)


def _ids(connection: sqlite3.Connection, trials: Sequence[str] | None) -> list[str]:
    if trials is not None:
        return list(dict.fromkeys(trials))
    return [
        row[0]
        for row in connection.execute(
            "SELECT trial FROM trials WHERE status = 'done'"
            " ORDER BY scenario, model, seed, arm, focal, at, branch, trial"
        )
    ]


def _played(connection: sqlite3.Connection, trial: str, store: Path | str) -> _Played:
    row = connection.execute(
        "SELECT stage, seed, stages, scene, focal FROM trials WHERE trial = ?", (trial,)
    ).fetchone()
    if row is None:
        raise BadRequest(f"{store} has no trial {trial!r}; list its trials with elsinore show")
    stage, seed, cast, scene, focal = row
    transcript = transcript_of(connection, trial)
    stored: Any = json.loads(scene)
    return _Played(
        trial, stage, json.loads(cast), scene_for_prompts(stored), transcript.events,
        _line(connection, trial), transcript.seeds(seed), focal,
    )  # fmt: skip


def _line(connection: sqlite3.Connection, trial: str) -> tuple[tuple[int, str], ...]:
    """From which turn on which trial has its own: a branch's parents first."""
    of, at = connection.execute('SELECT "of", at FROM trials WHERE trial = ?', (trial,)).fetchone()
    if at is None:
        return ((0, trial),)
    return (*(each for each in _line(connection, of) if each[0] < at), (at, trial))


def _actors(played: _Played, actors: Sequence[str] | None) -> Sequence[str]:
    """The names of those who are asked, each once."""
    names = played.scene.names
    for name in actors or ():
        if name not in names:
            raise BadRequest(
                f"trial {played.trial[:8]}: {name!r} is not in the cast; "
                f"use one of {', '.join(names)}"
            )
    chosen = names if actors is None else tuple(dict.fromkeys(actors))
    # The others of a surrogate say lines that answer nobody.
    return [name for name in chosen if played.focal in (None, name)]


def _needed(wanted: Sequence[tuple[_Played, str, int, int]]) -> dict[str, str]:
    """The identities of the stages that are asked, each with an actor whom it played."""
    needed: dict[str, str] = {}
    for played, name, turn, _ in wanted:
        stage = _stage_of(played, name, turn)
        needed.setdefault(played.stages[stage] if stage else played.stage, name)
        needed.setdefault(played.stage, name)
    return needed


def _turn(played: _Played, at: int | None) -> int:
    last = max((event.index for event in played.events if isinstance(event, Turn)), default=0)
    if at is None:
        return last
    if not 0 <= at <= last:
        raise BadRequest(
            f"trial {played.trial[:8]}: there is no turn {at}; it has {last}, and 0 is before the "
            "first"
        )
    return at


def _stage_of(played: _Played, name: str, turn: int) -> str:
    """What played an actor after a turn: blank is the scene's own stage."""
    found = next(actor.stage or "" for actor in played.scene.cast if actor.name == name)
    for event in played.events:
        moved = isinstance(event, Intervened) and (event.what, event.actor) == ("restage", name)
        if isinstance(event, Intervened) and moved and event.turn <= turn:
            found = event.detail.get("stage") or ""
    return found
