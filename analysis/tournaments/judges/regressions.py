"""Regressions of scores of 1, 1/2 and 0, with cluster-robust standard errors.

*Definition.* Win, tie and loss have probabilities in the ratio exp(eta / 2) : nu : exp(-eta / 2)
(Davidson, JASA 65, 1970), so that eta is the log-odds of a win against a loss; without ties this is
logistic regression. eta is linear in the parameters, or nearly so; each judge has its own nu, which
standard errors treat as known. The estimating equations need only the mean of the score to be right
(a quasi-likelihood). They are adjusted as by Firth (Biometrika 80, 1993), which removes the bias
away from zero in small samples and gives a finite estimate even if one side always won.

*Standard errors* are between clusters: CR2 with Satterthwaite's degrees of freedom, as in
``analysis.tournaments.ratings.sandwich`` (Bell and McCaffrey, Survey Methodology 28, 2002;
Pustejovsky and Tipton, Journal of Business and Economic Statistics 36, 2018). With fewer than
``FEW`` clusters they are the model's own, times the dispersion. They are at least that if only
Firth's adjustment makes the estimate finite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, nan, sqrt
from typing import NamedTuple

import numpy as np
from scipy import linalg, special

from analysis.stats import Floats
from analysis.tournaments.ratings.bradley_terry import outcomes
from analysis.tournaments.ratings.comparisons import Ints

FEW = 3
"""A variance between clusters needs at least so many clusters."""
MANY = 500
"""With more clusters than this, CR1 is used: as good, and cheap."""
LARGE = 3000
"""With more rows than this, Firth's adjustment is too small to change standard errors."""
LIMIT = 100
"""The most Newton steps; where there is a maximum, about ten are needed."""
FAR = 30.0
"""A linear predictor beyond this, in logits, is taken to diverge."""
ALIKE = 1e-4
"""A column of which a smaller part is left, once others are projected out, depends on them."""

Predict = Callable[[Floats], tuple[Floats, Floats]]
"""From parameters to eta and its derivatives by them (rows, parameters)."""


class Expected(NamedTuple):
    """The first four cumulants of each score, each of which is the derivative by eta of the one
    before; and the probability of a tie."""

    mean: Floats
    variance: Floats
    third: Floats
    fourth: Floats
    tie: Floats


@dataclass(frozen=True, slots=True)
class Data:
    """The observations: scores, their weights, and the number of the judge that gave each."""

    score: Floats
    weight: Floats
    judge: Ints


@dataclass(frozen=True, slots=True)
class Regression:
    """A fit. ``delta`` is log nu of each judge; ``derivatives`` are those of eta by the parameters;
    ``bread`` is the inverse information with the prior; ``pull`` (see ``_pull``) is the factor by
    which Firth's adjustment changes influences. ``finite`` says whether the likelihood has a
    maximum without the adjustment, too."""

    data: Data
    parameters: Floats
    delta: Floats
    eta: Floats
    expected: Expected
    derivatives: Floats
    bread: Floats
    pull: Floats
    finite: bool


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One parameter: its estimate, error, and degrees of freedom."""

    estimate: float
    error: float
    freedom: float

    def limits(self, level: float = 0.95) -> tuple[float, float]:
        """The limits of Student's interval."""
        half = float(special.stdtrit(self.freedom, (1 + level) / 2)) * self.error
        return self.estimate - half, self.estimate + half

    @property
    def p(self) -> float:
        """The two-sided p value of the hypothesis that the parameter is zero."""
        if not self.error > 0:
            return nan
        return 2 * float(special.stdtr(self.freedom, -abs(self.estimate) / self.error))


def linear(design: Floats) -> Predict:
    """eta = design times parameters."""
    return lambda parameters: (design @ parameters, design)


def expected(eta: Floats, delta: Floats) -> Expected:
    """The cumulants of scores. ``delta`` is minus infinity for a judge that never gives a tie.

    >>> [round(float(value), 3) for value in expected(np.array(0.0), np.array(-np.inf))]
    [0.5, 0.25, 0.0, -0.125, 0.0]
    """
    win, tie, loss = outcomes(eta, delta)
    mean = win + tie / 2
    up, middle, down = 1 - mean, 0.5 - mean, -mean
    variance = win * up**2 + tie * middle**2 + loss * down**2
    third = win * up**3 + tie * middle**3 + loss * down**3
    fourth = win * up**4 + tie * middle**4 + loss * down**4 - 3 * variance**2
    return Expected(mean, variance, third, fourth, tie)


def independent(design: Floats, weight: Floats) -> tuple[Ints, Ints]:
    """A basis of the columns, by QR with pivoting; and those columns of the basis on which no other
    column depends, whose parameters are therefore identified.

    >>> one, two = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.0, 1.0, 1.0, 0.0])
    >>> kept, identified = independent(np.column_stack([one, two, 2 * one]), np.ones(4))
    >>> len(kept), identified.tolist()
    (2, [1])
    """
    scaled = design * np.sqrt(weight)[:, None]
    size = np.sqrt((scaled**2).sum(axis=0))
    used = np.flatnonzero(size > 0)
    if not len(used):
        return used, used
    triangle, order = linalg.qr(scaled[:, used] / size[used], mode="r", pivoting=True)
    rank = int(np.sum(np.abs(np.diag(triangle)) > ALIKE))
    combination = linalg.solve_triangular(triangle[:rank, :rank], triangle[:rank, rank:])
    alone = np.abs(combination).max(axis=1, initial=0.0) < ALIKE
    kept = used[order[:rank]]
    return np.sort(kept), np.sort(kept[alone])


def regress(
    predict: Predict, data: Data, start: Floats, prior: Floats | None = None
) -> Regression | None:
    """The adjusted maximum, by Newton's method.

    ``prior`` is the precision of a normal prior with mean zero on each parameter.

    None where there is no maximum.
    """
    precision = np.zeros(len(start)) if prior is None else prior
    delta = _first_delta(data)
    maximum = _maximum(predict, data, start, delta, precision, firth=True)
    if maximum is None:
        return None
    parameters, delta = maximum
    eta, derivatives = predict(parameters)
    about = expected(eta, delta[data.judge])
    bread = _bread(derivatives, data.weight * about.variance, precision)
    if bread is None:
        return None
    pull = _pull(data, derivatives, about, bread)
    finite = _maximum(predict, data, parameters, delta, precision, firth=False) is not None
    return Regression(data, parameters, delta, eta, about, derivatives, bread, pull, finite)


def regress_alike(
    predict: Predict, data: Data, start: Floats, groups: Ints, prior: Floats | None = None
) -> Regression | None:
    """``regress`` for scores that are correlated within groups.

    Each of m scores whose residuals have correlation rho gets the weight 1 / (1 + (m - 1) rho), as
    in generalised estimating equations with an exchangeable correlation (Liang and Zeger,
    Biometrika 73, 1986). rho is estimated from a first fit with weights 1 / m.
    """
    _, group, count = np.unique(groups, return_inverse=True, return_counts=True)
    many = count[group].astype(np.float64)
    regression = regress(predict, replace(data, weight=1 / many), start, prior)
    if regression is None or many.max(initial=1.0) == 1:
        return regression
    rest = regression.data.score - regression.expected.mean
    squares = np.bincount(group, rest**2)
    both = float(np.sum(np.bincount(group, rest) ** 2 - squares))
    rho = both / max(float((count - 1) @ squares), 1e-300)
    weight = 1 / (1 + (many - 1) * min(max(rho, 0.0), 1.0))
    return regress(predict, replace(data, weight=weight), regression.parameters, prior)


def _tied(data: Data) -> tuple[Floats, Floats]:
    """The total weight of the ties of each judge, and of all its scores."""
    many = int(data.judge.max(initial=-1)) + 1
    tied = np.asarray(np.bincount(data.judge, data.weight * (data.score == 0.5), many), np.float64)
    return tied, np.asarray(np.bincount(data.judge, data.weight, many), np.float64)


def _first_delta(data: Data) -> Floats:
    """Start values: if all sides were equal, a tie would have the probability nu / (nu + 2)."""
    tied, whole = _tied(data)
    share = np.divide(tied, whole, out=np.zeros_like(tied), where=whole > 0)
    share = np.minimum(share, 0.999)
    none = np.full(len(share), -inf)
    return np.asarray(np.log(2 * share / (1 - share), out=none, where=share > 0))


def _maximum(
    predict: Predict, data: Data, start: Floats, delta: Floats, precision: Floats, firth: bool
) -> tuple[Floats, Floats] | None:
    """Parameters and delta; None if Newton's method does not converge."""
    parameters, delta = start.copy(), delta.copy()
    tied, _ = _tied(data)
    for _ in range(LIMIT):
        eta, derivatives = predict(parameters)
        if not firth and float(np.abs(eta).max(initial=0.0)) > FAR:
            return None
        about = expected(eta, delta[data.judge])
        bread = _bread(derivatives, data.weight * about.variance, precision)
        if bread is None:
            return None
        step = bread @ _slope(data, parameters, precision, derivatives, about, bread, firth)
        longest = float(np.abs(step).max(initial=0.0))
        if not longest < inf:
            return None
        parameters = parameters + step / max(1.0, longest)
        moved = _delta_step(data, tied, about.tie)
        delta = delta + moved
        if max(longest, float(np.abs(moved).max(initial=0.0))) < 1e-7:
            return parameters, delta
    return None


def _slope(
    data: Data,
    parameters: Floats,
    precision: Floats,
    derivatives: Floats,
    about: Expected,
    bread: Floats,
    firth: bool,
) -> Floats:
    """The estimating function, which is zero at the estimate."""
    rest = data.weight * (data.score - about.mean)
    if firth:
        leverage = ((derivatives @ bread) * derivatives).sum(axis=1)
        rest = rest + data.weight * leverage * about.third / 2
    return np.asarray(derivatives.T @ rest - precision * parameters)


def _pull(data: Data, derivatives: Floats, about: Expected, bread: Floats) -> Floats:
    """The change of the estimate for a small change of the slope, relative to ``bread``.

    Firth's adjustment shrinks estimates and with them their errors. The matrix is information times
    the inverse derivative of ``_slope`` (with the derivatives of eta held fixed).
    """
    if len(data.score) > LARGE:
        return np.eye(len(bread))
    joint = derivatives @ bread @ derivatives.T
    moved = (data.weight * about.third)[:, None] * derivatives
    bent = moved.T @ (joint**2 @ moved) / 2
    bent -= (derivatives.T * (data.weight * np.diag(joint) * about.fourth / 2)) @ derivatives
    information = np.linalg.inv(bread)
    return np.asarray(np.linalg.solve(information + bent, information))


def _delta_step(data: Data, tied: Floats, tie: Floats) -> Floats:
    many = len(tied)
    expect = np.bincount(data.judge, data.weight * tie, many)
    spread = np.bincount(data.judge, data.weight * tie * (1 - tie), many)
    step = np.divide(tied - expect, spread, out=np.zeros(many), where=spread > 0)
    return np.clip(step, -1.0, 1.0)


def _bread(derivatives: Floats, variance: Floats, precision: Floats) -> Floats | None:
    information = (derivatives.T * variance) @ derivatives + np.diag(precision)
    try:
        inverse = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(inverse) if np.isfinite(inverse).all() else None


# -- errors ------------------------------------------------------------------------------------


def estimates(regression: Regression, clusters: Ints, wanted: Ints) -> list[Coefficient]:
    """The wanted parameters, with errors. ``clusters`` has the cluster number of each row."""
    own = np.sqrt(dispersion(regression) * np.diag(regression.bread)[wanted])
    many = int(clusters.max()) + 1
    if many < FEW:
        error, freedom = own, np.full(len(wanted), inf)
    else:
        error, freedom = _between(regression, clusters, wanted)
        if not regression.finite:
            # If a side always won, residuals hardly inform about the variance.
            error = np.maximum(error, own)
    middle = regression.parameters[wanted]
    return [Coefficient(*map(float, one)) for one in zip(middle, error, freedom, strict=True)]


def dispersion(regression: Regression) -> float:
    """Pearson's dispersion: the sum of (score - mean)^2 / variance over the degrees of freedom."""
    weight = regression.data.weight
    left = float(weight.sum()) - len(regression.parameters)
    if left <= 0:
        return nan
    rest = regression.data.score - regression.expected.mean
    return float(weight @ (rest**2 / regression.expected.variance)) / left


def _between(regression: Regression, clusters: Ints, wanted: Ints) -> tuple[Floats, Floats]:
    """Errors and degrees of freedom; the formulas are in ``ratings.sandwich``."""
    rest = regression.data.weight * (regression.data.score - regression.expected.mean)
    variance = regression.data.weight * regression.expected.variance
    many = int(clusters.max()) + 1
    if many > MANY:
        scores = np.zeros((many, len(regression.parameters)))
        np.add.at(scores, clusters, regression.derivatives * rest[:, None])
        influence = sqrt(many / (many - 1)) * (scores @ regression.bread[:, wanted])
        return np.sqrt((influence**2).sum(axis=0)), np.full(len(wanted), many - 1.0)
    values, vectors = np.linalg.eigh(regression.bread)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    order = np.argsort(clusters, kind="stable")
    ends = np.cumsum(np.bincount(clusters))
    influence = np.empty((many, len(root)))
    pulls = np.empty((many, len(wanted), len(root)))
    alone = np.empty((many, len(wanted)))
    for place, rows in enumerate(np.split(order, ends[:-1])):
        own = regression.derivatives[rows]
        share, axes = np.linalg.eigh(root @ ((own.T * variance[rows]) @ own) @ root)
        share = np.clip(share, 0.0, 1.0)
        # A direction that one cluster alone determines has no variance between clusters.
        left = np.where(share < 1 - 1e-6, 1 - share, inf)
        seen = axes.T @ root[:, wanted]
        force = (axes.T @ root @ (own.T @ rest[rows])) / np.sqrt(left)
        influence[place] = force @ axes.T @ root
        pulls[place] = seen.T @ ((share / np.sqrt(left))[:, None] * axes.T)
        alone[place] = (share / left) @ seen**2
    freedom = np.ones(len(wanted))
    for place in range(len(wanted)):
        joint = np.diag(alone[:, place]) - pulls[:, place] @ pulls[:, place].T
        squares = float(np.sum(joint**2))
        if squares > 0:
            freedom[place] = max(1.0, float(np.trace(joint)) ** 2 / squares)
    influence = influence @ regression.pull[wanted].T
    return np.sqrt((influence**2).sum(axis=0)), freedom
