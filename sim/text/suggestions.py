"""Suggestions for unknown names, for messages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def meant(name: str, known: Iterable[str]) -> str:
    """A suggestion for an unknown name, as a part of a message; blank if no name is similar.

    >>> meant("mousetrp", ["mousetrap", "water_sale"])
    '; did you mean mousetrap?'
    """
    close = get_close_matches(name, list(known), n=2, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: a suggestion, and the known names.

    >>> nearest("mousetrp", ["mousetrap", "water_sale"])
    '; did you mean mousetrap? Known: mousetrap, water_sale'
    """
    names = list(known)
    suggestion = meant(name, names)
    there = ", ".join(names) or "none"
    return f"{suggestion} Known: {there}" if suggestion else f"; known: {there}"
