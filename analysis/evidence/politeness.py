"""The politeness of a request or a line: log-odds that people find it polite, not impolite.

*Evidence*: T. *Definition.* A ridge on words and word pairs (``linear``), and with an embedder on
the sentence's vector beside them, fitted to the mean scores of five raters a request; scaled so
that the value is the log-odds of the upper quartile against the lower, and limited to +-6. Words of
the forum that it was fitted to are left out, so that it carries over to others.

*Reference.* Danescu-Niculescu-Mizil et al., "A computational approach to politeness", ACL 2013.
The tables are ``tables/politeness.tsv`` and ``tables/politeness_minilm.tsv``; ``fit_politeness``
fits them, ``benchmarks.validity.language`` says how well they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from analysis.evidence.embeddings import Embedder
from analysis.evidence.linear import CONSTANT, fitted, scores, side_by_side
from analysis.stats import Floats

_BOUND = 6.0


def politeness(text: str) -> float:
    """Log-odds that a text is polite rather than impolite, limited to +-6, by its words.

    >>> politeness("Thanks so much! Could you please help?") > politeness("Why did you do that?")
    True
    """
    reader = fitted("politeness.tsv")
    found, length = reader.grams.values(text)
    weights = _weights()
    total = sum(value * weights[gram] for gram, value in found.items())
    score = (total / length if length else 0.0) + weights[CONSTANT]
    return max(-_BOUND, min(_BOUND, score))


def politenesses(texts: Sequence[str], embedder: Embedder | None = None) -> Floats:
    """``politeness`` of many texts, shape (n). With the embedder ``minilm`` their vectors count,
    too, which agrees better with people; with any other their words alone.

    >>> politenesses(["Thanks so much!", "Why?"]).round(6).tolist() == [
    ...     round(politeness(text), 6) for text in ("Thanks so much!", "Why?")]
    True
    """
    if embedder is not None and embedder.name == "minilm":
        reader = fitted("politeness_minilm.tsv")
        design = side_by_side(reader.grams.rows(texts), embedder.embed(texts))
    else:
        reader = fitted("politeness.tsv")
        design = reader.grams.rows(texts)
    return np.clip(scores(design, reader.weights)[:, 0], -_BOUND, _BOUND)


@cache
def _weights() -> dict[str, float]:
    """The weight of each gram, and the constant, by name."""
    reader = fitted("politeness.tsv")
    names = [*reader.grams.weights, CONSTANT]
    return dict(zip(names, reader.weights[:, 0].tolist(), strict=True))
