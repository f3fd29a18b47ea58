"""One mode or two: statistics of samples, and what they give for one mode on a grid of answers.

Samples are rows: an array of draws by observations gives a number for each draw, so that a
bootstrap is one call. Answers to a question on a scale heap on round values, and every statistic
here takes heaps for modes; so none has a threshold of its own, and what it gives for one mode is
drawn by ``OneMode``: minds from a Beta distribution with one mode at most, answers around them,
rounded as coarsely as the answers at hand are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from scipy import special

from analysis.stats import Floats

COARSE = (1.0, 0.5, 0.25, 0.1, 0.01)
"""Answers are rounded to multiples of one of these (Heitjan and Rubin, JASA 85, 1990)."""

ALPHA = 1.0
"""How much it counts for polarisation that people identify with their group, from 0 to 1.6."""

_CELLS = 9
_STEPS = 25
_ROUNDS = 5


def bimodality(samples: Floats) -> Floats:
    """The bimodality coefficient (skewness^2 + 1) / kurtosis, with corrections for small samples.

    5/9 for a uniform distribution, 1/3 for a normal one, 1 for two points (SAS/STAT 1989; Pfister
    et al., Frontiers in Psychology 4, 2013). NaN for fewer than four observations or no variance.

    >>> float(bimodality(np.array([[-1.0] * 50 + [1.0] * 50]))[0].round(2))
    0.95
    """
    count = samples.shape[1]
    if count < 4:
        return np.full(len(samples), nan)
    centred = samples - samples.mean(axis=1, keepdims=True)
    second, third, fourth = ((centred**power).mean(axis=1) for power in (2, 3, 4))
    with np.errstate(divide="ignore", invalid="ignore"):
        skew = third / second**1.5 * sqrt(count * (count - 1)) / (count - 2)
        excess = fourth / second**2 - 3
        excess = (count - 1) / ((count - 2) * (count - 3)) * ((count + 1) * excess + 6)
        found = (skew**2 + 1) / (excess + 3 * (count - 1) ** 2 / ((count - 2) * (count - 3)))
    return np.where(second > 1e-12, found, nan)


def folding(samples: Floats) -> Floats:
    """How much variance is left after folding at the best place, over that of a uniform
    distribution: below 1 rather two modes, above 1 rather one (Siffer et al., KDD 2018).

    4 Var|X - s| / Var X with s = Cov(X, X^2) / (2 Var X). NaN without variance.

    >>> float(folding(np.array([[-1.0] * 50 + [1.0] * 50]))[0])
    0.0
    """
    centred = samples - samples.mean(axis=1, keepdims=True)
    variance = (centred**2).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        place = (centred**3).mean(axis=1) / (2 * variance)
        folded = np.abs(centred - place[:, None]).var(axis=1)
        return np.where(variance > 1e-12, 4 * folded / variance, nan)


def two_normals(samples: Floats) -> tuple[Floats, Floats]:
    """How much better two normal distributions of one variance fit than one: BIC of one less BIC
    of two; and the weight of the upper one.

    By expectation and maximisation from three starts. NaN without variance (Schwarz 1978; McLachlan
    and Peel 2000).
    """
    count = samples.shape[1]
    spread = samples.std(axis=1)
    flat = spread <= 1e-6
    scaled = (samples - samples.mean(axis=1, keepdims=True)) / np.where(flat, 1, spread)[:, None]
    best = np.full(len(samples), -np.inf)
    weight = np.full(len(samples), nan)
    for share in (0.5, 0.2, 0.8):
        place = np.quantile(scaled, share, axis=1, keepdims=True)
        upper = np.where(scaled > place, 0.9, 0.1)
        for _ in range(_STEPS):
            total = np.clip(upper.sum(axis=1), 1e-9, count - 1e-9)
            high = (upper * scaled).sum(axis=1) / total
            low = ((1 - upper) * scaled).sum(axis=1) / (count - total)
            square = upper * (scaled - high[:, None]) ** 2
            square = square + (1 - upper) * (scaled - low[:, None]) ** 2
            # Two heaps would have no variance, and an infinite likelihood.
            variance = np.maximum(square.sum(axis=1) / count, 0.01)[:, None]
            part = (total / count)[:, None]
            above = np.log(part) - (scaled - high[:, None]) ** 2 / (2 * variance)
            below = np.log1p(-part) - (scaled - low[:, None]) ** 2 / (2 * variance)
            both = np.logaddexp(above, below)
            upper = np.exp(above - both)
        likelihood = (both - 0.5 * np.log(2 * np.pi * variance)).sum(axis=1)
        own = np.where(high >= low, part[:, 0], 1 - part[:, 0])
        better = likelihood > best
        best, weight = np.where(better, likelihood, best), np.where(better, own, weight)
    one = -0.5 * count * (np.log(2 * np.pi) + 1)
    gain = 2 * (best - one) - 2 * np.log(count)
    return np.where(flat, nan, gain), np.where(flat, nan, weight)


def polarisation(samples: Floats) -> Floats:
    """Esteban and Ray's polarisation of samples on [-1, 1], in nine cells: 0 where all are of one
    mind, 1 for two halves at the ends (Econometrica 62, 1994; alpha = 1).

    Σ_i Σ_j p_i^(1 + α) p_j |y_i - y_j|, over what it is for two halves.

    >>> polarisation(np.array([[-1.0, 1.0], [0.5, 0.5]])).tolist()
    [1.0, 0.0]
    """
    cells = np.clip(np.round((samples + 1) * (_CELLS - 1) / 2), 0, _CELLS - 1).astype(np.int64)
    shares = np.stack([(cells == cell).mean(axis=1) for cell in range(_CELLS)], axis=1)
    places = np.linspace(-1, 1, _CELLS)
    apart = np.abs(places[:, None] - places[None, :])
    found = np.einsum("di,dj,ij->d", shares ** (1 + ALPHA), shares, apart)
    return np.asarray(found / (4 * 0.5 ** (2 + ALPHA)), dtype=np.float64)


def coverage(counts: Sequence[int]) -> float:
    """The share of a population that belongs to the kinds that a sample has seen, from how often
    each was seen (Good 1953, after Turing; improved by Chao and Jost, Ecology 93, 2012).

    >>> coverage([5, 5]), coverage([1, 1, 1]), round(coverage([1, 1, 3]), 3)
    (1.0, 0.0, 0.733)
    """
    total = sum(counts)
    if total == 0:
        return nan
    once, twice = sum(count == 1 for count in counts), sum(count == 2 for count in counts)
    if once == 0:
        return 1.0
    if once == total:
        return 0.0
    rest = (total - 1) * (once if twice else once - 1)
    return 1 - once / total * rest / (rest + 2 * max(twice, 1))


@dataclass(frozen=True, slots=True)
class OneMode:
    """Minds with one mode, and how they answer.

    A mind is 2 Beta(a, b) - 1 with a, b at least 1. An answer is the mind, plus what is its own in
    this item (``of_item``, a standard deviation) and at this moment (``of_answer``), plus the
    item's mean (``items``), cut to [-1, 1] and rounded to a multiple of ``COARSE`` with the chances
    ``rounding``.
    """

    a: float
    b: float
    items: Floats
    of_item: float
    of_answer: float
    rounding: Floats

    @classmethod
    def fitted(cls, answers: Floats, generator: np.random.Generator) -> OneMode:
        """To answers of minds by items by repetitions: the model whose answers have their mean and
        components of variance (indirect inference, Gourieroux et al. 1993), since rounding adds to
        each of them; roundings by maximum likelihood.

        With one repetition what is of the moment cannot be told from what is of the item.
        """
        minds, _, times = answers.shape
        cells = answers.mean(axis=(0, 2))
        wanted = components(answers[None])[0]
        tried, rounding = wanted.copy(), np.full(len(COARSE), 1 / len(COARSE))
        drawn = max(20, 4000 // minds)
        for _ in range(_ROUNDS):
            mean, between, of_item, of_answer = tried
            a, b = _beta(mean, max(between, 1e-4))
            whole = _beta(mean, max(between + of_item + of_answer, 1e-4))
            rounding = _rounding(answers.ravel(), *whole, rounding)
            model = cls(a, b, cells - cells.mean(), sqrt(of_item), sqrt(of_answer), rounding)
            found = components(model.draw(drawn, minds, times, generator)).mean(axis=0)
            tried = tried + (wanted - found)
            tried[0], tried[1:] = np.clip(tried[0], -0.98, 0.98), np.maximum(tried[1:], 0)
        return model

    def draw(self, draws: int, minds: int, times: int, generator: np.random.Generator) -> Floats:
        """Answers: draws by minds by items by repetitions."""
        items = len(self.items)
        mind = 2 * generator.beta(self.a, self.b, (draws, minds, 1, 1)) - 1
        of_item = generator.normal(scale=self.of_item or 1e-12, size=(draws, minds, items, 1))
        shape = (draws, minds, items, times)
        value = mind + self.items[None, None, :, None] + of_item
        value = np.clip(value + generator.normal(scale=self.of_answer or 1e-12, size=shape), -1, 1)
        coarse = np.array(COARSE)[generator.choice(len(COARSE), size=shape, p=self.rounding)]
        return np.asarray(np.clip(np.round(value / coarse) * coarse, -1, 1), dtype=np.float64)


def components(answers: Floats) -> Floats:
    """Mean, and variance between minds, of minds in items, and of answers of one mind to one item:
    draws by 4, of draws by minds by items by repetitions. Never below zero."""
    _, minds, items, times = answers.shape
    cells = answers.mean(axis=3)
    own = cells.mean(axis=2)
    moment = answers.var(axis=3, ddof=1).mean(axis=(1, 2)) if times > 1 else 0.0 * own[:, 0]
    item = np.zeros(len(answers))
    if items > 1:
        left = cells - own[:, :, None] - cells.mean(axis=1, keepdims=True)
        left += own.mean(axis=1)[:, None, None]
        item = (left**2).sum(axis=(1, 2)) / ((minds - 1) * (items - 1)) - moment / times
        item = np.maximum(item, 0)
    between = own.var(axis=1, ddof=1) - item / items - moment / (items * times)
    return np.stack([own.mean(axis=1), np.maximum(between, 0), item, moment], axis=1)


def _beta(mean: float, variance: float) -> tuple[float, float]:
    """The Beta distribution on [-1, 1] with these moments, or the nearest with one mode."""
    middle = min(max((mean + 1) / 2, 0.01), 0.99)
    total = middle * (1 - middle) / (variance / 4) - 1
    # One mode: a and b are at least 1, which bounds the variance.
    total = max(total, 1 / middle, 1 / (1 - middle))
    return max(1.0, middle * total), max(1.0, (1 - middle) * total)


def _rounding(answers: Floats, a: float, b: float, chances: Floats) -> Floats:
    """The chances of roundings, by maximum likelihood for answers around a Beta distribution, from
    chances to begin with."""
    values, counts = np.unique(np.round(answers, 2), return_counts=True)
    likelihood = np.zeros((len(values), len(COARSE)))
    for place, coarse in enumerate(COARSE):
        fits = np.abs(values / coarse - np.round(values / coarse)) < 1e-6
        ends = [np.clip((values + side * coarse / 2 + 1) / 2, 0, 1) for side in (-1, 1)]
        mass = special.betainc(a, b, ends[1]) - special.betainc(a, b, ends[0])
        likelihood[:, place] = np.where(fits, np.maximum(mass, 1e-12), 0)
    likelihood = np.maximum(likelihood, 1e-300)
    for _ in range(50):
        posterior = likelihood * chances
        posterior /= posterior.sum(axis=1, keepdims=True)
        chances = counts @ posterior / counts.sum()
    return np.asarray(chances / chances.sum(), dtype=np.float64)
