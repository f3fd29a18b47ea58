"""The energy distance of arms: unbiased, with a test that keeps its level."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from analysis.energy_distance import CELLS, energy_distance, sign_flips, squared_length


def frame(shares: dict[str, np.ndarray], topics: int = 1) -> pd.DataFrame:
    """Arms by seeds by kinds, dealt over topics, as rows of trials."""
    rows = [
        (arm, f"t{seed % topics}", seed, *row)
        for arm, values in shares.items()
        for seed, row in enumerate(values.tolist())
    ]
    kinds = [f"k{place}" for place in range(len(next(iter(shares.values()))[0]))]
    return pd.DataFrame(rows, columns=[*CELLS, *kinds])


def drawn(law: list[float], count: int, generator: np.random.Generator) -> np.ndarray:
    """Shares of four lines each."""
    return generator.multinomial(4, law, count) / 4


def test_it_is_unbiased_and_the_test_keeps_its_level() -> None:
    """1,000 replications with nothing there, and with shares that differ by (0.2, 0.1, -0.3)."""
    generator = np.random.default_rng(4)
    nothing, something, rejected = [], [], 0
    for _ in range(1000):
        one, other = (drawn([0.5, 0.3, 0.2], 10, generator) for _ in range(2))
        vectors = one - other
        nothing.append(squared_length(vectors))
        rejected += sign_flips(vectors) <= 0.05
        moved = drawn([0.3, 0.2, 0.5], 10, generator)
        something.append(squared_length(one - moved))
    assert abs(np.mean(nothing)) < 4 * np.std(nothing) / np.sqrt(1000)
    error = 4 * np.std(something) / np.sqrt(1000)
    assert abs(np.mean(something) - (0.2**2 + 0.1**2 + 0.3**2)) < error
    assert binomtest(rejected, 1000, 0.05).pvalue > 0.001


def test_topics_are_the_units_where_there_are_enough() -> None:
    generator = np.random.default_rng(1)
    shares = {arm: drawn([0.5, 0.5], 24, generator) for arm in ("a", "b")}
    assert energy_distance(frame(shares, 6), {"a": 1, "b": -1}).unit == "topic"
    few = energy_distance(frame(shares, 3), {"a": 1, "b": -1})
    assert (few.unit, few.units, few.topics) == ("block", 24, 3)


def test_what_is_missing_is_counted_and_leaves_its_block_out() -> None:
    generator = np.random.default_rng(2)
    numbers = frame({arm: drawn([0.5, 0.5], 8, generator) for arm in ("a", "b")})
    numbers.loc[0, "k1"] = np.nan
    found = energy_distance(numbers, {"a": 1, "b": -1})
    assert (found.units, found.missing) == (7, {"a": 1, "b": 0})


@pytest.mark.parametrize("count", [0, 1])
def test_of_one_block_nothing_is_said(count: int) -> None:
    numbers = frame({"a": np.ones((1, 2)) / 2, "b": np.ones((1, 2)) / 2}).head(2 * count)
    found = energy_distance(numbers, {"a": 1, "b": -1})
    assert np.isnan(found.interval.estimate)
    assert np.isnan(found.p)
