"""The one way in which Elsinore reads a small file that somebody gave: TOML, a sheet, prices.

It has to be a regular file of a bounded size: a pipe would be waited for, and a link to a device
has no end.
"""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

from sim.errors import BadRequest

MOST = 16 << 20
"""The most bytes of such a file."""

_DOTS = 2_000**2
"""The most squares of dots in the lines of a TOML file: one line of two thousand, say."""


def read_text(path: Path | str, what: str = "", *, lenient: bool = False) -> str:
    """The text of a file in UTF-8, without the mark that some editors put before it.

    ``what`` stands before the path in messages (``--from``, say). ``lenient`` also takes what
    spreadsheet programs write: UTF-16 with its mark, and the Windows code page of western Europe.
    Raises ``BadRequest`` if there is no such file, it is no regular one, too large, or no such
    text.
    """
    where = f"{what} {path}".strip()
    try:
        # Not to wait for a pipe's other end before its kind is known.
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise BadRequest(f"{where}: there is no such file") from None
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise BadRequest(f"{where}: cannot be read ({told})") from None
    kind = os.fstat(number).st_mode
    if not stat.S_ISREG(kind):
        os.close(number)
        if stat.S_ISDIR(kind):
            raise BadRequest(f"{where}: is a directory; name a file in it")
        raise BadRequest(f"{where}: is no regular file; save it as one")
    try:
        with os.fdopen(number, "rb") as file:
            content = file.read(MOST + 1)
    except OSError as error:
        raise BadRequest(f"{where}: cannot be read ({error.strerror})") from None
    if len(content) > MOST:
        raise BadRequest(f"{where}: has more than {MOST >> 20} MB; is it the right file?")
    try:
        if lenient and content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if lenient and b"\x00" not in content:
            return content.decode("cp1252", "replace")
        raise BadRequest(
            f"{where}: is no text in UTF-8 (byte {error.start}); save it in UTF-8"
        ) from None


def read_toml(path: Path | str, what: str = "") -> dict[str, Any]:
    """The table of a TOML file. Raises ``BadRequest`` with the line of the mistake."""
    text = read_text(path, what)
    where = f"{what} {path}".strip()
    # A key of n parts takes tomllib memory in proportion to n * n: 20 GB for a.a.a... of 200 kB.
    if sum(line.count(".") ** 2 for line in text.splitlines()) > _DOTS:
        raise BadRequest(f"{where}: a line of it has too many dots; break it into several")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise BadRequest(f"{where}: is no TOML: it nests too deep") from None
    except ValueError as error:  # TOMLDecodeError, and numbers with thousands of digits.
        raise BadRequest(f"{where}: is no TOML: {error}") from None
