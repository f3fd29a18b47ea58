"""Reads and compiles the tables of expressions that the text detectors use, once."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

CATEGORIES = (
    "hostility",
    "disclosure",
    "warmth",
    "assistant",
    "platitude",
    "hedge",
    "agreement",
    "contradiction",
)
_NEGATION = re.compile(r"(?:\b(?:not|never|no|isn't|aren't|don't|doesn't|didn't|without)|n't)\b")
_OWN = re.compile(r"\b(?:i'm|i am|i was|i've been|myself|me)\b[^.!?;]*$")


class Expression(NamedTuple):
    """One row of the table. ``literal`` is empty if every text has to be searched."""

    literal: str
    pattern: re.Pattern[str]
    weight: float


def rows(name: str) -> list[list[str]]:
    """The rows of a table in ``tables``, without comments."""
    text = (files("analysis.evidence") / "tables" / name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]


@cache
def expressions(category: str) -> tuple[Expression, ...]:
    """The expressions of one category."""
    macros: dict[str, str] = {}
    entries: list[Expression] = []
    for kind, weight, literal, expression in rows("lexicon.tsv"):
        if kind == "macro":
            macros[f"<{literal}>"] = expression
        elif kind == category:
            for name, replacement in macros.items():
                expression = expression.replace(name, replacement)
            needed = "" if literal == "-" else literal.replace("_", " ")
            entries.append(Expression(needed, re.compile(expression), float(weight)))
    if not entries:
        raise ValueError(f"no category {category!r} in the lexicon; there are {CATEGORIES}")
    return tuple(entries)


def weigh(
    text: str, category: str, *, negatable: bool = False, about_others: bool = False
) -> float:
    """The sum of the weights of the expressions that occur in a text (see ``plain``).

    Each expression counts once. With ``negatable`` a hit inside a negated clause ("you are no
    fool", "I am not pretending") does not count, unless the expression itself is negative; with
    ``about_others`` what speakers say of themselves does not ("I was a fool").
    """
    total = 0.0
    for literal, pattern, weight in expressions(category):
        if literal and literal not in text:
            continue
        hit = pattern.search(text)
        while hit is not None:
            before = text[max(0, hit.start() - 40) : hit.start()]
            # A clause ends at punctuation, and a negation applies to its clause only.
            clause = re.split(r"[.,;:!?]", before)[-1]
            if not (
                (negatable and _denied(clause, hit.group()))
                or (about_others and _OWN.search(clause) and "you" not in hit.group())
            ):
                total += weight
                break
            hit = pattern.search(text, hit.end())
    return total


def _denied(clause: str, hit: str) -> bool:
    return bool(_NEGATION.search(clause)) or bool(_INNER.match(hit))


_INNER = re.compile(r"you(?:'re| are| were) (?:not|no|never|hardly) ")


def plain(text: str) -> str:
    """A text in the form that expressions match: lower case, plain apostrophes, no markup, single
    blanks."""
    lowered = text.lower().replace("\u2019", "'").replace("\u2018", "'")
    return " ".join(lowered.replace("*", " ").replace("_", " ").split())
