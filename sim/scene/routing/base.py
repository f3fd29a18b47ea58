"""The Router protocol, and the answers that a router may give.

Routers are folds: ``start(floor)`` gives the first state, ``heard(state, turn, place)`` the next
one, and ``next(state, view, seed)`` who is cued. All are pure, and their cost does not grow with
the length of the scene. A router that has to ask actors returns an ``Inquiry`` instead of a cue;
it gets the answers by ``answered(state, inquiry, answers)`` and is then asked for a cue again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, Protocol

from sim.errors import SceneError
from sim.events import Place, Turn
from sim.scene.answers import folded
from sim.scene.graph import Floor, Graph, PublicView
from sim.scene.probes import Question
from sim.transcript import FLOOR


@dataclass(frozen=True, slots=True)
class Limit:
    """The length limit of turns in words (None: no limit), and what happens to longer turns.

    ``cut``: the rest is not heard. ``struck``: nothing of the turn is heard. ``noted``: all of it
    is heard, and ``Turn.over`` records the excess.
    """

    words: int | None = None
    beyond: Literal["cut", "struck", "noted"] = "cut"

    def __post_init__(self) -> None:
        words = self.words
        if words is not None and (isinstance(words, bool) or words != int(words) or words < 1):
            raise SceneError(f"Limit.words: {words!r} words are no turn; use at least 1, or None")
        if self.beyond not in ("cut", "struck", "noted"):
            raise SceneError(f"Limit.beyond: {self.beyond!r} is unknown; use cut, struck or noted")


@dataclass(frozen=True, slots=True)
class Cue:
    """Who is cued, with further facts. (A router that has none may return a tuple of places.)

    ``places`` take their turns one after the other, or ``together``: all of them answer what had
    been said before the first of them spoke, and are recorded in this order. Empty places end the
    scene, and ``over`` says why. ``state`` is the router's new state, if asking changed it.
    ``fallback`` is the reason why a fallback decided, ``asked`` whose answer it replaces and
    ``key`` the question. ``phase`` is the name of a phase that begins, ``note`` what all are told
    of it, ``limit`` the length limit of turns in it. ``lines``, one for each place, are words that
    were already given as the answer to a question: they become the turns, and no stage is asked.
    """

    places: tuple[Place, ...]
    together: bool = False
    over: str = ""
    state: Any = None
    fallback: str = ""
    asked: tuple[Place, ...] = ()
    key: str = ""
    phase: str = ""
    note: str = ""
    limit: Limit | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question that has to be answered before anybody can be cued.

    ``places`` are asked, all at once, each up to ``attempts`` times: after an invalid answer the
    actor is told what is wrong with it. ``state``, ``phase``, ``note`` and ``limit`` are as in
    ``Cue``: a phase is announced before anybody is asked who opens it.
    """

    question: Question
    places: tuple[Place, ...]
    attempts: int = 2
    state: Any = None
    phase: str = ""
    note: str = ""
    limit: Limit | None = None

    def __post_init__(self) -> None:
        if not self.question.key.startswith(FLOOR):
            raise SceneError(
                f"Inquiry.question: the key {self.question.key!r} of a router's question has to "
                f"begin with {FLOOR!r}"
            )


Next = tuple[Place, ...] | Cue | Inquiry
"""A router's answer: places in their order, a cue with further facts, or a question."""

Answers = Mapping[Place, Any]
"""The values of answers by place; None for a place without a valid answer."""


class Router(Protocol):
    """A rule for who speaks next. Only the router reads its state, which is never changed in place.

    A router may also have ``check(graph)``, which raises ``SceneError`` if it does not work on a
    scene's graph; ``answered(state, inquiry, answers)``, which returns the state after an inquiry
    of its own has been answered; and ``follow(state, turn, place)``, which replaces ``heard`` for
    the last turn before the router took over, if it must treat that turn differently.
    """

    def start(self, floor: Floor) -> Any:
        """The state before the first turn."""
        ...

    def heard(self, state: Any, turn: Turn, place: Place) -> Any:
        """The state after a turn that the actor at ``place`` took."""
        ...

    def next(self, state: Any, view: PublicView, seed: int) -> Next:
        """Who is cued now; nobody if the scene cannot go on."""
        ...


def check(router: Router, graph: Graph) -> None:
    """Raise ``SceneError`` if a router does not work on a graph, according to its ``check``."""
    checks = getattr(router, "check", None)
    if checks is not None:
        checks(graph)


def answered(router: Router, state: Any, inquiry: Inquiry, answers: Answers) -> Any:
    """The state of a router after an inquiry of its own has been answered."""
    told = getattr(router, "answered", None)
    if told is None:
        raise TypeError(f"{router!r} asks, and has no method `answered` to be told the answers")
    return told(state, inquiry, answers)


def following(router: Router, floor: Floor, turn: Turn | None, place: Place) -> Any:
    """The first state of a router that takes over after a turn."""
    state = router.start(floor)
    if turn is None:
        return state
    follow = getattr(router, "follow", router.heard)
    return follow(state, turn, place)


def nobody(answer: Next) -> bool:
    """Whether nobody is cued, and nothing is asked."""
    if isinstance(answer, Inquiry):
        return False
    return not (answer.places if isinstance(answer, Cue) else answer)


def with_state(answer: Next, state: Any) -> Next:
    """The answer of an inner router, with the new state of the router around it."""
    if isinstance(answer, Cue | Inquiry):
        return replace(answer, state=state)
    return Cue(answer, state=state)


def named(owner: str, names: tuple[str, ...], graph: Graph) -> None:
    """Raise ``SceneError`` if a router has a name that is not in the graph."""
    for name in names:
        if name not in graph.names:
            raise SceneError(
                f"{owner}: {name!r} is not in the graph; use one of {', '.join(graph.names)}"
            )


def distinct(owner: str, graph: Graph) -> None:
    """Raise ``SceneError`` if two names differ in their case alone: an answer could mean both."""
    keys = [folded(name) for name in graph.names]
    for name in graph.names:
        if keys.count(folded(name)) > 1:
            raise SceneError(
                f"{owner}: {name!r} and another name differ in their case alone, so that an answer "
                "could mean both; give one of them another name"
            )


def can_follow(owner: str, names: tuple[str, ...], graph: Graph) -> None:
    """Raise ``SceneError`` unless the first name opens and each hands the floor to the next."""
    edges = {(edge.source, edge.target) for edge in graph.edges}
    if names[0] != graph.first:
        raise SceneError(
            f"{owner}: it begins with {names[0]!r}, and the graph with {graph.first!r}; "
            "let them begin with the same"
        )
    for before, after in pairwise(names):
        if (before, after) not in edges:
            raise SceneError(
                f"{owner}: {after!r} follows {before!r}, and no edge leads there; "
                f"add an edge from {before!r} to {after!r}, or use complete(...)"
            )
