"""Every sample of every format is recognised by its content, and becomes trials of a store."""

from __future__ import annotations

from pathlib import Path

import pytest
from backstage import chats, foreign_files

from sim.errors import BadRequest
from sim.formats import FormatError, ReadOptions, Utterance
from sim.formats.registry import FORMATS, detected, named
from sim.runs.importing import import_file
from sim.store.soundness import verify

SAMPLES = [
    *((f"chats:{name}", fields[0]) for name, fields in chats.SAMPLES.items()),
    *((f"files:{name}", fields[0]) for name, fields in foreign_files.SAMPLES.items()),
]


def sample(name: str, folder: Path) -> Path:
    where, _, own = name.partition(":")
    return chats.saved(folder, own) if where == "chats" else foreign_files.sample(own, folder)


@pytest.mark.parametrize(("name", "form"), SAMPLES)
def test_a_sample_is_recognised_and_imported(name: str, form: str, tmp_path: Path) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", reason="the owner of the format is not installed")
    path = sample(name, tmp_path)
    assert detected(path).name == form
    spoken = [each for each in named(form).read(path, ReadOptions()) if isinstance(each, Utterance)]
    assert spoken
    store = tmp_path / "imported.db"
    found = import_file(path, store)
    assert found.turns == len(spoken)
    assert verify(store).sound
    assert import_file(path, store).known == found.conversations


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_what_it_is(name: str) -> None:
    form = named(name)
    assert form.name == name
    assert form.about
    assert "\n" not in form.about + form.loses


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(
        BadRequest, match=r"--format whatsap: there is no such format; did you mean"
    ):
        named("whatsap")


@pytest.mark.parametrize(
    "content",
    [b"%PDF-1.7\n", b"PK\x03\x04broken", b"\x00\x01\x02" * 50, b"SQLite format 3\x00", b"{}",
     b"[]", b'{"a": 1}\n', b"Dear all,\n\nnothing is said here.\n"],
)  # fmt: skip
def test_what_is_no_transcript_is_of_no_format(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "thing"
    path.write_bytes(content)
    with pytest.raises(FormatError):
        import_file(path, tmp_path / "s.db")
    assert not (tmp_path / "s.db").exists()
