"""The hierarchical model against laws, and against what it becomes where it has a closed form."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.stats.factorial import factorial
from analysis.stats.hierarchical import (
    Mixture,
    explained,
    hierarchical,
    spread_beyond_sampling,
)

numbers = st.lists(st.floats(-5, 5), min_size=5, max_size=12).filter(lambda x: np.std(x) > 0.01)


@given(values=numbers, shift=st.floats(-10, 10), scale=st.floats(0.1, 10))
@settings(max_examples=20, deadline=None)
def test_units_and_zero_do_not_matter(values: list[float], shift: float, scale: float) -> None:
    y, v = np.array(values), np.full(len(values), 0.3)
    one, other = hierarchical(y, v), hierarchical(scale * y + shift, scale**2 * v)
    assert one is not None
    assert other is not None
    for a, b in ((one.new().interval(), other.new().interval()),):
        assert (b.low, b.high) == pytest.approx((scale * a.low + shift, scale * a.high + shift),
                                                abs=1e-6 * scale + 1e-6)  # fmt: skip
    assert other.tau().estimate == pytest.approx(scale * one.tau().estimate, rel=1e-6)
    assert one.new().above(1.0) == pytest.approx(other.new().above(scale + shift), abs=1e-9)


def test_a_new_world_varies_more_than_the_mean() -> None:
    generator = np.random.default_rng(0)
    found = hierarchical(generator.normal(0, 1, 20), np.full(20, 0.1))
    assert found is not None
    mean, new = found.coefficient(0).interval(), found.new().interval()
    assert new.low < mean.low < mean.high < new.high


def test_with_large_samples_it_is_the_spread_of_the_worlds() -> None:
    """Without sampling error tau has the posterior of a standard deviation."""
    generator = np.random.default_rng(1)
    values = generator.normal(2, 0.5, 400)
    found = hierarchical(values, np.full(400, 1e-6))
    assert found is not None
    assert found.tau().estimate == pytest.approx(float(values.std(ddof=1)), rel=0.03)
    new = found.new().interval()
    assert new.high - new.low == pytest.approx(2 * 1.96 * float(values.std(ddof=1)), rel=0.04)


def test_a_mixture_is_its_parts() -> None:
    alone = Mixture(np.array([1.0]), np.array([2.0]), np.array([1.0]))
    assert alone.interval().low == pytest.approx(1 - 1.959964 * 2, abs=1e-4)
    assert alone.above(1.0) == pytest.approx(0.5)


def test_too_few_worlds_say_nothing() -> None:
    assert hierarchical(np.zeros(3), np.ones(3)) is None
    assert hierarchical(np.arange(5.0), np.ones(5), np.ones((5, 2))) is None


def test_the_variance_beyond_sampling_has_no_bias() -> None:
    """The mean over 2,000 draws lies within 4 standard errors of the truth."""
    generator = np.random.default_rng(2)
    found = [
        spread_beyond_sampling(
            generator.normal(0, sqrt(0.04 + 0.09), 12), np.full(12, 0.09)
        )
        for _ in range(2000)
    ]  # fmt: skip
    assert abs(np.mean(found) - 0.04) < 4 * np.std(found) / sqrt(2000)


def test_the_factor_that_makes_the_spread_explains_it() -> None:
    generator = np.random.default_rng(3)
    levels = factorial(6, 48).levels
    values = 0.5 + 0.3 * levels[:, 2] + generator.normal(0, 0.1, 48)
    found = explained(values, np.full(48, 0.008), levels)
    shares = [each.share for each in found]
    assert shares[2].low > 0.8
    assert found[2].effect.low < 0.3 < found[2].effect.high
    assert all(each.low == 0 for place, each in enumerate(shares) if place != 2)


def test_nothing_is_known_of_a_factor_that_is_the_same_in_all_worlds() -> None:
    """The worlds that have it otherwise may be those without a number."""
    generator = np.random.default_rng(3)
    levels = generator.permuted(np.tile([-1.0, 1.0], 6))[:, None] * np.ones((12, 2))
    levels[:, 0] = -1.0
    estimates = 0.5 * levels[:, 1] + generator.normal(0, 0.05, 12)
    same, other = explained(estimates, np.full(12, 0.01), levels)
    assert np.isnan(same.effect.estimate)
    assert np.isnan(same.share.estimate)
    assert other.effect.low > 0.3
    assert hierarchical(estimates, np.full(12, 0.01), levels) is None
