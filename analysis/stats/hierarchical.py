"""A hierarchical model of estimates with known sampling variances, solved by quadrature.

    y_w ~ N(x_w' b + u_w, v_w),  u_w ~ N(0, tau^2)

The normal-normal model of random-effects meta-analysis (Rubin, J. Educ. Stat. 6, 1981; Gelman et
al., *Bayesian Data Analysis*, section 5.4), with flat priors for the coefficients b and for
the standard deviation tau. Given tau everything is normal, so that one integral over tau is left,
which is a sum over a grid. The prediction interval is that of a new ``x' b + u``: what the *true*
effect is likely to be elsewhere (Higgins, Thompson and Spiegelhalter, J. R. Stat. Soc. A 172,
2009).

A flat prior for tau needs three estimates more than coefficients; with fewer nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from scipy import special  # scipy.stats takes two seconds to import

from analysis.stats.interval import UNKNOWN, Floats, Interval

POINTS = 120
"""How many values of tau the grid has."""

SPARE = 3
"""How many estimates more than coefficients the model needs."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """A mixture of normal distributions: means, standard deviations and weights that add to 1."""

    means: Floats
    deviations: Floats
    weights: Floats

    @property
    def mean(self) -> float:
        """Its mean."""
        return float(self.weights @ self.means)

    def above(self, value: float) -> float:
        """The probability of more than ``value``."""
        return float(self.weights @ special.ndtr((self.means - value) / self.deviations))

    def quantile(self, share: float) -> float:
        """The value below which it lies with the probability ``share``, by bisection."""
        low = float((self.means - 10 * self.deviations).min())
        high = float((self.means + 10 * self.deviations).max())
        for _ in range(48):
            middle = (low + high) / 2
            if 1.0 - self.above(middle) < share:
                low = middle
            else:
                high = middle
        return (low + high) / 2

    def interval(self, level: float = 0.95) -> Interval:
        """Its mean with the quantiles that leave out as much on either side."""
        half = (1 - level) / 2
        return Interval(self.mean, self.quantile(half), self.quantile(1 - half))


@dataclass(frozen=True)
class Hierarchical:
    """The posterior, on a grid of ``taus`` with ``weights``: ``means`` are the coefficients' means
    given each tau (a row each), ``covariances`` their covariances."""

    taus: Floats
    weights: Floats
    means: Floats
    covariances: Floats

    def coefficient(self, place: int) -> Mixture:
        """The posterior of a coefficient."""
        spread = np.sqrt(self.covariances[:, place, place])
        return Mixture(self.means[:, place], spread, self.weights)

    def new(self) -> Mixture:
        """The posterior of the true effect in a new world: the first coefficient, which is the
        mean, and a deviation u."""
        spread = np.sqrt(self.covariances[:, 0, 0] + self.taus**2)
        return Mixture(self.means[:, 0], spread, self.weights)

    def tau(self, level: float = 0.95) -> Interval:
        """The standard deviation between worlds: its posterior median, with the limits of the
        shortest interval, which may begin at 0."""
        total = np.cumsum(self.weights)
        median = float(np.interp(0.5, total, self.taus))
        starts = np.linspace(0.0, 1 - level, 200)
        lows = np.interp(starts, np.r_[0.0, total], np.r_[0.0, self.taus])
        highs = np.interp(starts + level, np.r_[0.0, total], np.r_[0.0, self.taus])
        place = int(np.argmin(highs - lows))
        return Interval(median, float(lows[place]), float(highs[place]))


def hierarchical(
    estimates: Floats, variances: Floats, columns: Floats | None = None
) -> Hierarchical | None:
    """The posterior of the model; None if there are too few estimates, or if its coefficients
    cannot be told apart (a column that is constant in these worlds).

    ``estimates`` are y, ``variances`` v, one of each world; ``columns`` are further columns of x
    beside the constant, a row for each world.

    >>> found = hierarchical(np.array([1.0, 1.2, 0.8, 1.1, 0.9, 1.0]), np.full(6, 0.04))
    >>> round(found.new().mean, 2), round(found.new().above(0.0), 3)
    (1.0, 0.998)
    """
    worlds = len(estimates)
    design = np.ones((worlds, 1))
    if columns is not None:
        design = np.hstack([design, columns])
    if worlds < design.shape[1] + SPARE or not float(variances.min(initial=0.0)) >= 0:
        return None
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    residuals = estimates - design @ np.linalg.lstsq(design, estimates, rcond=None)[0]
    scale = sqrt(float(residuals @ residuals) / (worlds - design.shape[1]) + variances.mean())
    if scale == 0:
        return None
    # Denser near 0, where the likelihood is steep if the sampling variance is small.
    steps = (np.arange(POINTS) + 0.5) / POINTS
    taus = 10.0 * scale * steps**2
    cells = 2.0 * steps
    precision = 1.0 / (taus[:, None] ** 2 + variances[None, :])
    size = design.shape[1]
    squares = (design[:, :, None] * design[:, None, :]).reshape(worlds, size * size)
    information = (precision @ squares).reshape(-1, size, size)
    covariances: Floats = np.linalg.inv(information).astype(np.float64)
    scores = precision @ (design * estimates[:, None])
    means = (covariances @ scores[:, :, None])[:, :, 0]
    left = estimates[None, :] - means @ design.T
    log = 0.5 * (
        np.log(precision).sum(axis=1)
        - np.linalg.slogdet(information)[1]
        - (precision * left**2).sum(axis=1)
    )
    weights = np.exp(log - log.max()) * cells
    return Hierarchical(taus, weights / weights.sum(), means, covariances)


def spread_beyond_sampling(estimates: Floats, variances: Floats) -> float:
    """The variance between worlds less the mean sampling variance (Hedges, J. Educ. Stat. 8, 1983):
    what is left for true differences; below 0 by chance where there are none.

    >>> round(spread_beyond_sampling(np.array([0.0, 2.0]), np.array([0.5, 0.5])), 6)
    1.5
    """
    if len(estimates) < 2:
        return nan
    return float(np.var(estimates, ddof=1) - variances.mean())


@dataclass(frozen=True, slots=True)
class Explained:
    """The effect of a factor (half the difference between its two levels), and the share of the
    true variance between worlds that it explains."""

    effect: Interval
    share: Interval


def explained(
    estimates: Floats, variances: Floats, levels: Floats, draws: int = 4000
) -> list[Explained]:
    """What each factor explains; ``levels`` has a column of -1 and 1 for each.

    A factor with the coefficient b makes the variance b^2 between worlds (its levels are there
    equally often), and its share is b^2 / (b^2 + tau^2), where tau is what remains in a model with
    this factor alone: with all factors in the sum, the noise of each would count as variance. The
    limits are quantiles of the posterior, 0 where the effect's own limits hold 0, and 1 where
    tau's do. Read a share only where worlds were shown to differ. Of a factor that is the same in
    all these worlds (the others have no number) nothing is known.
    """
    varied = [place for place in range(levels.shape[1]) if len(set(levels[:, place])) > 1]
    whole = hierarchical(estimates, variances, levels[:, varied])
    generator = np.random.default_rng(0)
    return [
        Explained(
            UNKNOWN
            if whole is None or place not in varied
            else whole.coefficient(varied.index(place) + 1).interval(),
            _share(hierarchical(estimates, variances, levels[:, [place]]), draws, generator),
        )
        for place in range(levels.shape[1])
    ]


def _share(model: Hierarchical | None, draws: int, generator: np.random.Generator) -> Interval:
    """The share of the variance that the one factor of a model explains."""
    if model is None:
        return UNKNOWN
    cells = generator.choice(len(model.taus), size=draws, p=model.weights)
    spread = np.sqrt(model.covariances[cells, 1, 1])
    squares = (model.means[cells, 1] + spread * generator.normal(size=draws)) ** 2
    shares = squares / (squares + model.taus[cells] ** 2)
    middle, low, high = (float(np.quantile(shares, each)) for each in (0.5, 0.025, 0.975))
    effect, least = model.coefficient(1).interval(), model.tau().low
    low = 0.0 if effect.low <= 0 <= effect.high else low
    return Interval(middle, low, 1.0 if least <= model.taus[0] else high)
