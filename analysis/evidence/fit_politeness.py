"""Fit the table ``tables/politeness.tsv`` to requests with politeness scores.

Run as ``python -m analysis.evidence.fit_politeness FILE.csv`` (columns text, score, quartile).
Even rows are fitted, odd rows checked; the table shipped is that fit, so that the check stays one.
Candidates are words and pairs of words that are frequent in the fitted half and occur in few enough
forms to be general English: encyclopaedia words are left out.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import optimize, stats

from analysis.evidence.politeness import features, politeness
from analysis.stats import Floats

_DOMAIN = frozenset(
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
_PENALTY = 12.0
_FEWEST = 12
_KEPT = 260


def auc(scores: Floats, labels: Floats) -> float:
    """Area under the ROC curve: P(score of a positive > score of a negative)."""
    ranks = stats.rankdata(scores)
    positive = labels > 0
    many, few = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - many * (many + 1) / 2) / (many * few))


def fit(texts: list[str], labels: Floats) -> dict[str, float]:
    """Ridge-penalised logistic weights of the features that occur often enough."""
    feature_sets = [features(text) for text in texts]
    counts = Counter(name for names in feature_sets for name in names)
    names = [
        name
        for name, count in counts.most_common()
        if count >= _FEWEST and not (_DOMAIN & set(name.split()))
    ]
    place = {name: column for column, name in enumerate(names)}
    design = np.zeros((len(feature_sets), len(names) + 1))
    design[:, -1] = 1.0
    for row, present in enumerate(feature_sets):
        design[row, [place[name] for name in present if name in place]] = 1.0
    kept = _solve(design, labels)
    order = np.argsort(-np.abs(kept[:-1]) * np.sqrt(design[:, :-1].sum(axis=0)))[:_KEPT]
    again = _solve(design[:, [*order, -1]], labels)
    weights = {names[column]: float(value) for column, value in zip(order, again, strict=False)}
    weights["<constant>"] = float(again[-1])
    return weights


def _solve(design: Floats, labels: Floats) -> Floats:
    signs = 2 * labels - 1
    penalised = np.ones(design.shape[1])
    penalised[-1] = 0.0

    def loss(weights: Floats) -> tuple[float, Floats]:
        margin = signs * (design @ weights)
        value = float(
            np.logaddexp(0, -margin).sum() + _PENALTY / 2 * (penalised * weights**2).sum()
        )
        slope = -signs / (1 + np.exp(np.clip(margin, -500, 500)))
        return value, design.T @ slope + _PENALTY * penalised * weights

    result = optimize.minimize(loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B")
    return np.asarray(result.x)


def _polite(table: pd.DataFrame) -> Floats:
    return np.array([float(quartile == 4) for quartile in table["quartile"]])


def main(path: str, output: str | None = None) -> None:
    """Fit, check, and print (or write) the table."""
    table = pd.read_csv(path)
    even = table.iloc[::2]
    outer = even[even["quartile"].isin([1, 4])]
    weights = fit(list(outer["text"]), _polite(outer))
    odd = table.iloc[1::2]
    scores = np.array([politeness(text, weights) for text in odd["text"]])
    ends = odd["quartile"].isin([1, 4]).to_numpy()
    area = auc(scores[ends], _polite(odd)[ends])
    lengths = np.array([float(len(text.split())) for text in odd["text"]])
    alone = auc(lengths[ends], _polite(odd)[ends])
    order = float(stats.spearmanr(scores, odd["score"]).statistic)
    sys.stdout.write(
        f"held-out half: AUC {area:.3f}, Spearman {order:.3f}; length alone {alone:.3f}\n"
    )
    if output is not None:
        lines = [
            "# Weights (log-odds of the polite quartile) of words and pairs of words.",
            "# Fitted by analysis/evidence/fit_politeness.py to even rows of the Wikipedia part",
            "# of the Stanford Politeness Corpus (Danescu-Niculescu-Mizil et al. 2013; file",
            "# under Apache-2.0, corpus under CC BY 4.0 in ConvoKit). No sentence is copied.",
            "# <first> marks the first word of a text.",
            f"# Held-out half: AUC {area:.3f} for quartile 4 against 1, Spearman {order:.3f}.",
        ]
        ordered = sorted(weights.items(), key=lambda item: -abs(item[1]))
        lines += [f"{name}\t{value:.2f}" for name, value in ordered]
        Path(output).write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
