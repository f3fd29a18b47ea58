"""Effects over worlds: what is robust, what is fragile, and what cannot be said."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.equivalent_worlds import Worlds, over_worlds
from analysis.stats import Floats
from analysis.stats.factorial import factorial

DESIGN = factorial(6, 48)
FACTORS = ("format", "person", "names", "order", "frame", "polarity")


def worlds(
    effects: Floats, seed: int = 0, seeds: int = 5, noise: float = 0.3, **how: object
) -> Worlds:
    """Worlds with these true effects, played with some seeds each."""
    generator = np.random.default_rng(seed)
    rows = [
        (world, arm, "", number, generator.normal(effect if arm == "with" else 0.0, noise))
        for world, effect in enumerate(effects)
        for number in range(seeds)
        for arm in ("with", "without")
    ]
    frame = pd.DataFrame(rows, columns=["world", "arm", "topic", "seed", "value"])
    weights = {"with": 1.0, "without": -1.0}
    return over_worlds(frame, weights, DESIGN, FACTORS, **how)  # type: ignore[arg-type]


FORMAT = DESIGN.levels[:, 0]


@pytest.mark.parametrize(
    ("effects", "how", "outcome", "factor"),
    [
        (np.full(48, 0.5), {}, "robust", None),
        (0.3 - 0.3 * FORMAT, {}, "fragile", 0),
        # Turned round in half of the worlds: the mean is nothing, and yet there is an effect.
        (0.4 * FORMAT, {}, "fragile", 0),
        (np.zeros(48), {}, "not shown", None),
        (np.full(48, -0.5), {}, "the opposite", None),
        (np.full(48, -0.5), {"expected": "different"}, "robust", None),
        (np.zeros(48), {"expected": "alike", "margin": 0.3}, "robust", None),
        (0.3 * FORMAT, {"expected": "alike", "margin": 0.2}, "fragile", 0),
        (np.full(48, 0.5), {"null": 0.5}, "not shown", None),
    ],
)
def test_what_becomes_of_an_effect(
    effects: Floats, how: dict[str, object], outcome: str, factor: int | None
) -> None:
    found = worlds(effects, **how)
    assert (found.outcome, found.main) == (outcome, factor)


def test_counting_worlds_is_not_what_decides() -> None:
    """Three worlds in four have the right sign, which noise does as well: nothing is said of a new
    one, and no spread is made of it."""
    found = worlds(np.full(48, 0.12), seed=1)
    assert 30 < (found.estimates > 0).sum() < 40
    assert found.outcome == "not settled"
    assert not found.differing
    assert found.new.low < 0 < found.mean.low


@given(order=st.permutations(range(20)), seed=st.integers(0, 99))
@settings(max_examples=4, deadline=None)
def test_the_order_of_rows_does_not_matter(order: list[int], seed: int) -> None:
    generator = np.random.default_rng(seed)
    design = factorial(3, 12)
    frame = pd.DataFrame(
        [(world, arm, "", number, generator.normal()) for world in range(8)
         for number in range(3) for arm in ("a", "b")],
        columns=["world", "arm", "topic", "seed", "value"],
    )  # fmt: skip
    shuffled = frame.iloc[[*order, *range(20, len(frame))]]
    one, other = (over_worlds(each, {"a": 1, "b": -1}, design, ("x", "y", "z"))
                  for each in (frame, shuffled))  # fmt: skip
    assert np.allclose(one.estimates, other.estimates)
    assert np.allclose(one.variances, other.variances)
    assert one.differ == other.differ


def test_a_topic_counts_as_one_whatever_its_number_of_blocks() -> None:
    design = factorial(3, 12)
    rows = []
    for world in range(8):
        for topic, value, seeds in (("tea", 1.0, 2), ("ale", 3.0, 6)):
            rows += [(world, "a", topic, seed, value + 0.01 * seed) for seed in range(seeds)]
    frame = pd.DataFrame(rows, columns=["world", "arm", "topic", "seed", "value"])
    found = over_worlds(frame, {"a": 1}, design, ("x", "y", "z"))
    assert found.estimates == pytest.approx([(1.005 + 3.025) / 2] * 8)


def test_a_world_without_a_number_is_none_of_them() -> None:
    """Missing is never zero."""
    design = factorial(3, 12)
    generator = np.random.default_rng(0)
    rows = [(world, arm, "", seed, nan if world == 3 else generator.normal(1 if arm == "a" else 0))
            for world in range(8) for seed in range(3) for arm in ("a", "b")]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["world", "arm", "topic", "seed", "value"])
    found = over_worlds(frame, {"a": 1, "b": -1}, design, ("x", "y", "z"))
    assert isnan(found.estimates[3])
    assert found.known.sum() == 7
    assert found.blocks == 21
