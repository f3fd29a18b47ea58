"""The exact stage as the tests watch it: scenes it plays, and what its filter believes of a scene.

Statistics are here too. A speaker's errors in one scene hang together, so what is averaged over
turns has its standard error over speakers of scenes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random
from types import ModuleType
from typing import Any

import numpy as np

from sim.engine import play
from sim.events import Turn
from sim.layouts import render
from sim.scene.actor import Actor
from sim.scene.endings import after
from sim.scene.graph import ring
from sim.scene.persona import Persona
from sim.scene.scene import Scene
from sim.seeds import derive
from sim.stage.base import Request
from sim.stage.exact import ExactStage
from sim.stage.exact.forward_filter import Situation
from sim.stage.exact.observations import Heard
from sim.stage.exact.script import read_facts
from sim.transcript import Transcript

TOPIC = "the mill"


def company(ancestral: ModuleType) -> list[Any]:
    """A kind guardian who insists, a provocateur who taunts, and somebody in between."""
    points = ("the mill", "the winter stores", "my brother's wages")
    return [
        ancestral.Player("Ada", 0.75, ("kind",), True, points),
        ancestral.Player("Ben", -0.75, ("harsh",), False, points),
        ancestral.Player("Cleo", 0.25, (), False, points),
    ]


def scene_of(cast: Sequence[Any], turns: int, layout: str = "persona_first", **more: Any) -> Scene:
    """The scene that these players are in."""
    return Scene(
        topic=TOPIC,
        cast=tuple(
            Actor(
                Persona(
                    name=one.name,
                    brief="One who never gives in." if one.insistent else "One of them.",
                    stances={"it": one.stance},
                    traits=one.temperament,
                    points=one.points,
                )
            )
            for one in cast
        ),
        graph=ring(*(one.name for one in cast)),
        ends=after(turns=turns),
        layout=layout,
        **more,
    )


def numbering(letters: Mapping[str, str]) -> str:
    """The setting of a scene whose speakers number their claims; blank if none has a letter."""
    if not letters:
        return ""
    marks = ", ".join(f"{name} [{one}1], [{one}2], ..." for name, one in letters.items())
    return f"A hall. Each numbers its claims, {marks}, and cites a claim by its number."


def played(stage: ExactStage, scene: Scene, seeds: Sequence[int]) -> list[Transcript]:
    """The scene, played by the engine with each of the seeds."""

    async def all_of_them() -> list[Transcript]:
        return [await play(scene, stage, seed=seed) for seed in seeds]

    return asyncio.run(all_of_them())


def ancestral_scenes(world: Any, cast: Sequence[Any], turns: int, count: int, seed: int) -> Any:
    """Scenes of the ancestral simulator."""
    return [
        world.play(cast, turns, Random(derive(seed, "ancestral", n)), TOPIC) for n in range(count)
    ]


def as_turns(lines: Sequence[tuple[str, str]]) -> list[Turn]:
    """Lines as the turns of a transcript."""
    return [Turn(index, name, text) for index, (name, text) in enumerate(lines, start=1)]


def lines_of(said: Sequence[Any]) -> list[tuple[str, str]]:
    return [(one.speaker, one.text) for one in said]


@dataclass(frozen=True)
class Step:
    """One own turn, as the filter sees it: before it spoke, and after."""

    situation: Situation
    filtered: tuple[float, ...]
    node: Heard


def trace(stage: ExactStage, scene: Scene, turns: Sequence[Turn], name: str) -> list[Step]:
    """What the filter believes about a speaker at each of its own turns."""
    request = Request(render(scene, turns, name), 0, name)
    script, facts = stage.read(request)
    inference = stage.inference
    inference.belief(facts, script.node)
    node, steps = script.node, []
    while node.parent is not None:
        if node.speaker == name:
            situation = inference.situation(
                facts, inference.belief(facts, node.parent), node.parent
            )
            filtered = inference.belief(facts, node).filtered
            assert filtered is not None
            steps.append(Step(situation, filtered, node))
        node = node.parent
    steps.reverse()
    return steps


def smoothed(steps: Sequence[Step]) -> list[tuple[float, ...]]:
    """P(z | all texts) at each own turn: the filter, corrected backwards."""
    smoothed: list[tuple[float, ...]] = []
    for index in range(len(steps) - 1, -1, -1):
        here = steps[index].filtered
        if smoothed:
            later = steps[index + 1].situation
            ahead = [
                b / a if a > 0 else 0.0 for a, b in zip(later.predicted, smoothed[-1], strict=True)
            ]
            here = tuple(
                p * sum(q * r for q, r in zip(row, ahead, strict=True))
                for p, row in zip(here, later.switching, strict=True)
            )
        smoothed.append(here)
    smoothed.reverse()
    return smoothed


def facts_of(scene: Scene, name: str) -> Any:
    """What the stage reads about a speaker."""
    prompt = render(scene, (), name)
    return read_facts("\n" + prompt.chunks()[0].text, name)


# --- Statistics --------------------------------------------------------------------------------


def counted(happened: Sequence[bool], hazards: Sequence[float]) -> float:
    """(N - sum h) / sqrt(sum h (1 - h)): a martingale's end, in its own standard deviations."""
    expected = float(np.sum(hazards))
    spread = sqrt(float(np.sum(np.multiply(hazards, np.subtract(1.0, hazards)))))
    excess = sum(happened) - expected
    if spread == 0.0:
        return 0.0 if abs(excess) < 1e-9 else float("inf")
    return excess / spread


def rarity(happened: Sequence[bool], chances: Sequence[float]) -> float:
    """p-value, two-sided, of the number of independent events that happened: Poisson-binomial."""
    law = np.ones(1)
    for p in chances:
        law = np.convolve(law, (1 - p, p))
    count = sum(happened)
    return min(1.0, 2 * min(float(law[: count + 1].sum()), float(law[count:].sum())))


def clustered(errors: Sequence[float], variances: Sequence[float], owners: Sequence[int]) -> float:
    """Sum of errors over its standard error, of which the larger is taken: that over owners (who
    err together), or that of the model (which small clusters may miss)."""
    sums = np.bincount(owners, weights=errors)
    spread = max(float(np.sum(sums**2)), float(np.sum(variances)))
    return float(np.sum(errors)) / sqrt(spread) if spread > 0 else 0.0


def same_law(first: Any, second: Any, seed: int, draws: int = 4999) -> float:
    """p-value that two samples of scenes (rows of features) have one law.

    A permutation test of whole scenes. Two statistics, the sum of the squared standardised
    differences of means and the largest of them; the smaller p counts, doubled.
    """
    rows = np.vstack([first, second]).astype(float)
    rows = rows[:, rows.std(axis=0) > 0]
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    generator = np.random.default_rng(seed)
    label = np.zeros(len(rows))
    label[: len(first)] = 1.0
    labels = np.vstack([label, *(generator.permutation(label) for _ in range(draws))])
    difference = (labels @ rows) ** 2  # columns are centred, so the rest is the same sum, negated
    statistics = (difference.sum(axis=1), difference.max(axis=1))
    ps = [float(np.mean(one >= one[0] * (1 - 1e-12))) for one in statistics]
    return min(1.0, 2 * min(ps))
