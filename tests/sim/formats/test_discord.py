"""Discord's channels, as DiscordChatExporter writes them: JSON and CSV."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from backstage.chats import DISCORD_CHANNEL, said, saved, told

from sim.formats.conversation import About, Utterance
from sim.formats.discord import DISCORD
from sim.formats.format import FormatError

TITLES = "AuthorID,Author,Date,Content,Attachments,Reactions\n"


def test_a_channel_as_json(tmp_path: Path) -> None:
    path = saved(tmp_path, "discord, JSON")
    assert told(DISCORD, path) == [About(title="What we see", setting="The Crew #deck")]
    turns = said(DISCORD, path)
    assert [(each.speaker, each.text, each.at, each.name, each.answers) for each in turns] == [
        ("Ann", "Land!\n\nBen: look", "2023-12-31T21:15:00.123+01:00", "11", ""),
        ("Ann (ann_b)", "Où?", "2023-12-31T21:16:00+01:00", "12", "11"),
        ("Robot", "海", "2023-12-31T21:17:00+01:00", "13", ""),
    ]
    lines = path.read_text().splitlines()
    assert all(lines[turn.line - 1] == "  {" for turn in turns)


def test_a_channel_as_csv(tmp_path: Path) -> None:
    assert said(DISCORD, saved(tmp_path, "discord, CSV")) == [
        Utterance("ann", 'Land!\n\n"Ben: look"', at="2023-12-31T21:15:00.123000+01:00", line=3),
        Utterance("zoë", "Où, là?", line=6),
    ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"author": None}, "there is no author"),
        ({"author": {"name": ""}}, "there is no speaker"),
        ({"author": {"name": 7}}, "there is no speaker"),
        ({"content": 7}, "is no string"),
        ({"timestamp": "yesterday"}, "the timestamp 'yesterday' is none"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(fields: Any, told: str, tmp_path: Path) -> None:
    message = DISCORD_CHANNEL["messages"][1] | fields  # type: ignore[index]
    path = tmp_path / "deck.json"
    path.write_text(json.dumps(DISCORD_CHANNEL | {"messages": [message]}))
    with pytest.raises(FormatError, match=rf"deck.json, line 1: .*{told}.*;"):
        said(DISCORD, path)


@pytest.mark.parametrize(
    ("rows", "line", "told"),
    [
        ('"7","ann","x"\n', 2, "there are 3 fields, and 6 titles"),
        ('"7","","x","Hi","",""\n', 2, "there is no author"),
        ('"7","ann","x","a\nb","",""\n"7","ann","x","c\n', 4, "is no CSV"),
    ],
)
def test_broken_rows_are_told_with_their_line(
    rows: str, line: int, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "deck.csv"
    path.write_text(TITLES + rows)
    with pytest.raises(FormatError, match=rf"deck.csv, line {line}: .*{told}"):
        said(DISCORD, path)


def test_other_tables_and_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_text("speaker,text\nAnn,x\n")
    with pytest.raises(FormatError, match="line 1: the titles are not AuthorID,"):
        said(DISCORD, path)
    path.write_text("{}")
    with pytest.raises(FormatError, match="holds no messages of Discord"):
        said(DISCORD, path)
