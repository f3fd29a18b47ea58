"""Labels of the viewer as labels that are not blind: what they say, and what they do not repair."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import labels
from analysis.labels.folder import given_labels, read_shown
from analysis.tables import Record, Tables, tables_from
from sim.errors import BadRequest
from sim.events import Turn
from sim.view.notes import LABEL, Note, as_csv, exported

TURNS = 12


def played(scenes: int = 12) -> Tables:
    """Two arms with the same seeds; what each line says is its own place."""
    records = [
        Record(f"t{number}{arm}", [{"name": "Ada"}, {"name": "Ben"}],
               [Turn(turn, ("Ada", "Ben")[turn % 2], f"{number} {turn}") for turn in
                range(1, TURNS + 1)],
               model=arm, seed=number, scenario="spring", topic="t")
        for arm in "ab" for number in range(scenes)
    ]  # fmt: skip
    return tables_from(records)


MARKS = st.lists(
    st.tuples(st.sampled_from(["t0a", "t1a", "t0b", "gone"]), st.integers(0, TURNS),
              st.sampled_from(["flip", "fine", "loop"]), st.sampled_from(["kim", "lee w"])),
    max_size=30, unique=True,
)  # fmt: skip
TABLES = played(2)


@given(marks=MARKS)
@settings(max_examples=10, deadline=None)
def test_each_coder_says_yes_no_or_nothing_of_a_line(
    tmp_path_factory: pytest.TempPathFactory, marks: list[tuple[str, int, str, str]]
) -> None:
    """Against the plain definition: yes, no for other labels, and nothing without a label."""
    marks = [*marks, ("t0a", 1, "flip", "kim")]
    folder = tmp_path_factory.mktemp("marks") / "labels"
    made = labels.from_marks(TABLES, (labels.Mark(*each) for each in marks), "flip", folder)
    counting = [each for each in marks if each[0] != "gone" and each[1] > 0]
    assert made.left_out == len(marks) - len(counting)
    read = labels.read(folder)
    places = {row["id"]: (row["trial"], row["turn"]) for row in read.drawn.to_dict("records")}
    told = {
        coder: {places[identity]: label for identity, label in own.items()}
        for coder, own in read.by_coder.items()
    }
    wanted: dict[str, dict[tuple[str, int], str]] = {}
    for trial, turn, _, coder in counting:
        yes = (trial, turn, "flip", coder) in counting
        wanted.setdefault(coder.replace(" ", "-"), {})[trial, turn] = "yes" if yes else "no"
    assert told == wanted
    assert given_labels(folder, read_shown(folder)) == read.by_coder


def test_they_repair_nothing_unless_that_is_asked_for(tmp_path: Path) -> None:
    """With it, the estimate is that of lines drawn by chance: here they are, and it is right."""
    generator = np.random.default_rng(5)
    tables = played(40)
    truth = {
        (f"t{number}{arm}", turn): bool(generator.random() < {"a": 0.3, "b": 0.5}[arm])
        for arm in "ab" for number in range(40) for turn in range(1, TURNS + 1)
    }  # fmt: skip
    scores = [(*place, 0.9 if event == (generator.random() < 0.8) else 0.1)
              for place, event in truth.items()]  # fmt: skip
    pd.DataFrame(scores, columns=["trial", "turn", "judge"]).to_csv(tmp_path / "j.csv", index=False)
    marks = [labels.Mark(*place, "flip" if event else "fine", "kim")
             for place, event in truth.items() if generator.random() < 0.4]  # fmt: skip
    folder = tmp_path / "labels"
    labels.from_marks(tables, marks, "flip", folder, instruments=[f"{tmp_path / 'j.csv'}:judge"])
    read = labels.read(folder)
    assert not read.blind
    assert not read.errors
    counts = read.beside_judge
    assert counts.to_numpy().sum() == len(marks)
    events = sum(mark.label == "flip" for mark in marks)
    assert counts.loc["event"].sum() == events
    assert counts.loc["event", "event"] > 0.7 * events
    with pytest.raises(BadRequest, match="not given blind"):
        read.repair()
    with pytest.raises(BadRequest, match="not given blind"):
        labels.choose_threshold(folder)
    rows = read.repair(not_blind=True).by_arm.set_index("arm")
    for arm in "ab":
        share = np.mean([event for (trial, _), event in truth.items() if trial.endswith(arm)])
        low, high = rows.loc[arm, ["repaired_low", "repaired_high"]]
        assert low - 0.1 < share < high + 0.1  # Wrong once in 10,000 seeds; this one is fixed.
        assert high - low < 0.3


def test_an_arm_without_a_label_has_no_estimate(tmp_path: Path) -> None:
    marks = [labels.Mark("t0a", turn, "flip", "kim") for turn in (1, 2)]
    labels.from_marks(TABLES, marks, "flip", tmp_path / "labels")
    [_, other] = labels.read(tmp_path / "labels").repair(not_blind=True).arms
    assert (other.arm, other.labelled, other.note) == ("b", 0, "nothing is labelled")
    assert np.isnan(other.best.estimate)


@pytest.mark.parametrize(
    ("marks", "label", "told"),
    [
        ([], "flip", "there is no label"),
        ([("t0a", 1, "flip", "kim")], "flop", "did you mean flip"),
        ([("gone", 1, "flip", "kim")], "flip", "none of 1 labels"),
        ([("t0a", 1, "flip", "k m"), ("t0a", 1, "flip", "k-m")], "flip", "two coders"),
    ],
)
def test_what_cannot_be_taken_is_said(
    tmp_path: Path, marks: list[tuple[str, int, str, str]], label: str, told: str
) -> None:
    with pytest.raises(BadRequest, match=told):
        labels.from_marks(TABLES, [labels.Mark(*each) for each in marks], label, tmp_path / "x")
    assert not (tmp_path / "x").exists()


NOTES = st.lists(
    st.builds(
        Note, st.just("3f2a"), st.integers(0, 999), st.just(LABEL),
        st.sampled_from(["flip", "=flip", "-", "a,b", '"', "zwei\nZeilen", "+1"]),
        st.sampled_from(["kim", "@lee"]), st.just("2026-01-01T00:00:00+00:00"),
    ),
    max_size=5,
)  # fmt: skip


@given(notes=NOTES)
@settings(max_examples=25, deadline=None)
def test_what_the_viewer_saves_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, notes: list[Note]
) -> None:
    path = tmp_path_factory.mktemp("saved") / "x.csv"
    path.write_text(as_csv(notes), newline="")
    assert exported(path) == notes


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.csv", "trial,turn\n", "no column 'kind'"),
        ("x.csv", "trial,turn,kind,text,by,at\na,b,label,flip,kim,\n", "row 2"),
        ("x.jsonl", "{}\n", "no labels"),
        ("none.csv", None, "no such file"),
    ],
)
def test_another_file_is_no_file_of_labels(
    tmp_path: Path, name: str, content: str | None, told: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(BadRequest, match=told):
        exported(tmp_path / name)
