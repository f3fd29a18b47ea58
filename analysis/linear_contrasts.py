"""Linear contrasts: a weighted sum of the means of arms, with its interval and its test.

Arms that are played with the same topics and seeds are compared within them: a *block* is a topic
and a seed, and its value is the weighted sum over arms. Where arms share no seeds they are taken as
independent samples.

Topics are what a finding is generalised over. With ``FEWEST`` of them or more they are the units:
the limits are Student's over topics, and the test flips the signs of topics. With fewer, blocks are
the units and the topics are fixed: what is found holds for these topics only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np
import pandas as pd
from scipy import special  # scipy.stats takes two seconds to import

from analysis.stats import UNKNOWN, Floats, Interval, mean_interval, paired_difference, sign_flip
from analysis.stats.permutation import least_p, permuted
from analysis.weaknesses import FEWEST


@dataclass(frozen=True, slots=True)
class Contrasted:
    """What a contrast came to.

    ``interval`` holds the estimate with its 95% limits, ``wide`` with its 90% limits (two one-sided
    tests at 5%, for equivalence), ``p`` is two-sided against the null. ``units`` counts what is
    independent, and ``unit`` says what that is (``topic``, ``block`` or ``trial``); ``topics`` are
    as many. ``missing`` are the trials of each arm without a number, of ``played``. ``means`` are
    the means by arm. ``least`` is the smallest p value that so many units can give.
    """

    interval: Interval
    wide: Interval
    p: float
    units: int
    unit: str
    topics: int
    least: float
    means: Mapping[str, float]
    missing: Mapping[str, int]
    played: Mapping[str, int]

    @property
    def fixed_topics(self) -> bool:
        """Whether what was found holds for these topics only."""
        return self.unit != "topic"


def contrast(numbers: pd.DataFrame, weights: Mapping[str, float], null: float = 0.0) -> Contrasted:
    """The contrast of these arms. ``numbers`` has the columns ``arm``, ``topic``, ``seed`` and
    ``value`` (NaN where it is missing), a row for each trial.

    >>> rows = [(arm, "tea", seed, seed + gain) for seed in range(8)
    ...         for arm, gain in (("with", 1.0 + seed % 2), ("without", 0.0))]
    >>> found = contrast(pd.DataFrame(rows, columns=["arm", "topic", "seed", "value"]),
    ...                  {"with": 1, "without": -1})
    >>> found.interval.estimate, found.units, found.unit, found.p
    (1.5, 8, 'block', 0.0078125)
    """
    used = [arm for arm, weight in weights.items() if weight]
    given: dict[str, list[float]] = {arm: [] for arm in used}
    blocks: dict[tuple[str, int], dict[str, float]] = {}
    columns = (numbers[name].tolist() for name in ("arm", "topic", "seed", "value"))
    for arm, topic, seed, value in zip(*columns, strict=True):
        if arm in given:
            given[arm].append(value)
            blocks.setdefault((topic, seed), {})[arm] = value
    samples = {arm: np.array([each for each in values if not isnan(each)])
               for arm, values in given.items()}  # fmt: skip
    arms = (
        {arm: float(values.mean()) if len(values) else nan for arm, values in samples.items()},
        {arm: len(given[arm]) - len(values) for arm, values in samples.items()},
        {arm: len(values) for arm, values in given.items()},
    )
    if not blocks or not all(len(each) == len(used) for each in blocks.values()):
        found = _independent(samples, weights, null)
        return Contrasted(*found, "trial", len({topic for topic, _ in blocks}), 0.0, *arms)
    by_topic: dict[str, list[float]] = {}
    for (topic, _), each in blocks.items():
        value = sum(weights[arm] * each[arm] for arm in used)
        if not isnan(value):
            by_topic.setdefault(topic, []).append(value)
    shares = _shares(list(blocks.values()), weights)
    return Contrasted(*_paired(by_topic, null, shares), *arms)


def _shares(
    blocks: Sequence[Mapping[str, float]], weights: Mapping[str, float]
) -> tuple[Floats, Floats] | None:
    """The two samples of a plain difference of shares, which have an interval of their own."""
    used = [arm for arm, weight in weights.items() if weight]
    if sorted(weights[arm] for arm in used) != [-1.0, 1.0]:
        return None
    first, second = sorted(used, key=lambda arm: -weights[arm])
    both = np.array([(each[first], each[second]) for each in blocks])
    both = both[~np.isnan(both).any(axis=1)]
    if not len(both) or not np.isin(both, (0.0, 1.0)).all():
        return None
    return both[:, 0], both[:, 1]


def _paired(
    by_topic: Mapping[str, Sequence[float]], null: float, shares: tuple[Floats, Floats] | None
) -> tuple[Interval, Interval, float, int, str, int, float]:
    """A contrast within blocks: the values of the blocks of each topic."""
    topics = len(by_topic)
    values = np.array([value for some in by_topic.values() for value in some])
    unit = "block"
    if topics >= FEWEST:
        unit, values = "topic", np.array([sum(some) / len(some) for some in by_topic.values()])
        limits = [mean_interval(values, level) for level in (0.95, 0.9)]
    elif topics == 1 and shares is not None:
        limits = [paired_difference(*shares, level, share=True) for level in (0.95, 0.9)]
    elif topics <= 1:
        limits = [mean_interval(values, level) for level in (0.95, 0.9)]
    else:
        limits = [_stratified(list(by_topic.values()), level) for level in (0.95, 0.9)]
    units = len(values)
    p = sign_flip(values, np.full(units, null)) if units else nan
    return limits[0], limits[1], p, units, unit, topics, least_p(units) if units else nan


def _stratified(topics: Sequence[Sequence[float]], level: float) -> Interval:
    """The mean of the means of a few fixed topics, with limits from the spread within them."""
    estimate = sum(sum(some) / len(some) for some in topics) / len(topics)
    if min(map(len, topics)) < 2:
        return Interval(estimate, nan, nan)
    error = sqrt(sum(float(np.var(some, ddof=1)) / len(some) for some in topics)) / len(topics)
    freedom = sum(len(some) - 1 for some in topics)
    half = float(special.stdtrit(freedom, (1 + level) / 2)) * error
    if half == 0:
        return Interval(estimate, nan, nan)
    return Interval(estimate, estimate - half, estimate + half)


def _independent(
    samples: Mapping[str, Floats], weights: Mapping[str, float], null: float
) -> tuple[Interval, Interval, float, int]:
    """A contrast of independent samples: Welch's interval with the degrees of freedom of
    Satterthwaite (Biometrics Bulletin 2, 1946)."""
    units = sum(map(len, samples.values()))
    if not all(map(len, samples.values())):
        return UNKNOWN, UNKNOWN, nan, units
    estimate = sum(weights[arm] * float(values.mean()) for arm, values in samples.items())
    parts = {
        arm: weights[arm] ** 2 * float(values.var(ddof=1)) / len(values)
        for arm, values in samples.items()
        if len(values) > 1
    }
    total = sum(parts.values())
    if len(parts) < len(samples) or total == 0:
        without = Interval(estimate, nan, nan)
        return without, without, nan, units
    freedom = total**2 / sum(part**2 / (len(samples[arm]) - 1) for arm, part in parts.items())
    limits = [
        Interval(estimate, estimate - half, estimate + half)
        for half in (
            float(special.stdtrit(freedom, (1 + level) / 2)) * sqrt(total) for level in (0.95, 0.9)
        )
    ]
    t = abs(estimate - null) / sqrt(total)
    p = 2.0 * float(special.stdtr(freedom, -t))
    if null == 0.0 and sorted(weights[arm] for arm in samples) == [-1.0, 1.0]:
        first, second = samples.values()
        p = permuted(first, second)
    return limits[0], limits[1], p, units
