"""Trees of a loom: leaves are conversations, labels part a text into what is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from backstage.foreign_files import FILES, facts, read, said, sample

from sim.formats import FormatError, ReadOptions, Utterance
from sim.formats.loom import LOOM


def test_a_dialogue_is_parted_by_its_labels() -> None:
    records = read(LOOM, FILES / "loom_dialogue.json")
    assert [
        (each.conversation, each.parent, each.shared, each.model) for each in facts(records)
    ] == [
        ("loom_dialogue", "", 0, "gpt2"),
        ("loom_dialogue/branch-1", "loom_dialogue", 2, "gpt2"),
        ("loom_dialogue/branch-2", "loom_dialogue/branch-1", 4, "davinci"),
    ]
    assert said(records, "loom_dialogue") == ["Ann: Shall we go?", "Ben: Where?", "Ann: Home."]
    assert said(records, "loom_dialogue/branch-2") == ["Ann: Then I go alone.", "Ben: As you like."]


def test_prose_is_said_by_text_node_by_node() -> None:
    records = read(LOOM, FILES / "loom_prose.json")
    assert said(records) == [
        "text: Once there was a mill by the river, and nobody", "text:  spoke of it after dark.",
        "text:  had ever seen it turn.",
    ]  # fmt: skip
    assert facts(records)[1].shared == 1
    first = next(each for each in records if isinstance(each, Utterance))
    assert first.at.startswith("20")
    assert first.name


def test_a_chat_has_its_roles() -> None:
    path = FILES / "loom_chat.json"
    main, branch = facts(read(LOOM, path))
    assert (branch.parent, branch.shared) == (main.conversation, 1)
    assert said(read(LOOM, path)) == [
        "user: What is a loom?", "assistant: A machine for weaving.", "assistant: A tree of texts.",
        "user: Whose?",
    ]  # fmt: skip
    assert said(read(LOOM, path, ReadOptions(system=True)))[0] == "system: Be brief."


def test_the_selected_node_of_a_nested_tree_is_the_main_end(tmp_path: Path) -> None:
    records = read(LOOM, sample("loom nested", tmp_path))
    assert said(records, "tree") == ["text: Once there was a mill", "text:  by the river."]
    assert said(records, "tree/branch-1") == ["text:  on the hill.", "text:  It turned."]


def put(folder: Path, tree: dict[str, Any]) -> Path:
    path = folder / "tree.json"
    path.write_text(json.dumps(tree))
    return path


@pytest.mark.parametrize(
    "nodes",
    [
        {"a": {"text": "One"}, "b": {"text": " two.", "parent": "a"}},
        [{"id": "a", "text": "One", "parentIds": []},
         {"id": "b", "text": " two.", "parentIds": ["a"]}],
        [{"id": 1, "text": "One", "parent_id": None},
         {"id": 2, "text": " two.", "parent_id": 1}],
    ],
)  # fmt: skip
def test_the_nodes_of_other_looms_are_read(nodes: object, tmp_path: Path) -> None:
    assert said(read(LOOM, put(tmp_path, {"nodes": nodes}))) == ["text: One", "text:  two."]


def test_the_checked_out_path_comes_first(tmp_path: Path) -> None:
    nodes = [{"id": "r", "parent_id": None, "text": "R"},
             {"id": "a", "parent_id": "r", "text": "A"},
             {"id": "b", "parent_id": "r", "text": "B", "checked_out": True}]  # fmt: skip
    assert said(read(LOOM, put(tmp_path, {"nodes": nodes})), "tree") == ["text: R", "text: B"]


def test_a_colon_in_prose_is_no_speaker(tmp_path: Path) -> None:
    text = "It was late.\nThe lamp burned.\nNote: the oil was low.\nNobody came.\nNo wind rose."
    nodes = {"a": {"text": text}}
    assert said(read(LOOM, put(tmp_path, {"nodes": nodes}))) == [f"text: {text}"]


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ({"nodes": []}, "there is no node with a text"),
        ({"nodes": {"a": {"text": "x", "parent": "b"}}}, "which is not there"),
        ({"nodes": {"a": {"text": "x", "parent": "a"}}}, "circle"),
        ({"nodes": [{"id": "a", "text": "x"}, {"id": "a", "text": "y"}]}, "no id of its own"),
        ({"loomTree": {"nodeStore": {}}}, "a tree of patches cannot be read"),
        ({"nodes": [{"id": "a", "text": 3.5, "parentIds": [[]]}]}, "names no node"),
    ],
)
def test_a_tree_that_is_none_is_an_error(tree: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=told):
        read(LOOM, put(tmp_path, tree))
