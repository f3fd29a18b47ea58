"""Numbers that are looked at while they come in: bounds that hold at every look.

Two ways. *Betting* (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
betting", arXiv 2010.09686) needs numbers with known limits and nothing else: its interval holds at
all looks together, however few numbers there are and whatever their law. *Group-sequential* bounds
spend the error rate by a function of how much is in (Lan and DeMets, Biometrika 70, 1983): normal
theory, so they are cheaper, and right for many numbers alone.

Values come in their order, along the last axis; the interval or the test at place ``i`` knows the
first ``i + 1`` of them.
"""

from __future__ import annotations

from math import ceil, e, inf, log, sqrt
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.stats import UNKNOWN, Floats, Interval
from sim.errors import BadRequest

Spending = Literal["obrien-fleming", "pocock"]

_HALVINGS = 60
"""Steps of bisection: enough for the last bit of a number in [0, 1]."""


# --- Betting --------------------------------------------------------------------------------------


def bets(horizon: int, alpha: float = 0.05) -> Floats:
    """The stakes that are mixed: shares in (0, 1] of what can be lost at most on one number.

    A bet that is right for an effect grows fastest, and the right one is not known beforehand; so
    the capital is divided among bets that differ by the square root of 2 each (the paper calls it
    diversified Kelly betting). The smallest is half of the one that suits the
    smallest effect that ``horizon`` numbers of the largest variance can show.

    >>> len(bets(200)), round(float(bets(200)[-1]), 3)
    (8, 0.088)
    """
    smallest = min(1.0, sqrt(2 * log(2 / alpha) / max(1, horizon)) / 2)
    return np.asarray(2.0 ** (-np.arange(ceil(-2 * log(smallest, 2)) + 1) / 2))


def log_capital(values: Floats, mean: float, stakes: Floats, *, larger: bool) -> Floats:
    """The logarithm of the capital after each value, of a gambler who bets that the mean of
    ``values`` (in [0, 1], the last axis is time) is larger than ``mean``, or smaller.

    With stake c the capital is multiplied by 1 - c + c x / mean at value x; it begins as 1, is
    never below 0, and is a martingale if the mean of each value, given those before, is ``mean``.
    By Ville's inequality it then ever reaches 1 / alpha with probability alpha at most. The result
    has the shape of ``values``. It falls as ``mean`` grows (if ``larger``).

    >>> round(float(log_capital(np.array([1.0, 1.0]), 0.5, np.array([1.0]), larger=True)[-1]), 4)
    1.3863
    """
    share, at = (values, mean) if larger else (1 - values, 1 - mean)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        ratio = np.where(share > 0, share / at, 0.0) if at > 0 else np.where(share > 0, inf, 0.0)
        factors = 1 - stakes[:, None] + stakes[:, None] * ratio[..., None, :]
        paths = np.cumsum(np.log(factors), axis=-1)
    return _log_mean(paths)


def _log_mean(paths: Floats) -> Floats:
    """The logarithm of the mean of exp(paths), over the axis before the last."""
    top = paths.max(axis=-2, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore", over="ignore"):
        mean = np.exp(paths - top).mean(axis=-2)
        return np.asarray(np.log(mean) + top[..., 0, :], dtype=np.float64)


def crossed(
    values: Floats,
    mean: float,
    limits: tuple[float, float],
    horizon: int,
    alpha: float = 0.05,
    looked: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether, at each place, the interval of ``betting_interval`` lies above ``mean``, and whether
    it lies below. ``values`` are within ``limits``; the last axis is time. ``looked`` says at which
    places there is a look (None: at all).

    >>> above, below = crossed(np.ones(30), 0.0, (-1.0, 1.0), 30)
    >>> int(above.argmax()) + 1, bool(below.any())
    (8, False)
    """
    unit, at = _unit(values, limits), _unit(np.array(mean), limits)
    stakes, needed = bets(horizon, alpha), log(2 / alpha)
    if not 0 <= at <= 1:
        everywhere = np.ones(values.shape, dtype=bool)
        return (everywhere, ~everywhere) if at < 0 else (~everywhere, everywhere)
    above, below = (
        np.logical_or.accumulate(
            _seen(log_capital(unit, float(at), stakes, larger=larger), looked) >= needed, axis=-1
        )
        for larger in (True, False)
    )
    return above, below


def _seen(capital: Floats, looked: NDArray[np.bool_] | None) -> Floats:
    return capital if looked is None else np.where(looked, capital, -inf)


def betting_interval(
    values: Floats,
    limits: tuple[float, float],
    horizon: int,
    alpha: float = 0.05,
    looked: NDArray[np.bool_] | None = None,
) -> Interval:
    """The interval of a mean after the last value, out of a sequence that holds at all looks
    together with probability 1 - alpha: the paper's hedged capital, half of alpha for each side.

    ``values`` are within ``limits``; ``horizon`` is how many there can be, by which the bets are
    chosen (a wrong one costs width, never coverage). The intervals of all looks so far (``looked``;
    None: after each value) are intersected. The estimate is the plain mean, which is inflated if
    the number of values was chosen by looking at them.

    >>> found = betting_interval(np.tile([0.0, 1.0], 50), (0.0, 1.0), 100)
    >>> round(found.low, 2), found.estimate, round(found.high, 2)
    (0.35, 0.5, 0.65)
    """
    if not len(values):
        return UNKNOWN
    low, high = limits
    unit, stakes, needed = _unit(values, limits), bets(horizon, alpha), log(2 / alpha)

    def outermost(share: Floats) -> float:
        """The largest mean against which the capital has reached what is needed; 0 if none."""
        below, above = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (below + above) / 2
            capital = _seen(log_capital(share, middle, stakes, larger=True), looked)
            below, above = (middle, above) if capital.max() >= needed else (below, middle)
        return below

    estimate = float(values.mean())
    lower, upper = outermost(unit), 1 - outermost(1 - unit)
    if lower > upper:  # Two looks contradict each other; by chance, at most as often as alpha.
        lower = upper = min(max(float(unit.mean()), upper), lower)
    return Interval(estimate, low + (high - low) * lower, low + (high - low) * upper)


def _unit(values: Floats, limits: tuple[float, float]) -> Floats:
    low, high = limits
    unit = (values - low) / (high - low)
    inside = np.clip(unit, 0, 1)
    # What lies a rounding error outside is at the limit.
    return np.asarray(np.where(np.abs(unit - inside) < 1e-9, inside, unit))


# --- Group-sequential -----------------------------------------------------------------------------


def looks_of(horizon: int, most: int = 200) -> tuple[int, ...]:
    """After how many values there is a look: after each, or at ``most`` looks as far apart.

    >>> looks_of(3), looks_of(1000)[:2], looks_of(1000)[-1]
    ((1, 2, 3), (5, 10), 1000)
    """
    step = ceil(horizon / most)
    return tuple(sorted({*range(step, horizon + 1, step), horizon}))


def spent(fraction: float, alpha: float, spending: Spending) -> float:
    """How much of a two-sided error rate may be spent when ``fraction`` of all is in.

    Each side spends half of it by the function of Lan and DeMets (1983) that resembles the bounds
    of O'Brien and Fleming, or of Pocock.

    >>> round(spent(1.0, 0.05, "obrien-fleming"), 4), round(spent(0.5, 0.05, "pocock"), 4)
    (0.05, 0.031)
    """
    if spending == "pocock":
        return alpha * log(1 + (e - 1) * fraction)
    return float(4 * special.ndtr(special.ndtri(alpha / 4) / sqrt(fraction)))


class Crossing(NamedTuple):
    """Bounds of a two-sided sequential test, and how likely it has crossed one by each look."""

    looks: tuple[int, ...]
    bounds: Floats
    by: Floats


def spending_bounds(
    looks: tuple[int, ...],
    horizon: int,
    alpha: float = 0.05,
    spending: Spending = "obrien-fleming",
) -> Crossing:
    """The bounds of |z| at each look such that the error rate is spent as ``spending`` says.

    By recursive integration of the density of the sum, so far as it has crossed no bound (Armitage,
    McPherson and Rowe 1969; Jennison and Turnbull 2000, chapter 19). Infinite while less than
    1e-10 may be spent. Raises ``BadRequest`` for looks that do not rise to ``horizon`` at most.

    >>> found = spending_bounds((1, 2, 3, 4, 5), 5)
    >>> [round(float(bound), 2) for bound in found.bounds]
    [4.88, 3.36, 2.68, 2.29, 2.03]
    """
    return _integrated(looks, horizon, 0.0, None, alpha, spending)


def crossing(bounds: Crossing, horizon: int, drift: float) -> Crossing:
    """How likely a test with these bounds has crossed one by each look, if the mean of z after
    ``horizon`` values is ``drift``: effect * sqrt(horizon) / sd.

    >>> bounds = spending_bounds((50, 100), 100)
    >>> round(float(crossing(bounds, 100, 3.24).by[-1]), 2)
    0.9
    """
    return _integrated(bounds.looks, horizon, drift, bounds.bounds, 0.05, "obrien-fleming")


def _integrated(
    looks: tuple[int, ...],
    horizon: int,
    drift: float,
    given: Floats | None,
    alpha: float,
    spending: Spending,
) -> Crossing:
    """The recursion: of each look its bound, where none is ``given``, and the probability of having
    crossed. The sum is that of a Brownian motion with this drift at time look / horizon."""
    if not looks or list(looks) != sorted({*looks}) or looks[0] < 1 or looks[-1] > horizon:
        raise BadRequest(f"looks: {looks!r:.40} do not rise from 1 to {horizon}")
    places, weights = np.zeros(1), np.ones(1)  # Where the sum is, and the probability of each.
    out, before = 0.0, 0.0
    bounds, by = np.full(len(looks), inf), np.zeros(len(looks))
    for number, look in enumerate(looks):
        time = look / horizon
        step = time - before
        centres, spread = places + drift * step, sqrt(step)
        if given is None:
            more = spent(time, alpha, spending) - out
            if spent(time, alpha, spending) > 1e-10:
                bounds[number] = _bound(centres, weights, spread, more) / sqrt(time)
        else:
            bounds[number] = given[number]
        edge = bounds[number] * sqrt(time)
        if np.isfinite(edge):
            out += _beyond(centres, weights, spread, float(edge))
        by[number] = out
        middle = drift * time
        reach = min(float(edge), 9 * sqrt(time) + abs(middle))
        # An odd number of places, a quarter of a step's spread apart, for Simpson's rule.
        count = 2 * max(20, ceil(4 * reach / spread)) + 1
        new = np.linspace(-reach, reach, count)
        simpson = np.full(count, 2.0)
        simpson[1::2] = 4.0
        simpson[[0, -1]] = 1.0
        density = np.exp(-0.5 * ((new[:, None] - centres) / spread) ** 2) @ weights
        density /= spread * sqrt(2 * np.pi)
        places, weights, before = new, density * simpson * (new[1] - new[0]) / 3, time
    return Crossing(looks, bounds, by)


def _beyond(centres: Floats, weights: Floats, spread: float, edge: float) -> float:
    """The probability that the next sum lies beyond ``edge`` on either side."""
    above = special.ndtr((centres - edge) / spread) + special.ndtr((-centres - edge) / spread)
    return float(above @ weights)


def _bound(centres: Floats, weights: Floats, spread: float, more: float) -> float:
    """The edge beyond which the next sum lies with probability ``more``."""
    low, high = 0.0, float(np.abs(centres).max()) + 12 * spread
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if _beyond(centres, weights, spread, middle) > more else (low, middle)
        )
    return high


def repeated_limits(values: Floats, bound: Floats | float, widest: Floats | float = 0.0) -> Floats:
    """Half of the width of the repeated confidence interval after each value (Jennison and Turnbull
    1989): the means that a test with this bound does not refuse.

    The test divides the sum by the root of the sum of squares about the mean that is tested, and
    not about the mean that was found: so it is no wilder than a normal variable where values are
    few or skewed (Efron 1969), and McNemar's test where they are -1, 0 and 1. Infinite until there
    are more values than the bound's square, and where all values are alike. ``widest`` is added to
    the sum of squares once, squared: for shares, where most values are 0 and the first others are
    yet to come, half an observation each way (as Agresti and Min do).

    >>> repeated_limits(np.array([1.0, 2.0, 3.0, 4.0]), 1.0).round(2).tolist()
    [inf, 0.5, 0.58, 0.65]
    """
    count = np.arange(1, values.shape[-1] + 1)
    means = np.cumsum(values, axis=-1) / count
    squares = np.cumsum(values**2, axis=-1) / count - means**2
    alike = squares <= 1e-12 * np.maximum(1.0, np.abs(means))
    squares = np.maximum(squares, 0.0) + np.asarray(widest) ** 2 / count
    with np.errstate(divide="ignore", invalid="ignore"):
        half = bound * np.sqrt(squares / (count - np.asarray(bound) ** 2))
    unknown = (np.asarray(bound) ** 2 >= count) | (alike & (np.asarray(widest) == 0))
    return np.asarray(np.where(unknown, inf, half), dtype=np.float64)
