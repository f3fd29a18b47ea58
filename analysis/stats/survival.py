"""Times until something happens, of units that are not watched for ever."""

from __future__ import annotations

from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special  # scipy.stats takes two seconds to import

from analysis.stats.interval import UNKNOWN, Floats, Interval


def restricted_mean_time(
    times: Floats, happened: NDArray[np.bool_], horizon: float, level: float = 0.95
) -> Interval:
    """Mean of min(time, horizon) with censored times: the area under the Kaplan-Meier curve.

    Variance by Greenwood's sum (Klein and Moeschberger 2003, section 4.5), limits by Student's t
    with a degree of freedom for every event but one: the normal quantile held the mean in 75% of
    samples of three, and in 92% of ten. Fewer than two events have no limits. If the curve ends
    before the horizon (the last trial was censored earlier), there is no estimate, because the rest
    of the curve is unknown.

    >>> interval = restricted_mean_time(np.array([1.0, 2.0, 3.0]), np.array([True] * 3), 3.0)
    >>> interval.estimate
    2.0
    """
    count = len(times)
    if count == 0 or horizon <= 0:
        return UNKNOWN
    moments = np.unique(times[happened & (times <= horizon)])
    at_risk = np.array([np.sum(times >= moment) for moment in moments], dtype=float)
    events = np.array([np.sum(happened & (times == moment)) for moment in moments], dtype=float)
    survival = np.concatenate([[1.0], np.cumprod(1 - events / at_risk)])
    if survival[-1] > 0 and float(times.max()) < horizon:
        return UNKNOWN
    edges = np.concatenate([[0.0], moments, [horizon]])
    pieces = survival * np.diff(edges)
    area = float(pieces.sum())
    rest = np.cumsum(pieces[::-1])[::-1][1:]
    left = at_risk * (at_risk - events)
    terms = np.divide(events * rest**2, left, out=np.zeros_like(rest), where=left > 0)
    # Klein and Moeschberger's correction D / (D - 1) for few events.
    number = float(events.sum())
    variance = float(terms.sum()) * (number / (number - 1) if number > 1 else 1.0)
    if number < 2:
        # Nothing, or next to nothing, was seen to vary.
        return Interval(area, nan, nan)
    half = float(special.stdtrit(number - 1, (1 + level) / 2)) * sqrt(variance)
    return Interval(area, max(0.0, area - half), min(horizon, area + half))
