"""JSON as chat models write it: in the middle of prose, in fences, with single or typographic
quotes, bare words, comments, trailing commas, or without the last brace.

Strict JSON reads as ``json`` reads it. What could mean two things is refused: a quotation mark
inside a text, words between two values, a number that breaks off with the reply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any, Final

DEEPEST: Final = 40
"""How many values may stand inside one another."""

MOST: Final = 300
"""How many brackets are tried, the last ones: a text of brackets alone is read in linear time."""

LARGEST: Final = 500
"""How many values one value may hold, for the same reason."""

_MOST_MARKS: Final = 500
"""How many quotation marks are tried as the end of one text, for the same reason."""

_CLOSING: Final = {
    '"': '"', "'": "'", "“": "”", "‘": "’", "„": "“", "”": "”", "’": "’", "«": "»", "`": "`",
}  # fmt: skip
_BRACKET: Final = re.compile(r"[{\[]")
_BLANK: Final = re.compile(r"(?:\s+|//[^\n]*|#[^\n]*|/\*.*?\*/)*", re.S)
_BARE: Final = re.compile(r"""[^\s,:{}\[\]"“”„«»`][^,:{}\[\]\n"“”„«»`]*""")
_KEY: Final = re.compile(r"[^\W\d][\w -]*?(?=\s*:)|\d+(?=\s*:)")
_DECIMAL_COMMA: Final = re.compile(r"\s*[-+−]?\d+,\d{1,2}(?=\s*[}\]])")
_AFTER_TEXT: Final = re.compile(r"\s*(?:[,:}\]]|$)")
_CONSTANTS: Final = {
    "true": True, "false": False, "null": None, "none": None,
    "nan": float("nan"), "infinity": inf, "-infinity": -inf,
}  # fmt: skip
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?")


class Bare(str):
    """A value without quotes that is no JSON value: ``.5``, ``7/10``, ``coffee``."""

    __slots__ = ()


class Several:
    """The value of a key that stands twice in an object, with two values."""


SEVERAL: Final = Several()


@dataclass(frozen=True, slots=True)
class Found:
    """A value in a text, from ``start`` to ``end``; or, with ``problem``, why there is none."""

    start: int
    end: int
    value: Any = None
    problem: str = ""


class _BrokenError(Exception):
    """There is no value here."""


class _CutError(_BrokenError):
    """The text ends inside a value."""


def values_in(text: str) -> Iterator[Found]:
    """The objects and lists in a text, in their order, and what looked like one.

    >>> [pieces.value for pieces in values_in("I say {'stance': .5,} or [1, 2].")]
    [{'stance': '.5'}, [1, 2]]
    >>> [pieces.problem for pieces in values_in('{"stance": 0.5')]
    ['it breaks off']
    """
    at, parser = 0, _Parser(text)
    for begin in [bracket.start() for bracket in _BRACKET.finditer(text)][-MOST:]:
        if begin < at:
            continue
        try:
            parser.left = LARGEST
            value, end = parser.value(begin, 0)
        except _CutError as error:
            yield Found(begin, len(text), problem=str(error))
        except _BrokenError as error:
            yield Found(begin, begin + 1, problem=str(error))
        else:
            yield Found(begin, end, value)
            at = end


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.left = LARGEST

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        """The value at a place, and where it ends."""
        if depth > DEEPEST:
            raise _BrokenError("it nests without end")
        self.left -= 1
        if self.left < 0:
            raise _BrokenError("it has entries without end")
        at = self._skip(at)
        mark = self.text[at]
        if mark == "{":
            return self._object(at + 1, depth)
        if mark == "[":
            return self._list(at + 1, depth)
        if mark in _CLOSING:
            return self._text(at)
        return self._bare(at)

    def _skip(self, at: int) -> int:
        blank = _BLANK.match(self.text, at)
        at = at if blank is None else blank.end()
        if at >= len(self.text):
            raise _CutError("it breaks off")
        return at

    def _object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        pieces: dict[str, Any] = {}
        while True:
            try:
                at = self._skip(at)
            except _CutError:
                # Only the outermost brace may be missing, and only after a value that is whole.
                if depth or not pieces:
                    raise
                return pieces, len(self.text)
            if self.text[at] == "}":
                return pieces, at + 1
            key, at = self._key(at)
            at = self._skip(at)
            if self.text[at] != ":":
                raise _BrokenError(f"there is no colon after {key!r}")
            value, at = self.value(at + 1, depth + 1)
            if key in pieces and pieces[key] != value:
                value = SEVERAL
            pieces[key] = value
            at = self._after(at, depth)

    def _after(self, at: int, depth: int) -> int:
        """Past the comma behind an entry of an object; at the brace, where it ends."""
        try:
            at = self._skip(at)
        except _CutError:
            if depth:
                raise
            return len(self.text)
        if self.text[at] == ",":
            return at + 1
        if self.text[at] == "}":
            return at
        raise _BrokenError(f"there is no comma before {self.text[at : at + 10]!r}")

    def _key(self, at: int) -> tuple[str, int]:
        if self.text[at] in _CLOSING:
            return self._text(at)
        bare = _KEY.match(self.text, at)
        if bare is None:
            if at + 40 > len(self.text) and ":" not in self.text[at:]:
                raise _CutError("it breaks off")
            raise _BrokenError(f"there is no name of a field at {self.text[at : at + 10]!r}")
        return bare.group().strip(), bare.end()

    def _list(self, at: int, depth: int) -> tuple[list[Any], int]:
        pieces: list[Any] = []
        while True:
            at = self._skip(at)
            if self.text[at] == "]":
                return pieces, at + 1
            value, at = self.value(at, depth + 1)
            pieces.append(value)
            at = self._skip(at)
            if self.text[at] == ",":
                at += 1
            elif self.text[at] != "]":
                raise _BrokenError(f"there is no comma before {self.text[at : at + 10]!r}")

    def _text(self, at: int) -> tuple[str, int]:
        mark, closing = self.text[at], _CLOSING[self.text[at]]
        if mark == '"':
            try:
                text, end = json.decoder.scanstring(self.text, at + 1, False)  # type: ignore[attr-defined]
                return str(text), int(end)
            except ValueError:
                if self.text.find('"', at + 1) < 0:
                    raise _CutError("it breaks off") from None
                raise _BrokenError("a text in it has a wrong escape") from None
        end = at
        for _ in range(_MOST_MARKS):
            end = self.text.find(closing, end + 1)
            if end < 0:
                raise _CutError("it breaks off")
            # An apostrophe is no closing quote.
            if self.text[end - 1] != "\\" and _AFTER_TEXT.match(self.text, end + 1):
                return _unescaped(self.text[at + 1 : end].replace(f"\\{closing}", closing)), end + 1
        raise _BrokenError("a text in it has no end")

    def _bare(self, at: int) -> tuple[Any, int]:
        comma = _DECIMAL_COMMA.match(self.text, at)
        if comma is not None:
            return Bare(comma.group().strip()), comma.end()
        pieces = _BARE.match(self.text, at)
        if pieces is None:
            raise _BrokenError(f"there is no value at {self.text[at : at + 10]!r}")
        text, end = pieces.group(), pieces.end()
        for comment in (" //", " #", " /*"):
            if comment in text:
                text = text[: text.index(comment)]
                end = at + len(text)
        if end == len(self.text) and not text[-1:].isspace():
            raise _CutError("it breaks off")
        text = text.strip()
        if text.lower() in _CONSTANTS:
            return _CONSTANTS[text.lower()], end
        if _NUMBER.fullmatch(text):
            whole = text.lstrip("-").isdigit() and len(text) < 4000
            return (int(text) if whole else float(text)), end
        return Bare(text), end


def _unescaped(text: str) -> str:
    """A text between other quotes than JSON's, with its escapes read; as it is if one is wrong."""
    if "\\" not in text:
        return text
    try:
        return str(json.loads('"' + text.replace('"', '\\"') + '"', strict=False))
    except ValueError:
        return text
