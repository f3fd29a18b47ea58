"""Telegram's chats: texts in pieces, services, accounts with many chats, people without names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from backstage.chats import TELEGRAM_CHAT, said, saved, told

from sim.formats.conversation import About, Utterance
from sim.formats.format import FormatError
from sim.formats.telegram import TELEGRAM


def _message(**fields: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "type": "message",
        "date": "2023-12-31T21:15:00",
        "from": "Ann",
        "text": "x",
    } | fields


def _written(folder: Path, *messages: Any) -> Path:
    path = folder / "result.json"
    path.write_text(json.dumps(TELEGRAM_CHAT | {"messages": list(messages)}))
    return path


def test_a_chat(tmp_path: Path) -> None:
    path = saved(tmp_path, "telegram, chat")
    assert told(TELEGRAM, path) == [About(title="Ann")]
    lines = path.read_text().splitlines()
    turns = said(TELEGRAM, path)
    assert all(lines[turn.line - 1] == "  {" for turn in turns)
    assert [(each.speaker, each.text, each.name, each.answers, each.at) for each in turns] == [
        ("Ann", "Guten Abend,\n\nBen: bist du da?", "2", "", "2023-12-31T21:15:00"),
        ("user2", "See https://example.org 🙂", "3", "2", "2023-12-31T21:16:00"),
        ("Ann (user3)", "何?", "5", "", "2023-12-31T21:18:00"),
    ]


def test_an_account_has_a_conversation_for_each_chat(tmp_path: Path) -> None:
    path = saved(tmp_path, "telegram, account")
    assert told(TELEGRAM, path) == [
        About("Ann", title="Ann"), About("Ann (4712)", title="Ann"), About("chat 9"),
    ]  # fmt: skip
    turns = said(TELEGRAM, path)
    assert [turn.conversation for turn in turns] == ["Ann"] * 3 + ["Ann (4712)"] * 3 + [
        "chat 9"
    ] * 3


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (_message(**{"from": None}), "there is no speaker"),
        (_message(**{"from": " "}), "there is no speaker"),
        (_message(text=7), "neither a string nor a list"),
        (_message(text=["a", 7]), "neither a string nor a list"),
        (_message(date="yesterday"), "the date 'yesterday' is none"),
        (_message(date=None), "the date None is none"),
        (["x"], "a message is no object"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(message: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=rf"result.json, line 1: .*{told}.*;|{told}"):
        said(TELEGRAM, _written(tmp_path, message))


def test_half_of_a_pair_of_surrogates_is_replaced(tmp_path: Path) -> None:
    path = _written(tmp_path, _message(text="\ud83d half", **{"from": "\udc00A"}))
    assert said(TELEGRAM, path) == [
        Utterance("\ufffdA", "\ufffd half", at="2023-12-31T21:15:00", name="1", line=1)
    ]


def test_a_file_without_messages_is_none_of_telegrams(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"name": "x", "list": [1, 2]}')
    with pytest.raises(FormatError, match="holds no messages of Telegram; export"):
        said(TELEGRAM, path)
