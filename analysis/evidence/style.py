"""How a line is said: a dozen numbers that do not depend on whom or what it speaks of.

*Evidence*: T. Names and subjects are left out on purpose: actors who are all alike still say each
other's names, and would be told apart by them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log

import numpy as np

from analysis.evidence.text import score
from analysis.stats import Floats

FEATURES = (
    "length", "word length", "sentence length", "questions", "exclamations", "commas", "I", "you",
    "we", "hostility", "warmth", "politeness", "hedges", "platitudes", "agreement", "assistant",
)  # fmt: skip
"""What the numbers are, in their order."""

_SAID = tuple(
    re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for words in ("i|me|my|mine", "you|your|yours", "we|us|our|ours")
)


def style(lines: Sequence[str]) -> Floats:
    """The numbers of each line, shape (n, features); see ``FEATURES``.

    >>> style(["I say no!", "Do you?"])[:, 3:5].tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    return np.array([_style(line) for line in lines], dtype=np.float64).reshape(-1, len(FEATURES))


def _style(line: str) -> list[float]:
    words, scores = line.split(), score(line)
    count = max(1, len(words))
    sentences = max(1, len(re.findall(r"[.!?]+(?:\s|$)", line)))
    return [
        log(1 + len(words)),
        sum(map(len, words)) / count,
        log(1 + len(words) / sentences),
        line.count("?") / sentences,
        line.count("!") / sentences,
        line.count(",") / count,
        *(len(pattern.findall(line)) / count for pattern in _SAID),
        scores.hostility,
        scores.warmth,
        scores.politeness,
        scores.hedge,
        scores.platitude,
        scores.sign,
        scores.assistant,
    ]
