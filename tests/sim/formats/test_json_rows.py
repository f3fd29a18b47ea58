"""Tables of utterances as JSON, as people write logs."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from backstage.foreign_files import ROWS, conversations, left_out, read, said, sample, written
from hypothesis import given

from sim.formats import ReadOptions
from sim.formats.conversation import Conversation, Utterance
from sim.formats.format import FormatError
from sim.formats.json_rows import JSON_ROWS
from sim.formats.registry import detected


def test_fields_are_found_by_the_names_of_columns(tmp_path: Path) -> None:
    path = sample("rows in lines", tmp_path)
    assert detected(path) is JSON_ROWS
    records = [each for each in read(JSON_ROWS, path) if isinstance(each, Utterance)]
    assert said(records) == ["Ann: Shall we go?", "Ben: No."]
    assert [(each.name, each.answers, each.at, each.line) for each in records] == [
        ("0", "", "12:18", 1), ("1", "0", "12:19", 2),
    ]  # fmt: skip
    assert left_out(JSON_ROWS, path) == {"rows without text": 1}


def test_an_array_is_read_as_lines_are(tmp_path: Path) -> None:
    array = tmp_path / "log.json"
    array.write_text("[" + ROWS.strip().replace("\n", ",\n") + "]")
    assert detected(array) is JSON_ROWS
    assert said(read(JSON_ROWS, array)) == ["Ann: Shall we go?", "Ben: No."]


def test_fields_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"a": "Ann", "b": "Hello."}\n')
    assert said(read(JSON_ROWS, path, ReadOptions(speaker="a", text="b"))) == ["Ann: Hello."]
    with pytest.raises(FormatError, match=r"log.jsonl, line 1: no field is the speaker \(a, b\)"):
        read(JSON_ROWS, path)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ('{"speaker": "", "text": "Hm."}', "line 2: there is no speaker"),
        ('{"text": "Hm."}', "line 2: there is no speaker"),
        ('{"speaker": "Ann", "text": {"de": "Hm."}}', "line 2: 'text' is no text"),
        ('["Ann", "Hm."]', "line 2: is no object"),
    ],
)
def test_a_mistake_is_named_with_its_line(second: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"speaker": "Ann", "text": "Hello."}\n' + second + "\n")
    with pytest.raises(FormatError, match=message):
        read(JSON_ROWS, path)


@given(every=conversations())
def test_what_is_written_comes_back(every: list[Conversation]) -> None:
    every = [each for each in every if each.utterances]
    with TemporaryDirectory() as folder:
        back = written(JSON_ROWS, every, Path(folder) / "it.jsonl")
    assert [[(each.speaker, each.text) for each in one.utterances] for one in back] == [
        [(each.speaker, each.text) for each in one.utterances] for one in every
    ]
