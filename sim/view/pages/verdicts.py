"""The verdicts on a debate: each quote leads to the words that it is of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sim.html import Html, element, name
from sim.html.markup import Part
from sim.html.numbers import counted
from sim.store.tournaments import StoredVerdict

_LABEL = re.compile(r"Speaker ([A-Z])\b")
_CLAIM = re.compile(r"\[[A-Z]\d+\]")
"""What judges are shown instead of names, and of the letters before claims."""

_LETTERS = 300


def verdicts_of(verdicts: Sequence[StoredVerdict]) -> Html | None:
    """All verdicts on a debate, in a list that opens."""
    if not verdicts:
        return None
    return element(
        "details",
        element("summary", counted(len(verdicts), "verdict")),
        element("ul", [_verdict(each) for each in verdicts]),
        class_="verdicts",
        open=True,
    )


def _verdict(verdict: StoredVerdict) -> Html:
    payload = verdict.payload
    if payload.get("missing"):
        told = f"no verdict: {payload['missing']}"
    else:
        winner = payload.get("winner")
        told = "a tie" if winner in (None, "tie") else f"for {winner}"
    reasons = [
        _reason(each, verdict.shown)
        for each in payload.get("reasons") or ()
        if isinstance(each, Mapping) and str(each.get("turn", "")).isdecimal()
    ]
    return element(
        "li", element("b", name(verdict.judge)), f" {told[:400]}", element("ul", reasons)
    )


def _reason(reason: Mapping[str, Any], shown: Sequence[str]) -> Html:
    quote = str(reason.get("quote", ""))[:_LETTERS]
    parts: list[Part] = ["“", unblinded(quote, shown), "”"]
    link = element(
        "a", parts, href=f"#t-{reason['turn']}", class_="quote", data_quote=findable(quote)
    )
    return element("li", link, f" {str(reason.get('why', ''))[:600]}")


def unblinded(quote: str, shown: Sequence[str]) -> str:
    """A quote with the names that judges were not told; ``shown`` is in the order of their labels.

    >>> unblinded("You missed me, Speaker B.", ["Ada", "Ben"])
    'You missed me, Ben.'
    """

    def named(label: re.Match[str]) -> str:
        place = ord(label[1]) - ord("A")
        return shown[place] if place < len(shown) else label[0]

    return _LABEL.sub(named, quote)


def findable(quote: str) -> str:
    """The longest part of a quote that stands in the line letter for letter.

    >>> findable("[B1] I heard every word, Speaker A, and more.")
    'I heard every word,'
    """
    parts = _CLAIM.split(_LABEL.sub("[A0]", quote))
    return max((part.strip() for part in parts), key=len, default="")
