"""Routers that need only the graph: a weighted random walk, and the longest wait."""

from __future__ import annotations

from dataclasses import dataclass

from sim.events import Place, Turn
from sim.scene.graph import Floor, PublicView
from sim.seeds import Stream


@dataclass(frozen=True, slots=True)
class WalkState:
    """``place`` is where the floor is; None before the first turn."""

    floor: Floor
    place: Place | None


@dataclass(frozen=True, slots=True)
class Walk:
    """A random walk along the graph: the next speaker is drawn by the weights of the edges.

    On a ring, where each actor has one successor, it is deterministic.
    """

    def start(self, floor: Floor) -> WalkState:
        return WalkState(floor, None)

    def heard(self, state: WalkState, turn: Turn, place: Place) -> WalkState:
        return WalkState(state.floor, place)

    def next(self, state: WalkState, view: PublicView, seed: int) -> tuple[Place, ...]:
        floor = state.floor
        if state.place is None:
            return floor.opening(view)
        targets, weights = floor.open_edges(state.place, view)
        if len(targets) < 2:
            return targets
        return (targets[Stream(seed).choose(weights)],)


@dataclass(frozen=True, slots=True)
class FairState:
    """``place`` is where the floor is, ``last`` the last turn of each actor (0: none yet)."""

    floor: Floor
    place: Place | None
    last: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LongestWait:
    """Of those to whom an open edge leads, the one who has waited longest; the seed breaks ties.

    The rule of a fair moderator at the centre of a ``star``.
    """

    def start(self, floor: Floor) -> FairState:
        return FairState(floor, None, (0,) * len(floor.names))

    def heard(self, state: FairState, turn: Turn, place: Place) -> FairState:
        last = (*state.last[:place], turn.index, *state.last[place + 1 :])
        return FairState(state.floor, place, last)

    def next(self, state: FairState, view: PublicView, seed: int) -> tuple[Place, ...]:
        floor = state.floor
        if state.place is None:
            return floor.opening(view)
        targets, weights = floor.open_edges(state.place, view)
        if len(targets) < 2:
            return targets
        longest = min(state.last[target] for target in targets)
        tied = [index for index, target in enumerate(targets) if state.last[target] == longest]
        if len(tied) == 1:
            return (targets[tied[0]],)
        return (targets[tied[Stream(seed).choose([weights[index] for index in tied])]],)
