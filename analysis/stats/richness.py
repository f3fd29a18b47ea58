"""How many kinds there are, of which a sample has seen some: unseen kinds, richness, entropy, and
how far two samples of kinds are apart.

Counts are how often each kind was seen. Intervals are from a bootstrap of the assemblage that the
sample suggests (Chao, Gotelli, Hsieh et al., Ecological Monographs 84, 2014): to draw the sample
itself again would lose kinds that are there, and never find one that was missed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import exp, log, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from analysis.stats.interval import UNKNOWN, Floats, Interval
from analysis.stats.modes import coverage

Counts = NDArray[np.int64]


def richness(counts: Sequence[int] | Counts) -> float:
    """How many kinds there are at least, seen or not: Chao1, in its form without bias where no kind
    was seen twice (Chao, Scandinavian Journal of Statistics 11, 1984). NaN without counts.

    S + (n - 1)/n · f1²/(2 f2), with f1 kinds seen once and f2 seen twice.

    >>> richness([5, 5]), richness([1, 1, 2, 6])
    (2.0, 5.8)
    """
    seen = _seen(counts)
    return nan if not len(seen) else len(seen) + _unseen(seen)


def unseen_share(counts: Sequence[int] | Counts) -> float:
    """The probability that the next is of a kind that was not seen yet (Good and Turing: Good,
    Biometrika 40, 1953; improved by Chao and Jost, Ecology 93, 2012). NaN without counts.

    >>> unseen_share([5, 5]), unseen_share([1, 1, 1])
    (0.0, 1.0)
    """
    return 1 - coverage(np.asarray(counts, dtype=np.int64).tolist())


def entropy_of_kinds(counts: Sequence[int] | Counts) -> float:
    """Entropy in bits over all kinds, seen or not (Chao and Shen, Environmental and Ecological
    Statistics 10, 2003): shares times the coverage C = 1 - f1/n, each weighted by the inverse of
    its chance to be seen. NaN without counts.

    >>> round(entropy_of_kinds([50, 50]), 3)
    1.0
    """
    seen = _seen(counts)
    total = int(seen.sum())
    if not total:
        return nan
    once = int(np.sum(seen == 1))
    # Where each was seen once, the plain estimate would be of an empty sample.
    covered = 1 - min(once, total - 1) / total if total > 1 else 1.0
    shares = covered * seen / total
    return float(-(shares * np.log2(shares) / (1 - (1 - shares) ** total)).sum())


def kinds_interval(
    counts: Sequence[int] | Counts,
    statistic: Callable[[Counts], float],
    generator: np.random.Generator,
    draws: int = 400,
) -> Interval:
    """A statistic of counts with 95% limits by a bootstrap of the assemblage.

    The kinds that were seen have shares that leave room for the unseen; those are as many as Chao1
    says, alike. ``richness`` has limits on the scale log (S - seen), since there are no fewer kinds
    than were seen (Chao, Biometrics 43, 1987). UNKNOWN without counts; no limits for fewer than
    five.
    """
    seen = _seen(counts)
    total = int(seen.sum())
    if not total:
        return UNKNOWN
    estimate = statistic(seen)
    if total < 5:
        return Interval(estimate, nan, nan)
    again = generator.multinomial(total, _assemblage(seen), size=draws)
    spread = float(np.std([statistic(each) for each in again], ddof=1))
    if statistic is richness:
        more = estimate - len(seen)
        if more <= 0:
            return Interval(estimate, float(len(seen)), max(estimate, len(seen) + 1.96 * spread))
        ratio = exp(1.96 * sqrt(log(1 + (spread / more) ** 2)))
        return Interval(estimate, len(seen) + more / ratio, len(seen) + more * ratio)
    return Interval(estimate, estimate - 1.96 * spread, estimate + 1.96 * spread)


def divergence(first: Floats, second: Floats) -> Floats:
    """Jensen and Shannon's divergence of counts in bits, 0 to 1, along the last axis (Lin, IEEE
    Transactions on Information Theory 37, 1991). NaN where a side has no counts.

    >>> float(divergence(np.array([2.0, 0.0]), np.array([0.0, 3.0])))
    1.0
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        one, two = (each / each.sum(axis=-1, keepdims=True) for each in (first, second))
    middle = (one + two) / 2
    return np.asarray(_bits(middle) - (_bits(one) + _bits(two)) / 2, dtype=np.float64)


def divergence_test(
    first: Mapping[str, int],
    second: Mapping[str, int],
    generator: np.random.Generator,
    draws: int = 4999,
) -> tuple[float, float, float]:
    """The divergence of two samples of kinds, its mean where those who were seen are dealt to the
    samples anew, and the share of deals that reach it (p; the observed deal counts among them).

    The divergence of two samples of one population is above 0, the more so the more kinds there
    are: compare it with the mean of the deals. NaN where a side is empty.

    >>> divergence_test({"a": 9}, {"b": 9}, np.random.default_rng(1))[2] < 0.01
    True
    """
    kinds = sorted({*first, *second})
    counts = [np.array([each.get(kind, 0) for kind in kinds], dtype=np.int64)
              for each in (first, second)]  # fmt: skip
    sizes = [int(each.sum()) for each in counts]
    if not all(sizes):
        return nan, nan, nan
    observed = float(divergence(counts[0].astype(float), counts[1].astype(float)))
    both = counts[0] + counts[1]
    dealt = generator.multivariate_hypergeometric(both, sizes[0], size=draws, method="marginals")
    chance = divergence(dealt.astype(float), (both - dealt).astype(float))
    p = (1 + int(np.sum(chance >= observed - 1e-12))) / (draws + 1)
    return observed, float(chance.mean()), p


def _seen(counts: Sequence[int] | Counts) -> Counts:
    every = np.asarray(counts, dtype=np.int64)
    return every[every > 0]


def _unseen(seen: Counts) -> float:
    total = int(seen.sum())
    once, twice = int(np.sum(seen == 1)), int(np.sum(seen == 2))
    pairs = once**2 / (2 * twice) if twice else once * (once - 1) / 2
    return (total - 1) / total * pairs


def _assemblage(seen: Counts) -> Floats:
    """Shares of the kinds that were seen, and of those that were not."""
    total = int(seen.sum())
    shares = seen / total
    missed, hidden = unseen_share(seen), int(np.ceil(_unseen(seen)))
    if missed <= 0 or not hidden:
        return np.asarray(shares, dtype=np.float64)
    weights = shares * (1 - shares) ** total
    if missed >= 1 or weights.sum() <= 0:
        # Each kind was seen once: there are many, and nothing tells how many.
        every = np.full(len(seen) + hidden, 1.0)
        return np.asarray(every / every.sum(), dtype=np.float64)
    kept = shares * (1 - min(1.0, missed / float(weights.sum())) * (1 - shares) ** total)
    whole = np.concatenate([kept, np.full(hidden, missed / hidden)])
    return np.asarray(whole / whole.sum(), dtype=np.float64)


def _bits(shares: Floats) -> Floats:
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(-(shares * logs).sum(axis=-1), dtype=np.float64)
