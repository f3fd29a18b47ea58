"""What repeats in lines of text: near copies, returns after some lines, and redundancy.

*Evidence*: T. Two lines are *near copies* if the Jaccard similarity of their three-word shingles is
at least 0.8 (Broder 1997). Their *likeness* is Dice's coefficient of the words and the pairs of
neighbouring words that each has: two lines that share seven words of ten in a row still have about
0.6, two of one subject 0.1 to 0.2. *Redundancy* is how much shorter zlib makes a text.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.stats import Floats

ALIKE = 0.8
"""Near copies have at least this Jaccard similarity."""

RETURNS = 0.45
"""A line returns to an earlier one from this likeness on. Chosen on the tuning half of
``benchmarks.validity.sameness``."""

FEWEST = 4
"""Lines of fewer words ("Yes, of course.") are nobody's repetition."""

LAGS = 8
"""Cycles of up to so many lines are looked for."""

SQUEEZED = 4.0

_WORD = re.compile(r"[a-z0-9']+")

Shingles = frozenset[tuple[str, ...]]


class Cycle(NamedTuple):
    """A stretch in which every line returns to the one ``lag`` lines before: its first place, from
    0."""

    place: int
    lag: int


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case.

    >>> words_of("We said: No!")
    ['we', 'said', 'no']
    """
    return _WORD.findall(text.lower())


def shingles(text: str) -> Shingles:
    """The runs of three words of a text; the whole text if it has fewer.

    >>> sorted(shingles("We said no. We said no."))
    [('no', 'we', 'said'), ('said', 'no', 'we'), ('we', 'said', 'no')]
    """
    words = tuple(words_of(text))
    if len(words) < 3:
        return frozenset([words]) if words else frozenset()
    return frozenset(zip(words, words[1:], words[2:], strict=False))


def alike(one: Shingles, other: Shingles) -> bool:
    """Whether two lines are near copies."""
    if not one or not other or min(len(one), len(other)) < ALIKE * max(len(one), len(other)):
        return False
    common = len(one & other)
    return common >= ALIKE * (len(one) + len(other) - common)


def repeats_itself(text: str) -> bool:
    """Whether a line goes round in circles: zlib makes it shorter than a quarter.

    >>> repeats_itself("The spring is ours. " * 12), repeats_itself("The spring is ours.")
    (True, False)
    """
    return len(_bytes(text)) >= 100 and compression(text) >= SQUEEZED


def compression(text: str) -> float:
    """How many times shorter zlib makes a text; 1 or less is not at all, 0 a blank text.

    >>> compression("The spring is ours. " * 50) > 10
    True
    """
    data = _bytes(text)
    return len(data) / len(zlib.compress(data, 6))


def _bytes(text: str) -> bytes:
    # Half a letter, which a broken reply can hold, is no reason to measure nothing.
    return text.encode("utf-8", "replace")


def likeness(lines: Sequence[str]) -> Floats:
    """Dice's coefficient of every two lines, in [0, 1]; shape (n, n).

    Of the set of words and pairs of neighbouring words. Lines of fewer than ``FEWEST`` words are
    like nothing (Dice, Ecology 26, 1945).

    >>> likeness(["We sold the old spring.", "We sold the old mill."])[0, 1].round(2)
    np.float64(0.78)
    """
    parts: list[set[object]] = []
    for line in lines:
        words = words_of(line)
        parts.append({*words, *pairwise(words)} if len(words) >= FEWEST else set())
    places: dict[object, int] = {}
    for part in parts:
        for piece in part:
            places.setdefault(piece, len(places))
    has = np.zeros((len(lines), max(1, len(places))))
    for row, part in enumerate(parts):
        has[row, [places[piece] for piece in part]] = 1.0
    sizes = has.sum(axis=1)
    total = sizes[:, None] + sizes[None, :]
    shared = 2 * (has @ has.T)
    np.divide(shared, total, out=shared, where=total > 0)
    return shared


def self_similarity(similarity: Floats, orders: NDArray[np.int64] | None = None) -> Floats:
    """The mean likeness of lines that are 1, 2, ... lines apart, up to ``LAGS`` and half of all.

    ``similarity`` is n by n. Without ``orders`` the lines are in their own order, and the result
    has a number for each lag. ``orders`` are draws by n, and the result draws by lags.
    """
    count = len(similarity)
    own = np.arange(count)[None, :] if orders is None else orders
    lags = range(1, min(LAGS, count // 2) + 1)
    means = [similarity[own[:, lag:], own[:, :-lag]].mean(axis=1) for lag in lags]
    found = np.stack(means, axis=1) if means else np.zeros((len(own), 0))
    return found[0] if orders is None else found


def first_cycle(similarity: Floats) -> Cycle | None:
    """The first stretch of returns to the line ``lag`` lines before, if there is one.

    Three lines in a row, and more than the cycle is long, have to return: a single return is an
    answer to the same question.
    """
    found: list[Cycle] = []
    for lag in range(1, min(LAGS, len(similarity) // 2) + 1):
        back = np.diagonal(similarity, -lag) >= RETURNS
        needed = max(3, lag + 1)
        if len(back) < needed:
            continue
        full = np.convolve(back, np.ones(needed), "valid") >= needed
        if full.any():
            found.append(Cycle(int(np.argmax(full)) + lag, lag))
    return min(found, default=None)
