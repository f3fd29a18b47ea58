"""Changes of a scene that concern order, graph, regime and memory: plain functions, scene to scene.

Each says whether it is an involution (done twice, the scene is as it was) and, if not, why not.
``Unfit`` is raised, with the reason, where a change makes no sense or would change what is asked.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel

from sim.errors import SceneError
from sim.scene.actor import Context
from sim.scene.answers import Choice, Distribution, Explained, Ranking
from sim.scene.routing.orders import FixedOrder, Simultaneous
from sim.scene.scene import Scene

TOKENS = 600
"""The limit of contexts that the moderator *memory* sets where a scene has none, in tokens: about
eight turns."""


class Unfit(SceneError):
    """A change that a scene does not take; the message says why."""


def rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    """A value with ``change`` made to each part, the innermost first.

    Parts are the fields of authored models and dataclasses, and what lists, tuples and mappings
    hold. What does not change stays the same object, and functions are left as they are.
    """
    if isinstance(value, BaseModel):
        given = {name: getattr(value, name) for name in type(value).model_fields}
        made = {name: rebuilt(each, change) for name, each in given.items()}
        if any(made[name] is not given[name] for name in given):
            value = value.model_copy(update=made)
    elif is_dataclass(value) and not isinstance(value, type):
        changed = {}
        for field in fields(value):
            old = getattr(value, field.name)
            new = rebuilt(old, change)
            if new is not old:
                changed[field.name] = new
        if changed:
            value = copy.copy(value)
            for name, each in changed.items():
                # Some have a constructor of their own, which ``replace`` would call.
                object.__setattr__(value, name, each)
    elif isinstance(value, tuple | list):
        items = [rebuilt(each, change) for each in value]
        if any(new is not old for new, old in zip(items, value, strict=True)):
            value = type(value)(items)
    elif isinstance(value, Mapping):
        pairs = {rebuilt(key, change): rebuilt(each, change) for key, each in value.items()}
        if any(new is not old for pair, old_pair in zip(pairs.items(), value.items(), strict=True)
               for new, old in zip(pair, old_pair, strict=True)):  # fmt: skip
            value = pairs
    return change(value)


def parts(value: Any) -> list[Any]:
    """All that a scene is made of, the innermost first."""
    found: list[Any] = []

    def kept(each: Any) -> Any:
        found.append(each)
        return each

    rebuilt(value, kept)
    return found


def cast_reversed(scene: Scene) -> Scene:
    """The people of the scene are listed in the reverse order. An involution.

    Who follows whom is the graph's, and stays.
    """
    if len(scene.cast) < 2:
        raise Unfit("one actor has no order")
    return scene.replace(cast=tuple(reversed(scene.cast)))


def options_reversed(scene: Scene) -> Scene:
    """The options of all questions stand in the reverse order. An involution."""
    kinds = (Choice, Explained, Ranking, Distribution)
    if not any(isinstance(each, kinds) for each in parts(scene)):
        raise Unfit("no question has options")

    def change(each: Any) -> Any:
        if isinstance(each, kinds):
            return each.model_copy(update={"options": tuple(reversed(each.options))})
        return each

    changed: Scene = rebuilt(scene, change)
    return changed.replace()


def relabelled(scene: Scene) -> Scene:
    """The nodes of the graph have other numbers: an exact symmetry, under which nothing may change.

    The places of the graph are reversed, with their edges; the edges that leave one place keep
    their order, since the draw of the next speaker counts along it. No involution where a
    ``FixedOrder`` goes by the graph: its order is written out, and then stays.
    """
    every = parts(scene.routing)
    if any(isinstance(each, Simultaneous) for each in every):
        raise Unfit("rounds are recorded in the order of the graph, which so has a meaning")
    graph = scene.graph
    if len(graph.names) < 2:
        raise Unfit("a graph of one place has no other numbers")
    start = graph.names.index(graph.first)
    order = graph.names[start:] + graph.names[:start]

    def change(each: Any) -> Any:
        if isinstance(each, FixedOrder) and not each.order:
            return FixedOrder(order)
        return each

    names = tuple(reversed(graph.names))
    edges = tuple(edge for name in names for edge in graph.edges if edge.source == name)
    return scene.replace(
        graph=graph.replace(names=names, edges=edges), routing=rebuilt(scene.routing, change)
    )


def other_layout(scene: Scene) -> Scene:
    """The persona before the transcript, or after it. An involution."""
    swapped = {"persona_first": "transcript_first", "transcript_first": "persona_first"}
    if scene.layout not in swapped:
        raise Unfit(f"the layout {scene.layout} has no counterpart")
    if any(each.layout is not None for each in scene.cast):
        raise Unfit("actors have layouts of their own")
    return scene.replace(layout=swapped[scene.layout])


def other_memory(scene: Scene) -> Scene:
    """A full context drops the oldest turns, or a summary replaces them; a context without a limit
    gets one, of which it drops the oldest turns. No involution for the latter: its limit stays."""
    swapped = {"drop_oldest": "summarise", "summarise": "drop_oldest", "stop": "drop_oldest"}

    def change(context: Context | None) -> Context:
        if context is None:
            return Context(tokens=TOKENS, policy="drop_oldest")
        return context.replace(policy=swapped[context.policy])

    return scene.replace(
        cast=tuple(each.replace(context=change(each.context)) for each in scene.cast)
    )
