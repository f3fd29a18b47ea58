"""The types of what a store holds, and what is raised where it holds something else.

A store is a file: pages of it may be overwritten, and another program may have edited its rows.
What is read is checked against these shapes, so that nothing behind the reader meets a number where
a text belongs. Names that older versions did not write may be missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

Broken = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)
"""What decoding a row raises that nobody wrote."""

Shape = Callable[[Any], bool]
"""Whether a value is what belongs there."""

_DEEPEST = 64
"""The most levels of a JSON value."""

_WIDEST = 1 << 63
_LARGEST = 1e300


def text(value: Any) -> bool:
    """A text."""
    return isinstance(value, str)


def name(value: Any) -> bool:
    """A text that is not blank."""
    return isinstance(value, str) and value != ""


def flag(value: Any) -> bool:
    """A truth value."""
    return isinstance(value, bool)


def whole(value: Any) -> bool:
    """A whole number of at most 64 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and -_WIDEST <= value < _WIDEST


def count(value: Any) -> bool:
    """A whole number that is not negative."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _WIDEST


def number(value: Any) -> bool:
    """A number that is finite."""
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST


def either(*values: Any) -> Shape:
    """One of some values."""
    return lambda value: isinstance(value, str) and value in values


def maybe(shape: Shape) -> Shape:
    """Something, or nothing."""
    return lambda value: value is None or shape(value)


def several(shape: Shape) -> Shape:
    """A list."""
    return lambda value: isinstance(value, list) and (not value or all(map(shape, value)))


def named(shape: Shape) -> Shape:
    """A table with values of one shape."""
    return lambda value: isinstance(value, dict) and all(map(shape, value.values()))


def table(needed: Mapping[str, Shape], others: Mapping[str, Shape] | None = None) -> Shape:
    """A table with these names, and perhaps those of ``others``; what has another name is plain."""
    pairs = tuple(needed.items())
    more = dict(others or {})

    def check(value: Any) -> bool:
        # Loops and no generators here and in plain(): every event of a store comes this way.
        if not isinstance(value, dict):
            return False
        for key, shape in pairs:
            if key not in value or not shape(value[key]):
                return False
        if len(value) == len(pairs):
            return True
        for key, inner in value.items():
            if key not in needed and not more.get(key, plain)(inner):
                return False
        return True

    return check


def plain(value: Any) -> bool:
    """Any JSON value that does not nest too deep, with finite numbers."""
    if value is None or isinstance(value, str):
        return True
    level = [value]
    for _ in range(_DEEPEST):
        inside: list[Any] = []
        for each in level:
            if each is None or isinstance(each, str):
                continue
            if isinstance(each, dict):
                inside += each.values()
            elif isinstance(each, list):
                inside += each
            elif isinstance(each, int | float) and not isinstance(each, bool) and not number(each):
                return False
        if not inside:
            return True
        level = inside
    return False


USAGE = table(
    {"prompt_tokens": count, "completion_tokens": count, "cached_tokens": count},
    {"usd": maybe(number)},
)

_TEXTS = several(text)
_AUDIENCE = maybe(_TEXTS)
_ANSWER = table(
    {
        "value": plain, "raw": text, "missing": maybe(text), "prompt": text, "exact": maybe(flag),
        "usage": USAGE,
    }
)  # fmt: skip

EVENTS: Mapping[str, Shape] = {
    "turn": table(
        {
            "text": text, "audience": _AUDIENCE, "prompt": text, "finish": text, "cut": text,
            "strangers": _TEXTS, "exact": maybe(flag), "usage": USAGE,
        },
        {
            "overheard": _TEXTS, "absent": _TEXTS, "source": text, "cued": maybe(count),
            "over": count, "thought": text, "at": text, "answers": maybe(count),
        },
    ),
    "probe": _ANSWER,
    "gauge": _ANSWER,
    "forgot": table({"policy": text, "since": count, "summary": text, "tokens": count}),
    "intervention": table(
        {
            "what": text, "text": text, "audience": _AUDIENCE, "absent": _TEXTS,
            "detail": named(plain),
        }
    ),
    "fallback": table({"reason": text}),
    "failure": table({"reason": text, "message": text}),
    "ended": table({"reason": text, "status": either("done", "failed")}),
}  # fmt: skip
"""The payloads of events, by their kind."""

_COLUMNS_OF_EVENTS = (name, count, text, text, text, count, text, number)

_SIDES = several(
    table(
        {"entrant": text, "actor": text, "position": count, "text": text, "place": count},
        {"stage": maybe(text)},
    )
)
_BYE = several(table({"entrant": text, "actor": lambda value: value is None}))

JSON: Mapping[str, Mapping[str, Shape]] = {
    "trials": {
        "parameters": named(plain),
        "scene": table({"cast": several(table({"persona": table({"name": name})}))}),
        "stages": named(text),
    },
    "runs": {
        "manifest": table({}, {"options": named(plain), "scenarios": named(named(plain))}),
        "summary": maybe(named(plain)),
    },
    "verdicts": {
        "shown": _TEXTS,
        "payload": table(
            {},
            {
                "winner": maybe(text), "margin": maybe(number), "scores": named(named(number)),
                "reasons": several(table({"turn": whole, "quote": text, "why": text})),
                "missing": maybe(text), "problems": _TEXTS, "stage": text, "usage": USAGE,
            },
        ),
    },
    "truths": {"payload": named(plain)},
    "tournaments": {
        "definition": table(
            {"rubric": named(plain), "judges": several(table({"name": text, "form": text}))},
            {
                "entrants": several(table({"name": text})), "format_name": text,
                "identities": named(text),
            },
        )
    },
    "matches": {"sides": lambda value: _SIDES(value) or _BYE(value)},
}  # fmt: skip
"""The columns that hold JSON, by table. Those of events and replies have checks of their own."""

COLUMNS: Mapping[str, Mapping[str, Shape]] = {
    "trials": {
        "trial": name, "run": whole, "scenario": text, "parameters": text, "model": text,
        "stage": text, "seed": whole, "arm": text, "focal": maybe(text), "of": maybe(text),
        "scene": text, "status": either("planned", "done", "failed"), "reason": maybe(text),
        "turns": count, "at": maybe(count), "branch": maybe(whole), "stages": text,
    },
    "runs": {
        "run": whole, "started": number, "ended": maybe(number), "outcome": maybe(text),
        "manifest": text, "summary": maybe(text),
    },
    "intents": {
        "key": name, "trial": name, "run": whole, "turn": count, "purpose": text, "actor": text,
    },
    "failures": {
        "key": name, "trial": name, "run": whole, "turn": count, "purpose": text, "actor": text,
        "reason": text, "message": text, "attempts": text,
    },
    "verdicts": {"trial": name, "judge": text, "form": text, "shown": text, "payload": text},
    "truths": {"trial": name, "actor": text, "payload": text},
    "tournaments": {"tournament": name, "name": text, "definition": text, "started": number},
    "matches": {
        "tournament": name, "round": count, "match": count, "leg": count, "trial": maybe(name),
        "motion": text, "sides": text,
    },
}  # fmt: skip
"""The columns of tables, by their names. Those of events and replies have checks of their own."""


def read_json(content: Any, shape: Shape, what: str) -> Any:
    """JSON of a shape. Raises ``ValueError`` with ``what`` it is if it is none, or another."""
    if not isinstance(content, str):
        raise ValueError(f"{what} is no text")
    value = json.loads(content)
    if not shape(value):
        raise ValueError(f"{what} has another form")
    return value


def check_columns(row: Mapping[str, Any], of: str) -> None:
    """Check the types of a row of a table. Raises ``ValueError`` as ``check_row`` does."""
    for column, shape in COLUMNS[of].items():
        if column in row and not shape(row[column]):
            raise ValueError(f"its {column} is {row[column]!r:.40}")


def check_row(row: Mapping[str, Any], of: str) -> None:
    """Check a row of a table, its JSON as well; columns that are not there are left out.

    Raises ``ValueError`` with the name of the first that is something else.
    """
    check_columns(row, of)
    for column, shape in JSON.get(of, {}).items():
        if row.get(column) is not None:
            value = read_json(row[column], shape, f"its {column}")
            if of == "matches" and _SIDES(value) == (row.get("trial") is None):
                raise ValueError(f"its {column} are those of another kind of match")


def check_event(row: tuple[Any, ...]) -> None:
    """Check the columns of a row of ``events`` but for its payload. Raises ``ValueError``."""
    for value, shape in zip(row, _COLUMNS_OF_EVENTS, strict=True):
        if not shape(value):
            raise ValueError(f"an event has {value!r:.40} in a column")
    if row[2] not in EVENTS:
        raise ValueError(f"an event has the kind {row[2]!r:.40}")
