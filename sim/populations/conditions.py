"""Declared conditions on the attributes of a person: ``age >= 18 or job == none``.

A condition is read by a parser of its own and never run as Python, since specifications are files
that people send each other.

    condition  = both {"or" both}
    both       = plain {"and" plain}
    plain      = "not" plain | "(" condition ")" | NAME operator value | NAME "in" "[" values "]"
    operator   = "==" | "!=" | "<" | "<=" | ">" | ">="

A value is a number, ``true``, ``false``, a word, or a text in quotes.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final

from sim.errors import SceneError

Facts = Mapping[str, Any]
"""The attributes of one person, by name."""

Condition = Callable[[Facts], bool]

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>'[^']*'|\"[^\"]*\")|(?P<sign>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)"
    r"|(?P<word>[^\s()\[\],<>=!'\"]+))"
)
_COMPARES: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_ORDERS: Final = ("<", "<=", ">", ">=")
_LONGEST: Final = 1000
_DEEPEST: Final = 20


@dataclass(frozen=True)
class Declared:
    """A condition that was read from a text. ``names`` are the attributes that it looks at."""

    text: str
    names: frozenset[str]
    holds: Condition = field(compare=False)

    def __call__(self, facts: Facts) -> bool:
        return self.holds(facts)


def declared(text: str) -> Declared:
    """A condition from its text. Raises ``SceneError`` with the place of a mistake.

    A number is never equal to a text; to order a number and a text raises ``SceneError`` when the
    condition is asked.

    >>> adult = declared("age >= 18 or job == none")
    >>> adult({"age": 12, "job": "none"}), adult({"age": 12, "job": "baker"})
    (True, False)
    """
    if len(text) > _LONGEST:
        raise SceneError(f"condition: has {len(text)} letters; use at most {_LONGEST}")
    reader = _Reader(text)
    holds = reader.either(0)
    reader.ends()
    return Declared(text, frozenset(reader.names), holds)


class _Reader:
    """A parser that goes down from ``or`` to comparisons."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: set[str] = set()
        self.place = 0
        self.tokens: list[tuple[str, str, int]] = []
        end = 0
        while text[end:].strip():
            match = _TOKEN.match(text, end)
            if match is None:
                raise self.error("cannot be read", end)
            kind = str(match.lastgroup)
            self.tokens.append((kind, match[kind], match.start(kind)))
            end = match.end()

    def error(self, what: str, at: int) -> SceneError:
        rest = self.text[at:].strip()
        where = f"at {rest!r:.40}" if rest else "at its end"
        return SceneError(
            f"condition {self.text!r:.80}: {what} {where}; write it as in age >= 18 or job == none"
        )

    def peek(self) -> tuple[str, str, int]:
        if self.place < len(self.tokens):
            return self.tokens[self.place]
        return "end", "", len(self.text)

    def took(self, kind: str, wanted: str) -> bool:
        if self.peek()[:2] == (kind, wanted):
            self.place += 1
            return True
        return False

    def ends(self) -> None:
        if self.peek()[0] != "end":
            raise self.error("has more than a condition", self.peek()[2])

    def either(self, deep: int) -> Condition:
        parts = [self.both(deep)]
        while self.took("word", "or"):
            parts.append(self.both(deep))
        return parts[0] if len(parts) == 1 else lambda facts: any(each(facts) for each in parts)

    def both(self, deep: int) -> Condition:
        parts = [self.plain(deep)]
        while self.took("word", "and"):
            parts.append(self.plain(deep))
        return parts[0] if len(parts) == 1 else lambda facts: all(each(facts) for each in parts)

    def plain(self, deep: int) -> Condition:
        if deep > _DEEPEST:
            raise self.error("nests too deep", self.peek()[2])
        if self.took("word", "not"):
            refused = self.plain(deep + 1)
            return lambda facts: not refused(facts)
        if self.took("sign", "("):
            inner = self.either(deep + 1)
            if not self.took("sign", ")"):
                raise self.error("lacks a closing bracket", self.peek()[2])
            return inner
        return self.comparison()

    def comparison(self) -> Condition:
        kind, name, at = self.peek()
        if kind != "word":
            raise self.error("lacks the name of an attribute", at)
        self.place += 1
        self.names.add(name)
        kind, sign, at = self.peek()
        self.place += 1
        if (kind, sign) == ("word", "in"):
            values = self.values()
            return lambda facts: any(_equal(facts[name], value) for value in values)
        if sign not in _COMPARES:
            raise self.error("lacks ==, !=, <, <=, >, >= or in", at)
        value = self.value()
        if sign in _ORDERS:
            return lambda facts: _ordered(name, facts[name], sign, value)
        same = sign == "=="
        return lambda facts: _equal(facts[name], value) is same

    def values(self) -> list[Any]:
        if not self.took("sign", "["):
            raise self.error("lacks [ after in", self.peek()[2])
        values = [self.value()]
        while self.took("sign", ","):
            values.append(self.value())
        if not self.took("sign", "]"):
            raise self.error("lacks ]", self.peek()[2])
        return values

    def value(self) -> Any:
        kind, token, at = self.peek()
        if kind not in ("word", "text") or (kind == "word" and token in ("and", "or", "not")):
            raise self.error("lacks a value", at)
        self.place += 1
        if kind == "text":
            return token[1:-1]
        if token in ("true", "false"):
            return token == "true"
        try:
            number = float(token)
        except ValueError:
            return token
        return number if isfinite(number) and "_" not in token else token


def _equal(one: Any, other: Any) -> bool:
    # True == 1 in Python, and in no questionnaire.
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def _ordered(name: str, fact: Any, sign: str, value: Any) -> bool:
    if (
        isinstance(fact, bool)
        or isinstance(value, bool)
        or isinstance(fact, str) != isinstance(value, str)
    ):
        raise SceneError(f"condition: {name} is {fact!r}, and cannot be {sign} {value!r}")
    return _COMPARES[sign](fact, value)
