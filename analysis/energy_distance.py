"""The energy distance of arms in a distribution over kinds, within blocks.

Who appears is no number but one of several kinds, and a text may move any of them. The energy
distance of two distributions, 2 E|X - Y| - E|X - X'| - E|Y - Y'|, is 0 only where they are the same
(Székely and Rizzo, Journal of Statistical Planning and Inference 143, 2013). With |x - y| = 1
between any two kinds it is the sum over kinds of the squared differences of their shares. So each
block (a topic and a seed) gives a vector, the contrast of its arms' shares, and the estimate is the
squared length of the mean vector *without bias*: the mean of the inner products of different
blocks. What is left out, the inner products of blocks with themselves, is what two halves of one
and the same arm lie apart.

The test turns the sign of whole blocks round (Fisher 1935): if arms do not differ, they could as
well be the other way round. Limits by leaving out blocks (jackknife), which are too wide near 0,
where the estimate has no first-order part: there the test decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import nan, sqrt

import numpy as np
import pandas as pd
from scipy import special

from analysis.linear_contrasts import Contrasted
from analysis.stats import UNKNOWN, Floats, Interval
from analysis.stats.permutation import least_p
from analysis.weaknesses import FEWEST

CELLS = ("arm", "topic", "seed")

EXACT = 14
"""All sign flips are tried for so many units or fewer, otherwise ``DRAWS`` random ones."""

DRAWS = 9999


def energy_distance(numbers: pd.DataFrame, weights: Mapping[str, float]) -> Contrasted:
    """The energy distance of arms, less that of halves of one arm.

    ``numbers`` has the columns ``arm``, ``topic`` and ``seed``, and one for each kind, its share in
    the trial (NaN where it is missing), a row for each trial. ``weights`` add up to 0; of more than
    two arms it is the squared length of the contrast of their shares. Blocks that lack an arm are
    left out. With ``FEWEST`` topics or more the topics are the units.

    >>> rows = [(arm, "tea", seed, share, 1 - share) for seed in range(8)
    ...         for arm, share in (("plain", 1.0), ("text", 0.5 + seed % 2 / 4))]
    >>> found = energy_distance(pd.DataFrame(rows, columns=[*CELLS, "self", "other"]),
    ...                         {"text": 1, "plain": -1})
    >>> round(found.interval.estimate, 3), found.units, found.p
    (0.277, 8, 0.0078125)
    """
    used = [arm for arm, weight in weights.items() if weight]
    kinds = [name for name in numbers.columns if name not in CELLS]
    shares = numbers[kinds].to_numpy(dtype=np.float64)
    arms = numbers["arm"].tolist()
    blocks: dict[tuple[str, int], dict[str, Floats]] = {}
    for arm, topic, seed, row in zip(
        arms, numbers["topic"].tolist(), numbers["seed"].tolist(), shares, strict=True
    ):
        if arm in used:
            blocks.setdefault((topic, seed), {})[arm] = row
    vectors: dict[str, list[Floats]] = {}
    for (topic, _), each in blocks.items():
        if len(each) == len(used):
            vector = sum((weights[arm] * each[arm] for arm in used), np.zeros(len(kinds)))
            if not np.isnan(vector).any():
                vectors.setdefault(topic, []).append(vector)
    unit = "block"
    units = [vector for some in vectors.values() for vector in some]
    if len(vectors) >= FEWEST:
        unit, units = "topic", [np.mean(some, axis=0) for some in vectors.values()]
    known = ~np.isnan(shares).any(axis=1)
    here = {arm: np.array([each == arm for each in arms], dtype=bool) for arm in used}
    about = (
        {
            f"{arm}, {kind}": float(shares[here[arm] & known, place].mean())
            if (here[arm] & known).any()
            else nan
            for arm in used
            for place, kind in enumerate(kinds)
        },
        {arm: int((here[arm] & ~known).sum()) for arm in used},
        {arm: int(here[arm].sum()) for arm in used},
    )
    count = len(units)
    if count < 2:
        return Contrasted(UNKNOWN, UNKNOWN, nan, count, unit, len(vectors), 1.0, *about)
    values = np.array(units)
    return Contrasted(
        _limits(values, 0.95), _limits(values, 0.9), sign_flips(values), count, unit,
        len(vectors), least_p(count), *about,
    )  # fmt: skip


def squared_length(vectors: Floats) -> float:
    """The squared length of the mean of vectors (units by kinds), without bias.

    >>> squared_length(np.array([[1.0, 0.0], [-1.0, 0.0]]))
    -1.0
    """
    count = len(vectors)
    total = vectors.sum(axis=0)
    return float((total @ total - np.sum(vectors**2)) / (count * (count - 1)))


def sign_flips(vectors: Floats, seed: int = 0) -> float:
    """One-sided p value of ``squared_length``, by turning the signs of units round."""
    count = len(vectors)
    if count <= EXACT:
        signs = 1.0 - 2.0 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)
    else:
        drawn = np.random.default_rng(seed).choice([-1.0, 1.0], size=(DRAWS, count))
        signs = np.vstack([np.ones((1, count)), drawn])
    # Flips leave the lengths of the vectors as they are, so the length of the sum tells.
    lengths = np.sum((signs @ vectors) ** 2, axis=1)
    return float(np.mean(lengths >= lengths[0] - 1e-9 * max(1.0, float(lengths[0]))))


def _limits(vectors: Floats, level: float) -> Interval:
    """The estimate with its limits by leaving out one unit at a time."""
    estimate, count = squared_length(vectors), len(vectors)
    if count < 3:
        return Interval(estimate, nan, nan)
    rest = vectors.sum(axis=0) - vectors
    squares = np.sum(vectors**2, axis=1)
    left_out = (np.sum(rest**2, axis=1) - (squares.sum() - squares)) / ((count - 1) * (count - 2))
    spread = float(np.sum((left_out - left_out.mean()) ** 2)) * (count - 1) / count
    if spread <= 1e-24:
        return Interval(estimate, nan, nan)
    half = float(special.stdtrit(count - 1, (1 + level) / 2)) * sqrt(spread)
    return Interval(estimate, estimate - half, estimate + half)
