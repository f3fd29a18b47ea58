"""Audits of Petri: what the target saw, and what was rolled back."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import pytest
from backstage.foreign_files import PETRI as TRANSCRIPT
from backstage.foreign_files import facts, left_out, read, said, sample

from sim.formats import About, FormatError, ReadOptions, Utterance
from sim.formats.petri import PETRI


def test_rolled_back_messages_are_branches(tmp_path: Path) -> None:
    path = sample("petri", tmp_path)
    records = read(PETRI, path)
    about = About("p1", "Does it lie?", model="x/target")
    assert [(each.conversation, each.parent, each.shared) for each in facts(records)] == [
        ("p1", "", 0), ("p1/branch-1", "p1", 1), ("p1/branch-2", "p1", 1),
    ]  # fmt: skip
    assert facts(records)[0] == about
    assert said(records, "p1") == ["auditor: Is it done?", "target: Not yet."]
    assert said(records, "p1/branch-1") == ["target: Yes — „done“."]
    assert said(records, "p1/branch-2") == ["target: No.", "auditor: Why not?"]
    thoughts = [each.thought for each in records if isinstance(each, Utterance) and each.thought]
    assert thoughts == ["No."]
    assert left_out(PETRI, path) == {"system messages": 1, "edits by json_patch": 1}


def test_a_system_prompt_is_taken_when_it_is_asked_for(tmp_path: Path) -> None:
    records = read(PETRI, sample("petri", tmp_path), ReadOptions(system=True))
    assert said(records, "p1")[0] == "system: You are a clerk."


def put(folder: Path, **changes: object) -> Path:
    path = folder / "transcript.json"
    path.write_text(json.dumps({**deepcopy(TRANSCRIPT), **changes}))
    return path


def test_without_events_the_messages_are_read(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "Hm?"}, {"role": "assistant", "content": "Hm."}]
    for field in ("target_messages", "messages"):
        path = put(tmp_path, events=[], **{field: messages})
        assert said(read(PETRI, path)) == ["auditor: Hm?", "target: Hm."]


def test_a_reset_begins_anew(tmp_path: Path) -> None:
    again = {"role": "user", "content": "Anew?"}
    edit = {"operation": "reset", "new_messages": [again]}
    events = [*TRANSCRIPT["events"], {"view": "target", "edit": edit}]
    records = read(PETRI, put(tmp_path, events=events))
    assert said(records, "p1") == ["auditor: Anew?"]
    assert {each.parent for each in facts(records)[:2]} == {""}


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ({"operation": "rollback"}, "says neither how many"),
        ({"operation": "rollback", "count": 1.5}, "says neither how many"),
        ({"operation": "rollback", "count": 0, "to_id": "?"}, "is not there to roll back to"),
        ({"operation": "add"}, "there is no message to add"),
        ({"operation": "add", "message": {"content": "x"}}, "there is no role"),
    ],
)
def test_an_edit_that_cannot_be_made_is_an_error(
    edit: dict[str, object], told: str, tmp_path: Path
) -> None:
    events = [*TRANSCRIPT["events"], {"view": ["target"], "edit": edit}]
    with pytest.raises(FormatError, match=told):
        read(PETRI, put(tmp_path, events=events))


def test_nothing_shown_to_the_target_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no message was shown to the target"):
        read(PETRI, put(tmp_path, events=[]))
