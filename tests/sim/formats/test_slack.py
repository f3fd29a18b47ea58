"""Slack's exports: folders and zips, threads, mentions, and what nobody wrote."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from backstage.chats import SLACK_FILES, packed, said, saved, told

from sim.formats.conversation import About, Utterance
from sim.formats.format import FormatError, Head, ReadOptions
from sim.formats.slack import SLACK


def _unpacked(folder: Path, files: dict[str, Any]) -> Path:
    root = folder / "export"
    for name, value in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(json.dumps(value, indent=1))
    return root


def _one(folder: Path, **fields: Any) -> Path:
    message = {"type": "message", "user": "U1", "text": "x", "ts": "1704057302.000100"} | fields
    kept = {name: SLACK_FILES[name] for name in ("channels.json", "users.json")}
    return _unpacked(folder, kept | {"general/2023-12-31.json": [message]})


def test_a_folder_and_its_zip_are_the_same(tmp_path: Path) -> None:
    folder = _unpacked(tmp_path, SLACK_FILES)
    expected = [
        Utterance("Ann", "Hi @Ann (ann.c), see #Küche & x!", "general",
                  "2023-12-31T21:15:02.000100+00:00", "1704057302.000100", line=9),
        Utterance("Ann (ann.c)", "<no>, @nobody, @here: https://y.z", "general",
                  "2023-12-31T21:15:03.000100+00:00", "1704057303.000100", "1704057302.000100",
                  line=16),
        Utterance("Robot", "Beep.", "general", "2023-12-31T21:15:04.000100+00:00",
                  "1704057304.000100", line=23),
        Utterance("Zoë", "New\nyear", "general", "2024-01-01T00:00:00+00:00", "1704067200.000000",
                  line=2),
    ]  # fmt: skip
    turns = said(SLACK, folder)
    assert [turn for turn in turns if turn.conversation == "general"] == expected
    assert [turn.text for turn in turns if turn.conversation == "Küche"] == ["お茶"]
    assert told(SLACK, folder) == [
        About("D1", title="D1"),
        About("Küche", title="Tee"),
        About("general", title="All of it, @Ann"),
    ]
    assert SLACK.fits(Head(folder, names=tuple(each.name for each in folder.iterdir()))) > 0.9
    for sample in ("slack, zip", "slack, packed folder"):
        assert said(SLACK, saved(tmp_path, sample)) == turns


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"user": ""}, "there is no speaker"),
        ({"text": 7}, "is no string"),
        ({"ts": "yesterday"}, "ts is 'yesterday' and no time"),
        ({"ts": None}, "ts is None and no time"),
    ],
)
def test_what_is_wrong_is_told_with_its_file(fields: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=rf"general.2023-12-31.json, line 2: .*{told}.*;"):
        said(SLACK, _one(tmp_path, **fields))


@pytest.mark.parametrize("subtype", ["channel_join", "channel_topic", "tombstone", ["x"]])
def test_what_nobody_wrote_is_left_out(subtype: Any, tmp_path: Path) -> None:
    assert said(SLACK, _one(tmp_path, subtype=subtype)) == []


def test_lists_that_are_none_end_in_a_sentence(tmp_path: Path) -> None:
    for name, value, words in (
        ("users.json", {"id": "U1"}, "is no list"),
        ("users.json", [{"name": "x"}], "a user has no id"),
        ("channels.json", ["C1"], "a channel has no id"),
        ("general/2023-12-31.json", {}, "is no list"),
        ("general/2023-12-31.json", ["x"], "is no object"),
    ):
        path = tmp_path / "export.zip"
        path.write_bytes(packed(SLACK_FILES | {name: value}))
        with pytest.raises(FormatError, match=f"{name}, line .: .*{words}"):
            said(SLACK, path)


def test_zips_that_cannot_be_read_end_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(packed({"notes.txt": "x"}))
    with pytest.raises(FormatError, match="holds no messages of Slack"):
        said(SLACK, path)
    with pytest.raises(FormatError, match="encoding 'klingon' is unknown"):
        said(SLACK, saved(tmp_path, "slack, zip"), ReadOptions(encoding="klingon"))
    # As a file that needs a password is marked.
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("general/2023-12-31.json", "[]")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"cannot be read \(.*password"):
        said(SLACK, path)
