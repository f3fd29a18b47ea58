"""A router that reads the last turn: the actor that it addressed is next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from sim.events import Place, Turn
from sim.scene.graph import Floor, Graph, PublicView
from sim.scene.routing.base import Answers, Cue, Inquiry, Next, Router, answered, check, with_state
from sim.scene.routing.pairs import NO_RUN, PairRun, check_bound, within_bound
from sim.scene.routing.walks import Walk
from sim.text.addressing import addressed


@dataclass(frozen=True, slots=True)
class AddressedState:
    """``place`` is where the floor is, ``called`` whom the last turn addressed (the clearest
    first), ``fallback`` the state of the fallback, ``run`` who had the floor to themselves."""

    floor: Floor
    place: Place | None
    called: tuple[Place, ...]
    fallback: Any
    run: PairRun = NO_RUN


@dataclass(frozen=True, slots=True)
class Addressed:
    """The actor addressed by the last turn, by name or @name, is next; else ``fallback`` decides.

    The actor must have heard the turn, and an open edge must lead to it. No event is recorded when
    the fallback decides, since many turns address nobody. With ``at_most``, two people who address
    each other have at most so many turns in a row; then somebody else is next, if an edge leads to
    anybody.
    """

    added: ClassVar[frozenset[str]] = frozenset({"at_most"})

    fallback: Router = field(default_factory=Walk)
    at_most: int | None = None

    def __post_init__(self) -> None:
        check_bound("Addressed.at_most", self.at_most)

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
            floor,
            place,
            called,
            self.fallback.heard(state.fallback, turn, place),
            state.run.after(place),
        )

    def answered(self, state: AddressedState, inquiry: Inquiry, answers: Answers) -> AddressedState:
        inner = answered(self.fallback, state.fallback, inquiry, answers)
        return replace(state, fallback=inner)

    def next(self, state: AddressedState, view: PublicView, seed: int) -> Next:
        targets: tuple[Place, ...] = ()
        if state.place is not None and (state.called or self.at_most is not None):
            targets, _ = state.floor.open_edges(state.place, view)
            allowed = state.run.allowed(targets, self.at_most)
            for place in state.called:
                if place in allowed:
                    return (place,)
        answer = self.fallback.next(state.fallback, view, seed)
        answer = within_bound(answer, state.run, targets, self.at_most, seed)
        if isinstance(answer, Cue | Inquiry) and answer.state is not None:
            return with_state(answer, replace(state, fallback=answer.state))
        return answer
