"""Krippendorff's alpha against published examples, the definition, and what must not matter."""

from __future__ import annotations

from itertools import permutations
from math import nan

import numpy as np
import pandas as pd
import pytest
from backstage.effort import effort
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from analysis.stats.agreement import Scale, alpha, reliability
from sim.errors import BadRequest

SCALES: tuple[Scale, ...] = ("nominal", "ordinal", "interval")


def table(*judges: str) -> pd.DataFrame:
    """Judges by debates; a dot is missing."""
    rows = [[None if sign == "." else int(sign) for sign in judge.split()] for judge in judges]
    return pd.DataFrame(rows, dtype=object)


# -- published examples ------------------------------------------------------------------------

JON_AND_HAN = table("1 1 0 0 0 0 0 0 0 0", "0 1 1 0 0 1 0 1 0 0")
"""Krippendorff, Content Analysis, 2004, section 11.3.1."""

FOUR_OBSERVERS = table(
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)
"""Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, section C."""

NEWS = table(
    "1 1 2 . 0 0 1 1 2 2 . 0 1 3 1 1 2 1 1 0 0 0 2 0 1 0 0 1 1 1 1 2 2 3 2 2 2 2 2 1",
    "1 1 3 0 0 0 0 . 2 1 1 0 2 3 1 1 1 2 1 0 0 0 3 0 2 1 0 2 1 1 1 1 2 2 2 2 2 2 2 1",
    "2 0 3 0 0 0 2 2 2 1 0 0 2 2 1 1 2 3 0 0 1 . 3 0 . 1 0 1 2 2 0 2 . 2 2 3 2 . 2 1",
    ". 1 3 . . . . 0 . 1 0 0 2 2 . . . 3 1 . 1 0 3 0 2 1 1 2 2 . . 1 2 2 . . . 1 2 .",
    "2 . . 0 0 0 1 . 2 . . . . 3 1 1 2 . . 0 . 0 . . 2 . 0 . . 2 0 . 2 . 2 2 2 2 . 1",
)
"""Hayes and Krippendorff 2007, table 1: the tone of forty articles."""


@pytest.mark.parametrize(
    ("of", "scale", "published"),
    [
        (JON_AND_HAN, "nominal", 0.095),
        (FOUR_OBSERVERS, "nominal", 0.743),
        (FOUR_OBSERVERS, "ordinal", 0.815),
        (FOUR_OBSERVERS, "interval", 0.849),
        (NEWS, "ordinal", 0.760),
    ],
    ids=["two observers", "nominal", "ordinal", "interval", "news"],
)
def test_published_examples(of: pd.DataFrame, scale: Scale, published: float) -> None:
    assert alpha(of, scale) == pytest.approx(published, abs=0.0005)


def test_by_hand() -> None:
    """Jon and Han differ on 4 of 10 articles, and 6 of their 20 values are ones: D_o = 8/20,
    D_e = 2 * 6 * 14 / (20 * 19)."""
    assert alpha(JON_AND_HAN) == pytest.approx(1 - (8 / 20) / (168 / 380))


# -- the definition ----------------------------------------------------------------------------


def _distance(scale: Scale, one: float, two: float, values: list[float]) -> float:
    if scale == "nominal":
        return float(one != two)
    if scale == "interval":
        return (one - two) ** 2
    low, high = sorted((one, two))
    between = sum(low <= value <= high for value in values)
    ends = (values.count(low) + values.count(high)) / 2
    return 0.0 if one == two else (between - ends) ** 2


def _by_definition(of: pd.DataFrame, scale: Scale) -> float:
    units = [[value for value in of[name] if value is not None] for name in of]
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    within = sum(
        _distance(scale, one, two, values) / (len(unit) - 1)
        for unit in units
        for one, two in permutations(unit, 2)
    ) / max(1, len(values))
    apart = sum(_distance(scale, one, two, values) for one, two in permutations(values, 2))
    return nan if apart == 0 else 1 - within / (apart / (len(values) * (len(values) - 1)))


judged = st.integers(1, 8).flatmap(
    lambda debates: st.lists(
        st.lists(st.sampled_from([None, 0, 1, 2, 7]), min_size=debates, max_size=debates),
        min_size=1,
        max_size=4,
    )
)


@given(judged, st.sampled_from(SCALES))
def test_alpha_is_its_definition(rows: list[list[int | None]], scale: Scale) -> None:
    of = pd.DataFrame(rows, dtype=object)
    assert alpha(of, scale) == pytest.approx(_by_definition(of, scale), abs=1e-9, nan_ok=True)


@given(judged, st.sampled_from(SCALES))
def test_order_and_scale_do_not_matter(rows: list[list[int | None]], scale: Scale) -> None:
    of = pd.DataFrame(rows, dtype=object)
    shuffled = of.sample(frac=1, random_state=1).T.sample(frac=1, random_state=2).T
    assert alpha(shuffled, scale) == pytest.approx(alpha(of, scale), abs=1e-9, nan_ok=True)
    moved = of.map(lambda value: None if value is None else 1000 + 3 * value)
    assert alpha(moved, scale) == pytest.approx(alpha(of, scale), abs=1e-6, nan_ok=True)


def test_two_values_are_the_same_on_every_scale() -> None:
    alphas = [alpha(JON_AND_HAN, scale) for scale in SCALES]
    assert alphas == pytest.approx([alphas[0]] * 3)


# -- what cannot be said -----------------------------------------------------------------------


def test_nothing_to_agree_on_is_missing() -> None:
    for of in (table("1 1 1", "1 1 1"), table("1 . 2", ". 1 ."), pd.DataFrame()):
        assert np.isnan(alpha(of))
        assert np.isnan(reliability(of).estimate)


def test_perfect_agreement_has_no_interval() -> None:
    interval = reliability(table("1 2 1 2", "1 2 1 2"))
    assert interval.estimate == 1
    assert np.isnan([interval.low, interval.high]).all()


def test_two_clusters_have_no_interval() -> None:
    interval = reliability(JON_AND_HAN, clusters=[1] * 5 + [2] * 5)
    assert interval.estimate == pytest.approx(0.095, abs=0.0005)
    assert np.isnan([interval.low, interval.high]).all()


def test_mistakes_are_refused() -> None:
    with pytest.raises(BadRequest, match="scale: 'ratio' is unknown"):
        alpha(JON_AND_HAN, "ratio")  # type: ignore[arg-type]
    with pytest.raises(BadRequest, match="use the nominal scale"):
        alpha(pd.DataFrame([["a", "b"], ["a", "a"]]), "interval")
    with pytest.raises(BadRequest, match="3 clusters for 10 debates"):
        reliability(JON_AND_HAN, clusters=["a", "b", "c"])


# -- intervals ---------------------------------------------------------------------------------


def _drawn(generator: np.random.Generator, debates: int, topics: int) -> pd.DataFrame:
    """Five judges who see the same merit, part of which is the topic's, and err by themselves."""
    topic = np.arange(debates) % topics
    merit = (
        1.2 * generator.standard_normal(debates) + 0.9 * generator.standard_normal(topics)[topic]
    )
    seen = merit + generator.logistic(size=(5, debates))
    return pd.DataFrame(np.where(seen > 0.3, "for", np.where(seen < -0.3, "against", "tie")))


@pytest.mark.parametrize(("debates", "topics"), [(60, 60), (60, 10)])
def test_intervals_cover(debates: int, topics: int) -> None:
    truth = alpha(_drawn(np.random.default_rng(1), 30_000, 30_000))
    clusters = (np.arange(debates) % topics).tolist()
    covered, count = 0, effort(40, 150)
    for seed in range(count):
        of = _drawn(np.random.default_rng(100 + seed), debates, topics)
        interval = reliability(of, clusters=clusters, replicates=300)
        covered += interval.low <= truth <= interval.high
    assert binomtest(covered, count, 0.95).pvalue > 0.001


def test_clusters_that_hang_together_widen_the_interval() -> None:
    """Each debate ten times: as clusters that is what it was, as debates ten times as much."""
    many = pd.concat([NEWS] * 10, axis=1)
    once = reliability(NEWS)
    together = reliability(many, clusters=list(range(40)) * 10)
    apart = reliability(many)
    assert together.high - together.low == pytest.approx(once.high - once.low, rel=0.1)
    assert apart.high - apart.low < 0.5 * (once.high - once.low)


def test_the_same_seed_gives_the_same_interval() -> None:
    assert reliability(NEWS, seed=3) == reliability(NEWS, seed=3)
    assert reliability(NEWS, seed=3) != reliability(NEWS, seed=4)
