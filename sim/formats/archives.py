"""Zip files: their members as streams, also those in the compression of Zstandard."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from sim.formats.format import FormatError, wrong

_ZSTANDARD = 93
"""The number of the compression in zip files; Python before 3.14 cannot read it."""

_LOCAL_HEADER = 30
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)
"""What Python raises for a zip file that is damaged, encrypted or packed in a way it lacks."""


def is_archive(path: Path) -> bool:
    """Whether a file begins as a zip does; a damaged one, too."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False


@contextmanager
def archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip file, open. Raises ``FormatError`` if it is none, also while it is read."""
    try:
        with zipfile.ZipFile(path) as opened:
            yield opened
    except FileNotFoundError:
        raise FormatError(f"{path}: there is no such file") from None
    except FormatError:
        raise
    except (*_FAULTS, ValueError) as error:
        raise wrong(path, 0, f"cannot be unpacked ({error}); fetch or make it again") from None


@contextmanager
def member(opened: zipfile.ZipFile, name: str) -> Iterator[BinaryIO]:
    """A member of an open zip file, as a stream of bytes."""
    info = opened.getinfo(name)
    if info.compress_type != _ZSTANDARD:
        with opened.open(info) as stream:
            yield cast(BinaryIO, stream)
        return
    assert opened.fp is not None
    yield cast(BinaryIO, _Unpacked(opened.fp, info))


class _Unpacked(RawIOBase):
    """What a member in Zstandard holds. Raises ``BadZipFile`` where it is damaged."""

    def __init__(self, file: IO[bytes], info: zipfile.ZipInfo) -> None:
        import zstandard

        file.seek(info.header_offset)
        header = file.read(_LOCAL_HEADER)
        if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
            raise zipfile.BadZipFile(f"there is no {info.filename} at its place")
        # Before the data stand the name and more, whose lengths end the header.
        file.seek(int.from_bytes(header[26:28], "little"), 1)
        file.seek(int.from_bytes(header[28:30], "little"), 1)
        self._info = info
        self._checksum = 0
        self._fault = zstandard.ZstdError
        self._stream: Any = zstandard.ZstdDecompressor().stream_reader(
            cast(BinaryIO, _Slice(file, info.compress_size)), read_across_frames=True
        )

    def read(self, size: int = -1) -> bytes:
        """The next bytes; none at the end."""
        try:
            data: bytes = self._stream.read(size)
        except self._fault as error:
            raise zipfile.BadZipFile(f"{self._info.filename}: {error}") from None
        self._checksum = zlib.crc32(data, self._checksum)
        if not data and size and self._checksum != self._info.CRC:
            raise zipfile.BadZipFile(f"{self._info.filename}: the checksum is another one")
        return data


class _Slice:
    """So many bytes of a file from where it stands; others may move in it meanwhile."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._at = file.tell()
        self._end = self._at + size

    def read(self, size: int = -1) -> bytes:
        """The next bytes; none at the end."""
        left = self._end - self._at
        self._file.seek(self._at)
        data = self._file.read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data
