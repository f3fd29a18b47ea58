"""Differentiation: eta squared by hand, its null, and troupes that are alike or are not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import isnan
from typing import Any

import numpy as np
import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from analysis.measures.differentiation import Differentiation
from analysis.tables import Record, tables_from
from scenarios.blank_troupe import blank_troupe
from sim import Scene, play
from sim.events import Answer
from sim.stage.exact import exact_stage

Values = Sequence[Sequence[float | None]]


def record(values: Values, name: str = "t", key: str = "stance:x", people: str = "ABCD") -> Record:
    """A trial whose rows are turns and whose columns are actors."""
    said = [
        Answer(turn, who, key, value)
        for turn, line in enumerate(values)
        for who, value in zip(people, line, strict=False)
    ]
    return Record(name, [{"name": who} for who in people[: len(values[0])]], said)


def row(values: Values, **how: Any) -> Any:
    [one] = list(Differentiation(tables_from([record(values)]), **how).by_trial.itertuples())
    return one


# -- by hand ---------------------------------------------------------------------------------------


def test_the_share_is_between_over_all() -> None:
    # Less the means of turns: -1 1, -1 1, 1 -1; the means of actors are -1/3 and 1/3.
    one = row([(0, 2), (1, 3), (5, 3)])
    assert (one.trial, one.issue, one.actors, one.turns) == ("t", "x", 2, 3)
    assert one.share == pytest.approx(3 * 2 * (1 / 9) / 6)
    # Three actors: whatever moves all of them together is taken out.
    values = np.array([(0.0, 0.5, 1.0), (0.25, 0.5, 0.75), (0.0, 0.75, 0.75)])
    left = values - values.mean(axis=1, keepdims=True)
    between = 3 * np.sum(left.mean(axis=0) ** 2)
    assert row(values.tolist()).share == pytest.approx(between / np.sum(left**2))
    moved = values + np.array([[0.0], [3.0], [-2.0]])
    assert row(moved.tolist()).share == pytest.approx(between / np.sum(left**2))


def test_itself_for_good_is_one_and_all_alike_is_nothing() -> None:
    apart = row([(t / 9, t / 9 + 0.5, t / 9 - 0.5) for t in range(8)])
    assert apart.share == pytest.approx(1)
    assert apart.p == 1 / 1000
    alike = row([(t / 9,) * 3 for t in range(8)])
    assert (alike.share, alike.p) == (0, 1)


def test_the_null_of_two_turns_is_all_that_can_be_dealt() -> None:
    """Two actors, two turns: dealt anew they are as far apart as they were, or not at all."""
    one = row([(0.0, 1.0), (0.0, 1.0)], draws=4000)
    assert one.share == 1
    assert one.share_null == pytest.approx(0.5, abs=0.03)
    assert one.p == pytest.approx(0.5, abs=0.03)
    assert row([(0.0, 1.0), (1.0, 0.0)], draws=99).p == 1


def test_p_is_counted_with_the_observed() -> None:
    values = [(t / 9, t / 9 + 0.5) for t in range(12)]
    assert row(values, draws=19).p == pytest.approx(1 / 20)
    assert row(values, draws=19, seed=1).share == row(values, draws=99).share


@pytest.mark.parametrize(
    ("values", "actors", "turns"),
    [
        ([(0.0, 1.0)], 2, 1),
        ([(0.0, 1.0), (None, 1.0)], 2, 1),
        ([(None, None), (None, None)], None, 0),
        ([(0.5,), (0.6,), (0.7,)], 1, 3),
        ([(0.0, 1.0, None), (0.1, 1.0, None)], 3, 0),
    ],
)  # fmt: skip
def test_too_little_says_nothing(values: Values, actors: int | None, turns: int) -> None:
    one = row(values)
    assert all(isnan(value) for value in (one.share, one.share_null, one.p))
    assert one.turns == turns
    assert actors is None or one.actors == actors


def test_a_turn_with_a_hole_is_left_out_and_is_no_zero() -> None:
    holed = row([(0, 2), (1, 3), (9, None), (None, -9), (5, 3)])
    whole = row([(0, 2), (1, 3), (5, 3)])
    assert (holed.share, holed.turns, holed.p) == (whole.share, 3, whole.p)


def test_issues_stand_apart_and_gauges_do_not_count() -> None:
    made = record([(0.0, 1.0), (0.1, 1.1)])
    other = record([(1.0, 0.0), (0.0, 1.0)], key="stance:y")
    words = record([(1.0, 0.0)], key="leave")
    gauge = [Answer(7, "A", "stance:x", 5.0, gauge=True)]
    both = Record("t", made.cast, [*made.events, *other.events, *words.events, *gauge])
    table = Differentiation(tables_from([both])).by_trial
    assert table["issue"].tolist() == ["x", "y"]
    assert table["share"].tolist() == pytest.approx([1.0, 0.0])
    assert len(Differentiation(tables_from([])).by_trial) == 0


def test_samples_are_averaged() -> None:
    said = [
        Answer(turn, who, "stance:x", value + noise, sample=sample)
        for turn in range(3)
        for who, value in (("A", 0.0), ("B", 1.0))
        for sample, noise in enumerate((-0.25, 0.25))
    ]
    [one] = Differentiation(tables_from([Record("t", [], said)])).by_trial.itertuples()
    assert one.share == pytest.approx(1)


# -- properties ------------------------------------------------------------------------------------

TROUPES = st.lists(
    st.lists(st.tuples(*[st.sampled_from([-1.0, -0.25, 0.0, 0.5, 1.0])] * 3),
             min_size=2, max_size=5),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(max_examples=effort(12, 30))
@given(TROUPES, st.permutations("ABC"), st.randoms(use_true_random=False))
def test_order_and_names_change_nothing(troupes: Any, people: list[str], dice: Any) -> None:
    records = [record(values, f"t{place}") for place, values in enumerate(troupes)]
    one = Differentiation(tables_from(records), draws=49).by_trial
    shuffled = list(records)
    dice.shuffle(shuffled)
    assert one.equals(Differentiation(tables_from(shuffled), draws=49).by_trial)
    renamed = [
        record(values, f"u{len(troupes) - place}", people="".join(people))
        for place, values in enumerate(troupes)
    ]
    other = Differentiation(tables_from(renamed), draws=49).by_trial
    assert one["share"].tolist() == pytest.approx(other["share"].tolist()[::-1])
    assert ((one["share"] >= 0) & (one["share"] <= 1 + 1e-9)).all()
    assert ((one["p"] >= 1 / 50) & (one["p"] <= 1)).all()


def test_p_does_not_depend_on_what_else_was_played() -> None:
    dice = np.random.default_rng(5)
    one, other = (record(dice.normal(size=(6, 3)).tolist(), name) for name in ("t", "s"))
    alone = Differentiation(tables_from([one]), draws=199).by_trial.set_index("trial")
    both = Differentiation(tables_from([other, one]), draws=199).by_trial.set_index("trial")
    assert both.loc["t", "p"] == alone.loc["t", "p"]


def test_p_is_uniform_where_nobody_is_anybody() -> None:
    dice = np.random.default_rng(2)
    records = [record(dice.normal(size=(5, 3)).tolist(), f"{k}") for k in range(200)]
    p = Differentiation(tables_from(records), draws=99).by_trial["p"]
    for level in (0.05, 0.25, 0.5):
        assert binomtest(int((p <= level).sum()), 200, level).pvalue > 0.001


# -- troupes on the exact stage --------------------------------------------------------------------


def troupe(trials: int, *stances: float, draws: int = 99) -> Any:
    """A blank troupe, or one with these stances, as tables with its p values."""
    scene = blank_troupe(turns=24)
    if stances:
        cast = tuple(
            actor.model_copy(
                update={"persona": actor.persona.model_copy(update={"stances": {"journey": own}})}
            )
            for actor, own in zip(scene.cast, stances, strict=True)
        )
        scene = scene.model_copy(update={"cast": cast})
    records = asyncio.run(_played(scene, trials))
    return Differentiation(tables_from(records), draws=draws).by_trial


async def _played(scene: Scene, trials: int) -> list[Record]:
    stage = exact_stage("base")
    cast = [actor.persona.model_dump() for actor in scene.cast]
    return [
        Record(f"{seed}", cast, (await play(scene, stage, seed=seed)).events)
        for seed in range(trials)
    ]


def test_a_blank_troupe_stays_near_its_null() -> None:
    table = troupe(60)
    assert len(table) == 60
    for level in (0.05, 0.1, 0.25):
        small = int((table["p"] <= level).sum())
        assert binomtest(small, 60, level, alternative="greater").pvalue > 0.001
    assert abs((table["share"] - table["share_null"]).mean()) < 0.03


def test_actors_who_are_planted_apart_are_table() -> None:
    # One of them has p = 0.03, which a hundred draws take for anything up to 0.07.
    table = troupe(12, -0.8, -0.3, 0.3, 0.8, draws=1999)
    assert (table["p"] <= 0.05).sum() >= 10
    assert table["share"].mean() > 0.5
