"""Conversations with assistants, as data sets have them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from backstage.foreign_files import SHAREGPT as TEXT
from backstage.foreign_files import conversations, facts, left_out, read, said, sample, written
from hypothesis import given

from sim.formats import ReadOptions
from sim.formats.conversation import About, Conversation, Utterance
from sim.formats.messages import INSTRUCTIONS, TOOLS
from sim.formats.sharegpt import SHAREGPT


def test_speakers_are_those_of_the_file(tmp_path: Path) -> None:
    path = sample("sharegpt array", tmp_path)
    records = read(SHAREGPT, path)
    assert [each.conversation for each in facts(records)] == ["one", "two"]
    assert said(records, "one") == ["human: Shall we go?", "gpt: No."]
    assert left_out(SHAREGPT, path) == {"system messages": 1}
    assert said(read(SHAREGPT, path, ReadOptions(system=True)))[0] == "system: Be brief."


def test_lines_are_read_as_an_array_is(tmp_path: Path) -> None:
    array = read(SHAREGPT, sample("sharegpt array", tmp_path))
    lines = tmp_path / "lines.jsonl"
    one, two = TEXT.replace("\n", " ").split('{"id": "two"')
    lines.write_text(f'{one.strip()[1:].rstrip(", ")}\n{{"id": "two"{two.strip()[:-1]}\n')
    assert said(read(SHAREGPT, lines)) == said(array)


@given(every=conversations())
def test_what_is_written_comes_back(every: list[Conversation]) -> None:
    """All but what is said by somebody who is called as a role is, which ``loses`` tells."""
    _check_that_it_comes_back(every)


@pytest.mark.parametrize("role", sorted(INSTRUCTIONS | TOOLS))
def test_a_speaker_called_as_a_role_is_lost_alone(role: str) -> None:
    said = [Utterance(role, "Order!", "one"), Utterance("Ann", "No.", "one")]
    _check_that_it_comes_back([Conversation(About("one"), utterances=said)])


def _check_that_it_comes_back(every: list[Conversation]) -> None:
    with TemporaryDirectory() as folder:
        back = written(SHAREGPT, every, Path(folder) / "it.json")
    assert [one.about.conversation for one in back] == [one.about.conversation for one in every]
    assert [[(each.speaker, each.text) for each in one.utterances] for one in back] == [
        [
            (each.speaker, each.text)
            for each in one.utterances
            if each.speaker not in INSTRUCTIONS | TOOLS
        ]
        for one in every
    ]


def test_nothing_is_an_empty_array(tmp_path: Path) -> None:
    SHAREGPT.write([], tmp_path / "it.json")
    assert read(SHAREGPT, tmp_path / "it.json") == []
