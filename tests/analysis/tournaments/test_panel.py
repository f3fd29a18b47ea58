"""What judges are like, and results without their biases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from scipy.stats import binomtest

from analysis.stats.agreement import alpha
from analysis.tournaments.judges import Bias, adjusted, judgements, panel
from analysis.tournaments.judges.adjustment import damped, thinned, weights
from analysis.tournaments.judges.panel import agreement
from analysis.tournaments.ratings.ratings import rate
from analysis.tournaments.results import results
from analysis.tournaments.tables import (
    Contest,
    ContestRecord,
    LegRecord,
    VerdictRecord,
    contests_from,
    load_contest,
)
from benchmarks.validity.judges import THREE, Planted, World, beside, draw
from sim import open_stage
from sim.cli.ratings import measured
from sim.errors import BadRequest
from sim.tournament import Debate, Entrant, RoundRobin, Tournament
from sim.tournament.run import run_tournament

BASE = "embedded:base"
ACTORS = ("Ada", "Ben", "Cleo")
A, B, TIE = "Ada", "Ben", "tie"


def judged(by_judge: dict[str, list[Any]], sides: int = 2, **more: Any) -> Contest:
    """Debates of p, q (and r): for each judge and debate, the winner when shown first to last, or
    that and the winner when shown the other way round; None is no verdict."""
    legs, said = [], []
    for number in range(max(map(len, by_judge.values()), default=0)):
        who = [
            {"entrant": "pqr"[place], "actor": ACTORS[place], "position": place, "place": place}
            for place in range(sides)
        ]
        legs.append(LegRecord(1, number, 0, f"t{number}", f"topic {number}", who))
    for judge, winners in by_judge.items():
        for number, both in enumerate(winners):
            for turned, winner in enumerate(both if isinstance(both, tuple) else (both,)):
                if winner is not None:
                    shown = ACTORS[:sides][:: -1 if turned else 1]
                    lost = {"missing": "lost"} if winner == "lost" else {}
                    payload = {"winner": None if lost else winner, "margin": 0 if winner == TIE
                               else 4, **lost, **more}  # fmt: skip
                    said.append(VerdictRecord(f"t{number}", judge, judge, shown, payload))
    judges = [
        {"name": judge, "stage": "s", "form": judge} for judge in by_judge if ":" not in judge
    ]
    return contests_from([ContestRecord("x", {"judges": judges}, "Cup", legs, said)])[0]


def row(table: pd.DataFrame, judge: str) -> dict[str, Any]:
    return dict(table.set_index("judge").loc[judge])


# -- judgements and agreement ------------------------------------------------------------------


def test_a_judgement_is_what_both_orders_say() -> None:
    said = [(A, A), (A, B), (A, TIE), (TIE, TIE), (B, None), ("lost", B), ("lost", "lost"), None]
    named = judgements(judged({"kim": said}))
    assert named.loc["kim"].tolist() == ["0", TIE, "0", TIE, "1", "1"]
    # A verdict that is missing is no column of ties.
    assert list(named) == ["t0", "t1", "t2", "t3", "t4", "t5"]


def test_a_judgement_of_three_sides() -> None:
    said = [("Cleo", "Cleo"), ("Cleo", "Ada"), ("Cleo", TIE), (TIE, TIE)]
    assert judgements(judged({"kim": said}, sides=3)).loc["kim"].tolist() == ["2", TIE, "2", TIE]


def test_agreement_is_alpha_of_judgements_and_margins() -> None:
    by_judge = {
        "kim": [A, B, A, B, TIE, A, A, B, B, None, A, B],
        "lee": [A, B, B, B, A, A, None, B, A, A, A, A],
        "max": [A, A, A, B, TIE, B, A, B, B, None, B, B],
    }
    contest = judged(by_judge)
    judging = panel(contest).agreement.set_index("what")
    codes = {A: 0, B: 1, TIE: 2, None: None}
    table = pd.DataFrame([[codes[one] for one in said] for said in by_judge.values()])
    assert judging["alpha"]["winner"] == pytest.approx(alpha(table))
    margin = {A: 4, B: -4, TIE: 0, None: None}
    table = pd.DataFrame([[margin[one] for one in said] for said in by_judge.values()])
    assert judging["alpha"]["margin"] == pytest.approx(alpha(table, "interval"))
    assert (judging["low"] < judging["alpha"]).all()
    assert (judging["alpha"] < judging["high"]).all()
    assert judging["debates"].tolist() == [11, 11]
    assert judging["by"].tolist() == ["topic", "topic"]


@pytest.mark.parametrize(
    ("by_judge", "sides", "winner", "margin"),
    [
        ({"kim": [A, B, A]}, 2, "no debate was judged by two judges", "no debate was judged"),
        ({"kim": [A, None], "lee": [None, B]}, 2, "no debate was judged by two", "no debate"),
        ({"kim": [A, A], "lee": [A, A]}, 2, "all judgements are alike", "all judgements"),
        ({"kim": [A, B] * 4, "lee": [A, B] * 4}, 2, "judges never disagreed", "judges never"),
        ({"kim": [A, B], "lee": [B, B]}, 2, "only 2 matches", "only 2 matches"),
        ({"kim": [A, B] * 6, "lee": [A, A] * 6}, 3, None, "no debate between two has margins"),
        ({"kim": ["lost"]}, 2, "no debate was judged by two judges", "no debate was judged"),
        ({}, 2, "no debate was judged by two judges", "no debate was judged"),
    ],
)
def test_why_there_is_no_alpha_or_no_interval(
    by_judge: dict[str, list[Any]], sides: int, winner: str | None, margin: str
) -> None:
    judging = panel(judged(by_judge, sides)).agreement
    for row_of, why in zip(judging.to_dict("records"), (winner, margin), strict=True):
        if why is None:
            assert pd.isna(row_of["missing"])
        else:
            assert row_of["missing"].startswith(why)
            assert isnan(row_of["low"])


# -- judges ------------------------------------------------------------------------------------


def test_each_judge_is_counted_by_hand() -> None:
    judging = panel(
        judged(
            {
                "kim": [(A, A), (A, B), (TIE, TIE), (A, None), ("lost", "lost")],
                "lee": [(A, A), (A, A), (B, B), (B, B), (A, A)],
                "max": [(A, A), (A, A), (A, A), (A, A), (A, A)],
                "out": [],
            }
        )
    ).judges
    kim = row(judging, "kim")
    assert (kim["verdicts"], kim["missing"]) == (7, 2)
    # lee and max agree on the first two; on the others they are one against one, or kim is silent.
    assert (kim["agreement"], kim["compared"]) == (0.5, 2)
    assert kim["consistency"] == pytest.approx(2 / 3)
    assert kim["both"] == 3
    assert kim["ties"] == pytest.approx(2 / 7)
    assert kim["margin"] == pytest.approx(4 * 5 / 7)
    out = row(judging, "out")
    assert (out["verdicts"], out["missing"], out["compared"], out["both"]) == (0, 0, 0, 0)
    for name in ("agreement", "consistency", "ties", "margin", "weight"):
        assert isnan(out[name])
    assert judging["weight"].sum() == pytest.approx(1)


def test_one_judge_alone_agrees_with_nobody() -> None:
    judging = panel(judged({"kim": [(A, A), (A, B)] * 4}))
    kim = row(judging.judges, "kim")
    assert isnan(kim["agreement"])
    assert (kim["compared"], kim["weight"]) == (0, 1.0)
    assert any("One judge alone" in note for note in judging.notes)


WINNERS = st.sampled_from([A, B, TIE, "lost", None])
VERDICTS = st.lists(st.tuples(WINNERS, WINNERS), min_size=1, max_size=6)


@settings(max_examples=effort(5, 10))
@given(st.dictionaries(st.sampled_from(["kim", "lee", "human:jo"]), VERDICTS, min_size=1))
def test_names_and_what_is_missing_change_nothing(said: dict[str, list[Any]]) -> None:
    contest = judged(said)
    before = panel(contest)
    new = {"kim": "z", "lee": "a", "human:jo": "human:max"}
    renamed = replace(
        contest,
        judges=contest.judges.assign(judge=contest.judges["judge"].map(new)),
        verdicts=contest.verdicts[contest.verdicts["missing"].isna()].assign(
            judge=lambda table: table["judge"].map(new)
        ),
    )
    after = panel(renamed)
    pd.testing.assert_frame_equal(before.agreement, after.agreement)
    assert [new[name] for name in before.judges["judge"]] == after.judges["judge"].tolist()
    left, right = (judging.judges.drop(columns=["judge", "missing"]) for judging in (before, after))
    pd.testing.assert_frame_equal(left, right)
    assert (after.judges["missing"] == 0).all()
    shares = before.judges[["agreement", "consistency", "ties", "weight"]].to_numpy(np.float64)
    assert np.all(np.isnan(shares) | ((shares >= 0) & (shares <= 1)))
    assert (before.judges["verdicts"] + before.judges["missing"]).sum() == len(contest.verdicts)


@settings(max_examples=effort(5, 10))
@given(st.dictionaries(st.sampled_from(["kim", "lee", "human:jo"]), VERDICTS, min_size=1))
def test_sides_by_another_number_agree_as_much(said: dict[str, list[Any]]) -> None:
    mirror = {A: B, B: A, TIE: TIE, "lost": "lost", None: None}
    turned = {
        judge: [tuple(mirror[winner] for winner in both) for both in each]
        for judge, each in said.items()
    }
    before, after = panel(judged(said)), panel(judged(turned))
    np.testing.assert_allclose(before.agreement["alpha"], after.agreement["alpha"], atol=1e-12)
    columns = ["agreement", "consistency", "ties", "margin"]
    np.testing.assert_allclose(before.judges[columns], after.judges[columns], atol=1e-12)


def test_byes_judge_nothing_and_an_entrant_against_itself_is_a_debate() -> None:
    contest = judged({"kim": [(A, A), (A, B), (TIE, A)], "lee": [(A, A), (B, B), (A, A)]})
    bye = LegRecord(2, 9, 0, None, "topic 9", [{"entrant": "r", "actor": "", "position": 0,
                                                "place": 0}])  # fmt: skip
    more = contests_from([ContestRecord("x", {"judges": []}, legs=[bye])])[0].matches
    rested = replace(contest, matches=pd.concat([contest.matches, more], ignore_index=True))
    alone = replace(contest, matches=contest.matches.assign(entrant="p"))
    before = panel(contest)
    for other in (rested, alone):
        after = panel(other)
        pd.testing.assert_frame_equal(before.agreement, after.agreement)
        pd.testing.assert_frame_equal(before.judges, after.judges)
    assert adjusted(alone).empty
    assert len(adjusted(rested)) == 3


# -- notes -------------------------------------------------------------------------------------


def test_notes_say_what_to_beware_of() -> None:
    judging = panel(
        judged(
            {
                "kim": [(A, B)] * 12,
                "lee": ["lost"] * 3,
                "max": [(A, A), ("lost", A)],
                "human:jo": [A],
            }
        )
    )
    notes = "\n".join(judging.notes)
    assert "lee has no verdict: all 3 are missing." in notes
    assert "max: 1 of 4 verdicts are missing" in notes
    assert "human:jo: people, who have no model to prefer" in notes
    assert "kim prefers whoever is shown first: +1." in notes
    assert "max prefers" not in notes
    assert "topics" not in notes
    few = panel(judged({"kim": [A, B]}))
    assert any("Fewer than 6 topics (2)" in note for note in few.notes)


# -- results without biases --------------------------------------------------------------------


def test_thinned_scores_have_the_mean_that_they_should() -> None:
    generator = np.random.default_rng(1)
    for biased, fair in [(0.8, 0.4), (0.3, 0.6), (0.5, 0.5)]:
        score = (generator.random(20000) < biased).astype(np.float64)
        thin = thinned(score, np.full(20000, biased), np.full(20000, fair))
        assert thin.min() >= 0
        assert thin.max() <= 1
        assert thin.mean() == pytest.approx(fair, abs=0.015)
        # The same said of the other side.
        other = thinned(1 - score, np.full(20000, 1 - biased), np.full(20000, 1 - fair))
        np.testing.assert_allclose(thin, 1 - other, atol=1e-12)


def test_what_may_be_noise_is_not_taken_out() -> None:
    def bias(estimate: float, error: float) -> Bias:
        p = 2 * float(special.ndtr(-abs(estimate) / error))
        return Bias("kim", "length", estimate, 0, 0, p, 9)

    assert damped(bias(1.0, 1.1)) == 0
    assert damped(bias(1.0, 0.5)) == pytest.approx(0.75)
    assert damped(bias(-1.0, 0.1)) == pytest.approx(-0.99)


def test_few_verdicts_are_left_as_they_are() -> None:
    contest = judged({"kim": [(A, A), (A, B)], "lee": [(B, TIE), (A, A)], "human:jo": [A, None]})
    pd.testing.assert_frame_equal(adjusted(contest), results(contest))
    only = results(contest, judges=["lee"])
    pd.testing.assert_frame_equal(adjusted(contest, judges=["lee"]), only)


def test_faults_and_judges_have_to_be_known() -> None:
    contest = judged({"kim": [A]})
    with pytest.raises(BadRequest, match="'side' is unknown; use position, length, self"):
        adjusted(contest, faults=["side"])
    with pytest.raises(BadRequest, match="'max' is unknown"):
        adjusted(contest, judges=["max"])


def test_without_faults_and_weights_it_is_the_plain_table() -> None:
    contest = draw(World("plain", matches=20), 1).contest
    plain = adjusted(contest, faults=(), weighted=False)
    pd.testing.assert_frame_equal(plain, results(contest))
    rate(adjusted(contest), replicates=20)


def test_biases_are_taken_out_of_results() -> None:
    """A panel of one judge who loves its own model and long speeches: most of it is undone."""
    world = World(
        "fans",
        (Planted("fan", "ash", length=1.5, own=2.0), Planted("b", "birch"), Planted("c", "cedar")),
        matches=84,
    )
    before, after = np.zeros(6), np.zeros(6)
    for seed in range(6):
        drawn = draw(world, seed)
        before[seed] = beside(drawn, results(drawn.contest, judges=["fan"]))[1]
        after[seed] = beside(drawn, adjusted(drawn.contest, judges=["fan"]))[1]
    assert before.mean() > 0.1
    assert abs(after.mean()) < before.mean() / 3


def test_who_knows_nothing_weighs_less_and_equals_weigh_nearly_the_same() -> None:
    random = replace(THREE[2], sharpness=0.0)
    for seed in range(3):
        judging = panel(draw(World("random", (*THREE[:2], random)), seed).contest).judges
        assert row(judging, "three")["weight"] < 0.2
    equal = tuple(Planted(name, name) for name in ("ash", "birch", "cedar"))
    shares = [
        panel(draw(World("equal", equal), seed).contest).judges["weight"] for seed in range(3)
    ]
    assert max(float((each - 1 / 3).abs().max()) for each in shares) < 0.1


def test_weights_need_a_third_view() -> None:
    contest = judged({"kim": [A, B, A, B, A, A], "lee": [A, A, B, B, A, B]})
    assert panel(contest).judges["weight"].tolist() == [0.5, 0.5]
    # Judges who contradict one another: none is known to be worse.
    table = pd.DataFrame(
        [
            {"trial": f"t{number}", "first_position": 0, "second_position": 1, "judge": judge,
             "score": float((number + place) % 3 == 0)}
            for number in range(12)
            for place, judge in enumerate("abc")
        ]
    )  # fmt: skip
    assert set(weights(table, ["a", "b", "c"]).values()) == {1.0}


def test_alpha_is_held_by_its_interval() -> None:
    """The true alphas are those of the study; refused at 0.001."""
    held = []
    for seed in range(16):
        contest = draw(World("as above"), seed).contest
        alphas = agreement(contest, judgements(contest))
        for truth, low, high in zip((0.286, 0.622), alphas["low"], alphas["high"], strict=True):
            held.append(low <= truth <= high)
    assert binomtest(sum(held), len(held), 0.95, alternative="less").pvalue > 0.001


# -- a tournament that was held ----------------------------------------------------------------


def test_a_tournament_that_was_held(tmp_path: Path) -> None:
    """Also what ``elsinore standings`` makes of it."""
    store = tmp_path / "cup.db"
    tournament = Tournament(
        name="Cup",
        entrants=[Entrant(name=name) for name in "abcd"],
        motions=["Tea?", "Coffee?"],
        format=RoundRobin(),
        debate=Debate(opening=30, rebuttals=0, questions=0, closing=None),
        judges=[BASE, {"stage": BASE, "name": "again"}],
    )
    asyncio.run(run_tournament(tournament, {BASE: open_stage(BASE)}, store))
    contest = load_contest(store)
    judging = panel(contest)
    assert judging.judges["judge"].tolist() == [BASE, "again"]
    assert (judging.judges["verdicts"] + judging.judges["missing"] == 24).all()
    assert judging.agreement["what"].tolist() == ["winner", "margin"]
    assert judging.agreement["debates"].tolist()[0] <= 12
    assert len(judging.biases) == 10
    selves = judging.biases[judging.biases["bias"] == "self"]
    assert selves["missing"].str.startswith("its model never met another").all()
    assert len(adjusted(contest)) == len(results(contest)) == 12
    judges = measured(store, None)["judges"]
    assert [each["judge"] for each in judges["table"]] == [BASE, "again"]
    assert judges["notes"] == list(judging.notes)
