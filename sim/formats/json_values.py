"""Large JSON files, value by value: a list of a million messages is never whole in memory.

Each value comes with the line on which it begins. A value that is asked for, or lies deep, is
decoded in one piece and has to fit into ``LONGEST`` letters; what lies around it is walked through.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final, TextIO

from sim.formats.format import FormatError, wrong
from sim.formats.texts import LONGEST, no_text

_CHUNK: Final = 1 << 16
_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_DEEPEST: Final = 6
"""Below so many levels a value is decoded in one piece, whether it was asked for or not."""

_NEAR: Final = 16
"""What is decoded up to so many letters before the end of what was read may go on."""


def values_of(file: TextIO, path: Path, wanted: Collection[str]) -> Iterator[tuple[str, int, Any]]:
    """The values at the places ``wanted``, as (place, line, value), in the order of the file.

    A place is the names that lead to it, with a full stop between, and ``[]`` for each of a list:
    ``chats.list[].name``. A place with ``^`` behind it is told where its value begins, with the
    first letter (``{``, ``[``) as the value. Half of a pair of surrogates is replaced. Lines count
    from 1.

    Raises ``FormatError`` with the line where the file is no JSON, is cut off, or holds a value of
    more than ``LONGEST`` letters.
    """
    yield from _Walk(file, path, frozenset(wanted)).document()


class _Walk:
    """A way through a file, with a window of its text."""

    def __init__(self, file: TextIO, path: Path, wanted: frozenset[str]) -> None:
        self._file = file
        self._path = path
        self._wanted = wanted
        self._decode = json.JSONDecoder().raw_decode
        self._text = ""
        self._at = 0
        self._counted = 0  # Up to here the line ends of the window are counted.
        self._line = 1
        self._ended = False

    def document(self) -> Iterator[tuple[str, int, Any]]:
        """The wanted values of the whole file."""
        if not self._next():
            raise wrong(self._path, 0, "is empty; give a JSON file")
        yield from self._value("", 0)
        if self._next():
            raise self._wrong("there is something after the end of the JSON")

    def _value(self, place: str, depth: int) -> Iterator[tuple[str, int, Any]]:
        """The wanted values at a place and under it; the window stands at its first letter."""
        first = self._next()
        if f"{place}^" in self._wanted:
            yield f"{place}^", self._line_here(), first
        if place in self._wanted:
            line = self._line_here()
            yield place, line, self._decoded()
        elif first == "{" and depth < _DEEPEST:
            for _ in self._members("{", "}"):
                name = self._decoded() if self._next() == '"' else None
                if name is None:
                    raise self._wrong("a name in double quotes is missing")
                self._pass(":")
                yield from self._value(f"{place}.{name}" if place else str(name), depth + 1)
        elif first == "[" and depth < _DEEPEST:
            for _ in self._members("[", "]"):
                yield from self._value(f"{place}[]", depth + 1)
        else:
            self._decoded()

    def _members(self, opening: str, closing: str) -> Iterator[None]:
        """Stops before each member of a list or an object."""
        self._pass(opening)
        if self._next() == closing:
            self._at += 1
            return
        while True:
            yield
            if self._next() == closing:
                self._at += 1
                return
            self._pass(",")

    def _pass(self, sign: str) -> None:
        if self._next() != sign:
            raise self._wrong(f"{sign!r} is missing")
        self._at += 1

    def _next(self) -> str:
        """The next letter that is no blank, which the window then stands at; blank at the end."""
        while True:
            found = _BLANKS.match(self._text, self._at)
            self._at = found.end() if found is not None else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def _decoded(self) -> Any:
        """The value at which the window stands, decoded; the window then stands after it."""
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # Measured from here: to read on moves the window.
                ahead = error.pos - self._at
                cut = error.msg.startswith("Unterminated") or error.pos + _NEAR > len(self._text)
                if cut and len(self._text) - self._at <= LONGEST and self._fill():
                    continue
                self._at = min(self._at + ahead, len(self._text))
                raise self._wrong(f"{error.msg[:1].lower()}{error.msg[1:]}") from None
            except RecursionError:
                raise self._wrong("it nests too deep") from None
            except ValueError:
                raise self._wrong("a number has thousands of digits") from None
            # A number near the end of the window may go on: 1, 1.5, 1.5e+9.
            length = end - self._at
            number = self._text[end - 1].isdigit()
            if number and end + _NEAR > len(self._text) and self._fill():
                continue
            start, self._at = self._at, self._at + length
            # Only an escape can bring half of a pair in.
            if any(self._text.find(escape, start, self._at) >= 0 for escape in ("\\ud", "\\uD")):
                try:
                    return _whole(value)
                except RecursionError:
                    raise self._wrong("it nests too deep") from None
            return value

    def _fill(self) -> bool:
        """Read on; False at the end of the file. What lies behind is dropped."""
        if self._ended:
            return False
        rest = len(self._text) - self._at
        line = self._line_here()
        try:
            more = self._file.read(max(_CHUNK, rest))
        except UnicodeError as error:
            ahead = line + self._text.count("\n", self._at)
            raise no_text(self._path, ahead, error) from None
        self._text = self._text[self._at :] + more
        self._at = self._counted = 0
        self._ended = not more
        return not self._ended

    def _line_here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _wrong(self, what: str) -> FormatError:
        cut = self._ended and self._at >= len(self._text.rstrip())
        told = "the file is cut off" if cut else f"is no JSON: {what}"
        return wrong(self._path, self._line_here(), f"{told}; export or save it again")


def _whole(value: Any) -> Any:
    """A value with U+FFFD for every half of a pair of surrogates, which no file can hold."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(each) for each in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(each) for name, each in value.items()}
    return value
