"""Concessions in a line, by its words: points that are granted, granted in part, or withdrawn.

*Evidence*: T. Expressions of common English (``tables/concessions.tsv``): "I grant [B2]", "you are
right about the roof", "I cannot deny that", "fair point", "I was wrong there". An expression does
not count if it is denied, only supposed, attributed to somebody else or asked ("I do not concede",
"if I granted that", "you want me to say I was wrong"), nor if it is a courtesy: "I grant that you
believe it", "you are right to ask", "you would be right if". Words in quotation marks do not count.

*References.* Mann and Thompson, "Rhetorical Structure Theory", Text 8, 1988 (concession); Walton
and Krabbe, "Commitment in Dialogue", 1995 (to concede is to commit oneself to the other's claim).

*Limits.* Irony is taken literally, and concessions by a figure of speech ("I will eat my hat") are
missed. The words do not show whether a point that is granted matters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, Literal

from analysis.evidence.lexicon import plain, rows
from sim.text.claims import sentences

EVIDENCE = "T"

Kind = Literal["grant", "partly", "withdrawal"]

_KINDS: Final[tuple[Kind, ...]] = ("withdrawal", "partly", "grant")
"""In this order: "I agree in part" is no grant, "I admit that I was wrong" is a withdrawal."""
_OPPONENT: Final = "oneopponent"
_AROUND: Final = 300
"""Only so many characters on either side of an expression are searched, so that time is linear."""
_QUOTED = re.compile(r'“[^“”]{0,400}”|(?<!\w)"[^"]{0,400}"(?!\w)')
_BRACKETS = re.compile(r"\[([^\[\]]{1,80})\]")
_PART = re.compile(r"([A-Za-z]{1,2}) ?0*([1-9][0-9]{0,3})")
_MARK = re.compile(r"\[([a-z]{1,2}\d+)\]")
_OBJECT = re.compile(r" (?:(?:with|on|to|about|that) )?(?:\[[a-z]{1,2}\d+\](?:,? and |, )?){1,10}")
_VERDICT = r"(?:is|are|was|were|does|do|has|fails?|falls?|cannot|can't|will|would|stands?|rests?)\b"
_SPLIT = re.compile(
    r"[;–—]|,? but |, (?:and )?(?:yet|still|however|although|though|while|whereas) "
    r"| (?:although|though|whereas) |,? and (?=(?:\[[a-z]{1,2}\d+\]) " + _VERDICT + ")"
    r"|, (?=(?:\[[a-z]{1,2}\d+\]) " + _VERDICT + ")"
)
_ASKED = re.compile(r"[;:,–—]|,? but ")
_CONTRAST = re.compile(r"(?:[,;–—]|\b) ?(?:but|yet|however|still|nevertheless|nonetheless)\b")
_TURNS = re.compile(
    r"(?:and )?(?:but|yet|however|still|nevertheless|nonetheless|even so|all the same"
    r"|that (?:does|do|is) not)\b"
)


_GESTURE = re.compile(r"\([^()]*\)")
_OPEN = re.compile(
    r"(?:^|[,:;] |\b(?:and|so|but|then|tell me|say) )(?:what|why|how|when|where|who|whose|which)\b"
)


@dataclass(frozen=True, slots=True)
class Concession:
    """One concession in a line.

    ``kind``: ``grant`` (of a point of the other side), ``partly`` (of half of it), ``withdrawal``
    (of the speaker's own point). ``marks`` are the claims that it cites (``B2``), if any. ``text``
    is the sentence.
    """

    kind: Kind
    marks: tuple[str, ...]
    text: str


@lru_cache(maxsize=16384)
def conceded(
    text: str, opponents: tuple[str, ...] = (), letter: str = ""
) -> tuple[Concession, ...]:
    """The concessions of a line, in order.

    ``opponents`` are the names of the other debaters: "Ben is right" concedes only if Ben is one.
    ``letter`` is the letter of the speaker's own claims: "[A1] is true" does not concede then.

    >>> [(one.kind, one.marks) for one in conceded("I grant [B2], but [B3] is not true.")]
    [('grant', ('B2',))]
    >>> conceded("I grant that this is what you believe. You would be right if wells refilled.")
    ()
    >>> conceded("Ben is right.", ("Ben",))[0].kind, conceded("Max is right.", ("Ben",))
    ('grant', ())
    """
    concessions: list[Concession] = []
    marked = sentences(text)
    lines = [_lowered(sentence, marks, opponents) for sentence, marks in marked]
    for place, (sentence, _) in enumerate(marked):
        turns = place + 1 < len(lines) and _TURNS.match(lines[place + 1]) is not None
        concessions += (
            Concession(kind, marks, sentence)
            for kind, marks in _read(lines[place], turns, letter.lower())
        )
    return tuple(concessions)


def grants_by_yes(question: str) -> bool:
    """Whether the answer "yes" to a question is a concession.

    It is not if the question asks what or why, or if it is a gesture.

    >>> grants_by_yes("Is the well dry?"), grants_by_yes("Why is the well dry?")
    (True, False)
    >>> grants_by_yes("(Ada points at the map.)"), grants_by_yes("You will lose. Do you deny it?")
    (False, False)
    """
    if not _GESTURE.sub("", question).strip():
        return False
    return not (grants_by_no(question) or _OPEN.search(_asked(question)))


def grants_by_no(question: str) -> bool:
    """Whether the answer "no" to a question is a concession, and "yes" is not.

    >>> grants_by_no("Do you still maintain [B1]?"), grants_by_no("You have no proof, have you?")
    (True, True)
    >>> grants_by_no("Is it not true that the spring falls?")
    False
    """
    asked = _asked(question)
    return any(pattern.search(asked) for kind in ("stands", "tagged") for pattern in _all()[kind])


def _asked(text: str) -> str:
    """The last question in a text; empty if there is none."""
    asked = [plain(sentence) for sentence, _ in sentences(text) if "?" in sentence]
    return asked[-1] if asked else ""


def _lowered(sentence: str, marks: tuple[str, ...], opponents: tuple[str, ...]) -> str:
    """A sentence in the form that the expressions match, without quotations."""
    text = _QUOTED.sub(" … ", sentence)

    def written(match: re.Match[str]) -> str:
        parts = [f"{letter}{number}" for letter, number in _PART.findall(match.group(1))]
        if not parts or not all(part.upper() in marks for part in parts):
            return match.group()
        return ", ".join(f"[{part}]" for part in parts)

    text = _BRACKETS.sub(written, text)
    for name in sorted(opponents, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", _OPPONENT, text)
    return plain(text)


def _read(line: str, turns: bool, letter: str) -> list[tuple[Kind, tuple[str, ...]]]:
    """The concessions of a sentence. ``turns`` says that the next one begins with a contrast."""
    if any(pattern.search(line) for pattern in _all()["arguendo"]):
        return []
    concessions: list[tuple[Kind, tuple[str, ...]]] = []
    trailing = _trailing(line)
    for segment, rest in _segments(line):
        kind = _kind(segment, turns or _CONTRAST.search(rest) is not None, letter)
        if kind is not None:
            marks = _MARK.findall(segment) or trailing
            concessions.append((kind, tuple(dict.fromkeys(mark.upper() for mark in marks))))
    return concessions


def _segments(line: str) -> list[tuple[str, str]]:
    """The clauses of a sentence that can each concede something, with the rest of the sentence.

    The last clause of a question is left out, since it asks.
    """
    asks = line.rstrip(' "”)]').endswith("?") or re.search(r"\?(?: \[[a-z]{1,2}\d+\])+$", line)
    segments: list[tuple[str, str]] = []
    begun = 0
    for match in (_ASKED if asks else _SPLIT).finditer(line):
        segments.append((line[begun : match.start()].strip(), line[match.start() :]))
        begun = match.end()
    return segments if asks else [*segments, (line[begun:].strip(), "")]


def _trailing(line: str) -> list[str]:
    """The marks at the end of a sentence, which apply to the whole sentence."""
    end = re.search(r"(?:[\s.!?…,]{0,9}\[[a-z]{1,2}\d+\]){1,10}[\s.!?…]{0,9}$", line)
    return _MARK.findall(end.group()) if end else []


def _kind(segment: str, contrasted: bool, letter: str) -> Kind | None:
    """What kind of concession a part of a sentence is, if any."""
    for kind in _KINDS:
        for hit in _hits(segment, kind):
            own = kind != "withdrawal" and _is_of(letter, segment, hit)
            if not own and _means_it(segment, hit):
                return kind
    if contrasted and any(_means_it(segment, hit) for hit in _hits(segment, "concessive")):
        return "grant"
    return None


def _hits(segment: str, kind: str) -> list[re.Match[str]]:
    return [hit for pattern in _all()[kind] for hit in pattern.finditer(segment)]


def _is_of(letter: str, segment: str, hit: re.Match[str]) -> bool:
    """Whether an expression cites claims, all of which have this letter."""
    after = _OBJECT.match(segment, hit.end())
    marks = _MARK.findall(hit.group() + (after.group() if after else ""))
    return bool(marks) and all(mark.rstrip("0123456789") == letter for mark in marks)


def _means_it(segment: str, hit: re.Match[str]) -> bool:
    """Whether no words around an expression deny it, suppose it, or attribute it to another."""
    tables = _all()
    before = segment[max(0, hit.start() - _AROUND) : hit.start()]
    after = segment[hit.end() : hit.end() + _AROUND]
    clause = re.split(r"[.,;:!?()]", before)[-1]
    return not (
        any(pattern.search(before) for pattern in tables["conditional"])
        or any(pattern.search(clause) for pattern in (*tables["denied"], *tables["reported"]))
        or any(pattern.search(after) for pattern in tables["afterwards"])
        or any(pattern.match(after) for pattern in tables["sincere"])
    )


@cache
def _all() -> dict[str, tuple[re.Pattern[str], ...]]:
    """The expressions by kind, with macros expanded."""
    macros: dict[str, str] = {}
    by_kind: dict[str, list[re.Pattern[str]]] = {}
    for kind, name, expression in rows("concessions.tsv"):
        for macro, replacement in reversed(macros.items()):
            expression = expression.replace(macro, replacement)
        if kind == "macro":
            macros[f"<{name}>"] = expression
        else:
            by_kind.setdefault(kind, []).append(re.compile(expression))
    return {kind: tuple(patterns) for kind, patterns in by_kind.items()}
