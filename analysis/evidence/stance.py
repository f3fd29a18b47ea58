"""The stance that a line expresses on the motion, by its words (*Evidence*: T).

A small hand-written vocabulary of plain English for taking sides (answers, votes, support,
opposition), with words that make a stance stronger or weaker. It is independent of the topic and
deliberately cautious: most lines state no stance, and then there is none. The last sentence of a
line that states a stance counts.

Only half of the exact stage's sentences were used to write it; the other half is kept for
calibration.

*Reference.* The scale is that of the probes, from -1 (firmly against) to 1 (firmly for); for stance
in talk see Du Bois, "The stance triangle", 2007.
"""

from __future__ import annotations

import re
from functools import lru_cache

_FOR = (
    r"\b(?:i am|i'm|count me|we are|still) (?:\w+ ){0,2}(?:for|in favou?r of) (?:it|this|that)\b",
    r"\bin favou?r\b",
    r"\b(?:i|we) (?:\w+ )?(?:support|back|endorse|welcome) (?:it|this|that|the)\b",
    r"\b(?:answer is|say|vote|side with those who say) yes\b",
    r"\byes to (?:this|it)\b",
    r"\b(?:good|right|best|excellent) (?:idea|one|thing|work|choice)\b",
    r"\bmust happen\b",
    r"\bsupporters?\b",
    r"\bshould (?:be done|go ahead|happen)\b",
    r"\bfight for (?:it|this)\b",
)
_AGAINST = (
    r"\bagainst (?:it|this|that)\b",
    r"\b(?:opposed?|oppose|opponents?|object(?:s|ed)? to|reject(?:s|ed)?)\b",
    r"\b(?:answer is|say|vote|side with those who say) no\b",
    r"\bno to (?:this|it)\b",
    r"\b(?:bad|wrong|terrible|foolish) (?:idea|one|thing|choice)\b",
    r"\b(?:serious |grave )?mistake\b",
    r"\bmust not happen\b",
    r"\b(?:do not|don't|cannot|can't) support\b",
    r"\bdoubtful about\b",
)
_NEITHER = (
    r"\bundecided\b",
    r"\bneither for\b.*\bnor against\b",
    r"\bin the middle\b",
    r"\b(?:not|n't) (?:yet )?made up my mind\b",
    r"\beither side\b",
    r"\bcannot say which side\b",
)
_STRONG = re.compile(
    r"\b(?:firmly|strongly|convinced|serious|deeply|very much|clear conscience|certainly)\b"
)
_TOTAL = re.compile(
    r"\b(?:never|wholly|entirely|absolutely|utterly|nothing on earth|root and branch|"
    r"heart and soul|for as long as i|with all my heart)\b"
)
_WEAK = re.compile(
    r"\b(?:lean|slightly|a little|somewhat|inclined|cautious|reluctant|tend|rather)\b"
)
_NOT = r"(?:\bnot|n't|\bnever|\bhardly|\bno longer)"
_DENIED = re.compile(
    # "I do not think that it is a ...": what is denied is what comes after.
    rf"{_NOT} (?:(?:think|believe|find|feel|say|see|consider) (?:\w+ ){{0,4}}|(?:\w+ ){{0,2}})$"
)
_DENIED_WITHIN = re.compile(rf"{_NOT} ")
"""A negation inside a match of the side for ("I am not for it")."""
_UNMOVED = re.compile(
    r"\b(?:nothing|nobody|no one|never|miracle)\b.*\b(?:make|turn|bring|persuade|convince) me\b"
)
"""Before a match: nothing would make the speaker take the side that the sentence then names."""
_SENTENCES = re.compile(r"[^.!?;]+")
_SIDES = tuple(
    (sign, re.compile("|".join(patterns))) for sign, patterns in ((1, _FOR), (-1, _AGAINST))
)
_UNDECIDED = re.compile("|".join(_NEITHER))


@lru_cache(maxsize=1 << 14)
def stance(text: str) -> float | None:
    """The stance of a line, from -1 (against) to 1 (for); None if it states none.

    >>> stance("I am firmly in favour of this."), stance("I lean against it, no more than that.")
    (0.75, -0.25)
    >>> stance("The water table fell again.") is None
    True
    >>> stance("Nothing will make me vote yes."), stance("I am not against it.")
    (-0.5, 0.5)
    """
    latest: float | None = None
    for sentence in _SENTENCES.findall(text.lower().replace("’", "'")):
        side = _side(sentence)
        if side is not None:
            latest = side
    return latest


def _side(sentence: str) -> float | None:
    if _UNDECIDED.search(sentence):
        return 0.0
    sides = [(sign, match) for sign, pattern in _SIDES if (match := pattern.search(sentence))]
    if len(sides) != 1:
        return None  # it takes no side, or names both
    [(sign, match)] = sides
    before = sentence[: match.start()]
    denied = _DENIED.search(before) or (sign > 0 and _DENIED_WITHIN.search(match.group()))
    if denied or _UNMOVED.search(before):
        sign = -sign
    if _WEAK.search(sentence):
        return 0.25 * sign
    if _TOTAL.search(sentence):
        return 1.0 * sign
    return (0.75 if _STRONG.search(sentence) else 0.5) * sign
