"""Coverage: how much of the range of humans a simulated population reaches.

*Neighbours* (Naeem et al., Reliable Fidelity and Diversity Metrics, arXiv 2002.09797, as cited): a
human is reached if a mind lies no farther from it than its k-th nearest human, in standardised
answers. *Cells*: answers of each item are cut at the thirds of the humans; a human is reached if a
mind has the same pattern.

More minds reach more. So both are stated for m minds, drawn without replacement (rarefaction:
Hurlbert, Ecology 52, 1971): of N minds of which h reach a human, m of them do with probability

    1 - C(N - h, m) / C(N, m)

and the null is the same for m humans of one random half, who reach those of the other half.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.stats import Floats

NEIGHBOURS = 5
Reached = NDArray[np.bool_]


def reached_neighbours(minds: Floats, humans: Floats, k: int = NEIGHBOURS) -> Reached:
    """Which minds reach which humans, of shape (humans, minds). ``k`` neighbours, at most as many
    as there are other humans."""
    between = _distances(humans, humans)
    np.fill_diagonal(between, np.inf)
    k = min(k, len(humans) - 1)
    radius = np.partition(between, k - 1, axis=1)[:, k - 1]
    return np.asarray(_distances(humans, minds) <= radius[:, None] + 1e-9)


def reached_cells(minds: Floats, humans: Floats) -> Reached:
    """Which minds are in the cells of which humans, of shape (humans, minds)."""
    cuts = np.quantile(humans, [1 / 3, 2 / 3], axis=0)
    first, second = ((each[:, None, :] > cuts[None]).sum(axis=1) for each in (humans, minds))
    return np.asarray((first[:, None, :] == second[None, :, :]).all(axis=2))


def coverage(reached: Reached, m: int) -> float:
    """The share of humans whom at least one of m minds reaches, in the mean over all choices of m.

    >>> coverage(np.array([[True, False], [False, False]]), 1)
    0.25
    """
    return float(expected(reached.sum(axis=1), reached.shape[1], m).mean())


def expected(hits: NDArray[np.int64], n: int, m: int) -> Floats:
    """The probability that one of m of n minds is among the ``hits`` that reach a human."""
    left = n - hits
    logs = (
        special.gammaln(left + 1) - special.gammaln(np.maximum(left - m, 0) + 1)
        - special.gammaln(n + 1) + special.gammaln(n - m + 1)
    )  # fmt: skip
    return np.asarray(np.where(left >= m, 1 - np.exp(logs), 1.0), dtype=np.float64)


def _distances(one: Floats, other: Floats) -> Floats:
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None] - 2 * one @ other.T
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)), dtype=np.float64)
