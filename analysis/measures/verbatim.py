"""Does an actor recite? The longest run of words that stands so in a text of somebody else's.

*Evidence*: T, the actor's own lines against an index of passages (``evidence.quotation``): the
shipped one, of the public domain, or a file of one's own.

*Definition.* ``span`` is the longest run of words of any of the actor's lines that stands in the
index, in words. ``excess`` is the span less its null.

*Null.* ``span_null``: the same lines with the words of each in random order, the mean over draws:
how long a run these words make by chance. Long talks have longer runs by chance alone.

*References.* Nasr et al. 2023 (arXiv 2311.17035), who count spans of 50 tokens against the whole
training data; Carlini et al. 2021 (arXiv 2012.07805).

*Traps.* Nothing found in a small index is no sign of nothing recited. Idioms ("at the end of the
day") stand in any large index: look at the words (``what``), not at the number alone. Shuffled
words break idioms, too, so an excess of two or three words is no recitation.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from math import nan
from typing import Any, ClassVar

import numpy as np

from analysis.estimates import Quantities, Quantity
from analysis.evidence.quotation import Span, read_index
from analysis.evidence.repetition import words_of
from analysis.measures.loops import spoken
from analysis.results import Result
from analysis.spreading import Trialwise
from analysis.tables import Data

DRAWS = 9
"""Random orders of each line's words."""

_NUMBERS: Quantities = {
    "span": Quantity("longest run of words that stands in the index", low=0),
    "span_null": Quantity("the same with each line's words in random order", low=0),
    "excess": Quantity("span less its null"),
}


class Verbatim(Result):
    """How long a run of words each actor recites.

    ``index`` is the file of an index (None: the shipped passages); random orders are drawn from
    ``seed``. Raises ``BadRequest`` for an index that cannot be read.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> said = [Turn(1, "A", "Call me Ishmael, some years ago, and pass the salt.")]
    >>> result = Verbatim(tables_from([Record("t", [{"name": "A"}], said)]))
    >>> result.by_actor[["span", "whose"]].to_numpy().tolist()
    [[6.0, 'Melville, Moby-Dick (1851)']]
    """

    measure = "verbatim"
    evidence = "T"
    trialwise: ClassVar[Trialwise] = {"actor": "ids"}
    actor: ClassVar[Quantities] = {
        **_NUMBERS,
        "what": Quantity("the words of the longest run", "text"),
        "whose": Quantity("the passage that they stand in", "text"),
    }
    trial: ClassVar[Quantities] = _NUMBERS
    arm: ClassVar[Quantities] = _NUMBERS

    def __init__(self, data: Data, index: str | None = None, seed: int = 0) -> None:
        super().__init__(data)
        self.index = read_index(index or None)
        self.seed = seed

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        for each in spoken(self.tables):
            lines = [words for line in each.lines if (words := words_of(line))]
            if not lines:
                yield each.trial, each.actor, nan, nan, nan, None, None
                continue
            best = max((self.index.longest_of(words) for words in lines), key=_length)
            drawn = self._by_chance(lines)
            yield (
                each.trial, each.actor, best.words, drawn, best.words - drawn,
                best.text or None, best.source or None,
            )  # fmt: skip

    def _by_chance(self, lines: list[list[str]]) -> float:
        """The mean span of the same lines in random orders."""
        digest = blake2b(ascii((self.seed, lines)).encode(), digest_size=16).digest()
        generator = np.random.default_rng(int.from_bytes(digest, "little"))
        spans = []
        for _ in range(DRAWS):
            orders = ([words[at] for at in generator.permutation(len(words))] for words in lines)
            spans.append(max(self.index.longest_of(words).words for words in orders))
        return float(np.mean(spans))


def _length(span: Span) -> int:
    return span.words
