"""Contrasts of a crossed design: they add up, and their intervals hold."""

from __future__ import annotations

from itertools import permutations
from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.stats import Floats
from analysis.stats.decomposition import (
    FEWEST,
    Crossed,
    Factor,
    Reach,
    Step,
    by_reroll,
    fieller,
    over_scenes,
)

ONE = Reach(1.0, 1.0)
"""That of a difference of two shares."""


@st.composite
def designs(draw: st.DrawFn) -> Crossed:
    sizes = draw(st.lists(st.integers(2, 4), min_size=1, max_size=3))
    return Crossed(
        tuple(
            Factor(f"f{place}", tuple(f"l{level}" for level in range(size)))
            for place, size in enumerate(sizes)
        )
    )


@given(designs(), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_contributions_add_up_to_the_total(design: Crossed, seed: int) -> None:
    means = np.random.default_rng(seed).normal(size=len(design.cells))
    total = float(design.total @ means)
    assert total == pytest.approx(means[-1] - means[0])
    assert float((design.in_order @ means).sum()) == pytest.approx(total)
    assert float((design.shapley @ means).sum()) == pytest.approx(total)
    assert float((design.alone @ means).sum() + design.interaction @ means) == pytest.approx(total)


@given(designs(), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_where_causes_only_add_up_every_order_says_the_same(design: Crossed, seed: int) -> None:
    generator = np.random.default_rng(seed)
    levels = [generator.normal(size=len(factor.levels)) for factor in design.factors]
    means = np.array(
        [sum(own[level] for own, level in zip(levels, cell, strict=True)) for cell in design.cells]
    )
    assert design.in_order @ means == pytest.approx(design.alone @ means)
    assert design.in_order @ means == pytest.approx(design.shapley @ means)
    assert float(design.interaction @ means) == pytest.approx(0, abs=1e-9)


@given(designs(), st.data())
@settings(deadline=None, max_examples=40)
def test_what_changes_nothing_contributes_nothing(design: Crossed, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(range(len(design.steps))))
    step = design.steps[place]
    generator = np.random.default_rng(7)
    drawn: dict[tuple[int, ...], float] = {}

    def key(cell: tuple[int, ...]) -> tuple[int, ...]:
        # The level that is reached counts as the one before it.
        level = cell[step.factor]
        return (*cell[: step.factor], level - (level == step.level), *cell[step.factor + 1 :])

    means = np.array([drawn.setdefault(key(c), generator.normal()) for c in design.cells])
    for rows in (design.in_order, design.alone, design.shapley):
        assert float(rows[place] @ means) == pytest.approx(0, abs=1e-12)


def test_shapley_is_the_mean_over_all_orders_that_keep_levels_in_sequence() -> None:
    design = Crossed(
        (Factor("a", ("0", "1")), Factor("b", ("0", "1")), Factor("c", ("0", "1", "2", "3", "4")))
    )
    means = np.random.default_rng(3).normal(size=20)
    value = dict(zip(design.cells, means, strict=True))
    sums = np.zeros(len(design.steps))
    orders = set(permutations([0, 1, 2, 2, 2, 2]))
    for order in orders:
        levels = [0, 0, 0]
        for factor in order:
            before = value[tuple(levels)]
            levels[factor] += 1
            place = design.steps.index(Step(factor, levels[factor]))
            sums[place] += value[tuple(levels)] - before
    assert len(orders) == design.orders == 30
    assert design.shapley @ means == pytest.approx(sums / 30)


def held(count: int, covered: int) -> bool:
    """Whether a coverage is compatible with 95% (exact binomial test at 0.001)."""
    return bool(stats.binomtest(covered, count, 0.95).pvalue > 0.001)


def test_limits_over_scenes_cover_what_other_scenes_would_say() -> None:
    generator = np.random.default_rng(1)
    times, covered = 600, 0
    for _ in range(times):
        chances = generator.beta(2, 2, size=12)
        with_it = generator.random((12, 10)) < chances[:, None]
        shown: Floats = with_it.astype(float) - (generator.random((12, 10)) < 0.3)
        found = over_scenes(shown, ONE)
        covered += found.low <= 0.2 <= found.high
    assert held(times, covered), covered


def test_limits_over_re_rolls_cover_what_these_scenes_would_say() -> None:
    generator = np.random.default_rng(2)
    times, covered = 600, 0
    for _ in range(times):
        chances = generator.uniform(0.2, 0.8, size=(3, 2))
        values = generator.random((3, 20, 2)) < chances[:, None, :]
        truth = float((chances[:, 1] - chances[:, 0]).mean())
        found = by_reroll(values[..., 1].astype(float) - values[..., 0], ONE)
        covered += found.low <= truth <= found.high
    assert held(times, covered), covered


def test_a_contrast_that_few_scenes_carry_is_not_missed_more_often_than_it_says() -> None:
    """One scene in five is of another kind; Student's t alone covers about 87% here."""
    generator = np.random.default_rng(3)
    times, covered = 400, 0
    for _ in range(times):
        kind = generator.random(20) < 0.2
        values = (generator.random((20, 20)) < np.where(kind, 0.4, 0.0)[:, None]).astype(float)
        found = over_scenes(values, ONE)
        covered += found.low <= 0.08 <= found.high
    assert covered / times > 0.93, covered


def test_few_scenes_and_branches_that_never_differ_have_honest_limits() -> None:
    assert isnan(over_scenes(np.ones((FEWEST - 1, 10)), ONE).low)
    alike = over_scenes(np.zeros((FEWEST, 10)), ONE)
    assert alike.low == -alike.high
    assert 0.02 < alike.high < 0.1
    assert isnan(over_scenes(np.zeros((FEWEST, 10)), Reach()).low)
    assert isnan(by_reroll(np.zeros((1, 20)), Reach()).low)
    numbers = np.random.default_rng(4).normal(size=(FEWEST, 10))
    assert not isnan(over_scenes(numbers, Reach()).low)


def test_fieller_is_the_set_of_ratios_that_are_not_refused() -> None:
    generator = np.random.default_rng(5)
    whole = generator.normal(0.6, 0.2, 15)
    part = 0.4 * whole + generator.normal(0, 0.1, 15)
    found = fieller(part, whole)
    for limit in (found.low, found.high):
        assert stats.ttest_1samp(part - limit * whole, 0).pvalue == pytest.approx(0.05)
    assert stats.ttest_1samp(part - found.estimate * whole, 0).pvalue > 0.9
    # Where the whole is not told from 0 any ratio would do.
    assert isnan(fieller(part, whole - whole.mean()).low)
