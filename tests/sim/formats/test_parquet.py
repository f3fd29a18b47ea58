"""Tables in Parquet: the columns of CSV, read by row groups."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from backstage.foreign_files import conversations, facts, read, said, stands_damage, written
from hypothesis import given

from sim.errors import BadRequest
from sim.formats import FormatError, Utterance
from sim.formats.conversation import Conversation
from sim.formats.format import Head
from sim.formats.parquet import PARQUET

with_pyarrow = pytest.mark.skipif(find_spec("pyarrow") is None, reason="pyarrow is not installed")


def test_it_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    assert PARQUET.fits(Head(tmp_path / "it", b"PAR1\x15")) > 0.9
    assert PARQUET.fits(Head(tmp_path / "it.parquet", b"speaker,text")) == 0


def test_without_pyarrow_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    for wrong in (
        lambda: read(PARQUET, tmp_path / "it"),
        lambda: PARQUET.write([], tmp_path / "it"),
    ):
        with pytest.raises(BadRequest, match=r"pip install elsinore\[parquet\]"):
            wrong()


@with_pyarrow
@given(every=conversations())
def test_what_is_written_comes_back(every: list[Conversation]) -> None:
    with TemporaryDirectory() as folder:
        back = written(PARQUET, every, Path(folder) / "it.parquet")
    assert [one.utterances for one in back] == [one.utterances for one in every]
    assert [one.about.title for one in back] == [one.about.title for one in every]


@with_pyarrow
def test_the_tables_of_others_are_read(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    import pyarrow
    from pyarrow import parquet

    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    rows = {"Author": ["Ann", "Ben", "Ann"], "Message": ["Hm?", "Hm.", " "],
            "Created_At": [at, None, None], "thread": [7, 7, 8]}  # fmt: skip
    parquet.write_table(pyarrow.table(rows), tmp_path / "it.parquet", row_group_size=1)
    records = read(PARQUET, tmp_path / "it.parquet")
    assert said(records, "7") == ["Ann: Hm?", "Ben: Hm."]
    assert facts(records) == []
    times = [each.at for each in records if isinstance(each, Utterance)]
    assert times == ["2026-01-02T03:04:05+00:00", ""]
    rows["Author"][1] = ""
    parquet.write_table(pyarrow.table(rows), tmp_path / "it.parquet")
    with pytest.raises(FormatError, match="row 2: there is no speaker"):
        read(PARQUET, tmp_path / "it.parquet")


@with_pyarrow
def test_a_damaged_table_gives_rows_or_an_error(tmp_path: Path) -> None:
    path = tmp_path / "it.parquet"
    said = [Utterance("Ann", f"Line {number}.", "c", name=str(number)) for number in range(50)]
    from sim.formats import About

    PARQUET.write([Conversation(About("c", "A river"), said)], path)
    stands_damage(PARQUET, path)


@with_pyarrow
def test_a_table_of_numbers_is_an_error(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"a": [1], "b": [2]}), tmp_path / "it.parquet")
    with pytest.raises(FormatError, match="no column is the speaker"):
        read(PARQUET, tmp_path / "it.parquet")
