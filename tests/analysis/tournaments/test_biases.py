"""Planted biases are recovered, and none is reported where none is planted.

Verdicts are those of ``benchmarks.validity.judges``, with fixed seeds. Each binomial test is exact
and refuses at 0.001, so that a false alarm is rare (one run of this file in a hundred, had the
seeds not been fixed) and a real fault is seen.
"""

from __future__ import annotations

from dataclasses import replace
from math import isnan, log

import numpy as np
import pytest
from scipy import special
from scipy.stats import binomtest

from analysis.tournaments.judges import Bias, biases, rows
from analysis.tournaments.judges.adjustment import damped
from analysis.tournaments.judges.biases import KINDS, position
from analysis.tournaments.judges.design import clusters
from analysis.tournaments.judges.regressions import (
    Data,
    estimates,
    expected,
    independent,
    linear,
    regress,
)
from analysis.tournaments.tables import (
    Contest,
    ContestRecord,
    LegRecord,
    VerdictRecord,
    contests_from,
)
from benchmarks.validity.judges import THREE, Planted, World, draw
from sim.events import Turn

ALARM = 0.001
SEEDS = range(16)


def told(contest: Contest) -> dict[tuple[str, str], Bias]:
    return {(one.judge, one.bias): one for one in biases(rows(contest))}


@pytest.fixture(scope="module")
def planted() -> list[dict[tuple[str, str], Bias]]:
    return [told(draw(World("planted"), seed).contest) for seed in SEEDS]


# -- statistics --------------------------------------------------------------------------------


def test_planted_biases_are_recovered(planted: list[dict[tuple[str, str], Bias]]) -> None:
    truth = {("one", "position"): 0.6, ("one", "length"): 0.5, ("one", "self"): 0.8,
             ("two", "position"): -0.4}  # fmt: skip
    for key, value in truth.items():
        estimates = np.array([by_bias[key].estimate for by_bias in planted])
        error = float(estimates.std()) / len(estimates) ** 0.5
        assert abs(float(estimates.mean()) - value) < 3.3 * error, key
        assert value * float(estimates.mean()) > 0


def test_intervals_hold_what_was_planted(planted: list[dict[tuple[str, str], Bias]]) -> None:
    for kind in KINDS:
        held = []
        for by_bias in planted:
            # Judges of one contest judge the same debates, but their luck is their own.
            for judge in THREE:
                one = by_bias[judge.name, kind]
                held.append(one.low <= judge.of(kind, World("planted")) <= one.high)
        assert binomtest(sum(held), len(held), 0.95).pvalue > ALARM, kind


def test_no_bias_is_reported_where_none_is_planted(
    planted: list[dict[tuple[str, str], Bias]],
) -> None:
    none = [("three", "position"), ("three", "length"), ("three", "self"), ("two", "length"),
            ("two", "self")]  # fmt: skip
    alarms = [by_bias[key].p < 0.05 for by_bias in planted for key in none]
    test = binomtest(sum(alarms), len(alarms), 0.05, alternative="greater")
    assert test.pvalue > ALARM
    # And p agrees with the interval.
    for by_bias in planted[:10]:
        for one in by_bias.values():
            assert (one.p < 0.05) == (one.low > 0 or one.high < 0)


# -- laws --------------------------------------------------------------------------------------


def same(one: Bias, other: Bias, sign: float = 1.0) -> None:
    limits = (other.low, other.high) if sign > 0 else (-other.high, -other.low)
    assert (one.estimate, one.low, one.high, one.p) == pytest.approx(
        (sign * other.estimate, *limits, other.p), abs=2e-5, nan_ok=True
    )
    assert one.cases == other.cases


def test_biases_do_not_depend_on_names_or_on_which_position_is_first() -> None:
    contest = draw(World("small", matches=28), 3).contest
    before = told(contest)
    new = {f"entrant {number}": f"{9 - number}" for number in range(8)}
    turned = replace(
        contest,
        judges=contest.judges.iloc[::-1].reset_index(drop=True),
        matches=contest.matches.assign(
            entrant=contest.matches["entrant"].map(new), position=1 - contest.matches["position"]
        ),
        verdicts=contest.verdicts.assign(
            winner=contest.verdicts["winner"].replace(new),
            position=1 - contest.verdicts["position"],
        ).sample(frac=1, random_state=1),
    )
    after = told(turned)
    for (judge, kind), one in before.items():
        # Only the side is of the position: arguing for is now what arguing against was.
        same(after[judge, kind], one, -1.0 if kind == "side" else 1.0)


def test_the_mirror_image_of_a_judge_has_the_opposite_bias() -> None:
    """Whoever is shown first is now shown second: all else stays."""
    contest = draw(World("small", matches=28), 4).contest
    shown = [tuple(reversed(actors)) for actors in contest.verdicts["shown"]]
    after = told(replace(contest, verdicts=contest.verdicts.assign(shown=shown)))
    for (judge, kind), one in told(contest).items():
        same(after[judge, kind], one, -1.0 if kind == "position" else 1.0)


def test_a_verdict_that_is_missing_is_as_if_it_had_not_been_asked_for() -> None:
    contest = draw(World("lossy", matches=28, lost=0.2), 5).contest
    lost = contest.verdicts["missing"].notna()
    assert lost.any()
    kept = replace(contest, verdicts=contest.verdicts[~lost])
    after = told(kept)
    for key, one in told(contest).items():
        same(after[key], one)


def test_few_debates_say_nothing_of_effects() -> None:
    biases = told(draw(World("few", entrants=2, matches=4), 1).contest)
    for judge in THREE:
        for kind in ("length", "side", "order"):
            assert "only 8 debates tell 5 parameters" in (biases[judge.name, kind].missing or "")


# -- position ----------------------------------------------------------------------------------

SIDES = [
    {"entrant": "p", "actor": "Ada", "position": 0, "place": 0, "stage": "ash"},
    {"entrant": "q", "actor": "Ben", "position": 1, "place": 1, "stage": "fir"},
]


def judged(winners: list[tuple[str | None, str | None]], words: int = 3) -> Contest:
    """Debates of p and q, with the winner when Ada is shown first, and when Ben is."""
    legs, said = [], []
    for number, both in enumerate(winners):
        turns = [Turn(1, "Ada", "a " * words), Turn(2, "Ben", "a " * words)]
        legs.append(
            LegRecord(1, number, 0, f"t{number}", f"m{number}", SIDES, turns if words else [])
        )
        said += [
            VerdictRecord(f"t{number}", "kim", "f", shown, {"winner": winner, "margin": 1})
            for shown, winner in zip([("Ada", "Ben"), ("Ben", "Ada")], both, strict=True)
            if winner is not None
        ]
    judges = [{"name": "kim", "stage": "ash", "form": "f"}]
    return contests_from([ContestRecord("x", {"judges": judges}, "", legs, said)])[0]


def test_only_changes_of_mind_count() -> None:
    """30 for whoever is first and 10 for the second: Firth's estimate is log(30.5 / 10.5) / 2."""
    changes: list[tuple[str | None, str | None]] = [("Ada", "Ben")] * 30 + [("Ben", "Ada")] * 10
    for firm in ([], [("Ada", "Ada")] * 50, [("tie", "tie")] * 7 + [("Ada", None)] * 9):
        one = told(judged(changes + firm))["kim", "position"]
        assert one.estimate == pytest.approx(log(30.5 / 10.5) / 2, abs=1e-6)
        assert one.cases == 40
        assert one.low > 0


def test_half_a_change_counts_half() -> None:
    """From a win to a tie: the odds are of one b, not of two."""
    half: list[tuple[str | None, str | None]] = [("Ada", "tie")] * 30 + [("tie", "Ada")] * 10
    one = told(judged(half))["kim", "position"]
    assert one.estimate == pytest.approx(log(30.5 / 10.5), abs=1e-6)


def test_who_always_prefers_the_first_has_a_finite_bias() -> None:
    one = told(judged([("Ada", "Ben")] * 20))["kim", "position"]
    assert one.estimate == pytest.approx(log(20.5 / 0.5) / 2, abs=1e-6)
    assert 0 < one.low < one.estimate < one.high
    assert one.p < 0.01


@pytest.mark.parametrize(
    ("winners", "kind", "reason"),
    [
        ([("Ada", None), (None, "Ben")], "position", "it saw no debate in both orders"),
        ([("Ada", "Ada"), ("tie", "tie")], "position", "no verdict changed with the order"),
        ([("Ada", "Ben")] * 30, "length", "both sides always spoke equally many words"),
        ([("Ada", "Ben")] * 30, "side", "it cannot be told from the strength of entrants"),
        ([("Ada", "Ben")] * 30, "self", "the other judges' verdicts do not separate"),
        ([], "self", "it has no verdict"),
    ],
)
def test_what_cannot_be_told_has_a_reason(
    winners: list[tuple[str | None, str | None]], kind: str, reason: str
) -> None:
    one = told(judged(winners))["kim", kind]
    assert reason in (one.missing or "")
    assert isnan(one.estimate)
    assert isnan(one.low)
    assert isnan(one.p)
    assert damped(one) == 0


def test_words_that_nobody_counted_are_not_none() -> None:
    one = told(judged([("Ada", "Ben")] * 30, words=0))["kim", "length"]
    assert one.missing == "the numbers of words are not known"


def test_a_person_has_no_model() -> None:
    contest = draw(World("people", matches=28), 6).contest
    verdicts = contest.verdicts.replace({"judge": {"three": "human:jo"}})
    judges = contest.judges.replace({"judge": {"three": "human:jo"}})
    judges["model"] = judges["model"].mask(judges["judge"] == "human:jo")
    biases = told(replace(contest, verdicts=verdicts, judges=judges))
    assert biases["human:jo", "self"].missing == "it is a person, or models are not known"
    assert biases["human:jo", "self"].cases == 0
    # Its view of the entrants counts as anybody's; only its liking for cedar is not fitted.
    before = told(contest)["one", "self"].estimate
    assert biases["one", "self"].estimate == pytest.approx(before, abs=0.2)
    assert biases["one", "self"].missing is None
    assert biases["human:jo", "position"].missing is None


def test_entrants_of_unknown_models_are_nobodys_own() -> None:
    contest = draw(World("unknown", matches=28), 7).contest
    contest.matches["model"] = contest.matches["model"].where(contest.matches["model"] != "ash")
    verdict_rows = rows(contest)
    assert np.isnan(verdict_rows.own).any()
    assert set(verdict_rows.own[~np.isnan(verdict_rows.own)]) <= {-1.0, 0.0, 1.0}
    assert told(contest)["one", "self"].missing is not None


# -- parts -------------------------------------------------------------------------------------


def test_clusters_are_topics_where_enough_were_judged() -> None:
    many = rows(draw(World("many"), 1).contest)
    assert (many.by, int(many.cluster.max()) + 1) == ("topic", 14)
    few = rows(draw(World("few", topics=5), 1).contest)
    assert (few.by, int(few.cluster.max()) + 1) == ("match", 56)
    contest = draw(World("many"), 1).contest
    early = contest.verdicts["trial"].isin(
        [f"t{match}-{leg}" for match in range(5) for leg in "01"]
    )
    assert rows(replace(contest, verdicts=contest.verdicts[early])).by == "match"
    assert clusters(contest.matches.iloc[:0])[0] == "match"


def test_weights_of_a_judges_verdicts_on_a_debate_are_one() -> None:
    verdict_rows = rows(draw(World("lossy", matches=20, lost=0.3), 2).contest)
    for judge in range(3):
        mine = verdict_rows.judge == judge
        whole = np.bincount(verdict_rows.debate[mine], verdict_rows.weight[mine])
        assert set(np.round(whole[whole > 0], 9)) == {1.0}


def test_regression_is_logistic_with_firths_adjustment() -> None:
    """Against the closed form for one column: the log odds, half an observation added to each."""
    score = np.array([1.0] * 7 + [0.0] * 3)
    data = Data(score, np.ones(10), np.zeros(10, dtype=np.int64))
    made = regress(linear(np.ones((10, 1))), data, np.zeros(1))
    assert made is not None
    assert made.parameters[0] == pytest.approx(log(7.5 / 3.5))
    assert made.finite
    always = regress(
        linear(np.ones((10, 1))), Data(np.ones(10), data.weight, data.judge), np.zeros(1)
    )
    assert always is not None
    assert always.parameters[0] == pytest.approx(log(10.5 / 0.5))
    assert not always.finite
    # Each row a cluster: at least the model's own error where only the adjustment is finite.
    one = estimates(always, np.arange(10), np.array([0]))[0]
    assert one.error >= 0.99 * float(np.sqrt(always.bread[0, 0])) * 0.1
    assert one.limits()[0] < one.estimate < one.limits()[1]


def test_cumulants_are_derivatives() -> None:
    eta, delta, step = np.linspace(-3, 3, 7), np.full(7, -0.4), 1e-5
    about, up, down = (expected(eta + by, delta) for by in (0, step, -step))
    for name, following in [("mean", "variance"), ("variance", "third"), ("third", "fourth")]:
        slope = (getattr(up, name) - getattr(down, name)) / (2 * step)
        np.testing.assert_allclose(slope, getattr(about, following), atol=1e-8)
    np.testing.assert_allclose(expected(eta, np.full(7, -np.inf)).mean, special.expit(eta))


def test_columns_made_of_others_are_not_told() -> None:
    generator = np.random.default_rng(1)
    three = generator.standard_normal((20, 3))
    design = np.column_stack([three, three[:, 0] - three[:, 1], np.zeros(20)])
    kept, of_them = independent(design, np.ones(20))
    assert len(kept) == 3
    assert of_them.tolist() == [2]


def test_a_judge_alone_with_one_verdict() -> None:
    biases = told(judged([("Ada", None)]))
    assert all(one.missing for one in biases.values())
    assert position(rows(judged([])), "kim").missing == "it saw no debate in both orders"
    assert Planted("kim", "ash").of("side", World("w")) == World("w").side
