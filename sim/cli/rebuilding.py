"""Stored trials as trials that can be played on: with their scene and their transcript."""

from __future__ import annotations

import json
from typing import Any

from sim.cli.stored import StoredTrial
from sim.errors import BadRequest, ScenarioError
from sim.planning import Trial, canonical
from sim.planning.decoder import Unreadable, scene_from
from sim.planning.scenarios import build, find
from sim.scene.scene import Scene


def whole_scene(trial: StoredTrial) -> Scene:
    """The scene of a stored trial, with its code.

    What Elsinore knows is read from the store. A scene with somebody's own functions is built again
    by its scenario, and refused if it is another one by now: an edited scenario would go on from a
    past that was never its own. Raises ``BadRequest``.
    """
    try:
        return scene_from(trial.scene)
    except Unreadable as unreadable:
        scene = _built(trial, unreadable)
    if json.loads(canonical(scene)) == trial.scene:
        return scene
    # What a branch or a surrogate has besides its scenario is read from the store.
    try:
        if trial.of is None:
            raise Unreadable("it is nobody's branch")
        return scene_from(trial.scene, scene)
    except Unreadable:
        raise BadRequest(
            f"trial {trial.id[:8]}: the scenario {trial.scenario} makes another scene by now; "
            "bring back the file as it was when this was played"
        ) from None


def _built(trial: StoredTrial, unreadable: Unreadable) -> Scene:
    try:
        scene = build(find(trial.scenario), trial.parameters)
    except ScenarioError as error:
        raise BadRequest(f"trial {trial.id[:8]}: {unreadable} ({error})") from None
    changes: dict[str, Any] = {"layout": trial.scene.get("layout")}
    people = {
        member["persona"]["name"]: member.get("stage") for member in trial.scene.get("cast", ())
    }
    changes["cast"] = tuple(
        actor.model_copy(update={"stage": people.get(actor.name)}) for actor in scene.cast
    )
    fields = {name: getattr(scene, name) for name in type(scene).model_fields}
    return Scene(**fields | changes)


def as_trial(trial: StoredTrial, scene: Scene) -> Trial:
    """The stored trial as a trial, known by the same id."""
    return Trial(
        id=trial.id,
        scenario=trial.scenario,
        parameters=trial.parameters,
        scene=scene,
        model=trial.model,
        stage=trial.stage,
        seed=trial.seed,
        arm=trial.arm,
        focal=trial.focal,
        of=trial.of,
        stages=trial.stages,
        at=trial.at,
        branch=trial.branch,
    )
