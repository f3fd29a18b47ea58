"""How many kinds there are: against populations that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from analysis.stats.richness import (
    divergence,
    divergence_test,
    entropy_of_kinds,
    kinds_interval,
    richness,
    unseen_share,
)

counts = st.lists(st.integers(0, 12), min_size=1, max_size=12).filter(any)


@given(counts)
@settings(max_examples=50, deadline=None)
def test_laws(seen: list[int]) -> None:
    assert richness(seen) >= sum(count > 0 for count in seen)
    assert 0 <= unseen_share(seen) <= 1
    assert entropy_of_kinds(seen) >= -1e-9
    for statistic in (richness, unseen_share, entropy_of_kinds):
        assert statistic(seen) == pytest.approx(statistic([0, *seen[::-1]]))
    interval = kinds_interval(seen, richness, np.random.default_rng(1), draws=30)
    if sum(seen) >= 5:
        assert interval.low <= interval.estimate + 1e-9
        assert interval.estimate <= interval.high + 1e-9


@given(counts, counts)
@settings(max_examples=100, deadline=None)
def test_the_divergence_is_scipys(first: list[int], second: list[int]) -> None:
    size = max(len(first), len(second))
    one, two = (np.array([*each, *[0] * (size - len(each))], dtype=float)
                for each in (first, second))  # fmt: skip
    assert divergence(one, two) == pytest.approx(jensenshannon(one, two, base=2) ** 2, abs=1e-9)
    assert divergence(one, two) == pytest.approx(float(divergence(two, one)))


def test_estimates_come_close_to_a_known_population() -> None:
    """60 kinds, of which some are not seen: bias and coverage over 60 samples of a fixed seed. Of
    95% intervals fewer than 50 of 60 hold in 0.2% of seeds."""
    generator = np.random.default_rng(7)
    shares = 1 / np.arange(2, 62)
    shares /= shares.sum()
    bits = float(-(shares * np.log2(shares)).sum())
    held, entropies, plain, missed = 0, [], [], []
    for _ in range(60):
        seen = generator.multinomial(60, shares)
        found = kinds_interval(seen, entropy_of_kinds, generator, draws=60)
        held += found.low <= bits <= found.high
        entropies.append(found.estimate)
        own = seen[seen > 0] / seen.sum()
        plain.append(float(-(own * np.log2(own)).sum()))
        missed.append(unseen_share(seen) - float(shares[seen == 0].sum()))
    assert abs(np.mean(entropies) - bits) < 0.25 < bits - np.mean(plain)
    assert abs(np.mean(missed)) < 0.03
    assert held >= 50


def test_one_population_is_found_apart_as_seldom_as_it_may() -> None:
    """At 0.05, more than 9 alarms in 60 come in 0.1% of seeds."""
    generator = np.random.default_rng(3)
    shares = np.array([0.4, 0.3, 0.1, *[0.02] * 10])
    alarms = 0
    for _ in range(60):
        first, second = (
            {
                f"k{place}": int(count)
                for place, count in enumerate(generator.multinomial(n, shares))
            }
            for n in (40, 25)
        )
        observed, expected, p = divergence_test(first, second, generator, draws=199)
        alarms += p <= 0.05
        assert 0 <= expected <= 1
        assert observed > 0
    assert alarms <= 9
    assert divergence_test({"a": 30}, {"a": 5, "b": 25}, generator, draws=199)[2] <= 0.01
    assert np.isnan(divergence_test({}, {"a": 1}, generator)).all()
