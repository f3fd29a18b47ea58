"""Where actors stand, and how far that is what was written."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures.stances import Stances
from analysis.tables import Record, Tables, tables_from
from sim.events import Answer

NAMES = ("A", "B", "C")


def asked(
    written: list[float], first: list[float | None], last: list[float | None], trial: str = "t"
) -> Record:
    """A cast, its answers before the first turn, and those after the last."""
    cast = [
        {"name": name, "stances": {"x": where}} for name, where in zip(NAMES, written, strict=False)
    ]
    said = [
        Answer(turn, name, "stance:x", value)
        for turn, values in ((0, first), (8, last))
        for name, value in zip(NAMES, values, strict=False)
    ]
    return Record(trial, cast, said)


def row(*records: Record) -> dict[str, float]:
    return Stances(tables_from(list(records))).by_trial.iloc[0].to_dict()


def test_ends_and_what_is_kept() -> None:
    found = Stances(tables_from([asked([1.0, -1.0], [1.0, -1.0], [0.5, -1.0])])).by_actor
    assert found["moved"].tolist() == [-0.5, 0.0]
    assert found["kept"].tolist() == [0.75, 1.0]


level = st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0])


@given(
    st.lists(level, min_size=3, max_size=3, unique=True),
    st.floats(0, 1),
    st.floats(-0.2, 0.2),
)
def test_the_slope_is_how_much_is_left_and_no_shift_moves_it(
    written: list[float], left: float, shift: float
) -> None:
    answers: list[float | None] = [left * each + shift for each in written]
    found = row(asked(written, answers, answers))
    assert found["written"] == pytest.approx(left, abs=1e-9)
    assert found["written_end"] == pytest.approx(left, abs=1e-9)


def test_noise_widens_a_spread_and_moves_no_slope() -> None:
    """2,000 casts whose answers have noise of 0.4: the mean slope is within four errors of 1."""
    generator = np.random.default_rng(11)
    written = [-0.6, 0.1, 0.5]
    records = [
        asked(written, list(np.array(written) + generator.normal(0, 0.4, 3)), [0.0] * 3, str(n))
        for n in range(2000)
    ]
    slopes = Stances(tables_from(records)).by_trial["written"].to_numpy(dtype=float)
    assert abs(slopes.mean() - 1) < 4 * slopes.std() / np.sqrt(len(slopes))


def test_what_is_not_known_is_missing() -> None:
    one = row(asked([0.5, -0.5], [None, -0.5], [0.25, -0.5]))
    assert isnan(row(asked([0.5, 0.5], [0.5, 0.2], [0.5, 0.2]))["written"]), "no difference written"
    assert one["start"] == pytest.approx(-0.5), "no later answer takes the place of A's first"
    assert one["moved"] == pytest.approx(0.0)
    assert isnan(one["written"])
    assert one["written_end"] == pytest.approx(0.75)
    once = Stances(tables_from([asked([0.5, -0.5], [0.5, None], [None, None])])).by_actor
    assert once["start"].tolist()[0] == 0.5
    assert once["moved"].isna().all()
    assert once["kept"].isna().all()


def test_what_a_character_does_not_stand_for_is_not_kept() -> None:
    said = [Answer(0, "A", "stance:x", 0.5), Answer(8, "A", "stance:x", -0.5)]
    tables: Tables = tables_from([Record("t", [{"name": "A", "stances": {"y": 1.0}}], said)])
    only = Stances(tables).by_actor.iloc[0]
    assert float(only["moved"]) == -1.0
    assert isnan(float(only["kept"]))
