"""Files that are written: whole or not at all, and never over what somebody would miss."""

from __future__ import annotations

import csv
import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.errors import BadRequest, RunFailed
from sim.output_files import check_output, spreadsheet_cell, write_file, write_text


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    write_text(out, "before", "--csv")
    out.chmod(0o640)

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError):
        write_file(out, broken(), "--csv")
    assert out.read_text() == "before"
    write_text(out, "after", "--csv")
    assert out.read_text() == "after"
    assert out.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["out.txt"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.db", b"SQLite format 3\x00rest", "is a store"),
        ("notes.txt", b"SQLite format 3\x00rest", "is a store"),
        ("weights", b"GGUFrest", "weights"),
        ("mine.py", b"", "is Python"),
        ("cup.TOML", b"", "is TOML"),
    ],
)
def test_what_somebody_would_miss_is_not_overwritten(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    kept = tmp_path / name
    kept.write_bytes(content)
    link = tmp_path / "link"
    link.symlink_to(kept)
    for path in (kept, link):
        with pytest.raises(BadRequest, match=told):
            write_text(path, "x", "--to")
    assert kept.read_bytes() == content


def test_what_lies_beside_a_store_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"SQLite format 3\x00")
    for ending in ("-wal", "-shm", "-journal", ".lock"):
        with pytest.raises(BadRequest, match=r"belongs to x\.db"):
            write_text(tmp_path / f"x.db{ending}", "x", "--to")
    write_text(tmp_path / "door.lock", "x", "--to")


@pytest.mark.parametrize("path", ["", "a\x00b", "none/out.txt", "."])
def test_no_place_is_one_sentence(tmp_path: Path, path: str) -> None:
    with pytest.raises(BadRequest):
        write_text(path and tmp_path / path, "x", "--to")


def test_a_read_only_folder_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(BadRequest, match="lies in a read-only folder; use another path"):
        check_output(tmp_path / "page.html", "--report")


def test_a_disk_that_takes_nothing_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor can a draft be removed there."""

    def refuses(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "open", refuses)
    monkeypatch.setattr(Path, "unlink", refuses)
    with pytest.raises(RunFailed, match=r"cannot be written \(Read-only file system\)"):
        write_text(tmp_path / "page.html", "page", "--report")


def test_a_link_in_a_loop(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(BadRequest, match=r"loop|too many"):
        write_text(tmp_path / "a", "x", "--to")


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\t=1", " =1", "＝1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    told = spreadsheet_cell(cell)
    assert told == f"'{cell}"
    text = io.StringIO()
    csv.writer(text).writerow([told])
    assert next(csv.reader(io.StringIO(text.getvalue()))) == [f"'{cell}"]
