"""Fits of the Bradley-Terry model by Newton's method, and the spread of side effects over topics.

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
"""A rating or effect beyond this, in logits, is taken to diverge: millions of matches would be
needed to estimate it."""
FARTHEST = 2 * MOST
"""The same for the advantage of one side over the other in a comparison. So far out the fit stops
only because the gradient is rounded to zero."""
LIMIT = 60
"""The most Newton steps; where there is a maximum, about eight are needed."""
LONG = 0.5
"""After a step longer than this, in logits, the curvature has changed and is computed anew."""
WIDEST = 4.0
"""The largest spread of side effects over topics that is tried, in logits."""
USUAL = 1.0
"""Scale of the half-normal prior on that spread. With few comparisons for each topic, Laplace's
approximation overestimates the spread (1.5 where the simulated truth was 0.7, with 3 comparisons a
topic); with this prior the estimate was 0.86. With 10 comparisons a topic it makes no
difference."""


class Solved(NamedTuple):
    """The solutions of a batch of fits: a row of parameters and a row of topics' effects (``own``)
    for each, and whether all fits converged (``converged``)."""

    parameters: Floats
    own: Floats
    converged: bool


def solve(
    model: Model,
    weights: Floats,
    start: Solved,
    tolerance: float = 1e-10,
    like: Floats | None = None,
) -> Solved:
    """Maximise the likelihood for each row of ``weights`` (fits by clusters) by Newton's method.

    All fits start at ``start``, a batch of one, and stop when no step is longer than ``tolerance``.
    ``like`` is the covariance of a similar fit. With it, steps are approximate and cheap, which is
    meant for large batches: the curvature is computed anew only after a long step, and each step is
    solved for by conjugate gradients with that covariance as the preconditioner, which takes about
    six matrix products instead of an inverse.
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
        # The log-likelihood is concave, so a step can only be too long, never in a wrong direction.
        short = np.minimum(1.0, 2.0 / np.maximum(lengths, 1.0))
        parameters, own = parameters + short * step, own + short * pull
        # Newton steps shrink at least by the same factor again: this bounds the next step.
        shrinks = longest / before if 0 < before < inf else 1.0
        if longest * min(1.0, shrinks) <= tolerance:
            return Solved(parameters, own, converged=True)
        if not longest < inf:
            break
    return Solved(parameters, own, converged=False)


def _conjugate(curvature: Curvature, weights: Floats, gradient: Floats, like: Floats) -> Floats:
    """The Newton step of each fit by preconditioned conjugate gradients, to a thousandth of its
    length (Hestenes and Stiefel, Journal of Research of the National Bureau of Standards 49, 1952).
    """
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
    """Quotients; 0 where the divisor is 0, in a fit that has converged."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


@dataclass(frozen=True)
class Fit:
    """One fit. ``covariance`` is the inverse information, for ratings with mean zero in their
    components. ``own`` are the topics' side effects; ``own_information`` is the information of
    these, and ``cross`` (clusters, p) the information that they share with the parameters."""

    model: Model
    parameters: Floats
    own: Floats
    covariance: Floats
    cross: Floats
    own_information: Floats
    converged: bool

    @property
    def solved(self) -> Solved:
        """The solution, as a start for other fits."""
        return Solved(self.parameters[None], self.own[None], self.converged)


def fit(model: Model, start: Solved | None = None) -> Fit:
    """The maximum of the likelihood, with its prior if it has one.

    ``converged`` is False if there is no maximum: a rating or an effect diverges to infinity.
    """
    ones = np.ones((1, model.cells.clusters))
    if start is None:
        start = Solved(np.zeros((1, model.size)), np.zeros_like(ones), converged=False)
    solution = solve(model, ones, start)
    farthest = np.abs(model.eta(solution.parameters, solution.own)).max(initial=0.0)
    converged = solution.converged and bool(
        np.abs(solution.parameters).max() <= MOST and farthest <= FARTHEST
    )
    covariance, cross = np.full((model.size, model.size), nan), np.zeros((0, model.size))
    own = np.zeros(0)
    if converged:
        moments = model.moments(solution.parameters, solution.own)
        curvature = model.curvature(moments, ones)
        covariance = model.centre @ np.linalg.inv(curvature.reduced(ones)[0]) @ model.centre
        cross, own = curvature.cross[0], curvature.own[0]
    return Fit(model, solution.parameters[0], solution.own[0], covariance, cross, own, converged)


def with_spread(model: Model, begin: Fit) -> Fit:
    """Fit with the likeliest spread of topics' side effects, which may be zero.

    The spread maximises Laplace's approximation to the restricted likelihood: the log-likelihood at
    the mode, less half the log-determinant of the information of all effects (Breslow and Clayton
    1993).
    """
    from scipy import optimize  # heavy

    best = begin
    value = -_laplace(begin)

    def loss(spread: float) -> float:
        nonlocal best, value
        candidate = fit(replace(model, spread=float(spread)), best.solved)
        lost = -_laplace(candidate) if candidate.converged else inf
        if lost < value:
            best, value = candidate, lost
        return lost

    optimize.minimize_scalar(loss, bounds=(0.02, WIDEST), method="bounded", options={"xatol": 0.01})
    return best


def penalised(model: Model, parameters: Floats, own: Floats) -> float:
    """The log-likelihood of one set of parameters with its priors."""
    value = model.log_likelihood(parameters, own)
    value -= model.ridge * float(parameters @ parameters) / 2
    if model.spread:
        value -= float(own @ own) / model.spread**2 / 2
    return value


def _laplace(maximum: Fit) -> float:
    model = maximum.model
    value = penalised(model, maximum.parameters, maximum.own)
    if model.spread:
        value -= (model.spread / USUAL) ** 2 / 2
        value -= float(np.log(maximum.own_information * model.spread**2).sum()) / 2
    # The covariance is singular, since ratings are centred; adding the projection makes it regular.
    whole = maximum.covariance + (np.eye(model.size) - model.centre)
    return value + float(np.linalg.slogdet(whole)[1]) / 2
