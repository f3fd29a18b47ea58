"""What every scenario promises: it can be varied, it is the same each time, and it plays."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

from sim.calls.guard import open_stage
from sim.engine import play
from sim.errors import BadRequest
from sim.planning.scenarios import Scenario, build, describe, find, make
from sim.scene.scene import Scene
from sim.testing.promises import Broken, kept
from sim.tournament import Tournament

SECONDS = 2.0
"""A scene plays on the embedded stage in so many seconds of processor time, a tournament's first
four debates in twice as many: a hundred times what is usual."""


def check_scenario(scenario: str | Callable[..., Any]) -> None:
    """Check a scenario: by its name, by ``path.py:function``, or the function itself.

    It is a plain function whose parameters have types and defaults; its first line says what it
    is; it makes the same scene each time, whose personas have briefs; and the scene plays to its
    end on the embedded stage, with everybody speaking. Raises ``Broken``.

    >>> check_scenario("whisper_chain")
    """
    found = described(scenario)
    says_what_it_is(found)
    can_be_varied(found)
    if issubclass(found.returns, Tournament):
        tournament_is_the_same_and_plays(found)
        return
    builds_the_same_scene(found)
    has_whole_personas(found)
    plays_to_its_end(found)


def described(scenario: str | Callable[..., Any]) -> Scenario:
    """The scenario, found and described; ``Broken`` if it is none."""
    try:
        if isinstance(scenario, str):
            return find(scenario)
        name = getattr(scenario, "__name__", repr(scenario))
        source = getattr(getattr(scenario, "__code__", None), "co_filename", "")
        return describe(name, scenario, Path(source))
    except BadRequest as error:
        raise Broken(str(error)) from error


def says_what_it_is(scenario: Scenario) -> None:
    """The first line of its docstring is a sentence of 10 to 100 letters."""
    summary = scenario.summary
    kept(
        10 <= len(summary) <= 100 and summary[-1] in ".?!" and summary == summary.strip(),
        f"{scenario.name}: the first line of its docstring is {summary!r}, which elsinore list "
        "shows; write a sentence of 10 to 100 letters",
    )


def can_be_varied(scenario: Scenario) -> None:
    """It has parameters, and each default is of its type."""
    kept(scenario.parameters, f"{scenario.name}: has no parameter; let something be varied")
    for each in scenario.parameters:
        try:
            same = each.read(each.default) == each.default
        except ValueError as error:
            raise Broken(
                f"{scenario.name}: the default of {each.name} is not of its type ({error})"
            ) from None
        kept(same, f"{scenario.name}: the default of {each.name} is not of its type")


def builds_the_same_scene(scenario: Scenario) -> None:
    """Two calls make the same scene."""
    one, two = _built(scenario), _built(scenario)
    same = _facts(one) == _facts(two)
    kept(same, f"{scenario.name}: two calls make different scenes; leave chance to the seed")


def _facts(scene: Scene) -> tuple[object, ...]:
    return scene.model_dump(exclude={"graph", "ends"}), scene.names, scene.ends.bound()


def has_whole_personas(scenario: Scenario) -> None:
    """Everybody has a brief, and somebody holds a stance that can be asked for; but for a monologue
    of nobody in particular, where who comes is what is asked."""
    scene = _built(scenario)
    if len(scene.cast) == 1 and not scene.cast[0].persona.brief:
        return
    for actor in scene.cast:
        kept(actor.persona.brief, f"{scenario.name}: {actor.name} has no brief; say who that is")
    kept(
        any(actor.persona.stances for actor in scene.cast),
        f"{scenario.name}: nobody has a stance; without one nothing tells who comes together",
    )


def plays_to_its_end(scenario: Scenario) -> None:
    """On the embedded stage it ends as it should, and everybody speaks."""
    scene = _built(scenario)
    started = process_time()
    told = asyncio.run(play(scene, open_stage("embedded:base"), seed=1))
    took = process_time() - started
    ended = told.ended
    kept(
        ended is not None and ended.status == "done" and not told.failures,
        f"{scenario.name}: does not play to its end on embedded:base: {ended}",
    )
    silent = set(scene.names) - {turn.speaker for turn in told.turns}
    kept(not silent, f"{scenario.name}: {', '.join(sorted(silent))} never speaks; see its graph")
    kept(took < SECONDS, f"{scenario.name}: takes {took:.1f} s on embedded:base; let it be shorter")


def tournament_is_the_same_and_plays(scenario: Scenario) -> None:
    """Two calls make the same tournament, and its first debates play to their ends."""
    one, two = (_tournament(scenario) for _ in range(2))
    identities = {name: name for name in (one.stage, *one.model_strings)}
    kept(
        one.identity(identities) == two.identity(identities),
        f"{scenario.name}: two calls make different tournaments; leave chance to the seed",
    )
    started = process_time()
    for leg in one.legs(1)[:4]:
        trial = one.trial(leg, identities)
        stages = {name: open_stage(name) for name in trial.scene.stages}
        told = asyncio.run(play(trial.scene, open_stage(one.stage), seed=trial.seed, stages=stages))
        kept(
            told.ended is not None and told.ended.status == "done",
            f"{scenario.name}: a debate does not play to its end: {told.ended}",
        )
        spoke = {turn.speaker for turn in told.turns}
        kept(spoke == set(leg.actors), f"{scenario.name}: only {sorted(spoke)} speak in a debate")
    took = process_time() - started
    kept(took < 2 * SECONDS, f"{scenario.name}: four debates take {took:.1f} s; shorten them")


def _built(scenario: Scenario) -> Scene:
    try:
        return build(scenario, {})
    except BadRequest as error:
        raise Broken(str(error)) from error


def _tournament(scenario: Scenario) -> Tournament:
    try:
        return make(scenario, {}, Tournament)
    except BadRequest as error:
        raise Broken(str(error)) from error
