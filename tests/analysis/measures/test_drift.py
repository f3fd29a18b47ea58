"""Drift by an actor's own account and by what it says: planted apart, and none where none is."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.measures.drift import FEWEST, Drift, slopes
from analysis.measures.fates import BLOCK, blocks
from analysis.tables import Record, tables_from
from sim.events import Answer, Turn

ANN = {
    "name": "Ann", "brief": "I love music, songs and concerts.",
    "opposite": "I cannot stand noise, I want silence.", "stances": {"x": 0.8},
}  # fmt: skip
OWN, OTHER = "I love music and songs.", "I want silence, I cannot stand noise."


def record(name: str, stances: Any = (), lines: Any = (), **facts: Any) -> Record:
    cast = [{**ANN, **facts.pop("persona", {})}]
    said: list[Any] = [Turn(n, "Ann", line) for n, line in enumerate(lines, 1)]
    said += [Answer(turn, "Ann", "stance:x", value) for turn, value in enumerate(stances)]
    return Record(name, cast, said, **facts)


def drift(*records: Record, **how: Any) -> Drift:
    return Drift(tables_from(records), "hashing", **how)


def test_each_kind_sees_its_own_drift() -> None:
    sinking, steady = 0.8 - 0.1 * np.arange(8), np.full(8, 0.8)
    one = drift(record("t", sinking, [OWN] * 8)).by_actor.iloc[0]
    assert (one["self_reported"], one["observed"]) == (pytest.approx(-0.05), pytest.approx(0))
    assert one["gap"] == pytest.approx(0.05)
    other = drift(record("t", steady, [OWN] * 4 + [OTHER] * 4)).by_actor.iloc[0]
    assert other["self_reported"] == pytest.approx(0)
    assert other["observed"] < -0.005
    back = drift(record("t", steady, [OTHER] * 4 + [OWN] * 4)).by_actor.iloc[0]
    assert back["observed"] == pytest.approx(-other["observed"])


def test_by_turn_has_both_side_by_side() -> None:
    table = drift(record("t", [0.8, 0.6], [OWN, OTHER, OWN])).by_turn.set_index("turn")
    assert table["self_reported"].to_list() == pytest.approx([1, 0.9, np.nan, np.nan], nan_ok=True)
    assert table.loc[1, "observed"] > 0.5 > table.loc[2, "observed"]
    assert isnan(table.loc[0, "observed"])


def test_what_is_not_known_is_missing() -> None:
    nothing = record("t", [0.8] * 8, [OWN] * 8, persona={"opposite": None, "stances": {}})
    assert drift(nothing).by_actor[["self_reported", "observed", "gap"]].isna().all(axis=None)
    short = drift(record("t", [0.8] * (FEWEST - 1), [OWN] * (FEWEST - 1))).by_actor
    assert short[["self_reported", "observed"]].isna().all(axis=None)
    assert drift(record("t", [None] * 8)).by_turn.empty
    told = drift(record("t", [0.8] * 8)).estimate("self_half_life")
    assert told.note == "not identifiable"


def test_planted_drift_beats_shuffled_blocks_and_noise_does_not() -> None:
    generator = np.random.default_rng(5)
    noise = generator.normal(0, 0.1, (8, 12))
    for slope, found in ((0.05, True), (0.0, False)):
        sinking = np.clip(0.7 - slope * np.arange(12) + noise, -1, 1)
        own = drift(*(record(f"t{k}", row) for k, row in enumerate(sinking)))
        estimate = own.estimate("self_reported")
        assert (estimate.value < estimate.null.low) == found
        assert (estimate.high < 0) == found
        assert estimate.evidence == "P"
        assert estimate.null.low < 0 < estimate.null.high


def test_a_half_life_is_found_where_it_can_be_told() -> None:
    generator = np.random.default_rng(6)
    turns = np.arange(24)
    rows = 0.8 - 1.2 * (1 - 0.5 ** (turns / 4)) + generator.normal(0, 0.02, (6, 24))
    found = drift(*(record(f"t{k}", row) for k, row in enumerate(rows))).estimate("self_half_life")
    assert found.low < 4 < found.high
    assert found.value == pytest.approx(4, rel=0.15)


@given(st.lists(st.floats(-1, 1), min_size=FEWEST, max_size=12), st.floats(-2, 2))
def test_slopes_are_linear_and_turn_with_time(values: list[float], more: float) -> None:
    turns, row = np.arange(float(len(values))), np.array(values)
    [slope] = slopes(turns, row[None])
    assert slopes(turns, row[None, ::-1])[0] == pytest.approx(-slope)
    assert slopes(turns, (row + more * turns)[None])[0] == pytest.approx(slope + more)
    assert slopes(2 * turns, row[None])[0] == pytest.approx(slope / 2)


@settings(max_examples=6, deadline=None)
@given(st.lists(st.sampled_from([OWN, OTHER]), min_size=4, max_size=6), st.sampled_from(["Zoe"]))
def test_names_change_nothing(lines: list[str], name: str) -> None:
    plain = drift(record("t", [0.5] * 4, lines)).by_actor
    turns = [Turn(n, name, line) for n, line in enumerate(lines, 1)]
    answers = [Answer(turn, name, "stance:x", 0.5) for turn in range(4)]
    other = drift(Record("t", [{**ANN, "name": name}], [*turns, *answers])).by_actor
    for column in ("self_reported", "observed"):
        assert plain[column].equals(other[column])


@given(st.integers(1, 30), st.integers(0, 99))
def test_blocks_are_an_order_of_all_places(count: int, seed: int) -> None:
    order = blocks(count, np.random.default_rng(seed))
    assert sorted(order) == list(range(count))
    breaks = int(np.sum(np.diff(order) != 1))
    assert breaks <= count // BLOCK + 1
