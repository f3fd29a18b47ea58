"""Text files as they come: with or without a mark of their encoding, read line by line."""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TextIO

from sim.formats.format import FormatError, wrong

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def opened(path: Path, encoding: str = "") -> TextIO:
    """A regular file, open as text, to be read line by line; the caller closes it.

    Without an ``encoding`` it is that of the mark at its beginning, or UTF-8. Line ends are left as
    they are. Raises ``FormatError`` if there is no such file or encoding; reading raises
    ``UnicodeDecodeError`` where the bytes are no text.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise FormatError(f"{path}: is no regular file; name one")
        with path.open("rb") as file:
            start = file.read(4)
    except FileNotFoundError:
        raise FormatError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise FormatError(f"{path}: cannot be read ({told})") from None
    found = next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8")
    try:
        known = codecs.lookup(encoding or found).name
        # UTF-8 with a mark is the same with the mark taken off.
        return path.open(encoding="utf-8-sig" if known == "utf-8" else known, newline="")
    except LookupError:  # Also one that is known and none of texts: hex.
        raise FormatError(
            f"{path}: the encoding {encoding!r} is unknown; write utf-8, latin-1, cp1252, ..."
        ) from None


LONGEST = 16 << 20
"""The most letters of a line: a file without line ends is not read whole."""

_LINE_END = re.compile(r"\r\n?|\n")


def no_text(path: Path | str, line: int, error: UnicodeError) -> FormatError:
    """The error for bytes that are no text, which a file read from ``line`` on ran into.

    A file is decoded some thousand bytes ahead of what is read, so lines may lie between.
    """
    if not isinstance(error, UnicodeDecodeError):
        return wrong(path, line, f"is no text ({error}); save it in UTF-8, or say --encoding")
    between = error.object[: error.start].decode(error.encoding, "ignore")
    return wrong(
        path, line + len(_LINE_END.findall(between)),
        f"is no text in {error.encoding}; save it in UTF-8, or say --encoding",
    )  # fmt: skip


def lines_of(path: Path, encoding: str = "") -> Iterator[str]:
    """The lines of a text file with their ends, one by one, as ``opened`` reads them.

    Raises ``FormatError`` with the line where the bytes are no text, or a line has no end.
    """
    number = 0
    with closing(opened(path, encoding)) as file:
        while True:
            number += 1
            try:
                line = file.readline(LONGEST + 1)
            except UnicodeError as error:
                raise no_text(path, number, error) from None
            if len(line) > LONGEST:
                raise wrong(path, number, f"is longer than {LONGEST:,} letters; is it a text file?")
            if not line:
                return
            yield line
