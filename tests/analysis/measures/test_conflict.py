"""Conflict by hand: hostility, signed replies, balance, and stance distance apart."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures import conflict, flip, loop
from analysis.tables import Record, Tables, tables_from
from sim.events import Answer, Turn


def played(
    *turns: tuple[str, str], stances: dict[int, tuple[float, float]] | None = None
) -> Tables:
    events: list[Turn | Answer] = [Turn(k, who, text) for k, (who, text) in enumerate(turns, 1)]
    names = sorted({who for who, _ in turns})
    for turn, values in (stances or {}).items():
        events += [
            Answer(turn, name, "stance:x", value)
            for name, value in zip(names, values, strict=False)
        ]
    return tables_from([Record("t", [{"name": name} for name in names], events)])


def test_differing_in_peace_is_not_hostile_and_agreeing_in_anger_is() -> None:
    peace = played(
        ("A", "I think that we should keep it."),
        ("B", "I disagree; we should sell."),
        ("A", "No, I disagree with that."),
        stances={0: (-1.0, 1.0), 3: (-1.0, 1.0)},
    )
    anger = played(
        ("A", "Sell it, you fool."),
        ("B", "I agree, you pathetic liar."),
        ("A", "Exactly, you coward."),
        stances={0: (1.0, 1.0), 3: (1.0, 1.0)},
    )
    calm, wild = conflict.by_trial(peace).iloc[0], conflict.by_trial(anger).iloc[0]
    assert calm["hostility"] == 0
    assert calm["negative"] == 1
    assert wild["hostility"] > 0.5
    assert wild["negative"] == 0
    assert conflict.disagreement(peace).iloc[0]["end"] == 2
    assert conflict.disagreement(anger).iloc[0]["end"] == 0


def test_two_against_one_is_balanced_and_all_against_all_is_not() -> None:
    no, yes = "I disagree with that.", "I agree with you."
    ring = [("A", "Hm."), ("B", yes), ("C", no), ("A", no)]
    assert conflict.by_trial(played(*ring)).iloc[0]["balanced"] == 1
    war = [("A", "Hm."), ("B", no), ("C", no), ("A", no)]
    assert conflict.by_trial(played(*war)).iloc[0]["balanced"] == 0
    few = conflict.by_trial(played(("A", "Hm."), ("B", "Hm."))).iloc[0]
    assert few["triads"] == 0
    assert isnan(few["balanced"])
    assert isnan(few["negative"])


def test_escalation_and_episodes() -> None:
    insults = ["Good day.", "Please go on.", "You fool.", "You liar, you fool.", "Shut up, idiot."]
    row = conflict.by_actor(played(*[("A", line) for line in insults])).iloc[0]
    assert row["slope"] > 0.1
    assert row["slope_low"] < row["slope"] < row["slope_high"]
    assert row["episodes"] == 1


def test_who_never_spoke_has_no_hostility() -> None:
    table = conflict.by_actor(tables_from([Record("t", [{"name": "A"}])]))
    assert isnan(table.iloc[0]["hostility"])
    assert table.iloc[0]["turns"] == 0


@given(st.lists(st.floats(0, 1), min_size=3, max_size=12), st.floats(0.1, 1), st.floats(-1, 1))
def test_the_slope_moves_with_the_scale(values: list[float], scale: float, shift: float) -> None:
    series = np.array(values)
    left, right = conflict.slope(series), conflict.slope(scale * series + shift)
    assert right.estimate == pytest.approx(scale * left.estimate, abs=1e-9)
    assert right.high - right.low == pytest.approx(scale * (left.high - left.low), abs=1e-6)


def test_nulls_keep_what_they_keep() -> None:
    bout = [("A", "You liar.")] * 4 + [("A", "Good day to you.")] * 12
    tables = played(*bout, ("B", "Good day."))
    row = conflict.null(tables).iloc[0]
    assert row["observed"] == 4
    assert row["observed"] > row["null_high"]
    found = flip.null(tables, draws=5).iloc[0]
    assert 0 <= found["null_low"] <= found["null_high"] <= 1
    assert len(loop.null(tables)) == 0
    for empty in (conflict.null(tables_from([])), flip.null(tables_from([]))):
        assert len(empty) == 0
