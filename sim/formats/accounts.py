"""What exports of accounts have in common: conversations in one or more files, often in a zip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sim.formats.archives import archive, is_archive, member
from sim.formats.format import HEAD, FormatError, Head
from sim.formats.json_files import Record, first_keys, keys_of, records_in, records_of

_FILE: Final = re.compile(r"(?:^|/)conversations(?:-\d+)?\.json$")
"""Large accounts come with several files, numbered."""


def records(path: Path, encoding: str) -> Iterator[Record]:
    """The conversations of an export: of a zip, of its folder, or of one file from it.

    Raises ``FormatError``.
    """
    if path.is_dir():
        files = sorted(each for each in path.rglob("*.json") if _FILE.search(each.as_posix()))
        if not files:
            raise FormatError(f"{path}: there is no conversations.json; name the export's folder")
        for file in files:
            yield from records_of(file, encoding)
    elif is_archive(path):
        with archive(path) as opened:
            names = sorted(name for name in opened.namelist() if _FILE.search(name))
            if not names:
                raise FormatError(f"{path}: there is no conversations.json; name the export's zip")
            for name in names:
                with member(opened, name) as stream:
                    yield from records_in(stream, f"{path}, {name}")
    else:
        yield from records_of(path, encoding)


def keys(head: Head) -> frozenset[str]:
    """The keys of the first conversation of an export; none if it is no export."""
    first = next((name for name in sorted(head.names) if _FILE.search(name)), None)
    if first is None:
        return frozenset() if head.names else first_keys(head)
    try:
        if head.path.is_dir():
            with (head.path / first).open("rb") as file:
                data = file.read(HEAD)
        else:
            with archive(head.path) as opened, member(opened, first) as stream:
                data = stream.read(HEAD)
    except (FormatError, OSError):
        return frozenset()
    return keys_of(data.decode("utf-8-sig", "replace"))
