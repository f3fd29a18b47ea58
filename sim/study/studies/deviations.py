"""In what a study differs from what was registered: which fact, what it was, and what it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

WORDS: Mapping[str, str] = {
    "question": "the question",
    "stages": "the models",
    "arms": "the arms",
    "topics": "the topics",
    "seeds": "the seeds",
    "primary": "the primary contrasts",
    "exploratory": "the exploratory contrasts",
    "measures": "the code of the measures",
    "scenes": "the scenes themselves",
    "trials": "how the scenes are worded",
    "transcripts": "what people said",
    "version": "the version of Elsinore",
}
"""What each fact is called where it deviates."""

_LARGER = ("seeds", "topics", "arms", "stages", "scenes")
"""Facts that change the hash of the trials, too, and are told once."""

_MOST = 3
"""So many places of a fact are told; of the others, how many there are."""

_LETTERS = 70
_BEFORE = 20
"""How much of a long value is told, and how much of that stands before what differs."""

_NOTHING = "nothing"

_SEEDS = {"first", "count"}
"""The fields of seeds, which are told together."""

Place = tuple[str, ...]
"""Where in a fact something stands, from the outside."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """A fact that was another one when it was fixed. ``more`` is in how many places it differs
    besides the one that is told."""

    what: str
    was: str
    now: str
    more: int = 0

    def __str__(self) -> str:
        told = f"{self.what}: {self.was} was fixed beforehand, and now it is {self.now}"
        return f"{told} ({self.more} more differ)" if self.more else told


def deviations(first: Mapping[str, Any], now: Mapping[str, Any]) -> list[Deviation]:
    """In what a study differs from what was registered.

    >>> [change] = deviations({"primary": [{"measure": "loops.end", "null": 0}]},
    ...                       {"primary": [{"measure": "loops.all", "null": 0}]})
    >>> change.what, change.was, change.now
    ('the primary contrasts, measure of number 1', 'loops.end', 'loops.all')
    """
    return list(_deviations(first, now))


def _deviations(first: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Deviation]:
    larger = any(first.get(name) != now.get(name) for name in _LARGER)
    for name, words in WORDS.items():
        if name not in first:
            continue  # It was registered by a version that did not fix this.
        was, is_ = first[name], now.get(name)
        if name == "measures":
            # Which measures there are is told by the contrasts.
            both = [each for each in was if each in (is_ or {})]
            was, is_ = ({each: some[each] for each in both} for some in (was, is_ or {}))
        if was == is_ or (name == "trials" and larger):
            continue
        places = list(_places(was, is_))
        told = places[:_MOST]
        for number, (path, before, after) in enumerate(told, 1):
            more = len(places) - len(told) if number == len(told) else 0
            where = f"{words}, {_where(path)}" if path else words
            yield Deviation(where, *_shortened(_plain(before), _plain(after)), more)


def _where(path: Place) -> str:
    """A place in a fact, from the inside: ``rounds of parameters of harsh``."""
    return " of ".join(reversed(path))


def _places(was: Any, now: Any, path: Place = ()) -> Iterator[tuple[Place, Any, Any]]:
    """The places at which two values differ, with what is there."""
    if isinstance(was, Mapping) and isinstance(now, Mapping) and set(was) != _SEEDS:
        for name in dict.fromkeys([*was, *now]):
            yield from _places(was.get(name, _NOTHING), now.get(name, _NOTHING), (*path, str(name)))
    elif isinstance(was, list | tuple) and isinstance(now, list | tuple) and len(was) == len(now):
        for number, (one, other) in enumerate(zip(was, now, strict=True), 1):
            yield from _places(one, other, (*path, f"number {number}"))
    elif was != now:
        yield path, was, now


def _plain(value: Any) -> str:
    """A value on one line, as a person would write it."""
    if isinstance(value, Mapping):
        if set(value) == _SEEDS:
            return f"{value['count']} from {value['first']}"
        named = [f"{each}={_plain(value[each])}" for each in value if value[each] not in (None, "")]
        return ", ".join(named) or _NOTHING
    if isinstance(value, list | tuple):
        return "; ".join(map(_plain, value)) or _NOTHING
    if isinstance(value, bool) or value is None:
        return {None: _NOTHING, True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else " ".join(str(value).split()) or "blank"


def _shortened(one: str, other: str) -> tuple[str, str]:
    """Two texts that differ, each no longer than ``_LETTERS``, with the place where they do."""
    alike = next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    start = max(0, alike - _BEFORE) if max(len(one), len(other)) > _LETTERS else 0
    return _part(one, start), _part(other, start)


def _part(text: str, start: int) -> str:
    """A text from a place on, with dots where it was cut.

    >>> _part("abc", 1), len(_part("x" * 100, 0))
    ('…bc', 71)
    """
    kept = text[start : start + _LETTERS]
    return f"{'…' if start else ''}{kept}{'…' if start + _LETTERS < len(text) else ''}"
