"""Conflict by hand: hostility, signed replies, balance, and stance distance apart."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures.conflict import Conflict, slope
from analysis.measures.flips import Flips
from analysis.measures.loops import Loops
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
    calm, wild = Conflict(peace).by_trial.iloc[0], Conflict(anger).by_trial.iloc[0]
    assert calm["hostility"] == 0
    assert calm["negative"] == 1
    assert wild["hostility"] > 0.5
    assert wild["negative"] == 0
    assert calm["distance_end"] == 2
    assert wild["distance_end"] == 0


def test_two_against_one_is_balanced_and_all_against_all_is_not() -> None:
    no, yes = "I disagree with that.", "I agree with you."
    ring = [("A", "Hm."), ("B", yes), ("C", no), ("A", no)]
    assert Conflict(played(*ring)).by_trial.iloc[0]["balanced"] == 1
    war = [("A", "Hm."), ("B", no), ("C", no), ("A", no)]
    assert Conflict(played(*war)).by_trial.iloc[0]["balanced"] == 0
    few = Conflict(played(("A", "Hm."), ("B", "Hm."))).by_trial.iloc[0]
    assert few["triads"] == 0
    assert isnan(few["balanced"])
    assert isnan(few["negative"])


def test_escalation_and_episodes() -> None:
    insults = ["Good day.", "Please go on.", "You fool.", "You liar, you fool.", "Shut up, idiot."]
    row = Conflict(played(*[("A", line) for line in insults])).by_actor.iloc[0]
    assert row["slope"] > 0.1
    assert row["slope_low"] < row["slope"] < row["slope_high"]
    assert row["episodes"] == 1


def test_who_never_spoke_has_no_hostility() -> None:
    table = Conflict(tables_from([Record("t", [{"name": "A"}])])).by_actor
    assert isnan(table.iloc[0]["hostility"])
    assert table.iloc[0]["turns"] == 0


@given(st.lists(st.floats(0, 1), min_size=3, max_size=12), st.floats(0.1, 1), st.floats(-1, 1))
def test_the_slope_moves_with_the_scale(values: list[float], scale: float, shift: float) -> None:
    series = np.array(values)
    left, right = slope(series), slope(scale * series + shift)
    assert right.estimate == pytest.approx(scale * left.estimate, abs=1e-9)
    assert right.high - right.low == pytest.approx(scale * (left.high - left.low), abs=1e-6)


def test_nulls_keep_what_they_keep() -> None:
    bout = [("A", "You liar.")] * 4 + [("A", "Good day to you.")] * 12
    tables = played(*bout, ("B", "Good day."))
    length = Conflict(tables).estimate("episode_length")
    assert length.value == 4
    assert length.value > length.null.high
    flip = Flips(tables, draws=5).estimate("flip")
    assert 0 <= flip.null.low <= flip.null.high <= 1
    # Nobody's namesake is in another trial; the order of lines can be shuffled in one alone.
    assert list(Loops(tables).null["quantity"]) == ["self_similarity", "compression"]
    for measure in (Conflict, Flips):
        assert len(measure(tables_from([])).null) == 0
