"""Small files that somebody gave: whatever they hold, an answer in one sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import BadRequest
from sim.input_files import MOST, read_text, read_toml


def test_a_mark_before_the_text_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b'\xef\xbb\xbfname = "Cup"\r\n')
    assert read_toml(path) == {"name": "Cup"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[" * 900, "TOML"),
        (b"x = " + b"[" * 100_000, "TOML"),
        (b"a." * 100_000 + b"b = 1", "too many dots"),
        ((b"a." * 1000 + b"b = 1\n") * 8, "too many dots"),
        (b"x = " + b"9" * 5000, "TOML"),
        (b"\xff\xfe", "no text in UTF-8"),
        (b"x = 1\x00", "TOML"),
        (b"#" * (MOST + 1), "more than 16 MB"),
    ],
    ids=lambda value: repr(value[:12]),
)
def test_what_is_no_toml(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(content)
    with pytest.raises(BadRequest, match=told) as caught:
        read_toml(path)
    assert str(path) in str(caught.value)


def test_what_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    endless = tmp_path / "endless"
    endless.symlink_to("/dev/zero")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path, told in (
        (pipe, "no regular file"),
        (endless, "no regular file"),
        (loop, "cannot be read"),
        (tmp_path, "is a directory"),
        (tmp_path / "none", "there is no such file"),
        ("a\x00b", "cannot be read"),
        ("x" * 5000, "cannot be read"),
    ):
        with pytest.raises(BadRequest, match=told):
            read_text(path, "--from")


@given(st.binary(max_size=200))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    told = ""
    try:
        assert isinstance(read_toml(path), dict)
    except BadRequest as error:
        told = str(error)
    assert "\n" not in told
