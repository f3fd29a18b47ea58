"""One change of level in a short series: how likely is it, and where?

A value is the level, plus half a step before or after the change, plus noise. Level and step differ
from series to series, so they are drawn, too:

    never:   x_t = z - s/2 + e_t
    at k:    x_t = z - s/2 + e_t before turn k, and z + s/2 + e_t from k on
    z ~ N(zero, zero_variance), s ~ N(step, step_variance), e_t ~ N(0, noise), independent

Both are normal with a covariance of full rank, so the Bayes factor of each k against *never* is
exact. The factor of a change anywhere is its mean over k, weighted by how likely a change at each k
is beforehand. This is a likelihood-ratio scan whose unknown numbers are integrated out, not set to
what fits the series best, so a series is not centred on itself: with ``zero_variance`` near 0 the
zero is where it was measured, and the larger it is the more the scan relies on the difference
within the series. One series is judged apart from all others, so how many of them changed cannot
move the zero. The alarm's threshold has to come from series that never change: the largest of many
factors is above 1 by chance.

*References.* Chernoff and Zacks, Annals of Mathematical Statistics 35, 1964; Barry and Hartigan,
Journal of the American Statistical Association 88, 1993.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import logsumexp

from analysis.stats import Floats


@dataclass(frozen=True, slots=True)
class Shift:
    """What series of this kind are like: means and variances, in the units of the values."""

    zero: float
    zero_variance: float
    step: float
    step_variance: float
    noise: float


@dataclass(frozen=True, slots=True)
class Change:
    """``evidence``: log Bayes factor of one change against none. ``place``: the likeliest first
    place after it, from 0. ``chances``: how likely each place from 1 is, given a change; shape
    (n - 1)."""

    evidence: float
    place: int
    chances: Floats


def scan(values: Floats, shift: Shift, beforehand: Floats | None = None) -> Change:
    """The change of a series of n values.

    ``beforehand`` are log weights of the places 1 to n - 1, up to a constant (None: all alike).
    Raises ValueError for fewer than two values, or for weights of another length.

    >>> found = scan(np.array([-1.0, -1.2, -0.9, 1.1, 1.0]), Shift(0.0, 0.1, 2.0, 0.5, 0.2))
    >>> found.place, found.evidence > 3
    (3, True)
    """
    count = len(values)
    if count < 2:
        raise ValueError(f"a change needs two values or more, not {count}")
    weights = np.zeros(count - 1) if beforehand is None else np.asarray(beforehand)
    if len(weights) != count - 1:
        raise ValueError(f"{count} values have {count - 1} places, not {len(weights)}")
    means, precisions, constants = _models(count, shift)
    apart = values - means
    fits = constants - 0.5 * np.einsum("ki,kij,kj->k", apart, precisions, apart)
    joint = fits[1:] - fits[0] + weights - logsumexp(weights)
    evidence = float(logsumexp(joint))
    return Change(evidence, int(joint.argmax()) + 1, np.exp(joint - evidence))


@lru_cache(maxsize=256)
def _models(count: int, shift: Shift) -> tuple[Floats, Floats, Floats]:
    """Mean, precision and log constant of the values under *never* (row 0) and each place."""
    turns = np.arange(count)
    sides = np.where((turns >= turns[:, None]) & (turns[:, None] > 0), 0.5, -0.5)
    covariances = (
        shift.noise * np.eye(count)
        + shift.zero_variance
        + shift.step_variance * sides[:, :, None] * sides[:, None, :]
    )
    return (
        shift.zero + shift.step * sides,
        np.linalg.inv(covariances).astype(float),
        np.asarray(-0.5 * np.linalg.slogdet(covariances)[1], dtype=float),
    )
