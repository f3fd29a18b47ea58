"""Words that stand in a row in a text of somebody else's: the longest verbatim span.

*Evidence*: T. An *index* is a list of passages. The span of a line is its longest run of words that
stands so, in this order and with nothing between, in one passage (punctuation and capitals do not
count). Longest common substring of words: Gusfield, Algorithms on Strings, Trees and Sequences,
1997, section 7.4; here by going through the places of each word, since passages are few.

``shipped`` is the index that comes with Elsinore: a few dozen passages that are in the public
domain and that language models know by heart (``tables/public_domain.tsv``). What a model was
trained on is much more; a larger index is a file of one's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from analysis.evidence.repetition import words_of
from sim.errors import BadRequest

TABLE = Path(__file__).parent / "tables" / "public_domain.tsv"

MOST = 2_000_000
"""Words of an index. More would be read word by word for minutes."""


class Span(NamedTuple):
    """A run of words that a line shares with a passage: how many, which, and whose."""

    words: int
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Index:
    """Passages, as the places at which each word stands; no run goes from one into another."""

    places: dict[str, tuple[int, ...]]
    sources: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, passages: Iterable[tuple[str, str]]) -> Index:
        """The index of passages, each with its source. Raises ``BadRequest`` if they are too many.

        >>> Index.of([("rhyme", "Row your boat.")]).longest("You row your boat!").words
        3
        """
        places: dict[str, list[int]] = {}
        sources: list[tuple[int, str]] = []
        at = 0
        for source, text in passages:
            sources.append((at, source))
            words = words_of(text)
            for place, word in enumerate(words, at):
                places.setdefault(word, []).append(place)
            at += len(words) + 1  # One place is left blank, which no run crosses.
            if at > MOST:
                raise BadRequest(f"index: has more than {MOST:,} words; give a part of it")
        return cls({word: tuple(some) for word, some in places.items()}, tuple(sources))

    def longest(self, text: str) -> Span:
        """The longest span of a line; of equals the first."""
        return self.longest_of(words_of(text))

    def longest_of(self, words: Sequence[str]) -> Span:
        """The same of words."""
        best, end, ends_at = 0, 0, 0
        runs: dict[int, int] = {}
        for number, word in enumerate(words, 1):
            runs = {at: runs.get(at - 1, 0) + 1 for at in self.places.get(word, ())}
            for at, length in runs.items():
                if length > best:
                    best, end, ends_at = length, number, at
        if not best:
            return Span(0, "", "")
        source = [name for begun, name in self.sources if begun <= ends_at][-1]
        return Span(best, " ".join(words[end - best : end]), source)


@lru_cache(maxsize=8)
def read_index(path: str | None = None) -> Index:
    """The index in a file: a table with the columns ``source`` and ``text``, or plain text, whose
    paragraphs are passages; None is the shipped one. Raises ``BadRequest`` if it cannot be read.

    >>> read_index().longest("He said: to be or not to be, that is the question.").words
    10
    """
    file = TABLE if path is None else Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"index {file}: cannot be read as text ({error})") from None
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    if lines and lines[0].split("\t")[:2] == ["source", "text"]:
        rows = (line.partition("\t") for line in lines[1:] if line.strip())
        found = Index.of((source, passage) for source, _, passage in rows)
    else:
        passages = [each for each in text.split("\n\n") if each.strip()]
        found = Index.of((f"{file.name}, paragraph {number}", each)
                         for number, each in enumerate(passages, 1))  # fmt: skip
    if not found.places:
        raise BadRequest(f"index {file}: has no words")
    return found
