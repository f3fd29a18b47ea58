"""What ratings do where results cannot say everything, and that they say so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.tournaments.ratings.ratings import Ratings, elo, rate
from benchmarks.validity.ratings import World, draw
from sim.errors import BadRequest

Row = tuple[str, str, float | None]


def table(rows: list[Row], **columns: Any) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["first", "second", "score"]).assign(**columns)


def tournament(seed: int = 0, **changes: Any) -> pd.DataFrame:
    return draw(World("test", **{"entrants": 6, "matches": 120, "topics": 8, **changes}), seed)


def rated(ratings: Ratings) -> pd.Series[float]:
    return ratings.table.set_index("entrant")["rating"]


def effects(ratings: Ratings) -> pd.DataFrame:
    return ratings.effects.set_index("effect")


# -- components --------------------------------------------------------------------------------


def test_entrants_that_never_met_are_ranked_apart() -> None:
    one, other = tournament(1, entrants=4), tournament(2, entrants=3)
    for column in ("first", "second"):
        other[column] = "other " + other[column]
    columns = ["first", "second", "score"]
    both = rate(pd.concat([one, other])[columns], replicates=200)
    assert [len(names) for names in both.components] == [4, 3]
    assert both.components[1] == ("other entrant 00", "other entrant 01", "other entrant 02")
    alone = [rated(rate(part[columns], replicates=0)) for part in (one, other)]
    expected = pd.concat(alone).sort_index()
    assert rated(both).sort_index().to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-8)
    for component, part in both.table.groupby("component"):
        assert part["rating"].sum() == pytest.approx(0, abs=1e-9)
        assert part["p_best"].sum() == pytest.approx(1)
        assert sorted(part["rank"]) == list(range(1, len(both.components[component - 1]) + 1))
    assert np.isnan(both.wins.loc["entrant 00", "other entrant 00"])
    assert "2: other entrant 00, other entrant 01 and other entrant 02" in " ".join(both.notes)


def test_who_has_no_score_has_no_rating() -> None:
    rows: list[Row] = [("A", "B", 1.0), ("B", "A", 1.0), ("A", "B", 1.0), ("C", "A", None)]
    ratings = rate(table(rows))
    last = ratings.table.iloc[-1]
    assert last["entrant"] == "C"
    assert last["matches"] == 0
    assert last[["rating", "low", "rank", "rank_low", "p_best", "elo_scaled"]].isna().all()
    assert ratings.dropped == 1
    assert "1 row was dropped: 1 without a score." in ratings.notes
    assert ratings.components == (("A", "B"), ("C",))


def test_missing_is_not_zero() -> None:
    results = tournament(3)
    gone = results.index % 4 == 0
    holes = results.assign(score=results["score"].mask(gone))
    ratings, expected = rate(holes, replicates=50), rate(results[~gone], replicates=50)
    pd.testing.assert_frame_equal(ratings.table, expected.table)
    assert ratings.dropped == int(gone.sum())
    some = results.assign(side=results["side"].mask(results.index == 5))
    assert rate(some, replicates=0).dropped == 1
    assert rate(some, replicates=0, without=["side"]).dropped == 0
    assert elo(holes)["elo"].tolist() == pytest.approx(elo(results[~gone])["elo"].tolist())


# -- no maximum --------------------------------------------------------------------------------


def test_an_unbeaten_entrant_needs_a_prior_and_that_is_said() -> None:
    results = tournament(4)
    zoe = [(name, "Zoe", 0.0) for name in sorted(set(results["first"]))]
    unbeaten = pd.concat([results, table(zoe, side=1.0, order=1.0, topic="topic 01")])
    ratings = rate(unbeaten)
    assert ratings.ridge is not None
    assert ratings.ridge.reason.startswith("Nobody else ever took a point from Zoe.")
    assert ratings.ridge.reason in ratings.notes
    best = ratings.table.iloc[0]
    assert best["entrant"] == "Zoe"
    assert np.isfinite(best["high"])
    assert 0.5 < best["p_best"] < 1, "six wins do not make anybody certain"
    with pytest.raises(BadRequest, match="Zoe"):
        rate(unbeaten, ridge=0.0)
    assert rate(results).ridge is None


def test_whoever_only_won_is_no_more_certain_than_the_model() -> None:
    """Residuals of somebody who always won are next to nothing, whatever was won."""
    results = tournament(4, deviation=0.3)
    zoe: list[Row] = [("Zoe", f"entrant {place:02}", 1.0) for place in (3, 4, 5)]
    topics = ["topic 01", "topic 02", "topic 03"]
    ratings = rate(pd.concat([results, table(zoe, side=1.0, order=1.0, topic=topics)]))
    best = ratings.table.set_index("entrant").loc["Zoe"]
    assert best["rank"] == 1
    assert best["low"] < 0 < best["high"]
    assert best["rank_high"] > 2
    assert best["p_best"] < 0.95


def test_results_without_maximum_are_detected() -> None:
    # Here Newton's steps die of rounding at 34 logits, which looks like an end.
    results = draw(World("", matches=60), 745)
    ratings = rate(results, replicates=0)
    assert ratings.ridge is not None
    assert ratings.table["rating"].abs().max() < 10


def test_a_set_that_beats_all_others_needs_one_too() -> None:
    inside: list[Row] = [("A", "B", 1.0), ("B", "A", 1.0), ("C", "D", 1.0), ("D", "C", 1.0)]
    across: list[Row] = [("A", "C", 1.0), ("B", "D", 1.0)]
    ratings = rate(table(inside * 3 + across * 3))
    assert ratings.ridge is not None
    assert "C and D never took a point from anybody else" in ratings.ridge.reason
    assert rate(table([*inside * 3, *across * 3, ("C", "A", 0.5)])).ridge is None, "a tie is enough"


def test_an_effect_on_its_way_to_infinity_needs_one() -> None:
    generator = np.random.default_rng(0)
    names = np.array(["A", "B", "C"])
    first = generator.integers(0, 3, 60)
    second = (first + generator.integers(1, 3, 60)) % 3
    side = generator.choice([-1.0, 1.0], 60)
    rows = zip(names[first], names[second], (side > 0).astype(float), strict=True)
    results = table(list(rows), side=side)
    ratings = rate(results)
    assert ratings.ridge is not None
    assert "With all effects" in ratings.ridge.reason
    assert 1 < effects(ratings).loc["side", "estimate"] < 20
    with pytest.raises(BadRequest, match="no maximum"):
        rate(results, ridge=0)


def test_an_advantage_that_diverges_is_detected_though_every_rating_is_near() -> None:
    # w wins whenever it is first, so its strength and the effects of side and order grow together.
    results = table(
        [("l", "w", 0.625), ("w", "l", 1.0), ("z", "w", 0.25), ("w", "z", 1.0), ("z", "l", 0.75),
         ("l", "z", 0.75)],
        side=1.0, order=[1.0, 1.0, 1.0, 1.0, -1.0, -1.0],
    )  # fmt: skip
    ratings = rate(results)
    assert ratings.ridge is not None
    assert "results have no maximum" in ratings.ridge.reason
    assert np.isfinite(ratings.table[["rating", "low", "high"]].to_numpy(float)).all()


def test_a_ridge_that_was_asked_for_is_said() -> None:
    ratings = rate(tournament(5), ridge=0.5, replicates=0)
    assert ratings.ridge is not None
    assert "0.5" in ratings.ridge.reason
    assert ratings.ridge.precision == 0.5
    assert np.ptp(rated(ratings)) < np.ptp(rated(rate(tournament(5), replicates=0)))


# -- effects -----------------------------------------------------------------------------------


def test_planted_effects_are_recovered() -> None:
    results = draw(World("", matches=3000, topics=40, side=0.8, order=-0.5, tie=1.5), 1)
    estimated = effects(rate(results, ties="davidson", replicates=0))
    for name, truth in (("side", 0.8), ("order", -0.5), ("tie", 1.5)):
        assert estimated.loc[name, "low"] < truth < estimated.loc[name, "high"]
        assert estimated.loc[name, "high"] - estimated.loc[name, "low"] < 0.6


def test_side_effects_of_topics_are_recovered_and_shrunk() -> None:
    world = World("", matches=1200, topics=40, spread=0.8)
    results = draw(world, 2)
    generator = np.random.default_rng(2)
    # As ``draw`` draws them: after the pairs, the sides and the orders.
    size = world.matches
    generator.integers(0, 12, size)
    generator.integers(1, 12, size)
    generator.choice([-1.0, 1.0], (2, size))
    truth = 0.4 + 0.8 * generator.standard_normal(40)
    estimated = effects(rate(results, replicates=0))
    assert estimated.loc["spread", "estimate"] == pytest.approx(0.8, abs=0.25)
    assert np.isnan(estimated.loc["spread", "low"])
    topics = estimated.loc["side on topic"]
    assert topics["topic"].tolist() == [f"topic {place:02}" for place in range(40)]
    held = (topics["low"].to_numpy() < truth) & (truth < topics["high"].to_numpy())
    assert held.mean() > 0.85
    assert np.corrcoef(topics["estimate"], truth)[0, 1] > 0.8
    without = [
        effects(rate(draw(World(""), seed), replicates=0)).loc["spread", "estimate"]
        for seed in range(20)
    ]
    assert np.median(without) < 0.2


def test_an_effect_that_cannot_be_told_is_not_guessed() -> None:
    results = tournament(6)
    together = rate(results.assign(order=results["side"]), replicates=0)
    assert "Whoever argued for the motion always spoke first" in " ".join(together.notes)
    second = rate(results.assign(order=-results["side"]), replicates=0)
    assert "Whoever argued for the motion always spoke second" in " ".join(second.notes)
    alone = rate(results.drop(columns="order"), replicates=0)
    for joint in (together, second):
        assert next(iter(joint.effects["effect"])) == "side or order"
        assert not {"side", "order"} & set(joint.effects["effect"])
        limits = ["estimate", "low", "high"]
        expected = effects(alone).loc["side", limits].to_numpy(dtype=float)
        found = effects(joint).loc["side or order", limits].to_numpy(dtype=float)
        assert found == pytest.approx(expected)
    assert rated(together).to_numpy() == pytest.approx(rated(alone).to_numpy())
    rows: list[Row] = [("A", "B", 1.0), ("A", "B", 1.0), ("A", "B", 0.0), ("C", "B", 0.0)]
    rows += [("C", "B", 1.0), ("C", "B", 0.0)]
    confounded = rate(table(rows, side=1.0), replicates=0)
    assert np.isnan(effects(confounded).loc["side", "estimate"])
    assert "cannot be told from the entrants' strengths" in " ".join(confounded.notes)
    nobody = rate(results.assign(side=0.0), replicates=0)
    assert np.isnan(effects(nobody).loc["side", "estimate"])


def test_ties_as_an_outcome_where_there_are_none() -> None:
    results = tournament(7)
    ratings = rate(results, ties="davidson", replicates=0)
    assert "tie" not in ratings.effects["effect"].tolist()
    assert any("Nothing was tied" in note for note in ratings.notes)
    tied = rate(results.assign(score=0.5), ties="davidson", replicates=0)
    assert rated(tied).tolist() == pytest.approx([0.0] * 6, abs=1e-6)


# -- margins -----------------------------------------------------------------------------------


def test_ties_as_an_outcome_need_debates_without_shares() -> None:
    rows: list[Row] = [("a", "b", 0.5), ("b", "a", 0.75), ("a", "b", 1.0)]
    with pytest.raises(BadRequest, match=r"1 of 3 are shares \(first the row at 1\)"):
        rate(table(rows), ties="davidson")


def test_margins_say_more_and_mean_the_same() -> None:
    world = World("", matches=600, margins=True)
    results = draw(world, 3)
    by_margin = rate(results, margins=True, replicates=0)
    by_score = rate(results.drop(columns="margin"), replicates=0)
    width = [(one.table["high"] - one.table["low"]).mean() for one in (by_margin, by_score)]
    assert width[0] < 0.9 * width[1]
    slope = np.polyfit(world.strengths(), rated(by_margin).sort_index(), 1)[0]
    assert slope == pytest.approx(1, abs=0.15)
    assert any("stretched" in note for note in by_margin.notes)


def test_margins_that_know_every_winner_leave_scores_open() -> None:
    rows: list[Row] = [("A", "B", 1.0), ("B", "C", 1.0), ("A", "C", 1.0)] * 4
    margin = [0.2, 0.1, 0.4] * 4
    ratings = rate(table(rows, margin=margin), margins=True)
    assert ratings.wins.isna().all().all()
    assert any("do not determine" in note for note in ratings.notes)
    assert ratings.table["entrant"].tolist() == ["A", "B", "C"]


# -- few topics --------------------------------------------------------------------------------


@pytest.mark.parametrize("topics", [1, 2])
def test_too_few_topics_are_said(topics: int) -> None:
    results = tournament(8, topics=topics)
    ratings = rate(results, replicates=100)
    assert any("too few to see how results depend on the topic" in note for note in ratings.notes)
    width = ratings.table["high"] - ratings.table["low"]
    many = rate(results.assign(topic=results.index % 24), replicates=0).table
    assert width.mean() == pytest.approx((many["high"] - many["low"]).mean(), rel=0.25)
    assert ratings.table["rank_low"].notna().all()


def test_an_entrant_of_one_topic_has_an_interval_all_the_same() -> None:
    results = tournament(9)
    guest: list[Row] = [("Guest", "entrant 00", 1.0), ("Guest", "entrant 01", 0.0)] * 3
    both = pd.concat([results, table(guest, side=1.0, order=1.0, topic="topic 03")])
    ratings = rate(both, replicates=400).table.set_index("entrant").loc["Guest"]
    alone = rate(both.assign(topic="one"), replicates=0).table.set_index("entrant").loc["Guest"]
    assert ratings["high"] - ratings["low"] == pytest.approx(alone["high"] - alone["low"], rel=0.1)
    assert ratings["rank_high"] - ratings["rank_low"] >= 2, "six matches leave much open"


def test_without_replicates_ranks_have_no_intervals() -> None:
    ratings = rate(tournament(10), replicates=0).table
    assert ratings["rank"].tolist() == [1, 2, 3, 4, 5, 6]
    assert ratings[["rank_low", "rank_high", "p_best"]].isna().all().all()


def test_matches_of_one_debate_are_one_cluster() -> None:
    results = tournament(11).drop(columns="topic")
    thrice = pd.concat([results] * 3)
    alone = rate(results.assign(match=range(120)), replicates=0).table
    together = rate(thrice.assign(match=[*range(120)] * 3), replicates=0).table
    assert together["high"].tolist() == pytest.approx(alone["high"].tolist(), rel=0.02)


# -- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"score": 1.2}, "row 0 has a score of 1.2"),
        ({"score": "won"}, "'score' holds text"),
        ({"side": 0.5}, "row 0 has a side of 0.5; give -1, 0 or 1"),
        ({"first": "entrant 00", "second": "entrant 00"}, "'entrant 00' against itself"),
        ({"first": None}, "names nobody as 'first'"),
        ({"topics": "x"}, "unknown column 'topics'"),
        ({"score": np.nan}, "no row has a score"),
        ({"score": np.inf}, "score of inf"),
    ],
)
def test_bad_tables_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequest) as refused:
        rate(tournament(12).assign(**change))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ties": "third"}, "use 'half' or 'davidson'"),
        ({"ridge": -1.0}, "ridge"),
        ({"level": 95}, "level"),
        ({"replicates": -1}, "replicates"),
        ({"margins": True}, "no column 'margin'"),
        ({"margins": True, "ties": "davidson"}, "margins have no ties"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        rate(tournament(13), **options)


def test_other_refusals() -> None:
    results = tournament(14)
    with pytest.raises(BadRequest, match="empty"):
        rate(results.iloc[:0])
    with pytest.raises(BadRequest, match="no column 'score'"):
        rate(results.drop(columns="score"))
    with pytest.raises(BadRequest, match="no table"):
        rate([("A", "B", 1.0)])  # type: ignore[arg-type]
    with pytest.raises(BadRequest, match=r"0, 0\.5 or 1"):
        rate(results.assign(score=0.7), ties="davidson")
    with pytest.raises(BadRequest, match="scale"):
        elo(results, scale=0)
