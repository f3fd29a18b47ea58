"""Checks of a store's path before it is opened: each refuses what cannot hold a store."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

from sim.errors import StoreRefused

_OF_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\|[^/]*\\[^/]*\.db$")
_MAGIC = b"SQLite format 3\x00"

NETWORK_FILE_SYSTEMS = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse.cephfs",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "gfs2",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "smb3",
        "smbfs",
    }
)
"""Types of file system on which the shared memory of SQLite's WAL does not work."""

_MOUNTS = Path("/proc/self/mountinfo")


def file_system_of(path: str, mounts: str) -> str | None:
    """The type of the file system that holds an absolute path, or None if it cannot be told.

    ``mounts`` is the text of ``/proc/self/mountinfo``.

    >>> mounts = "1 0 8:1 / / rw - ext4 /dev/sda rw\\n2 1 0:9 / /home/a\\\\040b rw - nfs4 h:/x rw"
    >>> file_system_of("/home/a b/c.db", mounts), file_system_of("/home/c.db", mounts)
    ('nfs4', 'ext4')
    """
    kind: str | None = None
    longest = -1
    for line in mounts.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if not dash or len(fields) < 5 or not after:
            continue
        # The kernel writes blanks of a path as octal escapes.
        point = (
            fields[4].encode().decode("unicode_escape").encode("latin-1").decode("utf-8", "replace")
        )
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        # Of two mounts at one point the later hides the earlier.
        if inside and len(point) >= longest:
            longest = len(point)
            kind = after.split(" ", 1)[0]
    return kind


def refuse_network(path: Path) -> None:
    """Raise ``StoreRefused`` if the path lies on a network file system."""
    try:
        mounts = _MOUNTS.read_text("utf-8", "replace")
    except OSError:
        return  # not Linux: only the answer to ``PRAGMA journal_mode`` can tell
    kind = file_system_of(str(path), mounts)
    if kind in NETWORK_FILE_SYSTEMS:
        raise StoreRefused(
            f"store {path}: lies on a network file system ({kind}), where SQLite's write-ahead log "
            "loses data; use a path on a local disk"
        )


def writable(path: Path) -> bool:
    """Whether a file or folder can be written, by its mode even if we are root."""
    mode = path.stat().st_mode
    return bool(mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)) and os.access(path, os.W_OK)


LONGEST_NAME = 220
"""Bytes in the name of a store. Most file systems take 255, and a draft, a journal and a copy of a
store that was moved have its name and some letters more."""


def absolute(path: Path | str, *, create: bool = False) -> Path:
    """The path with symbolic links followed, so that a store has one lease however it is named.

    With ``create``, folders that are missing are made. Raises ``StoreRefused`` if it names a
    directory or something else that is no file, or if its folder does not exist or cannot be made.
    """
    if not str(path) or "\x00" in str(path):
        raise StoreRefused(f"store {str(path)!r}: is no path; name a file")
    if os.name != "nt" and _OF_WINDOWS.match(str(path)):
        raise StoreRefused(
            f"store {path}: is a path of Windows, and would be one odd file name here; "
            "write it with / and without a drive"
        )
    resolved = Path(os.path.realpath(Path(path).expanduser()))
    length = len(os.fsencode(resolved.name))
    if create and length > LONGEST_NAME:
        raise StoreRefused(
            f"store {resolved}: its name has {length} bytes; use at most {LONGEST_NAME}, because "
            "files beside it have longer names"
        )
    try:
        if resolved.is_symlink():  # What is left of a link that leads to itself.
            raise StoreRefused(f"store {path}: is a link in a loop; use another path")
        if resolved.is_dir():
            raise StoreRefused(f"store {resolved}: is a directory; name a file in it")
        if resolved.exists() and not resolved.is_file():
            raise StoreRefused(f"store {resolved}: is no regular file; name another one")
        if create:
            resolved.parent.mkdir(parents=True, exist_ok=True)
        elif not resolved.parent.is_dir():
            raise StoreRefused(
                f"store {resolved}: there is no folder {resolved.parent}; check the path"
            )
    except FileExistsError:
        raise StoreRefused(
            f"store {resolved}: {resolved.parent} is no folder; use another path"
        ) from None
    except OSError as error:
        raise StoreRefused(f"store {resolved}: {error.strerror}; use another path") from None
    return resolved


def refuse_foreign(path: Path) -> None:
    """Raise ``StoreRefused`` if an existing file is no SQLite database or cannot be read."""
    # SQLite looks first. On POSIX a process that closes a file gives up all locks that it has on
    # it, those of a run of its own, too: another process could then remove the log that the run
    # writes. SQLite knows of the locks and closes later.
    if _opens(path):
        return
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise StoreRefused(
            f"store {path}: cannot be read ({error.strerror}); check its permissions"
        ) from None
    if magic != _MAGIC:
        raise StoreRefused(
            f"store {path}: is not an Elsinore store (no SQLite file); use another path"
        )


def _opens(path: Path) -> bool:
    """Whether SQLite reads the head of a file, without a lock and without its log."""
    try:
        if not path.stat().st_size:
            return False  # An empty file would be an empty database.
        address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except (OSError, sqlite3.Error):
        return False
    return True


def refuse_read_only(path: Path) -> None:
    """Raise ``StoreRefused`` if the file or its folder cannot be written."""
    for place, what in ((path, "is read-only"), (path.parent, "lies in a read-only folder")):
        if place.exists() and not writable(place):
            raise StoreRefused(
                f"store {path}: {what}; make it writable (chmod u+w {place}) or use another path"
            )
