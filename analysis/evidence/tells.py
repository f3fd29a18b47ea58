"""What gives a character away: what a line does to others, and which side it takes.

*Evidence*: T. A sentence is an *attack* (contempt, a threat), *unmasking* (the speaker admits to a
pretence), *yielding* (agrees, gives ground, apologises), a *platitude*, or *plain*; or it does
nothing but take a side for or against, and then has a place on [-1, 1]. Sentences are read by
multinomial logistic regression on words, pairs of words, punctuation and the expressions of the
lexicon (``evidence.text``), which is "words" and needs nothing, and, beside them, on sentence
embeddings ("minilm", with the extra ``embeddings``).

The reader was fitted to lines written for it (``tables/tells.tsv``, ``fit_tells``) and to no line
of any stage; the lexicon had been written on one half of the exact stage's sentences. How well it
reads those of the other half is in ``docs/validity-details.md``, "Planted flips". What it gives is
the likelihood of each kind: the chance of the kind, over how often it was among the lines fitted
to. Likelihoods of the sentences of a line are multiplied, of at most three.

``ratio`` turns a line into the log-likelihood ratio of the opposite, when it shows itself, over the
persona. How often each kind is said by which character is in ``tables/signature.tsv``: by the
kinder of a persona and its opposite, and by the harsher. A persona that is only somewhat kinder
than its opposite has a mixture of both rows (``evidence.text.polarity``). Where a persona's stance
x is known, its lines are taken to lie around 0.7 x and those of its opposite around -0.7 x, and the
reading of a side of it is normal around ``slope`` times that.

*References.* Bishop, Pattern Recognition and Machine Learning, 2006, section 4.3.4 (multinomial
logistic regression), and section 1.5.4 for dividing a posterior by the prior that it was fitted to.

*Traps.* Irony and figures of speech are read by their words. One who reports an attack looks like
one who makes it. The side is that of the issue at hand, whatever that is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import sqrt

import numpy as np

from analysis.evidence.embeddings import available, embedder
from analysis.evidence.lexicon import rows
from analysis.evidence.text import score
from analysis.stats import Floats

EVIDENCE = "T"
KINDS = ("attack", "unmasking", "yielding", "platitude", "plain")
SIDED = len(KINDS)
"""The column of sentences that only take a side."""

EXPRESSIONS = 5
"""How many scores of the lexicon's expressions are read."""

READERS = ("words", "minilm")
BOUND = 4.0
"""The most that one line says, as in ``evidence.text``."""

HOSTILITY = (1.0, 0.5, 0.0, 0.0, 0.0)
"""How much each kind provokes who hears it."""

_PULL = 0.7
_SPREAD = 0.45
_MOST_SENTENCES = 3
_BATCH = 4096
_TOKEN = re.compile(r"[a-z']+|[?!(]")
_ENDS = re.compile(r"(?<=[.!?])[\"')]*\s+(?=[A-Z\"(])")


@dataclass(frozen=True, slots=True)
class Readings:
    """What ``n`` lines do: ``kinds``, the likelihood of each kind, up to a factor for each line,
    shape (n, 5); ``side``, where they put the speaker, summed over the sentences that take a side,
    shape (n). A blank line says nothing: all kinds are equally likely."""

    kinds: Floats
    side: Floats

    @property
    def hostility(self) -> Floats:
        """How much each line provokes, in [0, 1], shape (n): the mean of ``HOSTILITY`` over kinds
        that are equally likely beforehand."""
        chances = self.kinds / self.kinds.sum(axis=1, keepdims=True)
        return np.asarray(chances @ np.array(HOSTILITY))


def best_reader() -> str:
    """The best reader that can be used here."""
    return "minilm" if "minilm" in available() else "words"


def tokens(text: str) -> list[str]:
    """Words, pairs of words, and telling punctuation.

    >>> tokens("Shut up!")
    ['shut', 'up', '!', 'shut up', 'up !']
    """
    words = _TOKEN.findall(text.lower().replace("\u2019", "'"))
    return words + [f"{first} {second}" for first, second in pairwise(words)]


def sentences(text: str) -> list[str]:
    """The sentences of a line.

    >>> sentences("Go home. He waits. Why?")
    ['Go home.', 'He waits.', 'Why?']
    """
    return [part for part in _ENDS.split(text.strip()) if part.strip()]


def features(texts: Sequence[str], known: Mapping[str, int], by: str) -> Floats:
    """The features of texts, shape (n, words + 5 [+ dimensions]): the known tokens that occur,
    scaled to length 1, the scores of ``evidence.text``, and, with "minilm", the embedding."""
    table = np.zeros((len(texts), len(known) + EXPRESSIONS))
    for row, text in zip(table, texts, strict=True):
        places = [known[token] for token in set(tokens(text)) if token in known]
        if places:
            row[places] = 1 / sqrt(len(places))
        found = score(text)
        sign = max(-1.0, min(1.0, found.sign))
        platitude = min(1.0, found.platitude)
        row[len(known) :] = (found.hostility, found.disclosure, found.warmth, platitude, sign)
    if by == "words":
        return table
    return np.hstack([table, embedder(by).embed(texts).astype(float)])


@dataclass(frozen=True, slots=True)
class _Weights:
    known: Mapping[str, int]
    table: Floats
    beforehand: Floats


@cache
def _weights(by: str) -> _Weights:
    named = {name: [float(x) for x in numbers] for name, *numbers in rows(f"tells_{by}.tsv")}
    words = [name for name in named if not re.fullmatch(r"<.+>", name)]
    counts = [sum(kind == each for kind, _ in rows("tells.tsv")) for each in KINDS]
    return _Weights(
        {name: place for place, name in enumerate(words)},
        np.array(list(named.values())),
        np.array(counts) / sum(counts),
    )


def read(texts: Sequence[str], by: str = "words") -> Readings:
    """What lines do. ``by`` is "words" or "minilm".

    Raises ValueError for another reader, ModuleNotFoundError if "minilm" is not installed.

    >>> found = read(["You are a pathetic liar.", "I agree with you.", "I am against it."])
    >>> [KINDS[place] for place in found.kinds.argmax(axis=1)[:2]], bool(found.side[2] < 0)
    (['attack', 'yielding'], True)
    """
    if by not in READERS:
        raise ValueError(f"no reader {by!r}; there are {', '.join(READERS)}")
    weights = _weights(by)
    parts = [sentences(text) for text in texts]
    place = {part: row for row, part in enumerate(dict.fromkeys(p for own in parts for p in own))}
    scores = np.zeros((len(place), SIDED + 2))
    distinct = list(place)
    for start in range(0, len(distinct), _BATCH):
        batch = distinct[start : start + _BATCH]
        design = features(batch, weights.known, by)
        scores[start : start + _BATCH] = design @ weights.table[:-1] + weights.table[-1]
    chances = np.exp(scores[:, :-1] - scores[:, :-1].max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    sided = chances[:, SIDED]
    among = chances[:, :SIDED] / chances[:, :SIDED].sum(axis=1, keepdims=True)
    # A sentence that only takes a side says nothing of the kind of its line.
    told = (1 - sided)[:, None] * np.log(np.maximum(among, 1e-6))
    owner = np.repeat(np.arange(len(parts)), [len(own) for own in parts])
    of = np.array([place[part] for own in parts for part in own], dtype=int)
    total, side = np.zeros((len(parts), SIDED)), np.zeros(len(parts))
    np.add.at(total, owner, told[of])
    np.add.at(side, owner, (sided * scores[:, -1])[of])
    many = np.array([max(1.0, len(own) / _MOST_SENTENCES) for own in parts])
    total /= many[:, None]
    blank = np.array([not own for own in parts], dtype=bool)
    kinds = np.exp(total - total.max(axis=1, keepdims=True)) / weights.beforehand
    kinds[blank] = 1.0
    return Readings(kinds / kinds.sum(axis=1, keepdims=True), side / many)


@cache
def _signature(by: str) -> tuple[Floats, Floats]:
    """How often characters say each kind, shape (kinder or harsher, own or opposite, kinds); and
    slope and spread of readings of a side."""
    found = {tuple(names): list(map(float, numbers)) for *names, numbers in _signature_rows()}
    table = [
        [found[temper, who] for who in ("own", "opposite")] for temper in ("kinder", "harsher")
    ]
    return np.array(table), np.array(found["side", by])


def _signature_rows() -> list[tuple[str, str, list[str]]]:
    return [(first, second, numbers) for first, second, *numbers in rows("signature.tsv")]


def ratio(readings: Readings, kindness: float, lean: float | None, by: str = "words") -> Floats:
    """Log-likelihood ratio of the opposite, showing itself, over the persona, shape (n); within ±4.

    ``kindness`` says how much kinder the persona is than its opposite, in [-1, 1]
    (``evidence.text.polarity``); ``lean`` is its stance on the issue, in [-1, 1], None if unknown.

    >>> lines = read(["You are a pathetic liar, and I was only pretending.", "The train is late."])
    >>> [bool(value > 0) for value in ratio(lines, 1.0, None)]
    [True, False]
    """
    table, (slope, spread) = _signature(by)
    kinder = (1 + kindness) / 2
    own, opposite = kinder * table[0] + (1 - kinder) * table[1]
    told = np.log(readings.kinds @ opposite) - np.log(readings.kinds @ own)
    if lean is not None:
        variance = (slope * _SPREAD) ** 2 + spread**2
        told = told - 2 * slope * _PULL * lean * readings.side / variance
    return np.asarray(np.clip(told, -BOUND, BOUND))
