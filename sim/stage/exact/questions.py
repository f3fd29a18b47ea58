"""Questions off stage, on the exact stage: what is asked, and the law of the answer.

The stage knows a question by its words, as a language model does. ``docs/exact-stage.md``, section
8, has the laws.
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
"""The share of answers to a choice that are drawn evenly, whoever answers: nothing is certain."""

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
    """What a question is about: ``stance``, ``guess``, ``who``, ``speak``, ``leave``, ``examined``
    or ``other``.

    ``issue`` is named in the first two; ``of`` is whose stance is to be guessed, or who asked.
    """

    kind: str
    issue: str | None = None
    of: str = ""


@lru_cache(maxsize=4096)
def read_asked(question: str) -> Asked:
    """What a question is about.

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
    """The mean, on [-1, 1], of the urge to speak or to leave: it grows with provocation, and the
    urge to speak with the distance of the stances, in [0, 2], from whoever spoke last."""
    if kind == "leave":
        return -0.8 + 1.2 * provocation
    return -0.5 + 0.9 * provocation + 0.25 * apart


def guessed(projection: float, own: float, heard: float | None) -> float:
    """The mean of A's guess of B's stance: what B was heard to say, drawn toward A's own view.

    Who has not heard B takes B to be like oneself (Ross, Greene and House 1977, the false
    consensus effect).
    """
    return own if heard is None else (1.0 - projection) * heard + projection * own


ANSWERS = ("yes", "no", "in part", "no answer")
_ANSWERED_BY_ACT = {
    "rebut": "no", "insult": "no", "concede": "yes", "agree": "yes", "hedge": "in part",
    "disclaim": "no answer",
}  # fmt: skip


def examined(act: str, own: float, asker: float | None) -> str:
    """The answer that goes with a line: by its act, else by how far the stances are apart.

    ``asker`` is None while whoever asked has expressed no stance.

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
    """P(option) of an answer in cross-examination: the one that is wanted, or any if it is missing.

    >>> examined_law(("yes", "no"), "no"), examined_law(("yes", "no"), "in part")
    ((0.0, 1.0), (0.5, 0.5))
    """
    if wanted not in options:
        return (1.0 / len(options),) * len(options)
    return tuple(1.0 if option == wanted else 0.0 for option in options)


def options_of(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The options of a question with one choice, or none."""
    fields = list(schema.get("properties", {}).values())
    return tuple(fields[0].get("enum", ())) if len(fields) == 1 else ()


def who_law(
    options: tuple[str, ...], character: int, own: str, partner: str | None
) -> tuple[float, ...]:
    """P(option) of who the speaker thinks it is: a shadow still goes by its own name.

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
