"""Is there a course of events? A series against itself in random orders.

A statistic of a series is compared with what the same values give in random orders. If the values
have no course (they are exchangeable), the rank of the statistic among them is uniform, so the
level of the test holds for any values: nothing about them is assumed or fitted.

*Reference.* Phipson and Smyth, Statistical Applications in Genetics and Molecular Biology 9, 2010
(the observed order counts as one of the orders).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.stats import Floats, Interval

LEVEL = 0.1
"""False alarms among series that have no course."""

DRAWS = 39
"""Random orders; with these, p is at most ``LEVEL`` if three or fewer give as much."""


def alarming(found: float, orders: Floats) -> bool:
    """Whether a statistic is more than random orders give, at ``LEVEL``.

    >>> alarming(3.0, np.zeros(39)), alarming(3.0, np.full(39, 4.0))
    (True, False)
    """
    return bool((1 + (orders >= found).sum()) / (1 + len(orders)) <= LEVEL)


def share_by_chance(dealt: Sequence[Floats], least: Sequence[float] | None = None) -> Interval:
    """The share of series that alarm in a random order, each order judged against the others.

    ``dealt`` has the statistic of every series in its random orders, ``least`` what each has to
    exceed besides. The limits hold 95% of the orders.
    """
    alarms = np.zeros((len(dealt), DRAWS))
    for place, orders in enumerate(dealt):
        limit = -np.inf if least is None else least[place]
        for draw, found in enumerate(orders):
            others = np.delete(orders, draw)
            alarms[place, draw] = found > limit and alarming(found, others)
    shares = alarms.mean(axis=0)
    low, high = np.quantile(shares, [0.025, 0.975])
    return Interval(float(shares.mean()), float(low), float(high))
