"""The files of a Slack export, in a folder or in a zip; they are read where they lie."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from sim.formats.format import FormatError, ReadOptions, wrong
from sim.formats.json_values import values_of
from sim.formats.texts import opened

LISTS: Final = ("channels.json", "groups.json", "mpims.json", "dms.json")
"""The files that name conversations."""

USERS: Final = ("users.json", "org_users.json")
"""The files that name people."""

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d\.json")
_DEPTHS: Final = ("*.json", "*/*.json", "*/*/*.json")
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError)
"""What a damaged, a protected or an unusual zip raises where it is read."""


class Export:
    """The files of an export by their names, ``general/2023-12-31.json``."""

    def __init__(self, path: Path, names: list[str], archive: zipfile.ZipFile | None) -> None:
        self._path = path
        self._archive = archive
        # Some pack the folder and not what is in it.
        tops = [name.rpartition("/")[0] for name in names if name.endswith((*LISTS, *USERS))]
        tops.sort(key=len)
        self._top = f"{tops[0]}/" if tops and tops[0] else ""
        within = (name for name in names if name.startswith(self._top))
        self._names = {name.removeprefix(self._top) for name in within}

    def path(self, name: str) -> Path:
        """Where a file is, for messages."""
        return self._path / self._top / name

    def folders(self) -> list[str]:
        """The folders that hold messages."""
        parts = (name.split("/") for name in self._names)
        return sorted({folder[0] for folder in parts if len(folder) == 2 and _is_day(folder[1])})

    def days(self, folder: str) -> list[str]:
        """The files of a folder, in the order of time."""
        within = (name for name in self._names if name.startswith(f"{folder}/"))
        return sorted(name for name in within if _is_day(name.rpartition("/")[2]))

    def values(self, name: str, how: ReadOptions) -> Iterator[tuple[int, Any]]:
        """The values of a list with their lines; none if there is no such file."""
        if name not in self._names:
            return
        where = self.path(name)
        try:
            with closing(self._opened(name, how)) as file:
                for place, line, value in values_of(file, where, ("^", "[]")):
                    if place == "[]":
                        yield line, value
                    elif value != "[":
                        raise wrong(where, line, "is no list; export it again")
        except FormatError:
            raise
        except _BROKEN as error:
            raise FormatError(f"{where}: cannot be read ({error}); export it again") from None

    def _opened(self, name: str, how: ReadOptions) -> TextIO:
        if self._archive is None:
            return opened(self.path(name), how.encoding)
        raw = self._archive.open(self._top + name)
        try:
            return io.TextIOWrapper(raw, encoding=how.encoding or "utf-8-sig", newline="")
        except LookupError:
            raise FormatError(
                f"{self._path}: the encoding {how.encoding!r} is unknown; Slack writes utf-8"
            ) from None


@contextmanager
def opened_export(path: Path) -> Iterator[Export]:
    """The export in a folder or a zip. Raises ``FormatError`` if it is neither."""
    if path.is_dir():
        files = (file for depth in _DEPTHS for file in path.glob(depth))
        yield Export(path, [file.relative_to(path).as_posix() for file in files], None)
        return
    if not path.is_file():
        what = "is no regular file" if path.exists() else "there is no such file"
        raise FormatError(f"{path}: {what}; give the folder or the zip that Slack exported")
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise FormatError(
            f"{path}: is no zip ({error}); give the folder or the zip that Slack exported"
        ) from None
    with archive:
        yield Export(path, archive.namelist(), archive)


def _is_day(name: str) -> bool:
    return _DAY.fullmatch(name) is not None
