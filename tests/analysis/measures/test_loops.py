"""Loops: planted cycles, exact and in other words; talk that goes on; nulls of shuffled order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from analysis.evidence.repetition import compression, first_cycle, likeness, self_similarity
from analysis.measures.loops import Loops, onset, onsets
from analysis.measures.outcomes import Outcomes
from analysis.tables import Record, Tables, tables_from
from sim.events import Turn

WORDS = [f"{first}{second}" for first in "bdfgklmnprst" for second in
         ("abe", "ander", "ebol", "ilt", "oma", "orren", "und", "esk")]  # fmt: skip


def fresh(generator: np.random.Generator, count: int, words: int = 12) -> list[str]:
    """Lines of words drawn at random: they have little in common."""
    return [" ".join(generator.choice(WORDS, words)) for _ in range(count)]


def noisy(generator: np.random.Generator, line: str, share: float) -> str:
    """A line with a share of its words replaced."""
    return " ".join(
        word if generator.random() > share else str(generator.choice(WORDS))
        for word in line.split()
    )


def cycling(generator: np.random.Generator, lag: int, start: int = 8, share: float = 0.1,
            count: int = 20) -> list[str]:  # fmt: skip
    """``start`` lines, and then the last ``lag`` of them again and again, with noise."""
    lines = fresh(generator, start)
    cycle = lines[start - lag :]
    return lines + [noisy(generator, cycle[place % lag], share) for place in range(count - start)]


def told(lines: Sequence[str], trial: str = "t") -> Record:
    said = [Turn(2 * place + 1, "A", line) for place, line in enumerate(lines)]
    return Record(trial, [{"name": "A"}, {"name": "B"}], said)


def of_lines(*trials: Sequence[str]) -> Tables:
    return tables_from([told(lines, f"t{place}") for place, lines in enumerate(trials)])


# -- planted: something, and nothing ---------------------------------------------------------------


@pytest.mark.parametrize("lag", [1, 2, 3, 5])
def test_a_cycle_is_found_where_it_begins(lag: int) -> None:
    generator = np.random.default_rng(lag)
    found = [onset(cycling(generator, lag)) for _ in range(60)]
    near = sum(place is not None and abs(place - 8) <= 1 for place in found)
    assert binomtest(near, 60, 0.9, alternative="less").pvalue > 0.001, found


def test_lines_that_go_on_are_no_loop() -> None:
    generator = np.random.default_rng(7)
    assert all(onset(fresh(generator, 20)) is None for _ in range(100))
    # Once more is being firm, twice is an answer to the same question.
    lines = fresh(generator, 12)
    assert onset([*lines[:6], lines[2], *lines[6:]]) is None


def test_the_turn_is_that_of_the_scene_and_outcomes_have_it() -> None:
    tables = of_lines(cycling(np.random.default_rng(3), 2))
    whole = Loops(tables).by_actor
    assert int(whole.loc[0, "loop"]) == 2 * 8 + 1
    assert int(whole.loc[0, "lag"]) == 2
    assert whole.loc[1, ["loop", "lag", "self_similarity", "compression"]].isna().all()
    assert onsets(tables)["loop"].equals(whole["loop"])
    assert Outcomes(tables).by_actor["loop"].equals(whole["loop"])


def test_p_sees_the_order_and_keeps_its_level() -> None:
    generator = np.random.default_rng(11)
    some = [fresh(generator, 14) for _ in range(150)]
    # From the same lines, and so with repeats, but in random order: nothing for p to find.
    some += [list(generator.permutation(cycling(generator, 2))) for _ in range(150)]
    table = Loops(of_lines(*some), draws=99).by_actor.dropna(subset=["p"])
    false = int((table["p"] <= 0.05).sum())
    assert binomtest(false, len(table), 0.05, alternative="greater").pvalue > 0.001
    loops = Loops(of_lines(*(cycling(generator, 2) for _ in range(40))), draws=99).by_actor
    assert np.mean(loops["p"].dropna().to_numpy() <= 0.05) > 0.9


def test_the_null_of_an_unchanging_line_is_the_line_itself() -> None:
    row = Loops(of_lines(["We have always said exactly this about the mill."] * 8)).by_actor.iloc[0]
    assert (row.loop, row.repetitions) == (3, 7)
    assert (row.self_similarity, row.self_similarity_null, row.p) == (1, 1, 1)
    assert row.compression > row.compression_null > 1


def test_compression_sees_repeats_that_no_line_is() -> None:
    """One phrase in every line, in other places: no near copy, no cycle, and yet shorter."""
    generator = np.random.default_rng(5)
    phrase = "which is exactly what my grandmother used to say about the sea"
    lines = [f"{a} {phrase} {b}" for a, b in zip(fresh(generator, 12), fresh(generator, 12),
                                                  strict=True)]  # fmt: skip
    table = Loops(of_lines(lines, fresh(generator, 12, words=36))).by_actor
    repeated, plain = table.iloc[0], table.iloc[2]
    assert repeated.compression / repeated.compression_null > 1.15
    assert plain.compression / plain.compression_null == pytest.approx(1, abs=0.05)


def test_lags_have_a_row_each_and_turns_what_they_repeat() -> None:
    result = Loops(of_lines(cycling(np.random.default_rng(2), 3, share=0)))
    lags = result.by_lag.set_index("lag")
    assert list(lags.index) == list(range(1, 9))
    assert lags.loc[3, "similarity"] > lags.loc[3, "null_high"]
    assert lags.loc[2, "similarity"] < lags.loc[2, "null"]
    turns = result.by_turn
    assert turns["similarity"].isna().tolist() == [True] + [False] * 19
    assert set(turns.loc[9:, "back"]) == {3}
    assert result.by_arm.set_index("quantity").loc["self_similarity", "null"] < 0.5


# -- laws ------------------------------------------------------------------------------------------


@given(st.lists(st.text("abc def", max_size=30), max_size=9))
@settings(deadline=None)
def test_likeness_is_symmetric_bounded_and_one_with_itself(lines: list[str]) -> None:
    table = likeness(lines)
    assert table.shape == (len(lines), len(lines))
    assert np.allclose(table, table.T)
    assert ((table >= 0) & (table <= 1 + 1e-12)).all()
    assert set(np.diagonal(table)) <= {0.0, 1.0}


@given(st.integers(1, 8), st.integers(4, 6))
@settings(deadline=None)
def test_an_exact_cycle_has_likeness_one_at_its_lag(lag: int, rounds: int) -> None:
    lines = fresh(np.random.default_rng(lag), lag) * rounds
    table = likeness(lines)
    means = self_similarity(table)
    assert means[lag - 1] == pytest.approx(1)
    cycle = first_cycle(table)
    assert cycle is not None
    assert (cycle.place, cycle.lag) == (lag, lag)


def test_a_broken_letter_is_measured_all_the_same() -> None:
    assert compression("\ud800 said nothing " * 9) > 1
