"""Ratings from margins, rescaled to the scale of wins.

Margins are more informative than wins: a fit to (1 + margin) / 2 orders the entrants better. But
its logits are not log-odds of winning. So the ratings are multiplied by the factor kappa with which
they predict the scores best: a logistic regression of the score on the fitted advantage, without an
intercept.

The uncertainty of kappa is included in that of the ratings. If psi is the influence of a cluster on
a parameter b, the influence on kappa b is kappa psi + b psi', where psi' = (the cluster's score for
kappa + D psi) / information, and D is the derivative of the total score by the parameters (a
stacked M-estimator:
Stefanski and Boos, The American Statistician 56, 2002).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.stats import Floats
from analysis.tournaments.ratings.bradley_terry import Cells
from analysis.tournaments.ratings.newton import Fit


@dataclass(frozen=True, slots=True)
class Stretch:
    """The factor kappa, its information, its score (gradient) in each cluster, and the derivative
    of the total score by the parameters of the fit."""

    factor: float
    information: float
    score: Floats
    derivative: Floats


def stretch(fit: Fit, table: Cells) -> Stretch | None:
    """The factor with which the fit predicts the scores in ``table`` best, by Newton's method.

    ``table`` has the same cells as the fit. None if no finite positive factor is best: if the fit
    predicts every winner, the likelihood grows with the factor without end.
    """
    model = fit.model
    eta = model.eta(fit.parameters[None], fit.own[None])[0]
    factor = 1.0
    for _ in range(100):
        rest, weight = _rest(table, factor * eta)
        information = float(eta**2 @ weight)
        if information <= 0 or not -50 < factor < 50:
            return None
        step = float(eta @ rest) / information
        factor += float(np.clip(step, -1.0, 1.0))
        if abs(step) < 1e-10:
            break
    else:
        return None
    if factor <= 0:
        return None
    rest, weight = _rest(table, factor * eta)
    score = np.bincount(table.cluster[table.kind], eta * rest, table.clusters)
    ones = np.ones((1, table.clusters))
    derivative = model.by_parameter((rest - factor * eta * weight)[None], ones)[0]
    return Stretch(factor, information, np.asarray(score), derivative)


def _rest(table: Cells, eta: Floats) -> tuple[Floats, Floats]:
    """Scores minus expected scores, and the variances of the scores."""
    mean = special.expit(eta)
    return table.score - table.count * mean, table.count * mean * (1 - mean)
