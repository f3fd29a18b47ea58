"""F1 with intervals over clusters, and the baselines that a reader of labels has to beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from analysis.evidence.linear import logistic, scores
from analysis.stats import Floats, Interval, jackknife

Flags = NDArray[np.bool_]
"""Which labels each line has: lines by labels."""


def flags(labels: Sequence[str], names: Sequence[str]) -> Flags:
    """One label a line as flags.

    >>> flags(["b"], ["a", "b"]).tolist()
    [[False, True]]
    """
    return np.array([[label == name for name in names] for label in labels], dtype=bool)


def macro_f1(true: Flags, said: Flags, clusters: Sequence[str]) -> Interval:
    """The mean over labels of F1 = 2 right / (said + true), 0 for a label that is never right; the
    interval leaves out one cluster at a time.

    >>> lines = flags(["a", "b", "a", "b"], ["a", "b"])
    >>> macro_f1(lines, lines, ["x", "x", "y", "y"]).estimate
    1.0
    """
    _, place = np.unique(np.array(clusters), return_inverse=True)
    many = int(place.max()) + 1
    parts = [true & said, true.astype(int) + said]
    counts = [np.zeros((many, true.shape[1])) for _ in parts]
    for count, part in zip(counts, parts, strict=True):
        np.add.at(count, place, part)
    labels = true.shape[1]

    def mean_f1(means: Floats) -> Floats:
        right, both = means[..., :labels], means[..., labels:]
        each = 2 * right / np.where(both > 0, both, 1)
        return np.asarray(each.mean(axis=-1))

    found = jackknife(np.hstack(counts), mean_f1)
    return Interval(found.estimate, max(found.low, 0.0), min(found.high, 1.0))


def by_length(
    fitted: Sequence[str], labels: NDArray[np.int64], classes: int, read: Sequence[str]
) -> NDArray[np.float64]:
    """What a logistic regression on the number of words alone says: scores of ``read``."""
    weights = logistic(_lengths(fitted), labels, classes, 1e-3)
    return scores(_lengths(read), weights)


def _lengths(texts: Sequence[str]) -> sparse.csr_matrix:
    words = np.array([len(text.split()) for text in texts], dtype=float)
    return sparse.csr_matrix(np.column_stack([np.log1p(words), np.log1p(words) ** 2]))


def cell(found: Interval) -> str:
    """An interval in a table's cell."""
    if np.isnan(found.low):
        return f"{found.estimate:.2f}"
    return f"{found.estimate:.2f} ({found.low:.2f} to {found.high:.2f})"
