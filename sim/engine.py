"""``play()``: the only loop.

It asks the router who is next, lets the layout build the prompt, asks the stage, and records what
happened. Whatever else is wanted (printing, storing, drawing a progress bar) is an observer's or a
stage wrapper's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from sim.errors import StageError
from sim.events import NO_USAGE, Ended, Event, Failure, Forgot, Turn
from sim.graph import PublicView
from sim.layouts.author import MalformedError, read_block
from sim.layouts.base import take_apart
from sim.layouts.pages import Pages
from sim.layouts.prompt import Prompt
from sim.offstage import OffStage
from sim.scene import Context, Scene
from sim.seeds import derive, request_seed
from sim.stage.base import Reply, Request, Stage
from sim.transcript import Transcript

_REPAIRS = 2
"""How often an author is shown what was wrong with a block before the turn counts as failed."""


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
    are and not announced again; what is missing is asked. A call that fails for good is recorded
    as a ``Failure``; if it was a turn, the scene ends with status ``failed``.

    Raises ``ValueError`` if ``resume`` is of another scene (other speakers, other prompts). A
    transcript of the same scene with another seed can be told only where the speakers differ.

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
        await performance.off_stage.abandon()
        raise
    finally:
        await performance.off_stage.settle()
    return performance.transcript


class _Over(Exception):
    """The scene cannot go on: the ending that says why."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.reason)
        self.ended = ended


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
        known = resume or Transcript()
        self.scene = scene
        self.stage = stage
        self.seed = seed
        self.notify = [observer.saw for observer in observers]
        self.names = scene.names
        self.floor = scene.graph.compiled()
        self.seats = [scene.names.index(name) for name in self.floor.names]
        self.view = PublicView()
        self.transcript = Transcript()
        self.said: list[Turn] = []
        self.pages = Pages(scene, self.said)
        self.off_stage = OffStage(scene, stage, seed, self.pages, self.record, known.answers)
        self.contexts = [actor.context for actor in scene.cast]
        self.gauges = [(gauge, gauge.every or len(scene.names)) for gauge in scene.ends.gauges()]
        self.router = scene.router
        self.state = self.router.start(self.floor)
        self.known_turns = {turn.index: turn for turn in known.turns}
        self.known_failures = {
            (event.turn, event.actor): event for event in known.failures if event.doing == "turn"
        }
        self.known_forgets = {
            (event.turn, event.actor): event for event in known.events if isinstance(event, Forgot)
        }
        self.known_end = known.ended

    def record(self, event: Event, known: bool = False) -> None:
        """Add an event to the transcript and announce it, unless it was known before."""
        self.transcript.append(event)
        if not known:
            for saw in self.notify:
                saw(event)

    async def turns(self) -> None:
        """The loop."""
        view, ends, said, router = self.view, self.scene.ends, self.said, self.router
        self.off_stage.probe(0)
        try:
            while (reason := ends.reached(view)) is None:
                cues = router.next(self.state, view, derive(self.seed, "route", len(said)))
                if not cues:
                    last = f" from {said[-1].speaker}" if said else ""
                    reason = f"nobody may take the floor{last}"
                    break
                if self.pages.author is not None:
                    await self.block(cues)
                    continue
                for place in cues:
                    await self.heard(await self.turn(self.seats[place], len(said) + 1), place)
        except _Over as over:
            await self.off_stage.settle()
            self.end(over.ended)
            return
        if len(self.known_turns) > len(said):
            raise ValueError(
                f"this transcript is of another scene: it has {len(self.known_turns)} turns, "
                f"and this one is over {reason}"
            )
        self.off_stage.probe(len(said), last=True)
        await self.off_stage.settle()
        self.end(Ended(len(said), reason))

    def end(self, ended: Ended) -> None:
        """The curtain. A scene that was torn off after its ending was stored has it already."""
        self.record(ended, known=self.known_end == ended)

    async def heard(self, turn: Turn, place: int) -> None:
        """A turn was taken: whoever depends on it is told, and what is due is asked."""
        self.said.append(turn)
        view = self.view
        view.last = turn if turn.audience is None else view.last
        view.turns = turn.index
        self.state = self.router.heard(self.state, turn, place)
        if self.scene.probes:
            self.off_stage.probe(turn.index)
        for gauge, every in self.gauges:
            if turn.index % every == 0:
                view.gauges[gauge.question.key] = await self.off_stage.gauge(gauge, turn.index)

    async def turn(self, seat: int, index: int) -> Turn:
        """Cue an actor and record its turn. Raises ``_Over`` if there is none for good."""
        name = self.names[seat]
        self.pages.advance(seat)
        context = self.contexts[seat]
        if context is not None and self.pages.tokens(seat) > context.tokens:
            await self.forget(seat, index, context)
        prompt = self.pages.cued(seat)
        known = self.known_turn(index, name, prompt)
        if known is not None:
            return known
        request = Request(
            prompt,
            request_seed(self.seed, "turn", index, name),
            name,
            "turn",
            self.pages.stops[seat],
        )
        try:
            reply = await self.stage.perform(request)
            said = take_apart(reply.text, name, self.names)
            # A refusal is an outcome, with or without words.
            if not said.text and reply.finish != "refusal":
                raise StageError("empty", f"{name} said nothing at turn {index}")
        except StageError as error:
            raise self.failed(index, name, error) from None
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

    def known_turn(self, index: int, name: str, prompt: Prompt) -> Turn | None:
        """A turn from before the scene was torn off, if there is one, recorded.

        Raises ``ValueError`` if it is of another scene, and ``_Over`` if it is known to fail.
        """
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
        failed = self.known_failures.get((index, name))
        if failed is not None:
            self.record(failed, known=True)
            raise _Over(Ended(len(self.said), "a turn failed", "failed"))
        return None

    def failed(self, index: int, name: str, error: StageError) -> _Over:
        """A turn failed for good: the record of it, and the end of the scene."""
        self.record(Failure(index, name, "turn", error.reason, str(error)))
        return _Over(Ended(len(self.said), "a turn failed", "failed"))

    # --- One context for all -------------------------------------------------------------------

    async def block(self, cues: tuple[int, ...]) -> None:
        """Let the author write the next turns, and take them one by one.

        What is left of a block when the scene ends within it is dropped: nobody said it.
        """
        author = self.pages.author
        assert author is not None
        places = self.order(cues)
        order = [self.floor.names[place] for place in places]
        index = len(self.said) + 1
        prompt = author.cue(self.pages.advance(0), self.scene, order)
        first = self.known_turn(index, order[0], prompt)
        if first is not None and first.finish == "refusal":
            # A block that was refused is one turn long.
            await self.heard(first, places[0])
            return
        known = [first]
        for number, name in enumerate(order[1:], start=1):
            known.append(self.known_turn(index + number, name, prompt))
        reply, words = Reply(""), [""] * len(order)
        if None in known:
            try:
                reply, words = await self.written(prompt, index, order)
            except StageError as error:
                raise self.failed(index, order[0], error) from None
        for number, (place, name) in enumerate(zip(places, order, strict=True)):
            if number == len(words):
                return
            turn = known[number]
            if turn is None:
                turn = Turn(
                    index + number,
                    name,
                    words[number],
                    prompt=prompt.digest.hex(),
                    finish=reply.finish,
                    exact=reply.exact,
                    # One call wrote the block, so its cost is counted once.
                    usage=reply.usage if number == 0 else NO_USAGE,
                    seconds=reply.seconds if number == 0 else 0.0,
                )
                self.record(turn)
            await self.heard(turn, place)
            if self.scene.ends.reached(self.view) is not None:
                return

    def order(self, cues: tuple[int, ...]) -> list[int]:
        """Who speaks in the next block: the router, run ahead on turns without words.

        Where an edge has a condition, the words decide who is next, and a block ends there.
        """
        bound = self.scene.ends.bound()
        assert bound is not None
        most = min(self.scene.block, bound - len(self.said))
        places = list(cues)
        state: Any = self.state
        if any(row is not None for row in self.floor.conditions):
            most = 1
        while len(places) < most:
            turn = Turn(len(self.said) + len(places), self.floor.names[places[-1]], "")
            state = self.router.heard(state, turn, places[-1])
            seed = derive(self.seed, "route", len(self.said) + len(places))
            more = self.router.next(state, replace(self.view, last=turn, turns=turn.index), seed)
            if not more:
                break
            places += more
        return places[:most]

    async def written(
        self, prompt: Prompt, index: int, order: list[str]
    ) -> tuple[Reply, list[str]]:
        """A block that could be read, or the words of a refusal, which the first speaker says.

        Raises ``StageError`` (reason ``malformed``) if no block could be read.
        """
        author = self.pages.author
        assert author is not None
        problem = ""
        for attempt in range(_REPAIRS + 1):
            seed = request_seed(self.seed, "block", index, attempt)
            reply = await self.stage.perform(Request(prompt, seed, order[0], "turn"))
            if reply.finish == "refusal":
                return reply, [reply.text.strip()]
            try:
                return reply, read_block(reply.text, order)
            except MalformedError as error:
                problem = str(error)
                prompt = author.again(prompt, self.scene, reply.text, problem)
        raise StageError("malformed", f"{problem} (after {_REPAIRS} repairs)")

    # --- A context that is full ----------------------------------------------------------------

    async def forget(self, seat: int, index: int, context: Context) -> None:
        """An actor's context is full: follow its policy, and record it."""
        name, tokens = self.names[seat], self.pages.tokens(seat)
        event = self.known_forgets.get((index, name))
        known = event is not None
        if event is None:
            since = self.pages.first_kept(seat, int(context.tokens * context.keep))
            if context.policy == "stop":
                since = 1
            summary = await self.summary(seat, index) if context.policy == "summarise" else ""
            event = Forgot(index, name, context.policy, since, summary, tokens)
        self.record(event, known)
        if context.policy == "stop":
            raise _Over(Ended(len(self.said), f"the context of {name} is full"))
        self.pages.forget(seat, event)

    async def summary(self, seat: int, index: int) -> str:
        """What an actor makes of everything before it is left out, in its own words."""
        name = self.names[seat]
        prompt = self.pages.told(seat)
        seed = request_seed(self.seed, "summary", index, name)
        request = Request(prompt, seed, name, "summary", self.pages.stops[seat])
        try:
            reply = await self.stage.perform(request)
        except StageError as error:
            raise self.failed(index, name, error) from None
        return " ".join(take_apart(reply.text, name, self.names).text.split())
