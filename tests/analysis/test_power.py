"""Powers, against simulated studies."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from scipy.stats import t as student

from analysis.power import (
    blocks_for,
    blocks_for_equivalence,
    blocks_for_rule,
    equivalence_power,
    plan_of,
    power_of,
    smallest_effect,
    spread_of,
    topics_for,
)
from analysis.stopping import Method, StoppingRule, decide
from sim.errors import BadRequest

STUDIES = 4000


@pytest.mark.parametrize(
    ("blocks", "effect", "sd"), [(5, 1.0, 0.8), (20, 0.4, 0.6), (80, 0.1, 0.5)]
)
def test_the_power_of_a_t_test_is_that_of_simulated_studies(
    blocks: int, effect: float, sd: float
) -> None:
    """4,000 studies: a share is off by 0.026 once in a thousand times."""
    values = np.random.default_rng(1).normal(effect, sd, (STUDIES, blocks))
    t = values.mean(axis=1) / values.std(axis=1, ddof=1) * np.sqrt(blocks)
    found = float((np.abs(t) > student.ppf(0.975, blocks - 1)).mean())
    assert power_of(blocks, effect, sd) == pytest.approx(found, abs=0.026)


def test_the_power_to_call_arms_alike_is_that_of_simulated_studies() -> None:
    values = np.random.default_rng(2).normal(0.05, 0.5, (STUDIES, 60))
    half = student.ppf(0.95, 59) * values.std(axis=1, ddof=1) / np.sqrt(60)
    found = float((np.abs(values.mean(axis=1)) + half < 0.25).mean())
    assert equivalence_power(60, 0.25, 0.5, 0.05) == pytest.approx(found, abs=0.03)


def test_blocks_are_the_fewest_that_do() -> None:
    count = blocks_for(0.3, 0.7)
    assert count is not None
    assert power_of(count, 0.3, 0.7) >= 0.9 > power_of(count - 1, 0.3, 0.7)
    alike = blocks_for_equivalence(0.3, 0.7)
    assert alike is not None
    assert equivalence_power(alike, 0.3, 0.7) >= 0.9 > equivalence_power(alike - 1, 0.3, 0.7)
    assert blocks_for(1e-6, 1.0) is None
    assert smallest_effect(count, 0.7) == pytest.approx(0.3, abs=0.01)
    assert isnan(smallest_effect(1, 0.7))


@pytest.mark.parametrize("method", ["betting", "group-sequential"])
def test_a_rule_has_the_power_and_the_length_that_were_planned(method: Method) -> None:
    """300 studies by the rule itself, of normal-like differences: a power is off by 0.06 once in a
    thousand times."""
    effect, sd = 0.25, 0.4
    blocks = blocks_for_rule(method, effect, sd, 1.0)
    fixed = blocks_for(effect, sd)
    assert blocks is not None
    assert fixed is not None
    plan = plan_of(method, blocks, effect, sd, 1.0)
    assert blocks > fixed >= plan.median > plan.twice
    mean = (effect + 1) / 2
    spread = mean * (1 - mean) / (sd / 2) ** 2 - 1
    generator = np.random.default_rng(5)
    rule = StoppingRule(0, 1, blocks, None, method)
    found = [
        decide(rule, 2 * generator.beta(mean * spread, (1 - mean) * spread, blocks) - 1)
        for _ in range(300)
    ]
    assert np.mean([each.decided for each in found]) == pytest.approx(plan.power, abs=0.06)
    assert np.median([each.blocks for each in found]) == pytest.approx(plan.median, rel=0.2)


def test_a_law_that_cannot_be_is_refused() -> None:
    with pytest.raises(BadRequest, match="cannot have both"):
        blocks_for_rule("betting", 0.5, 0.9, 1.0)


def test_variances_between_and_within_topics_are_told_apart() -> None:
    generator = np.random.default_rng(6)
    found = []
    for _ in range(200):
        topics = generator.normal(0, 0.5, 12)
        found.append(spread_of([generator.normal(each, 0.8, 6) for each in topics]))
    assert np.mean([each.seeds.estimate**2 for each in found]) == pytest.approx(0.64, abs=0.03)
    assert np.mean([each.topics.estimate**2 for each in found]) == pytest.approx(0.25, abs=0.05)
    held = np.mean([each.seeds.low <= 0.8 <= each.seeds.high for each in found])
    assert held > 0.9
    between = np.mean([each.topics.low <= 0.5 <= each.topics.high for each in found])
    assert between > 0.9


def test_more_seeds_do_not_make_up_for_few_topics() -> None:
    spread = spread_of([np.array([0.0, 0.2, 0.1]) + shift for shift in (0.0, 0.5, 1.0)])
    one, many = topics_for(0.3, spread, 1), topics_for(0.3, spread, 10_000)
    assert one is not None
    assert many is not None
    assert one >= many > 25
    alone = spread_of([np.array([0.0, 0.2, 0.1])])
    assert isnan(alone.topics.estimate)
    assert topics_for(0.3, alone, 5) is None
    assert isnan(spread_of([np.array([1.0]), np.array([2.0])]).seeds.estimate)
