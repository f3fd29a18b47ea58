"""Hypothesis generators of what people author: personas, graphs, scenes, and turns of a scene."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from sim import Actor, Edge, Graph, Persona, Scene, after, agreement, ask_stance
from sim.events import Turn
from sim.layouts import LAYOUTS
from sim.scene.prose import WORDINGS
from sim.scene.routing import LongestWait, Walk

# Any text that a person or a model may write: no surrogates, which no model can.
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
LINE = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=40)


def _is_name(text: str) -> bool:
    return text == text.strip() and ":" not in text and text.splitlines() == [text]


def names() -> st.SearchStrategy[str]:
    """Names that a persona may have."""
    usual = st.sampled_from(
        ["Ada", "Ben", "Cleo", "Dr. Ödön Łuk", "O'Neil", "the Ghost", "Ada B", "何"]
    )
    return usual | LINE.filter(_is_name)


def stances() -> st.SearchStrategy[float]:
    """Stances: on the scale, ends included."""
    return st.floats(-1.0, 1.0)


@st.composite
def personas(draw: st.DrawFn, name: str | None = None, issue: str | None = None) -> Persona:
    """Personas, with any of their fields filled."""
    lists = st.lists(LINE, max_size=3).map(tuple)
    issues = st.just(issue) if issue else LINE.filter(str.strip)
    held = draw(st.dictionaries(issues, stances(), min_size=1 if issue else 0, max_size=2))
    return Persona(
        name=name if name is not None else draw(names()),
        brief=draw(LINE),
        opposite=draw(st.none() | LINE),
        traits=draw(lists),
        stances=held,
        goals=draw(lists),
        points=draw(lists),
        secret=draw(st.none() | LINE),
        voice=draw(st.none() | LINE),
    )


@st.composite
def graphs(draw: st.DrawFn, who: tuple[str, ...] | None = None) -> Graph:
    """Graphs that nobody is stuck in: a ring in any order, and any other edges, of any weight."""
    given = who or tuple(draw(st.lists(names(), min_size=2, max_size=5, unique=True)))
    order = draw(st.permutations(given))
    pairs = [(order[index - 1], order[index]) for index in range(len(order))]
    others = [(a, b) for a in given for b in given if (a, b) not in pairs]
    if others:
        pairs += draw(st.lists(st.sampled_from(others), unique=True, max_size=6))
    weights = st.floats(0.01, 100.0)
    edges = tuple(Edge(source=a, target=b, weight=draw(weights)) for a, b in pairs)
    return Graph(names=given, edges=edges, first=draw(st.sampled_from(given)))


@st.composite
def scenes(draw: st.DrawFn, most_turns: int = 8, **fields: Any) -> Scene:
    """Scenes of two to four actors, in any layout, with or without probes and gauges.

    All have a stance on "sell". Any field can be given instead of drawn.
    """
    who = tuple(draw(st.lists(names(), min_size=2, max_size=4, unique=True)))
    turns = draw(st.integers(1, most_turns))
    ends = after(turns=turns)
    if turns >= 2 and draw(st.booleans()):
        gauge = ask_stance("sell", every=draw(st.integers(1, turns)))
        ends = agreement(gauge=gauge, within=draw(st.floats(0.0, 1.0))) | ends
    every = st.none() | st.integers(1, 4)
    probe = st.builds(ask_stance, st.just("sell"), every=every, samples=st.integers(1, 2))
    return Scene(
        **{
            "topic": draw(LINE.filter(str.strip)),
            "setting": draw(LINE),
            "cast": tuple(Actor(draw(personas(name, "sell"))) for name in who),
            "graph": draw(graphs(who)),
            "routing": draw(st.sampled_from([Walk(), LongestWait()])),
            "probes": tuple(draw(st.lists(probe, max_size=1))),
            "ends": ends,
            "layout": draw(st.sampled_from(sorted(LAYOUTS))),
            "words": draw(st.integers(1, 200)),
            "wording": draw(st.sampled_from(list(WORDINGS.values()))),
            **fields,
        }
    )


@st.composite
def turns_of(draw: st.DrawFn, scene: Scene, most: int = 8, whispers: bool = True) -> list[Turn]:
    """Turns of the cast of a scene in any order, some of them whispered."""
    told: list[Turn] = []
    for index in range(1, draw(st.integers(0, most)) + 1):
        speaker = draw(st.sampled_from(scene.names))
        audience = None
        if whispers and draw(st.booleans()):
            others = [name for name in scene.names if name != speaker]
            audience = tuple(draw(st.lists(st.sampled_from(others), unique=True)))
        text = draw(LINE.filter(str.strip))
        told.append(Turn(index, speaker, text, audience))
    return told
