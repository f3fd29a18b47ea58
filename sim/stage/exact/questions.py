"""Questions off stage, on the exact stage: the kind of a question, and how answers are distributed.

The stage recognises a question by its words, as a language model does. The distributions are in
``docs/exact-stage.md``, section 8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sim.stage.exact.laws import FAR, NEAR
from sim.stage.exact.tables import ASSISTANT, PARTNER

SLIP = 0.02
"""The probability that a choice is drawn uniformly, so that no answer has probability 0 or 1."""

_EXAMINED = re.compile(r"Answer the question that (.+) has just put to you, ")
_GUESS = re.compile(r'What would (.+?) answer, alone and in confidence, .*? on "(.+?)"\?')
_ISSUE = re.compile(r' on "(.+?)"\?')
_WHO = "Who do you think you are"
_SPEAK = "How much do you want to speak next"
_LEAVE = "How much do you want to leave"

_ASSISTANT_WORDS = re.compile(r"\b(assistant|AI)\b", re.I)
_OTHER_WORDS = re.compile(r"\b(somebody|someone) else\b", re.I)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question off stage, by its ``kind``.

    The kinds are ``stance``, ``guess``, ``who``, ``speak``, ``leave``, ``examined`` and ``other``.
    ``issue`` is that of the first two; ``of`` is whose stance is to be guessed, or who asked in
    cross-examination.
    """

    kind: str
    issue: str | None = None
    of: str = ""


@lru_cache(maxsize=4096)
def read_asked(question: str) -> Asked:
    """The kind of a question, from its words.

    >>> read_asked('Where do you, Ada, stand right now on "sell"? Say it as one number.')
    Asked(kind='stance', issue='sell', of='')
    >>> read_asked("Who do you think you are, at this moment?").kind
    'who'
    >>> read_asked("Answer the question that Ben has just put to you, Ada.")
    Asked(kind='examined', issue=None, of='Ben')
    """
    examined = _EXAMINED.search(question)
    if examined is not None:
        return Asked("examined", None, examined.group(1))
    guess = _GUESS.search(question)
    if guess is not None:
        return Asked("guess", guess.group(2), guess.group(1))
    for kind, words in (("who", _WHO), ("speak", _SPEAK), ("leave", _LEAVE)):
        if words in question:
            return Asked(kind)
    issue = _ISSUE.search(question)
    return Asked("other") if issue is None else Asked("stance", issue.group(1))


def urge(kind: str, provocation: float, apart: float) -> float:
    """The mean, on [-1, 1], of the urge to speak or to leave.

    Both grow with provocation; the urge to speak also with the distance, in [0, 2], between the
    speaker's stance and that of the partner.
    """
    if kind == "leave":
        return -0.8 + 1.2 * provocation
    return -0.5 + 0.9 * provocation + 0.25 * apart


def guessed(projection: float, own: float, heard: float | None) -> float:
    """The mean of A's guess of B's stance: the stance that B expressed, shifted toward A's own.

    If B has expressed none, it is A's own stance (the false consensus effect: Ross, Greene and
    House, Journal of Experimental Social Psychology 13, 1977).
    """
    return own if heard is None else (1.0 - projection) * heard + projection * own


ANSWERS = ("yes", "no", "in part", "no answer")
_ANSWERED_BY_ACT = {
    "rebut": "no", "insult": "no", "concede": "yes", "agree": "yes", "hedge": "in part",
    "disclaim": "no answer",
}  # fmt: skip


def examined(act: str, own: float, asker: float | None) -> str:
    """The answer that fits a line: by its act, else by the distance of the stances.

    ``asker`` is the stance of the actor who asked, None if it has expressed none.

    >>> examined("rebut", 1.0, 1.0), examined("assert", -0.5, 0.75), examined("assert", 0.5, 0.75)
    ('no', 'no', 'yes')
    """
    known = _ANSWERED_BY_ACT.get(act)
    if known is not None:
        return known
    if asker is None:
        return "in part"
    apart = abs(own - asker)
    return "no" if apart > FAR else "yes" if apart <= NEAR else "in part"


def examined_law(options: tuple[str, ...], wanted: str) -> tuple[float, ...]:
    """P(option) in cross-examination: 1 for the wanted option; uniform if it is not an option.

    >>> examined_law(("yes", "no"), "no"), examined_law(("yes", "no"), "in part")
    ((0.0, 1.0), (0.5, 0.5))
    """
    if wanted not in options:
        return (1.0 / len(options),) * len(options)
    return tuple(1.0 if option == wanted else 0.0 for option in options)


def options_of(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The options of a schema with one choice, or an empty tuple."""
    fields = list(schema.get("properties", {}).values())
    return tuple(fields[0].get("enum", ())) if len(fields) == 1 else ()


def who_law(
    options: tuple[str, ...], character: int, own: str, partner: str | None
) -> tuple[float, ...]:
    """P(option) of who the speaker thinks it is; a shadow gives its own name.

    >>> who_law(("Ada", "an AI assistant"), ASSISTANT, "Ada", None)
    (0.01, 0.99)
    """
    wanted = own
    if character == ASSISTANT:
        wanted = next((one for one in options if _ASSISTANT_WORDS.search(one)), own)
    elif character == PARTNER:
        other = next((one for one in options if _OTHER_WORDS.search(one)), own)
        wanted = partner if partner is not None and partner in options else other
    count = len(options)
    if wanted not in options:
        return tuple(1.0 / count for _ in options)
    even = SLIP / count
    return tuple(1.0 - SLIP + even if one == wanted else even for one in options)
