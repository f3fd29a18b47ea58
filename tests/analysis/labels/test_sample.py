"""Draws: every unit has a known probability above 0, and is drawn with just that one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.labels.sample import (
    FLOOR,
    Plan,
    by_disagreement,
    in_proportion,
    shares,
    stratified,
    systematic,
)
from sim.errors import BadRequest

SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=6)


@given(SIZES, st.integers(1, 100))
def test_shares_are_even_and_never_more_than_there_is(sizes: list[int], count: int) -> None:
    given_ = shares(count, sizes)
    assert sum(given_) == min(count, sum(sizes))
    assert all(part <= size for part, size in zip(given_, sizes, strict=True))
    open_ = [part for part, size in zip(given_, sizes, strict=True) if part < size]
    if open_:
        assert max(given_) - min(open_) <= 1


@given(SIZES, st.integers(1, 100))
def test_strata_are_drawn_as_many_as_asked(sizes: list[int], count: int) -> None:
    strata = [name for name, size in enumerate(sizes) for _ in range(size)]
    chance = stratified(strata, count)
    assert chance.sum() == pytest.approx(min(count, len(strata)))
    assert (chance <= 1).all()


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=40), st.integers(1, 40))
def test_in_proportion_sums_to_what_is_drawn(sizes: list[float], count: int) -> None:
    chance = in_proportion(np.array(sizes), count)
    assert chance.sum() == pytest.approx(min(count, len(sizes)))
    assert ((chance > 0) & (chance <= 1)).all()
    order = np.argsort(sizes)
    assert (np.diff(chance[order]) >= -1e-12).all(), "who is larger has the larger chance"


def test_each_unit_is_drawn_with_its_own_probability() -> None:
    """4,000 draws: five standard errors of a share."""
    chance = in_proportion(np.array([1.0, 1, 2, 3, 5, 8, 30]), 3)
    generator = np.random.default_rng(1)
    times = 4000
    drawn = np.array([systematic(chance, generator) for _ in range(times)])
    assert (drawn.sum(axis=1) == 3).all()
    error = np.sqrt(chance * (1 - chance) / times)
    assert (np.abs(drawn.mean(axis=0) - chance) <= 5 * error + 1e-12).all()


def test_where_instruments_agree_there_is_a_floor() -> None:
    generator = np.random.default_rng(2)
    one = generator.random(500)
    other = np.where(np.arange(500) < 50, 1 - one, one)
    chance = by_disagreement(np.column_stack([one, 10 * other]), 60)
    assert chance.sum() == pytest.approx(60)
    assert chance[:50].mean() > 3 * chance[50:].mean()
    assert chance.min() >= FLOOR * 60 / 500 * 0.99
    alike = by_disagreement(np.column_stack([one, one]), 60)
    assert alike == pytest.approx(np.full(500, 0.12)), "where nobody differs the draw is simple"
    unknown = by_disagreement(np.full((500, 2), np.nan), 60)
    assert unknown == pytest.approx(np.full(500, 0.12))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"count": 0}, "-n 0: give at least 1"),
        ({"coders": 0}, "--coders 0"),
        ({"context": -1}, "--context -1"),
        ({"how": "scores"}, "did you mean score"),
        ({"how": "actor", "whole_scenes": True}, "whole scenes have all actors"),
        ({"threshold": float("nan")}, "is no number"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        Plan(**change)  # type: ignore[arg-type]
