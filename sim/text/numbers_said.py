"""Numbers on a scale, as people and chat models say them: ``.5``, ``−0.5``, ``7/10``, ``70%``,
``about 0.5``, ``I'd give it a 7``.

What could be two numbers is none: a range, a bound ("at least 0.5"), a number that is denied, a
fraction of another scale, and a number of which nothing shows that it is the answer.
"""

from __future__ import annotations

import re
import unicodedata
from math import isclose
from typing import Final

_SIGNS: Final = {
    "−": "-", "－": "-", "﹣": "-", "‐": "-", "‑": "-", "＋": "+", "．": ".", "／": "/", "％": "%",
    "٫": ".", "⁄": "/", "’": "'",
}  # fmt: skip
_WORDS: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
)  # fmt: skip
_VALUE: Final = (
    r"(?P<sign>[-+–]|(?:minus|negative|plus)\s+)?"
    r"(?P<digits>\d+(?:[.,]\d+)?|[.,]\d+|zero|one|two|three|four|five|six|seven|eight|nine|ten)"
    r"(?P<exponent>e[-+]?\d+)?"
    r"(?:\s*(?:/|out of|of)\s*(?P<whole>\d+(?:\.\d+)?))?"
    r"(?P<percent>\s?%|\s+per ?cent\b)?"
)
# After a number: nothing that could belong to it, and nothing that makes it one of several.
_CLEAN: Final = (
    r"(?![\w/%^*×]|[.,]\d|\s*(?:[-–—~/±<>≤≥]\s*[-+]?[.\d]|\.\.+\s*\d)"
    r"|\s*(?:,\s*)?(?:to|or|and|through|until)\s+(?:maybe |perhaps |even )?[-+–]?[.\d]"
    r"|\s*(?:→|->|=>))"
)
_NUMBER: Final = re.compile(rf"(?<![\w.,/\-–—+±<>≤≥^]){_VALUE}{_CLEAN}", re.I)
_FILLED: Final = (
    r"(?:(?:approximately|about|around|roughly|maybe|perhaps|probably|exactly|only|just|well|ok|okay"
    r"|definitely|a|an|the|solid|strong|weak|it's|it is|at|score of|rating of|value of|number)\s+"
    r"|[~≈]\s*|well,\s+)*"
)
# How a phrase may go on after its number. What follows "years" would be a count of years.
_ENDED: Final = (
    r"(?=\s*(?:$|[.;!?)\](\n|:]|,(?!\d)|[—–](?!\s*[\d.])|-\s+(?![\d.])"
    r"|\s(?:because|since|as|on (?:this|that|the|a|your) scale|right now|now"
    r"|overall|i think|for now|at the moment|but|points?\b"
    r"|(?:firmly|strongly|slightly|somewhat|mildly|leaning|undecided|neutral)\b)))"
)
_PHRASE: Final = re.compile(rf"\s*{_FILLED}(?<![\w.,/\-–—+±<>≤≥^]){_VALUE}{_CLEAN}{_ENDED}", re.I)
_EVIDENCE: Final = (
    r"(?:\bi(?:['’](?:d|ll)| would| will)?\s+(?:\w+ly\s+|just\s+|then\s+)?"
    r"(?:say|give|put|rate|guess|choose|pick|answer|settle|stand|go)"
    r"(?:\s+(?:it|this|that|him|her|them|myself|as|at|on|for|with|of|the|my|answer|number|stance))*"
    r"|\bi(?: am|['’]m)(?:\s+(?:at|currently|now|on))*"
    r"|\b(?:answer|number|value|score|rating|my \w+)\b[^.!?\n\d]{0,60}?"
    r"(?:\b(?:is|would be|stands at)(?:\s+at)?|:))"
)
_SAID: Final = re.compile(
    rf"{_EVIDENCE}\s*{_FILLED}(?<![\w.,/\-–—+±<>≤≥^]){_VALUE}{_CLEAN}{_ENDED}", re.I
)
_UNSURE: Final = re.compile(
    r"\b(?:not|never|n't|neither|nor|cannot|except|unless|if|at least|at most|more than|less than"
    r"|above|below|under|over|between|up to|used to|was|were|yesterday|would have|ranges?|either"
    r"|he|she|they|says|said|thinks|told)\b"
    r"|n't\b|[<>≤≥±]",
    re.I,
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|\n+")
_LEAD: Final = re.compile(r"\s*(?:#{1,6}\s+|[•*]\s+|=\s*)*")
_ITEM: Final = re.compile(r"\d+[.)]\s+\S")
_DASH_LEAD: Final = re.compile(r"\s*[-–—]\s+(?=[.\d])")


def plain_digits(text: str) -> str:
    """A text with the digits, points and minus signs of other scripts and keyboards as ASCII.

    >>> plain_digits("−０．５")
    '-0.5'
    """
    if text.isascii():
        return text
    return "".join(
        _SIGNS.get(each) or (str(unicodedata.decimal(each)) if each.isdecimal() else each)
        for each in text
    )


def number_in(phrase: str, low: float, high: float) -> float | None:
    """The number that a phrase says, perhaps with words behind it; None if that is not clear.

    The number may be off the scale: it is for the caller to say so.

    >>> number_in("about .5, I think", -1, 1), number_in("7/10", 0, 10), number_in("70%", 0, 1)
    (0.5, 7.0, 0.7)
    >>> number_in("0.2 or 0.3", -1, 1), number_in("7/10", -1, 1), number_in("at least 1", -1, 1)
    (None, None, None)
    """
    text = plain_digits(phrase).strip()
    if _DASH_LEAD.match(text):
        if low < 0:
            return None  # a bullet, or a minus
        text = _DASH_LEAD.sub("", text, count=1)
    lead = _LEAD.match(text)
    text = text[lead.end() if lead else 0 :]
    said = _PHRASE.match(text)
    if said is None or _is_numeral(text, said.end()) or _ITEM.match(text):
        return None
    # A remark in brackets may hold more numbers; the sentence itself may not.
    rest = _SENTENCE.split(re.sub(r"\([^()]*\)", "", text[said.end() :]), maxsplit=1)[0]
    return None if re.search(r"\d", rest) else _value(said, low, high)


def number_said(text: str, low: float, high: float) -> float | None:
    """The number that a reply in prose says, or None: one sentence has to say it as an answer.

    >>> number_said("On a scale from -1 to 1, I am at -0.4.", -1, 1)
    -0.4
    >>> number_said("I have lived here for 1 year.", -1, 1)
    """
    text = _without_scale(plain_digits(text), low, high)
    if any(unicodedata.category(each) in ("No", "Nl") for each in text):
        return None
    answers = []
    for sentence in _SENTENCE.split(text):
        if not re.search(r"\d", sentence):
            continue
        said = _SAID.search(sentence)
        if said is None or _UNSURE.search(sentence[: said.end()]):
            return None
        rest = sentence[: said.start()] + sentence[said.end() :]
        if re.search(r"\d", rest):
            return None
        answers.append(_value(said, low, high))
    return answers[0] if len(answers) == 1 else None


def _is_numeral(text: str, place: int) -> bool:
    return place < len(text) and unicodedata.category(text[place]) in ("No", "Nl")


def _value(said: re.Match[str], low: float, high: float) -> float | None:
    digits, sign = said["digits"].lower(), (said["sign"] or "").strip().lower()
    if digits in _WORDS:
        value = float(_WORDS.index(digits))
    else:
        if re.fullmatch(r"[1-9]\d{0,2},\d{3}", digits):
            return None  # a thousand, or one with three decimals
        value = float(digits.replace(",", ".") + (said["exponent"] or ""))
    if sign in ("-", "–", "minus", "negative"):
        value = -value
    if said["whole"] is not None and said["percent"]:
        return None
    if said["whole"] is not None:
        return _of(value, float(said["whole"]), low, high)
    if said["percent"]:
        if (low, high) == (0, 1):
            return value / 100
        return value if (low, high) == (0, 100) else None
    return value


def _of(value: float, whole: float, low: float, high: float) -> float | None:
    """A value out of so many, on the scale."""
    if isclose(whole, high):
        return value if low >= 0 or whole == 1 else None
    if (low, high) == (0, 1) and whole > 0:
        return value / whole
    return None


def _without_scale(text: str, low: float, high: float) -> str:
    """The text without mentions of the scale itself: "from -1 (against) to 1 (for)"."""
    ends = [rf"\+?{re.escape(f'{end:g}')}(?:\.0)?(?:\s*\([^()]*\))?" for end in (low, high)]
    middle = r"(?:\s*,?\s*over\s+[-\d.]+(?:\s*\([^()]*\))?)?"
    scale = (
        rf"(?:\bon )?(?:\b(?:a|the) )?(?:\b{'scale'}\s+)?\b(?:from|of|between)\s+{ends[0]}{middle}"
        rf"\s*,?\s*(?:to|and|through|[-–])\s*{ends[1]}(?!\w|[.,]\d)"
    )
    return re.sub(scale, "", text, flags=re.I)
