"""Labels in a script of people nobody knows beforehand: what a line may set before its words.

``sim.text.labels`` finds the labels of a cast. Here the cast is to be found, so a line shows only
what may be a label, and in which dress; the whole file shows which of them are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TIME: Final = r"(?:\d{4}-\d\d-\d\d[T ,]+)?\d{1,2}:\d\d(?::\d\d)?"
_STAMP: Final = re.compile(rf"(?:\[({_TIME})\]|\(({_TIME})\)|({_TIME}))\s+(?=\S)")
_ASIDE: Final = r"\([^()\n]{1,80}\)|（[^（）\n]{1,80}）|\[[^\[\]\n]{1,80}\]"
_DIRECTION: Final = re.compile(r"\s*(?:\[[^\[\]]*\]|\([^()]*\)|（[^（）]*）)\s*")
_RULE: Final = re.compile(r"\s*(?:-{3,}|\*{3,}|_{3,}|={3,}|(?:\* ){2,}\*)\s*")
_HEADING: Final = re.compile(r"(#{1,6})\s+(.*\S)\s*")
_NAME: Final = r"(?P<name>[^\n:：*_<>「『]{1,60}?)"

_DRESSES: Final = (
    (
        "bold",
        rf"(?P<mark>\*{{1,3}}|_{{1,2}}){_NAME}\s*(?P<aside>{_ASIDE})?(?:\s*[:：]\s*(?P=mark)"
        rf"|(?P=mark)\s*(?P<later>{_ASIDE})?\s*[:：](?!//))(?:\s+(?P<words>.*)|$)",
    ),
    ("bold dash", rf"(?P<mark>\*\*|__){_NAME}(?P=mark)\s*[—–]\s*(?P<words>.+)"),
    ("bold alone", rf"(?P<mark>\*\*|__){_NAME}(?P=mark)\s*$"),
    ("angle", rf"<{_NAME}>\s+(?P<words>.+)"),
    ("bracket", rf"\[{_NAME}\](?:\s*[:：])?\s+(?P<words>.+)"),
    (
        "colon",
        rf"{_NAME}\s*(?P<aside>{_ASIDE})?\s*(?::(?:\s+|$)|：\s*)(?P<words>.*)",
    ),
    (
        "dash",
        rf"{_NAME}\s*(?P<aside>{_ASIDE})?(?:\s*[—–]\s*|\s+--?\s+)(?P<words>.+)",
    ),
    ("quote", r"(?P<name>[^\s「『:：]{1,20})(?P<words>[「『].*)"),
    ("alone", rf"{_NAME}\s*(?P<aside>{_ASIDE})?\s*$"),
)
_PATTERNS: Final = {name: re.compile(pattern) for name, pattern in _DRESSES}
_SEEN: Final = 160
"""A label ends within so many letters."""

_CAPITALS: Final = ("dash", "alone")
"""The dresses in which only a name in capitals is a label."""

_PARTICLES: Final = frozenset(
    ("of", "the", "and", "de", "von", "van", "der", "den", "da", "di", "la", "le", "du", "del",
     "dos", "das", "al", "el", "bin", "ibn", "y", "e", "a")
)  # fmt: skip
_SMALL: Final = re.compile(r"[^\W\d_][\w.-]{0,30}")
_NO_NAMES: Final = re.compile(r"(?:INT|EXT|FADE|CUT|ACT|SCENE|THE END|CHAPTER)\b|https?$", re.I)
_MOST_WORDS: Final = 5

FACTS: Final = {
    "title": ("title", "topic", "subject"),
    "setting": ("setting", "scene", "place", "location", "date", "time", "cast", "characters",
                "participants", "note"),
}  # fmt: skip
"""What the head of a script tells with a colon, and nobody says."""


NOBODY: Final = frozenset(
    ("answer", "caution", "conclusion", "disclaimer", "edit", "example", "examples", "hint",
     "important", "note", "notes", "ps", "p.s", "p.s.", "question", "result", "step", "summary",
     "tip", "tips", "update", "warning")
)  # fmt: skip
"""Words before a colon in what people write; they are speakers only where nobody else is."""


@dataclass(frozen=True, slots=True)
class Label:
    """What may be a label: its dress, the name in it, the words behind it, and the time before.

    ``sure`` is one that cannot be anything else: it begins with a backslash.
    """

    dress: str
    name: str
    words: str
    at: str = ""
    sure: bool = False


def label_of(line: str) -> Label | None:
    """The label with which a line may begin; None if there is none.

    >>> label_of("[10:32] Ann (sighing): No.")
    Label(dress='colon', name='Ann', words='(sighing) No.', at='10:32', sure=False)
    >>> label_of("He said: no") is label_of("https://example.com") is None
    True
    """
    if line.startswith("\\"):
        return _sure(line)
    if _DIRECTION.fullmatch(line) or _HEADING.match(line) or _RULE.fullmatch(line):
        return None
    stamp = _STAMP.match(line)
    at = ""
    if stamp is not None:
        at = re.sub(r"[T ,]+", "T", stamp[1] or stamp[2] or stamp[3])
        at = re.sub(r"(^|T)(\d:)", r"\g<1>0\2", at)
        line = line[stamp.end() :]
    for dress in _possible(line):
        found = _PATTERNS[dress].match(line)
        if found is None:
            continue
        name, groups = found["name"].strip(), found.groupdict()
        if dress == "colon" and _SMALL.fullmatch(name) and name.islower():
            dress = "small"
        elif not (_is_name(name) or (dress == "angle" and " " not in name)) or (
            dress in _CAPITALS and not _in_capitals(name)
        ):
            continue
        aside = groups.get("aside") or groups.get("later") or ""
        words = f"{aside} {groups.get('words') or ''}".strip() if aside else groups.get("words")
        return Label(dress, name, words or "", at)
    return None


def _possible(line: str) -> Iterator[str]:
    """The dresses that a line may have, by a quick look."""
    if line[0] in "*_":
        yield from ("bold", "bold dash", "bold alone")
    elif line[0] == "<":
        yield "angle"
    elif line[0] == "[":
        yield "bracket"
    else:
        start = line[:_SEEN]
        if ":" in start or "：" in start:
            yield "colon"
        if any(sign in start for sign in "—–-"):
            yield "dash"
        if "「" in start or "『" in start:
            yield "quote"
        if len(line) <= _SEEN and any(map(str.isupper, start[:2])):
            yield "alone"


def escaped(name: str) -> str:
    """A name as a label that is sure, without its last colon.

    >>> escaped("he: who"), label_of(escaped("he: who") + ": No.").name
    ('\\\\he\\\\: who', 'he: who')
    """
    return "\\" + name.replace("\\", "\\\\").replace(":", "\\:")


def heading_of(line: str) -> tuple[int, str] | None:
    """The level and the words of a Markdown heading; None if a line is none."""
    found = _HEADING.fullmatch(line)
    return (len(found[1]), found[2]) if found is not None else None


def is_direction(line: str) -> bool:
    """Whether a line is wholly in brackets.

    >>> is_direction("[Ann leaves.]"), is_direction("[10:32] Ann: see [1]")
    (True, False)
    """
    return _DIRECTION.fullmatch(line) is not None


def is_rule(line: str) -> bool:
    """Whether a line is drawn across the page."""
    return _RULE.fullmatch(line) is not None


def fact_of(name: str) -> str:
    """What a name tells if it stands at the head of a script: ``title``, ``setting``, or blank."""
    return next((fact for fact, names in FACTS.items() if name.lower() in names), "")


def _sure(line: str) -> Label | None:
    name: list[str] = []
    at = 1
    while at < len(line):
        if line[at] == "\\" and at + 1 < len(line):
            at += 1
        elif line[at] == ":":
            words = line[at + 1 :].removeprefix(" ")
            return Label("colon", "".join(name), words, sure=True) if name else None
        name.append(line[at])
        at += 1
    return None


def _is_name(name: str) -> bool:
    """Whether a few words have the shape of a name: each begins with no small letter."""
    words = name.split()
    if not 1 <= len(words) <= _MOST_WORDS or _NO_NAMES.match(name):
        return False
    if not (words[0][0].isalpha() or words[0][0] in "+@#~"):
        return False
    if re.search(r"[^\w .'’&@+#~/-]", name) or not any(map(str.isalnum, name)):
        return False
    return all(not word[0].islower() or word in _PARTICLES for word in words) or (
        words[0][0] in "+@#~"
    )


def _in_capitals(name: str) -> bool:
    return name.isupper() and sum(map(str.isalpha, name)) > 1
