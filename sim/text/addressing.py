"""Which names of a cast a line addresses, and which it only mentions: rules on its words.

An address is a name with @, in a direction (``(to Ben)``), or as a vocative: at the beginning of a
sentence ("Ben, …", "Ben: …", "Hello Ben"), or set off by commas inside or at its end ("…, Ben?").
Every other occurrence of a name is a mention. "Ben, who knows it, agrees" and "I saw Ada, Ben and
Cleo" are mentions; an ambiguous occurrence ("I like the mayor, Ben.") counts as an address. A name
inside another word or name ("bench", "Ben-Hur") is neither.

Names may have several words and punctuation. Parts of a name that nobody else in the cast has
("Ödön" or "Dr. Łuk" for "Dr. Ödön Łuk", "Mayor" for "The Mayor") are accepted for it. A name with
a capital counts in small letters only after @ or at the beginning of a line ("ben: …"): otherwise
"will" would be Will. The vocabulary is English; @ and punctuation work in any language.

*Reference.* Sacks, Schegloff and Jefferson, "A simplest systematics for the organization of
turn-taking for conversation", Language 50, 1974: a question gives the floor to its addressee.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

_AROUND = 80
"""The number of characters on either side of a name that are examined, so that time is linear."""
_SENTENCE = 400
_QUESTION = 4


def _words(text: str, *phrases: str) -> frozenset[str]:
    return frozenset((*text.split(), *phrases))


_TITLES = _words(
    "doctor dr mr mrs ms miss mister madam madame prof professor sir dame lady lord captain capt "
    "colonel major general king queen prince princess saint st father mother brother sister uncle "
    "aunt president senator judge inspector detective officer sergeant nurse"
)
_VERBS = _words("will may hope mark sue bill pat rob grace")
_NUMBERS = _words("one two three four five six seven eight nine ten")
_GREETINGS = _words(
    "hello hi hey thanks dear sorry welcome please goodbye bye farewell oh listen look bravo",
    *("thank you", "my dear", "come on", "well done", "excuse me", "forgive me"),
    *("good morning", "good day", "good afternoon", "good evening", "good night"),
)
_OPENERS = _GREETINGS | _words(
    "o and but so well ah yes no yeah now then right okay ok indeed true exactly agreed fine wait "
    "sure hm hmm honestly really again",
    *("tell me", "of course"),
)
_THIRD = (
    r"(?:is|was|has|had|does|did|isn't|wasn't|hasn't|doesn't|didn't|says|said|thinks|knows|wants"
    r"|agrees|will|would|should|must|may|might|also|never|always)\b"
)
_SEEMS_THIRD = rf"(?:{_THIRD}|\w{{3,}}(?:ed|es|ks|ts|ns|ds|ws)\b)"
_ROLES = (
    r"(?:friend|brother|sister|mother|father|son|daughter|husband|wife|uncle|aunt|cousin|partner"
    r"|colleague|neighbou?r|boss|mayor|doctor|teacher|captain|king|queen|president|chairman|guard"
    r"|lawyer|judge|priest|nurse|assistant|opponent|rival|enemy|guest|host|man|woman|boy|girl)"
)
_DIRECTED = re.compile(r"(?:[(\[]|(?:^|\n)\s*\*)[^()\[\]*\n]{0,60}\bto(?:wards?)?$", re.I)
_APPOSED = re.compile(rf"\b(?:my|your|his|her|our|their|the|an?)\s+(?:\w+\s+)?{_ROLES},$", re.I)
_STOP = re.compile(r"""\s*(?:[,.:;!?…—–)\]*"”]|->|-\s|-?$)|\s+-""")
_BEGINS = re.compile(
    r"\s+(?:you|your|you're|you've|you'll|please|(?:can|could|would|will|do|did|have|are|were"
    r"|should|don't|didn't|aren't|won't) (?:you|we|I)|(?:what|how|why|where|when|who) (?:do|did"
    r"|are|is|about|was|would|should|can)|try|tell|listen|look|come|let's|let us|give|take|stop"
    r"|think|remember|forgive|don't|do not|yes|no|yeah|ok|thanks|thank you|I|I'm|I've|I'd|I'll|it"
    r"|it's|its|this|mine|but|what|how|why|where)\b",
    re.I,
)
_RELATIVE = re.compile(r",\s+(?:who|whose|whom|which)\b", re.I)
_INSERTED = re.compile(rf",\s+[^,.!?;:]{{1,50}},\s+{_THIRD}", re.I)
_VERB = re.compile(rf"[,\s]\s*{_SEEMS_THIRD}", re.I)
_POSSESSIVE = re.compile(r"['’](?:s|d|ll|ve|re)\b", re.I)
_END = re.compile(r"[.!?…\n]")
_LISTED = re.compile(r"\s*(?:,|(?P<serial>,?)\s*(?P<joint>and|or|&)(?!\w))\s*", re.I)
_RUN = re.compile(r"\w+")


class _Spot(NamedTuple):
    """An occurrence of a name. ``called``: with @; ``small``: a capital name in small letters."""

    start: int
    end: int
    name: str
    called: bool
    small: bool


@dataclass(frozen=True, slots=True)
class _Cast:
    """A prepared cast: a pattern for each name, and the names by a word that each must contain."""

    patterns: dict[str, re.Pattern[str]]
    needing: dict[str, tuple[str, ...]]


def addressed(text: str, names: Sequence[str], speaker: str) -> tuple[str, ...]:
    """Those of ``names`` that a line of the speaker addresses, the clearest first.

    Names in a sentence that ends with a question mark come first; then @, a direction and "Ben: …"
    before "Ben, …" at the beginning of the line, this before vocatives inside, and these before a
    name without punctuation ("Ben you should …"); ties by position. The speaker's own name is no
    address. The time is linear in the length of the text.

    >>> cast = ("Ada", "Ben", "The Mayor", "Dr. Ödön Łuk", "O'Neil")
    >>> addressed("Ben, you are right. The Mayor, what do you say?", cast, "Ada")
    ('The Mayor', 'Ben')
    >>> addressed("I sat on the bench and thought of Ben. And you, Dr. Łuk?", cast, "Ada")
    ('Dr. Ödön Łuk',)
    >>> addressed("Ben is wrong, and so is O’Neil.", cast, "Ada")
    ()
    """
    strongest: dict[str, tuple[int, int]] = {}
    for spot, strength in _read(text, tuple(names)):
        if strength is not None and spot.name != speaker:
            key = (-strength, spot.start)
            strongest[spot.name] = min(key, strongest.get(spot.name, key))
    return tuple(sorted(strongest, key=strongest.__getitem__))


def mentioned(text: str, names: Sequence[str]) -> tuple[str, ...]:
    """Those of ``names`` that a line mentions without addressing them, in the order of the text.

    A name that is both addressed and mentioned in a line is in the results of both functions.

    >>> mentioned("Ben, I heard that Cleo's dog likes Ada, Ben.", ("Ada", "Ben", "Cleo"))
    ('Cleo', 'Ada')
    """
    spoken_of = (
        spot.name
        for spot, strength in _read(text, tuple(names))
        if strength is None and not spot.small and spot.name not in ("A", "I")
    )
    return tuple(dict.fromkeys(spoken_of))


def occurrences(text: str, names: Sequence[str]) -> tuple[tuple[int, int, str], ...]:
    """Where names stand in a text, addressed or mentioned: start, end, and whose name it is.

    >>> occurrences("Ask the Mayor, or @Ben.", ("Ben", "The Mayor"))
    ((4, 13, 'The Mayor'), (18, 22, 'Ben'))
    """
    return tuple((spot.start, spot.end, spot.name) for spot in _spots(text, tuple(names)))


def _read(text: str, names: tuple[str, ...]) -> Iterator[tuple[_Spot, int | None]]:
    """Every occurrence of a name, with the strength of the address (None: a mention)."""
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    for group in _groups(text, _spots(text, names)):
        left = text[max(0, group[0].start - _AROUND) : group[0].start]
        right = text[group[-1].end : group[-1].end + _AROUND]
        # A window that begins inside the text must not look like the beginning of the text.
        left = left if group[0].start <= _AROUND else f"_{left}"
        form = _form(left, right, group[0])
        for spot in group:
            called = 3 if spot.called else form
            if called is None or (spot.small and called < 3 and left.strip()):
                yield spot, None
            else:
                yield spot, called + _QUESTION * _asked(text, group[-1].end)


def _form(left: str, right: str, first: _Spot) -> int | None:
    """The strength of an address by a name (or a list of names), from its context; None: none."""
    before = left.rstrip()
    if before[-2:].casefold() in ("to", "rd", "ds") and _DIRECTED.search(before):
        return 3
    if _POSSESSIVE.match(right):
        return None
    stopped, opened, greeted = _STOP.match(right) is not None, *_opened(left)
    if opened and stopped:
        apposed = _RELATIVE.match(right) or _INSERTED.match(right)
        if apposed and not _asked(right, 0):
            return None
        if before:
            return 1
        return 3 if right.lstrip().startswith(":") else 2
    if stopped and before.endswith((",", "—", "–", " -", " you")):
        if _RELATIVE.match(right) or (_APPOSED.search(before) and _VERB.match(right)):
            return None
        return 1
    if greeted:
        return 1 if stopped or not _VERB.match(right) else None
    plain = opened and first.name.casefold() not in _VERBS
    return 0 if plain and _BEGINS.match(right) else None


def _opened(left: str) -> tuple[bool, bool]:
    """Whether only openers stand between the beginning of the sentence and the name ("And Ben",
    "Oh, thank you Ben"); and whether the name is greeted."""
    before, greeted = left.rstrip(), False
    for passed in range(3):
        last = before[-1:]
        if not last or last in '"“‘([*' or "\n" in left[len(before) :]:
            return True, greeted
        if not last.isalnum():
            # "? Ben" opens, and so does "?) Ben" and "[sighs] Ben"; ".5 Ben" does not.
            spaced = passed > 0 or left[-1:].isspace()
            return spaced and last in ".!?…:;”’)]—–", greeted
        rest, _, word = before.rpartition(" ")
        more, _, word_before = rest.rpartition(" ")
        phrase = f"{word_before} {word}".casefold()
        if phrase in _OPENERS:
            rest, word = more, phrase
        word = word.casefold()
        greeted = greeted or (passed == 0 and word in _GREETINGS)
        if word not in _OPENERS:
            break
        before = rest.rstrip()
    return False, greeted


def _asked(text: str, start: int) -> bool:
    """Whether the sentence that contains ``start`` ends with a question mark."""
    end = _END.search(text, start, start + _SENTENCE)
    return end is not None and end.group() == "?"


def _groups(text: str, spots: Sequence[_Spot]) -> Iterator[list[_Spot]]:
    """Groups of names: those joined in a list ("Ada, Ben and Cleo"), and all others alone."""
    group: list[_Spot] = []
    joints: list[str] = []
    for spot in spots:
        between = _LISTED.fullmatch(text, group[-1].end, spot.start) if group else None
        if group and between is None:
            yield from _split(group, joints)
            group, joints = [], []
        if between is not None:
            joint, serial = between["joint"], between["serial"]
            joints.append("," if joint is None else ", and" if serial else "and")
        group.append(spot)
    if group:
        yield from _split(group, joints)


def _split(group: list[_Spot], joints: list[str]) -> Iterator[list[_Spot]]:
    # Names without "and" are no list ("I agree with Ada, Ben."), nor are two names with a comma
    # before it ("Ada is right, Ben, and Cleo is not").
    listed = joints and joints[-1] != "," and joints != [", and"]
    if listed and not any(spot.called for spot in group):
        yield group
    else:
        yield from ([spot] for spot in group)


def _spots(text: str, names: tuple[str, ...]) -> list[_Spot]:
    """The occurrences of the names, in order; of two that overlap, the earlier and longer."""
    cast = _cast(names)
    lowered = text.lower()
    # A cheap test, as most lines contain no names.
    wanted = dict.fromkeys(
        name for word, some in cast.needing.items() if word in lowered for name in some
    )
    spots: list[_Spot] = []
    for name in wanted:
        for match in cast.patterns[name].finditer(text):
            start, end = match.span()
            called = text[start - 1 : start] == "@"
            start -= called
            if not (_within(text, start - 1) or _marked(text, end)):
                small = _is_small(match.group(), name)
                spots.append(_Spot(_titled(text, start), end, name, called, small))
    spots.sort(key=lambda spot: (spot.start, -spot.end))
    kept: list[_Spot] = []
    for spot in spots:
        if not kept or spot.start >= kept[-1].end:
            kept.append(spot)
    return kept


def _within(text: str, place: int) -> bool:
    """Whether the next character continues a word, an e-mail address or a path."""
    if place < 0:
        return False
    before = text[place]
    if before == "-":
        return place > 0 and text[place - 1].isalnum()
    return before.isalnum() or before in "_@/\\" or _marked(text, place)


def _titled(text: str, start: int) -> int:
    """The beginning of a title before a name ("Mr. Mayor"), else that of the name."""
    before = text[max(0, start - 12) : start].rstrip().removesuffix(".")
    word = before[before.rfind(" ") + 1 :].strip('\n"“‘([*')
    if word.casefold() in _TITLES and text[start - 1].isspace():
        return text.rindex(word, 0, start)
    return start


def _marked(text: str, place: int) -> bool:
    """Whether there is a combining mark here: a part of the word, which ``re`` does not know."""
    return 0 <= place < len(text) and unicodedata.category(text[place])[0] == "M"


def _is_small(written: str, name: str) -> bool:
    if name[:4].casefold() == "the " and written[:4].casefold() == "the ":
        return False
    return written[:1].islower() and any(word[:1].isupper() for word in name.split())


@lru_cache(maxsize=256)
def _cast(names: tuple[str, ...]) -> _Cast:
    shapes = {name: [_normal(name), *_parts(name)] for name in names if name.strip()}
    shared: dict[str, int] = {}
    for some in shapes.values():
        for shape in dict.fromkeys(shape.casefold() for shape in some):
            shared[shape] = shared.get(shape, 0) + 1
    patterns: dict[str, re.Pattern[str]] = {}
    needing: dict[str, list[str]] = {}
    for name, (whole, *parts) in shapes.items():
        own = [whole, *(part for part in parts if shared[part.casefold()] == 1)]
        own = sorted(dict.fromkeys(own), key=len, reverse=True)
        # No part of a word, and not of "Ben-Hur" or "ben.txt". The characters before the name are
        # checked later, because a pattern that begins with literal letters is searched faster.
        patterns[name] = re.compile(
            rf"(?:{'|'.join(map(_shape, own))})"
            r"(?!\w|[-/@\\_]\w|\.\w{2}|['’](?!(?:s|d|ll|ve|re)\b)\w)",
            re.IGNORECASE,
        )
        for shape in own:
            needed = max(_RUN.findall(shape.lower()), key=len, default="")
            if name not in needing.setdefault(needed, []):
                needing[needed].append(name)
    return _Cast(patterns, {word: tuple(some) for word, some in needing.items()})


def _normal(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())


def _parts(name: str) -> list[str]:
    """Shorter forms of a name. Those that are unique in the cast are accepted for it."""
    words = _normal(name).split()
    if words[0].casefold() == "the" and len(words) > 1:
        return [" ".join(words[1:])]
    bare = list(words)
    while len(bare) > 1 and bare[0].rstrip(".").casefold() in _TITLES:
        del bare[0]
    forms = [" ".join(bare)] if bare != words else []
    if len(bare) > 1:
        forms += [
            word
            for word in (bare[0], bare[-1])
            if len(word) > 1 and word[0].isupper() and word.casefold() not in _NUMBERS
        ]
    return forms


def _shape(name: str) -> str:
    """A pattern for a name: any white space, any kind of apostrophe, optional dots."""
    words = []
    for word in name.split(" "):
        shape = re.sub(r"['’ʼ]", "['’ʼ]", re.escape(word))
        shape = re.sub(r"(?<=\w)\\\.$", r"\\.?", shape)
        words.append(shape)
    return r"\s+".join(words)
