"""The formats by name, and how a file's format is found by its content."""

from __future__ import annotations

import zipfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import BadRequest
from sim.formats.format import HEAD, FormatError, Head
from sim.text.suggestions import nearest

if TYPE_CHECKING:
    from sim.formats.format import Format

FORMATS = {
    "elsinore": "elsinore_export:ELSINORE",
    "csv": "delimited:CSV",
    "tsv": "delimited:TSV",
}
"""Where each format is defined: the module of this package, and the name in it."""

LEAST = 0.25
"""A file that fits no format better than this is of none."""


def named(name: str) -> Format:
    """A format by its name. Raises ``BadRequest`` with the names that there are.

    >>> named("csv").name
    'csv'
    """
    if name not in FORMATS:
        raise BadRequest(f"--format {name}: there is no such format{nearest(name, FORMATS)}")
    module, _, attribute = FORMATS[name].partition(":")
    found: Format = getattr(import_module(f"sim.formats.{module}"), attribute)
    return found


def head_of(path: Path) -> Head:
    """The beginning of a file, or the names in a folder or a zip. Raises ``FormatError``."""
    try:
        if path.is_dir():
            names = sorted(each.name for each in path.iterdir())
            return Head(path, names=tuple(names))
        if not path.is_file():
            what = "is no regular file" if path.exists() else "there is no such file"
            raise FormatError(f"{path}: {what}; name a file or a folder")
        with path.open("rb") as file:
            data = file.read(HEAD)
        names = []
        if data.startswith(b"PK"):
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise FormatError(f"{path}: cannot be read ({told})") from None
    return Head(path, data, tuple(names))


def detected(path: Path) -> Format:
    """The format that fits a file best. Raises ``FormatError`` if none does."""
    head = head_of(path)
    if not head.data and not head.names:
        raise FormatError(f"{path}: is empty; give a file with a conversation in it")
    scores = {name: named(name).fits(head) for name in FORMATS}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] < LEAST:
        raise FormatError(
            f"{path}: is of no format that is known by its content; say --format, one of "
            f"{', '.join(FORMATS)}"
        )
    return named(best)
