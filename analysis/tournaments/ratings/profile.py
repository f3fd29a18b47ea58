"""Limits of a parameter by its profile likelihood.

*Definition.* The profile likelihood of a parameter is the maximum over all others. Its limits are
where twice the logarithm of its fall from the maximum reaches the quantile of chi-squared with one
degree of freedom. They need not lie at equal distances from the estimate.

*Why.* Where an entrant won everything, its rating is finite by a prior alone, and its likelihood
falls slowly on the side of strength and steeply on the other. An interval of equal halves by the
curvature holds the truth in 87 to 91% of the records that are one-sided (truths drawn from the
prior, 1 to 100 matches), the interval by profile in 94 to 95%.

*How.* If a term t * b is added to the log-likelihood, its maximum is the maximum of the profile at
some value of the parameter b, and the fall grows with the size of t. So the limits are found by a
search for t, each step of which is an ordinary fit.

*Reference.* Venzon and Moolgavkar, Applied Statistics 37, 1988.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import special

from analysis.stats import Floats
from analysis.tournaments.ratings.comparisons import Ints
from analysis.tournaments.ratings.newton import Fit, Solved, penalised, solve

CLOSE = 1e-3
"""The fall is found to this accuracy, of about 3.84 for 95%."""
BLOCK = 2_000_000
"""An array holds at most so many numbers."""
DOUBLINGS = 40
"""With a prior of next to no precision the fall never gets there: then there is no limit."""
STEPS = 40
"""The most steps of a search; about six are needed."""


def profile_limits(fit: Fit, places: Ints, level: float = 0.95) -> tuple[Floats, Floats]:
    """The lower and the upper limits of the parameters with these numbers; infinite if there is
    none. The fit must have converged."""
    size = max(1, BLOCK // fit.model.size**2 // 2)
    starts = range(0, len(places), size)
    parts = [_limits(fit, places[first : first + size], level) for first in starts]
    return np.concatenate([low for low, _ in parts]), np.concatenate([high for _, high in parts])


def _limits(fit: Fit, places: Ints, level: float) -> tuple[Floats, Floats]:
    model, many = fit.model, len(places)
    both = np.concatenate([places, places])
    sign = np.repeat([-1.0, 1.0], many)
    # Ratings are known up to a constant, so only the part that has mean zero is pulled.
    towards = sign[:, None] * model.centre[both]
    weights = np.ones((2 * many, model.cells.clusters))
    highest = penalised(model, fit.parameters, fit.own)
    wanted = float(special.ndtri((1 + level) / 2)) ** 2
    solution = Solved(
        np.repeat(fit.parameters[None], 2 * many, axis=0),
        np.repeat(fit.own[None], 2 * many, axis=0),
        fit.converged,
    )

    def falls(pull: Floats) -> Floats:
        nonlocal solution
        tilted = replace(model, tilt=pull[:, None] * towards)
        solution = solve(tilted, weights, solution, 1e-6, fit.covariance)
        rows = zip(solution.parameters, solution.own, strict=True)
        return np.array([2 * (highest - penalised(model, *row)) for row in rows]) - wanted

    near, low = np.zeros(2 * many), np.full(2 * many, -wanted)
    # In a parabola of this curvature the limit is where the pull is this strong.
    far = np.sqrt(wanted / np.diag(fit.covariance)[both])
    high = falls(far)
    for _ in range(DOUBLINGS):
        short = high < 0
        if not short.any() or not solution.converged:
            break
        near, low = np.where(short, far, near), np.where(short, high, low)
        far = np.where(short, 2 * far, far)
        high = falls(far)
    endless = high < 0
    # False position by the Illinois rule: the value at an end that stays is halved.
    for _ in range(STEPS):
        pull = far - high * (far - near) / np.where(high == low, 1.0, high - low)
        fall = falls(pull)
        if (np.abs(fall) < CLOSE)[~endless].all():
            break
        same = fall * high > 0
        near, far = np.where(same, near, far), pull
        low, high = np.where(same, low / 2, high), fall
    found = np.where(endless, sign * np.inf, solution.parameters[np.arange(2 * many), both])
    return found[:many], found[many:]
