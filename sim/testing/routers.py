"""What every router promises: only open edges, nobody who is away, the same way for a seed, and a
cost that does not grow."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sim
from sim.errors import SceneError
from sim.events import Place, Turn
from sim.scene.answers import Choice, Explained
from sim.scene.graph import Edge, Floor, Graph, PublicView, complete, ring, star
from sim.scene.routing.base import Cue, Inquiry, Router, answered, check
from sim.seeds import Stream, derive
from sim.testing.promises import Broken, kept

Made = tuple[Router, Graph]
"""A router, and the graph that it is for."""

LONG = 2000
"""Turns of a long scene, over which neither the state nor the cost of a cue may grow."""


def check_router(make: Callable[[Graph], Router | Made], *, turns: int = LONG) -> None:
    """Check a router. ``make`` makes one for a graph, or one with the graph that it needs.

    It walks edges that exist and are open alone; who is away is neither cued nor asked; a seed
    gives one way; asking and hearing change neither state nor view; and neither its state nor the
    cost of a cue grows with the scene, of ``turns`` turns. Raises ``Broken``.

    >>> from sim.scene.routing import LongestWait
    >>> check_router(lambda graph: LongestWait(), turns=300)
    """
    for graph in GRAPHS:
        for seed in range(3):
            walks_open_edges(_made(make, graph), seed)
            walks_open_edges(_made(make, graph), seed, away=True)
        walks_open_edges(_made(make, some_shut(graph)), 1)
        a_seed_gives_a_way(_made(make, graph), 1)
    endless = complete(*"ABCDE")
    changes_nothing_in_place(_made(make, endless))
    state_does_not_grow(_made(make, endless), turns)
    cue_costs_the_same(_made(make, endless), turns)


GRAPHS = (
    ring("Ada", "Ben", "Cleo"),
    complete("Ada", "Ben", "Cleo", "Dan"),
    star("Hub", "Ada", "Ben", "Cleo"),
    complete("Ada", "Ben"),
)
"""Who may hand the floor to whom, where routers are tried."""


def _made(make: Callable[[Graph], Router | Made], graph: Graph) -> Made:
    made = make(graph)
    router, own = made if isinstance(made, tuple) else (made, graph)
    try:
        check(router, own)
    except SceneError as error:
        raise Broken(f"{router!r}: refuses the graph of {', '.join(own.names)}: {error}") from error
    return router, own


def a_question(view: PublicView) -> bool:
    """Whether the last turn asked something: a condition that is met now and then."""
    return view.last is not None and "?" in view.last.text


def some_shut(graph: Graph) -> Graph:
    """The same graph, every second edge of which opens after a question only."""
    edges = tuple(
        Edge(**{**dict(edge), "when": a_question if place % 2 else None})
        for place, edge in enumerate(graph.edges)
    )
    return Graph(names=graph.names, edges=edges, first=graph.first)


@dataclass
class Step:
    """What a router was asked with, and whom it cued."""

    state: Any
    view: PublicView
    places: tuple[Place, ...]
    together: bool
    asked: int


def value(inquiry: Inquiry, place: Place, seed: int) -> Any:
    """An answer that may be any that is allowed, or missing."""
    stream = Stream(derive(seed, inquiry.question.key, place))
    if stream.below(5) == 0:
        return None
    kind = inquiry.question.answer
    if isinstance(kind, Choice):
        return kind.options[stream.below(len(kind.options))]
    if isinstance(kind, Explained):
        return {"answer": kind.options[0], "because": "It is."}
    return stream.below(11) / 10


def steps(
    router: Router, graph: Graph, length: int, seed: int = 1, away: bool = False
) -> Iterator[Step]:
    """The states and cues of a scene, before each cue. ``away``: people come and go."""
    floor, view = graph.compiled(), PublicView()
    state, said = router.start(floor), 0
    while said < length:
        if away and said:
            stream = Stream(derive(seed, "away", said))
            view.absent = frozenset(
                Place(p) for p in range(len(graph.names)) if stream.below(4) == 0
            )
        now, asked = derive(seed, "route", said), 0
        first = state
        while isinstance(step := router.next(state, view, now), Inquiry):
            asked += 1
            kept(asked <= 8, f"{router!r}: goes on asking; return a cue after a few questions")
            kept(step.places, f"{router!r}: asks nobody; name places in the Inquiry")
            kept(
                not set(step.places) & view.absent,
                f"{router!r}: asks somebody who is away; leave out view.absent",
            )
            before = state if step.state is None else step.state
            answers = {place: value(step, place, now) for place in step.places}
            state = answered(router, before, step, answers)
        cue = step if isinstance(step, Cue) else Cue(step)
        state = state if cue.state is None else cue.state
        yield Step(first, view, cue.places, cue.together, asked)
        if not cue.places:
            return
        cued = said if cue.together else None
        for place in cue.places:
            said += 1
            names = floor.names
            text = f"Why, {names[(place + said) % len(names)]}?" if now & 1 else "No."
            view.last = Turn(said, names[place], text, cued=cued)
            view.turns = said
            state = router.heard(state, view.last, place)


def opened(floor: Floor, spoke: tuple[Place, ...], view: PublicView) -> set[Place]:
    """Where open edges lead from those who spoke."""
    return {target for place in spoke for target in floor.open_edges(place, view)[0]}


def walks_open_edges(
    made: Made, seed: int, *, length: int = 15, away: bool = False
) -> list[tuple[Place, ...]]:
    """Walk a graph, holding every cue against the law; the cues."""
    router, graph = made
    floor = graph.compiled()
    cues: list[tuple[Place, ...]] = []
    for step in steps(router, graph, length, seed, away):
        cues.append(step.places)
        told = f"{router!r}: cued {[floor.names[place] for place in step.places]}"
        kept(len(set(step.places)) == len(step.places), f"{told}, somebody twice")
        kept(not set(step.places) & step.view.absent, f"{told}, of whom somebody is away")
        if len(cues) == 1:
            kept(floor.first in step.places, f"{told} first, and not {graph.first}")
            first = {floor.first}
            allowed = first | opened(floor, (floor.first,), step.view) if step.together else first
        else:
            allowed = opened(floor, cues[-2], step.view)
            kept(step.together or len(step.places) <= 1, f"{told}, one after the other")
        kept(set(step.places) <= allowed, f"{told}, where no edge leads that is open")
    return cues


def a_seed_gives_a_way(made: Made, seed: int) -> None:
    """A copy of the router cues the same places for the same seed."""
    router, graph = made
    one = [step.places for step in steps(router, graph, 12, seed)]
    two = [step.places for step in steps(copy.deepcopy(router), graph, 12, seed)]
    kept(one == two, f"{router!r}: a copy goes another way; draw from the seed alone")


def changes_nothing_in_place(made: Made) -> None:
    """Asking and hearing leave state and view as they were."""
    router, graph = made
    for step in steps(router, graph, 12):
        before = pickle.dumps((step.state, step.view))
        for seed in range(3):
            router.next(step.state, step.view, seed)
        for place in step.places:
            router.heard(step.state, Turn(step.view.turns + 1, graph.names[place], "x"), place)
        kept(
            pickle.dumps((step.state, step.view)) == before,
            f"{router!r}: next or heard changes the state or the view in place; return a new state",
        )


def state_does_not_grow(made: Made, turns: int = LONG) -> None:
    """A count of turns takes a byte or two more; a list of them would take thousands."""
    router, graph = made
    sizes = [len(pickle.dumps(step.state)) for step in steps(router, graph, turns)]
    if len(sizes) > 100:
        kept(
            max(sizes[len(sizes) // 2 :]) <= max(sizes[20:100]) + 60,
            f"{router!r}: its state grows with the scene; keep what is needed of each turn alone",
        )


def cue_costs_the_same(made: Made, turns: int = LONG) -> None:
    """Counted in executed lines, so that a busy machine changes nothing."""
    router, graph = made
    costs: list[int] = []
    for step in steps(router, graph, turns):
        state, view, places = step.state, step.view, step.places
        costs.append(_lines(router, lambda: router.next(state, view, 7)))  # noqa: B023
        if places:
            turn = Turn(view.turns + 1, graph.names[places[0]], "x")
            costs[-1] += _lines(router, lambda: router.heard(state, turn, places[0]))  # noqa: B023
    if len(costs) > 200:
        kept(
            max(costs[len(costs) // 2 :]) <= max(costs[:200]),
            f"{router!r}: a cue costs more late in a scene than early; look back no further",
        )


def _lines(router: Router, call: Callable[[], object]) -> int:
    """How many lines of ours and of the router's file a call executes. (The collector of garbage
    may run others' code.)"""
    count = 0
    ours = (str(Path(sim.__file__).parent), str(sys.modules[type(router).__module__].__file__))

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace if frame.f_code.co_filename.startswith(ours) else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count
