"""Labels: the name before a line, in the dresses in which scripts and models set it.

``Ann:``, ``**Ann:**``, ``ANN —``, ``Ann (sighing):``, ``[Ann]``, ``# Ann``, ``ミカ「…」``. How much
a dress proves depends on the place. At the head of Ann's own reply nearly everything is a label.
On a later line, and for anybody else, only what is no sentence is one: ``Ben — listen to me``,
``- Ben: the boat.`` and ``@Ben: stop`` speak to Ben or of him.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

BLANKS: Final = r"[^\S\n]{0,20}[\u200e\u200f\u202a-\u202c\u2066-\u2069]{0,4}[^\S\n]{0,20}"
"""Blanks within a line, with the marks of writing direction among them."""

_DIRECTION: Final = (
    r"\([^()\n]{1,80}\)|（[^（）\n]{1,80}）|\[[^\[\]\n]{1,80}\]|\*[^*\n]{1,80}\*(?=\s*[:：])"
)
_SIGNS: Final = "[\u2600-\u27bf\U0001f300-\U0001faff\ufe0f\u200d]+"
_PREFIX: Final = (
    r"(?P<heading>#{1,6}\s+)|(?P<listed>(?:\d{1,2}[.)]|[-*•]|turn \d{1,2}[ \t]*[-–—:.])\s+)"
)
_SAYS: Final = (
    r"says?|said|repl(?:ies|ied)|answer(?:s|ed)|respond(?:s|ed)|asks?|asked|adds?|added|whispers?"
    r"|whispered|shouts?|shouted|mutters?|muttered|sighs?|sighed|continues?|continued"
)
_REPLY: Final = r"(?:next\s+)?(?:line|reply|response|answer|turn|dialogue)"
_PAIRS: Final = {
    "": "", "[": "]", "(": ")", "<": ">", "【": "】", "（": "）", '"': '"', "“": "”",
}  # fmt: skip
_ARTICLES: Final = ("the ", "a ", "an ")
_TITLES: Final = re.compile(
    r"(?:dr|mr|mrs|ms|miss|prof|professor|doctor|sir|dame|lady|lord|captain|capt|st)\.?\s+", re.I
)


@dataclass(frozen=True, slots=True)
class Label:
    """A label: where it begins and where its words begin, and whose it is.

    ``form`` is how the name is set off (``colon``, ``dash``, ``stop``, ``quote``, ``alone``,
    ``bracket``, ``says``, ``possessive``); ``direction`` what stands in brackets after the name.
    """

    start: int
    end: int
    name: str
    form: str
    direction: str = ""
    capitals: bool = False
    exact: bool = False
    dressed: bool = False
    listed: bool = False
    called: bool = False


def whose(names: tuple[str, ...]) -> dict[str, str]:
    """By how somebody may be called in a label, in normal form: who of the cast that is.

    >>> whose(("The Mayor", "Dr. Ödön Łuk"))["Mayor"]
    'The Mayor'
    >>> sorted(name for name, who in whose(("Ann Lee", "Bo Lee")).items() if who == "Bo Lee")
    ['Bo', 'Bo Lee']
    """
    normal = {normalised(name): name for name in names}
    short: dict[str, set[str]] = {}
    for name in normal:
        for alias in _aliases(name):
            short.setdefault(alias, set()).add(name)
    found = {alias: normal[min(owners)] for alias, owners in short.items() if len(owners) == 1}
    return found | normal


def normalised(name: str) -> str:
    """A name in one spelling of its letters and apostrophes."""
    return unicodedata.normalize("NFC", name).replace("’", "'")


def _unaccented(name: str) -> str:
    apart = unicodedata.normalize("NFD", name)
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _aliases(name: str) -> set[str]:
    """Shorter names: without the article or title, the first and the last word, title and last."""
    aliases: set[str] = set()
    for article in _ARTICLES:
        if name.lower().startswith(article):
            aliases.add(name[len(article) :])
    title = _TITLES.match(name)
    bare = name[title.end() :] if title is not None else name
    words = bare.split()
    if title is not None and words:
        aliases |= {bare, name[: title.end()] + words[-1]}
    if (len(words) > 1 and not aliases - {bare, name}) or title is not None:
        aliases |= {word for word in (words[0], words[-1]) if word[0].isupper() and len(word) > 1}
    return {alias for alias in aliases if alias and not alias[0].islower()} - {name}


class Labels:
    """The labels of a cast: what finds them in a text."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._whose = whose(names)
        # In capitals, many languages leave accents out.
        self._fold = {_unaccented(alias).casefold(): alias for alias in self._whose}
        self._fold |= {alias.casefold(): alias for alias in self._whose}
        spellings = {
            spelling.replace("'", "\0")
            for alias in self._whose
            for spelling in (alias, unicodedata.normalize("NFD", alias), _unaccented(alias))
        }
        names_pattern = "|".join(
            re.escape(spelling).replace("\0", "['’]")
            for spelling in sorted(spellings, key=len, reverse=True)
        )
        self._pattern = re.compile(
            rf"{BLANKS}(?:{_SIGNS}\s*)?(?:{_PREFIX})?(?P<before>[*_`]{{0,3}})(?P<open>[\[(<【（\"“]?)"
            rf"(?P<inside>[*_]{{0,3}})(?P<called>@|(?:speaking\s+)?as\s+)?(?P<name>{names_pattern})(?![^\W_])"
            rf"(?P<after>[*_`]{{0,3}}(?:{BLANKS}[\])>】）\"”][*_`]{{0,3}})?)"
            rf"(?:{BLANKS}(?P<direction>{_DIRECTION})(?P<later>[*_]{{0,3}}))?",
            re.I,
        )
        self._quick = re.compile(
            rf"(?:^|(?<=\n))[^\w\n]*_*(?:\d+[.)]\s+|turn \d+[^\w\n]+)?"
            rf"(?:{names_pattern})(?![^\W_])",
            re.I,
        )

    def at(self, text: str, start: int) -> Label | None:
        """The label at a place in a text, in whatever dress; None where there is none."""
        match = self._pattern.match(text, start)
        if match is None:
            return None
        after = match["after"]
        closing = re.sub(r"[\s*_`\u200e\u200f\u202a-\u202c\u2066-\u2069]", "", after)
        if _PAIRS[match["open"]] != closing:
            return None
        written = normalised(match["name"])
        alias = self._fold.get(written.casefold()) or self._fold.get(
            _unaccented(written).casefold()
        )
        if alias is None:
            # A letter whose small form has another length (İ): as it stands.
            alias = next((one for one in self._whose if one.lower() == written.lower()), None)
            if alias is None:
                return None
        marks = match["before"] + match["inside"]
        closed = re.sub(r"[^*_`]", "", after) + (match["later"] or "")
        found = self._set_off(text, match, len(marks) - len(closed))
        if found is None:
            return None
        form, end = found
        capitals = written.isupper() and sum(map(str.isalpha, written)) > 1
        return Label(
            match.start() + len(match.group()) - len(match.group().lstrip()),
            end,
            self._whose[alias],
            form,
            match["direction"] or "",
            capitals and not alias.isupper(),
            written == alias,
            bool(marks or match["open"] or match["heading"]),
            match["listed"] is not None,
            match["called"] is not None,
        )

    def _set_off(self, text: str, match: re.Match[str], unclosed: int) -> tuple[str, int] | None:
        """How the name is set off from the words, and where these begin."""
        rest = match.end()
        if unclosed < 0:
            return None
        separator = _SEPARATOR.match(text, rest)
        if separator is not None and not text.startswith("//", separator.end()):
            end = separator.end()
            if unclosed:
                marks = _CLOSING.match(text, end)
                if marks is None or len(marks.group().strip()) != unclosed:
                    return None
                end = marks.end()
            return "colon", end
        if unclosed:
            return None
        if match["open"]:
            # A name in quotes may be part of a sentence.
            return None if match["open"] in '"“' else ("bracket", rest)
        for form, pattern in _OTHER_FORMS:
            found = pattern.match(text, rest)
            if found is not None:
                return form, found.end()
        return None

    def may_begin(self, text: str) -> bool:
        """Whether a text may begin with a label: a quick look."""
        return self._quick.match(text) is not None

    def of_others(
        self, text: str, *, listed: bool = False, small: str = "", script: bool = False
    ) -> list[Label]:
        """Every label on a line of its own that is no sentence, in the order of the text.

        In a script, ``Ann.`` at the head of a paragraph is one: so the persons of a play are set
        off in the list before it. ``listed`` says whether numbers and bullets before the name are
        part of the form. ``small`` is whose name in small letters is a label, too, in a text that
        is all in small letters.

        >>> found = Labels(("Ann", "Ben")).of_others("Ben: No.\\nBen — stop.\\n**ANN:** Why?")
        >>> [(label.name, label.start) for label in found]
        [('Ben', 0), ('Ann', 21)]
        """
        labels: list[Label] = []
        all_small = bool(small) and text == text.lower()  # Once: a text may hold thousands.
        for quick in self._quick.finditer(text):
            start = text.rfind("\n", 0, quick.end()) + 1
            label = self.at(text, start)
            if label is None:
                continue
            in_small = all_small and label.name == small and label.form == "colon"
            if in_small or _proves(label, text, listed, script):
                labels.append(label)
        return labels


_SEPARATOR: Final = re.compile(rf"{BLANKS}[:：﹕︰]")
_CLOSING: Final = re.compile(r"[ \t]*[*_`]{1,6}")
_OTHER_FORMS: Final = (
    ("dash", re.compile(rf"{BLANKS}[—–―]|[ \t]+--?(?=[ \t])")),
    ("stop", re.compile(r"\.(?=\s)")),
    ("quote", re.compile(r"(?=[「『])")),
    ("alone", re.compile(r"[^\S\n]*(?=\n|\Z)")),
    ("says", re.compile(rf"[ \t]+(?:{_SAYS})(?:[ \t]+\w+ly)?[ \t]*[:：]", re.I)),
    ("says,", re.compile(rf"[ \t]+(?:{_SAYS})(?:[ \t]+\w+ly)?[ \t]*,(?=\s*[\"“«„])", re.I)),
    ("possessive", re.compile(rf"['’]s[ \t]+{_REPLY}[ \t]*[:：]", re.I)),
)


def _proves(label: Label, text: str, listed: bool, script: bool) -> bool:
    """Whether a label proves by itself that somebody speaks here."""
    if label.called or (label.listed and not listed):
        return False
    if label.form in ("colon", "bracket", "quote"):
        return label.exact or label.capitals or label.dressed
    blank = label.start == 0 or text[: label.start].rstrip(" \t").endswith("\n\n")
    if label.form in ("dash", "stop"):
        listed_so = script and label.form == "stop" and label.exact and blank and label.start > 0
        return label.capitals or (label.form == "dash" and label.dressed) or listed_so
    if label.form == "alone":
        if not text[label.end :].strip():
            return False
        return label.capitals or label.dressed or (label.exact and blank)
    return False


def heads_own(label: Label, text: str) -> bool:
    """Whether a label at the head of somebody's own reply is to be dropped."""
    if label.form == "stop":
        return label.capitals
    if label.form == "alone":
        # The bare name may be an answer.
        followed = bool(text[label.end :].strip())
        return label.dressed or (followed and (label.exact or label.capitals))
    return True


@lru_cache(maxsize=256)
def labels_of(names: tuple[str, ...]) -> Labels:
    """The labels of a cast, made once."""
    return Labels(names)
