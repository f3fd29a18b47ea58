"""Stances that move by a planted law, as panels and as trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.opinions.models import Coefficients
from analysis.opinions.panel import Panel
from analysis.stats import Floats
from analysis.tables import Record
from sim.events import Answer

NAMES = ("Ada", "Ben", "Cleo", "Dov", "Eve")


def drawn(mean: Floats, generator: np.random.Generator, grid: int = 24) -> Floats:
    """Values on a grid on [-1, 1] that have these means."""
    share = np.clip((1 + mean) / 2, 0, 1)
    return np.asarray(2 * generator.binomial(grid, share) / grid - 1, dtype=np.float64)


def answers(
    law: Coefficients, begun: Floats, waves: int, generator: np.random.Generator, sign: float = 1.0
) -> Floats:
    """Answers of scenes that begin at ``begun``: scenes by waves by actors.

    What is said differs from what is thought, and answers differ from both.
    """
    thought = [begun]
    for _ in range(waves - 1):
        said = drawn(thought[-1], generator)
        pull = law.drift + sign * law.wording
        thought.append(said @ law.transition.T + begun * law.anchor + pull)
    return drawn(np.stack(thought, axis=1), generator)


def panel(law: Coefficients, scenes: int, seed: int, waves: int = 6) -> Panel:
    """A panel of scenes that begin anywhere."""
    generator = np.random.default_rng(seed)
    begun = generator.uniform(-0.9, 0.9, (scenes, len(law.anchor)))
    return Panel.of(answers(law, begun, waves, generator))


def records(
    values: Floats, *, step: int = 2, issue: str = "x", first: int = 0, **facts: Any
) -> list[Record]:
    """Trials whose actors give these answers (scenes by waves by actors) every ``step`` turns."""
    names: Sequence[str] = NAMES[: values.shape[2]]
    begin = facts.pop("seed", 0)
    name = facts.get("model", "m") + facts.get("scenario", "")
    return [
        Record(
            f"{name}{begin + number}{facts.get('parameters', '')}",
            [{"name": each} for each in names],
            [
                Answer(
                    first + step * wave,
                    each,
                    f"stance:{issue}",
                    None if np.isnan(value) else float(value),
                    missing="odd" if np.isnan(value) else None,
                )
                for wave, row in enumerate(scene)
                for each, value in zip(names, row, strict=True)
            ],
            seed=begin + number,
            **facts,
        )
        for number, scene in enumerate(values)
    ]
