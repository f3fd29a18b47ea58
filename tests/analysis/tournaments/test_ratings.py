"""Ratings against other implementations, closed forms, and what must not matter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import choix
import evalica
import numpy as np
import pandas as pd
import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from analysis.tournaments.ratings.ratings import Ratings, elo, rate
from benchmarks.validity.ratings import World, draw

VOTES = next(
    (
        folder / "shared" / "data" / "pairwise_votes"
        for folder in Path(__file__).resolve().parents
        if (folder / "shared" / "data" / "pairwise_votes").is_dir()
    ),
    None,
)
needs_data = pytest.mark.skipif(VOTES is None, reason="the development data are not at hand")

Row = tuple[str, str, float | None]


def table(rows: list[Row], **columns: Any) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["first", "second", "score"]).assign(**columns)


def rated(ratings: Ratings) -> pd.Series[float]:
    return ratings.table.set_index("entrant")["rating"].sort_index()


def tournament(seed: int = 0, **changes: Any) -> pd.DataFrame:
    return draw(World("test", **{"entrants": 6, "matches": 120, "topics": 8, **changes}), seed)


def plain(results: pd.DataFrame) -> pd.DataFrame:
    return results[["first", "second", "score"]]


# -- other implementations ---------------------------------------------------------------------


def _pairs(results: pd.DataFrame) -> tuple[list[str], list[tuple[int, int]]]:
    """Names, and (winner, loser) by number; a tie is half a win for each, so all count twice."""
    names = sorted({*results["first"], *results["second"]})
    number = {name: place for place, name in enumerate(names)}
    pairs = []
    for first, second, score in plain(results).itertuples(index=False):
        ahead, behind = number[first], number[second]
        pairs += [(ahead, behind)] * int(2 * score) + [(behind, ahead)] * int(2 - 2 * score)
    return names, pairs


@pytest.mark.parametrize("tie", [0.0, 0.7])
def test_bradley_terry_is_that_of_choix_and_evalica(tie: float) -> None:
    results = tournament(3, tie=tie, deviation=0.7)
    ours = rated(rate(plain(results), replicates=0))
    names, pairs = _pairs(results)
    theirs = choix.ilsr_pairwise(len(names), pairs, max_iter=1000, tol=1e-12)
    assert ours.to_numpy() == pytest.approx(theirs - theirs.mean(), abs=1e-6)
    scores = evalica.bradley_terry(*_votes(results), tolerance=1e-13, limit=100_000).scores
    strength = np.log(scores.sort_index())
    assert ours.to_numpy() == pytest.approx((strength - strength.mean()).to_numpy(), abs=1e-6)


def test_a_ridge_is_the_prior_of_choix() -> None:
    results = tournament(4)
    names, pairs = _pairs(results)
    ours = rated(rate(plain(results), ridge=0.5, replicates=0))
    # All its pairs count twice, so its penalty does, too: alpha |x|^2, where ours is ridge / 2.
    theirs = choix.opt_pairwise(len(names), pairs, alpha=0.5, tol=1e-12)
    assert ours.to_numpy() == pytest.approx(theirs, abs=1e-6)


def test_davidson_is_newmans_model_in_evalica() -> None:
    results = tournament(5, tie=0.8, deviation=0.7)
    ratings = rate(plain(results), ties="davidson", replicates=0)
    theirs = evalica.newman(*_votes(results), tolerance=1e-13, limit=100_000)
    strength = np.log(theirs.scores.sort_index())
    assert rated(ratings).to_numpy() == pytest.approx(strength - strength.mean(), abs=1e-6)
    nu = ratings.effects.set_index("effect").loc["tie", "estimate"]
    assert nu == pytest.approx(2 * theirs.v, abs=1e-6)


def test_elo_is_that_of_evalica() -> None:
    results = tournament(6, tie=0.7)
    ours = elo(results, k=4, start=1000).set_index("entrant")["elo"].sort_index()
    theirs = evalica.elo(*_votes(results)).scores.sort_index()
    assert ours.to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-6)
    assert ours.mean() == pytest.approx(1000)


def _votes(results: pd.DataFrame) -> tuple[list[str], list[str], list[evalica.Winner]]:
    meant = {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}
    return (
        results["first"].tolist(),
        results["second"].tolist(),
        [meant[score] for score in results["score"]],
    )


@needs_data
@pytest.mark.parametrize("name", ["food", "simple"])
def test_golden_votes(name: str) -> None:
    assert VOTES is not None
    votes = pd.read_csv(VOTES / f"{name}.csv", dtype="str")
    golden = pd.read_csv(VOTES / f"{name}-golden.csv", dtype={"item": "str"})
    results = votes.rename(columns={"left": "first", "right": "second", "winner": "score"})
    results["score"] = results["score"].map({"left": 1.0, "right": 0.0, "tie": 0.5})
    expected = {
        method: rows.set_index("item")["score"].sort_index()
        for method, rows in golden.groupby("algorithm")
    }
    ratings = rate(results, replicates=0)
    share = special.softmax(rated(ratings))
    assert share.tolist() == pytest.approx(expected["bradley_terry"].tolist(), abs=1e-9)
    online = elo(results, k=4, start=1000).set_index("entrant")["elo"].sort_index()
    assert online.tolist() == pytest.approx(expected["elo"].tolist(), abs=1e-9)
    tied = rated(rate(results, ties="davidson", replicates=0))
    newman = np.log(expected["newman"])
    # The library's own tolerance for what it iterates is 1e-4.
    assert tied.tolist() == pytest.approx((newman - newman.mean()).tolist(), rel=1e-3)


# -- closed forms ------------------------------------------------------------------------------


def test_two_entrants_have_the_logit_and_its_error() -> None:
    rows: list[Row] = [("A", "B", 1.0)] * 30 + [("A", "B", 0.0)] * 10
    ratings = rate(table(rows, topic="one"), replicates=0).table.iloc[0]
    logit = np.log(3)
    assert ratings["rating"] == pytest.approx(logit / 2)
    error = np.sqrt(1 / 30 + 1 / 10)
    assert ratings["high"] - ratings["low"] == pytest.approx(1.959964 * error, rel=1e-5)
    assert ratings["elo_scaled"] == pytest.approx(1500 + 400 * np.log10(3) / 2)


def test_expected_scores_are_those_that_were_had() -> None:
    results = tournament(7, tie=0.5)
    ratings = rate(plain(results), replicates=0)
    both = (ratings.wins + ratings.wins.T).to_numpy()
    assert both[~np.eye(6, dtype=bool)] == pytest.approx(np.ones(30))
    assert np.isnan(np.diag(both)).all()
    for name in ratings.wins.index:
        mine = results[results["first"] == name], results[results["second"] == name]
        had = mine[0]["score"].sum() + (1 - mine[1]["score"]).sum()
        met = [*mine[0]["second"], *mine[1]["first"]]
        assert sum(ratings.wins.loc[name, other] for other in met) == pytest.approx(had)


def test_nothing_heavy_is_imported() -> None:
    check = "import sys, analysis.tournaments.ratings.ratings; print('scipy.stats' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# -- what must not matter ----------------------------------------------------------------------


worlds = st.builds(
    tournament,
    st.integers(0, 10_000),
    tie=st.sampled_from([0.0, 0.5]),
    entrants=st.integers(3, 6),
    matches=st.integers(40, 90),
    topics=st.sampled_from([1, 4, 8]),
)


def same(one: Ratings, other: Ratings) -> None:
    for first, second in ((one.table, other.table), (one.effects, other.effects)):
        # Elo's ratings are the ones that depend on the order.
        pd.testing.assert_frame_equal(
            first.drop(columns="elo", errors="ignore"),
            second.drop(columns="elo", errors="ignore"),
            rtol=1e-6, atol=1e-6,
        )  # fmt: skip
    assert one.notes == other.notes


@settings(max_examples=effort(12, 30))
@given(worlds, st.randoms(use_true_random=False), st.sampled_from(["half", "davidson"]))
def test_the_order_of_rows_and_sides_does_not_matter(
    results: pd.DataFrame, random: Any, ties: Literal["half", "davidson"]
) -> None:
    before = rate(results, ties=ties, replicates=40)
    order = random.sample(range(len(results)), len(results))
    shuffled = results.iloc[order].reset_index(drop=True)
    turned = shuffled.index % 2 == 0
    flipped = shuffled.copy()
    flipped.loc[turned, ["first", "second"]] = shuffled.loc[turned, ["second", "first"]].to_numpy()
    flipped.loc[turned, "score"] = 1 - shuffled["score"]
    flipped.loc[turned, ["side", "order"]] *= -1
    same(before, rate(flipped, ties=ties, replicates=40))


@settings(max_examples=effort(8, 20))
@given(worlds, st.permutations(["Cid", "Zoe", "Ana", "Ugo", "Mia", "Bob"]))
def test_names_do_not_matter(results: pd.DataFrame, names: list[str]) -> None:
    renamed = results.copy()
    names_of = {f"entrant {place:02}": name for place, name in enumerate(names)}
    for column in ("first", "second"):
        renamed[column] = results[column].map(names_of)
    before, after = rate(results, replicates=0), rate(renamed, replicates=0)
    expected = before.table.assign(entrant=before.table["entrant"].map(names_of))
    columns = ["rating", "low", "high", "rank", "elo", "matches"]
    pd.testing.assert_frame_equal(
        expected.set_index("entrant")[columns].sort_index(),
        after.table.set_index("entrant")[columns].sort_index(),
        rtol=1e-6, atol=1e-6, check_index_type=False,
    )  # fmt: skip


def test_twice_as_many_matches_halve_the_variance() -> None:
    results = tournament(8, matches=300, topics=30).drop(columns="side")
    again = results.assign(topic="again " + results["topic"])
    one = rate(results, replicates=0)
    two = rate(pd.concat([results, again]), replicates=0)
    assert rated(two).to_numpy() == pytest.approx(rated(one).to_numpy(), abs=1e-8)
    single = rate(results.assign(topic="one"), replicates=0).table
    double = rate(pd.concat([results, results]).assign(topic="one"), replicates=0).table
    ratio = (double["high"] - double["low"]) / (single["high"] - single["low"])
    assert ratio.tolist() == pytest.approx([np.sqrt(0.5)] * 6, rel=1e-6)
    # Between topics there are also the degrees of freedom, and the correction for few of them.
    ratio = (two.table["high"] - two.table["low"]) / (one.table["high"] - one.table["low"])
    assert ratio.tolist() == pytest.approx([np.sqrt(0.5)] * 6, rel=0.1)


def test_the_same_topic_twice_says_nothing_new() -> None:
    results = tournament(9, matches=200, topics=12).drop(columns="side")
    one = rate(results, replicates=0).table
    two = rate(pd.concat([results, results]), replicates=0).table
    assert two["high"].tolist() == pytest.approx(one["high"].tolist(), rel=0.02)
