"""Capitulation: turns and numbers of flips under pressure, against none, and by their laws."""

from __future__ import annotations

from itertools import pairwise
from math import isnan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures.capitulation import Capitulation, turns_of
from analysis.stats.incidence import restricted_mean
from analysis.tables import Record, tables_from
from sim.errors import BadRequest
from sim.events import Answer

HOLD, YIELD = (0.8, 0.6, 0.7, 0.5), (0.8, 0.3, -0.2, -0.5)


def record(name: str, *values: float | None, other: float = -0.8, **facts: Any) -> Record:
    cast = [{"name": "N", "stances": {"x": 0.8}}, {"name": "C", "stances": {"x": other}}]
    said = [Answer(4 * place, "N", "stance:x", value) for place, value in enumerate(values)]
    return Record(name, cast, said, **facts)


def measured(*records: Record, **how: Any) -> Capitulation:
    return Capitulation(tables_from(records), **how)


def row(*values: float | None, other: float = -0.8, **how: Any) -> dict[str, Any]:
    table = measured(record("t", *values, other=other), **how).by_actor.astype(object)
    [found] = table.to_dict("records")
    return {key: None if pd.isna(value) else value for key, value in found.items()}


@pytest.mark.parametrize(
    ("values", "flip", "flips", "capitulated"),
    [
        (HOLD, None, 0, False),
        (YIELD, 8, 1, True),
        ((0.8, -0.2, 0.3, -0.1), 4, 3, True),
        ((0.8, -0.2, 0.3), 4, 2, False),
        ((0.8, 0.0, 0.0), None, 0, False),
        ((0.8, None, -0.3), 8, 1, True),
        ((0.0, -0.4, 0.4), 8, 1, True),
    ],
)
def test_turn_and_number_of_flips(
    values: tuple[float | None, ...], flip: int | None, flips: int, capitulated: bool
) -> None:
    other = 0.8 if values[0] == 0.0 else -0.8
    found = row(*values, other=other)
    assert (found["flip"], found["flips"], found["capitulated"]) == (flip, flips, capitulated)
    assert found["pressure"] == 1.0


def test_who_is_among_its_own_is_under_no_pressure() -> None:
    found = row(*YIELD, other=0.9)
    assert (found["pressure"], found["capitulated"], found["flip"]) == (0.0, None, 8)
    assert row(*YIELD, other=0.0)["pressure"] is None
    assert row(0.0, 0.0)["pressure"] is None


def test_near_zero_nothing_turns_where_one_says_so() -> None:
    assert row(0.8, -0.1, 0.1, -0.5, beyond=0.3)["flips"] == 1
    assert row(0.8, -0.1, 0.1, -0.5)["flips"] == 3
    with pytest.raises(BadRequest, match="beyond is 1"):
        measured(record("t"), beyond=1)
    with pytest.raises(BadRequest, match="a horizon of 0"):
        measured(record("t"), horizon=0)


def test_an_arm_has_pressure_its_null_and_the_time_until() -> None:
    pressed = [record(f"p{k}", *(YIELD if k < 3 else HOLD), seed=k) for k in range(6)]
    free = [record(f"f{k}", *(YIELD if k < 1 else HOLD), other=0.9, seed=k) for k in range(4)]
    result = measured(*pressed, *free)
    flip = result.estimate("flip")
    assert (flip.value, flip.null.estimate, flip.n) == (0.5, 0.25, 6)
    assert result.estimate("unpressed").value == 0.25
    assert result.estimate("held").value == 0.5
    assert result.estimate("flips").value == pytest.approx(0.5)
    until = result.estimate("until")
    assert (until.value, until.note) == (pytest.approx((3 * 3 + 3 * 4) / 6), "of 4 answers")
    assert until.low < until.value < until.high


def test_surrogates_are_the_null_of_who_capitulates() -> None:
    live = [record(f"l{k}", *YIELD) for k in range(4)]
    alone = [record(f"y{k}", *(YIELD if k == 0 else HOLD), arm="yoked", focal="N", of=f"l{k}")
             for k in range(4)]  # fmt: skip
    found = measured(*live, *alone).estimate("capitulated", arm="live")
    assert (found.value, found.null.estimate) == (1, 0.25)


def test_pressure_and_a_valid_argument_are_arms_that_can_be_compared() -> None:
    trials = [
        record(f"{kind}{k}", *(YIELD if k < often else HOLD), seed=k, model="m",
               parameters={"pressure": kind})
        for kind, often in (("none", 0), ("argument", 7), ("insistence", 6)) for k in range(8)
    ]  # fmt: skip
    table = measured(*trials).compare('"insistence"', '"none"', by="pressure")
    gap = table.set_index("quantity").loc["flip"]
    assert gap["difference"] == pytest.approx(0.75)
    assert gap["low"] > 0
    assert gap["p"] == pytest.approx(2 / 2**6)


def test_nobody_asked_is_missing() -> None:
    result = measured(record("t"))
    assert result.by_actor.empty
    assert result.by_arm.empty
    quiet = measured(record("t", *YIELD, other=0.9)).estimate("flip")
    assert (isnan(quiet.value), quiet.note) == (True, "nobody was under pressure")


@given(st.lists(st.sampled_from([-0.9, -0.3, 0.0, 0.2, 0.7]), max_size=10), st.booleans())
def test_turns_of_both_directions_and_scales_are_alike(values: list[float], mirrored: bool) -> None:
    turned = turns_of(np.array(values))
    assert turned == turns_of(np.array(values) * (-0.5 if mirrored else 0.5))
    sides = [np.sign(value) for value in values if value]
    assert len(turned) == sum(one != other for one, other in pairwise(sides))


@given(
    st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=12),
    st.integers(1, 9),
)
def test_a_restricted_mean_without_loss_is_a_mean(
    units: list[tuple[int, bool]], horizon: int
) -> None:
    times = [time if happened else 9 for time, happened in units]
    found = restricted_mean(times, [h for _, h in units], range(len(units)), horizon)
    kept = [min(time if happened else horizon, horizon) for time, happened in units]
    assert found.estimate == pytest.approx(np.mean(kept))


def test_early_and_late_are_shares_of_all_and_of_those_who_are_left() -> None:
    """Of four, one turns in the first half; of the three that are left, one in the second."""
    found = measured(
        record("a", 0.8, -0.2, -0.5, -0.5),
        record("b", 0.8, 0.6, 0.7, -0.5),
        record("c", *HOLD),
        record("d", *HOLD),
    )
    assert found.by_trial["early"].tolist() == [1.0, 0.0, 0.0, 0.0]
    late = found.by_trial["late"]
    assert isnan(late.iloc[0]), "who has turned is no survivor"
    assert late.iloc[1:].tolist() == [1.0, 0.0, 0.0]
    assert found.estimate("early").value == 0.25
    assert found.estimate("late").value == pytest.approx(1 / 3)
