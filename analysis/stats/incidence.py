"""Cumulative incidence: what happens first to whom, and by when, with other ends in its way.

A unit is at risk at its times 1, 2, ... until something happens to it or it is no longer watched.
The estimate is that of Aalen and Johansen (Scandinavian Journal of Statistics 5, 1978), computed by
statsmodels. For cause j at time t

    F_j(t) = sum over u <= t of S(u - 1) d_j(u) / n(u)
    S(u)   = product over v <= u of (1 - d(v) / n(v))

with n(u) units at risk, d_j(u) events of cause j, and d(u) events of any cause at time u. A unit
that is no longer watched after time u was at risk at u.

Units of one cluster (the actors of a scene) are not independent, so limits are those of a jackknife
that leaves out a cluster at a time, by Student's t on the scale log(-log(1 - F)), on which they
cannot leave [0, 1] and hold for rare events, too. Where nothing happened, or all clusters are
alike, they are Clopper and Pearson's over clusters. How often they cover:
``benchmarks.validity.risks``.

*References.* Aalen and Johansen 1978; Kalbfleisch and Prentice, The Statistical Analysis of Failure
Time Data, 2002, section 8.2; Lipsitz, Dear and Zhao, Biometrics 50, 1994 (jackknife by clusters).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.stats import UNKNOWN, Floats, Interval, clopper_pearson

Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Incidence:
    """Curves at the times 1 to T: ``value``, ``low`` and ``high`` have shape (J + 1, T).

    Row 0 is the share to whom nothing has happened, row j that of cause j; in each column they sum
    to 1. ``at_risk`` counts units, shape (T). Limits are NaN with a single cluster.
    """

    value: Floats
    low: Floats
    high: Floats
    at_risk: Floats
    clusters: int


def incidence(
    times: Sequence[int],
    causes: Sequence[int],
    clusters: Sequence[object],
    kinds: int,
    level: float = 0.95,
) -> Incidence:
    """Cumulative incidence of the causes 1 to ``kinds``, from a time and a cause for each unit.

    ``times`` count from 1; cause 0 is: nothing happened as long as the unit was watched. Raises
    ValueError if there are no units, a time below 1 or an unknown cause.

    Of four units one meets with cause 1 at once; of the other three one is watched no longer, and
    one of the two that are left meets with cause 2: 3/4 times 1/2.

    >>> found = incidence([1, 1, 2, 2], [1, 0, 2, 0], "abcd", kinds=2)
    >>> found.value.tolist()
    [[0.75, 0.375], [0.25, 0.25], [0.0, 0.375]]
    """
    when, what = np.asarray(times, dtype=np.int64), np.asarray(causes, dtype=np.int64)
    if not len(when) or when.min() < 1:
        raise ValueError("incidence: times count from 1, and there must be one")
    if what.min() < 0 or what.max() > kinds:
        raise ValueError(f"incidence: causes are 0 (none) to {kinds}")
    labels, group = np.unique(np.array([str(each) for each in clusters]), return_inverse=True)
    at_risk, events = _counts(when, what, group.astype(np.int64), len(labels), kinds)
    estimate = _estimate(when, what, kinds)
    low, high = np.full_like(estimate, nan), np.full_like(estimate, nan)
    if len(labels) > 1:
        left_out = aalen_johansen(at_risk.sum(0) - at_risk, events.sum(0) - events)
        low, high = _limits(estimate, left_out, level)
    return Incidence(estimate, low, high, at_risk.sum(axis=0), len(labels))


def aalen_johansen(at_risk: Floats, events: Floats) -> Floats:
    """The same estimate from counts, for many samples at once.

    ``at_risk`` has shape (..., T), ``events`` (..., J, T); the answer has shape (..., J + 1, T).
    Where nobody is at risk any more, nothing changes.

    >>> aalen_johansen(np.array([4.0, 2.0]), np.array([[1.0, 0.0], [0.0, 1.0]])).tolist()
    [[0.75, 0.375], [0.25, 0.25], [0.0, 0.375]]
    """
    several = at_risk[..., None, :]
    hazards = np.divide(events, several, out=np.zeros_like(events), where=several > 0)
    left = np.cumprod(1 - hazards.sum(axis=-2), axis=-1)[..., None, :]
    before = np.concatenate([np.ones_like(left[..., :1]), left[..., :-1]], axis=-1)
    return np.concatenate([left, np.cumsum(before * hazards, axis=-1)], axis=-2)


def _counts(
    when: Whole, what: Whole, group: Whole, clusters: int, kinds: int
) -> tuple[Floats, Floats]:
    """Units at risk, of shape (clusters, T), and events, of shape (clusters, J, T)."""
    last = int(when.max())
    gone = np.zeros((clusters, last + 1))
    np.add.at(gone, (group, when), 1.0)
    at_risk = np.cumsum(gone[:, ::-1], axis=1)[:, ::-1][:, 1:]
    events = np.zeros((clusters, kinds + 1, last))
    np.add.at(events, (group, what, when - 1), 1.0)
    return at_risk, events[:, 1:]


def _estimate(when: Whole, what: Whole, kinds: int) -> Floats:
    """The estimate by statsmodels, at every time from 1 to the last."""
    # Loaded here: with what it needs, it takes longer to load than most measures to run.
    from statsmodels.duration.survfunc import CumIncidenceRight

    curves = np.zeros((kinds + 1, int(when.max())))
    if what.any():
        # With weights it leaves out its own standard errors, which take units as independent.
        fitted = CumIncidenceRight(when, what, freq_weights=np.ones(len(when)))
        places = np.searchsorted(fitted.times, np.arange(1, curves.shape[1] + 1), side="right") - 1
        for cause, curve in enumerate(fitted.cinc, start=1):
            curves[cause] = np.where(places >= 0, np.asarray(curve)[np.maximum(places, 0)], 0.0)
    curves[0] = 1 - curves[1:].sum(axis=0)
    return np.clip(curves, 0.0, 1.0)


def _limits(estimate: Floats, left_out: Floats, level: float) -> tuple[Floats, Floats]:
    count = len(left_out)
    around = left_out - left_out.mean(axis=0)
    spread = np.sqrt((around**2).sum(axis=0) * (count - 1) / count)
    inside = (estimate > 1e-12) & (estimate < 1 - 1e-12) & (spread > 1e-12)
    value = np.where(inside, estimate, 0.5)
    rest = -np.log1p(-value)
    half = float(special.stdtrit(count - 1, (1 + level) / 2)) * spread / ((1 - value) * rest)
    low = -np.expm1(-rest * np.exp(-half))
    high = -np.expm1(-rest * np.exp(half))
    for place in zip(*np.nonzero(~inside), strict=True):
        exact = clopper_pearson(round(estimate[place] * count), count, level)
        low[place] = min(exact.low, estimate[place])
        high[place] = max(exact.high, estimate[place])
    return low, high


def restricted_mean(
    times: Sequence[int],
    happened: Sequence[bool],
    clusters: Sequence[object],
    horizon: int,
    level: float = 0.95,
) -> Interval:
    """The mean of the time until something happens, or of ``horizon`` where that is earlier.

    The area under the product-limit curve, S(0) + ... + S(horizon - 1), with a jackknife over
    clusters. Times are as in ``incidence``; unknown if the last unit is lost before the horizon.

    >>> restricted_mean([1, 2, 3, 3], [True, True, True, False], "abcd", horizon=3).estimate
    2.25
    """
    if not len(times) or horizon < 1:
        return UNKNOWN
    when, what = np.asarray(times, dtype=np.int64), np.asarray(happened, dtype=np.int64)
    labels, group = np.unique(np.array([str(each) for each in clusters]), return_inverse=True)
    at_risk, events = _counts(when, what, group.astype(np.int64), len(labels), 1)

    def area(risk: Floats, happening: Floats) -> Floats:
        left = aalen_johansen(risk, happening)[..., 0, :]
        # Where the last unit was lost with nothing happening to it, the rest is unknown.
        lost = (left[..., -1] > 0) & (left.shape[-1] < horizon)
        missing = max(horizon - 1 - left.shape[-1], 0)
        rest = np.where(lost, nan, left[..., -1] * missing)
        return np.asarray(1 + left[..., : horizon - 1].sum(axis=-1) + rest)

    estimate = float(area(at_risk.sum(axis=0), events.sum(axis=0)))
    count = len(labels)
    left_out = area(at_risk.sum(0) - at_risk, events.sum(0) - events) if count > 1 else np.ones(1)
    spread = float(np.sqrt(np.sum((left_out - left_out.mean()) ** 2) * (count - 1) / count))
    if count < 2 or not spread > 1e-12:
        return Interval(estimate, nan, nan)
    half = float(special.stdtrit(count - 1, (1 + level) / 2)) * spread
    return Interval(estimate, max(1.0, estimate - half), min(float(horizon), estimate + half))
