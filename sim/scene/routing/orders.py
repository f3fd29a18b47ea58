"""Routers with a fixed order: round after round, from a script, or all at once."""

from __future__ import annotations

from dataclasses import dataclass

from sim.errors import SceneError
from sim.events import Place, Turn
from sim.scene.graph import Floor, Graph, PublicView
from sim.scene.routing.base import Cue, Next, can_follow, named


@dataclass(frozen=True, slots=True)
class OrderState:
    """``place`` is where the floor is, ``step`` the index in ``order`` of the last speaker (-1:
    nobody yet)."""

    floor: Floor
    order: tuple[Place, ...]
    place: Place | None
    step: int


@dataclass(frozen=True, slots=True)
class FixedOrder:
    """One after the other, round after round; by default in the order of the graph.

    Actors that are off stage, or to whom no open edge leads, are skipped. A name may occur more
    than once.
    """

    order: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.order, str):
            raise SceneError("FixedOrder.order: is one text; use a tuple of names")

    def check(self, graph: Graph) -> None:
        named("FixedOrder.order", self.order, graph)
        order = self._names(graph.names, graph.first)
        missing = [name for name in graph.names if name not in order]
        if missing:
            raise SceneError(
                f"FixedOrder.order: {missing[0]!r} is left out and would never speak; "
                "add the name, or leave the actor out of the cast"
            )
        can_follow("FixedOrder.order", (*order, order[0]) if len(order) > 1 else order, graph)

    def _names(self, names: tuple[str, ...], first: str) -> tuple[str, ...]:
        if self.order:
            return self.order
        start = names.index(first)
        return names[start:] + names[:start]

    def start(self, floor: Floor) -> OrderState:
        names = self._names(floor.names, floor.names[floor.first])
        return OrderState(floor, tuple(floor.place[name] for name in names), None, -1)

    def heard(self, state: OrderState, turn: Turn, place: Place) -> OrderState:
        order, count = state.order, len(state.order)
        # The speaker's next place in the order: a turn out of order advances it.
        for ahead in range(1, count + 1):
            step = (state.step + ahead) % count
            if order[step] == place:
                return OrderState(state.floor, order, place, step)
        return OrderState(state.floor, order, place, state.step)

    def next(self, state: OrderState, view: PublicView, seed: int) -> Next:
        if state.place is None:
            return state.floor.opening(view)
        targets, _ = state.floor.open_edges(state.place, view)
        order, count = state.order, len(state.order)
        for ahead in range(1, count + 1):
            place = order[(state.step + ahead) % count]
            if place in targets:
                return (place,)
        return ()


@dataclass(frozen=True, slots=True)
class ScriptState:
    """``place`` is where the floor is, ``step`` how many turns of the script have been taken."""

    floor: Floor
    place: Place | None
    step: int


@dataclass(frozen=True, slots=True)
class Scripted:
    """Exactly these speakers, in this order; then the scene (or the phase) is over."""

    script: tuple[str, ...]

    def __init__(self, *script: str) -> None:
        if not script:
            raise SceneError("Scripted: the script is empty; name who speaks, in order")
        object.__setattr__(self, "script", script)

    def check(self, graph: Graph) -> None:
        named("Scripted", self.script, graph)
        can_follow("Scripted", self.script, graph)

    def start(self, floor: Floor) -> ScriptState:
        return ScriptState(floor, None, 0)

    def heard(self, state: ScriptState, turn: Turn, place: Place) -> ScriptState:
        # A line that an intervention gives to the actor who is due counts as its turn.
        script, step = self.script, state.step
        due = step < len(script) and state.floor.names[place] == script[step]
        return ScriptState(state.floor, place, step + due)

    def follow(self, state: ScriptState, turn: Turn, place: Place) -> ScriptState:
        return ScriptState(state.floor, place, state.step)

    def next(self, state: ScriptState, view: PublicView, seed: int) -> Next:
        floor, step = state.floor, state.step
        if step >= len(self.script):
            return Cue((), over="the script is over")
        place = floor.place[self.script[step]]
        opened = (floor.first,) if state.place is None else floor.open_edges(state.place, view)[0]
        if place not in opened or place in view.absent:
            return Cue((), over=f"{self.script[step]} is next in the script and cannot speak")
        return (place,)


@dataclass(frozen=True, slots=True)
class RoundState:
    """``spoke`` are those who spoke in the last round, ``cued`` the number of turns before it."""

    floor: Floor
    spoke: tuple[Place, ...]
    cued: int | None


@dataclass(frozen=True, slots=True)
class Simultaneous:
    """Rounds in which all speak at once: each answers what was said before the round.

    The first round is ``first`` and all to whom an open edge leads from it; each later round is all
    to whom open edges lead from the speakers of the round before. Turns are recorded in the order
    of the graph.
    """

    def start(self, floor: Floor) -> RoundState:
        return RoundState(floor, (), None)

    def heard(self, state: RoundState, turn: Turn, place: Place) -> RoundState:
        same = turn.cued is not None and turn.cued == state.cued
        spoke = (*state.spoke, place) if same else (place,)
        return RoundState(state.floor, spoke, turn.cued)

    def next(self, state: RoundState, view: PublicView, seed: int) -> Next:
        floor = state.floor
        if state.spoke:
            sources, places = state.spoke, set[Place]()
        else:
            sources, places = (floor.first,), set(floor.opening(view))
        for source in sources:
            places.update(floor.open_edges(source, view)[0])
        return Cue(tuple(sorted(places)), together=len(places) > 1)
