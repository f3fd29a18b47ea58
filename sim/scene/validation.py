"""Validation of scenes: an error names the field, what is wrong with it, and the fix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Protocol

from sim.errors import SceneError
from sim.scene.actor import Actor
from sim.scene.audience import Hearing
from sim.scene.endings import Ending
from sim.scene.graph import Graph
from sim.scene.interventions import DeleteTurn, Enter, Intervention, Leave, Noise, Note, ReplaceTurn
from sim.scene.probes import Probe
from sim.scene.routing.base import check as check_router
from sim.scene.routing.orders import Simultaneous

LONGEST = 100_000
"""The most turns of a scene. More is taken for a typing error: all turns are kept in memory."""


class Authoring(Protocol):
    """The fields of a scene that are checked."""

    @property
    def topic(self) -> str: ...
    @property
    def cast(self) -> tuple[Actor, ...]: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def graph(self) -> Graph: ...
    @property
    def routing(self) -> Any: ...
    @property
    def hearing(self) -> Hearing | None: ...
    @property
    def probes(self) -> tuple[Probe, ...]: ...
    @property
    def gauges(self) -> tuple[Probe, ...]: ...
    @property
    def interventions(self) -> tuple[Intervention, ...]: ...
    @property
    def ends(self) -> Ending: ...
    @property
    def layout(self) -> str: ...


def check(scene: Authoring) -> None:
    """Raise ``SceneError`` for the first violation."""
    _check_cast(scene)
    _check_routing(scene)
    bound = _check_ends(scene)
    _check_questions(scene, bound)
    _check_hearing(scene)
    _check_interventions(scene, bound)
    for actor in scene.cast:
        if (
            "author" in (actor.layout, scene.layout)
            and (actor.layout or scene.layout) != scene.layout
        ):
            raise SceneError(
                f"Scene.cast: {actor.name!r} has the layout {actor.layout}, and the scene has "
                f"{scene.layout}; with author one context writes everybody, so give all the same"
            )
    if scene.layout == "author":
        _check_author(scene)


def _in_cast(where: str, names: Sequence[str], cast: Sequence[str]) -> None:
    for name in names:
        if name not in cast:
            raise SceneError(f"{where}: {name!r} is not in the cast; use one of {', '.join(cast)}")


def _check_cast(scene: Authoring) -> None:
    names = scene.names
    if not scene.topic.strip():
        raise SceneError("Scene.topic: is blank; say what the scene is about")
    if len(names) < 1:
        raise SceneError("Scene.cast: is empty; cast at least one actor")
    for name in names:
        if names.count(name) > 1:
            raise SceneError(
                f"Scene.cast: two actors are named {name!r}; give one of them another name"
            )
    _in_cast("Scene.graph", scene.graph.names, names)
    for name in names:
        if name not in scene.graph.names:
            raise SceneError(
                f"Scene.cast: {name!r} is not in the graph and would never speak; "
                "add an edge, or leave the actor out"
            )
    off = [actor.name for actor in scene.cast if not actor.on_stage]
    entering = {each.name for each in scene.interventions if isinstance(each, Enter)}
    for name in off:
        if name not in entering:
            raise SceneError(
                f"Scene.cast: {name!r} is off stage and never enters; "
                f'add enter("{name}", at=...) to the interventions'
            )
    if scene.graph.first in off:
        raise SceneError(
            f"Scene.graph: {scene.graph.first!r} opens the scene and is off stage; "
            "let somebody else be first"
        )


def _check_routing(scene: Authoring) -> None:
    routing = scene.routing
    # A class has these methods too, but only an instance can be asked.
    if isinstance(routing, type) or not all(
        callable(getattr(routing, part, None)) for part in ("start", "heard", "next")
    ):
        raise SceneError(
            f"Scene.routing: {routing!r} is no router; "
            "use Walk(), LongestWait() or an object with start, heard and next"
        )
    check_router(routing, scene.graph)


def _check_ends(scene: Authoring) -> int:
    _in_cast("Scene.ends", scene.ends.names(), scene.names)
    bound = scene.ends.bound()
    if bound is None:
        raise SceneError(
            "Scene.ends: nothing makes sure that this scene is ever over; add `| after(turns=...)`"
        )
    if bound > LONGEST:
        raise SceneError(
            f"Scene.ends: the scene may last {bound:,} turns; let it be over after at most "
            f"{LONGEST:,}"
        )
    return bound


def _check_questions(scene: Authoring, bound: int) -> None:
    names = scene.names
    for number, probe in enumerate(scene.probes):
        _check_question(f"Scene.probes.{number}", probe, scene)
    asked = [probe.question.key for probe in scene.probes]
    for key in asked:
        if asked.count(key) > 1:
            raise SceneError(
                f"Scene.probes: {key!r} is asked by two probes; ask it once, or use other keys"
            )
    for number, gauge in enumerate(scene.gauges):
        _check_question(f"Scene.gauges.{number}", gauge, scene)
        _check_gauge(f"Scene.gauges.{number}", gauge)
    gauges = (*scene.ends.gauges(), *(g for g in scene.gauges if g not in scene.ends.gauges()))
    where = "Scene.ends" if not scene.gauges else "Scene.gauges"
    keys = [gauge.question.key for gauge in gauges]
    for key in keys:
        if keys.count(key) > 1:
            raise SceneError(
                f"{where}: two different gauges ask {key!r}; use one gauge, or other keys"
            )
    for gauge in scene.ends.gauges():
        _check_question("Scene.ends", gauge, scene)
        _check_gauge("Scene.ends", gauge)
        if len(gauge.to or names) < 2:
            raise SceneError(
                "Scene.ends: the gauge asks fewer than two actors, so they cannot agree; "
                "ask at least two"
            )
        first = gauge.every or len(names)
        if first > bound:
            raise SceneError(
                f"Scene.ends: the gauge {gauge.question.key!r} is first asked after turn "
                f"{first}, but the scene is over after {bound} at the latest; "
                "ask it more often, or play longer"
            )


def _check_question(where: str, probe: Probe, scene: Authoring) -> None:
    _in_cast(f"{where}.to", probe.to or (), scene.names)
    issues = sorted({issue for actor in scene.cast for issue in actor.persona.stances})
    if probe.issue is not None and issues and probe.issue not in issues:
        raise SceneError(
            f"{where}: nobody in the cast has a stance on {probe.issue!r}; "
            f"use one of {', '.join(issues)}, or add it to a persona's stances"
        )


def _check_gauge(where: str, gauge: Probe) -> None:
    if gauge.samples > 1:
        raise SceneError(
            f"{where}: the gauge {gauge.question.key!r} asks for {gauge.samples} "
            "samples, and an ending reads one answer of each actor; leave samples out"
        )
    if gauge.when is not None or gauge.by != "answer":
        raise SceneError(
            f"{where}: the gauge {gauge.question.key!r} has a condition or is a log-probability; "
            "a gauge is asked every so many turns, and answered"
        )


def _check_hearing(scene: Authoring) -> None:
    if scene.hearing is not None:
        _in_cast("Scene.hearing", scene.hearing.names(), scene.names)


def _check_interventions(scene: Authoring, bound: int) -> None:
    changed: dict[int, str] = {}
    on_stage = {actor.name: actor.on_stage for actor in scene.cast}
    moves = [each for each in scene.interventions if isinstance(each, Enter | Leave)]
    for number, each in enumerate(scene.interventions):
        where = f"Scene.interventions.{number}"
        if not each.what:
            raise SceneError(f"{where}: {each!r:.60} is no intervention; use say(...), enter(...)")
        _in_cast(where, each.actors(), scene.names)
        if each.at is not None and each.at > bound:
            raise SceneError(
                f"{where}: it is due at turn {each.at}, and the scene is over after {bound}; "
                "let it be due before, or play longer"
            )
        if isinstance(each, ReplaceTurn | DeleteTurn) and each.at is not None:
            if each.at in changed:
                raise SceneError(
                    f"{where}: turn {each.at} is changed by {changed[each.at]} already; "
                    "change it once"
                )
            changed[each.at] = where
        if isinstance(each, Enter | Leave):
            there = isinstance(each, Enter)
            other = Leave if there else Enter
            moved = any(isinstance(move, other) and move.name == each.name for move in moves)
            if on_stage[each.name] == there and not moved:
                word, fix = ("enters", "leave") if there else ("leaves", "enter")
                state = "on" if there else "off"
                raise SceneError(
                    f"{where}: {each.name!r} {word} and is {state} stage all the time; "
                    f"add {fix}(...), or Actor(..., on_stage={not there})"
                )


_TOLD_TO_ALL = ("say", "note", "noise", "replace", "delete")


def _check_author(scene: Authoring) -> None:
    """Check that with the layout ``author``, where all share one context, nothing is private."""
    if any(actor.context for actor in scene.cast):
        raise SceneError(
            "Scene.cast: with the layout author there is one context for all; "
            "leave Actor.context out"
        )
    if scene.hearing is not None:
        raise SceneError(
            "Scene.hearing: with the layout author there is one context, which hears everything; "
            "use another layout"
        )
    for actor in scene.cast:
        if actor.stage is not None or not actor.on_stage:
            raise SceneError(
                f"Scene.cast: {actor.name!r} has a stage of its own or enters later, and with the "
                "layout author one context writes everybody; use another layout"
            )
    if any(probe.by == "log_prob" for probe in scene.probes):
        raise SceneError(
            "Scene.probes: an author's answers cannot be scored one by one; ask for answers"
        )
    for number, each in enumerate(scene.interventions):
        private = isinstance(each, Noise | Note) and each.to is not None
        if each.what not in _TOLD_TO_ALL or private:
            raise SceneError(
                f"Scene.interventions.{number}: {each.what} is for some, and with the layout "
                "author one context hears everything; use another layout"
            )
    if speaks_at_once(scene.routing):
        raise SceneError(
            "Scene.routing: an author writes one turn after the other, so nobody can speak at "
            "once; use another layout, or another router than Simultaneous"
        )


def speaks_at_once(router: Any) -> bool:
    """Whether a router, or one within it, lets people speak at once."""
    if isinstance(router, Simultaneous):
        return True
    if isinstance(router, tuple):
        return any(speaks_at_once(part) for part in router)
    if not is_dataclass(router) or isinstance(router, type):
        return False
    return any(speaks_at_once(getattr(router, part.name)) for part in fields(router))
