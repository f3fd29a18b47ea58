"""Changes of how somebody speaks: found without a description, and seldom where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from analysis.measures.changes import FEWEST, UNREAD, Changes
from analysis.tables import Record, Tables, tables_from
from sim.events import Turn

BOATS = ["I sail a boat.", "My boat sails far.", "A boat I sail.", "Boats sail, I sail boats."]
TAXES = ["Taxes are high.", "High taxes again!", "The taxes, so high.", "Taxes, high taxes."]


def spoken(*trials: Sequence[str]) -> Tables:
    return tables_from(
        Record(f"t{number}", [{"name": "Ann"}], [Turn(n, "Ann", x) for n, x in enumerate(said, 1)])
        for number, said in enumerate(trials)
    )


def test_a_change_is_found_where_it_is_and_blanks_keep_their_numbers() -> None:
    first, second = Changes(
        spoken([*BOATS, *TAXES], ["", *TAXES, "", *BOATS]), by="hashing"
    ).by_actor.itertuples()
    assert (first.change, second.change) == (5, 7)
    assert (first.turns, second.turns) == (8, 8)


def test_of_few_lines_nothing_is_said() -> None:
    result = Changes(spoken(BOATS[: FEWEST - 1], ["", *BOATS[:3]]), by="hashing")
    assert result.by_actor["changed"].isna().all()
    [only] = result.estimates
    assert (only.estimate.n, only.estimate.note) == (0, UNREAD)
    assert np.isnan(only.estimate.value)


def test_lines_without_a_course_alarm_in_a_tenth_at_most() -> None:
    # By permutation: of 300 actors 16% or more alarm by chance once in a thousand times.
    generator = np.random.default_rng(3)
    words = np.array(["boats", "taxes", "music", "rain", "bread", "trains", "stars", "goats"])
    trials = [[f"{one} {two}" for one, two in generator.choice(words, (9, 2))] for _ in range(300)]
    result = Changes(spoken(*trials), by="hashing")
    assert result.by_actor["changed"].mean() <= 0.16
    [only] = result.estimates
    assert only.estimate.null.estimate == pytest.approx(0.1, abs=0.04)


def test_what_is_said_of_an_actor_does_not_depend_on_others() -> None:
    alone = Changes(spoken([*BOATS, *TAXES]), by="hashing").by_actor
    beside = Changes(spoken([*BOATS, *TAXES], [*TAXES, *BOATS]), by="hashing").by_actor
    assert alone.equals(beside.iloc[:1])
