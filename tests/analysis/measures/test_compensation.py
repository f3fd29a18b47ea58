"""Compensation: found where it was put in, and not where a pull goes on as it did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.measures.compensation import Compensation
from analysis.tables import Record, Tables, tables_from
from sim.errors import BadRequest
from sim.events import Answer, Event, Intervened

NAMES = ("Ada", "Ben", "Cy")


def records(push: float, scenes: int = 60) -> Tables:
    """Three actors who are pulled by 0.03 a wave and hear one another; in every second scene Cy
    leaves after the third wave, and the others are pulled by ``push`` more from then on."""
    generator = np.random.default_rng(7)
    made = []
    for seed in range(scenes):
        blocked = seed % 2 == 1
        values = generator.uniform(-0.5, 0.5, 3)
        events: list[Event] = []
        for wave in range(8):
            gone = blocked and wave > 3
            if blocked and wave == 4:
                events.append(Intervened(10, 0, "leave", "Cy"))
            events += [
                Answer(3 * wave, name, "stance:x", float(value))
                for name, value in zip(NAMES, values, strict=True)
                if not (gone and name == "Cy")
            ]
            drift = 0.03 + (push if gone or (blocked and wave == 3) else 0.0)
            heard = (values.sum() - values) / 2
            moved = 0.7 * values + 0.25 * heard + drift + generator.normal(0, 0.03, 3)
            # Whoever has left is heard as it was.
            values = np.where([False, False, gone], values, moved)
        made.append(
            Record(str(seed), [{"name": name} for name in NAMES], events, scenario="x", seed=seed,
                   parameters={"block": "leaves" if blocked else "none"})
        )  # fmt: skip
    return tables_from(made)


def pushes(tables: Tables) -> tuple[float, float, float]:
    """Means of free and blocked scenes, and the standard error of the latter."""
    rows = Compensation(tables).by_trial.set_index("trial")["push"]
    blocked = np.array([int(trial) % 2 == 1 for trial in rows.index])
    values = rows.to_numpy()
    error = float(values[blocked].std(ddof=1) / np.sqrt(blocked.sum()))
    return float(values[~blocked].mean()), float(values[blocked].mean()), error


def test_a_push_that_was_put_in_is_found_at_its_size() -> None:
    """Least squares make weights in short series too small (Hurwicz 1950): a tenth is allowed."""
    free, blocked, error = pushes(records(0.05, scenes=240))
    assert abs(free) < 0.005
    assert abs(blocked - 0.05) < 0.005 + 4 * error


def test_a_pull_that_goes_on_is_no_compensation() -> None:
    free, blocked, error = pushes(records(0.0))
    assert abs(blocked - free) < 4 * error


def test_scenes_that_differ_in_more_than_what_was_done_have_a_law_of_their_own() -> None:
    tables = records(0.0)
    trials = tables.trials
    given = [{**each, "negated": int(t) % 2 == 1} for t, each in
             zip(trials["trial"], trials["parameters"], strict=True)]  # fmt: skip
    apart = replace(tables, trials=trials.assign(parameters=given))
    rows = Compensation(apart).by_trial.set_index("trial")["push"]
    assert rows[[trial for trial in rows.index if int(trial) % 2]].isna().all()
    assert Compensation(apart, across=("block", "negated")).by_trial["push"].notna().all()


def test_nobody_was_asked() -> None:
    with pytest.raises(BadRequest, match="nobody was asked"):
        Compensation(records(0.0, 4), issue="y")
