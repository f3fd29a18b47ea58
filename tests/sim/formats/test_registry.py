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
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    path = sample(name, tmp_path)
    assert detected(path).name == form
    spoken = [each for each in named(form).read(path, ReadOptions()) if isinstance(each, Utterance)]
    assert spoken
    store = tmp_path / "imported.db"
    found = import_file(path, store)
    assert found.turns == len(spoken)
    assert verify(store).sound
    assert import_file(path, store).known == found.conversations


LEFT_OUT = [
    ("openai", "chat.jsonl",
     '{"messages": [{"role": "system", "content": "Be good."}, {"role": "user", "content": "Hi"},'
     ' {"role": "tool", "content": "42"}, {"role": "assistant", "content": "Hello"}]}',
     {"system messages": 1, "tool results": 1}),
    ("csv", "chat.csv", "speaker,text\nAnn,Hello\nBen,\nBen,Hi\n", {"rows without text": 1}),
    ("whatsapp", "chat.txt",
     "31/12/23, 21:15 - Messages are end-to-end encrypted.\n31/12/23, 21:16 - Ann: Hello\n"
     "31/12/23, 21:17 - Ben: <Media omitted>\n31/12/23, 21:18 - Ben: Hi\n",
     {"notices": 1, "pictures, files and deleted messages": 1}),
    ("telegram", "result.json",
     '{"name": "C", "type": "personal_chat", "id": 1, "messages": [{"id": 1, "type": "service",'
     ' "date": "2023-12-31T21:15:00"}, {"id": 2, "type": "message", "from": "Ann",'
     ' "from_id": "user1", "date": "2023-12-31T21:15:00", "text": "Hello"}, {"id": 3,'
     ' "type": "message", "from": "Ben", "from_id": "user2", "date": "2023-12-31T21:15:00",'
     ' "text": ""}]}',
     {"notices": 1, "messages without text": 1}),
    ("discord", "channel.csv",
     "AuthorID,Author,Date,Content,Attachments,Reactions\n1,Ann,2024-01-01T00:00:00,Hello,,\n"
     "2,Ben,2024-01-01T00:00:01,,a.png,\n2,Ben,2024-01-01T00:00:02,Pinned a message.,,\n",
     {"messages without text": 1, "notices": 1}),
    ("script", "play.txt", "Ann: Hello\n\nBen:\n\nAnn: Are you there?\n\nBen: Yes.\n",
     {"labels without words": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("form", "name", "content", "left_out"), LEFT_OUT)
def test_what_is_left_out_is_counted(
    form: str, name: str, content: str, left_out: dict[str, int], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    found = import_file(path, tmp_path / "s.db")
    assert (found.format.name, found.left_out) == (form, left_out)


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
     b"[]", b'{"a": 1}\n', b"Dear all,\n\nnothing is said here.\n",
     b"# Tool\n\n## Install\n\nRun it.\n\n## Use\n\nType.\n\n### Options\n\nNone.\n"],
)  # fmt: skip
def test_what_is_no_transcript_is_of_no_format(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "thing"
    path.write_bytes(content)
    with pytest.raises(FormatError):
        import_file(path, tmp_path / "s.db")
    assert not (tmp_path / "s.db").exists()
