"""Questions off stage, while a scene is played: probes beside it, gauges on its critical path."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sim.errors import StageError
from sim.events import Answer, Event
from sim.layouts.pages import Pages
from sim.probes import Probe
from sim.scene import Scene
from sim.seeds import request_seed
from sim.stage.base import Request, Stage

Record = Callable[[Event, bool], None]
"""Adds an event to the transcript; the flag says that it was known before."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to one actor, with the request that carries it."""

    probe: Probe
    turn: int
    actor: str
    sample: int
    request: Request


class OffStage:
    """All questions of one scene. ``known`` are answers from before it was torn off."""

    def __init__(
        self,
        scene: Scene,
        stage: Stage,
        seed: int,
        pages: Pages,
        record: Record,
        known: Iterable[Answer],
    ) -> None:
        self.scene = scene
        self.stage = stage
        self.seed = seed
        self.pages = pages
        self.record = record
        self.known = {
            (answer.turn, answer.gauge, answer.actor, answer.key, answer.sample): answer
            for answer in known
        }
        self.out: set[asyncio.Task[Answer]] = set()
        self.broken: BaseException | None = None
        self.asked_at: dict[str, int] = {}

    def probe(self, turn: int, last: bool = False) -> None:
        """Start the probes that are due after ``turn`` turns, beside the scene."""
        for probe in self.scene.probes:
            key = probe.question.key
            if (last or probe.due(turn)) and self.asked_at.get(key) != turn:
                self.asked_at[key] = turn
                for asked in self.requests(probe, turn, "probe"):
                    task = asyncio.ensure_future(self.answer(asked))
                    self.out.add(task)
                    task.add_done_callback(self.came_back)

    def came_back(self, task: asyncio.Task[Answer]) -> None:
        """A probe came back. What broke it is kept for ``settle``, which raises it."""
        self.out.discard(task)
        if not task.cancelled():
            # Always taken, or asyncio would complain about those after the first.
            error = task.exception()
            self.broken = self.broken or error

    async def gauge(self, gauge: Probe, turn: int) -> dict[str, object]:
        """Ask a gauge and wait for the answers, by actor: the scene depends on them."""
        asking = [
            asyncio.ensure_future(self.answer(asked))
            for asked in self.requests(gauge, turn, "gauge")
        ]
        try:
            answers = await asyncio.gather(*asking)
        except BaseException:
            # gather() leaves the others running when one of them breaks.
            await _cancelled(asking)
            raise
        return {answer.actor: answer.value for answer in answers}

    def requests(self, probe: Probe, turn: int, purpose: str) -> list[Asked]:
        """One request for each actor and sample. Built now: a page is what was heard by now."""
        question = probe.question
        schema = question.answer.schema_()
        found: list[Asked] = []
        for seat, name in enumerate(self.pages.names):
            if probe.to is not None and name not in probe.to:
                continue
            prompt = self.pages.asked(seat, question)
            for sample in range(probe.samples):
                seed = request_seed(self.seed, purpose, turn, name, question.key, sample)
                stops = self.pages.stops[seat]
                request = Request(prompt, seed, name, purpose, stops, None, schema)
                found.append(Asked(probe, turn, name, sample, request))
        return found

    async def answer(self, asked: Asked) -> Answer:
        """One answer, perhaps a missing one, recorded."""
        request, actor, sample, turn = asked.request, asked.actor, asked.sample, asked.turn
        gauge = request.purpose == "gauge"
        question = asked.probe.question
        known = self.known.get((turn, gauge, actor, question.key, sample))
        if known is not None:
            self.record(known, True)
            return known
        digest = request.prompt.digest.hex()
        try:
            reply = await self.stage.perform(request)
        except StageError as error:
            missing = f"{error.reason}: {error}"
            answer = Answer(
                turn, actor, question.key, None, gauge, sample, missing=missing, prompt=digest
            )
        else:
            value, unread = question.answer.read(reply.text)
            answer = Answer(
                turn,
                actor,
                question.key,
                value,
                gauge,
                sample,
                reply.text,
                unread,
                digest,
                reply.exact,
                reply.usage,
                reply.seconds,
            )
        self.record(answer, False)
        return answer

    async def settle(self) -> None:
        """Wait for the probes that are still out; raise what broke one of them."""
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
        """The scene was cancelled: so are its probes."""
        await _cancelled(list(self.out))


async def _cancelled(tasks: list[asyncio.Task[Answer]]) -> None:
    """Cancel tasks and wait until they are gone, whatever they end with."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
