"""Small linear readers of text: weighted words and word pairs, a ridge, a logistic regression.

*Evidence*: T. A text is a row of numbers: its grams (words, punctuation, pairs of neighbours, and
how it begins), each weighted by (1 + log n) (1 + log((1 + N) / (1 + n_g))) for n occurrences in the
text and n_g of N fitted texts with the gram (TF-IDF), divided by the row's length, or by that of
the median fitted text if this is greater: a short text says less, and would else seem extreme. A
reader may add cues, and a sentence embedding where one is installed. Scores are linear in the row.

Fitted readers are tables of text in ``tables``: a row for each feature, a column for each score.

*References.* Salton and Buckley, Information Processing and Management 24, 1988 (TF-IDF); Hoerl and
Kennard, Technometrics 12, 1970 (ridge); Paige and Saunders, ACM TOMS 8, 1982 (LSQR).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from analysis.evidence.lexicon import plain, rows
from analysis.stats import Floats

Labels = NDArray[np.int64]

CONSTANT = "<constant>"
_LEAST = "<least length>"
_TOKEN = re.compile(r"[a-z']+|\d+|[?!.,;:]")
_MARKUP = re.compile(r"<\w+>|https?://\S+")


def grams(text: str) -> list[str]:
    """Words, numbers as ``<n>``, punctuation, pairs of neighbours, the first token and first pair.

    >>> grams("Thanks a lot!")[:5]
    ['thanks', 'a', 'lot', '!', 'thanks a']
    >>> grams("Thanks a lot!")[-2:]
    ['<first> thanks', '<first> thanks a']
    """
    tokens = [
        "<n>" if token.isdigit() else token
        for token in _TOKEN.findall(_MARKUP.sub(" ", plain(text)))
    ]
    if not tokens:
        return []
    pairs = [f"{one} {two}" for one, two in pairwise(tokens)]
    return [*tokens, *pairs, f"<first> {tokens[0]}", *[f"<first> {pair}" for pair in pairs[:1]]]


@dataclass(frozen=True)
class Grams:
    """The grams that a reader knows, each with its inverse document frequency; ``least`` is the
    length that rows are divided by at least."""

    weights: dict[str, float]
    least: float = 0.0

    @classmethod
    def of(cls, texts: Sequence[str], fewest: int = 2, without: Container[str] = ()) -> Grams:
        """The grams that at least ``fewest`` texts have, with no word in ``without``."""
        counts = Counter(gram for text in texts for gram in set(grams(text)))
        known = {
            gram: round(1 + log((1 + len(texts)) / (1 + count)), 2)
            for gram, count in sorted(counts.items())
            if count >= fewest and not any(word in without for word in gram.split())
        }
        lengths = [cls(known).values(text)[1] for text in texts]
        return cls(known, round(float(np.median(lengths)), 2) if lengths else 0.0)

    def values(self, text: str) -> tuple[dict[str, float], float]:
        """The known grams of a text with their values before division, and what divides them.

        >>> Grams({"a": 2.0}).values("a b")
        ({'a': 2.0}, 2.0)
        """
        found = {
            gram: (1 + log(count)) * self.weights[gram]
            for gram, count in Counter(grams(text)).items()
            if gram in self.weights
        }
        length = sum(value**2 for value in found.values()) ** 0.5
        return found, max(length, self.least)

    @cached_property
    def _places(self) -> dict[str, int]:
        """The column of each gram."""
        return {gram: place for place, gram in enumerate(self.weights)}

    def rows(self, texts: Iterable[str]) -> sparse.csr_matrix:
        """A row of length 1 at most for each text, shape (n, grams).

        >>> rows = Grams({"a": 2.0, "b": 1.0}, least=4.0).rows(["a", "never"])
        >>> rows.toarray().tolist()
        [[0.5, 0.0], [0.0, 0.0]]
        """
        places = self._places
        starts: list[int] = [0]
        columns: list[int] = []
        values: list[float] = []
        for text in texts:
            found, length = self.values(text)
            columns += [places[gram] for gram in found]
            values += [value / length for value in found.values()]
            starts.append(len(columns))
        shape = (len(starts) - 1, len(places))
        return sparse.csr_matrix((np.array(values), np.array(columns, dtype=int), starts), shape)


def side_by_side(*blocks: Any) -> sparse.csr_matrix:
    """Blocks of columns (dense or sparse) as one matrix."""
    return sparse.csr_matrix(sparse.hstack([sparse.csr_matrix(block) for block in blocks]))


def ridge(design: sparse.csr_matrix, target: Floats, penalty: float) -> Floats:
    """Least squares with ``penalty`` times the squared length of the weights added; the constant,
    the last weight, is free of it.

    The design is centred implicitly: its rows stay sparse.

    >>> weights = ridge(sparse.csr_matrix(np.array([[0.0], [1.0], [2.0]])), np.arange(3.0), 1e-9)
    >>> np.round(weights, 3).tolist()
    [1.0, 0.0]
    """
    means = np.asarray(design.mean(axis=0)).ravel()
    count, width = design.shape
    centred: Any = sparse.linalg.LinearOperator(
        (count, width),
        matvec=lambda w: design @ w - means @ w,
        rmatvec=lambda r: design.T @ r - means * r.sum(),
    )
    solved = sparse.linalg.lsqr(
        centred, target - target.mean(), damp=penalty**0.5, atol=1e-9, btol=1e-9
    )
    weights = np.asarray(solved[0])
    return np.append(weights, target.mean() - means @ weights)


def logistic(
    design: sparse.csr_matrix,
    labels: Labels,
    classes: int,
    penalty: float,
    counted: Floats | None = None,
) -> NDArray[np.float64]:
    """Multinomial logistic regression with a ridge, by L-BFGS; shape (columns + 1, classes).

    The last row, the constants, is free of the penalty. ``counted`` is how much each row counts
    (None: 1).

    >>> design = sparse.csr_matrix(np.array([[0.0], [1.0], [3.0], [4.0]]))
    >>> weights = logistic(design, np.array([0, 0, 1, 1]), 2, 0.1)
    >>> probabilities(design, weights).argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """
    width = design.shape[1]
    given = np.eye(classes)[labels]
    counts = np.ones(len(given)) if counted is None else counted

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(width + 1, classes)
        shares = probabilities(design, weights)
        missed = counts[:, None] * (shares - given)
        value = -float(counts @ np.log(np.maximum((shares * given).sum(axis=1), 1e-300)))
        value += penalty / 2 * float((weights[:-1] ** 2).sum())
        slope = np.vstack([design.T @ missed + penalty * weights[:-1], missed.sum(axis=0)])
        return value, slope.ravel()

    start = np.zeros((width + 1) * classes)
    found = optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-9}
    )
    return np.asarray(found.x).reshape(width + 1, classes)


def scores(design: sparse.csr_matrix, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The linear scores of rows, shape (n, columns of the weights)."""
    return np.asarray(design @ weights[:-1] + weights[-1])


def softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores as probabilities that sum to 1 in each row.

    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]])).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    shares = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def probabilities(design: sparse.csr_matrix, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of each class for each row."""
    return softmax(scores(design, weights))


# --- Tables -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted reader: its grams, and a row of weights for each gram, each further feature (in
    their order) and the constant; ``heads`` names the columns."""

    heads: tuple[str, ...]
    grams: Grams
    weights: NDArray[np.float64]


@cache
def fitted(name: str) -> Fitted:
    """The reader in a table of ``tables``."""
    return read_lines(rows(name))


def read_lines(table: Sequence[Sequence[str]]) -> Fitted:
    """The reader in the lines of a table, cells apart. Weights are whole hundredths there."""
    (_, _, *heads), (_, least, *_), *lines = table
    known = {feature: float(weight) for feature, weight, *_ in lines if weight != "-"}
    weights = np.array([[float(number) / 100 for number in numbers] for _, _, *numbers in lines])
    return Fitted(tuple(heads), Grams(known, float(least)), weights)


def write(
    path: Path,
    head: Sequence[str],
    heads: Sequence[str],
    known: Grams,
    others: Sequence[str],
    weights: NDArray[np.float64],
) -> None:
    """Write a reader as a table: ``head`` are its comments, ``others`` the features after grams."""
    lines = [f"# {line}" for line in head]
    lines.append("\t".join(["feature", "idf", *heads]))
    lines.append("\t".join([_LEAST, f"{known.least:g}", *["-"] * len(heads)]))
    names = [(gram, f"{idf:g}") for gram, idf in known.weights.items()]
    names += [(name, "-") for name in (*others, CONSTANT)]
    for (name, idf), numbers in zip(names, weights, strict=True):
        # Adding 0 makes the -0 of rounding a 0.
        lines.append("\t".join([name, idf, *[f"{round(100 * x) + 0:d}" for x in numbers]]))
    path.write_text("\n".join(lines) + "\n", "utf-8")


def kept(known: Grams, weights: NDArray[np.float64], most: int) -> Grams:
    """The grams with the greatest weights, ``most`` of them."""
    size = np.abs(weights[: len(known.weights)]).max(axis=1)
    best = set(np.argsort(-size, kind="stable")[:most].tolist())
    some = {g: w for place, (g, w) in enumerate(known.weights.items()) if place in best}
    return Grams(some, known.least)
