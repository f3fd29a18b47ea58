"""Which one of several options a text names: a word, a name in any dress, or in a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sim.text.addressing import occurrences

_EDGES: Final = " \t\n\r\"'“”‘’„«»`*_~()[]<>{}.!,:;?@#|=•"
_ITEM: Final = re.compile(r"\s*(?:(?P<mark>\d{1,2}|[A-Za-z])[.)]\s+|[-–—•*+]\s+)(?=\S)")
_CATEGORY: Final = re.compile(
    r"\W*(?:(?:speaker|side|option|choice|answer|debater|an?|the)\s+)+(?=\S)", re.I
)
_COMMON: Final = frozenset(
    {"yes", "no", "none", "both", "neither", "either", "all", "any", "maybe", "never", "always",
     "true", "false", "up", "down", "for", "against", "left", "right", "one", "two", "i", "a", "an",
     "me", "you", "it", "he", "she", "we", "they", "this", "that", "other", "others", "nobody",
     "somebody"}
)  # fmt: skip
"""Words that stand in any text, and so name no option in the middle of a sentence."""
_NEGATED: Final = re.compile(
    r"\b(?:not|never|neither|nor|cannot|except|unless|without|instead|if|but|no longer|than|rather"
    r"|avoid|refuse|reject|rule out|against|anyone else|either|whether)\b|n['’]t\b",
    re.I,
)
_REPORTED: Final = re.compile(r"\b(?:he|she|they|says|said|thinks|told|would say)\b", re.I)
_BETWEEN: Final = re.compile(
    r"(?:\s|[\"'“‘*:]|\b(?:the|a|an|some|to|for|from|that|is|option|cup of|our|my|mr|mrs|ms|@)\b)*",
    re.I,
)
_AFTER: Final = re.compile(
    r"[\"'”’*]*\s*(?:$|[.,;:!)(—–\n]|-\s|to (?:speak|talk|go|answer|respond|be next|take over)\b"
    r"|(?:over|rather|instead|and not|but not|not|because|since|as|unlike|next|now|please"
    r"|first|for)\b)"
    r"(?!['’]s\b)", re.I,
)  # fmt: skip
_LEADING: Final = re.compile(
    r"\s*([^,.!?;:—–\n]+?)\s*(?:,\s*(?:please|thanks|thank you)\b|[.!])", re.I
)
_DECLARED: Final = re.compile(
    r"\b(?:i(?:'d|’d|'ll|’ll| would| will)?\s+(?:\w+\s+)?(?:choose|pick|select|take|prefer"
    r"|nominate|want|vote for|go with|go for|opt for|call on|suggest|name|say"
    r"|like to hear(?: from)?|hand over to)"
    r"|(?:choice|answer|pick|vote|option|preference|suggestion|decision)\s+is"
    r"|let(?:'s|’s| us)\s+hear(?: from)?)(?!\w)\s*:?\s*",
    re.I,
)
_SENTENCE: Final = re.compile(
    r"(?<=[.!?])(?<!\b(?:Dr|Mr|Ms|St)\.)(?<!\b(?:Mrs)\.)(?<!\bProf\.)(?<!\b[A-Z]\.)\s+|\n+"
)
_NEXT: Final = re.compile(
    r"\s+(?:should|would|will|ought to|must|has to|may|can)\s+"
    r"(?:speak|talk|go|answer|respond|be (?:next|heard|asked)|have the floor)",
    re.I,
)


def folded(text: str) -> str:
    """A text with case and blanks normalised: options with the same folded text are the same.

    >>> folded(" The  Mayor ")
    'the mayor'
    """
    return " ".join(text.split()).casefold()


def bare(text: str) -> str:
    """A folded text without quotes, marks and stops around it.

    >>> bare(" **Ben.** ")
    'ben'
    """
    return folded(text.strip(_EDGES))


def option_in(phrase: str, options: Sequence[str]) -> str | None:
    """The option that a phrase is, in any dress; None if it is none, or could be two.

    >>> options = ("Ben", "The Mayor", "Dr. Ödön Łuk")
    >>> [option_in(phrase, options) for phrase in ("**ben**", "@Mayor", "Dr. Łuk (he is silent)")]
    ['Ben', 'The Mayor', 'Dr. Ödön Łuk']
    >>> option_in("Benjamin", options), option_in("Ben or the Mayor", options)
    (None, None)
    """
    key = folded(phrase)
    for option in options:
        if folded(option) == key:
            return option
    found = _dressed(phrase, options)
    if found is not None:
        return found
    category = _CATEGORY.match(phrase)
    if category is not None:
        found = _dressed(phrase[category.end() :], options)
        if found is not None:
            return found
    item = _ITEM.match(phrase)
    if item is not None:
        # "A) tea", unless A is one of the options itself.
        if item["mark"] and any(folded(option) == item["mark"].casefold() for option in options):
            return None
        return _dressed(phrase[item.end() :], options)
    remark = re.fullmatch(r"(.+?)\s*(?:\([^()]*\)|\[[^\[\]]*\])\s*[.!]?\s*", phrase, re.S)
    return None if remark is None else _dressed(remark[1], options)


def _dressed(phrase: str, options: Sequence[str]) -> str | None:
    key = bare(phrase)
    if not key:
        return None
    same = [option for option in options if bare(option) == key]
    if len(same) == 1:
        return same[0]
    if same or key in _COMMON:
        return None
    core = phrase.strip(_EDGES)
    spots = occurrences(phrase, options)
    if len(spots) == 1:
        start, end, option = spots[0]
        if bare(phrase[start:end]) == bare(core) or not (
            phrase[:start].strip(_EDGES) or phrase[end:].strip(_EDGES)
        ):
            return option
    return None


def option_said(text: str, options: Sequence[str]) -> str | None:
    """The option that a reply in prose chooses, or None; the last choice counts.

    >>> option_said("Tea is nice. I'd pick coffee over tea.", ("tea", "coffee"))
    'coffee'
    >>> option_said("I don't want tea.", ("tea", "coffee"))
    """
    chosen: str | None = None
    declared = False
    for sentence in _SENTENCE.split(text):
        for verb in _DECLARED.finditer(sentence):
            declared = True
            before = sentence[: verb.end()].rpartition(",")[2]
            told = _NEGATED.search(before) or _REPORTED.search(sentence[: verb.start()])
            chosen = None if told else _object(sentence[verb.end() :], options)
    if declared:
        return chosen
    leading = _LEADING.match(text)
    first = None if leading is None else option_in(leading[1], options)
    if first is not None and len(_named(text, options)) <= 1:
        return first
    return _proposed(text, options)


def _object(clause: str, options: Sequence[str]) -> str | None:
    """The option right behind "I choose", if it is all that is chosen there."""
    named = [spot for spot in occurrences(clause, options) if _own_name(clause, spot)]
    if not named:
        return None
    start, end, option = named[0]
    if not _BETWEEN.fullmatch(clause, 0, start) or not _AFTER.match(clause, end):
        return None
    others = any(other != option for _, _, other in named)
    unsure = re.search(r"\b(?:if|unless)\b" + (r"|\b(?:or|nor)\b" if others else ""), clause, re.I)
    return None if unsure else option


def _proposed(text: str, options: Sequence[str]) -> str | None:
    """Whoever should speak, in the one sentence that says so: "I think Ben should speak next"."""
    proposed = []
    for sentence in _SENTENCE.split(text):
        for _, end, option in occurrences(sentence, options):
            if _NEXT.match(sentence, end):
                clause = sentence[:end]
                others = _named(clause, options)
                if _NEGATED.search(clause) or others != [option]:
                    return None
                proposed.append(option)
    return proposed[0] if len(set(proposed)) == 1 else None


def _named(text: str, options: Sequence[str]) -> list[str]:
    """The options that stand in a text, as words of their own."""
    spots = occurrences(text, options)
    return list(dict.fromkeys(spot[2] for spot in spots if _own_name(text, spot)))


def _own_name(text: str, spot: tuple[int, int, str]) -> bool:
    """Whether a word names an option, and is no common word that is a part of its name."""
    start, end, option = spot
    said = folded(text[start:end])
    return said not in _COMMON or said == folded(option)
