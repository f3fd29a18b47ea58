"""Routers that ask actors: one chooses who is next, or everybody bids for the floor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar

from sim.errors import SceneError
from sim.events import Place, Turn
from sim.scene.answers import Choice
from sim.scene.graph import Floor, Graph, PublicView
from sim.scene.probes import Question, urge_question
from sim.scene.routing.base import (
    Answers,
    Cue,
    Inquiry,
    Next,
    Router,
    answered,
    check,
    distinct,
    named,
    with_state,
)
from sim.scene.routing.pairs import NO_RUN, PairRun, check_bound, within_bound
from sim.scene.routing.walks import LongestWait, Walk
from sim.seeds import Stream

NEXT_QUESTION = "Who should speak next, {name}?"


@lru_cache(maxsize=1024)
def _who_next(options: tuple[str, ...]) -> Question:
    answer = Choice(field="next", options=options)
    return Question(key="floor:next", text=NEXT_QUESTION, answer=answer)


@dataclass(frozen=True, slots=True)
class AskingState:
    """``place`` is where the floor is, ``answers`` the answers to the question before this turn
    (None: not asked yet), ``fallback`` the state of the fallback, ``run`` who had the floor to
    themselves."""

    floor: Floor
    place: Place | None
    answers: Answers | None
    fallback: Any
    run: PairRun = NO_RUN


class _Asking:
    """The base class of routers that ask once before a turn, and otherwise use a fallback."""

    __slots__ = ()

    fallback: Router

    def start(self, floor: Floor) -> AskingState:
        return AskingState(floor, None, None, self.fallback.start(floor))

    def heard(self, state: AskingState, turn: Turn, place: Place) -> AskingState:
        return AskingState(
            state.floor,
            place,
            None,
            self.fallback.heard(state.fallback, turn, place),
            state.run.after(place),
        )

    def answered(self, state: AskingState, inquiry: Inquiry, answers: Answers) -> AskingState:
        if state.answers is None:
            return replace(state, answers=answers)
        # The answers are to a question of the fallback.
        inner = answered(self.fallback, state.fallback, inquiry, answers)
        return replace(state, fallback=inner)

    def _fall_back(
        self, state: AskingState, view: PublicView, seed: int, key: str, reason: str
    ) -> Next:
        answer = self.fallback.next(state.fallback, view, seed)
        inner = answer.state if isinstance(answer, Cue | Inquiry) else None
        if inner is not None:
            state = replace(state, fallback=inner)
        if isinstance(answer, Inquiry):
            return replace(answer, state=state)
        cue = answer if isinstance(answer, Cue) else Cue(answer)
        asked = tuple(state.answers or ())
        if cue.fallback:
            # The fallback has fallen back as well: both reasons are recorded.
            reason = f"{reason}; {cue.fallback}"
        return replace(cue, state=state, fallback=reason, asked=asked, key=key)


@dataclass(frozen=True, slots=True)
class ChosenBy(_Asking):
    """One actor chooses the next speaker among those that the graph allows, by a typed answer.

    ``who`` is a name (a moderator), or None for the last speaker. If the graph allows only one
    speaker nobody is asked. If no answer is valid after ``attempts``, ``fallback`` decides. In a
    ``star``, ``ChosenBy("The Mayor")`` is a moderator who hands the floor to the others. With
    ``at_most``, two people have at most so many turns in a row; then the choice is among the
    others, if an edge leads to anybody.
    """

    added: ClassVar[frozenset[str]] = frozenset({"at_most"})

    who: str | None = None
    fallback: Router = field(default_factory=LongestWait)
    attempts: int = 2
    at_most: int | None = None

    def __post_init__(self) -> None:
        _at_least_one("ChosenBy.attempts", self.attempts)
        check_bound("ChosenBy.at_most", self.at_most)

    def check(self, graph: Graph) -> None:
        named("ChosenBy.who", () if self.who is None else (self.who,), graph)
        distinct("ChosenBy", graph)
        check(self.fallback, graph)

    def next(self, state: AskingState, view: PublicView, seed: int) -> Next:
        floor = state.floor
        if state.place is None:
            return floor.opening(view)
        open_to, _ = floor.open_edges(state.place, view)
        targets = state.run.allowed(open_to, self.at_most)
        if len(targets) < 2:
            return targets
        chooser = state.place if self.who is None else floor.place[self.who]
        if chooser in view.absent:
            # Nobody is asked; with ``answers`` set, further answers go to the fallback.
            state = replace(state, answers={})
            reason = f"{floor.names[chooser]} is off stage"
            answer = self._fall_back(state, view, seed, "floor:next", reason)
            return within_bound(answer, state.run, open_to, self.at_most, seed)
        if state.answers is None:
            options = tuple(floor.names[target] for target in targets)
            return Inquiry(_who_next(options), (chooser,), self.attempts)
        chosen = next(iter(state.answers.values()), None)
        if chosen is None:
            answer = self._fall_back(state, view, seed, "floor:next", "no answer named anybody")
            return within_bound(answer, state.run, open_to, self.at_most, seed)
        return (floor.place[chosen],)


def moderated(moderator: str, fallback: Router | None = None, attempts: int = 2) -> ChosenBy:
    """A moderator who chooses: see ``ChosenBy``."""
    return ChosenBy(moderator, fallback or LongestWait(), attempts)


@dataclass(frozen=True, slots=True)
class Bidding(_Asking):
    """All who may be next say in private how much they want to speak; the highest bid wins.

    Ties are broken by the seed. ``least`` is the lowest valid bid. If no bid is valid,
    ``fallback`` decides.
    """

    least: float = 0.0
    fallback: Router = field(default_factory=Walk)
    attempts: int = 1

    def __post_init__(self) -> None:
        _share("Bidding.least", self.least)
        _at_least_one("Bidding.attempts", self.attempts)

    def check(self, graph: Graph) -> None:
        check(self.fallback, graph)

    def next(self, state: AskingState, view: PublicView, seed: int) -> Next:
        floor = state.floor
        if state.place is None:
            return floor.opening(view)
        targets, _ = floor.open_edges(state.place, view)
        if len(targets) < 2:
            return targets
        if state.answers is None:
            return Inquiry(urge_question("floor:urge"), targets, self.attempts)
        best = _highest(state.answers, self.least, seed)
        if best is None:
            silent = all(bid is None for bid in state.answers.values())
            reason = "nobody bid" if silent else f"no bid reached {self.least:g}"
            return self._fall_back(state, view, seed, "floor:urge", reason)
        return (best,)


@dataclass(frozen=True, slots=True)
class InterruptState:
    """``place`` is where the floor is, ``bids`` the bids to interrupt (None: not asked yet),
    ``inner`` the state of the inner router."""

    floor: Floor
    place: Place | None
    bids: Answers | None
    inner: Any


@dataclass(frozen=True, slots=True)
class Interrupts:
    """An inner router whose choice actors can pre-empt by a high bid.

    After each turn all who could be next say in private how much they want to speak. The highest
    bid above ``threshold`` takes the floor (ties by the seed); else the inner router decides.
    """

    router: Router = field(default_factory=Walk)
    threshold: float = 0.8

    def __post_init__(self) -> None:
        _share("Interrupts.threshold", self.threshold)
        if isinstance(self.router, Interrupts):
            raise SceneError("Interrupts.router: it interrupts already; use one threshold")

    def check(self, graph: Graph) -> None:
        check(self.router, graph)

    def start(self, floor: Floor) -> InterruptState:
        return InterruptState(floor, None, None, self.router.start(floor))

    def heard(self, state: InterruptState, turn: Turn, place: Place) -> InterruptState:
        return InterruptState(state.floor, place, None, self.router.heard(state.inner, turn, place))

    def answered(self, state: InterruptState, inquiry: Inquiry, answers: Answers) -> InterruptState:
        if state.bids is None:
            return replace(state, bids=answers)
        return replace(state, inner=answered(self.router, state.inner, inquiry, answers))

    def next(self, state: InterruptState, view: PublicView, seed: int) -> Next:
        if state.place is not None:
            if state.bids is None:
                targets, _ = state.floor.open_edges(state.place, view)
                if len(targets) > 1:
                    return Inquiry(urge_question("floor:interrupt"), targets, attempts=1)
                state = replace(state, bids={})
            # Another seed than that of the inner router.
            first = _highest(state.bids or {}, self.threshold, seed ^ 1, above=True)
            if first is not None:
                return (first,)
        answer = self.router.next(state.inner, view, seed)
        inner = answer.state if isinstance(answer, Cue | Inquiry) else None
        if inner is not None:
            state = replace(state, inner=inner)
        # The bids are kept in the state, so that nobody bids again while the inner router asks.
        return with_state(answer, state)


def _highest(bids: Answers, least: float, seed: int, above: bool = False) -> Place | None:
    """The place of the highest bid of at least (or above) a number; None if there is none."""
    known = {
        place: bid
        for place, bid in bids.items()
        if bid is not None and (bid > least if above else bid >= least)
    }
    if not known:
        return None
    highest = max(known.values())
    tied = [place for place, bid in known.items() if bid == highest]
    return tied[Stream(seed).below(len(tied))] if len(tied) > 1 else tied[0]


def _share(where: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise SceneError(f"{where}: {value!r} is off the scale of bids; use a number from 0 to 1")


def _at_least_one(where: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SceneError(
            f"{where}: {value!r} attempts are no question; use a whole number from 1 on"
        )
