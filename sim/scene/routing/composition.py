"""Routers made of routers: one until a condition holds, then another; phases of a debate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sim.errors import SceneError
from sim.events import Place, Turn
from sim.scene.graph import Condition, Floor, Graph, PublicView, holds
from sim.scene.routing.base import (
    Answers,
    Cue,
    Inquiry,
    Limit,
    Next,
    Router,
    answered,
    check,
    following,
    nobody,
    with_state,
)
from sim.scene.routing.walks import Walk


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a scene with a router of its own.

    It is over after ``turns`` turns, when ``until`` holds, or when its router cues nobody. ``note``
    is a stage direction that everybody on stage sees when it begins; ``name`` is recorded with it
    in the transcript. ``limit`` is the length limit of turns; state it in the note or the setting,
    since no other prompt tells the actors.
    """

    router: Router = field(default_factory=Walk)
    turns: int | None = None
    until: Condition | None = None
    name: str = ""
    note: str = ""
    limit: Limit | None = None

    def __post_init__(self) -> None:
        if self.turns is not None and (
            isinstance(self.turns, bool) or not isinstance(self.turns, int) or self.turns < 1
        ):
            raise SceneError(
                f"Phase.turns: {self.turns!r} turns are no phase; use a whole number from 1 on"
            )


@dataclass(frozen=True, slots=True)
class PhaseState:
    """``phase`` is the index of the phase (-1: none yet), ``turns`` how many it has had, ``inner``
    the state of its router, ``last`` the last turn with its place."""

    floor: Floor
    phase: int
    turns: int
    inner: Any
    last: tuple[Turn, Place] | None
    announced: bool = True


@dataclass(frozen=True, slots=True)
class Phases:
    """One phase after the other. The router of each starts afresh, but knows who spoke last."""

    phases: tuple[Phase, ...] = (Phase(),)

    def __post_init__(self) -> None:
        if not self.phases:
            raise SceneError("Phases: there is none; give at least one Phase")
        for number, phase in enumerate(self.phases):
            if not isinstance(phase, Phase):
                raise SceneError(f"Phases.{number}: {phase!r:.60} is no Phase; use Phase(router)")

    def check(self, graph: Graph) -> None:
        for number, phase in enumerate(self.phases):
            if number == 0:
                check(phase.router, graph)
                continue
            # A later phase takes the floor from the last speaker, so any name may be its first.
            for first in graph.names:
                try:
                    check(phase.router, graph.model_copy(update={"first": first}))
                except SceneError as error:
                    refused = error
                else:
                    break
            else:
                raise SceneError(f"Phases.{number}: {refused}")

    def start(self, floor: Floor) -> PhaseState:
        return PhaseState(floor, -1, 0, None, None)

    def heard(self, state: PhaseState, turn: Turn, place: Place) -> PhaseState:
        inner = state.inner
        if state.phase >= 0:
            inner = self.phases[state.phase].router.heard(inner, turn, place)
        last = (turn, place)
        return PhaseState(state.floor, state.phase, state.turns + 1, inner, last, state.announced)

    def answered(self, state: PhaseState, inquiry: Inquiry, answers: Answers) -> PhaseState:
        router = self.phases[state.phase].router
        return replace(state, inner=answered(router, state.inner, inquiry, answers))

    def next(self, state: PhaseState, view: PublicView, seed: int) -> Next:
        phase = self.phases[state.phase] if state.phase >= 0 else None
        answer: Next = ()
        before = state
        if phase is not None and not _over(phase, state, view):
            answer = phase.router.next(state.inner, view, seed)
        while nobody(answer) and state.phase + 1 < len(self.phases):
            state = self._begin(state)
            phase = self.phases[state.phase]
            answer = () if _over(phase, state, view) else phase.router.next(state.inner, view, seed)
        inner = answer.state if isinstance(answer, Cue | Inquiry) else None
        if inner is not None:
            state = replace(state, inner=inner)
        if phase is None or state.announced or nobody(answer):
            return answer if state is before else with_state(answer, state)
        opening = answer if isinstance(answer, Cue | Inquiry) else Cue(answer)
        return replace(
            opening,
            state=replace(state, announced=True),
            phase=phase.name or opening.phase,
            note=phase.note or opening.note,
            limit=phase.limit or opening.limit or Limit(),
        )

    def _begin(self, state: PhaseState) -> PhaseState:
        number = state.phase + 1
        turn, place = (None, Place(0)) if state.last is None else state.last
        inner = following(self.phases[number].router, state.floor, turn, place)
        return PhaseState(state.floor, number, 0, inner, state.last, announced=False)


def _over(phase: Phase, state: PhaseState, view: PublicView) -> bool:
    if phase.turns is not None and state.turns >= phase.turns:
        return True
    return phase.until is not None and holds(phase.until, view)


def until(router: Router, *, turns: int | None = None, when: Condition | None = None) -> Phases:
    """A router that is over after so many turns, or when a condition holds."""
    if turns is None and when is None:
        raise SceneError("until: it never ends; give turns=... or when=...")
    return Phases((Phase(router, turns=turns, until=when),))


def then(*routers: Router) -> Phases:
    """One router until it cues nobody, then the next: ``then(until(a, turns=3), b)``."""
    if len(routers) < 2:
        raise SceneError(f"then: {len(routers)} routers; it needs at least two")
    return Phases(tuple(Phase(router) for router in routers))


def phases(*some: Phase) -> Phases:
    """Phases of a scene: ``phases(Phase(FixedOrder(), turns=3, name="opening"), ...)``."""
    return Phases(some)
