"""Fitting a model of opinions: maximum likelihood over scenes, and intervals clustered by scene.

The likelihood (``analysis.opinions.likelihood``) is climbed by Fisher's scoring with damping. The
interval of any function of the law comes from the scenes' influence on it: with s_g the gradient of
scene g, I the information and J the function's derivatives, psi_g = G J I^-1 s_g, whose mean is
zero at the estimate and whose spread over scenes, divided by the root of G, is the standard error
(the sandwich of Huber 1967 and White 1982, clustered by scene). It is too small for few scenes:
with fewer than ``FEW_SCENES`` each is left out in turn and the model fitted anew, and psi_g is
(G - 1) times what that changes (the jackknife: Tukey 1958). The interval takes the wider of this
and of what the information says (Fisher); Student's t with G - 1 degrees of freedom. Scenes are
independent; what happens within one need not be, nor be normal.

The climb itself knows no bounds, so that intervals keep their coverage where the truth is at one.
``Fit.possible`` is the law in which weights are not negative that is nearest to the estimate in the
metric of the information, and it is the one to show.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import inf, nan, sqrt

import numpy as np
from scipy import special
from scipy.optimize import nnls

from analysis.opinions.likelihood import Likelihood
from analysis.opinions.models import Basis, Coefficients, Kind, Susceptibility, basis
from analysis.opinions.panel import Panel
from analysis.stats import UNKNOWN, Floats, Interval, sign_flip
from sim.errors import BadRequest

FEWEST_WAVES = 4
"""With three waves noise and motion cannot be told apart without repeated answers."""

MOST_STEPS, REFIT_STEPS = 200, 40
FEW_SCENES = 100
"""With fewer scenes errors come from refits, and covariances are kept from what they cannot be."""

TINY, NEAR = 1e-6, 1e-2
"""What a step may still promise where the climb ends, and where its end is still good enough: the
estimate is then within a tenth of a standard error of the top."""

Function = Callable[[Coefficients], Floats]
"""Numbers that are read off a law."""


@dataclass(frozen=True)
class Fit:
    """A model that was fitted to a panel.

    ``law`` is the estimate without bounds, ``log_likelihood`` its height without the constant;
    ``converged`` says whether the climb came to its end.
    """

    likelihood: Likelihood
    parameters: Floats
    log_likelihood: float
    converged: bool
    panel: Panel

    @property
    def law(self) -> Coefficients:
        """The estimate, without bounds."""
        return self.likelihood.law(self.parameters)

    @property
    def scenes(self) -> int:
        """The number of scenes."""
        return self.likelihood.scenes

    @property
    def one_place(self) -> bool:
        """Whether each actor begins at about one place in all scenes.

        That is, first answers vary between scenes by noise more than by what actors think.
        """
        _, _, initial, *_, first, _ = self.likelihood.parts(self.parameters)
        low, right = self.likelihood.low, self.likelihood.right
        return float(initial[low == right].sum()) <= float(first.sum())

    @cached_property
    def _slope(self) -> tuple[float, Floats, Floats]:
        return self.likelihood.slope(self.parameters)

    @cached_property
    def _inverse(self) -> tuple[Floats, Floats]:
        """The inverse of the information, and the directions that the panel says nothing of."""
        information = self._slope[2]
        scale = np.sqrt(np.maximum(np.diag(information), 1e-300))
        values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
        known = values > 1e-9 * len(values)
        half = vectors[:, known] / np.sqrt(values[known]) / scale[:, None]
        return np.asarray(half @ half.T), np.asarray(vectors[:, ~known].T / scale)

    @cached_property
    def _scores(self) -> Floats:
        return self.likelihood.scores(self.parameters)

    def influence(self, function: Function) -> Floats:
        """How much each scene moves the numbers that ``function`` reads off the law.

        Scenes by numbers. NaN where the panel does not say what a number is.
        """
        inverse, unknown = self._inverse
        slopes = self._derivatives(function)
        moved = self.scenes * self._scores @ inverse[:, : slopes.shape[1]] @ slopes.T
        if len(unknown):
            lost = np.abs(unknown[:, : slopes.shape[1]] @ slopes.T)
            size = np.abs(unknown).sum(axis=1, keepdims=True)
            moved[:, (lost > 1e-6 * size).any(axis=0)] = nan
        return np.asarray(moved)

    @cached_property
    def _left_out(self) -> list[Coefficients]:
        """The laws of fits without each of the scenes in turn."""
        places = np.arange(self.scenes)
        plane, signs = self.likelihood.plane, self.likelihood.signs
        found = []
        for place in places:
            others = self.panel.part(places[places != place])
            likelihood = Likelihood(others, plane, signs, steady=self.likelihood.steady)
            found.append(_climbed(others, likelihood, self.parameters, REFIT_STEPS).law)
        return found

    def contributions(self, function: Function) -> Floats:
        """``influence``, or with few scenes what leaving each out says of it."""
        moved = self.influence(function)
        if self.scenes >= FEW_SCENES or not self.likelihood.structural:
            return moved
        values = np.atleast_1d(function(self.law))
        without = np.array([np.atleast_1d(function(law)) for law in self._left_out])
        return np.asarray(np.where(np.isnan(moved), nan, (self.scenes - 1) * (values - without)))

    def intervals(self, function: Function, level: float = 0.95) -> list[Interval]:
        """The numbers that ``function`` reads off the law, each with its interval."""
        values = np.atleast_1d(function(self.law))
        if not self.converged:
            return [UNKNOWN] * len(values)
        quantile = float(special.stdtrit(max(self.scenes - 1, 1), (1 + level) / 2))
        slopes = self._derivatives(function)
        inverse = self._inverse[0][: slopes.shape[1], : slopes.shape[1]]
        found = []
        for value, slope, moved in zip(values, slopes, self.contributions(function).T, strict=True):
            if np.isnan(moved).any() or np.isnan(value):
                found.append(UNKNOWN)
                continue
            variance = max(float(moved.var(ddof=1)) / self.scenes, float(slope @ inverse @ slope))
            half = quantile * sqrt(variance)
            found.append(Interval(float(value), float(value) - half, float(value) + half))
        return found

    def _derivatives(self, function: Function) -> Floats:
        """The derivatives of numbers by the structural parameters, by central differences."""
        plane, count = self.likelihood.plane, self.likelihood.structural
        here = self.parameters[:count]
        step = 1e-5
        if not count:
            return np.zeros((len(np.atleast_1d(function(self.law))), 0))
        rows = [
            (np.atleast_1d(function(plane.law(here + step * each)))
             - np.atleast_1d(function(plane.law(here - step * each)))) / (2 * step)
            for each in np.eye(count)
        ]  # fmt: skip
        return np.asarray(rows).T

    @cached_property
    def possible(self) -> Coefficients:
        """The law with weights, anchors and beta that are not negative nearest to the estimate.

        Nearest in the metric of the information about the law (the noise profiled out). It is the
        estimate itself wherever that keeps the bounds.
        """
        count, plane = self.likelihood.structural, self.likelihood.plane
        here = self.parameters[:count]
        bounds, zero = _bounded(plane)
        if not count or (bounds @ here + zero >= 0).all():
            return self.law
        inverse, _ = self._inverse
        covariance = inverse[:count, :count]
        # With theta = here + R u, |u|^2 is the distance, and the bounds are B R u >= -(B here + z).
        root = np.linalg.cholesky(covariance + 1e-12 * np.trace(covariance) * np.eye(count))
        nearest = _least_distance(bounds @ root, -(bounds @ here + zero))
        return plane.law(here + root @ nearest)


def _bounded(plane: Basis) -> tuple[Floats, Floats]:
    """What may not be negative, as ``matrix @ parameters + constant``."""
    size = len(plane)
    count = len(plane.base.anchor)
    weights = plane.transition.reshape(size, -1).T
    moving = np.abs(weights).sum(axis=1) > 0
    anchors = plane.anchor.T
    shrink = -(plane.transition.sum(axis=2) + plane.anchor)[:, :1].T
    rows = np.vstack([weights[moving], anchors, shrink])
    zero = np.concatenate([
        plane.base.transition.ravel()[moving],
        plane.base.anchor,
        [1 - plane.base.transition.sum(axis=1)[0] - plane.base.anchor[0]],
    ])  # fmt: skip
    assert len(rows) == moving.sum() + count + 1
    return rows, zero


def _least_distance(matrix: Floats, least: Floats) -> Floats:
    """The shortest x with ``matrix @ x >= least`` (Lawson and Hanson 1974, chapter 23)."""
    stacked = np.vstack([matrix.T, least])
    target = np.zeros(len(stacked))
    target[-1] = 1.0
    dual, _ = nnls(stacked, target)
    residual = stacked @ dual - target
    if abs(residual[-1]) < 1e-12:
        return np.zeros(matrix.shape[1])
    return np.asarray(-residual[:-1] / residual[-1])


def fit(
    panel: Panel,
    kind: Kind = "biased",
    susceptibility: Susceptibility = "actor",
    *,
    start: Floats | None = None,
    steady: bool = True,
) -> Fit:
    """Fit a model to a panel. With ``steady`` False shocks may differ at the first step.

    Raises ``BadRequest`` if it has too few waves or scenes.

    >>> from analysis.opinions.models import Coefficients
    >>> generator = np.random.default_rng(0)
    >>> law = Coefficients.of(np.array([[0.6, 0.4], [0.3, 0.7]]), 0.8)
    >>> begun = generator.uniform(-1, 1, (80, 2))
    >>> values = np.array([law.path(each, 6) for each in begun])
    >>> noisy = values + generator.normal(0, 0.1, values.shape)
    >>> found = fit(Panel.of(noisy), "friedkin_johnsen", "common")
    >>> bool(abs(found.law.susceptibility[0] - 0.8) < 0.1)
    True
    """
    if not len(panel.scenes) or int(panel.waves.max()) < FEWEST_WAVES:
        raise BadRequest(
            f"opinions: stances have to be known at {FEWEST_WAVES} waves; ask more often"
        )
    if len(panel.scenes) < 3:
        raise BadRequest(f"opinions: {len(panel.scenes)} scenes are too few for a fit; play more")
    plane = basis(kind, panel.heard, susceptibility, worded=panel.worded)
    likelihood = Likelihood(panel, plane, steady=steady)
    begun = _start(panel, plane, likelihood) if start is None else start
    return _climbed(panel, likelihood, begun)


def fit_pull(
    panel: Panel, susceptibility: Susceptibility = "actor", *, steady: bool = False
) -> tuple[Fit, Fit]:
    """The fits without a pull (*centred*) and with one (*biased*), each the higher of two climbs.

    The likelihood can have several tops where little is known. Each model is also climbed from
    where the other ended, so that the two are not about different tops.
    """
    without = fit(panel, "centred", susceptibility, steady=steady)
    pulled = fit(panel, "biased", susceptibility, steady=steady)
    place = len(without.likelihood.plane)
    begun = np.delete(pulled.parameters, place)
    again = fit(panel, "centred", susceptibility, start=begun, steady=steady)
    without = max(without, again, key=_rank)
    begun = np.insert(without.parameters, place, 0.0)
    again = fit(panel, "biased", susceptibility, start=begun, steady=steady)
    return without, max(pulled, again, key=_rank)


def _rank(fitted: Fit) -> tuple[bool, float]:
    return fitted.converged, fitted.log_likelihood


def pull_test(without: Fit, panel: Panel) -> tuple[float, Floats]:
    """Is there a common pull? p, two-sided, and each scene's estimate of it; of a *centred* fit.

    A score test (Rao 1948): where the model without a pull fits best, how would each scene have the
    pull move? These numbers have mean zero if there is none, whatever interaction does, and their
    signs are exchanged at random over scenes (``analysis.stats.sign_flip``), which needs neither
    normality nor many scenes.
    """
    plane = without.likelihood.plane
    wider = basis("biased", panel.heard, plane.susceptibility, worded=panel.worded)
    still = np.insert(without.parameters, len(plane), 0.0)
    likelihood = Likelihood(panel, wider, steady=without.likelihood.steady)
    here = Fit(likelihood, still, without.log_likelihood, without.converged, panel)
    moved = here.influence(lambda law: np.array([law.drift]))[:, 0]
    return sign_flip(moved, np.zeros(len(moved))), moved


def _climbed(
    panel: Panel, likelihood: Likelihood, parameters: Floats, most: int = MOST_STEPS
) -> Fit:
    """Fisher's scoring with damping (Levenberg 1944).

    Up to where a step promises nothing (in units of the log-likelihood), or where no step gets
    higher: near a bound of what a covariance can be, scoring ends a little short of the top. With
    few scenes covariances are kept away from what they cannot be: otherwise the likelihood may have
    no top. There the climb ends where steps gain nothing.
    """
    few = likelihood.scenes < FEW_SCENES
    parameters = likelihood.bounded(parameters, all_of_them=few)
    height, gradient, information = likelihood.slope(parameters)
    damping, promised, idle = 1e-3, inf, 0
    for _ in range(most):
        free = likelihood.free(parameters, gradient)
        slope, metric = gradient[free], information[np.ix_(free, free)]
        scale = np.diag(np.maximum(np.diag(metric), 1e-12))
        promised = float(slope @ np.linalg.solve(metric + 1e-9 * scale, slope))
        if promised < TINY or damping > 1e6 or idle > 1:
            break
        step = np.zeros(len(parameters))
        step[free] = np.linalg.solve(metric + damping * scale, slope)
        there = likelihood.bounded(parameters + step, all_of_them=few)
        higher = likelihood.value(there)
        if higher > height:
            idle = idle + 1 if few and higher - height < NEAR / 10 else 0
            parameters = there
            height, gradient, information = likelihood.slope(parameters)
            damping = max(damping / 10, 1e-12)
        else:
            damping *= 10
    ended = promised < NEAR or (few and (damping > 1e6 or idle > 1))
    return Fit(likelihood, parameters, height, ended, panel)


def _start(panel: Panel, plane: Basis, likelihood: Likelihood) -> Floats:
    """Where to begin: least squares on the answers as they are, and a guess of the noise."""
    values, sign, base = panel.values, panel.sign, plane.base
    before, after = values[:, :-1], values[:, 1:]
    origin = np.broadcast_to(values[:, :1], before.shape)
    known = ~np.isnan(after).any(axis=2)
    target = (after - before @ base.transition.T - origin * base.anchor)[known]
    columns = [
        ((before @ each.T) + origin * anchor + drift + wording * sign[:, None, None])[known]
        for each, anchor, drift, wording in zip(
            plane.transition, plane.anchor, plane.drift, plane.wording, strict=True
        )
    ]
    structural = np.zeros(0)
    if columns:
        design = np.array([column.ravel() for column in columns]).T
        structural = np.linalg.lstsq(design, target.ravel(), rcond=None)[0]
        target = target - np.tensordot(structural, np.array(columns), 1)
    error = target.T @ target / max(len(target), 1) + 1e-4 * np.eye(likelihood.count)
    first = values[:, 0]
    start = [first[sign == each].mean(axis=0) for each in likelihood.signs]
    apart = np.vstack([first[sign == each] - first[sign == each].mean(axis=0)
                       for each in likelihood.signs])  # fmt: skip
    begun = apart.T @ apart / len(apart)
    noise = np.minimum(0.3 * np.diag(error), 0.5 * np.diag(begun) + 1e-4)
    begun = begun + 1e-4 * np.eye(likelihood.count) - np.diag(noise)
    low, right = likelihood.low, likelihood.right
    return np.concatenate([
        structural, *start, begun[low, right],
        *[(0.5 * error)[low, right]] * (1 if likelihood.steady else 2), noise,
        0.3 * np.diag(error),
    ])  # fmt: skip
