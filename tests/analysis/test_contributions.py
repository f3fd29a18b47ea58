"""Contributions of mechanisms, from the outcomes of branches."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from analysis.contributions import COLUMNS, contributions, excess
from analysis.stats import Floats
from analysis.stats.decomposition import FEWEST, Crossed, Factor
from sim.errors import BadRequest

DESIGN = Crossed((Factor("persona", ("none", "own")), Factor("heard", ("none", "some"))))
NAMES = ("persona", "heard")


def drawn(scenes: int, chances: tuple[float, ...], branches: int = 30, seed: int = 1) -> Floats:
    """Outcomes with common random numbers: scenes by branches by cells."""
    numbers = np.random.default_rng(seed).random((scenes, branches, 1))
    return (numbers < np.array(chances)).astype(float)


def test_what_was_planted_is_found_and_the_rest_is_zero() -> None:
    found = contributions(drawn(20, (0.1, 0.1, 0.5, 0.5)), DESIGN, NAMES, outcome="it happens")
    persona, heard = found.steps
    assert found.by == "scenes"
    assert persona.in_order.low < 0.4 < persona.in_order.high
    assert (heard.never, persona.never) == (True, False)
    assert heard.in_order.estimate == 0
    assert persona.share.low < 1 < persona.share.high or persona.share.estimate == 1
    assert isnan(heard.share.low)
    assert "persona +0.4" in found.sentence
    assert list(found.table.columns) == list(COLUMNS)


def test_a_share_is_given_only_where_the_total_is_told_from_zero() -> None:
    # Persona and what was heard cancel each other.
    found = contributions(drawn(20, (0.3, 0.1, 0.5, 0.3)), DESIGN, NAMES)
    assert not found.total.excludes_zero
    assert all(each.in_order.excludes_zero for each in found.steps)
    assert all(isnan(each.share.estimate) for each in found.steps)


def test_few_scenes_speak_for_themselves_alone() -> None:
    found = contributions(drawn(FEWEST - 1, (0.1, 0.1, 0.5, 0.5)), DESIGN, NAMES)
    assert found.by == "re-rolls"
    assert not isnan(found.total.low)
    assert isnan(found.steps[0].share.low)
    one = contributions(drawn(1, (0.1, 0.1, 0.5, 0.5)), DESIGN, NAMES)
    assert one.total.high - one.total.low > found.total.high - found.total.low


def test_a_branch_without_an_outcome_in_one_condition_is_left_out_of_all() -> None:
    values = drawn(10, (0.2, 0.4, 0.4, 0.8))
    values[:, :5, 3] = np.nan
    values[0, :, 0] = np.nan
    found = contributions(values, DESIGN, NAMES)
    without = contributions(values[1:, 5:], DESIGN, NAMES)
    assert found.scenes == 9
    assert found.total == without.total
    assert found.missing == (30, 0, 0, 50)
    low, high = found.total_bounds
    assert low < found.total.estimate < high
    assert sum(each.in_order.estimate for each in found.steps) == pytest.approx(
        found.total.estimate
    )


def test_without_any_outcome_it_says_so() -> None:
    found = contributions(np.full((3, 5, 4), np.nan), DESIGN, NAMES)
    assert "nothing was read" in found.sentence
    assert isnan(found.total.estimate)


def test_chosen_turns_are_compared_with_their_matches() -> None:
    cases, matched = drawn(10, (0.1, 0.1, 0.1, 0.9)), drawn(10, (0.1, 0.1, 0.1, 0.5), seed=2)
    more = excess(cases, matched, DESIGN.total)
    assert more.low < 0.4 < more.high
    few = excess(cases[:2], matched[:2], DESIGN.total)
    assert few.high - few.low > more.high - more.low


def test_numbers_that_do_not_fit_the_design_are_refused() -> None:
    with pytest.raises(BadRequest, match="4 cells and 2 steps"):
        contributions(np.zeros((3, 5, 3)), DESIGN, NAMES)
