"""JSON files that may be larger than the memory: the values of an array, or one after the other.

A file is read in pieces, and only the value at hand is held. JSON Lines, an array and a single
object spread over many lines are all the same here: a row of values, each with its line.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from sim.formats.format import FormatError, Head, wrong
from sim.formats.texts import opened

LARGEST = 256 << 20
"""The most letters of one value: of a conversation with all that belongs to it."""

_PIECE = 1 << 20
"""A file is read in pieces of so many bytes."""

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")
_LONE = re.compile("[\ud800-\udfff]")
_TOKENS = re.compile(r'"((?:[^"\\]++|\\.)*+)(?:"(\s*:)?|\\?\Z)|[{}\[\]]', re.S)
_LAST_WORD = len('"\\u0000\\u0000"')
"""A mistake so near the end of a piece may be a word that goes on in the next one."""


@dataclass(frozen=True, slots=True)
class Record:
    """An object of a JSON file, with where it stands; what is read of it is of the right kind.

    ``line`` is the line of the file on which the value begins that it belongs to, ``place`` where
    in that value it is. Every method raises ``FormatError`` for what is of another kind.
    """

    path: Path | str
    line: int
    fields: dict[str, Any]
    place: str = ""

    def wrong(self, what: str) -> FormatError:
        """The error for this record."""
        return wrong(self.path, self.line, f"{self.place}: {what}" if self.place else what)

    def text(self, *names: str) -> str:
        """The text of the first field that is there; blank if there is none. Numbers count."""
        for name in names:
            value = self.fields.get(name)
            if isinstance(value, str):
                return sound(value)
            if isinstance(value, int | float) and not isinstance(value, bool):
                return str(value)
            if value is not None:
                raise self._kind(name, "a text")
        return ""

    def number(self, name: str) -> float | None:
        """A number, or None if there is none."""
        value = self.fields.get(name)
        if value is not None and (not isinstance(value, int | float) or isinstance(value, bool)):
            raise self._kind(name, "a number")
        return value

    def list(self, name: str) -> list[Any]:
        """A list; empty if there is none."""
        value = self.fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._kind(name, "a list")
        return value

    def record(self, name: str) -> Record:
        """An object in a field; one without fields if there is none."""
        value = self.fields.get(name)
        return self.inside(name, {} if value is None else value)

    def records(self, name: str) -> Iterator[Record]:
        """The objects of a list, in its order; none if there is no list."""
        for number, value in enumerate(self.list(name), start=1):
            yield self.inside(f"{name} {number}", value)

    def inside(self, name: str, value: Any) -> Record:
        """A value of this record, as a record."""
        place = f"{self.place}, {name}" if self.place else name
        if not isinstance(value, dict):
            raise wrong(self.path, self.line, f"{place}: is no object; write {{...}}")
        return Record(self.path, self.line, value, place)

    def time(self, name: str) -> str:
        """A time in ISO 8601: as it stands, or of seconds since 1970; blank if there is none."""
        value = self.fields.get(name)
        if value is None or value == "":
            return ""
        try:
            if isinstance(value, str):
                datetime.fromisoformat(value)
                return value
            if isinstance(value, int | float) and not isinstance(value, bool):
                return iso(value)
        except (ValueError, OverflowError, OSError):
            pass
        raise self.wrong(f"{name!r} is no time; write it in ISO 8601, or leave it out")

    def _kind(self, name: str, wanted: str) -> FormatError:
        return self.wrong(f"{name!r} is not {wanted}; correct it, or leave it out")


def sound(text: str) -> str:
    """A text without halves of letters, which no file in UTF-8 can hold.

    >>> sound("a\\ud800b")
    'a\ufffdb'
    """
    return _LONE.sub("\ufffd", text)


def iso(seconds: float) -> str:
    """Seconds since 1970 in ISO 8601, in UTC. Raises ``ValueError`` or ``OverflowError``.

    >>> iso(1700000000), iso(0.5)
    ('2023-11-14T22:13:20+00:00', '1970-01-01T00:00:00.500000+00:00')
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def records_of(path: Path, encoding: str = "") -> Iterator[Record]:
    """The objects of a file: of its array, or one after the other. Raises ``FormatError``."""
    with closing(opened(path, encoding)) as file:
        yield from records_in(file.buffer, path, file.encoding)


def records_in(stream: BinaryIO, path: Path | str, encoding: str = "utf-8-sig") -> Iterator[Record]:
    """The objects of an open file. ``path`` names it in errors."""
    for line, value in _values(_Pieces(stream, path, encoding)):
        if not isinstance(value, dict):
            raise wrong(path, line, "is no object; write one conversation each as {...}")
        yield Record(path, line, value)


def record_in_line(
    data: bytes, path: Path, line: int, encoding: str = "utf-8-sig"
) -> Record | None:
    """The object in one line of JSON Lines; None if it is blank. Raises ``FormatError``."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise wrong(
            path, line, f"is no text in {error.encoding}; save it in UTF-8, or say --encoding"
        ) from None
    if not text.strip():
        return None
    try:
        value = json.loads(text)
    except RecursionError:
        raise wrong(path, line, "nests too deep; flatten it") from None
    except ValueError as error:
        raise wrong(path, line, f"is no JSON ({error}); write one object a line") from None
    if not isinstance(value, dict):
        raise wrong(path, line, "is no object; write one a line as {...}")
    return Record(path, line, value)


def whole(path: Path, encoding: str = "") -> Record:
    """The one object of a file. Raises ``FormatError`` if there is none, or another one."""
    with closing(opened(path, encoding)) as file:
        return whole_in(file.buffer, path, file.encoding)


def whole_in(stream: BinaryIO, path: Path | str, encoding: str = "utf-8-sig") -> Record:
    """The one object of an open file. ``path`` names it in errors."""
    found: Record | None = None
    for record in records_in(stream, path, encoding):
        if found is not None:
            raise record.wrong("there is a second object in the file; keep one")
        found = record
    if found is None:
        raise FormatError(f"{path}: is empty; give a file with a conversation in it")
    return found


def keys_of(text: str) -> frozenset[str]:
    """The keys of the first object in a text that may be cut off, with those above them.

    What lists hold counts as if it stood there itself.

    >>> sorted(keys_of('[{"id": 1, "messages": [{"role": "user", "con'))
    ['id', 'messages', 'messages.role']
    """
    keys: set[str] = set()
    open_ones: list[tuple[str, str]] = []
    under = ""
    for token in _TOKENS.finditer(text):
        sign = token.group()
        if sign in "{[":
            open_ones.append((sign, under))
        elif sign in "}]":
            if open_ones:
                open_ones.pop()
            if not any(opened_by == "{" for opened_by, _ in open_ones):
                break
            under = open_ones[-1][1]
        elif token[2] and open_ones:
            above = open_ones[-1][1]
            under = f"{above}.{token[1]}" if above else token[1]
            keys.add(under)
    return frozenset(keys)


def first_keys(head: Head) -> frozenset[str]:
    """The keys of a file's first object; none if it is no JSON."""
    return keys_of(head.text) if head.text.lstrip()[:1] in ("{", "[") else frozenset()


class _Pieces:
    """The text of a file, piece by piece, with the line that each piece begins on."""

    def __init__(self, stream: BinaryIO, path: Path | str, encoding: str) -> None:
        name = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
        self._decoder = codecs.getincrementaldecoder(name)()
        self._stream = stream
        self.path = path
        self.encoding = encoding
        self.buffer = ""
        self.at = 0
        self.line = 1
        self.ended = False

    def more(self) -> None:
        """Read on, at least as much again as is held: so a long value takes linear time."""
        rest = self.buffer[self.at :]
        if len(rest) > LARGEST:
            raise wrong(
                self.path, self.line,
                f"is longer than {LARGEST >> 20} million letters; is a quote or a bracket missing?",
            )  # fmt: skip
        data = self._stream.read(max(_PIECE, len(rest)))
        self.ended = not data
        try:
            text = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            line = self.line + rest.count("\n") + bytes(error.object[: error.start]).count(b"\n")
            raise wrong(
                self.path, line,
                f"is no text in {self.encoding}; save it in UTF-8, or say --encoding",
            ) from None  # fmt: skip
        self.buffer, self.at = rest + text, 0

    def move(self, to: int) -> None:
        """Go to a place in the buffer."""
        self.line += self.buffer.count("\n", self.at, to)
        self.at = to

    def sign(self) -> str:
        """The next letter that is not blank; blank at the end."""
        while True:
            blank = _BLANK.match(self.buffer, self.at)
            self.move(self.at if blank is None else blank.end())
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if self.ended:
                return ""
            self.more()

    def value(self) -> Any:
        """The value here."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self.buffer, self.at)
            except json.JSONDecodeError as error:
                near = error.pos >= len(self.buffer) - _LAST_WORD
                if not self.ended and (near or error.msg.startswith("Unterminated string")):
                    self.more()
                    continue
                line = self.line + self.buffer.count("\n", self.at, error.pos)
                told = error.msg[0].lower() + error.msg[1:]
                raise wrong(self.path, line, f"is no JSON ({told}); correct it there") from None
            except RecursionError:
                raise wrong(self.path, self.line, "nests too deep; flatten it") from None
            except ValueError as error:  # A number with thousands of digits.
                raise wrong(self.path, self.line, f"is no JSON ({error})") from None
            self.move(end)
            return value


def _values(pieces: _Pieces) -> Iterator[tuple[int, Any]]:
    """The values of an array, or one after the other, each with its line."""
    inside = pieces.sign() == "["
    if inside:
        pieces.move(pieces.at + 1)
    first = True
    while sign := pieces.sign():
        if inside and sign == "]":
            pieces.move(pieces.at + 1)
            if pieces.sign():
                raise wrong(pieces.path, pieces.line, "something follows the array; take it away")
            return
        if inside and not first:
            if sign != ",":
                raise wrong(pieces.path, pieces.line, "a comma is missing between two values")
            pieces.move(pieces.at + 1)
            pieces.sign()
        first = False
        line = pieces.line
        yield line, pieces.value()
    if inside:
        raise wrong(pieces.path, pieces.line, "the array has no end; is the file cut off?")
