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

import numpy as np

from analysis.stats import Floats


@dataclass(frozen=True, slots=True)
class Shift:
    """What series of this kind are like: means and variances, in the units of the values."""

    zero: float
    zero_variance: float
    step: float
    step_variance: float
    noise: float


def half_way(shift: Shift) -> Shift:
    """Series that go from the first level to the middle and no further: of an actor who turns
    into somebody else, who is neither its persona nor the opposite, and so is expected at the zero
    between them. How far from it varies by as much as a quarter of the step again.

    >>> half_way(Shift(0.0, 0.1, 2.0, 0.5, 0.2))
    Shift(zero=-0.5, zero_variance=0.13125, step=1.0, step_variance=0.75, noise=0.2)
    """
    return Shift(
        shift.zero - shift.step / 4,
        shift.zero_variance + shift.step_variance / 16,
        shift.step / 2,
        shift.step_variance + shift.step**2 / 16,
        shift.noise,
    )


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
    fits = _fits(np.asarray(values, dtype=float) - shift.zero, shift)
    # SciPy's logsumexp looks after cases that do not occur here, and takes ten times as long.
    joint = fits[1:] - fits[0] + weights - np.logaddexp.reduce(weights)
    evidence = float(np.logaddexp.reduce(joint))
    return Change(evidence, int(joint.argmax()) + 1, np.exp(joint - evidence))


def _fits(values: Floats, shift: Shift) -> Floats:
    """Log densities of values from the zero under *never* (row 0) and each place, up to a constant;
    linear in the number of values, by the identities of Woodbury and Sylvester.

    The values are design @ (z, s) + noise, with 1 and half of ±1 as the rows of the design, so sums
    before and after a place are all that is needed of them.
    """
    count = len(values)
    before = np.concatenate([[0.0], np.cumsum(values)[:-1]])
    after = values.sum() - before
    counts = np.arange(count, dtype=float)
    counts_after = count - counts
    # *Never* has all values before the change.
    before[0], after[0], counts[0], counts_after[0] = values.sum(), 0.0, count, 0.0
    half = shift.step / 2
    # Residuals r from the means, as design.T @ r / noise; and design.T @ design / noise.
    low, high = before + half * counts, after - half * counts_after
    level, step = (low + high) / shift.noise, (high - low) / 2 / shift.noise
    cross = (counts_after - counts) / 2 / shift.noise
    own, quarter = count / shift.noise, count / 4 / shift.noise
    zero, spread = shift.zero_variance, shift.step_variance
    # (1 + V G)^-1 V for the covariance V of (z, s) and G from above, 2 by 2; V may be singular.
    determinant = (1 + zero * own) * (1 + spread * quarter) - zero * spread * cross**2
    explained = (
        zero * (1 + spread * quarter) * level**2
        - 2 * zero * spread * cross * level * step
        + spread * (1 + zero * own) * step**2
    ) / determinant
    residual = -2 * half * (after - before) + half**2 * count
    return np.asarray(-0.5 * (residual / shift.noise - explained + np.log(determinant)))
