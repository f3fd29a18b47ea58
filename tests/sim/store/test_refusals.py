"""What is refused as a store, with one line that says what, where and how to fix it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

import sim.store.locations as checks
from sim.errors import StoreRefused
from sim.store import Writer, open_readonly
from sim.store.locations import file_system_of

OPENERS: list[Callable[[Path], object]] = [Writer.open, open_readonly]


def refusal(opened: Callable[[Path], object], path: Path, code: int = 2) -> str:
    with pytest.raises(StoreRefused) as caught:
        opened(path)
    message = str(caught.value)
    assert message.startswith(f"store {path}: ")
    assert "\n" not in message
    assert ";" in message, "it says how to fix it"
    assert caught.value.exit_code == code
    return message


@pytest.mark.parametrize("opened", OPENERS)
def test_not_sqlite(opened: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, today I wrote more than sixteen letters.")
    assert "is not an Elsinore store" in refusal(opened, path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("opened", OPENERS)
def test_somebody_elses_sqlite(opened: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "places.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    before = path.read_bytes()
    assert "not an Elsinore store" in refusal(opened, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("opened", OPENERS)
def test_a_broken_store(opened: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    Writer.open(path).close()
    path.write_bytes(path.read_bytes()[:16] + bytes(84))
    assert "is damaged" in refusal(opened, path, code=1)


@pytest.mark.parametrize("opened", OPENERS)
def test_a_directory(opened: Callable[[Path], object], tmp_path: Path) -> None:
    assert "is a directory; name a file in it" in refusal(opened, tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    assert "there is no folder" in refusal(open_readonly, tmp_path / "away" / "a.db")
    assert not (tmp_path / "away").exists()


def test_folders_of_a_new_store_are_made(tmp_path: Path) -> None:
    Writer.open(tmp_path / "far" / "away" / "a.db").close()
    assert (tmp_path / "far" / "away" / "a.db").exists()
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "a.db", tmp_path / "file" / "b" / "a.db"):
        refusal(Writer.open, path)


@pytest.mark.parametrize("opened", OPENERS)
def test_a_link_in_a_loop(opened: Callable[[Path], object], tmp_path: Path) -> None:
    (tmp_path / "a.db").symlink_to(tmp_path / "b.db")
    (tmp_path / "b.db").symlink_to(tmp_path / "a.db")
    assert "link in a loop" in refusal(opened, tmp_path / "a.db")


@pytest.mark.parametrize(
    "path", ["C:\\runs\\a.db", "c:/runs/a.db", "\\\\server\\a.db", "runs\\a.db"]
)
@pytest.mark.parametrize("opened", OPENERS)
def test_a_path_of_windows(opened: Callable[[Path], object], path: str) -> None:
    assert "is a path of Windows" in refusal(opened, Path(path))


@pytest.mark.parametrize("opened", OPENERS)
def test_a_device(opened: Callable[[Path], object]) -> None:
    assert "no regular file" in refusal(opened, Path("/dev/null"))


def test_nothing_to_read(tmp_path: Path) -> None:
    assert "does not exist" in refusal(open_readonly, tmp_path / "a.db")
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_file(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Writer.open(path).close()
    path.chmod(0o444)
    # Also as root, who could write it: somebody took the permission away for a reason.
    assert "is read-only" in refusal(Writer.open, path)
    open_readonly(path).close()


@pytest.fixture
def sealed(tmp_path: Path) -> object:
    folder = tmp_path / "sealed"
    folder.mkdir()
    yield folder
    folder.chmod(0o755)


def test_a_read_only_folder(sealed: Path) -> None:
    path = sealed / "a.db"
    Writer.open(path).close()
    sealed.chmod(0o555)
    assert "lies in a read-only folder" in refusal(Writer.open, path)
    assert "lies in a read-only folder" in refusal(Writer.open, sealed / "b.db")
    connection = open_readonly(path)  # SQLite alone would want to create files beside it
    assert connection.execute("SELECT count(*) FROM trials").fetchone() == (0,)
    connection.close()
    assert [entry.name for entry in sealed.iterdir()] == ["a.db"]


def test_reading_leaves_nothing_beside_the_store(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Writer.open(path).close()
    open_readonly(path).close()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.db"]


def test_reading_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Writer.open(path).close()
    connection = open_readonly(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM trials")
    connection.close()


@pytest.mark.parametrize("name", ["what?.db", "#1.db", "100%25.db", "two words.db", "ü ☕.db"])
def test_any_name_will_do(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Writer.open(path).close()
    open_readonly(path).close()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [name]


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.touch()  # as mktemp does
    refusal(open_readonly, path)
    Writer.open(path).close()
    open_readonly(path).close()


def test_one_lease_however_the_store_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    writer = Writer.open(path)
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with pytest.raises(StoreRefused, match=f"process {os.getpid()} is writing it"):
        Writer.open(link)
    writer.close()
    Writer.open(link).close()


MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
2 1 0:40 / /home rw shared:2 master:1 - nfs4 server:/home rw
3 2 8:2 / /srv/ada/local\\040disk rw - xfs /dev/sdb rw
4 1 0:50 / /mnt/cloud rw - fuse.sshfs me@host: rw
5 1 8:3 / /homestead rw - btrfs /dev/sdc rw
6 1 8:3 / /twice rw - cifs //host/share rw
7 1 8:3 / /twice rw - ext4 /dev/sdd rw
a line that makes no sense
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/a.db", "ext4"),
        ("/home/a.db", "nfs4"),
        ("/srv/ada/local disk/a.db", "xfs"),
        ("/mnt/cloud/deep/a.db", "fuse.sshfs"),
        ("/homestead/a.db", "btrfs"),
        ("/twice/a.db", "ext4"),
    ],
)
def test_the_mount_that_holds_a_path(path: str, kind: str) -> None:
    assert file_system_of(path, MOUNTS) == kind


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p", "fuse.sshfs"])
def test_a_network_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 8:1 / / rw - {kind} there rw\n")
    monkeypatch.setattr(checks, "_MOUNTS", mounts)
    assert f"network file system ({kind})" in refusal(Writer.open, tmp_path / "a.db")
    assert not (tmp_path / "a.db").exists()


def test_a_file_system_without_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where there is no mountinfo, SQLite itself has to say that it cannot. Here it cannot because
    # the store would be in memory.
    monkeypatch.setattr(checks, "_MOUNTS", tmp_path / "none")
    connection = sqlite3.connect(":memory:")
    monkeypatch.setattr("sim.store.connection._connect", lambda *_: connection)
    assert "does not support SQLite's write-ahead log" in refusal(Writer.open, tmp_path / "a.db")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_durability(tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match="use normal or full"):
        Writer.open(tmp_path / "a.db", "fully")  # type: ignore[arg-type]


def test_durability(tmp_path: Path) -> None:
    for durable, level in (("normal", 1), ("full", 2)):
        writer = Writer.open(tmp_path / "a.db", durable)  # type: ignore[arg-type]
        assert writer.connection.execute("PRAGMA synchronous").fetchone() == (level,)
        assert writer.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        writer.close()
