"""A plan is a list of trials; a trial is one scene to be played, known by its content."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

from sim.errors import BadRequest, ScenarioError
from sim.planning.canonical_form import canonical, plain, source_digest
from sim.scene.prose import wording_for
from sim.scene.scene import Scene

_END_OF_SEEDS = 1 << 63
"""Seeds are stored as SQLite integers, which have 64 bits and a sign."""


LIVE = "live"
"""The arm of trials in which everybody is played."""

YOKED = "yoked"
"""The arm of surrogates in which one actor is played, and the others say lines that have nothing to
do with it."""

MUTE = "mute"
"""The arm of surrogates in which one actor is played, and the others say nothing."""

SURROGATES = (YOKED, MUTE)
"""Arms in which nobody really answers the one actor that is played."""

IMPORTED = "imported"
"""The arm of other people's transcripts, in which nobody was played."""

WHY = "why:"
"""What the label of a branch begins with in which causes were taken away (``sim.study``)."""

WHOLE = (LIVE, IMPORTED)
"""Arms of conversations that are data by themselves: no branches, no surrogates."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One scene to be played on one stage with one seed.

    ``id`` is a hash of what decides the result: the scene in canonical form, the stage's identity,
    the seed, the arm (``LIVE``, one of ``SURROGATES`` or a branch's label), and in a surrogate who
    is really played and of which trial it is one. ``model`` is the text that the user gave for the
    stage. ``source`` is a hash of the file of the scenario, for the manifest; it is no part of the
    id. ``stages`` are the identities of the stages that the scene names besides its own. A branch
    has ``at``, the first turn that it does not share with the trial ``of``, and the number of its
    ``branch``.

    Make one with ``Trial.of_scene``, and another like it with ``renew``.
    """

    id: str
    scenario: str
    parameters: dict[str, Any]
    scene: Scene
    model: str
    stage: str
    seed: int
    arm: str = LIVE
    focal: str | None = None
    of: str | None = None
    source: str = ""
    stages: Mapping[str, str] = field(default_factory=dict)
    at: int | None = None
    branch: int | None = None

    @classmethod
    def of_scene(
        cls,
        scene: Scene,
        *,
        scenario: str,
        model: str,
        stage: str,
        seed: int,
        parameters: Mapping[str, Any] | None = None,
        source: str = "",
        stages: Mapping[str, str] | None = None,
    ) -> Trial:
        """A live trial with its id, in the wording for its stages.

        Raises ``SceneError`` if the scene has no canonical form.
        """
        cast = cast_of(scene, stages or {})
        return cls(
            id="",
            scenario=scenario,
            parameters=plain(dict(parameters or {}), f"{scenario}: parameters"),
            scene=scene.worded(wording_for([stage, *cast.values()])),
            model=model,
            stage=stage,
            seed=seed,
            source=source,
            stages=cast,
        ).renew()

    def renew(self, **changes: Any) -> Trial:
        """A trial like this one with other fields, and an id to match.

        A surrogate of a live trial:
        ``live.renew(arm="yoked", focal="Ada", of=live.id, scene=yoked_scene)``.
        """
        changed = replace(self, **changes)
        return replace(changed, id=trial_id(changed, canonical(changed.scene)))


def trial_id(trial: Trial, scene: str) -> str:
    """The id of a trial: 32 hexadecimal letters. ``scene`` is the canonical text of its scene."""
    facts: list[Any] = [scene, trial.stage, trial.seed, trial.arm, trial.focal, trial.of]
    # Added only where they are set, so that trials of older versions keep their ids.
    if trial.stages:
        facts.append(dict(sorted(trial.stages.items())))
    if trial.at is not None:
        facts.append([trial.at, trial.branch])
    return blake2b(json.dumps(facts).encode(), digest_size=16).hexdigest()


def cast_of(scene: Scene, stages: Mapping[str, str]) -> dict[str, str]:
    """The identities of the stages that a scene names, out of ``stages``.

    Raises ``BadRequest`` if one is missing.
    """
    missing = [name for name in scene.stages if name not in stages]
    if missing:
        raise BadRequest(
            f"stages: the scene names {missing[0]!r}, which is not given; "
            "give the identity of each stage in Scene.stages"
        )
    return {name: stages[name] for name in scene.stages}


def plan(
    scenario: Callable[..., Scene],
    *,
    models: Sequence[tuple[str, str]],
    name: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    trials: int = 1,
    seed: int = 0,
    stages: Mapping[str, str] | None = None,
) -> list[Trial]:
    """The trials of a scenario: for each model, seeds ``seed`` to ``seed + trials - 1``.

    ``stages`` are the identities of the stages that the scene names besides its own. ``models`` are
    pairs of the text that the user gave and the stage's identity. All models share
    the seeds, so that trials of two models can be compared in pairs. Raises ``ScenarioError`` for
    a parameter that the scenario does not take, ``BadRequest`` for numbers that make no plan.

    >>> from sim import Actor, Persona, Scene, after, ring
    >>> def tea(turns: int = 2) -> Scene:
    ...     return Scene(topic="Tea?", cast=[Persona(name="Ada"), Persona(name="Ben")],
    ...                  graph=ring("Ada", "Ben"), ends=after(turns=turns))
    >>> trials = plan(tea, models=[("a", "stage a"), ("b", "stage b")], trials=2, seed=5)
    >>> [(trial.model, trial.seed, trial.parameters) for trial in trials]
    [('a', 5, {'turns': 2}), ('a', 6, {'turns': 2}), ('b', 5, {'turns': 2}), ('b', 6, {'turns': 2})]
    """
    title = name or scenario.__name__
    signature = inspect.signature(scenario)
    try:
        bound = signature.bind(**dict(parameters or {}))
    except TypeError as error:
        takes = ", ".join(signature.parameters) or "no parameters"
        raise ScenarioError(f"scenario {title}: {error}; it takes {takes}") from None
    bound.apply_defaults()
    scene = scenario(*bound.args, **bound.kwargs)
    if not isinstance(scene, Scene):
        raise ScenarioError(
            f"scenario {title}: returned {type(scene).__name__}; a scenario returns a Scene"
        )
    return plan_scene(
        scene,
        name=title,
        parameters=bound.arguments,
        models=models,
        trials=trials,
        seed=seed,
        source=source_digest(scenario),
        stages=stages,
    )


def plan_scene(
    scene: Scene,
    *,
    name: str,
    models: Sequence[tuple[str, str]],
    parameters: Mapping[str, Any] | None = None,
    trials: int = 1,
    seed: int = 0,
    source: str = "",
    stages: Mapping[str, str] | None = None,
) -> list[Trial]:
    """The trials of a scene that is built already. Otherwise like ``plan``."""
    if trials < 1:
        raise BadRequest(f"trials: {trials} is no number of trials; use at least 1")
    if not 0 <= seed <= _END_OF_SEEDS - trials:
        raise BadRequest(
            f"seed: {seed} is out of range; use a number from 0 to {_END_OF_SEEDS - trials}"
        )
    if not models:
        raise BadRequest("models: there is none; name at least one")
    values = plain(dict(parameters or {}), f"{name}: parameters")
    cast = cast_of(scene, stages or {})
    worded = {stage: scene.worded(wording_for([stage, *cast.values()])) for _, stage in models}
    texts = {stage: canonical(each) for stage, each in worded.items()}
    planned = [
        Trial(
            id="",
            scenario=name,
            parameters=values,
            scene=worded[stage],
            model=model,
            stage=stage,
            seed=number,
            source=source,
            stages=cast,
        )
        for model, stage in models
        for number in range(seed, seed + trials)
    ]
    return [replace(trial, id=trial_id(trial, texts[trial.stage])) for trial in planned]
