"""Fit ``tables/politeness.tsv`` and ``tables/politeness_minilm.tsv`` to scored requests.

Run as ``python -m analysis.evidence.fit_politeness FILE.csv [FOLDER]`` (columns text, score and
quartile): fits to all requests, and writes both tables into FOLDER. How well a fit does on requests
that it never saw is said by ``benchmarks.validity.language``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse, stats

from analysis.evidence.embeddings import Embedder, embedder
from analysis.evidence.linear import Grams, logistic, ridge, scores, side_by_side, write
from analysis.stats import Floats

FORUM_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        article articles edit edits edited editing editor editors wiki wikipedia page
        pages talk user users admin admins block blocked revert reverted source
        sources url person template templates image images link links section delete
        deleted deletion afd wp policy project rfa vandalism copyright citation citations
        bot list category category. sandbox summary barnstar fac
        """,
    )
)
"""Words of the forum: they say what a request is about, and would not carry over."""

_PENALTY = 2.0
_FEWEST = 5
_FOLDS = 5


class Reader(NamedTuple):
    """A fitted reader of politeness: scores of rows are ``scores(rows, weights)``, in the raters'
    units."""

    grams: Grams
    weights: Floats
    embedder: Embedder | None

    def read(self, texts: Sequence[str]) -> Floats:
        """The predicted scores of texts, shape (n)."""
        return scores(_design(self.grams, texts, self.embedder), self.weights[:, None])[:, 0]


def auc(scores: Floats, labels: Floats) -> float:
    """Area under the ROC curve: P(score of a positive > score of a negative)."""
    ranks = stats.rankdata(scores)
    positive = labels > 0
    many, few = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - many * (many + 1) / 2) / (many * few))


def fit(texts: Sequence[str], target: Floats, by: Embedder | None = None) -> Reader:
    """A ridge of the raters' scores on words and pairs, and on vectors where there is ``by``."""
    known = Grams.of(texts, _FEWEST, FORUM_WORDS)
    return Reader(known, ridge(_design(known, texts, by), target, _PENALTY), by)


def out_of_fold(
    texts: Sequence[str], target: Floats, folds: NDArray[np.int64], by: Embedder | None = None
) -> Floats:
    """The score of each text by a reader that was fitted to the other folds, words and all."""
    predicted = np.zeros(len(texts))
    for fold in np.unique(folds):
        here = folds == fold
        reader = fit([text for text, out in zip(texts, here, strict=True) if not out],
                     target[~here], by)  # fmt: skip
        predicted[here] = reader.read([text for text, out in zip(texts, here, strict=True) if out])
    return predicted


def _design(known: Grams, texts: Sequence[str], by: Embedder | None) -> sparse.csr_matrix:
    words = known.rows(texts)
    return words if by is None else side_by_side(words, by.embed(texts))


def shipped(table: pd.DataFrame, by: Embedder | None) -> tuple[Reader, Floats]:
    """The reader of all requests, and its weights in log-odds: out of fold, a score's odds of the
    upper quartile against the lower are exp(a + b score)."""
    texts, target = list(table["text"]), table["score"].to_numpy(dtype=float)
    folds = np.arange(len(texts)) % _FOLDS
    predicted = out_of_fold(texts, target, folds, by)
    outer = table["quartile"].isin([1, 4]).to_numpy()
    polite = (table["quartile"].to_numpy() == 4).astype(np.int64)
    both = logistic(sparse.csr_matrix(predicted[outer, None]), polite[outer], 2, 1e-6)
    slope, constant = both[:, 1] - both[:, 0]
    reader = fit(texts, target, by)
    weights = slope * reader.weights
    weights[-1] += constant
    return reader, weights


def main(path: str, folder: str | None = None) -> None:
    """Fit, and write the tables."""
    table = pd.read_csv(path)
    for by in (None, embedder("minilm")):
        reader, weights = shipped(table, by)
        name = "politeness" if by is None else f"politeness_{by.name}"
        others = [] if by is None else [f"<{by.name} {place}>" for place in range(1, 385)]
        sys.stdout.write(f"{name}: {len(reader.grams.weights)} grams of {len(table)} requests\n")
        if folder is not None:
            head = (
                "Version 2. Weights (hundredths of log-odds of the polite quartile) of words and",
                "pairs of words at length 1, and of the dimensions of a sentence's vector.",
                "Fitted by analysis/evidence/fit_politeness.py to the Wikipedia part of the",
                "Stanford Politeness Corpus (Danescu-Niculescu-Mizil et al. 2013; file under",
                "Apache-2.0, corpus under CC BY 4.0 in ConvoKit). No sentence is copied.",
            )
            write(
                Path(folder) / f"{name}.tsv", head, ["polite"], reader.grams, others,
                weights[:, None],
            )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
