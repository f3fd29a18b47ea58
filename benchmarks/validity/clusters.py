"""Laws of clusters, for ``benchmarks.validity.coverage``: topics with seeds in them, scenes with
actors, debates with judges. Each sample has its interval and the truth beside it.

Units in a cluster are alike: topics have a level of their own (normal or exponential) with a
variance as large as that within them; the actors of a scene share a frailty; the judges of a debate
see the same debate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from analysis.measures.half_life import half_life
from analysis.stats import (
    Floats,
    Interval,
    beta_interval,
    between_groups,
    bounded_mean_interval,
    cluster_bootstrap,
    hierarchical_bootstrap,
    mean_interval,
    paired_difference,
    restricted_mean_time,
    share_of,
)
from analysis.stats.agreement import alpha, reliability
from analysis.stats.effects import cliffs_delta, ratio_of_means
from analysis.stats.incidence import incidence, restricted_mean
from analysis.stats.switching import estimate

SEEDS = 4
"""Seeds in a topic; actors in a scene are three."""

HORIZON = 10
RATES = (0.1, 0.05)
"""q01 and q10 of the switching model."""

Made = tuple[Interval, float]


@dataclass(frozen=True)
class Clustered:
    """What is offered over clusters: its name and law, what is made of so many clusters, for which
    numbers of them, and what a user is told where too few of the intervals hold the truth."""

    name: str
    law: str
    made: Callable[[int, np.random.Generator], Made]
    sizes: tuple[int, ...] = (3, 5, 10, 20)
    told: str = ""


def topics(law: str, count: int, generator: np.random.Generator) -> Floats:
    """Topics by seeds; the mean of the law is 0 (normal) or 1 (skewed)."""
    if law == "skewed":
        level = generator.exponential(1, count)
        return np.asarray(level[:, None] * generator.exponential(1, (count, SEEDS)))
    return np.asarray(generator.normal(size=(count, 1)) + generator.normal(size=(count, SEEDS)))


def _mean(law: str) -> float:
    return 1.0 if law == "skewed" else 0.0


def _topic_mean(law: str) -> Callable[[int, np.random.Generator], Made]:
    return lambda n, g: (mean_interval(topics(law, n, g).mean(axis=1)), _mean(law))


def _bounded(n: int, g: np.random.Generator) -> Made:
    return bounded_mean_interval(topics("skewed", n, g).mean(axis=1), 0, np.inf), 1.0


def _cluster_bootstrap(law: str) -> Callable[[int, np.random.Generator], Made]:
    def made(n: int, g: np.random.Generator) -> Made:
        values, labels = topics(law, n, g).ravel(), np.repeat(np.arange(n), SEEDS)
        return cluster_bootstrap(values, labels, g, 400), _mean(law)

    return made


def _hierarchical(law: str) -> Callable[[int, np.random.Generator], Made]:
    def made(n: int, g: np.random.Generator) -> Made:
        values, labels = topics(law, n, g).ravel(), np.repeat(np.arange(n), SEEDS)
        return hierarchical_bootstrap(values, [labels], g, replicates=400), _mean(law)

    return made


def _stages(n: int, g: np.random.Generator) -> Made:
    """Two stages, topics in each, seeds in these; the stages differ and are not drawn."""
    values = np.concatenate([topics("normal", n, g).ravel() + shift for shift in (-3, 3)])
    stage = np.repeat([0, 1], n * SEEDS)
    labels = np.tile(np.repeat(np.arange(n), SEEDS), 2)
    return hierarchical_bootstrap(values, [stage, labels], g, fixed=1, replicates=400), 0.0


def _pairs(law: str, n: int, g: np.random.Generator) -> tuple[Floats, Floats]:
    """The means of topics in two arms: the topic's level is common, an effect of its own is not."""
    level = topics(law, n, g).mean(axis=1)
    one, two = (topics(law, n, g).mean(axis=1) for _ in range(2))
    return level + one + 0.5, level + two


@cache
def _delta(law: str) -> float:
    one, two = _pairs(law, 200_000, np.random.default_rng(2))
    values = np.sort(two)
    return float(2 * np.searchsorted(values, one).mean() / len(values) - 1)


def _joined(law: str) -> Callable[[int, np.random.Generator], Made]:
    return lambda n, g: (paired_difference(*_pairs(law, n, g), share=False), 0.5)


def _joined_delta(law: str) -> Callable[[int, np.random.Generator], Made]:
    return lambda n, g: (cliffs_delta(*_pairs(law, n, g), paired=True), _delta(law))


def _joined_ratio(n: int, g: np.random.Generator) -> Made:
    return ratio_of_means(*_pairs("skewed", n, g), paired=True), 1.25


def _shares(n: int, g: np.random.Generator) -> Made:
    chance = g.beta(1.5, 3.5, n)
    return share_of(g.binomial(3, chance).astype(float), np.full(n, 3.0)), 0.3


def _fates(n: int, g: np.random.Generator) -> tuple[list[int], list[int], list[int]]:
    """Times, causes and scenes of three actors a scene, watched for at most ten turns."""
    hazard = np.minimum(0.9, np.repeat(g.gamma(2, 0.5, n), 3) * 0.08)
    when = g.geometric(hazard)
    lost = g.integers(4, 2 * HORIZON, 3 * n)
    until = np.minimum(lost, HORIZON)
    cause = np.where(when <= until, 1, 0)
    return np.minimum(when, until).tolist(), cause.tolist(), np.repeat(np.arange(n), 3).tolist()


@cache
def _survival() -> Floats:
    hazard = np.minimum(0.9, np.random.default_rng(3).gamma(2, 0.5, 400_000) * 0.08)
    return np.array([float(((1 - hazard) ** k).mean()) for k in range(HORIZON + 1)])


def _incidence(n: int, g: np.random.Generator) -> Made:
    times, causes, scenes = _fates(n, g)
    found = incidence(times, causes, scenes, kinds=1)
    last = found.value.shape[1] - 1
    limits = (found.value[1, last], found.low[1, last], found.high[1, last])
    return Interval(*map(float, limits)), float(1 - _survival()[last + 1])


def _restricted(n: int, g: np.random.Generator) -> Made:
    times, causes, scenes = _fates(n, g)
    found = restricted_mean(times, [bool(each) for each in causes], scenes, HORIZON)
    return found, float(_survival()[:HORIZON].sum())


def _kaplan_meier(n: int, g: np.random.Generator) -> Made:
    event, lost = g.exponential(8, n), g.uniform(6, 30, n)
    found = restricted_mean_time(np.minimum(event, lost), event <= lost, 10.0)
    return found, 8 * (1 - float(np.exp(-10 / 8)))


def judged(n: int, g: np.random.Generator) -> pd.DataFrame:
    """Three judges of debates, each of which is as clear as it is."""
    chance = g.beta(0.5, 0.5, n)
    return pd.DataFrame((g.random((3, n)) < chance).astype(int))


@cache
def _alpha() -> float:
    return alpha(judged(60_000, np.random.default_rng(4)))


def _agreement(n: int, g: np.random.Generator) -> Made:
    return reliability(judged(n, g), replicates=500), _alpha()


def _half_life(n: int, g: np.random.Generator) -> Made:
    turns = np.arange(0, 24, 2)
    shape = 0.4 + 1.2 * 0.5 ** (turns / 5)
    level = g.normal(0, 0.1, (n, 1))
    curves = shape + level + g.normal(0, 0.06, (n, len(turns)))
    return half_life([pd.Series(curve, turns) for curve in curves]), 5.0


def _switching(place: int) -> Callable[[int, np.random.Generator], Made]:
    def made(n: int, g: np.random.Generator) -> Made:
        series = []
        for _ in range(n):
            other, seen = False, []
            for _ in range(12):
                other = g.random() >= RATES[1] if other else bool(g.random() < RATES[0])
                shown = other and g.random() >= 0.3
                seen.append(2.5 * g.normal(2.5 if shown else 0.0) - 3.125)
            series.append(np.clip(np.array(seen), -6, 6))
        found = estimate(series)
        return (found.q01, found.q10)[place], RATES[place]

    return made


def _components(n: int, g: np.random.Generator) -> Made:
    return between_groups(topics("normal", n, g)), 1.0


def _beta(n: int, g: np.random.Generator) -> Made:
    chance = float(g.beta(0.5, 0.5))
    return beta_interval(int(g.binomial(n, chance)), n), chance


_SKEWED = "by_arm takes `mean, bounded` where there is a bound; else *few and skewed* (of 5 to 20)"
_DRAWN = "no measure uses it; its docstring says so"
_FEW = "no measure uses it: compare takes Student's over topics, and says *few topics* below six"
CLUSTERED = (
    Clustered("mean over topics", "normal", _topic_mean("normal")),
    Clustered("mean over topics", "skewed", _topic_mean("skewed"), told=_SKEWED),
    Clustered("mean over topics, bounded", "skewed", _bounded, told=_SKEWED),
    Clustered("cluster bootstrap", "normal", _cluster_bootstrap("normal"), told=_FEW),
    Clustered("cluster bootstrap", "skewed", _cluster_bootstrap("skewed"), told=_FEW),
    Clustered("hierarchical bootstrap", "normal", _hierarchical("normal")),
    Clustered("hierarchical bootstrap", "skewed", _hierarchical("skewed"), told=_DRAWN),
    Clustered("hierarchical bootstrap", "two stages", _stages),
    Clustered("difference over topics", "normal", _joined("normal")),
    Clustered("difference over topics", "skewed", _joined("skewed")),
    Clustered("Cliff's delta over topics", "normal", _joined_delta("normal")),
    Clustered("Cliff's delta over topics", "skewed", _joined_delta("skewed")),
    Clustered("ratio over topics", "skewed", _joined_ratio),
    Clustered("share of actors, over scenes", "shares", _shares),
    Clustered("cumulative incidence", "frailty of a scene", _incidence),
    Clustered("restricted mean, over scenes", "frailty of a scene", _restricted),
    Clustered("restricted mean, of trials", "exponential", _kaplan_meier),
    Clustered("Krippendorff's alpha", "debates", _agreement, (3, 5, 10, 20, 40)),
    Clustered("half-life of a distance", "exponential decay", _half_life),
    Clustered("rate of switching, q01", "12 turns", _switching(0), (5, 10, 20)),
    Clustered("rate of returns, q10", "12 turns", _switching(1), (5, 10, 20)),
    Clustered("variance between groups", "normal", _components),
    Clustered("share, Bayesian (Jeffreys)", "share ~ its prior", _beta),
)
