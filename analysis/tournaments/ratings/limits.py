"""The limits of ratings and effects: which of three ways is honest for which parameter.

Between clusters (``sandwich``) wherever results vary between clusters. By the profile likelihood
(``profile``) where a prior alone keeps a parameter finite: then the wider of the two counts on each
side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.stats import Floats
from analysis.tournaments.ratings.estimation import Estimate
from analysis.tournaments.ratings.margins import Stretch
from analysis.tournaments.ratings.profile import profile_limits
from analysis.tournaments.ratings.sandwich import half_widths


@dataclass(frozen=True, slots=True)
class Limits:
    """The lower and the upper limit of each parameter, in logits."""

    low: Floats
    high: Floats


def limits_of(estimate: Estimate, stretch: Stretch | None, level: float = 0.95) -> Limits:
    """The limits of all parameters. With a ``stretch`` they are on the scale of wins."""
    fit, factor = estimate.fit, stretch.factor if stretch else 1.0
    halves = half_widths(estimate, stretch, level)
    middle = factor * fit.parameters
    if fit.model.davidson:
        middle[-1] = fit.parameters[-1]
    low, high = middle - halves, middle + halves
    bound = np.flatnonzero(estimate.prior_bound)
    if estimate.prior_bound.all():
        bound = np.arange(fit.model.size)
    if len(bound):
        lower, upper = profile_limits(fit, bound, level)
        low[bound] = np.minimum(low[bound], factor * lower)
        high[bound] = np.maximum(high[bound], factor * upper)
    return Limits(low, high)
