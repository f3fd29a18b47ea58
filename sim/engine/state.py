"""The state of one scene while it is played: everything that changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sim.engine.probe_runner import ProbeRunner
from sim.errors import SceneError, StageError
from sim.events import (
    Answer,
    Ended,
    Event,
    Failure,
    FellBack,
    Forgot,
    Intervened,
    Place,
    Turn,
    TurnIndex,
)
from sim.layouts.base import Heard
from sim.layouts.contexts import Contexts
from sim.layouts.prompt import Prompt
from sim.layouts.registry import continues_a_script
from sim.scene.graph import PublicView
from sim.scene.probes import Probe
from sim.scene.routing.base import Limit
from sim.scene.scene import Scene
from sim.seeds import derive, request_seed
from sim.stage.base import Stage
from sim.transcript import Transcript, is_shared


class Observer(Protocol):
    """Receives every event, in order. Must be quick, and must not raise."""

    def saw(self, event: Event) -> None:
        """An event happened."""
        ...


class Over(Exception):
    """The scene cannot go on. ``ended`` says why."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.reason)
        self.ended = ended


class Known:
    """The events of a resumed transcript: of an incomplete scene, or of a fork's shared part."""

    def __init__(self, resume: Transcript | None) -> None:
        self.turns: dict[int, Turn] = {}
        self.answers: list[Answer] = []
        self.failures: dict[tuple[int, str], Failure] = {}
        self.forgets: dict[tuple[int, str], Forgot] = {}
        self.changes: dict[tuple[int, str], Intervened] = {}
        self.fallbacks: dict[tuple[int, str], FellBack] = {}
        self.end: Ended | None = None
        if resume is None:
            return
        self.end = resume.ended
        for event in resume.events:
            if isinstance(event, Turn):
                self.turns[event.index] = event
            elif isinstance(event, Answer):
                self.answers.append(event)
            elif isinstance(event, Failure):
                if event.doing == "turn":
                    self.failures[event.turn, event.actor] = event
            elif isinstance(event, Forgot):
                self.forgets[event.turn, event.actor] = event
            elif isinstance(event, Intervened):
                self.changes[event.turn, event.key] = event
            elif isinstance(event, FellBack):
                self.fallbacks[event.turn, event.key] = event


class Performance:
    """A scene, a stage, a seed, and what has happened so far.

    A *place* is an index into the names of the graph, a *seat* one into those of the cast.
    ``said`` are the turns, ``seen`` all events that could be heard. ``stage_of`` is the stage of
    each seat (blank: the scene's own), ``scripts`` says where a script is continued. ``done``,
    ``done_at`` and ``armed`` hold, for each intervention by its index, how often it took place,
    after how many turns it last did, and whether its condition has held. ``limit`` is the current
    length limit of turns.
    """

    def __init__(
        self,
        scene: Scene,
        stage: Stage,
        seed: int,
        observers: Sequence[Observer],
        resume: Transcript | None,
        branch: int | None,
    ) -> None:
        self.scene = scene
        self.stage = stage
        self.seed = seed
        self.notify = [observer.saw for observer in observers]
        self.names = scene.names
        self.known = Known(resume)
        self.shared = 0 if resume is None else resume.at
        parent = None if resume is None else resume.parent
        self.transcript = Transcript(
            parent=parent, at=self.shared, scene=scene, seed=seed, branch=branch
        )
        self.seeds = self.transcript.seeds(seed)
        self.whole = self.seeds == [(1, seed)]
        self.floor = scene.graph.compiled()
        self.seats = [scene.seat(name) for name in self.floor.names]
        self.view = PublicView()
        self.said: list[Turn] = []
        self.seen: list[Heard] = []
        self.contexts = Contexts(scene, self.seen)
        self.stage_of = [actor.stage or "" for actor in scene.cast]
        self.scripts = [continues_a_script(scene, seat) for seat in scene.seats]
        self.limits = [actor.context for actor in scene.cast]
        off_stage_probes = self.question_seed
        self.off_stage = ProbeRunner(
            scene, stage, off_stage_probes, self.contexts, self.stage_of, self.record,
            self.known.answers,
        )  # fmt: skip
        ends = scene.ends.gauges()
        self.gauges: list[tuple[Probe, int]] = [
            (gauge, gauge.every or len(scene.names))
            for gauge in (*ends, *(gauge for gauge in scene.gauges if gauge not in ends))
        ]
        self.view.gauges = {gauge.question.key: {} for gauge, _ in self.gauges}
        self.router = scene.router
        self.state = self.router.start(self.floor)
        self.limit = Limit()
        self.done = [0] * len(scene.interventions)
        self.done_at = [-1] * len(scene.interventions)
        self.armed = [False] * len(scene.interventions)
        self.set_off_stage({actor.name for actor in scene.cast if not actor.on_stage})
        bound = scene.ends.bound()
        assert bound is not None  # refused when the scene is built
        self.bound = bound

    # --- Seeds ---------------------------------------------------------------------------------

    @property
    def next_turn(self) -> TurnIndex:
        """The index of the next turn."""
        return TurnIndex(len(self.said) + 1)

    def base(self, index: int) -> int:
        """The seed of the scene or of the branch to which turn ``index`` belongs.

        Questions after k turns have the index k; 0 is before the first turn.
        """
        if self.whole:
            return self.seed
        for turn, seed in reversed(self.seeds):
            if turn <= index:
                return seed
        # Before the first turn of a branch that shares none.
        return self.seed

    def route_seed(self, index: TurnIndex) -> int:
        """The seed of the router's draw for turn ``index``.

        For the first turn of a branch it is the parent's seed: a branch redraws what is said in
        that turn, not who says it.
        """
        return derive(self.base(index - 1), "route", index - 1)

    def question_seed(self, turn: int, *path: str | int) -> int:
        """The seed for a question after ``turn`` turns."""
        purpose, *rest = path
        return request_seed(self.base(turn), purpose, turn, *rest)

    # --- Recording -----------------------------------------------------------------------------

    def record(self, event: Event, known: bool = False) -> None:
        """Add an event to the transcript and announce it, unless it was known before.

        Events that a branch shares with its parent are in the transcript already.
        """
        if not known:
            self.transcript.append(event)
            for saw in self.notify:
                saw(event)
        elif self.transcript.parent is None or not is_shared(event, self.shared):
            self.transcript.append(event)

    def change(self, event: Intervened) -> None:
        """Record a change of the scene, and let its audience hear of it."""
        known = self.known.changes.get((event.turn, event.key))
        self.record(event if known is None else known, known is not None)
        if event.text:
            self.seen.append(event)

    def end(self, ended: Ended) -> None:
        """Record the ending, unless it is in the resumed transcript already."""
        self.record(ended, known=self.known.end == ended)

    # --- What was known before -----------------------------------------------------------------

    def known_turn(self, index: TurnIndex, name: str, prompt: Prompt | None) -> Turn | None:
        """Record and return a turn of the resumed transcript; None if it has no such turn.

        Raises ``ValueError`` if the turn belongs to another scene, and ``Over`` if the transcript
        records that it failed.
        """
        known = self.known.turns.get(index)
        if known is not None:
            if known.speaker != name:
                raise ValueError(
                    f"this transcript is of another scene: turn {index} is {known.speaker}'s "
                    f"and should be {name}'s"
                )
            if prompt is not None and known.prompt and known.prompt != prompt.digest.hex():
                raise ValueError(
                    f"this transcript is of another scene: turn {index} had another prompt"
                )
            self.record(known, known=True)
            return known
        failed = self.known.failures.get((index, name))
        if failed is not None:
            self.record(failed, known=True)
            raise Over(Ended(index - 1, "a turn failed", "failed"))
        return None

    def failed(self, index: TurnIndex, name: str, error: StageError) -> Over:
        """Record that a turn failed for good; the exception that ends the scene."""
        self.record(Failure(index, name, "turn", error.reason, str(error)))
        return Over(Ended(index - 1, "a turn failed", "failed"))

    # --- Who is there, and who hears -----------------------------------------------------------

    def set_off_stage(self, names: set[str]) -> None:
        """Set who is off stage."""
        self.view.off = tuple(name for name in self.names if name in names)
        self.view.absent = frozenset(self.floor.place[name] for name in names)

    def audience(
        self, speaker: str, text: str, to: tuple[str, ...] | None = None
    ) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
        """The audience of a line (None: everybody on stage), and who overhears it.

        ``to`` is the audience that an intervention sets; without it the scene's rule decides.
        """
        hearing, off = self.scene.hearing, self.view.off
        if to is None and hearing is not None:
            to = hearing.audience(speaker, text)
        if to is None:
            return None, ()
        overheard = () if hearing is None else hearing.overheard(speaker, to)
        return (
            tuple(name for name in to if name != speaker and name not in off),
            tuple(name for name in overheard if name not in off),
        )

    async def heard(self, turns: Sequence[Turn], places: Sequence[Place]) -> None:
        """Take note of turns: update the view and the router, ask the probes and gauges now due.

        Several turns come together only from a round in which actors speak at once.
        """
        view, router = self.view, self.router
        for turn, place in zip(turns, places, strict=True):
            self.said.append(turn)
            self.seen.append(turn)
            if turn.audience is None and turn.text:
                view.last = turn
                view.public.append(turn)
            view.turns = turn.index
            self.state = router.heard(self.state, turn, place)
        if self.off_stage.probes:
            self.off_stage.probe([turn.index for turn in turns], view)
        for gauge, every in self.gauges:
            if any(turn.index % every == 0 for turn in turns):
                asked = self.off_stage.gauge(gauge, turns[-1].index)
                view.gauges[gauge.question.key] = await asked


def check_stages(scene: Scene, stages: Sequence[str]) -> None:
    """Raise ``SceneError`` if a scene names a stage that is not at hand."""
    for stage in scene.stages:
        if stage not in stages:
            raise SceneError(
                f"Scene.cast: the stage {stage!r} is named and not given; "
                f"use play(..., stages={{{stage!r}: ...}})"
            )
