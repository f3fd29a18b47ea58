"""Fits of the Bradley-Terry model: Newton's method, and the spread of side effects over topics.

*References.* Breslow and Clayton, JASA 88, 1993 (effects at the mode); Chung et al., Psychometrika
78, 2013 (a prior on a spread).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, nan
from typing import NamedTuple

import numpy as np

from analysis.stats import Floats
from analysis.tournaments.ratings.bradley_terry import Curvature, Model

MOST = 15.0
"""A rating or effect beyond this, in logits, is on its way to infinity: to know it would take
millions of matches."""
FARTHEST = 2 * MOST
"""Likewise the advantage of one side over the other in a comparison that took place. Rounding alone
brings a fit to rest there."""
LIMIT = 60
"""Newton steps at most; where there is a maximum it takes about eight."""
LONG = 0.5
"""A step that bends the likelihood, in logits."""
WIDEST = 4.0
"""The largest spread of side effects over topics that is looked for, in logits."""
USUAL = 1.0
"""Scale of the half-normal prior on that spread. With few comparisons a topic, Laplace's
approximation makes the spread run away (to 1.5 where 0.7 was planted, 3 comparisons a topic); with
this prior it was 0.86, and at 10 comparisons a topic there is no difference."""


class Solved(NamedTuple):
    """Of a batch: parameters, topics' effects, and whether all came to rest."""

    parameters: Floats
    own: Floats
    rests: bool


def solve(
    model: Model,
    weights: Floats,
    start: Solved,
    tolerance: float = 1e-10,
    like: Floats | None = None,
) -> Solved:
    """Maximise the likelihood for each row of ``weights`` (fits by clusters) by Newton's method.

    All begin at ``start``, a batch of one. The end is when no step is longer than ``tolerance``.
    Where fits are ``like`` one whose covariance is known, it is for many and need not be exact:
    the curvature is taken anew only after a long step, and steps are solved for by conjugate
    gradients from that covariance, which takes half a dozen products instead of an inverse.
    """
    parameters, own = start.parameters, start.own
    curvature: Curvature | None = None
    inverse: Floats = np.empty(0)
    longest = inf
    for _ in range(LIMIT):
        moments = model.moments(parameters, own)
        if curvature is None or like is None or longest > LONG:
            curvature = model.curvature(moments, weights)
            if like is None:
                try:
                    inverse = np.asarray(np.linalg.inv(curvature.reduced(weights)))
                except np.linalg.LinAlgError:
                    break
        gradient, pull = model.gradient(parameters, own, moments, weights)
        if model.spread:
            pull = pull / curvature.own
            gradient = gradient - curvature.back(weights * pull)
        if like is None:
            step = np.asarray((inverse @ gradient[..., None])[..., 0])
        else:
            step = _conjugate(curvature, weights, gradient, like)
        if model.spread:
            pull = pull - curvature.along(step) / curvature.own
        lengths = np.abs(step).max(axis=1, keepdims=True)
        before, longest = longest, float(lengths.max())
        # The logarithm of the likelihood is concave: a step that is far too long is all that can
        # go wrong.
        short = np.minimum(1.0, 2.0 / np.maximum(lengths, 1.0))
        parameters, own = parameters + short * step, own + short * pull
        # Steps shrink at least by the same factor again, so this is how long the next would be.
        shrinks = longest / before if 0 < before < inf else 1.0
        if longest * min(1.0, shrinks) <= tolerance:
            return Solved(parameters, own, rests=True)
        if not longest < inf:
            break
    return Solved(parameters, own, rests=False)


def _conjugate(curvature: Curvature, weights: Floats, gradient: Floats, like: Floats) -> Floats:
    """The step of each fit, to a thousandth of its length (Hestenes and Stiefel 1952)."""
    step, towards, left = np.zeros_like(gradient), np.zeros_like(gradient), gradient
    first = size = np.zeros(len(gradient))
    for _ in range(len(like)):
        moved = np.einsum("bi,ij->bj", left, like)
        before, size = size, np.einsum("bi,bi->b", left, moved)
        first = np.maximum(first, size)
        if (size <= 1e-6 * first).all():
            break
        towards = moved + _ratio(size, before)[:, None] * towards
        product = curvature.times(towards, weights)
        far = _ratio(size, np.einsum("bi,bi->b", towards, product))[:, None]
        step, left = step + far * towards, left - far * product
    return step


def _ratio(above: Floats, below: Floats) -> Floats:
    """Zero where there is nothing to divide by: a fit that has come to rest."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


@dataclass(frozen=True)
class Fit:
    """One fit. ``covariance`` is the inverse information, of ratings with mean zero in their
    components; ``cross`` (clusters, p) and ``own_information`` are those of topics' effects."""

    model: Model
    parameters: Floats
    own: Floats
    covariance: Floats
    cross: Floats
    own_information: Floats
    rests: bool

    @property
    def solved(self) -> Solved:
        """Where other fits may begin."""
        return Solved(self.parameters[None], self.own[None], self.rests)


def fit(model: Model, start: Solved | None = None) -> Fit:
    """The maximum of the likelihood, with its prior if it has one.

    ``rests`` is False where there is none: somebody's rating, or an effect, is on its way to
    infinity.
    """
    ones = np.ones((1, model.cells.clusters))
    if start is None:
        start = Solved(np.zeros((1, model.size)), np.zeros_like(ones), rests=False)
    solution = solve(model, ones, start)
    farthest = np.abs(model.eta(solution.parameters, solution.own)).max(initial=0.0)
    rests = solution.rests and bool(
        np.abs(solution.parameters).max() <= MOST and farthest <= FARTHEST
    )
    covariance, cross = np.full((model.size, model.size), nan), np.zeros((0, model.size))
    own = np.zeros(0)
    if rests:
        moments = model.moments(solution.parameters, solution.own)
        curvature = model.curvature(moments, ones)
        covariance = model.centre @ np.linalg.inv(curvature.reduced(ones)[0]) @ model.centre
        cross, own = curvature.cross[0], curvature.own[0]
    return Fit(model, solution.parameters[0], solution.own[0], covariance, cross, own, rests)


def with_spread(model: Model, begin: Fit) -> Fit:
    """Fit with the spread of topics' side effects that is likeliest, which may be none.

    Laplace's approximation to the restricted likelihood: that of the mode, less half the logarithm
    of the determinant of the information of all effects.
    """
    from scipy import optimize  # heavy

    best = begin
    value = -_laplace(begin)

    def loss(spread: float) -> float:
        nonlocal best, value
        candidate = fit(replace(model, spread=float(spread)), best.solved)
        lost = -_laplace(candidate) if candidate.rests else inf
        if lost < value:
            best, value = candidate, lost
        return lost

    optimize.minimize_scalar(loss, bounds=(0.02, WIDEST), method="bounded", options={"xatol": 0.01})
    return best


def _laplace(maximum: Fit) -> float:
    model = maximum.model
    value = model.log_likelihood(maximum.parameters, maximum.own)
    value -= model.ridge * float(maximum.parameters @ maximum.parameters) / 2
    if model.spread:
        value -= float(maximum.own @ maximum.own) / model.spread**2 / 2
        value -= (model.spread / USUAL) ** 2 / 2
        value -= float(np.log(maximum.own_information * model.spread**2).sum()) / 2
    # Of the inverse, whose null space is where ratings are centred: with the anchor it is regular.
    whole = maximum.covariance + (np.eye(model.size) - model.centre)
    return value + float(np.linalg.slogdet(whole)[1]) / 2
