"""Limits where results say little: one-sided records, ties alone, and a few of both."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special
from scipy.stats import binomtest

from analysis.tournaments.ratings.estimation import PRIOR, estimate
from analysis.tournaments.ratings.limits import limits_of
from analysis.tournaments.ratings.newton import penalised
from analysis.tournaments.ratings.profile import profile_limits
from analysis.tournaments.ratings.ratings import Ratings, rate

Row = tuple[str, str, float]


def rated(rows: list[Row], **options: object) -> Ratings:
    table = pd.DataFrame(rows, columns=["first", "second", "score"])
    return rate(table, replicates=200, **options)  # type: ignore[arg-type]


def limits(ratings: Ratings) -> pd.DataFrame:
    return ratings.table.set_index("entrant")[["rating", "low", "high"]].sort_index()


few_matches = st.lists(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from("ABCD"), st.sampled_from([0.0, 0.5, 1.0]))
    .filter(lambda row: row[0] != row[1]),
    min_size=1, max_size=14,
)  # fmt: skip


@given(few_matches)
def test_limits_lie_around_the_rating_and_mirror_the_results(rows: list[Row]) -> None:
    table = limits(rated(rows))
    mirrored = limits(rated([(first, second, 1 - score) for first, second, score in rows]))
    assert (table["low"] < table["rating"]).all(), "no interval has the width zero"
    assert (table["rating"] < table["high"]).all()
    near = {"rel": 1e-3, "abs": 1e-3}
    assert -mirrored["rating"].to_numpy() == pytest.approx(table["rating"].to_numpy(), **near)
    assert -mirrored["high"].to_numpy() == pytest.approx(table["low"].to_numpy(), **near)
    assert -mirrored["low"].to_numpy() == pytest.approx(table["high"].to_numpy(), **near)


def test_symmetric_results_have_symmetric_limits() -> None:
    for rows in ([("A", "B", 1.0)] * 10, [("A", "B", 0.5)] * 4, [("A", "B", 1.0), ("B", "A", 1.0)]):
        table = limits(rated(rows))
        assert table.loc["A", "rating"] == pytest.approx(-table.loc["B", "rating"])
        assert table.loc["A", "low"] == pytest.approx(-table.loc["B", "high"], rel=1e-3)
        assert table.loc["A", "high"] == pytest.approx(-table.loc["B", "low"], rel=1e-3)


@pytest.mark.parametrize("share", [0.5, 0.7])
def test_matches_that_all_end_alike_are_as_uncertain_as_wins_and_losses(share: float) -> None:
    table = limits(rated([("A", "B", share)] * 20))
    mean, half = table.loc["A", "rating"], table.loc["A", "high"] - table.loc["A", "rating"]
    assert 2 * mean == pytest.approx(special.logit(share))
    # For the difference: the standard error of the logit of 20 wins and losses.
    assert 2 * half == pytest.approx(1.96 / np.sqrt(20 * share * (1 - share)), rel=1e-3)
    ratings = rated([("A", "B", 0.5)] * 20)
    assert ratings.table["p_best"].between(0.3, 0.7).all()
    assert (ratings.table["rank_high"] == 2).all()
    assert "all matches were tied" in " ".join(ratings.notes)


def test_more_matches_narrow_the_limits() -> None:
    for score in (0.5, 1.0):
        widths = [
            np.ptp(limits(rated([("A", "B", score)] * many)).loc["A", ["low", "high"]])
            for many in (2, 10, 50)
        ]
        assert widths == sorted(widths, reverse=True)


def test_limits_of_one_sided_records_hold_the_truth() -> None:
    """Strengths are drawn from the prior; records in which one side took everything are kept.

    An interval of equal halves by the curvature holds the truth in 88% of them.
    """

    @cache
    def limits_after(many: int) -> tuple[float, float]:
        made = estimate(
            pd.DataFrame([("A", "B", 1.0)] * many, columns=["first", "second", "score"])
        )
        low, high = profile_limits(made.fit, np.array([0]))
        return float(low[0]), float(high[0])

    generator = np.random.default_rng(4)
    held = kept = 0
    while kept < 300:
        apart = PRIOR * np.sqrt(2) * generator.standard_normal()
        many = int(generator.integers(2, 12))
        if generator.binomial(many, special.expit(apart)) != many:
            continue
        kept += 1
        low, high = limits_after(many)
        held += low < apart / 2 < high
    # 94.4% by numerical integration over records of 1 to 100 matches (see ``profile``).
    assert binomtest(held, kept, 0.944).pvalue > 0.001


def test_a_profile_is_the_maximum_over_everything_else() -> None:
    rows = [("A", "B", 1.0), ("A", "C", 1.0), ("B", "C", 1.0), ("C", "B", 1.0), ("B", "C", 0.0)]
    table = pd.DataFrame(rows, columns=["first", "second", "score"]).assign(side=[1, -1, 1, 1, -1])
    made = estimate(table)
    model, own = made.fit.model, made.fit.own
    highest = penalised(model, made.fit.parameters, own)

    def profile(place: int, value: float) -> float:
        found = optimize.minimize(
            lambda at: -penalised(model, at, own),
            made.fit.parameters,
            constraints=[
                {"type": "eq", "fun": lambda at: at[:3].sum()},
                {"type": "eq", "fun": lambda at: at[place] - value},
            ],
        )
        return -float(found.fun)

    low, high = profile_limits(made.fit, np.arange(model.size))
    for place in range(model.size):
        assert low[place] < made.fit.parameters[place] < high[place]
        for limit in (low[place], high[place]):
            assert 2 * (highest - profile(place, limit)) == pytest.approx(1.96**2, rel=5e-3)
    bounds = limits_of(made, None)
    best = made.fit.parameters[0]
    assert bounds.high[0] - best > best - bounds.low[0], "who won everything may be stronger yet"
