"""Numbered claims and their citations, parsed from the texts of a debate.

A mark is a letter and a number in brackets: ``[A1]``, or several at once, ``[A1, B2]`` (of a range,
``[A1-A3]``, its ends are read). Each speaker has a letter. A mark with the speaker's own letter and
a new number makes a claim, whose text is the sentence that contains the mark; every other mark is a
citation. A mark may stand before its sentence, in it, or after its full stop, if all marks of a
paragraph do.

The meaning of claims is not examined. The time is linear in the length of the texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

_ONE = r"[A-Za-z]{1,2} ?0{0,3}[1-9][0-9]{0,3}"
_JOINT = r" ?(?:, ?and|[,;&/–—-]|and|to) ?"
_MARK = re.compile(rf"\[ ?{_ONE}(?:{_JOINT}{_ONE}){{0,9}} ?\]")
_PART = re.compile(r"([A-Za-z]{1,2}) ?0*([1-9][0-9]*)")
# Possessive quantifiers, and only from the first of several stops, so that the time is linear.
_STOP = re.compile(r"(?<![.!?…])(?P<stop>[.!?…]++)[\"'”’)*_]*+(?=\s|\[|$)")
_SHORT = frozenset(["mr", "mrs", "ms", "dr", "prof", "st", "vs", "cf", "fig", "e.g", "i.e"])
_WORD = re.compile(r"[^\W_]")
_ORNAMENT = re.compile(r"\s*(?:\d{1,3}[.)](?=\s))?[\s:;,.*_#>•–—-]*")
_EMPTY = re.compile(r"\*\*\s*\*\*|\(\s*\)")

Line = tuple[int, str, str]
"""The index of a turn, its speaker and its text."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A numbered claim. ``id`` is its letter and number (``A1``).

    ``text`` is the sentence without marks; blank if the mark stands alone.
    """

    id: str
    speaker: str
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A citation of an earlier claim by a speaker, in the sentence ``text``."""

    id: str
    by: str
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with a mark.

    ``dangling``: it cites a claim that had not been made; ``foreign``: it stands at the beginning
    of a sentence like a claim, but has another speaker's letter; ``skipped``: the number of the
    claim ``id`` leaves out earlier numbers, which its speaker never used.
    """

    kind: Literal["dangling", "foreign", "skipped"]
    id: str
    by: str
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """All claims, citations and problems of some turns, in the order of the texts."""

    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    problems: tuple[Problem, ...] = ()


class _Mark(NamedTuple):
    """A mark: where it begins and ends in a text, and the id of its claim."""

    start: int
    end: int
    id: str


@dataclass(slots=True)
class _Sentence:
    """A sentence: where it begins and ends in a text, and the marks that belong to it."""

    start: int
    end: int
    text: str
    marks: list[_Mark] = field(default_factory=list)
    has_words: bool = True


def letters(names: Sequence[str]) -> dict[str, str]:
    """Each name's letter: its initial, if all initials are plain letters and different.

    If they are not, A, B, C and so on in the alphabetical order of the names, because a reader of a
    transcript may not know their order in the cast.

    >>> letters(["Ben", "Ada"]), letters(["Anna", "Ada"])
    ({'Ben': 'B', 'Ada': 'A'}, {'Anna': 'B', 'Ada': 'A'})
    """
    initials = {name: name.strip()[:1].upper() for name in names}
    distinct = len(set(initials.values())) == len(initials)
    if distinct and all(re.fullmatch("[A-Z]", initial) for initial in initials.values()):
        return initials
    ordered = {name: _letter(place) for place, name in enumerate(sorted(initials))}
    return {name: ordered[name] for name in initials}


def _letter(place: int) -> str:
    high, low = divmod(place, 26)
    return (chr(ord("A") + high - 1) if high else "") + chr(ord("A") + low)


def told(names: Sequence[str]) -> str:
    """The sentence in a scene's setting that asks the actors to number their claims.

    >>> told(["Ada", "Ben"])
    'Each numbers its claims, Ada [A1], [A2], ..., Ben [B1], [B2], ..., and cites a claim by its \
number.'
    """
    own = (f"{name} [{letter}1], [{letter}2], ..." for name, letter in letters(names).items())
    return f"Each numbers its claims, {', '.join(own)}, and cites a claim by its number."


def claims(lines: Sequence[Line], letters: Mapping[str, str]) -> Ledger:
    """The ledger of some turns, given in order as (turn, speaker, text), with all letters.

    ``text`` should be the text that was heard, since text that was cut off cannot be cited. Marks
    are read in upper and lower case. A speaker without a letter only cites.

    >>> said = [(1, "Ada", "[A1] The spring falls. So we must wait."),
    ...         (2, "Ben", "[A1] is true, [A2] is not, and [B1] the town is poor.")]
    >>> ledger = claims(said, letters(["Ada", "Ben"]))
    >>> [(claim.id, claim.text) for claim in ledger.claims]
    [('A1', 'The spring falls.'), ('B1', 'is true, is not, and the town is poor.')]
    >>> [(citation.id, citation.by) for citation in ledger.citations]
    [('A1', 'Ben')]
    >>> [(problem.kind, problem.id) for problem in ledger.problems]
    [('dangling', 'A2')]
    """
    made: dict[str, Claim] = {}
    cited: list[Citation] = []
    problems: list[Problem] = []
    for turn, speaker, text in lines:
        own = letters.get(speaker)
        for sentence in _sentences(text):
            bare = _bare(sentence)
            for place, mark in enumerate(sentence.marks):
                if mark.id in made:
                    cited.append(Citation(mark.id, speaker, turn, bare))
                elif own is not None and mark.id.rstrip("0123456789") == own:
                    made[mark.id] = Claim(mark.id, speaker, turn, bare)
                else:
                    kind = _unclaimed(sentence, mark.end, first=place == 0)
                    problems.append(Problem(kind, mark.id, speaker, turn, bare))
    problems += _skipped(made.values())
    problems.sort(key=lambda problem: problem.turn)
    return Ledger(tuple(made.values()), tuple(cited), tuple(problems))


def relettered(text: str, new: Mapping[str, str]) -> str:
    """A text with other letters in its marks; letters that are not in ``new`` do not change.

    >>> relettered("As [J1, m2] show, and [K3].", {"J": "A", "M": "B"})
    'As [A1, B2] show, and [K3].'
    """

    def part(match: re.Match[str]) -> str:
        letter = new.get(match[1].upper())
        return match[0] if letter is None else f"{letter}{match[2]}"

    return _MARK.sub(lambda mark: _PART.sub(part, mark[0]), text)


def sentences(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The sentences of a text, unchanged, each with the marks that belong to it.

    A sentence ends with a full stop, question mark or the like, or with the line, but not with an
    abbreviation or before a small letter. A mark after the full stop belongs to the sentence
    before it.

    >>> sentences("The spring falls. [A1] Dr. Wu knows it. [A2]")
    [('The spring falls. [A1]', ('A1',)), ('Dr. Wu knows it. [A2]', ('A2',))]
    """
    return [
        (one.text[one.start : one.end].strip(), tuple(mark.id for mark in one.marks))
        for one in _sentences(text)
    ]


def _sentences(text: str) -> list[_Sentence]:
    sentences: list[_Sentence] = []
    start = 0
    marks = list(_MARK.finditer(text))
    # Each paragraph and each mark is examined once, as a few texts have thousands of them.
    for paragraph in re.finditer(r"[^\n]+", text):
        spans = list(_spans(text, *paragraph.span()))
        inside = []
        while start < len(marks) and marks[start].end() <= paragraph.end():
            inside.append(marks[start])
            start += 1
        sentences += _paragraph(text, spans, inside)
    return _joined(sentences)


def _spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The beginnings and ends of the sentences within a paragraph."""
    begun = start
    for match in _STOP.finditer(text, start, end):
        if _ends(text, begun, match.start("stop"), match.end("stop"), match.end()):
            yield begun, match.end()
            begun = match.end()
    if begun < end:
        yield begun, end


def _ends(text: str, begun: int, start: int, stop: int, end: int) -> bool:
    """Whether these signs end a sentence."""
    if "?" in text[start:stop] or "!" in text[start:stop]:
        return True
    following = text[end : end + 2].lstrip()
    if following[:1].islower():
        return False
    before = text[max(begun, start - 6) : start]
    word = re.split(r"[\s(\[]", before)[-1]
    numbered = word.isdigit() and not text[begun : start - len(word)].strip()
    return not (numbered or word.lower() in _SHORT or (len(word) == 1 and word.isupper()))


def _paragraph(
    text: str, spans: Sequence[tuple[int, int]], marks: Sequence[re.Match[str]]
) -> list[_Sentence]:
    """The sentences of a paragraph, each with the marks that belong to it."""
    made = [_Sentence(start, end, text) for start, end in spans]
    own: list[list[re.Match[str]]] = [[] for _ in made]
    place = 0
    for mark in marks:
        while made[place].end < mark.end():
            place += 1
        own[place].append(mark)
    heads: list[int] = []
    for one, some in zip(made, own, strict=True):
        one.marks = [part for mark in some for part in _parts(mark)]
        heads.append(_at_the_head(one, some))
    # If the last mark of a paragraph follows the full stop, all of its marks are taken to do so.
    trailing = made[-1].marks != [] and not made[-1].has_words and not heads[0]
    kept = made[:1]
    for one, some, count in list(zip(made, own, heads, strict=True))[1:]:
        alone = count > 0 and not one.has_words
        if alone or (count and trailing):
            _give_back(kept[-1], one, one.end if alone else some[count - 1].end())
        if not alone:
            kept.append(one)
    return kept


def _at_the_head(sentence: _Sentence, marks: Sequence[re.Match[str]]) -> int:
    """The number of marks before the first word. Sets ``has_words``."""
    place = sentence.start
    for count, mark in enumerate(marks):
        if _WORD.search(sentence.text, place, mark.start()):
            return count
        place = mark.end()
    sentence.has_words = _WORD.search(sentence.text, place, sentence.end) is not None
    return len(marks)


def _give_back(before: _Sentence, after: _Sentence, end: int) -> None:
    """Move the marks at the beginning of a sentence to the one before it."""
    before.end = after.start = end
    before.marks += [mark for mark in after.marks if mark.end <= end]
    after.marks = [mark for mark in after.marks if mark.end > end]


def _joined(sentences: list[_Sentence]) -> list[_Sentence]:
    """Give marks that form a paragraph of their own to the sentence that follows."""
    kept: list[_Sentence] = []
    waiting: list[_Sentence] = []
    for one in sentences:
        if one.marks and not one.has_words:
            waiting.append(one)
            continue
        if waiting:
            one.start = waiting[0].start
            one.marks = [mark for other in (*waiting, one) for mark in other.marks]
            waiting = []
        kept.append(one)
    return [*kept, *waiting]


def _parts(mark: re.Match[str]) -> list[_Mark]:
    start, end = mark.span()
    return [
        _Mark(start, end, f"{letter.upper()}{number}")
        for letter, number in _PART.findall(mark.group())
    ]


def _bare(sentence: _Sentence) -> str:
    """The words of a sentence, without marks and the ornaments around them."""
    if not sentence.marks:
        return ""
    text = _EMPTY.sub("", _MARK.sub("", sentence.text[sentence.start : sentence.end]))
    text = " ".join(_ORNAMENT.sub("", text, count=1).split())
    return re.sub(r" (?=[.,;:!?])", "", text)


def _unclaimed(sentence: _Sentence, end: int, *, first: bool) -> Literal["dangling", "foreign"]:
    """Whether a mark of no earlier claim begins a sentence like a claim (``foreign``) or not."""
    heads = first and _WORD.search(sentence.text, sentence.start, sentence.marks[0].start) is None
    rest = sentence.text[end : min(sentence.end, end + 8)].lstrip(" *_")
    claims_it = rest[:1].isupper() or (rest[:1] == ":" and rest[1:].strip() != "")
    return "foreign" if heads and claims_it else "dangling"


def _skipped(made: Iterable[Claim]) -> list[Problem]:
    """For each gap in the numbers of a speaker, a problem with the claim after the gap."""
    problems: list[Problem] = []
    numbers: dict[str, list[tuple[int, Claim]]] = {}
    for claim in made:
        letter = claim.id.rstrip("0123456789")
        numbers.setdefault(letter, []).append((int(claim.id[len(letter) :]), claim))
    for some in numbers.values():
        last = 0
        for number, claim in sorted(some, key=lambda pair: pair[0]):
            if number > last + 1:
                problems.append(Problem("skipped", claim.id, claim.speaker, claim.turn, claim.text))
            last = number
    return problems
