"""Several topics in an arm are the units of a comparison, and missing outcomes have bounds."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.comparison import Comparison, compare
from analysis.estimates import Quantity
from analysis.missing_outcomes import missing_of, worst_case
from analysis.stats import paired_difference
from analysis.tables import Record, Tables, tables_from
from sim.events import Ended, Turn

LOUD, CALM = "You idiot, you ruin everything!", "I see, thank you."
HOSTILITY = ["conflict.hostility"]


def said(share: float, generator: np.random.Generator) -> list[Turn]:
    return [
        Turn(n, "AB"[n % 2], LOUD if generator.random() < share else CALM) for n in range(1, 11)
    ]


def played(topics: int, seeds: int = 3, *, effect: float = 0.3, apart: bool = True) -> Tables:
    """Two models on some topics, each hostile in its own way; ``apart``: by scenario, else by the
    scene's topic alone."""
    generator = np.random.default_rng(topics)
    records = []
    for topic in range(topics):
        level = generator.uniform(0.1, 0.5)
        for model, share in (("x", level), ("y", level + effect)):
            records += [
                Record(f"{topic}{model}{seed}", [{"name": "A"}, {"name": "B"}],
                       said(share, generator), seed=seed, model=model,
                       scenario=f"s{topic}" if apart else "s", topic=f"Motion {topic}.")
                for seed in range(seeds)
            ]  # fmt: skip
    return tables_from(records)


def joined_row(found: Comparison) -> dict[str, object]:
    rows = found.table[found.table["clusters"] > 1]
    assert len(rows) == 1
    return dict(rows.iloc[0])


@pytest.mark.parametrize("apart", [True, False])
def test_topics_are_the_units(apart: bool) -> None:
    found = compare(played(8, apart=apart), measures=HOSTILITY)
    whole, single = found.differences[0], found.differences[1:]
    assert (whole.clusters, whole.of, whole.n_a, len(single)) == (8, "8 topics", 24, 8)
    gaps = np.array([each.difference.estimate for each in single])
    expected = paired_difference(gaps, np.zeros(8), share=False)
    assert whole.difference.low == pytest.approx(expected.low)
    assert whole.difference.estimate == pytest.approx(gaps.mean())
    # All signs agree: 2 of 2^8 exchanges are as far out.
    assert whole.p == pytest.approx(2 / 2**8)
    assert [each.primary for each in found.differences] == [True] + [False] * 8
    assert "(8 topics)" in whole.sentence


def test_a_topic_counts_once_however_often_it_was_played() -> None:
    few, many = (compare(played(8, seeds), measures=HOSTILITY) for seeds in (2, 6))
    assert joined_row(few)["clusters"] == joined_row(many)["clusters"] == 8


def test_few_topics_cannot_reach_the_level_and_say_so() -> None:
    found = compare(played(4, effect=0.6), measures=HOSTILITY)
    whole = found.differences[0]
    assert whole.p == pytest.approx(0.125)
    assert "4 topics cannot reach p = 0.05" in whole.sentence
    assert any(w.startswith("Few topics: of 4 no exact test") for w in found.warnings)


def test_one_topic_and_a_topic_a_seed_stay_as_they_are() -> None:
    assert {each.clusters for each in compare(played(1), measures=HOSTILITY).differences} == {1}
    generator = np.random.default_rng(3)
    records = [
        Record(f"{model}{seed}", [{"name": "A"}, {"name": "B"}], said(0.4, generator), seed=seed,
               model=model, scenario="s", topic=f"Motion {seed}.")
        for model in "xy" for seed in range(8)
    ]  # fmt: skip
    every = compare(tables_from(records), measures=HOSTILITY)
    assert {each.clusters for each in every.differences} == {1}


# --- Missing outcomes -------------------------------------------------------------------------

SHARE = Quantity("a share", low=0, high=1)
SIDE = st.lists(st.none() | st.floats(0, 1), min_size=1, max_size=8)


@given(SIDE, SIDE, st.randoms(use_true_random=False))
def test_no_filling_leaves_the_worst_case(
    one: list[float | None], two: list[float | None], random: object
) -> None:
    sides = [np.array([nan if value is None else value for value in side]) for side in (one, two)]
    found = worst_case(*sides, SHARE)
    missing = missing_of(*sides)
    assert missing is not None
    if missing[0] * len(two) == missing[1] * len(one):
        assert isnan(found.low)
        return
    filled = [
        np.where(np.isnan(side), [random.choice([0.0, 0.3, 1.0]) for _ in side], side)  # type: ignore[attr-defined]
        for side in sides
    ]
    gap = float(filled[0].mean() - filled[1].mean())
    assert found.low - 1e-9 <= gap <= found.high + 1e-9


def test_without_bounds_nothing_is_said() -> None:
    some, whole = np.array([1.0, nan]), np.array([1.0, 2.0])
    assert isnan(worst_case(some, whole, Quantity("a number")).low)


def test_trials_that_failed_in_one_arm_are_told() -> None:
    generator = np.random.default_rng(1)
    records = [
        Record(f"{model}{seed}", [{"name": "A"}, {"name": "B"}],
               [*said(0.5, generator), Ended(10, "timeout", "failed" if model == "y" and seed < 3
                                             else "done")],
               seed=seed, model=model)
        for model in "xy" for seed in range(10)
    ]  # fmt: skip
    found = compare(tables_from(records), measures=HOSTILITY)
    assert any("unevenly (x: 0, y: 3)" in warning for warning in found.warnings)
