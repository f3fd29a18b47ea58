"""Elo's ratings, updated match by match in the order of the rows. They show recent form.

*Definition.* Before a match the first is expected to score
E = 1 / (1 + 10^((other - own) / scale)). After it the first gains k (score - E), and the second
loses as much. The order of the rows matters, and there is no interval; to compare entrants, use
``analysis.tournaments.ratings.ratings.rate``.

*Reference.* Elo, The Rating of Chessplayers, 1978.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.tables import frame
from analysis.tournaments.ratings.comparisons import read
from sim.errors import BadRequest

K = 20.0
START = 1500.0
SCALE = 400.0

_COLUMNS = {"entrant": "str", "matches": "Int64", "elo": "float64"}


def elo(
    results: pd.DataFrame, *, k: float = K, start: float = START, scale: float = SCALE
) -> pd.DataFrame:
    """Ratings after all rows, best first: columns ``entrant``, ``matches``, ``elo``.

    Rows without a score are skipped. An entrant without any other row keeps ``start``. Raises
    ``BadRequest`` for a table that is not valid, or a ``scale`` that is not positive.

    >>> rows = [("Ada", "Ben", 1.0), ("Ben", "Ada", 0.5)]
    >>> elo(pd.DataFrame(rows, columns=["first", "second", "score"]))["elo"].round(2).tolist()
    [1509.42, 1490.58]
    """
    if not scale > 0:
        raise BadRequest(f"scale: {scale!r} is no scale; use a positive number, such as 400")
    comparisons = read(results, kinds=(), topics=False)
    rating = [start] * len(comparisons.names)
    matches = [0] * len(comparisons.names)
    order = np.argsort(comparisons.places)
    columns = (
        column[order].tolist()
        for column in (comparisons.first, comparisons.second, comparisons.score)
    )
    for first, second, score in zip(*columns, strict=True):
        expected = 1 / (1 + 10 ** ((rating[second] - rating[first]) / scale))
        gained = k * (score - expected)
        rating[first] += gained
        rating[second] -= gained
        matches[first] += 1
        matches[second] += 1
    rows = zip(comparisons.names, matches, rating, strict=True)
    return frame(sorted(rows, key=lambda row: (-row[2], row[0])), _COLUMNS)
