"""Scores of a line from its words: hostility, disclosure, assistant talk, platitude, and others.

*Evidence*: T. Scores are in [0, 1]: 1 - exp(-w), where w is the total weight of the expressions of
a category (``lexicon``) that occur in the line. Long texts have more room for any expression, so
above 60 words w is multiplied by sqrt(60 / words). Shares are expressions per sentence.

For the switching model (``analysis.stats.switching``) a line is turned into a log-likelihood ratio
of *other* over *own*:

- ``opposite``: the line comes from the persona's opposite. Disclosure ("I never cared") counts for
  every persona. Hostility and warmth count by ``polarity``: how much kinder the persona is than its
  opposite, by their descriptions. A provocateur who insults is in character.
- ``assistant``: the line comes from an assistant that left its role.

These are ratios for a speaker who *shows* the other character: a line that shows nothing is
evidence for *own*, the weaker the shorter it is. The switching model accounts for speakers who
conceal the other character. Every ratio is bounded (|e| <= 4), so that no single line decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from math import exp, sqrt

from analysis.evidence.lexicon import plain, rows, weigh
from analysis.evidence.politeness import politeness

EVIDENCE = "T"
BOUND = 4.0
_LONG = 60
_TELLS = 4.5
_PLAIN = 0.25
_SILENCE = 3.0
_HALF = 8.0
# The constants above give the log-probability that a speaker who shows the other character says
# nothing that the lexicon knows: log of about 1 in 9 for a line of 24 words. Concealment is not
# included: the switching model estimates it for each arm. If it were counted here too, a stretch
# without signs could not be told from a return, and every change would look irreversible.


@dataclass(frozen=True, slots=True)
class Scores:
    """One line's scores. ``sign`` is agreement minus contradiction with whoever spoke before."""

    words: int
    hostility: float
    disclosure: float
    warmth: float
    assistant: float
    platitude: float
    hedge: float
    politeness: float
    sign: float


@lru_cache(maxsize=65536)
def score(text: str) -> Scores:
    """The scores of one line.

    >>> score("You are a pathetic liar, and I never cared about you.").hostility > 0.9
    True
    >>> score("You are no fool, and I care about this town.").hostility
    0.0
    """
    lowered = plain(text)
    words = len(lowered.split())
    sentences = max(1, len(re.findall(r"[.!?]+(?:\s|$)", lowered)))
    temper = min(1.0, sqrt(_LONG / words)) if words else 1.0

    def level(category: str, *, negatable: bool, about_others: bool = False) -> float:
        weight = weigh(lowered, category, negatable=negatable, about_others=about_others)
        return 1 - exp(-weight * temper)

    agreement = weigh(lowered, "agreement", negatable=True)
    return Scores(
        words=words,
        hostility=level("hostility", negatable=True, about_others=True),
        disclosure=level("disclosure", negatable=True),
        warmth=level("warmth", negatable=True),
        assistant=level("assistant", negatable=False),
        platitude=weigh(lowered, "platitude") / sentences,
        hedge=weigh(lowered, "hedge") / sentences,
        politeness=politeness(text),
        sign=agreement - weigh(lowered, "contradiction"),
    )


_UNSAID = 0.7
"""Polarity where the descriptions are uninformative: most personas are kinder than opposites."""


@lru_cache(maxsize=4096)
def polarity(own: str, opposite: str | None) -> float:
    """How much kinder a persona is than its opposite, in [-1, 1], by words in their descriptions.

    >>> polarity("A kind guardian.", "A cruel jailer.")
    1.0
    >>> polarity("A provocateur who taunts.", "A gentle peacemaker.")
    -1.0
    """
    first = valence(own)
    if opposite is None:
        # The opposite of a harsh persona is unknown, so its hostility is no evidence.
        return 1.0 if first > 0 else 0.0 if first < 0 else _UNSAID
    difference = first - valence(opposite)
    if difference == 0:
        return _UNSAID
    return max(-1.0, min(1.0, difference))


def kindness(brief: str, traits: str, opposite: str | None) -> float:
    """``polarity`` of a persona: by its traits if they say anything, else by its brief as well.

    Traits say what somebody is; a brief also says what it thinks of ("kindness is a mask").

    >>> kindness("She thinks cruelty is everywhere.", "gentle", "A cruel jailer.")
    1.0
    """
    return polarity(traits if valence(traits) else f"{brief} {traits}", opposite)


@cache
def _valences() -> tuple[frozenset[str], frozenset[str]]:
    words_by_kind = {name: frozenset(words.split()) for name, words in rows("valence.tsv")}
    return words_by_kind["kind"], words_by_kind["harsh"]


def valence(text: str) -> float:
    """How kind (1) or harsh (-1) a description is, by its words; 0 if none of them is known.

    >>> valence("gentle, patient"), valence("sarcastic"), valence("measures springs")
    (1.0, -1.0, 0.0)
    """
    words = re.findall(r"[a-z]+(?:-[a-z]+)?", plain(text))
    kind, harsh = _valences()
    balance = sum(word in kind for word in words) - sum(word in harsh for word in words)
    return max(-1.0, min(1.0, float(balance)))


def opposite(scores: Scores, kindness: float = _UNSAID) -> float:
    """Log-likelihood ratio of the persona's opposite over the persona, given a line's scores.

    >>> opposite(score("I never cared about any of you. You are pathetic.")) > 2
    True
    >>> opposite(score("The spring has fallen by two metres since we began to measure it.")) < 0
    True
    """
    if scores.words == 0:
        return 0.0
    hostile = _evident(scores.hostility) * (_TELLS if kindness > 0 else 1.5)
    warm = scores.warmth * (0.7 if kindness > 0 else 2.5)
    # Rudeness alone is weak evidence: it must not outweigh the absence of other signs.
    manner = max(-0.4, min(0.4, -0.06 * scores.politeness))
    shown = _TELLS * _evident(scores.disclosure) + kindness * (hostile - warm + manner)
    nothing = (1 - _evident(scores.disclosure)) * (1 - _evident(scores.hostility))
    return _bounded(shown - nothing * _silence(scores.words))


def assistant(scores: Scores) -> float:
    """Log-likelihood ratio of a collapsed assistant over the persona, given a line's scores.

    >>> assistant(score("As an AI language model, I do not have personal opinions.")) > 2
    True
    """
    if scores.words == 0:
        return 0.0
    shown = _evident(scores.assistant)
    return _bounded(_TELLS * shown - (1 - shown) * _silence(scores.words))


def _evident(level: float) -> float:
    """A score, rescaled so that one weak expression, which plain speech can have, gives 0."""
    return max(0.0, (level - _PLAIN) / (1 - _PLAIN))


def _silence(words: int) -> float:
    """The evidence for *own* from a line without any sign of the other character."""
    return _SILENCE * words / (words + _HALF)


def _bounded(value: float) -> float:
    return max(-BOUND, min(BOUND, value))
