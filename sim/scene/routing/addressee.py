"""A router that reads the last turn: the actor that it addressed is next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sim.events import Place, Turn
from sim.scene.graph import Floor, Graph, PublicView
from sim.scene.routing.base import Answers, Cue, Inquiry, Next, Router, answered, check, with_state
from sim.scene.routing.walks import Walk
from sim.text.addressing import addressed


@dataclass(frozen=True, slots=True)
class AddressedState:
    """``place`` is where the floor is, ``called`` whom the last turn addressed (the clearest
    first), ``fallback`` the state of the fallback."""

    floor: Floor
    place: Place | None
    called: tuple[Place, ...]
    fallback: Any


@dataclass(frozen=True, slots=True)
class Addressed:
    """The actor addressed by the last turn, by name or @name, is next; else ``fallback`` decides.

    The actor must have heard the turn, and an open edge must lead to it. No event is recorded when
    the fallback decides, since many turns address nobody.
    """

    fallback: Router = field(default_factory=Walk)

    def check(self, graph: Graph) -> None:
        check(self.fallback, graph)

    def start(self, floor: Floor) -> AddressedState:
        return AddressedState(floor, None, (), self.fallback.start(floor))

    def heard(self, state: AddressedState, turn: Turn, place: Place) -> AddressedState:
        floor = state.floor
        called = tuple(
            floor.place[name]
            for name in addressed(turn.text, floor.names, turn.speaker)
            if turn.audience is None or name in turn.audience
        )
        return AddressedState(
            floor, place, called, self.fallback.heard(state.fallback, turn, place)
        )

    def answered(self, state: AddressedState, inquiry: Inquiry, answers: Answers) -> AddressedState:
        inner = answered(self.fallback, state.fallback, inquiry, answers)
        return replace(state, fallback=inner)

    def next(self, state: AddressedState, view: PublicView, seed: int) -> Next:
        if state.place is not None and state.called:
            targets, _ = state.floor.open_edges(state.place, view)
            for place in state.called:
                if place in targets:
                    return (place,)
        answer = self.fallback.next(state.fallback, view, seed)
        if isinstance(answer, Cue | Inquiry) and answer.state is not None:
            return with_state(answer, replace(state, fallback=answer.state))
        return answer
