"""Who speaks next. Routers are folds: a state, what was heard, and who is cued.

``start(floor)`` gives the first state, ``heard(state, turn, ...)`` the next one, and
``next(state, view, seed)`` the seats that are cued. All three are pure and cost O(1) in the
length of the scene. An empty cue means that nobody may take the floor, which ends the scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from sim.events import Turn
from sim.graph import Floor, PublicView
from sim.seeds import Stream


class Router(Protocol):
    """A rule for the floor. ``State`` is the router's own business."""

    def start(self, floor: Floor) -> Any:
        """The state before the first turn."""
        ...

    def heard(self, state: Any, turn: Turn, seat: int) -> Any:
        """The state after a turn that the actor at ``seat`` took."""
        ...

    def next(self, state: Any, view: PublicView, seed: int) -> tuple[int, ...]:
        """The seats that are cued now; empty if nobody may take the floor."""
        ...


@dataclass(frozen=True, slots=True)
class WalkState:
    """Where the floor is: ``seat`` is None before the first turn."""

    floor: Floor
    seat: int | None


@dataclass(frozen=True, slots=True)
class Walk:
    """A random walk along the graph: the next speaker is drawn by the weights of the edges.

    On a ring, where each actor has one successor, nothing is left to chance.
    """

    def start(self, floor: Floor) -> WalkState:
        return WalkState(floor, None)

    def heard(self, state: WalkState, turn: Turn, seat: int) -> WalkState:
        return WalkState(state.floor, seat)

    def next(self, state: WalkState, view: PublicView, seed: int) -> tuple[int, ...]:
        floor = state.floor
        if state.seat is None:
            return (floor.first,)
        targets, weights = floor.open_edges(state.seat, view)
        if len(targets) < 2:
            return targets
        return (targets[Stream(seed).choose(weights)],)


@dataclass(frozen=True, slots=True)
class FairState:
    """Where the floor is, and when each actor last had it (0: not yet)."""

    floor: Floor
    seat: int | None
    last: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LongestWait:
    """The floor goes to whoever may have it and has waited longest; the seed breaks ties.

    The rule of a fair moderator at the centre of a ``star``.
    """

    def start(self, floor: Floor) -> FairState:
        return FairState(floor, None, (0,) * len(floor.names))

    def heard(self, state: FairState, turn: Turn, seat: int) -> FairState:
        last = (*state.last[:seat], turn.index, *state.last[seat + 1 :])
        return FairState(state.floor, seat, last)

    def next(self, state: FairState, view: PublicView, seed: int) -> tuple[int, ...]:
        floor = state.floor
        if state.seat is None:
            return (floor.first,)
        targets, weights = floor.open_edges(state.seat, view)
        if len(targets) < 2:
            return targets
        longest = min(state.last[target] for target in targets)
        tied = [index for index, target in enumerate(targets) if state.last[target] == longest]
        if len(tied) == 1:
            return (targets[tied[0]],)
        return (targets[tied[Stream(seed).choose([weights[index] for index in tied])]],)
