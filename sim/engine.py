"""``play()``: the only loop.

It asks the router who is next, lets the layout build the prompt, asks the stage, and records what
happened. Whatever else is wanted (printing, storing, drawing a progress bar) is an observer's or a
stage wrapper's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from sim.errors import StageError
from sim.events import Answer, Ended, Event, Failure, Turn
from sim.graph import PublicView
from sim.layouts import LAYOUTS, heard_by
from sim.layouts.base import Layout, take_apart
from sim.layouts.prompt import Prompt
from sim.probes import Probe
from sim.scene import Scene
from sim.seeds import derive
from sim.stage.base import Request, Stage
from sim.transcript import Transcript


class Observer(Protocol):
    """Somebody who is told of every event, in order. Must be quick, and must not raise."""

    def saw(self, event: Event) -> None:
        """An event happened."""
        ...


async def play(
    scene: Scene,
    stage: Stage,
    *,
    seed: int,
    observers: Sequence[Observer] = (),
    resume: Transcript | None = None,
) -> Transcript:
    """Play a scene to its end and return the transcript.

    The same scene, stage and seed give the same turns, whatever probes are asked beside them.
    ``resume`` is a transcript that was torn off: its turns, answers and failures are taken as they
    are and not announced again; what is missing is asked. A call that fails for good is recorded as a
    ``Failure``; if it was a turn, the scene ends with status ``failed``.

    Raises ``ValueError`` if ``resume`` is not the beginning of this scene with this seed.

    >>> import asyncio
    >>> from sim import Actor, Persona, Scene, after, play, ring
    >>> from sim.stage.fixed import FixedLines
    >>> scene = Scene(topic="Tea?", cast=(Actor(Persona(name="Ada")), Actor(Persona(name="Ben"))),
    ...               graph=ring("Ada", "Ben"), ends=after(turns=2))
    >>> transcript = asyncio.run(play(scene, FixedLines(["Please."]), seed=1))
    >>> [(turn.speaker, turn.text) for turn in transcript.turns]
    [('Ada', 'Please.'), ('Ben', 'Please.')]
    """
    performance = _Performance(scene, stage, seed, observers, resume)
    try:
        await performance.turns()
    except asyncio.CancelledError:
        await performance.abandon()
        raise
    finally:
        await performance.settle()
    return performance.transcript


class _Performance:
    """The state of one scene while it is played: the one place where it changes."""

    def __init__(
        self,
        scene: Scene,
        stage: Stage,
        seed: int,
        observers: Sequence[Observer],
        resume: Transcript | None,
    ) -> None:
        self.scene = scene
        self.stage = stage
        self.seed = seed
        self.notify = [observer.saw for observer in observers]
        self.layout: Layout = LAYOUTS[scene.layout]
        self.names = scene.names
        self.floor = scene.graph.compiled()
        self.view = PublicView()
        self.transcript = Transcript()
        self.said: list[Turn] = []
        self.asking: set[asyncio.Task[Answer]] = set()
        self.broken: BaseException | None = None
        self.asked_at: dict[str, int] = {}
        self.pages = _shared([self.layout.opening(scene, seat) for seat in range(len(self.names))])
        self.read = [0] * len(self.names)
        self.stops = [self.layout.stops(scene, seat) for seat in range(len(self.names))]
        self.known_turns = {turn.index: turn for turn in resume.turns} if resume else {}
        self.known_answers = (
            {
                (answer.turn, answer.gauge, answer.actor, answer.key, answer.sample): answer
                for answer in resume.answers
            }
            if resume
            else {}
        )
        self.known_failures = (
            {(failure.turn, failure.doing, failure.actor): failure for failure in resume.failures}
            if resume
            else {}
        )
        self.known_end = resume.ended if resume else None

    def record(self, event: Event, known: bool = False) -> None:
        """Add an event to the transcript and announce it, unless it was known before."""
        self.transcript.append(event)
        if not known:
            for saw in self.notify:
                saw(event)

    async def turns(self) -> None:
        """The loop."""
        scene, view, names, said = self.scene, self.view, self.names, self.said
        router, ends = scene.router, scene.ends
        gauges = [(gauge, gauge.every or len(names)) for gauge in ends.gauges()]
        seat_in_cast = [names.index(name) for name in self.floor.names]
        state = router.start(self.floor)
        self.ask_probes(0)
        while True:
            count = len(said)
            reason = ends.reached(view)
            if reason is not None:
                break
            cues = router.next(state, view, derive(self.seed, "route", count))
            if not cues:
                reason = f"nobody may take the floor from {said[-1].speaker}" if said else "nobody"
                break
            for place in cues:
                turn = await self.turn(seat_in_cast[place], len(said) + 1)
                if turn is None:
                    await self.settle()
                    self.end(Ended(len(said), "a turn failed", "failed"))
                    return
                said.append(turn)
                view.last = turn if turn.audience is None else view.last
                view.turns = turn.index
                state = router.heard(state, turn, place)
                if self.scene.probes:
                    self.ask_probes(turn.index)
                for gauge, every in gauges:
                    if turn.index % every == 0:
                        await self.read_gauge(gauge, turn.index)
        if len(self.known_turns) > len(said):
            raise ValueError(
                f"this transcript is of another scene: it has {len(self.known_turns)} turns, "
                f"and this one is over {reason}"
            )
        self.ask_probes(len(said), last=True)
        await self.settle()
        self.end(Ended(len(said), reason))

    def end(self, ended: Ended) -> None:
        """The curtain. A scene that was torn off after its ending was stored has it already."""
        self.record(ended, known=self.known_end == ended)

    def page(self, seat: int) -> Prompt:
        """What the actor at ``seat`` has seen by now, as a prompt without a cue."""
        since = self.said[self.read[seat] :]
        if not since:
            return self.pages[seat]
        name = self.names[seat]
        heard = [turn for turn in since if heard_by(name, turn)]
        return self.layout.hear(self.pages[seat], self.scene, seat, heard)

    async def turn(self, seat: int, index: int) -> Turn | None:
        """Cue an actor; None if there is no reply for good."""
        name = self.names[seat]
        page = self.page(seat)
        self.pages[seat] = page
        self.read[seat] = len(self.said)
        prompt = self.layout.cue(page, self.scene, seat, None)
        known = self.known_turns.get(index)
        if known is not None:
            if known.speaker != name:
                raise ValueError(
                    f"this transcript is of another scene: turn {index} is {known.speaker}'s "
                    f"and should be {name}'s"
                )
            if known.prompt and known.prompt != prompt.digest.hex():
                raise ValueError(
                    f"this transcript is of another scene: turn {index} had another prompt"
                )
            self.record(known, known=True)
            return known
        failed = self.known_failures.get((index, "turn", name))
        if failed is not None:
            self.record(failed, known=True)
            return None
        request = Request(
            prompt, derive(self.seed, "turn", index, name), name, "turn", self.stops[seat]
        )
        try:
            reply = await self.stage.perform(request)
            said = take_apart(reply.text, name, self.names)
            if not said.text:
                raise StageError("empty", f"{name} said nothing at turn {index}")
        except StageError as error:
            self.record(Failure(index, name, "turn", error.reason, str(error)))
            return None
        turn = Turn(
            index,
            name,
            said.text,
            None,
            prompt.digest.hex(),
            reply.finish,
            said.cut,
            said.strangers,
            reply.exact,
            reply.usage,
            reply.seconds,
        )
        self.record(turn)
        return turn

    def ask_probes(self, turn: int, last: bool = False) -> None:
        """Start the probes that are due after ``turn`` turns, beside the scene."""
        for probe in self.scene.probes:
            key = probe.question.key
            if (last or probe.due(turn)) and self.asked_at.get(key) != turn:
                self.asked_at[key] = turn
                for request, actor, sample in self.requests(probe, turn, "probe"):
                    task = asyncio.ensure_future(self.answer(probe, turn, request, actor, sample))
                    self.asking.add(task)
                    task.add_done_callback(self.answered)

    def answered(self, task: asyncio.Task[Answer]) -> None:
        """A probe came back. What broke it is kept for ``settle``, which raises it."""
        self.asking.discard(task)
        if not task.cancelled():
            # Always taken, or asyncio would complain about those after the first.
            error = task.exception()
            self.broken = self.broken or error

    async def read_gauge(self, gauge: Probe, turn: int) -> None:
        """Ask a gauge, and wait for the answers: the scene depends on them."""
        asking = [
            asyncio.ensure_future(self.answer(gauge, turn, request, actor, sample))
            for request, actor, sample in self.requests(gauge, turn, "gauge")
        ]
        try:
            answers = await asyncio.gather(*asking)
        except BaseException:
            # gather() leaves the others running when one of them breaks.
            await _cancelled(asking)
            raise
        self.view.gauges[gauge.question.key] = {answer.actor: answer.value for answer in answers}

    def requests(self, probe: Probe, turn: int, purpose: str) -> list[tuple[Request, str, int]]:
        """One request for each actor and sample. Built now: a page is what was heard by now."""
        question = probe.question
        schema = question.answer.schema_()
        requests: list[tuple[Request, str, int]] = []
        for seat, name in enumerate(self.names):
            if probe.to is not None and name not in probe.to:
                continue
            prompt = self.layout.cue(self.page(seat), self.scene, seat, question)
            for sample in range(probe.samples):
                seed = derive(self.seed, purpose, turn, name, question.key, sample)
                request = Request(prompt, seed, name, purpose, self.stops[seat], None, schema)
                requests.append((request, name, sample))
        return requests

    async def answer(
        self, probe: Probe, turn: int, request: Request, actor: str, sample: int
    ) -> Answer:
        """One answer, perhaps a missing one, recorded."""
        gauge = request.purpose == "gauge"
        key = probe.question.key
        known = self.known_answers.get((turn, gauge, actor, key, sample))
        if known is not None:
            self.record(known, known=True)
            return known
        digest = request.prompt.digest.hex()
        try:
            reply = await self.stage.perform(request)
        except StageError as error:
            answer = Answer(
                turn, actor, key, None, gauge, sample, missing=f"{error.reason}: {error}",
                prompt=digest,
            )
        else:
            value, missing = probe.question.answer.read(reply.text)
            answer = Answer(
                turn, actor, key, value, gauge, sample, reply.text, missing, digest,
                reply.exact, reply.usage, reply.seconds,
            )
        self.record(answer)
        return answer

    async def settle(self) -> None:
        """Wait for the probes that are still out; raise what broke one of them."""
        while self.asking:
            try:
                await asyncio.wait(self.asking)
            except asyncio.CancelledError:
                await self.abandon()
                raise
        if self.broken is not None:
            broken, self.broken = self.broken, None
            raise broken

    async def abandon(self) -> None:
        """The scene was cancelled: so are its probes."""
        await _cancelled(list(self.asking))


async def _cancelled(tasks: list[asyncio.Task[Answer]]) -> None:
    """Cancel tasks and wait until they are gone, whatever they end with."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


def _shared(pages: list[Prompt]) -> list[Prompt]:
    """Pages with the same bytes become one object, so that a shared prompt grows only once."""
    first: dict[bytes, Prompt] = {}
    return [first.setdefault(page.digest, page) for page in pages]
