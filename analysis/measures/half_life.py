"""How fast a distance decays, where that can be told.

Least squares of D_t = D_inf + (D_0 - D_inf) exp(-lambda t) to an arm's mean curve. Given lambda the
model is linear, so lambda is searched on a grid (variable projection, Golub and Pereyra 1973) for
the arm and for the arm without each of its trials; the interval is the jackknife's, on log lambda.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, nan

import numpy as np
import pandas as pd
from scipy import special

from analysis.stats import UNKNOWN, Floats, Interval

_GRID = 240


def half_life(curves: Sequence[pd.Series], level: float = 0.95) -> Interval:
    """Half-life of the mean of these curves (each D_t by turn), with its interval, in turns.

    NaN ("not identifiable") unless there are at least three trials and four turns asked in all of
    them, and the interval of lambda lies within what the window can show: a half-life of at least a
    quarter of the smallest step between turns, and of at most four times the whole window.

    >>> turns = range(0, 24, 2)
    >>> curves = [pd.Series([x + 0.5 ** (t / 4) for t in turns], turns) for x in (0, 0.1, 0.2)]
    >>> round(half_life(curves).estimate, 2)
    4.0
    """
    if len(curves) < 3:
        return UNKNOWN
    # A turn counts if every trial was asked there: the mean of other trials at each turn would mix
    # the course of a scene with the choice of scenes.
    table = pd.concat([curve.rename(None) for curve in curves], axis=1).dropna().sort_index()
    if len(table) < 4:
        return UNKNOWN
    turns = table.index.to_numpy(dtype=float)
    turns = turns - turns[0]
    values = table.to_numpy(dtype=float).T
    slowest = log(2) / (4 * turns[-1])
    fastest = log(2) / (0.25 * float(np.diff(turns).min()))
    grid = np.geomspace(slowest, fastest, _GRID)
    count = len(values)
    total = values.sum(axis=0)
    curve = np.vstack([total / count, (total - values) / (count - 1)])
    found = _best(grid, turns, curve)
    if np.isnan(found).any():
        return UNKNOWN
    estimate, left_out = float(found[0]), found[1:]
    spread = (count - 1) / count * float(np.sum((left_out - left_out.mean()) ** 2))
    half = float(special.stdtrit(count - 1, (1 + level) / 2)) * spread**0.5
    low, high = estimate - half, estimate + half
    if low <= log(slowest) or high >= log(fastest):
        return UNKNOWN
    return Interval(log(2) / exp(estimate), log(2) / exp(high), log(2) / exp(low))


def _best(grid: Floats, turns: Floats, curves: Floats) -> Floats:
    """log lambda of the least squares for each curve; NaN where it is at an end of the grid."""
    residual = np.empty((len(grid), len(curves)))
    for place, rate in enumerate(grid):
        shape = np.exp(-rate * turns)
        centred = shape - shape.mean()
        around = curves - curves.mean(axis=1, keepdims=True)
        slope = around @ centred / (centred @ centred)
        fit = around - slope[:, None] * centred
        # A distance does not fall below zero: where the plateau would, it is held at zero.
        plateau = curves.mean(axis=1) - slope * shape.mean()
        alone = curves - (curves @ shape / (shape @ shape))[:, None] * shape
        residual[place] = np.where(plateau < 0, np.sum(alone**2, axis=1), np.sum(fit**2, axis=1))
    best = residual.argmin(axis=0)
    inside = (best > 0) & (best < len(grid) - 1)
    places = np.clip(best, 1, len(grid) - 2)
    columns = np.arange(len(curves))
    left, here, right = (residual[places + step, columns] for step in (-1, 0, 1))
    bend = left - 2 * here + right
    offset = np.where(bend > 0, 0.5 * (left - right) / np.where(bend > 0, bend, 1), 0.0)
    logs = np.log(grid)
    return np.asarray(np.where(inside, logs[places] + offset * (logs[1] - logs[0]), nan))
