"""Strangers: who speaks in a script that goes on by itself, and is nobody of the cast.

Ordinary text is full of colons, so a capital letter and a colon prove nothing. What a script gives:
the label stands where a turn begins (after a blank line, or after another label); it is shaped like
a name, and is no heading ("Note", "Economically", "The Problem"); what follows begins like a line.
Beyond that it has to name a person by itself ("The Porter", "Mrs. Hale", "Guard 2"), or come back,
or be set in capitals, or stand among labels of the cast, or be spoken to somebody.

A chat model is asked for one turn and continues no script: there only a label that names a person
by itself counts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sim.text.given_names import GIVEN_NAMES
from sim.text.labels import Label


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHAPE: Final = re.compile(
    r"^(?P<before>[*_]{0,3})(?P<name>[^\W\d_][\w.'’ -]{0,39}?(?: ?#?\d{1,2})?)(?P<inner>[*_]{0,3})"
    r"[ \t\u00a0\u202f]{0,3}(?:\([^()\n]{1,80}\)|（[^（）\n]{1,80}）)?(?P<after>[*_]{0,3})"
    r"[ \t\u00a0\u202f]{0,3}[:：](?!//)(?P<last>[*_]{0,3})(?P<words>[^\n]*(?:\n(?=\S)[^\n]*)?)",
    re.M,
)
_PERSONS: Final = _words(
    "voice boy girl man woman lady gentleman widow widower soldier porter guard guest stranger "
    "waiter waitress servant maid butler cook nurse doctor priest monk nun sister brother mother "
    "father son daughter uncle aunt grandmother grandfather child neighbour neighbor landlord "
    "landlady clerk officer sergeant policeman constable inspector messenger sailor captain "
    "farmer shepherd fisherman beggar thief gravedigger hangman judge lawyer king queen prince "
    "princess duke duchess lord knight herald fool jester chorus crowd narrator announcer "
    "operator driver conductor passenger customer shopkeeper baker butcher barber tailor teacher "
    "student pupil mayor citizen townsman traveller traveler visitor witness prisoner ghost "
    "spirit bartender barman secretary reporter host moderator caretaker janitor postman"
)
_TITLES: Final = _words(
    "mr mrs ms miss dr prof professor sir dame madame monsieur señor señora herr frau captain "
    "sergeant father sister brother mother lord lady uncle aunt old young"
)
_PARTICLES: Final = _words("of the de von van der den da di la le du al el bin ibn y e in at with")
_FUNCTION: Final = _words(
    "i you he she it we they this that these those my your his her our their its me us them who "
    "what when where why how which if but and or so yet because not no yes never always there "
    "here is are was were be been do does did have has had can could will would shall should may "
    "might must to from for on by as than then now just only even both either neither all every "
    "each some any none one two three four five six seven eight nine ten first second third "
    "fourth fifth last next finally also thus hence therefore however still again more most less "
    "least"
)
_HEADINGS: Final = _words(
    "interior exterior blackout monday tuesday wednesday thursday friday saturday sunday january "
    "february march april june july august september october november december morning noon "
    "afternoon evening night midnight today tomorrow yesterday spring summer autumn winter note "
    "notes ps question questions answer answers result results conclusion summary example "
    "examples reason reasons fact facts truth lie remember look listen see hear think consider "
    "imagine suppose time date place setting scene act title chapter part stage directions "
    "direction cast characters character persons end end beginning exit enter enters music "
    "sound lights problem problems solution issue point points case option options step steps "
    "rule rules condition conditions term terms offer price cost costs risk risks gain gains loss "
    "benefit benefits advantage disadvantage pro pros con cons money trust power water bread fear "
    "hope love hate anger silence pause beat warning caution important attention update edit "
    "source sources subject topic theme moral lesson proposal plan goal goals idea thought "
    "thoughts opinion view verdict motion claim evidence proof argument objection response reply "
    "translation meaning definition context background history story introduction disclaimer "
    "spoiler tip hint stance mood tone style format score rating name age role location bonus "
    "total item list ingredients instructions task prompt output input user human assistant "
    "system honestly remark correction addendum postscript promise demand request order deal "
    "compromise choice"
)
_OFFICES: Final = _words("speaker chair chairman chairwoman president justice mayor")
_TOGETHER: Final = _words("ALL BOTH EVERYONE EVERYBODY TOGETHER")
_SHORT_FORM: Final = re.compile(
    r"(?:(?<=\n\n)|\A)(?P<name>[^\W\d_][^\W\d_a-zß-öø-ÿ]+(?: [^\W\d_a-zß-öø-ÿ]+){0,2})"
    r"(?P<set>\.[ \t]+(?=\S)|[ \t]*\n(?=\S))(?P<words>[^\n]+)"
)
_ADVERBS: Final = re.compile(r"\w{3,}ly$")
_NAMES_IN_LY: Final = _words(
    "emily sally kelly billy polly molly lily beverly carly holly shelly willy kimberly everly "
    "nelly dolly elly milly tilly jolly ely reilly connolly donnelly gily wally hilly odly"
)
_ABSTRACT: Final = re.compile(r"\w{3,}(?:tion|sion|ment|ness|ism|ance|ence|ship|hood)s?$")
_SPOKEN: Final = re.compile(
    r"[?!]|\b(?:i|i'm|i’m|i'll|i’ll|you|your|we|me|my|our|us|he|she|him|her|they)\b", re.I
)
_OPENING: Final = re.compile(r"^(?:\([^()]*\)|\*[^*]*\*|\[[^\[\]]*\]|[^\w(\[*]+)\s*")


@dataclass(frozen=True, slots=True)
class _Candidate:
    start: int
    end: int
    name: str
    words: str
    dressed: bool


def strangers_in(text: str, cast: Sequence[Label], *, script: bool, fresh: bool) -> list[Label]:
    """The labels of strangers in a text. ``cast`` are the labels of the cast in it.

    ``script`` says whether a script is continued, ``fresh`` whether the text begins a new line.

    >>> text = "Sit.\\n\\nEconomically: We gain.\\n\\nThe Porter: Is this seat taken?"
    >>> [label.name for label in strangers_in(text, [], script=True, fresh=False)]
    ['The Porter']
    """
    if not script and ":" not in text and "：" not in text:
        return []
    taken = {label.start for label in cast}
    candidates = [
        one for one in _candidates(text) if one.start not in taken and (one.start or fresh)
    ]
    if script:
        candidates += [one for one in _in_capitals(text, cast, taken) if one.start or fresh]
        candidates.sort(key=lambda one: one.start)
    if not candidates:
        return []
    times = Counter(one.name for one in candidates)
    persons = {one for one in candidates if names_a_person(one.name, given=script)}
    if not script and not cast and len({one.name for one in persons}) > 1:
        # Several persons, one paragraph each, in a speech: it is about them.
        return []
    lines = _Lines(text)
    labelled = {lines.number(label.start) for label in cast}
    found: list[Label] = []
    for one in candidates:
        line = lines.number(one.start)
        # A turn begins after a blank line, or after the line of another turn.
        after_a_blank = text.endswith("\n\n", 0, one.start)
        begins = one.start == 0 or after_a_blank or line - 1 in labelled
        again = times[one.name] > 1
        if one in persons:
            speaks = begins or (script and again)
        else:
            speaks = script and _speaks(one, begins, again, bool(cast or persons))
        if speaks:
            labelled.add(line)
            found.append(
                Label(one.start, one.end, one.name, "colon", dressed=one.dressed, exact=True)
            )
    return found


def _candidates(text: str) -> list[_Candidate]:
    """Labels that are shaped like names and are no headings, before what could be a line."""
    found: list[_Candidate] = []
    for match in _SHAPE.finditer(text):
        marks = match["before"]
        if marks != (match["inner"] + match["after"] + match["last"])[: len(marks)]:
            continue
        name, words = match["name"].strip(), match["words"]
        if _shaped_like_a_name(name) and not _is_heading(name) and _begins_like_a_line(words):
            start = match.start()
            found.append(_Candidate(start, match.start("words"), name, words, bool(marks)))
    return found


def _in_capitals(text: str, cast: Sequence[Label], taken: set[int]) -> list[_Candidate]:
    """Labels in capitals without a colon ("EDMUND. No.", or alone on a line), after a blank line.

    The name has to be a person's, or the cast's labels have to be set in the same way.
    """
    found: list[_Candidate] = []
    forms = {label.form for label in cast}
    for match in _SHORT_FORM.finditer(text):
        name, form = match["name"], "stop" if match["set"].startswith(".") else "alone"
        if match.start() in taken or _is_heading(name):
            continue
        if form in forms or names_a_person(name, given=True):
            words = match["words"]
            found.append(_Candidate(match.start(), match.start("words"), name, words, False))
    return found


class _Lines:
    """The lines of a text, counted once: a text may hold thousands of labels."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: list[int] = []
        self._before: list[int] = []
        start = count = 0
        for line in text.split("\n"):
            self._starts.append(start)
            self._before.append(count)
            start += len(line) + 1
            count += bool(line.strip())

    def number(self, at: int) -> int:
        """The number of lines up to a place, blank ones not counted."""
        line = bisect_right(self._starts, at) - 1
        return self._before[line] + bool(self._text[self._starts[line] : at].strip())


def _shaped_like_a_name(name: str) -> bool:
    words = name.split()
    if not 1 <= len(words) <= 4:
        return False
    if name.rstrip("0123456789# ").endswith(".") and words[-1].rstrip(".").lower() not in _TITLES:
        return False
    if words[0].lower() in ("a", "an", "the"):
        words = words[1:]
    if not words or words[0].lower() in _PARTICLES or words[-1].lower() in _PARTICLES:
        return False
    return all(not word[0].islower() or word.lower() in _PARTICLES for word in words)


def _bare(word: str) -> str:
    return word.strip(".'’-#").lower().removesuffix("'s").removesuffix("’s")


def _is_heading(name: str) -> bool:
    words = [_bare(word) for word in name.split()]
    if name in _TOGETHER:
        return False
    if any(word in _FUNCTION for word in words[:-1]) and words[0] not in ("the", "first", "second"):
        return True
    ranked = words[0] in ("first", "second", "third") and words[-1] in _PERSONS
    if not ranked and any(word in _FUNCTION - {"the"} for word in words):
        return True
    last = words[-1]
    if any(word in _HEADINGS for word in words):
        return True
    if len(words) == 1 and _ADVERBS.match(last) and last not in _NAMES_IN_LY:
        return True
    return _ABSTRACT.match(last) is not None and last not in _PERSONS


def names_a_person(name: str, *, given: bool) -> bool:
    """Whether a name is a person's by itself; ``given``: also by its first name."""
    if given and name in _TOGETHER:
        return True
    words = [_bare(word) for word in name.split()]
    if words[-1].isdigit():
        words = words[:-1]
    if len(words) > 1 and words[0] in _TITLES:
        return words[-1] not in _OFFICES
    if given and words[0] in GIVEN_NAMES:
        return True
    if len(words) == 1:
        return words[0] in ("narrator", "chorus", "announcer") or (
            words[0] in _PERSONS and words[0] != name.lower()
        )
    return words[-1] in _PERSONS


def _begins_like_a_line(words: str) -> bool:
    """Whether something follows that begins with a capital letter, or has none."""
    said = words.strip()
    if said.startswith(("...", "…", "—", "–")):
        return True
    while (opening := _OPENING.match(said)) is not None:
        said = said[opening.end() :]
    if not said:
        return bool(words.strip())
    return not said[0].islower()


def _speaks(one: _Candidate, begins: bool, again: bool, among: bool) -> bool:
    """Whether a label that could be anything is somebody's, in a script.

    ``among`` says whether there are labels beside it that are somebody's.
    """
    if again and (begins or among):
        return True
    if not begins:
        return False
    if one.name.lower() == one.name.upper():
        return False
    return among or one.name.isupper() or _SPOKEN.search(one.words) is not None
