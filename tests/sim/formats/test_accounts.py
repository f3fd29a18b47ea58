"""Exports of accounts of Claude and ChatGPT: lists and trees of messages, plain and zipped."""

from __future__ import annotations

import json
import zipfile
from copy import deepcopy
from pathlib import Path

import pytest
from backstage.foreign_files import CHATGPT as CHATGPT_RECORDS
from backstage.foreign_files import CLAUDE as CLAUDE_RECORDS
from backstage.foreign_files import facts, left_out, read, said, sample

from sim.formats import About, FormatError, ReadOptions, Utterance
from sim.formats.chatgpt_account import CHATGPT
from sim.formats.claude_account import CLAUDE


def test_claude_has_titles_times_and_thoughts(tmp_path: Path) -> None:
    path = sample("claude file", tmp_path)
    records = read(CLAUDE, path)
    assert facts(records)[0] == About("c1", title="The river")
    assert said(records, "c1") == ["human: Shall we?", "assistant: Yes."]
    answer = [each for each in records if isinstance(each, Utterance)][1]
    assert (answer.at, answer.name, answer.thought) == ("2026-01-02T03:04:06Z", "m2", "They ask.")
    assert left_out(CLAUDE, path) == {"tool_use parts": 1, "attachments": 1}


def test_claude_messages_that_follow_the_same_one_are_branches(tmp_path: Path) -> None:
    records = read(CLAUDE, sample("claude file", tmp_path))
    assert said(records, "c2") == ["human: One?", "assistant: Second."]
    assert said(records, "c2/branch-1") == ["assistant: First."]
    assert facts(records)[-1] == About("c2/branch-1", parent="c2", shared=1)


@pytest.mark.parametrize(("form", "name"), [(CLAUDE, "claude"), (CHATGPT, "chatgpt")])
def test_zip_folder_and_file_hold_the_same(form: object, name: str, tmp_path: Path) -> None:
    form = CLAUDE if name == "claude" else CHATGPT
    plain = read(form, sample(f"{name} file", tmp_path))
    assert read(form, sample(f"{name} zip", tmp_path)) == plain
    assert read(form, tmp_path) == plain


def test_a_large_account_has_several_files(tmp_path: Path) -> None:
    path = tmp_path / "account.zip"
    other = deepcopy(CHATGPT_RECORDS)
    other[0]["conversation_id"] = "g2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations-001.json", json.dumps(other))
        archive.writestr("conversations-000.json", json.dumps(CHATGPT_RECORDS))
    names = [each.conversation for each in facts(read(CHATGPT, path))]
    assert names == ["g1", "g1/branch-1", "g2", "g2/branch-1"]


def test_chatgpt_is_read_up_to_where_its_reader_was(tmp_path: Path) -> None:
    path = sample("chatgpt file", tmp_path)
    records = read(CHATGPT, path)
    assert facts(records) == [
        About("g1", title="The river", model="gpt-x"),
        About("g1/branch-1", title="The river", model="gpt-y", parent="g1", shared=1),
    ]
    assert said(records, "g1") == ["user: Shall we?", "assistant: Yes.", "assistant: 42."]
    assert said(records, "g1/branch-1") == ["assistant: No — „never“."]
    first, second, *_ = [each for each in records if isinstance(each, Utterance)]
    assert (first.at, second.thought) == ("2023-11-14T22:13:20.500000+00:00", "They ask.")
    assert left_out(CHATGPT, path) == {
        "system messages": 1, "pictures and files": 1, "messages of tools": 1,
    }  # fmt: skip


def test_chatgpt_that_was_edited_at_once_is_two_conversations(tmp_path: Path) -> None:
    account = deepcopy(CHATGPT_RECORDS)
    mapping = account[0]["mapping"]
    mapping["v"] = {**mapping["u"], "id": "v", "children": []}
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(account))
    last = facts(read(CHATGPT, path))[-1]
    assert (last.conversation, last.parent, last.shared) == ("g1/branch-2", "", 0)


@pytest.mark.parametrize(
    ("place", "parent", "told"),
    [("root", "z", "follow"), ("u", "nobody", "which is not there"), ("z", "z", "itself")],
)
def test_a_tree_that_is_none_is_an_error(
    place: str, parent: str, told: str, tmp_path: Path
) -> None:
    account = deepcopy(CHATGPT_RECORDS)
    account[0]["mapping"][place]["parent"] = parent
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(account))
    with pytest.raises(FormatError, match=told):
        read(CHATGPT, path)


def test_messages_that_nobody_reaches_are_an_error(tmp_path: Path) -> None:
    account = deepcopy(CHATGPT_RECORDS)
    account[0]["mapping"]["p"] = {"parent": "q", "message": None}
    account[0]["mapping"]["q"] = {"parent": "p", "message": None}
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(account))
    with pytest.raises(FormatError, match="some messages follow each other in a circle"):
        read(CHATGPT, path)


def test_system_messages_are_taken_when_they_are_asked_for(tmp_path: Path) -> None:
    account = deepcopy(CHATGPT_RECORDS)
    account[0]["mapping"]["s"]["message"]["content"]["parts"] = ["Be brief."]
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(account))
    assert said(read(CHATGPT, path, ReadOptions(system=True)))[0] == "system: Be brief."


def test_a_conversation_of_many_messages_is_no_deep_recursion(tmp_path: Path) -> None:
    messages = [{"uuid": str(n), "sender": "human", "text": f"{n}"} for n in range(20_000)]
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([{**CLAUDE_RECORDS[0], "chat_messages": messages}]))
    assert len(said(read(CLAUDE, path))) == 20_000


def test_a_damaged_zip_is_an_error(tmp_path: Path) -> None:
    path = sample("claude zip", tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(FormatError, match="cannot be unpacked"):
        read(CLAUDE, path)
