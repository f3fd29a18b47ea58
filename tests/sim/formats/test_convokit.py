"""Corpora of ConvoKit: the order of utterances, and what ConvoKit itself makes of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from backstage.foreign_files import FILES, conversations, facts, read, said, written
from hypothesis import given

from sim.errors import BadRequest
from sim.formats import About, FormatError, Utterance
from sim.formats.conversation import Conversation, Person
from sim.formats.convokit import CONVOKIT


def corpus(folder: Path, *utterances: dict[str, Any], name: str = "utterances.jsonl") -> Path:
    """A folder with these utterances alone."""
    text = "\n".join(map(json.dumps, utterances))
    whole = text if name.endswith("l") else f"[{text.replace(chr(10), ',')}]"
    (folder / name).write_text(whole)
    return folder


def line(name: str, after: str | None = None, at: float | str | None = None) -> dict[str, Any]:
    return {"id": name, "speaker": "Ann", "conversation_id": "c", "reply-to": after,
            "timestamp": at, "text": name, "meta": {}}  # fmt: skip


def test_what_convokit_wrote_is_read_in_the_order_of_the_talk() -> None:
    records = read(CONVOKIT, FILES / "convokit")
    assert [(each.conversation, each.title) for each in facts(records)] == [
        ("u0", "Going"), ("v0", ""),
    ]  # fmt: skip
    assert said(records, "u0") == [
        "Ann: Shall we go?\nOr stay?", "Ben: Yes, I “think” so.", "Ann: Then let us go — now.",
        "Ben: Or stay, after all.",
    ]  # fmt: skip
    first = next(each for each in records if isinstance(each, Utterance))
    assert (first.at, first.name, first.line) == ("2023-11-14T22:13:20+00:00", "u0", 2)


@pytest.mark.parametrize("name", ["utterances.jsonl", "utterances.json"])
@pytest.mark.parametrize(
    ("lines", "order"),
    [
        ([line("b", "a"), line("a")], "ab"),
        ([line("c", "a", 3), line("b", "a", 2), line("a", None, 1)], "abc"),
        ([line("a", None, 9), line("b", "a", 1)], "ab"),
        ([line("c", "a"), line("b", "a"), line("a")], "acb"),
        ([line("x", None, "7.5"), line("y", None, 2)], "yx"),
        ([line("a", "gone", 5), line("b", None, 6)], "ab"),
        ([line("d", "b"), line("c", "a", 5), line("b", "a", 2), line("a", None, 1)], "abdc"),
    ],
)
def test_replies_come_after_what_they_answer_then_the_earlier_first(
    lines: list[dict[str, Any]], order: str, name: str, tmp_path: Path
) -> None:
    records = read(CONVOKIT, corpus(tmp_path, *lines, name=name))
    assert [each.text for each in records if isinstance(each, Utterance)] == list(order)
    # Small numbers are an order, and no time of day.
    assert {each.at for each in records if isinstance(each, Utterance)} == {""}


def test_earlier_versions_have_other_names(tmp_path: Path) -> None:
    old = {
        "id": "a",
        "user": "Ann",
        "root": "a",
        "reply_to": None,
        "timestamp": None,
        "text": "Hm.",
    }
    (tmp_path / "users.json").write_text('{"Ann": {"brief": "a boatwoman"}}')
    (tmp_path / "conversations.json").write_text('{"a": {"title": "Going"}}')
    records = read(CONVOKIT, corpus(tmp_path, old))
    assert facts(records) == [About("a", "Going", people=(Person("Ann", "a boatwoman"),))]


def test_a_conversation_without_a_name_is_that_of_what_it_answers(tmp_path: Path) -> None:
    lines = [{**line("b", "a"), "conversation_id": None}, line("a")]
    assert {each.conversation for each in read(CONVOKIT, corpus(tmp_path, *lines))} == {"c"}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([line("a", "b"), line("b", "a")], "replies to itself"),
        ([line("a"), line("a")], "line 2: the id 'a' is there twice"),
        ([{**line("a"), "speaker": None}], "line 1: there is no speaker"),
        ([line("a", None, "noon")], "is no number of seconds"),
        ([{**line("a"), "timestamp": 1e300}], "beyond all years"),
        ([{**line("a"), "conversation_id": None, "reply-to": "a"}], "replies to itself"),
    ],
)
def test_what_is_no_corpus_is_an_error(
    lines: list[dict[str, Any]], told: str, tmp_path: Path
) -> None:
    with pytest.raises(FormatError, match=told):
        read(CONVOKIT, corpus(tmp_path, *lines))


@given(every=conversations())
def test_what_is_written_comes_back(every: list[Conversation]) -> None:
    # Times that contradict the order of what was said would make another order.
    plain = [
        Conversation(one.about, [
            Utterance(each.speaker, each.text, each.conversation, name=each.name,
                      audience=each.audience, thought=each.thought) for each in one.utterances
        ]) for one in every
    ]  # fmt: skip
    with TemporaryDirectory() as folder:
        back = written(CONVOKIT, plain, Path(folder) / "corpus")
    assert [one.about for one in back] == [one.about for one in plain]

    def told(one: Conversation) -> list[object]:
        return [(said.speaker, said.text, said.name, said.audience, said.thought)
                for said in one.utterances]  # fmt: skip

    assert [told(one) for one in back] == [told(one) for one in plain]


def ours(folder: Path) -> Path:
    """A corpus that we wrote, with all that it can hold."""
    people = (Person("Ann", "a boatwoman", "stays"),)
    talk = [
        Utterance("Ann", "Shall we?", "t", "2026-01-02T03:04:05+00:00", "1"),
        Utterance("Ben Łuk", "Ja — „gut“.", "t", "2026-01-02T03:05:05", "2", "1", ("Ann",), "Hm."),
        Utterance("Ann", "Now."),
    ]
    branch = About("u", "A river", parent="t", shared=1)
    CONVOKIT.write([
        Conversation(About("t", "A river", "a bank", people, "m/x"), talk),
        Conversation(branch, [Utterance("Ann", "No.", "u", name="1")]),
    ], folder / "ours")  # fmt: skip
    return folder / "ours"


def test_times_branches_and_people_come_back(tmp_path: Path) -> None:
    records = read(CONVOKIT, ours(tmp_path))
    assert facts(records) == [
        About("t", "A river", "a bank", (Person("Ann", "a boatwoman", "stays"),), "m/x"),
        About(
            "u", "A river", people=(Person("Ann", "a boatwoman", "stays"),), parent="t", shared=1
        ),
    ]
    names = [(each.name, each.answers, each.at) for each in records if isinstance(each, Utterance)]
    assert names == [
        ("1", "", "2026-01-02T03:04:05+00:00"), ("2", "1", "2026-01-02T03:05:05+00:00"),
        ("t-3", "2", ""), ("1~2", "", ""),
    ]  # fmt: skip


def test_a_folder_that_has_no_place_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="name a folder to make"):
        CONVOKIT.write([], tmp_path / "nowhere" / "corpus")


@pytest.mark.skipif(
    find_spec("convokit") is None, reason="the owner of the format is not installed"
)
def test_convokit_opens_what_we_wrote(tmp_path: Path) -> None:
    program = (
        "import sys; from convokit import Corpus; corpus = Corpus(filename=sys.argv[1]);"
        "assert all(each.check_integrity(verbose=False) for each in corpus.iter_conversations());"
        "print(sorted(each.text for each in corpus.iter_utterances()))"
    )
    told = subprocess.run([sys.executable, "-c", program, str(ours(tmp_path))],
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert told.stdout.splitlines()[-1] == str(sorted(["Shall we?", "Ja — „gut“.", "Now.", "No."]))
