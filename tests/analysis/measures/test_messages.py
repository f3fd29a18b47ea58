"""Retelling and indecision: what is left of a message, and whether an answer is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures.indecision import Indecision, differing
from analysis.measures.retelling import Retelling, content
from analysis.tables import Record, Tables, tables_from
from sim.events import Answer, Turn

words = st.text(alphabet="abcdefgh", min_size=4, max_size=8)


def told(*lines: str) -> Tables:
    """A message, and the lines after it."""
    turns = [
        Turn(place + 1, "A", text, source="stage" if place else "intervention")
        for place, text in enumerate(lines)
    ]
    return tables_from([Record("t", [{"name": "A"}], turns)])


@given(st.lists(words, min_size=1, max_size=8))
def test_a_message_that_is_said_again_is_kept_whole(message: list[str]) -> None:
    text = " ".join(message)
    row = Retelling(told(text, "Something else.", f"I heard: {text}!")).by_trial.iloc[0]
    assert row.kept == 1.0
    assert row.links == 2


@given(st.lists(words, min_size=2, max_size=8, unique_by=lambda word: word[:4]))
def test_each_word_that_is_lost_counts(message: list[str]) -> None:
    wanted = content(" ".join(message))
    row = Retelling(told(" ".join(message), message[0])).by_trial.iloc[0]
    assert row.kept == pytest.approx(len(content(message[0])) / len(wanted))


def test_a_trial_without_a_message_or_a_line_after_it_has_no_number() -> None:
    assert Retelling(told("A message of eight old spoons.")).by_trial.empty
    plain = tables_from([Record("t", [{"name": "A"}], [Turn(1, "A", "Nothing to pass on.")])])
    assert Retelling(plain).by_trial.empty


def asked(*values: object) -> Tables:
    said = [Answer(3, "A", "thing", value, sample=place) for place, value in enumerate(values)]
    return tables_from([Record("t", [{"name": "A"}], said)])


@given(st.lists(words, min_size=2, max_size=6))
def test_the_share_is_that_of_pairs_that_differ(values: list[str]) -> None:
    pairs = [(a, b) for place, a in enumerate(values) for b in values[place + 1 :]]
    expected = sum(a != b for a, b in pairs) / len(pairs)
    assert differing(list(values)) == pytest.approx(expected)
    assert Indecision(asked(*values)).by_trial.iloc[0].differ == pytest.approx(expected)


def test_wording_of_one_thing_is_one_answer_and_missing_ones_are_none() -> None:
    row = Indecision(asked("A silver watch.", "the Silver Watch", None)).by_actor.iloc[0]
    assert (row.differ, row.samples) == (0.0, 2)
    assert Indecision(asked("a watch", None)).by_actor.empty
