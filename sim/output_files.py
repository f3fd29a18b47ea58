"""The one way in which Elsinore writes a file that somebody asked for.

A file appears whole or not at all: what is written goes to a draft beside it, is brought to the
disk, and takes the name. What somebody would miss is never overwritten: a store and the files
beside it, Python and TOML (scenarios, tournaments), weights of a model, a directory.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from sim.errors import BadRequest, RunFailed

_KEPT = {
    b"SQLite format 3\x00": "is a store (an SQLite file)",
    b"GGUF": "holds the weights of a model",
}
"""How files begin that are never overwritten."""

_SOURCES = {".py": "is Python, perhaps a scenario", ".toml": "is TOML, perhaps a tournament"}
_BESIDE_A_STORE = ("-wal", "-shm", "-journal", ".lock")
_RUN_BY_SPREADSHEETS = re.compile(r"^[\s\x00-\x1f]*[=+\-@＝＋－＠]")


def check_output(path: Path | str, what: str) -> Path:
    """The place of an output, links followed. ``what`` names it in messages: ``--csv``, say.

    Raises ``BadRequest`` if there is no place for it, or something that is not overwritten.
    """
    if not str(path) or "\x00" in str(path):
        raise BadRequest(f"{what} {str(path)!r}: is no path; name a file")
    try:
        out = Path(os.path.realpath(path))
        if out.is_symlink():  # What is left of a link that leads to itself.
            raise BadRequest(f"{what} {path}: is a link in a loop; use another path")
        if out.is_dir():
            raise BadRequest(f"{what} {out}: is a directory; name a file in it")
        if not out.parent.is_dir():
            raise BadRequest(f"{what} {out}: there is no folder {out.parent}; create it first")
        kept = _kept(out)
        # A pipe or a device is written where it is; a file takes the place of another.
        if (out.is_file() or not out.exists()) and not os.access(out.parent, os.W_OK):
            raise BadRequest(f"{what} {out}: lies in a read-only folder; use another path")
    except OSError as error:
        raise BadRequest(f"{what} {path}: {error.strerror}; use another path") from None
    if kept is not None:
        raise BadRequest(f"{what} {out}: {kept}, and is not overwritten; use another path")
    return out


def write_file(path: Path | str, parts: Iterable[bytes], what: str) -> None:
    """Write a file, whole or not at all; to a pipe or a device, part by part.

    Raises ``BadRequest`` as ``check_output`` does, ``RunFailed`` if the disk is full, say.
    """
    out = check_output(path, what)
    if out.exists() and not out.is_file():
        with _failing(out, what), out.open("wb") as stream:
            _write(stream, parts)
        return
    draft = out.with_name(f".elsinore.{os.getpid()}.new")
    try:
        with _failing(out, what):
            with draft.open("wb") as file:
                _write(file, parts)
                os.fsync(file.fileno())
            if out.exists():
                draft.chmod(out.stat().st_mode & 0o777)
            os.replace(draft, out)
    finally:
        # Where nothing could be written, nothing can be removed either: what failed is told.
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def write_text(path: Path | str, text: str, what: str) -> None:
    """Write a text in UTF-8, whole or not at all. Raises what ``write_file`` does."""
    write_file(path, [text.encode("utf-8", "replace")], what)


def spreadsheet_cell(value: object) -> object:
    """A cell of a CSV that no spreadsheet takes for a formula: such a text gets an apostrophe
    before it. Numbers stay as they are.

    >>> spreadsheet_cell("=1+1"), spreadsheet_cell("Ada"), spreadsheet_cell(-0.5)
    ("'=1+1", 'Ada', -0.5)
    """
    if isinstance(value, str) and _RUN_BY_SPREADSHEETS.search(value):
        return f"'{value}"
    return value


def _kept(out: Path) -> str | None:
    """Why a file is not overwritten, or None."""
    for ending in _BESIDE_A_STORE:
        if out.name.endswith(ending) and out.with_name(out.name.removesuffix(ending)).exists():
            return f"belongs to {out.name.removesuffix(ending)}"
    if not out.is_file():
        return None
    if out.suffix.lower() in _SOURCES:
        return _SOURCES[out.suffix.lower()]
    with out.open("rb") as file:
        beginning = file.read(16)
    for magic, told in _KEPT.items():
        if beginning.startswith(magic):
            return told
    return None


def _write(stream: BinaryIO, parts: Iterable[bytes]) -> None:
    for part in parts:
        stream.write(part)
    stream.flush()


@contextlib.contextmanager
def _failing(out: Path, what: str) -> Iterator[None]:
    """Turn errors of the system into ``BadRequest`` or ``RunFailed``."""
    try:
        yield
    except PermissionError as error:
        raise BadRequest(f"{what} {out}: {error.strerror}; use another path") from None
    except OSError as error:
        raise RunFailed(
            f"{what} {out}: cannot be written ({error.strerror}); make room or use another path"
        ) from error
