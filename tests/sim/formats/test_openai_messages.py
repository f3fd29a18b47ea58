"""Messages with roles, one conversation a line."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from backstage.foreign_files import (
    conversations,
    facts,
    left_out,
    read,
    said,
    sample,
    written,
)
from hypothesis import given

from sim.formats import FormatError, ReadOptions, Utterance
from sim.formats.conversation import Conversation
from sim.formats.openai_messages import OPENAI


def test_the_name_is_the_speaker_or_else_the_role(tmp_path: Path) -> None:
    records = read(OPENAI, sample("openai lines", tmp_path))
    assert said(records, "1") == ["user: Shall we?", "Ann: No — „never“."]
    assert said(records, "2") == ["user: See:", "assistant: 42."]
    assert [each.thought for each in records if isinstance(each, Utterance)][-1] == "Hm."
    assert [each.line for each in records if isinstance(each, Utterance)] == [1, 1, 3, 3]


def test_what_is_no_turn_is_counted(tmp_path: Path) -> None:
    path = sample("openai lines", tmp_path)
    assert left_out(OPENAI, path) == {
        "system messages": 1, "image_url parts": 1, "tool calls": 1, "tool results": 1,
    }  # fmt: skip
    told = said(read(OPENAI, path, ReadOptions(system=True)), "1")
    assert told[0] == "system: Be brief."


def test_a_batch_has_its_messages_in_the_body(tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    body = {"model": "x-1", "messages": [{"role": "user", "content": "Hm?"}]}
    path.write_text(json.dumps({"custom_id": "b7", "method": "POST", "body": body}))
    records = read(OPENAI, path)
    assert [(each.conversation, each.model) for each in facts(records)] == [("b7", "x-1")]
    assert said(records, "b7") == ["user: Hm?"]


def test_a_message_of_nobody_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "chats.jsonl"
    path.write_text('{"messages": []}\n{"messages": [{"content": "Hm."}]}\n')
    with pytest.raises(
        FormatError, match=r"line 2: messages 1: there is neither a role nor a name"
    ):
        read(OPENAI, path)


@given(every=conversations())
def test_what_is_written_comes_back_with_its_speakers(every: list[Conversation]) -> None:
    with TemporaryDirectory() as folder:
        back = written(OPENAI, every, Path(folder) / "it.jsonl")
    assert [[(each.speaker, each.text) for each in one.utterances] for one in back] == [
        [(each.speaker, each.text) for each in one.utterances] for one in every
    ]
