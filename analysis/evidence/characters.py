"""Who appears in a text that was written by nobody's order: a name, or what somebody is.

*Evidence*: T. Read are labels before lines (``sim.text.strangers``), what speakers say of
themselves ("My name is Jane", "I am a nurse"), and who is said to speak ("says the porter"). The
first that is found is who appears; whoever is found besides is counted.

*Traps.* The reader knows English alone, and is a few expressions: somebody who tells what she is in
other words counts as unnamed. A novel's "I" is taken for the speaker.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from analysis.evidence.text import assistant, score
from sim.text.given_names import GIVEN_NAMES
from sim.text.strangers import names_a_person, strangers_in

KINDS: Final = ("named", "role", "unnamed", "narrator", "assistant", "text", "nobody")
"""What appears: somebody with a name; somebody who is known by what it is (a nurse); a speaker of
whom nothing is said; a narrator who tells of others; an assistant; text that nobody speaks; or
nothing at all."""

_NAME: Final = r"[A-Z][a-zà-ÿ'’-]+(?: [A-Z][a-zà-ÿ'’-]+)?"
_SAYS: Final = (
    r"(?:says|said|asks|asked|replies|replied|answers|answered|whispers|whispered|shouts|shouted"
    r"|cries|cried|sings|sang|begins|began|speaks|spoke|explains|explained|announces|announced)"
)
_CALLED: Final = re.compile(
    rf"\b(?:[Mm]y name(?: is|['’]s)|[Cc]all me|[Tt]hey call me|[Ii]t(?: is|['’]s) me,?) ({_NAME})"
)
_IS_NAME: Final = re.compile(
    rf"\b(?:I am|I['’]m|[Tt]his is) ((?:Mr|Mrs|Ms|Miss|Dr|Sir|Lady)\.? [A-Z]\w+|{_NAME})"
)
_IS_NEW_NAME: Final = re.compile(
    r"\b(?:I am|I['’]m) (?!\w+(?:an|ish|ese|ic)\b)([A-Z][a-zà-ÿ]+)(?=[.,!”\"])"
)
_IS_ROLE: Final = re.compile(
    r"\b(?:I am|I['’]m|I was|[Ii]t['’]s me,) (?:an?|the|your|his|her|their) "
    r"((?:[a-z][\w'’-]* ){0,3}[a-z][\w-]*)"
)
_SAID_BY: Final = re.compile(
    rf"(?:\b{_SAYS} (?:[Tt]he |[Aa]n? )((?:[a-z][\w-]* )?[a-z][\w-]*)"
    rf"|\b(?:[Tt]he |[Aa]n? )((?:[a-z][\w-]* )?[a-z][\w-]*) {_SAYS}\b)"
)
_BEGINS: Final = re.compile(r"(?:^|[.!?”\"]\s+)(?:The|An?) ((?:[a-z][\w-]* )?[a-z][\w-]*)", re.M)
_SAID_BY_NAME: Final = re.compile(rf"\b{_SAYS} ({_NAME})|\b({_NAME}) {_SAYS}\b")
_FIRST: Final = re.compile(
    r"[?!]|\b(?:I|me|my|mine|myself|we|us|our|you|your|hello|hi|hey|oh|ah)\b", re.I
)
_QUOTED: Final = re.compile(r"[“\"„«][^”\"“»]{2,}")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_TRADE: Final = re.compile(r"[a-z]{3,}(?:ist|ian|man|woman|ess|eer|ster|wright)$|[a-z]{2,}[^eo]or$")
_WORDS: Final = """
teacher writer singer dancer driver farmer baker lawyer player painter manager officer leader host
guest star girl boy king queen prince princess wife husband friend student poet clerk judge
president chief agent ghost god angel devil machine robot dog cat fool
"""
_TRADES: Final = frozenset(_WORDS.split())
_NO_ROLES: Final = frozenset(
    {"voice", "floor", "door", "poor", "color", "favor", "mirror", "interior"}
)


@dataclass(frozen=True, slots=True)
class Character:
    """Who appeared in a text: its kind, one of ``KINDS``; its name, or what it is (blank if that
    is not said); and everybody who was named or told of, in the order in which they were found."""

    kind: str
    name: str = ""
    others: tuple[str, ...] = ()

    @property
    def who(self) -> str:
        """The name in small letters, or the kind where there is none."""
        return self.name.casefold() if self.name else self.kind


def character_in(text: str, strangers: tuple[str, ...] = ()) -> Character:
    """Who appears in a text. ``strangers`` are speakers whom the engine saw in what was cut.

    >>> character_in("THE PORTER: Who knocks? I was asleep.").name
    'The Porter'
    >>> character_in("Good evening. My name is Jane, and I am a nurse.")
    Character(kind='named', name='Jane', others=('Jane', 'nurse'))
    >>> character_in("The curtain falls. The stage is still.").kind
    'text'
    """
    if not _WORD.search(text):
        return Character("nobody")
    if assistant(score(text)) > 0:
        return Character("assistant")
    labels = [each.name for each in strangers_in(text, [], script=True, fresh=True)]
    found = {_written(name): _kind(name) for name in (*labels, *strangers)}
    labelled = next(iter(found), "")
    found = {name: kind for name, kind in found.items() if kind != "unnamed"}
    told: list[tuple[int, str, str]] = [
        *((match.start(), match[1], "named") for match in _CALLED.finditer(text)),
        *((match.start(), match[1], "named") for match in _IS_NAME.finditer(text)
          if match[1].split()[0].lower() in GIVEN_NAMES or "." in match[1]),
        *((match.start(), match[1], "named") for match in _IS_NEW_NAME.finditer(text)),
        *((match.start(), role, "role") for match in _BEGINS.finditer(text)
          if (role := _role(match[1]))),
        *((match.start(), role, "role") for match in _IS_ROLE.finditer(text)
          if (role := _role(match[1]))),
        *((match.start(), role, "role") for match in _SAID_BY.finditer(text)
          if (role := _role(match[1] or match[2]))),
        *((match.start(), name, "named") for match in _SAID_BY_NAME.finditer(text)
          if (name := match[1] or match[2]).split()[0].lower() in GIVEN_NAMES),
    ]  # fmt: skip
    for _, name, kind in sorted(told):
        found.setdefault(name, kind)
    if found:
        name, kind = next(iter(found.items()))
        return Character(kind, name, tuple(found))
    if labelled or _FIRST.search(text) or _QUOTED.search(text):
        return Character("unnamed")
    return Character("narrator" if _of_somebody(text) else "text")


def _written(name: str) -> str:
    """A name in ordinary letters."""
    return name.title() if name.isupper() else name


def _kind(label: str) -> str:
    if label.split()[-1].casefold() in ("narrator", "chorus", "announcer"):
        return "narrator"
    first = label.split()[0].strip(".").casefold()
    if first in GIVEN_NAMES or first in ("mr", "mrs", "ms", "miss", "dr", "sir", "lady"):
        return "named"
    if names_a_person(f"The {label}", given=False) or label.casefold().startswith("the "):
        return "role"
    return "unnamed" if label.casefold() in ("voice", "somebody", "someone") else "named"


def _role(phrase: str) -> str:
    """The word of a phrase that says what somebody is; blank if none does."""
    for word in phrase.split():
        plain = word.strip("'’-").casefold()
        if plain in _NO_ROLES:
            continue
        if plain in _TRADES or names_a_person(f"The {plain}", given=False):
            return plain
        if _TRADE.match(plain):
            return plain
    return ""


def _of_somebody(text: str) -> bool:
    return (
        re.search(r"\b(?:he|she|they|him|her|his|their|somebody|someone)\b", text, re.I) is not None
    )
