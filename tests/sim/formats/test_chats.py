"""Other people's chats: every format knows its own files, and no damage brings it down."""

from __future__ import annotations

from pathlib import Path

import pytest
from backstage.chats import SAMPLES, head, said, saved, survives_damage

from sim.errors import BadRequest
from sim.formats.discord import DISCORD
from sim.formats.format import Format, FormatError, Head, ReadOptions
from sim.formats.script import SCRIPT
from sim.formats.slack import SLACK
from sim.formats.telegram import TELEGRAM
from sim.formats.whatsapp import WHATSAPP

FORMATS: dict[str, Format] = {
    each.name: each for each in (SCRIPT, WHATSAPP, TELEGRAM, SLACK, DISCORD)
}
TEXTS = [sample for sample, (_, name, _) in SAMPLES.items() if not name.endswith(".zip")]


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_file_is_claimed_by_its_own_format_alone(sample: str, tmp_path: Path) -> None:
    beginning = head(saved(tmp_path, sample))
    scores = {name: each.fits(beginning) for name, each in FORMATS.items()}
    own = SAMPLES[sample][0]
    assert scores.pop(own) >= 0.6
    assert set(scores.values()) == {0.0}


@pytest.mark.parametrize("name", ["notes.md", "code.py", "data.csv", "list.json", "x.srt", "x.bin"])
def test_what_is_no_chat_is_claimed_by_nobody(name: str) -> None:
    data = {
        "notes.md": b"# Notes\n\nHe said: no. At 10:30.\n\n## More\n\nhttps://example.org: x\n",
        "code.py": b"def main() -> None:\n    x: int = 1\n    if x:\n        pass\n",
        "data.csv": b"speaker,text\nAnn,Hello: you\nBen,No\n",
        "list.json": b'[{"speaker": "Ann", "text": "Hello"}]',
        "x.srt": b"1\n00:00:01,000 --> 00:00:02,000\nAnn: Hello\n\n2\n",
        "x.bin": b"\x00\x01Ann: x\nBen: y\n\xff",
    }[name]
    assert {each.fits(Head(Path(name), data)) for each in FORMATS.values()} == {0.0}
    assert {each.fits(Head(Path(name), b"")) for each in FORMATS.values()} == {0.0}


@pytest.mark.parametrize("sample", SAMPLES)
def test_damage_gives_records_or_a_sentence(sample: str, tmp_path: Path) -> None:
    survives_damage(FORMATS[SAMPLES[sample][0]], sample, tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("sample", TEXTS)
def test_encodings_are_found_or_told(sample: str, encoding: str, tmp_path: Path) -> None:
    path = saved(tmp_path, sample)
    own = FORMATS[SAMPLES[sample][0]]
    expected = said(own, path)
    text = path.read_bytes().decode("utf-8-sig")
    path.write_bytes(text.encode(encoding))
    unmarked = encoding == "utf-16-be"
    assert said(own, path, ReadOptions(encoding=encoding if unmarked else "")) == expected
    assert len(expected) > 0
    if not unmarked:
        assert own.fits(head(path)) >= 0.6


@pytest.mark.parametrize("sample", TEXTS)
def test_a_byte_that_is_no_text_is_told_with_its_line(sample: str, tmp_path: Path) -> None:
    path = saved(tmp_path, sample)
    data = path.read_bytes()
    middle = data.find(b"\n", len(data) // 2) + 1 or len(data) - 9
    path.write_bytes(data[:middle] + b"\xff" + data[middle:])
    line = data[:middle].count(b"\n") + 1
    with pytest.raises(FormatError, match=rf", line {line}: is no text in utf-8; save it"):
        said(FORMATS[SAMPLES[sample][0]], path)
    with pytest.raises(FormatError, match="encoding 'klingon' is unknown"):
        said(FORMATS[SAMPLES[sample][0]], path, ReadOptions(encoding="klingon"))


@pytest.mark.parametrize("name", FORMATS)
def test_what_cannot_be_read_ends_in_a_sentence(name: str, tmp_path: Path) -> None:
    own = FORMATS[name]
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in (empty, folder, tmp_path / "none"):
        with pytest.raises(FormatError, match=r";|there is no such file"):
            said(own, path)


def test_those_that_were_not_tried_are_only_read(tmp_path: Path) -> None:
    for each in FORMATS.values():
        assert each.tried == (each.name == "script") == bool(each.loses)
        if not each.loses:
            with pytest.raises(BadRequest, match="is only read"):
                each.write([], tmp_path / "out")
