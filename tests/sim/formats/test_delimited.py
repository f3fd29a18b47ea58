"""Tables of utterances: columns guessed and said, separators, encodings, and what is broken."""

from __future__ import annotations

import random
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.formats import About, FormatError, ReadOptions, Utterance
from sim.formats.conversation import Conversation
from sim.formats.delimited import CSV, TSV, guessed
from sim.formats.registry import detected, head_of

TABLE = 'Author,Message,Date\nAnn,"Well, no.",2024-01-01\nBen,Oh.,2024-01-02\n'


def utterances(path: Path, how: ReadOptions | None = None) -> list[Utterance]:
    records = CSV.read(path, how or ReadOptions())
    return [each for each in records if isinstance(each, Utterance)]


def pairs(path: Path, how: ReadOptions | None = None) -> list[tuple[str, str]]:
    return [(each.speaker, each.text) for each in utterances(path, how)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_separators_and_encodings(tmp_path: Path, encoding: str, separator: str, ends: str) -> None:
    path = tmp_path / "chat.txt"
    text = TABLE.replace('"Well, no."', "#").replace(",", separator).replace("#", '"Well, nö."')
    path.write_bytes(text.replace("\n", ends).encode(encoding))
    assert pairs(path) == [("Ann", "Well, nö."), ("Ben", "Oh.")]
    assert [each.at for each in utterances(path)] == ["2024-01-01", "2024-01-02"]
    assert [each.line for each in utterances(path)] == [2, 3]


def test_an_encoding_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    path.write_bytes("speaker,text\nZoë,Très bien.\n".encode("latin-1"))
    assert pairs(path, ReadOptions(encoding="latin-1")) == [("Zoë", "Très bien.")]
    with pytest.raises(FormatError, match=r"chat\.csv, line \d: is no text in utf-8; save it"):
        pairs(path)
    with pytest.raises(FormatError, match="the encoding 'latin-99' is unknown"):
        pairs(path, ReadOptions(encoding="latin-99"))


@pytest.mark.parametrize(
    ("titles", "columns"),
    [
        (["speaker", "text"], "speaker = 'speaker', text = 'text'"),
        (["id", "From", "Body", "Thread ID"],
         "speaker = 'From', text = 'Body', conversation = 'Thread ID', name = 'id'"),
        (["name", "message"], "speaker = 'name', text = 'message'"),
        (["role", "content"], "speaker = 'role', text = 'content'"),
    ],
)  # fmt: skip
def test_columns_are_guessed_by_the_names_that_people_use(titles: list[str], columns: str) -> None:
    assert str(guessed(titles, ReadOptions())) == columns


def test_columns_that_are_said(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    path.write_text("wer,was,wo\nAnn,Nein.,Küche\n", encoding="utf-8")
    with pytest.raises(FormatError, match=r"no column is the speaker \(wer, was, wo\)"):
        pairs(path)
    how = ReadOptions(speaker="wer", text="was", conversation="wo")
    [said] = utterances(path, how)
    assert (said.speaker, said.text, said.conversation) == ("Ann", "Nein.", "Küche")
    with pytest.raises(FormatError, match="there is no column 'wehr'; did you mean wer"):
        pairs(path, ReadOptions(speaker="wehr", text="was"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("speaker,text\nAnn,Hello,there\n", "line 2: there are 3 fields, and 2 in the first row"),
        ("speaker,text\nAnn,Hello\n,Who?\n", "line 3: there is no speaker"),
        ('speaker,text\nAnn,"Hello\n', "unexpected end of data"),
        ('speaker,text\nAnn,"Hel"lo\n', "line 2: .*quote texts as CSV does"),
    ],
)
def test_what_is_broken_is_said_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "chat.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=problem):
        pairs(path)


def test_any_byte_broken_is_a_record_or_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    whole = (TABLE * 3).encode()
    generator = random.Random(3)
    for _ in range(100):
        broken = bytearray(whole)
        broken[generator.randrange(len(broken))] = generator.randrange(256)
        path.write_bytes(broken)
        with suppress(FormatError):
            pairs(path)


names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).filter(
    str.strip
)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r")).filter(
    str.strip
)


@given(st.lists(st.tuples(names, texts, st.sampled_from(["", "2024-01-01"])), min_size=1))
def test_what_is_written_reads_back(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, str, str]]
) -> None:
    for form, ending in ((CSV, "csv"), (TSV, "tsv")):
        path = tmp_path_factory.mktemp("written") / f"x.{ending}"
        lines = [Utterance(speaker, text, "c", at) for speaker, text, at in said]
        form.write([Conversation(About("c", title="Tea"), lines)], path)
        read = list(form.read(path, ReadOptions()))
        assert read[0] == About("c", title="Tea")
        assert [(each.speaker, each.text, each.at) for each in read[1:]] == said  # type: ignore[union-attr]


def test_a_formula_is_no_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    CSV.write([Conversation(About(), [Utterance("Ann", "=1+1"), Utterance("Ann", "'tis")])], path)
    assert ",'=1+1," in path.read_text(encoding="utf-8")
    assert [text for _, text in pairs(path)] == ["=1+1", "'tis"]


def test_a_file_is_recognised_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(TABLE, encoding="utf-8")
    assert detected(path).name == "csv"
    path.write_text(TABLE.replace(",", "\t"), encoding="utf-8")
    assert detected(path).name == "tsv"
    path.write_text("def f(a, b):\n    return a\n", encoding="utf-8")
    with pytest.raises(FormatError, match="is of no format that is known by its content"):
        detected(path)
    path.write_text("", encoding="utf-8")
    with pytest.raises(FormatError, match="is empty"):
        detected(path)
    with pytest.raises(FormatError, match="there is no such file"):
        head_of(tmp_path / "nothing")


def test_a_large_table_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("speaker,text\n")
        for number in range(60_000):
            file.write(f"Speaker {number % 9},{'A line of words. ' * 5}\n")
    tracemalloc.start()
    count = sum(1 for _ in CSV.read(path, ReadOptions()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 60_000
    assert peak < 2_000_000
