"""Logs of Inspect: what it wrote, what we write, and what it makes of that."""

from __future__ import annotations

import json
import zipfile
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from backstage.foreign_files import FILES, conversations, facts, left_out, read, said, written
from hypothesis import given

from sim.formats import About, FormatError, ReadOptions, Utterance
from sim.formats.conversation import Conversation, Person
from sim.formats.inspect_logs import INSPECT

LOG = FILES / "inspect_log.eval"


def test_each_sample_of_each_epoch_is_a_conversation() -> None:
    records = read(INSPECT, LOG)
    assert [each.conversation for each in facts(records)] == [
        "first", "second/try", "first (epoch 2)", "second/try (epoch 2)",
    ]  # fmt: skip
    assert {(each.title, each.model) for each in facts(records)} == {("two", "mockllm/model")}
    assert said(records, "second/try") == [
        "user: Hello — there.",
        "assistant: Good day.",
        "user: And now?",
        "assistant: Answer 1. Yes.",
    ]
    thoughts = [each.thought for each in records if isinstance(each, Utterance) and each.thought]
    assert thoughts == ["They greet me."] * 2
    assert left_out(INSPECT, LOG) == {"system messages": 4}
    assert said(read(INSPECT, LOG, ReadOptions(system=True)))[0] == "system: Be brief."


def test_the_older_log_holds_the_same() -> None:
    newer = said(read(INSPECT, LOG), "second/try")
    assert said(read(INSPECT, FILES / "inspect_log_old.json")) == newer


def test_every_byte_of_a_packed_sample_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    whole = bytearray(LOG.read_bytes())
    at = whole.find(b"samples/") + 400
    whole[at] ^= 1
    path.write_bytes(whole)
    with pytest.raises(FormatError, match=r"log\.eval: cannot be unpacked"):
        read(INSPECT, path)


def log(folder: Path, sample: dict[str, Any]) -> Path:
    path = folder / "log.eval"
    header = {"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("samples/1_epoch_1.json", json.dumps(sample))
        archive.writestr("header.json", json.dumps(header))
    return path


def test_what_is_kept_once_is_put_back(tmp_path: Path) -> None:
    text = "x" * 120
    message = {"role": "user", "content": "See attachment://" + "0" * 32 + "!"}
    unknown = {"role": "user", "content": "See attachment://" + "1" * 32}
    sample = {"id": 1, "epoch": 1, "messages": [message, unknown], "attachments": {"0" * 32: text}}
    assert said(read(INSPECT, log(tmp_path, sample)), "1") == [
        f"user: See {text}!", "user: See attachment://" + "1" * 32,
    ]  # fmt: skip


def test_tools_are_counted(tmp_path: Path) -> None:
    messages = [
        {"role": "assistant", "content": "", "tool_calls": [{"id": "c"}]},
        {"role": "tool", "content": "42"},
        {"role": "user", "content": [{"type": "image", "image": "x"}]},
    ]
    path = log(tmp_path, {"id": "a", "epoch": 1, "messages": messages})
    assert left_out(INSPECT, path) == {"tool calls": 1, "tool results": 1, "image parts": 1}


def test_an_evaluation_that_broke_off_has_its_start(tmp_path: Path) -> None:
    path = log(tmp_path, {"id": "a", "epoch": 1, "messages": [{"role": "user", "content": "Hm."}]})
    with zipfile.ZipFile(path) as archive:
        sample = archive.read("samples/1_epoch_1.json")
        header = archive.read("header.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_journal/start.json", header)
        archive.writestr("samples/1_epoch_1.json", sample)
    assert facts(read(INSPECT, path)) == [About("a", "t", model="m")]


@given(every=conversations())
def test_what_is_written_comes_back(every: list[Conversation]) -> None:
    with TemporaryDirectory() as folder:
        back = written(INSPECT, every, Path(folder) / "it.eval")
    assert [one.about.conversation for one in back] == [one.about.conversation for one in every]

    def told(one: Conversation) -> list[object]:
        return [(said.speaker, said.text, said.name, said.at, said.audience, said.thought)
                for said in one.utterances]  # fmt: skip

    assert [told(one) for one in back] == [told(one) for one in every]


def ours(folder: Path) -> Path:
    """A log that we wrote, with all that it can hold."""
    people = (Person("Ann", "a boatwoman", "stays"),)
    talk = [
        Utterance("Ann", "Shall we?", "t", name="1"),
        Utterance("Ben Łuk", "Ja — „gut“.", "t", answers="1", audience=("Ann",), thought="Hm."),
    ]
    branch = About("u/v", "A river", parent="t", shared=1)
    whole = Conversation(About("t", "A river", "a bank", people, "m/x"), talk)
    short = Conversation(branch, [Utterance("Ann", "No.", "u/v")])
    INSPECT.write([whole, short, Conversation(About("empty"))], folder / "ours.eval")
    return folder / "ours.eval"


def test_branches_and_people_come_back(tmp_path: Path) -> None:
    assert facts(read(INSPECT, ours(tmp_path))) == [
        About("t", "A river", "a bank", (Person("Ann", "a boatwoman", "stays"),), "m/x"),
        About("u/v", "A river", model="m/x", parent="t", shared=1),
    ]


def test_a_viewer_sees_audiences_and_branches(tmp_path: Path) -> None:
    with zipfile.ZipFile(ours(tmp_path)) as archive:
        whole = json.loads(archive.read("samples/t_epoch_1.json"))
        branch = json.loads(archive.read("samples/u/v_epoch_1.json"))
        viewer = json.loads(archive.read("header.json"))["eval"]["viewer"]
    assert whole["input"] == "A river · Ann"
    assert branch["input"] == "A river · Branch of t, after turn 1"
    assert whole["messages"][1]["content"][1]["text"] == "Ben Łuk (to Ann): Ja — „gut“."
    assert viewer["trust_content"] is False


@pytest.mark.skipif(
    find_spec("inspect_ai") is None, reason="the owner of the format is not installed"
)
def test_inspect_opens_what_we_wrote(tmp_path: Path) -> None:
    from inspect_ai.log import (  # type: ignore[import-not-found, unused-ignore]
        list_eval_logs,
        read_eval_log,
        read_eval_log_sample_summaries,
        write_eval_log,
    )

    path = ours(tmp_path)
    log = read_eval_log(str(path))
    texts = {each.id: [message.text for message in each.messages] for each in log.samples or ()}
    assert texts == {
        "t": ["Ann: Shall we?", "Ben Łuk (to Ann): Ja — „gut“."], "u/v": ["Ann: No."],
    }  # fmt: skip
    assert log.eval.viewer is not None
    assert log.eval.viewer.trust_content is False
    view = log.eval.viewer.task_samples_view
    assert [each.id for each in view.columns if each.visible] == ["sampleId", "input"]
    assert [each.id for each in read_eval_log_sample_summaries(str(path))] == ["t", "u/v"]
    assert len(list_eval_logs(str(tmp_path))) == 1
    # Inspect packs with Zstandard: what it writes of ours says the same.
    for name in ("again.eval", "again.json"):
        write_eval_log(log, str(tmp_path / name))
        again = read(INSPECT, tmp_path / name)
        assert sorted(said(again)) == sorted(said(read(INSPECT, path)))
