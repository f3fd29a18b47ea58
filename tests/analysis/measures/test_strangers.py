"""Strangers who walk in, and casts whose members are one person or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from analysis.evidence.style import FEATURES, style
from analysis.measures.strangers import Strangers, between_share, dealt, standardised
from analysis.tables import Record, tables_from
from sim.events import Turn

CAST = ({"name": "A"}, {"name": "B"}, {"name": "C"})
WORDS = ("the", "of", "a", "we", "say", "old", "mill", "spring", "not", "much", "light", "river")


def line(generator: np.random.Generator, asks: float, long: float = 8.0) -> str:
    """A line that asks with some chance, of about so many words."""
    words = generator.choice(WORDS, 3 + int(generator.poisson(long)))
    return " ".join(map(str, words)) + ("?" if generator.random() < asks else ".")


def trial(generator: np.random.Generator, asks: Sequence[float], name: str, drift: float = 0.0,
          count: int = 30) -> Record:  # fmt: skip
    """Three in turn, who ask with chances of their own; the drift is everybody's."""
    said = [
        Turn(n + 1, "ABC"[n % 3], line(generator, asks[n % 3], 8 + drift * n)) for n in range(count)
    ]
    return Record(name, CAST, said)


def measured(asks: Sequence[float], trials: int, drift: float = 0.0, seed: int = 0) -> Strangers:
    generator = np.random.default_rng(seed)
    records = [trial(generator, asks, f"t{n}", drift) for n in range(trials)]
    return Strangers(tables_from(records), draws=99)


# -- who speaks without being in the cast ----------------------------------------------------------


def test_strangers_are_counted_by_turn_actor_trial_and_arm() -> None:
    said = [
        Turn(1, "A", "Who is there?", cut="GHOST: I.", strangers=("GHOST",)),
        Turn(2, "B", "Nobody."),
        Turn(3, "A", "I heard it.", strangers=("Ghost", "The Mayor")),
        Turn(4, "B", "", strangers=("Nobody heard",)),
        Turn(5, "A", "Put in.", source="intervention"),
    ]
    quiet = Record("u", CAST[:2], [Turn(1, "A", "Well.")])
    result = Strangers(tables_from([Record("t", CAST[:2], said), quiet]))
    assert result.by_turn["names"].to_list() == ["GHOST", "Ghost, The Mayor"]
    first, second = result.by_trial.itertuples()
    assert (first.stranger, first.people, first.rate) == (1, 2, pytest.approx(2 / 3))
    assert (second.people, second.rate) == (0, 0)
    actors = result.by_actor.set_index(["trial", "actor"])
    assert actors.loc[("t", "A"), "rate"] == 1
    assert actors.loc[("t", "B"), "rate"] == 0
    assert result.estimate("stranger").value == 0.5
    assert result.estimate("rate").value == pytest.approx(2 / 4)
    assert result.by_trial["share"].isna().all()
    assert result.estimate("share").note == "missing in every trial"


# -- one person or several -------------------------------------------------------------------------


def test_people_who_differ_are_told_apart() -> None:
    result = measured((0.0, 0.5, 1.0), 40)
    found = int(result.by_trial["differ"].sum())
    assert binomtest(found, 40, 0.8, alternative="less").pvalue > 0.001, found
    share = result.estimate("share")
    assert share.low > share.null.high


def test_one_person_is_told_apart_as_often_as_chance_says() -> None:
    result = measured((0.5, 0.5, 0.5), 200, seed=2)
    false = int(result.by_trial["differ"].sum())
    assert binomtest(false, 200, 0.05, alternative="greater").pvalue > 0.001, false
    share = result.estimate("share")
    assert share.value == pytest.approx(share.null.estimate, abs=0.01)


def test_what_moves_all_of_them_tells_nobody_apart() -> None:
    """Lines that grow longer, of speakers who each speak in a block of their own."""
    generator = np.random.default_rng(4)
    blocks = [
        Record(f"t{n}", CAST[:2], [
            Turn(t + 1, "AB"[t >= 15], line(generator, 0.5, 3 + t)) for t in range(30)
        ])
        for n in range(60)
    ]  # fmt: skip
    assert not Strangers(tables_from(blocks), draws=49).by_trial["differ"].any()
    result = measured((0.5, 0.5, 0.5), 100, drift=1.0, seed=3)
    false = int(result.by_trial["differ"].sum())
    assert binomtest(false, 100, 0.05, alternative="greater").pvalue > 0.001, false


# -- laws ------------------------------------------------------------------------------------------


def test_the_share_by_hand() -> None:
    features = np.array([[0.0, 2.0], [2.0, 0.0], [4.0, 2.0], [6.0, 4.0]])
    features -= features.mean(axis=0)
    # Means of the two are (-2, -1) and (2, 1); all of it is 20 + 8.
    assert between_share(features, np.array([[0, 0, 1, 1]]))[0] == pytest.approx(20 / 28)


@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 99))
def test_deals_stay_in_their_stretch(count: int, stretch: int, seed: int) -> None:
    orders = dealt(count, stretch, 5, np.random.default_rng(seed))
    assert orders.shape == (5, count)
    for order in orders:
        assert sorted(order) == list(range(count))
        assert (order // stretch == np.arange(count) // stretch).all()


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_style_has_a_number_for_each_feature(lines: list[str]) -> None:
    table: Any = style(lines)
    assert table.shape == (len(lines), len(FEATURES))
    assert np.isfinite(table).all()
    assert np.isfinite(standardised(table)).all()


def test_names_are_no_style() -> None:
    one, other = style(["Well, Ada, I agree with you.", "Well, Ben, I agree with you."])
    assert (one == other).all()
