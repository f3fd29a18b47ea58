"""Whether a line gives away a piece of private knowledge, by its rare words or its meaning.

*Evidence*: T. A piece of knowledge has *terms*: its names, numbers and words of three letters and
more, common words left out, cut to a stem. Each weighs the log of how rare it is among the lines of
the scenario, so that what everybody talks about anyway counts for little. A line *uses* the piece
if it has a share of ``USES`` of its weight, and terms so rare together that fewer than one in
twenty talks would have such a line by chance (``CHANCE``, words taken as independent). With an
embedder that knows meaning, a sentence of nearly the same meaning uses it, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log

from analysis.evidence.common_words import COMMON
from analysis.evidence.embeddings import Embedder

USES = 0.25
"""Chosen on the tuning half of ``benchmarks.validity.sameness``, as are the others."""

CHANCE = 0.05

SAME = 0.8
"""The cosine of sentences that say the same; 4% of talks on one subject have one that does not."""

_SHORT = 20

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def terms(text: str, names: Iterable[str] = ()) -> frozenset[str]:
    """The stems of what a text is about; ``names`` (of the cast) are left out.

    >>> sorted(terms("The miller hid nine silver spoons under the bridge on Tuesday."))
    ['bridg', 'hid', 'miller', 'nine', 'silver', 'spoon', 'tuesda']
    """
    left_out = {_stem(word) for name in names for word in _WORD.findall(name.lower())}
    found = set()
    for word in _WORD.findall(text.lower()):
        bare = re.split("['’]", word)[0]
        if (len(bare) > 2 and bare not in COMMON) or any(letter.isdigit() for letter in bare):
            found.add(_stem(bare))
    return frozenset(found - left_out)


def _stem(word: str) -> str:
    """A word without its commonest endings; short words stay."""
    for ending in ("ing", "ies", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word


@dataclass(frozen=True)
class Piece:
    """A piece of knowledge: its words, and the weight of each of its terms."""

    text: str
    weights: Mapping[str, float]

    @classmethod
    def of(cls, text: str, names: Iterable[str], seen: Counter[str], lines: int) -> Piece:
        """``seen`` counts the lines that have a term, of ``lines`` in all."""
        # In a short talk everything said would be common, and what nobody said weigh most.
        total = lines + _SHORT
        return cls(
            text, {term: log(total / (min(seen[term], lines) + 1)) for term in terms(text, names)}
        )

    def share(self, line: frozenset[str]) -> float:
        """The share of its weight that a line has, given the line's terms."""
        whole = sum(self.weights.values())
        return self._weight(line) / whole if whole else 0.0

    def used(self, line: frozenset[str], lines: int) -> bool:
        """Whether a line uses it, one of so many that could have had the same words by chance."""
        weight = self._weight(line)
        return weight >= log(max(lines, 1) / CHANCE) and self.share(line) >= USES

    def _weight(self, line: frozenset[str]) -> float:
        return sum(self.weights[term] for term in line & self.weights.keys())


def nearest(piece: str, line: str, embedder: Embedder) -> float:
    """The highest cosine of a sentence of a line with a piece of knowledge."""
    sentences = [part for part in _SENTENCE.split(line) if len(part.split()) > 2]
    if not sentences:
        return 0.0
    vectors = embedder.embed([piece, *sentences])
    return float((vectors[1:] @ vectors[0]).max())
