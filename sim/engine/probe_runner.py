"""Questions off stage while a scene is played.

Probes run beside the scene; gauges are on its critical path: the scene waits for the answers.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp
from typing import Any, NamedTuple

from sim.errors import StageError
from sim.events import NO_USAGE, Answer, Event, Seat
from sim.layouts.contexts import Contexts
from sim.scene.answers import Answering, Choice
from sim.scene.graph import PublicView, holds
from sim.scene.probes import Probe, Question
from sim.scene.scene import Scene
from sim.stage.base import Purpose, Request, Stage, info_of
from sim.text.thoughts import thought_and_speech

Record = Callable[[Event, bool], None]
"""Adds an event to the transcript; the flag is True for an event of a resumed transcript."""

Seed = Callable[..., int]
"""``seed(turn, purpose, *path)``: the seed of a request that belongs to a turn."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to one actor, with the request that carries it."""

    question: Question
    by: str
    turn: int
    seat: Seat
    sample: int
    request: Request


class ProbeRunner:
    """Asks all questions of one scene. ``known`` are the answers of a resumed transcript.

    ``stage_of`` is the stage that plays each seat at present (blank: the scene's own).
    """

    def __init__(
        self,
        scene: Scene,
        stage: Stage,
        seed: Seed,
        contexts: Contexts,
        stage_of: Sequence[str],
        record: Record,
        known: Iterable[Answer],
    ) -> None:
        self.probes = scene.probes
        self.seats = scene.seats
        self.stage = stage
        self.seed = seed
        self.contexts = contexts
        self.stage_of = stage_of
        self.record = record
        self.known = {
            (answer.turn, answer.gauge, answer.actor, answer.key, answer.sample): answer
            for answer in known
        }
        self.out: set[asyncio.Task[Answer]] = set()
        self.broken: BaseException | None = None
        self.asked_at: dict[str, int] = {}

    def probe(self, turns: Sequence[int], view: PublicView, last: bool = False) -> None:
        """Start the probes that are due after any of ``turns``, beside the scene.

        In a round several turns are over at once; then the question is asked after the last.
        """
        turn = turns[-1]
        for probe in self.probes:
            due = any(map(probe.due, turns)) or (last and probe.end)
            # At the end, the condition has already been checked after the last turn.
            if not due and not last and turn > 0 and probe.when is not None:
                due = holds(probe.when, view)
            key = probe.question.key
            if due and self.asked_at.get(key) != turn:
                self.asked_at[key] = turn
                for asked in self.requests(probe, turn, "probe"):
                    task = asyncio.ensure_future(self.answer(asked))
                    self.out.add(task)
                    task.add_done_callback(self.came_back)

    def came_back(self, task: asyncio.Task[Answer]) -> None:
        """Forget a probe that is done. Its exception is kept for ``settle``, which raises it."""
        self.out.discard(task)
        if not task.cancelled():
            # asyncio logs every exception that is never retrieved, so each one is.
            error = task.exception()
            self.broken = self.broken or error

    async def gauge(self, gauge: Probe, turn: int) -> dict[str, object]:
        """Ask a gauge and wait for the answers, by actor: the scene depends on them."""
        answers = await self.together([self.answer(a) for a in self.requests(gauge, turn, "gauge")])
        return {answer.actor: answer.value for answer in answers}

    async def inquire(
        self, question: Question, seats: Sequence[Seat], attempts: int, turn: int
    ) -> dict[Seat, Any]:
        """Ask a router's question and wait for the answers, by seat; None where none is valid."""
        asked = [self._asked(question, "answer", turn, seat, 0, "gauge") for seat in seats]
        if len(asked) == 1:
            return {seats[0]: await self.until_it_counts(asked[0], attempts)}
        values = await self.together([self.until_it_counts(one, attempts) for one in asked])
        return dict(zip(seats, values, strict=True))

    async def until_it_counts(self, asked: Asked, attempts: int) -> Any:
        """Ask until an answer is valid; each attempt is recorded, as a sample of its own."""
        for attempt in range(attempts):
            answer = await self.answer(asked)
            if answer.missing is None:
                return answer.value
            if attempt + 1 == attempts:
                break
            again = self._asked(
                asked.question, asked.by, asked.turn, asked.seat, attempt + 1, "gauge"
            )
            # After an empty answer the same prompt is sent again.
            prompt = again.request.prompt
            _, answered = thought_and_speech(answer.raw)
            if answered.strip():
                prompt = self.contexts.again(
                    asked.seat, asked.request.prompt, answered, asked.question, answer.missing
                )
            asked = replace(again, request=replace(again.request, prompt=prompt))
        return None

    async def together(self, calls: Sequence[Any]) -> list[Any]:
        """The results of calls that are made at once."""
        asking = [asyncio.ensure_future(call) for call in calls]
        try:
            return list(await asyncio.gather(*asking))
        except BaseException:
            # gather() leaves the other calls running when one of them fails.
            await _cancelled(asking)
            raise

    def requests(self, probe: Probe, turn: int, purpose: Purpose) -> list[Asked]:
        """One request for each actor and sample, built at once because contexts keep growing."""
        return [
            self._asked(probe.question, probe.by, turn, seat, sample, purpose)
            for seat, name in zip(self.seats, self.contexts.names, strict=True)
            if probe.to is None or name in probe.to
            for sample in range(probe.samples)
        ]

    def _asked(
        self, question: Question, by: str, turn: int, seat: Seat, sample: int, purpose: Purpose
    ) -> Asked:
        name = self.contexts.names[seat]
        request = Request(
            self.contexts.asked(seat, question),
            self.seed(turn, purpose, name, question.key, sample),
            name,
            purpose,
            self.contexts.stops[seat],
            None,
            _schema(question.answer),
            self.stage_of[seat],
        )
        return Asked(question, by, turn, seat, sample, request)

    async def answer(self, asked: Asked) -> Answer:
        """Ask one question and record the answer, or why it is missing."""
        request, sample, turn = asked.request, asked.sample, asked.turn
        gauge, actor, key = request.purpose == "gauge", request.speaker, asked.question.key
        known = self.known.get((turn, gauge, actor, key, sample))
        if known is not None:
            self.record(known, True)
            return known
        digest = request.prompt.digest.hex()
        exact, usage, seconds = None, NO_USAGE, 0.0
        value, raw, missing = None, "", None
        try:
            if asked.by == "log_prob":
                scores = await score_options(self.stage, request, asked.question)
                value, raw, exact = scores.probabilities, scores.log_probs, scores.exact
                missing = scores.missing
            else:
                reply = await self.stage.perform(request)
                raw, exact, usage, seconds = reply.text, reply.exact, reply.usage, reply.seconds
                value, missing = asked.question.answer.read(thought_and_speech(raw)[1])
        except StageError as error:
            missing = f"{error.reason}: {error}"
        answer = Answer(
            turn, actor, key, value, gauge, sample, raw, missing, digest, exact, usage, seconds
        )
        self.record(answer, False)
        return answer

    async def settle(self) -> None:
        """Wait for the probes that are still running; raise the first exception of any of them."""
        while self.out:
            try:
                await asyncio.wait(self.out)
            except asyncio.CancelledError:
                await self.abandon()
                raise
        if self.broken is not None:
            broken, self.broken = self.broken, None
            raise broken

    async def abandon(self) -> None:
        """Cancel the probes of a scene that was cancelled."""
        await _cancelled(list(self.out))


class OptionScores(NamedTuple):
    """The probabilities of the options of a choice, or None and why they are ``missing``.

    ``log_probs`` are the log-probabilities as JSON; ``exact`` says whether they are exact.
    """

    probabilities: dict[str, float] | None
    log_probs: str
    missing: str | None
    exact: bool | None


async def score_options(stage: Stage, request: Request, question: Question) -> OptionScores:
    """The probability of each option of a choice, given that one of them is answered.

    p(option) is proportional to exp(log p(the answer that chooses it | prompt)).
    """
    choice = question.answer
    assert isinstance(choice, Choice)
    logs: dict[str, float] = {}
    exact: bool | None = None
    for option in choice.options:
        log_prob = await stage.log_prob(request, choice.written(option))
        if log_prob is None:
            why = info_of(stage).why_no_log_prob or "the stage cannot score this text"
            return OptionScores(None, "", f"no-log-prob: {why}", None)
        logs[option] = log_prob.value
        exact = log_prob.exact if exact is None else exact and log_prob.exact
    highest = max(logs.values())
    weights = {option: exp(value - highest) for option, value in logs.items()}
    total = sum(weights.values())
    shares = {option: weight / total for option, weight in weights.items()}
    return OptionScores(shares, json.dumps(logs, ensure_ascii=False), None, exact)


@lru_cache(maxsize=1024)
def _schema(answer: Answering) -> Mapping[str, Any]:
    """The schema of an answer. Cached, because a router asks the same question at every turn."""
    return answer.schema_()


async def _cancelled(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Cancel tasks and wait until all of them are done, however they end."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
