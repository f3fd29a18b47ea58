"""What a line does: its dialogue act, whether it agrees, and four marks of its manner.

*Evidence*: T. *Definition.* A line has one act of ``ACTS``, agrees or disagrees with the line
before (``SIGNS``), and may have marks (``MARKS``); the coding rules are in
``docs/dialogue-acts.md``. Hedges and assistant talk are the scores of ``text``, since no fit to
these lines reads them better. The others are read by logistic regression (``linear``) on the line's
grams, on cues (``tables/act_cues.tsv``, scores of ``text``, length, and what the line before asks),
and with the embedder ``minilm`` on the sentence's vector beside them. Acts and signs are
multinomial, each mark is by itself.

*Fitted* by ``fit_acts`` to the fit half of some nine hundred lines, written for it in six
registers, and to the build half of the exact stage's sentences. ``benchmarks.validity.language``
reports on the other halves, and on how far a second labelling agrees with the first: a smoke test,
since one hand wrote all.

*References.* Stolcke et al., "Dialogue act modeling", Computational Linguistics 26, 2000; Bunt et
al., ISO 24617-2, LREC 2012.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import log1p

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from analysis.evidence.embeddings import Embedder
from analysis.evidence.lexicon import plain, rows, weigh
from analysis.evidence.linear import Fitted, Grams, fitted, scores, side_by_side, softmax
from analysis.evidence.text import score
from analysis.stats import Floats

EVIDENCE = "T"

ACTS = (
    "greeting",
    "question",
    "answer",
    "statement",
    "argument",
    "agreement",
    "disagreement",
    "concession",
    "proposal",
    "request",
    "refusal",
    "thanks",
    "attack",
    "backchannel",
)
SIGNS = ("neither", "agrees", "disagrees")
MARKS = ("hostile", "hedge", "assistant", "platitude")

FITTED_MARKS = ("hostile", "platitude")

HEADS = (*ACTS, *SIGNS, *FITTED_MARKS)
"""The columns of the weights."""

_VECTOR = 1.0
"""Vectors count so much more than grams: chosen on the fit half, by cross-validation."""
_LEXICON = ("hostility", "disclosure", "warmth", "assistant", "platitude", "hedge")
_BEFORE = ("asks", "invites", "orders", "pleads", "insults")
"""Cues of the line before that say what is expected next."""


@dataclass(frozen=True, slots=True)
class Readings:
    """What some lines do, a row each: probabilities of ``ACTS`` and of ``SIGNS`` that sum to 1, and
    how far each of ``MARKS`` is there, from 0 to 1 (from one half on it is)."""

    acts: Floats
    signs: Floats
    marks: Floats

    def act(self) -> list[str]:
        """The likeliest act of each line."""
        return [ACTS[place] for place in self.acts.argmax(axis=1)]

    def sign(self) -> NDArray[np.int64]:
        """1 for a line that likeliest agrees, -1 for one that disagrees, 0 for neither."""
        signs: NDArray[np.int64] = np.array([0, 1, -1])[self.signs.argmax(axis=1)]
        return signs


def read(texts: Sequence[str], before: Sequence[str], embedder: Embedder | None = None) -> Readings:
    """What lines do, each given the line before (empty where there is none).

    >>> found = read(["Good morning!", "Do we sell it?", "I disagree."], ["", "Good morning!", ""])
    >>> found.act(), found.sign().tolist()
    (['greeting', 'question', 'disagreement'], [0, 0, -1])
    """
    meaning = embedder is not None and embedder.name == "minilm"
    reader = _reader("acts_minilm.tsv" if meaning else "acts.tsv")
    rows_ = design(reader.grams, texts, before, embedder if meaning else None)
    return readings(texts, scores(rows_, reader.weights))


def readings(texts: Sequence[str], values: NDArray[np.float64]) -> Readings:
    """Linear scores (columns: ``HEADS``) as probabilities, and the marks of the lexicon."""
    acts, signs, fitted_ = np.split(values, [len(ACTS), len(ACTS) + len(SIGNS)], axis=1)
    # 30 is as good as sure, and exp does not overflow.
    chances = 1 / (1 + np.exp(-np.clip(fitted_, -30, 30)))
    marks = np.zeros((len(texts), len(MARKS)))
    for place, mark in enumerate(MARKS):
        if mark in FITTED_MARKS:
            marks[:, place] = chances[:, FITTED_MARKS.index(mark)]
        else:
            marks[:, place] = [min(1.0, float(getattr(score(text), mark))) for text in texts]
    return Readings(softmax(acts), softmax(signs), marks)


def design(
    known: Grams, texts: Sequence[str], before: Sequence[str], embedder: Embedder | None = None
) -> sparse.csr_matrix:
    """A row for each line: its grams, its cues (in the order of ``cue_names``), its vector."""
    blocks = [known.rows(texts), _cue_rows(texts, before)]
    if embedder is not None:
        blocks.append(_VECTOR * embedder.embed(texts))
    return side_by_side(*blocks)


def cue_names() -> list[str]:
    """The names of the cues, in the order of the columns."""
    return [
        *[f"<{name}>" for name in _cues()],
        *[f"<{name}>" for name in (*_LEXICON, "agreement", "contradiction")],
        *[f"<{name}>" for name in ("length", "one or two", "three or four", "over twelve")],
        *[f"<before {name}>" for name in _BEFORE],
        "<first>",
    ]


def _cue_rows(texts: Sequence[str], before: Sequence[str]) -> Floats:
    ahead = {text: _own(text) for text in {*texts, *before}}
    names = list(_cues())
    expected = [names.index(name) for name in _BEFORE]
    return np.array(
        [
            [*ahead[text], *[ahead[last][place] for place in expected], float(not last)]
            for text, last in zip(texts, before, strict=True)
        ]
    ).reshape(len(texts), len(cue_names()))


@lru_cache(maxsize=1 << 14)
def _own(text: str) -> tuple[float, ...]:
    """The cues of a line alone."""
    lowered = plain(text)
    found = score(text)
    words = found.words
    return (
        *[float(cue.search(lowered) is not None) for cue in _cues().values()],
        *[min(1.0, float(getattr(found, name))) for name in _LEXICON],
        min(1.0, weigh(lowered, "agreement", negatable=True)),
        min(1.0, weigh(lowered, "contradiction")),
        log1p(min(words, 60)) / 2,
        float(words <= 2),
        float(2 < words <= 4),
        float(words > 12),
    )


@cache
def _cues() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(expression) for name, expression in rows("act_cues.tsv")}


def _reader(name: str) -> Fitted:
    reader = fitted(name)
    if reader.heads != HEADS:
        raise ValueError(f"{name} has other columns than the acts; fit it with fit_acts")
    return reader
