"""What comes out of a loop, and how long a run of words is recited."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.evidence.quotation import Index, read_index
from analysis.measures.loop_breaks import LoopBreaks
from analysis.measures.verbatim import Verbatim
from analysis.tables import Record, Tables, tables_from
from sim.errors import BadRequest
from sim.events import Turn

STUCK = "The ferry leaves at six."


def said(*lines: str) -> Tables:
    """One actor's lines."""
    return tables_from([Record("t", [{"name": "A"}], [
        Turn(place, "A", line) for place, line in enumerate(lines, 1)
    ])])  # fmt: skip


def test_a_loop_that_breaks_tells_who_speaks_then_and_spoke_before() -> None:
    lines = ("Good evening to you.", STUCK, STUCK, STUCK, "As an AI language model, I cannot.")
    row = LoopBreaks(said(*lines)).by_actor.iloc[0]
    assert (row.loop, row.lines, row.who) == (3, 2, "assistant")
    assert (row.broken, row.other, row.other_before) == (1.0, 1.0, 0.0)


def test_a_loop_without_an_end_is_censored_and_no_loop_has_no_number() -> None:
    endless = LoopBreaks(said("Good evening to you.", *[STUCK] * 4)).by_actor.iloc[0]
    assert endless.broken == 0.0
    assert endless[["other"]].isna().all()
    none = LoopBreaks(said("Good evening to you.", STUCK)).by_actor.iloc[0]
    assert none[["loop", "broken", "other"]].isna().all()


WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=12)


@given(WORDS, st.lists(WORDS, max_size=4))
def test_the_span_is_the_longest_run_in_one_passage(
    line: list[str], index: list[list[str]]
) -> None:
    """Against the plain definition: every run of the line, looked up in every passage."""
    passages = [f" {' '.join(words)} " for words in index]
    runs = [
        line[begin:end]
        for begin in range(len(line))
        for end in range(begin + 1, len(line) + 1)
        if any(f" {' '.join(line[begin:end])} " in passage for passage in passages)
    ]
    found = Index.of([("x", " ".join(words)) for words in index]).longest(" ".join(line))
    assert found.words == max(map(len, runs), default=0)
    assert len(found.text.split()) == found.words


def test_recitation_stands_out_from_its_own_words_in_random_order(tmp_path: Path) -> None:
    line = "Call me Ishmael. Some years ago, never mind how long precisely."
    row = Verbatim(said(line, "The salt, please.")).by_actor.iloc[0]
    assert row.span == 11
    assert row.span_null < 4
    own = tmp_path / "own.txt"
    own.write_text("The salt,\nplease, and the bread.\n\nNothing else.\n", encoding="utf-8")
    row = Verbatim(said(line, "The salt, please."), index=str(own)).by_actor.iloc[0]
    assert (row.span, row.whose) == (3, "own.txt, paragraph 1")


def test_an_index_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("\n\n", encoding="utf-8")
    with pytest.raises(BadRequest, match="has no words"):
        read_index(str(empty))
    with pytest.raises(BadRequest, match="cannot be read"):
        read_index(str(tmp_path / "none.txt"))
