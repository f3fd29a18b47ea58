"""Asking afterwards: questions to actors as they were after any stored turn.

The answers are stored as probes of the trials. A stored answer is identified by the question's key
and the number of the sample, so that asking again asks only for what is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sim.calls.stopping import Stopped
from sim.calls.trial_stage import TrialStage
from sim.errors import BadRequest, StageClosed, StageError
from sim.events import NO_USAGE, Answer, Event, Intervened, Turn, Usage
from sim.html import Table, element, fragment, table
from sim.layouts import layout_of, render_question
from sim.runs.options import RunOptions
from sim.runs.session import Session
from sim.scene.actor import HUMAN
from sim.scene.probes import Question
from sim.scene.scene import Scene
from sim.seeds import request_seed
from sim.stage.base import Request, Stage
from sim.store import StoredTrial, open_store
from sim.text.printing import value_text
from sim.text.thoughts import thought_and_speech


@dataclass(frozen=True, slots=True)
class Respondents:
    """Whom to ask, and when: ``actors`` of ``trials`` as they were after turn ``at``.

    ``trials`` are ids (None: all that are at their end), ``actors`` names (None: the whole cast),
    ``at`` counts turns (None: at the end). Each is asked ``samples`` times. Raises ``BadRequest``.
    """

    trials: Sequence[str] | None = None
    actors: Sequence[str] | None = None
    at: int | None = None
    samples: int = 1

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise BadRequest(f"samples: {self.samples} is no number of answers; use at least 1")


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer, and the trial that was asked. ``known``: the answer was in the store already."""

    trial: str
    answer: Answer
    known: bool


@dataclass(frozen=True, slots=True)
class AskReport:
    """All answers, in the order of trials, actors and samples, and the calls that they took.

    ``hits`` are replies from the cache. ``stopped`` says why the budget ended it, if it did.
    """

    answers: tuple[Asked, ...]
    calls: int
    hits: int
    usage: Usage
    stopped: str | None

    def __str__(self) -> str:
        """What was asked of whom, and what it took, in one line."""
        actors = ", ".join(dict.fromkeys(each.answer.actor for each in self.answers)) or "nobody"
        missing = sum(each.answer.value is None for each in self.answers)
        facts = [f"{len(self.answers)} answers of {actors}", f"{self.calls} calls"]
        facts += [f"{missing} missing"] if missing else []
        facts += [f"stopped: {self.stopped}"] if self.stopped is not None else []
        return "; ".join(facts)

    def __repr__(self) -> str:
        return f"<AskReport: {self}>"

    def _repr_html_(self) -> str:
        """The answers as a table, for a notebook; a missing one says why."""
        rows = [
            (asked.trial[:12], said.actor, said.turn, said.key,
             f"missing ({said.missing or 'no answer'})" if said.value is None
             else value_text(said.value))
            for asked in self.answers
            for said in (asked.answer,)
        ]  # fmt: skip
        columns = ["trial", "actor", "after turn", "question", "answer"]
        shown = element("div", table(Table(columns, rows)), class_="scroll")
        return fragment(element("p", str(self)), shown if rows else None)


@dataclass(frozen=True, slots=True)
class _Played:
    """What of a stored trial is needed to ask its actors.

    ``line`` are pairs of a turn and the trial that keeps answers from that turn on, ``seeds`` pairs
    of a turn and the seed from there on: the turns that a branch shares are its parent's. ``focal``
    is the one actor of a surrogate whom the stage plays.
    """

    trial: str
    stage: str
    stages: Mapping[str, str]
    scene: Scene
    events: list[Event]
    line: Sequence[tuple[int, str]]
    seeds: Sequence[tuple[int, int]]
    focal: str | None

    @classmethod
    def of(cls, stored: StoredTrial) -> _Played:
        """A stored trial, read."""
        transcript = stored.store.transcript(stored.id)
        return cls(
            stored.id, stored.stage, stored.stages, stored.prompt_scene, transcript.events,
            stored.store.lineage(stored.id), transcript.seeds(stored.seed), stored.focal,
        )  # fmt: skip

    def keeper(self, turn: int) -> str:
        """The trial that keeps the answers after a turn."""
        return [trial for first, trial in self.line if first <= turn][-1]

    def seed(self, turn: int) -> int:
        """The seed of the answers after a turn; after turn 0 that of the first."""
        return [seed for first, seed in self.seeds if first <= max(turn, 1)][-1]


class _Place(NamedTuple):
    """Where an answer is stored. Branches have one place for the turns that they share."""

    trial: str
    actor: str
    turn: int
    sample: int


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One answer that is wanted."""

    played: _Played
    name: str
    turn: int
    sample: int

    @property
    def place(self) -> _Place:
        """Where it is stored."""
        return _Place(self.played.keeper(self.turn), self.name, self.turn, self.sample)


async def ask_actors(
    store: Path | str,
    stages: Mapping[str, Stage],
    question: Question,
    respondents: Respondents | None = None,
    options: RunOptions | None = None,
    *,
    told: Callable[[Asked], None] | None = None,
) -> AskReport:
    """Put a question, off stage, to actors of stored trials as they were after some turn.

    ``stages`` maps the identities of the trials' stages to the stages. Answers are stored as probes
    with the key of the question; those that are there are not asked for again. What a branch shares
    with its parent is asked once and kept with the parent. In a surrogate only the focal actor is
    asked. ``told`` is called with each answer.

    Raises ``BadRequest`` for an unknown trial, actor or turn, ``StoreRefused`` if the store cannot
    be used, and ``StageClosed`` if no call can go through.

    >>> import tempfile
    >>> from sim import Persona, Scene, after, plan, ring
    >>> from sim.runs.trials import run_trials
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
    ...         path, stages = f"{folder}/tea.db", {stage.identity: stage}
    ...         await run_trials(trials, stages, path)
    ...         return await ask_actors(path, stages, why, Respondents(at=1))
    >>> [(each.answer.actor, each.answer.turn) for each in asyncio.run(main()).answers]
    [('Ada', 1), ('Ben', 1)]
    """
    whom, how = respondents or Respondents(), options or RunOptions()
    with open_store(store) as reader:
        wanted = _wanted(reader.trials(), whom, Path(store))
    needed = _needed(wanted)
    for identity, who in sorted(needed.items()):
        if identity in stages:
            continue
        if identity == HUMAN:
            raise BadRequest(
                f"{who} was played by a person, who cannot be asked afterwards; name other actors"
            )
        raise BadRequest(f"stages: {identity!r}, which played {who}, is missing; add it")
    with Session.open(store, stages, needed, how) as session:
        session.begin({"ask": question.key, "at": whom.at, "samples": whom.samples})
        asking = _Asking(session, question, told)
        answers = await asking.all_of(wanted)
        reason = session.limiter.reason
        stopped = None if reason is None else str(reason)
        session.end("done" if stopped is None else "budget", stopped)
        if isinstance(reason, StageClosed):
            raise reason
        figures = session.accounts.figures()
        return AskReport(tuple(answers), figures.calls, figures.hits, figures.usage, stopped)


class _Asking:
    """The questions of one call of ``ask_actors``."""

    def __init__(
        self, session: Session, question: Question, told: Callable[[Asked], None] | None
    ) -> None:
        self.session = session
        self.question = question
        self.told = told

    async def all_of(self, wanted: Sequence[_Wanted]) -> list[Asked]:
        """Ask for what is missing; all answers, in the order of ``wanted``."""
        tasks: dict[_Place, asyncio.Task[Asked | None]] = {}
        for each in wanted:
            if each.place not in tasks:
                tasks[each.place] = asyncio.ensure_future(self.one(each))
        try:
            await asyncio.gather(*tasks.values())
        except BaseException:
            for task in tasks.values():
                task.cancel()
            await asyncio.wait(tasks.values())
            raise
        await self.session.writer.barrier()
        answers: list[Asked] = []
        reported: set[_Place] = set()
        for each in wanted:
            asked = tasks[each.place].result()
            if asked is not None and each.place in reported:
                # A branch that shares this turn with one that was asked before.
                asked = self._tell(Asked(each.played.trial, asked.answer, known=True))
            reported.add(each.place)
            answers += [] if asked is None else [asked]
        return answers

    async def one(self, wanted: _Wanted) -> Asked | None:
        """One answer, stored or asked for; None if the run stopped before it was asked for."""
        played, name, turn, sample = wanted.played, wanted.name, wanted.turn, wanted.sample
        key = self.question.key
        place = ("probe", turn, name, key, sample)
        for event in played.events:
            if isinstance(event, Answer) and place == (
                event.kind, event.turn, event.actor, event.key, event.sample,
            ):  # fmt: skip
                return self._tell(Asked(played.trial, event, known=True))
        happened = [e for e in played.events if not isinstance(e, Turn) or e.index <= turn]
        prompt = render_question(played.scene, happened, name, self.question)
        seat = played.scene.seat(name)
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
            reply = await self._stage(played, turn).perform(request)
            raw, exact, usage, seconds = reply.text, reply.exact, reply.usage, reply.seconds
            value, missing = self.question.answer.read(thought_and_speech(raw)[1])
        except Stopped:
            return None
        except StageError as error:
            missing = f"{error.reason}: {error}"
        answer = Answer(
            turn, name, key, value, False, sample, raw, missing, prompt.digest.hex(), exact, usage,
            seconds,
        )  # fmt: skip
        self.session.writer.event(played.keeper(turn), answer)
        return self._tell(Asked(played.trial, answer, known=False))

    def _tell(self, asked: Asked) -> Asked:
        if self.told is not None:
            self.told(asked)
        return asked

    def _stage(self, played: _Played, turn: int) -> TrialStage:
        accounts = self.session.accounts.by_stage
        cast = {name: other for name, other in played.stages.items() if other in accounts}
        return self.session.troupe().stage(played.keeper(turn), played.stage, cast, turn=turn)


def _wanted(stored: Sequence[StoredTrial], whom: Respondents, store: Path) -> list[_Wanted]:
    """The answers that are wanted. Raises ``BadRequest`` for an unknown trial, actor or turn."""
    by_id = {trial.id: trial for trial in stored}
    if whom.trials is None:
        ids = [trial.id for trial in stored if trial.status == "done"]
    else:
        ids = list(dict.fromkeys(whom.trials))
    for trial in ids:
        if trial not in by_id:
            raise BadRequest(f"{store} has no trial {trial!r}; list its trials with elsinore show")
    wanted = [
        _Wanted(played, name, _turn(played, whom.at), sample)
        for played in (_Played.of(by_id[trial]) for trial in ids)
        for name in _actors(played, whom.actors)
        for sample in range(whom.samples)
    ]
    if whom.trials is not None and not wanted:
        raise BadRequest("ask: none of these actors is really played in these surrogates")
    return wanted


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
    # The partners in a surrogate say off-topic lines: there is nobody to ask.
    return [name for name in chosen if played.focal in (None, name)]


def _needed(wanted: Sequence[_Wanted]) -> dict[str, str]:
    """The identities of the stages that are asked, each with an actor whom it played."""
    needed: dict[str, str] = {}
    for each in wanted:
        played, name = each.played, each.name
        stage = _stage_of(played, name, each.turn)
        needed.setdefault(played.stages[stage] if stage else played.stage, name)
        needed.setdefault(played.stage, name)
    return needed


def _turn(played: _Played, at: int | None) -> int:
    """The turn after which to ask. Raises ``BadRequest`` if the trial has no such turn."""
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
    """The name of the stage that played an actor after a turn; blank for the scene's own."""
    stage = next(actor.stage or "" for actor in played.scene.cast if actor.name == name)
    for event in played.events:
        moved = isinstance(event, Intervened) and (event.what, event.actor) == ("restage", name)
        if isinstance(event, Intervened) and moved and event.turn <= turn:
            stage = event.detail.get("stage") or ""
    return stage
