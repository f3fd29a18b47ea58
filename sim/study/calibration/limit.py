"""The best that any instrument could do, where a stage's own probabilities are known.

*Of what was planted.* l_k is the log-probability of the target's line k under the persona that was
planted, less that under its own, each with everything that was said before. With every own turn as
likely to be the first of the plant, and a plant as likely as none,

    P(planted by turn k | all lines) = sum over j <= k of w_j / (n + sum over all j of w_j),
    w_j = exp(l_j + ... + l_n).

No instrument knows the planted persona, so this is a bound for all of them.

*Of what grew.* The share of hidden paths, drawn from their posterior given all lines, on which the
character is at turn k what is looked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import special

from analysis.calibration.talks import GROWN, GROWN_AS, SHAMS, Planted
from analysis.stats import Floats
from sim.layouts import before, layout_of, render
from sim.scene.persona import Persona
from sim.scene.scene import Scene
from sim.stage.base import LogProb, Omniscient, Request, Stage
from sim.store import StoredTrial
from sim.study.calibration.plants import TARGET, changed
from sim.transcript import Transcript

PATHS = 200
"""So many hidden paths are drawn."""

MOST = 50.0
"""The most that one line says: as good as certain."""


async def planted_limits(
    stage: Stage, trials: Mapping[str, StoredTrial], planted: Sequence[Planted]
) -> dict[str, dict[str, Floats]]:
    """P(planted by this turn) of each own turn, by plant and trial, for the trials of the plant and
    the shams of its scenes. A plant for which the stage gives no probabilities is left out."""
    found: dict[str, dict[str, Floats]] = {}
    for plant in dict.fromkeys(each.plant for each in planted):
        if plant in (GROWN, *SHAMS):
            continue
        scenes = {each.scene for each in planted if each.plant == plant}
        some = [
            each
            for each in planted
            if each.plant == plant or (each.plant in SHAMS and each.scene in scenes)
        ]
        ratios = await asyncio.gather(
            *(_ratios(stage, trials[each.trial], changed(each.scene, plant)) for each in some)
        )
        if all(each is not None for each in ratios):
            found[plant] = {
                each.trial: by_turn(own)
                for each, own in zip(some, ratios, strict=True)
                if own is not None
            }
    return found


def by_turn(ratios: Floats) -> Floats:
    """P(planted by this turn | all lines) of each turn, from log-likelihood ratios.

    >>> by_turn(np.array([0.0, 0.0])).tolist()
    [0.25, 0.5]
    """
    count = len(ratios)
    logs = np.cumsum(ratios[::-1])[::-1]
    whole = np.logaddexp(np.log(count), special.logsumexp(logs))
    return np.asarray(np.exp(np.logaddexp.accumulate(logs) - whole))


async def _ratios(stage: Stage, trial: StoredTrial, other: Persona) -> Floats | None:
    """The log-likelihood ratio of each of the target's lines; None if none has a probability."""
    transcript = trial.transcript
    own, planted = trial.scene, _as(trial.scene, other)
    found = []
    for turn in transcript.turns:
        if turn.speaker != TARGET:
            continue
        # Without the interventions: both personas were the actor's from the beginning.
        said = [each for each in before(transcript.events, turn) if each.kind == "turn"]
        values = []
        for scene in (planted, own):
            request = Request(
                render(scene, said, TARGET), 0, TARGET, "score",
                stop=layout_of(scene, scene.seat(TARGET)).stops(scene, scene.seat(TARGET)),
            )  # fmt: skip
            values.append(await stage.log_prob(request, turn.text))
        found.append(_ratio(*values))
    return np.array(found) if any(found) else None


def _ratio(planted: LogProb | None, own: LogProb | None) -> float:
    """The log-likelihood ratio; what one of them cannot say decides, what neither can says nothing
    (foreign text)."""
    if planted is None or own is None:
        return MOST * ((own is None) - (planted is None))
    return float(np.clip(planted.value - own.value, -MOST, MOST))


def _as(scene: Scene, persona: Persona) -> Scene:
    """The scene with another persona for the actor of that name."""
    cast = tuple(
        actor.model_copy(update={"persona": persona}) if actor.name == persona.name else actor
        for actor in scene.cast
    )
    return scene.model_copy(update={"cast": cast})


async def grown_truths(
    stage: Omniscient, trials: Mapping[str, StoredTrial], planted: Sequence[Planted]
) -> tuple[list[Planted], dict[str, dict[str, Floats]]]:
    """What grew by itself in the trials without a plant, and the limit of seeing it by kind.

    The first hidden path that is drawn is the truth, the others are the limit: the truth has the
    law of the paths given the texts.
    """
    completed: list[Planted] = []
    limits: dict[str, dict[str, Floats]] = {kind: {} for kind in GROWN_AS}
    for each in planted:
        if each.plant != GROWN:
            completed.append(each)
            continue
        trial = trials[each.trial]
        scene, transcript = trial.scene, trial.transcript
        paths = [await _path(stage, scene, transcript, seed) for seed in range(PATHS + 1)]
        completed.append(replace(each, characters=paths[0]))
        for kind, character in GROWN_AS.items():
            drawn = np.array([[step == character for step in path] for path in paths[1:]])
            limits[kind][each.trial] = drawn.mean(axis=0)
    return completed, limits


async def _path(
    stage: Omniscient, scene: Scene, transcript: Transcript, seed: int
) -> tuple[str, ...]:
    truths = await stage.truths(scene, transcript, seed)
    return next(each.characters for each in truths if each.actor == TARGET)
