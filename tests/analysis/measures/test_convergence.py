"""Convergence by hand, its error rates on drawn stances, and its laws."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isnan

import numpy as np
import pandas as pd
import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.measures import convergence
from analysis.measures.convergence import Convergence
from analysis.measures.convergence_controls import difference_of_ratios, ratio_of_ends, shuffled
from analysis.measures.half_life import half_life
from analysis.stats import jackknife, sign_flip
from analysis.tables import Record, Tables, load, tables_from
from sim.errors import BadRequest
from sim.events import Answer, Ended

Course = Mapping[int, Sequence[float | None]]


def record(
    trial: str,
    course: Course,
    *,
    seed: int = 0,
    model: str = "m",
    names: Sequence[str] = ("Ada", "Ben", "Cleo"),
    status: str = "done",
    arm: str = "live",
    focal: str | None = None,
    of: str | None = None,
    gauge: bool = False,
) -> Record:
    """A trial whose actors answer as given, turn by turn. None is a missing answer."""
    answers = [
        Answer(turn, name, "stance:x", value, gauge, missing=None if value is not None else "odd")
        for turn, values in course.items()
        for name, value in zip(names, values, strict=False)
    ]
    count = max((len(values) for values in course.values()), default=0)
    ended = Ended(max(course, default=0), "over", status)
    cast = [{"name": name} for name in names[: max(count, 2)]]
    return Record(
        trial, cast, [*answers, ended], "s", {}, model, model, seed, arm, focal=focal, of=of
    )


def one(course: Course, **facts: str) -> pd.Series:
    tables = tables_from([record("t", course, **facts)])  # type: ignore[arg-type]
    return Convergence(load(tables, unfinished=True)).by_trial.iloc[0]


def test_by_hand() -> None:
    row = one({0: [-1.0, 0.0, 1.0], 3: [-0.5, 0.0, 0.5], 6: [-0.1, 0.0, 0.1]})
    assert row["start"] == pytest.approx(4 / 3)
    assert row["end"] == pytest.approx(0.4 / 3)
    assert row["c"] == pytest.approx(0.9)
    assert row["agreed_at"] == 6
    assert row["last"] == 6
    assert pd.isna(row["reason"])


def test_agreement_has_to_last() -> None:
    row = one({0: [-1.0, 1.0], 2: [0.0, 0.1], 4: [-1.0, 1.0], 6: [0.0, 0.2], 8: [0.0, 0.0]})
    assert row["agreed_at"] == 6
    never = one({0: [-1.0, 1.0], 2: [0.0, 0.1], 4: [-1.0, 1.0]})
    assert pd.isna(never["agreed_at"])
    assert never["last"] == 4
    assert pd.isna(never["reason"])


@pytest.mark.parametrize(
    ("course", "status", "reason"),
    [
        ({}, "done", "never asked together"),
        ({0: [-1.0, 1.0]}, "done", "asked only once"),
        ({0: [0.5, 0.5], 3: [0.5, 0.0]}, "done", "no distance at the start"),
        ({0: [None, 0.5], 3: [0.5, 0.0]}, "done", "an answer is missing at the start"),
        ({0: [-0.5, 0.5], 3: [0.5, None]}, "done", "an answer is missing at the end"),
        ({0: [-0.5, 0.5], 3: [0.5, 0.0]}, "failed", "the trial is failed"),
    ],
)
def test_what_is_missing_is_missing_and_says_why(course: Course, status: str, reason: str) -> None:
    row = one(course, status=status)
    assert isnan(row["c"])
    assert row["reason"] == reason


def test_a_missing_answer_in_between_does_not_count_as_agreement_or_as_none() -> None:
    row = one({0: [-1.0, 1.0], 2: [0.0, 0.1], 4: [None, 0.0], 6: [0.0, 0.0]})
    assert row["agreed_at"] == 2
    table = convergence.distances(tables_from([record("t", {0: [None, 1.0], 2: [0.0, 0.5]})]))
    assert isnan(table["distance"].iloc[0])


def test_probes_are_preferred_to_gauges() -> None:
    gauges = record("t", {0: [-1.0, 1.0], 2: [1.0, 1.0]}, gauge=True)
    probes = record("t", {0: [-1.0, 1.0], 2: [0.0, 1.0]})
    both = Record("t", probes.cast, [*gauges.events[:-1], *probes.events])
    assert Convergence(tables_from([gauges])).by_trial.iloc[0]["c"] == 1.0
    assert Convergence(tables_from([both])).by_trial.iloc[0]["c"] == 0.5


def test_the_arm_is_a_ratio_of_means_with_a_jackknife() -> None:
    ends, starts = [0.2, 0.6, 0.1], [1.0, 1.5, 0.5]
    records = [
        record(str(k), {0: [0.0, s], 4: [0.0, e]})
        for k, (e, s) in enumerate(zip(ends, starts, strict=True))
    ]
    result = Convergence(tables_from(records))
    c = result.estimate("c")
    assert c.value == pytest.approx(1 - 0.9 / 3.0)
    assert c.n == 3
    out = [1 - (0.9 - e) / (3.0 - s) for e, s in zip(ends, starts, strict=True)]
    error = np.sqrt(2 / 3 * np.sum((np.array(out) - np.mean(out)) ** 2))
    assert c.value - c.low == pytest.approx(stats.t.ppf(0.975, 2) * error)
    assert c.high == 1.0, "more than consensus is not possible"
    agreed = result.estimate("agreed")
    assert (agreed.value, agreed.n) == (pytest.approx(2 / 3), 3)
    # Two agreed at turn 4, one is censored at 4: the area under a curve that is 1 up to 4.
    assert result.estimate("time_to_agreement").value == pytest.approx(4.0)
    assert isnan(result.estimate("half_life").value)
    assert result.estimate("half_life").note == "not identifiable"


def test_shared_pull_and_interaction_add_up() -> None:
    records = []
    for k in range(4):
        live = f"live{k}"
        records.append(record(live, {0: [-1.0, 1.0], 6: [-0.1 * k, 0.1]}, seed=k))
        for seat, (name, start, end) in enumerate(
            (("Ada", -1.0, -0.5), ("Ben", 1.0, 0.6 + 0.02 * k))
        ):
            blank: list[float | None] = [None, None]
            first, last = list(blank), list(blank)
            first[seat], last[seat] = start, end
            yoke = record(f"y{k}{name}", {}, seed=k, arm="yoked", focal=name, of=live)
            said = [Answer(0, name, "stance:x", start), Answer(6, name, "stance:x", end)]
            records.append(
                Record(yoke.trial, yoke.cast, [*said, Ended(6, "over")], "s", {}, "m", "m", k,
                       "yoked", name, live)
            )  # fmt: skip
    result = Convergence(tables_from(records))
    shared, interaction = result.estimate("shared"), result.estimate("interaction")
    assert shared.n == interaction.n == 4
    assert shared.value == pytest.approx(1 - (0.5 + 0.63) / 2)
    # Every live trial has its yoked trials: live is the arm's own C.
    assert result.estimate("c").value == pytest.approx(shared.value + interaction.value)
    assert shared.low <= shared.value <= shared.high
    assert result.by_arm["quantity"].is_unique
    # A live trial one of whose actors was not played alone is left out.
    fewer = [each for each in records if each.trial != "y0Ben"]
    assert Convergence(tables_from(fewer)).estimate("shared").n == 3


def drawn(generator: np.random.Generator, count: int, model: str, pull: float) -> list[Record]:
    """Stances as the embedded stage gives them: coarse levels, drawn toward one another."""
    records = []
    for seed in range(count):
        start = np.round(generator.uniform(-1, 1, 3) * 4) / 4
        end = start + pull * (start.mean() - start) + generator.normal(0, 0.3, 3)
        end = np.clip(np.round(end * 4) / 4, -1, 1)
        course = {0: start.tolist(), 18: end.tolist()}
        records.append(record(f"{model}{seed}", course, seed=seed, model=model))
    return records


def test_equal_arms_differ_falsely_in_at_most_5_percent() -> None:
    generator = np.random.default_rng(12)
    replicates, excluded, rejected = 500, 0, 0
    for _ in range(replicates):
        start = np.round(generator.uniform(-1, 1, (2, 12, 3)) * 4) / 4
        end = start + 0.5 * (start.mean(axis=2, keepdims=True) - start)
        end = np.clip(np.round((end + generator.normal(0, 0.3, end.shape)) * 4) / 4, -1, 1)
        spread = [
            np.abs(part[..., [0, 0, 1]] - part[..., [1, 2, 2]]).mean(axis=2)
            for part in (end, start)
        ]
        pairs = [np.column_stack([spread[0][side], spread[1][side]]) for side in (0, 1)]
        interval = jackknife(np.hstack(pairs), difference_of_ratios)
        excluded += interval.excludes_zero
        rejected += sign_flip(pairs[0], pairs[1], ratio_of_ends) <= 0.05
    for count in (excluded, rejected):
        assert stats.binomtest(count, replicates, 0.05, alternative="greater").pvalue > 0.001


def test_unequal_arms_are_told_apart() -> None:
    generator = np.random.default_rng(3)
    records = drawn(generator, 30, "tuned", 0.9) + drawn(generator, 30, "base", 0.1)
    result = Convergence(tables_from(records))
    row = result.compare("tuned", "base").iloc[0]
    assert row["pairs"] == 30
    assert row["low"] > 0
    assert row["p"] < 0.01
    assert row["difference"] == pytest.approx(row["value_a"] - row["value_b"])
    back = result.compare("base", "tuned").iloc[0]
    assert back["difference"] == pytest.approx(-row["difference"])
    assert back["p"] == row["p"]


def test_the_interval_of_c_covers() -> None:
    generator = np.random.default_rng(4)
    # D_T / D_0 has mean exactly 0.4, over trials of different starts.
    covered, replicates = 0, 1000
    for _ in range(replicates):
        start = generator.uniform(0.5, 2, 20)
        end = start * generator.beta(2, 3, 20)
        interval = jackknife(np.column_stack([end, start]), ratio_of_ends)
        covered += interval.low <= 0.6 <= interval.high
    assert stats.binomtest(covered, replicates, 0.95, alternative="less").pvalue > 0.001


def test_half_life_is_estimated_where_it_can_be_and_not_elsewhere() -> None:
    generator = np.random.default_rng(5)
    turns = np.arange(0, 25, 3)
    decay = 0.3 + 1.2 * 0.5 ** (turns / 5)
    noise = generator.normal(0, 0.05, (30, len(turns)))
    interval = half_life([pd.Series(decay + each, turns) for each in noise])
    assert interval.low < 5 < interval.high
    for flat in (np.ones(len(turns)), 1 - turns / 1000):
        curves = [pd.Series(flat + each, turns) for each in noise]
        assert isnan(half_life(curves).estimate)
    at_once = np.where(turns == 0, 1.5, 0.3)
    assert isnan(half_life([pd.Series(at_once + each, turns) for each in noise]).estimate)
    assert isnan(half_life([]).estimate)


levels = st.sampled_from(np.linspace(-1, 1, 9).tolist())
stances = st.lists(st.lists(levels, min_size=3, max_size=3), min_size=2, max_size=5)


def tables_of(courses: Sequence[Sequence[Sequence[float]]], names: Sequence[str]) -> Tables:
    return tables_from(
        record(str(k), dict(enumerate(course)), seed=k, names=names)
        for k, course in enumerate(courses)
    )


@settings(max_examples=effort(10, 25), deadline=None)
@given(st.lists(stances, min_size=1, max_size=4), st.permutations(["Ada", "Ben", "Cleo"]))
def test_names_do_not_matter(courses: list[list[list[float]]], names: list[str]) -> None:
    left = Convergence(tables_of(courses, ["Ada", "Ben", "Cleo"])).by_trial
    right = Convergence(tables_of(courses, names)).by_trial
    pd.testing.assert_frame_equal(left, right)


@settings(max_examples=effort(10, 25), deadline=None)
@given(stances, st.floats(0.1, 0.9), st.floats(-0.05, 0.05))
def test_c_does_not_depend_on_the_scale(
    course: list[list[float]], scale: float, shift: float
) -> None:
    moved = [[scale * value + shift for value in values] for values in course]
    left = Convergence(tables_of([course], ["Ada", "Ben", "Cleo"])).by_trial.iloc[0]
    right = Convergence(tables_of([moved], ["Ada", "Ben", "Cleo"])).by_trial.iloc[0]
    if left["start"] > 1e-9:
        assert left["c"] == pytest.approx(right["c"], abs=1e-6)


@settings(max_examples=effort(10, 25), deadline=None)
@given(st.lists(stances, min_size=2, max_size=4))
def test_order_of_trials_does_not_matter(courses: list[list[list[float]]]) -> None:
    tables = tables_of(courses, ["Ada", "Ben", "Cleo"])
    shuffled = replace(
        tables,
        trials=tables.trials.iloc[::-1].reset_index(drop=True),
        cast=tables.cast.iloc[::-1].reset_index(drop=True),
        answers=tables.answers.iloc[::-1].reset_index(drop=True),
    )
    pd.testing.assert_frame_equal(Convergence(tables).by_arm, Convergence(shuffled).by_arm)


def test_empty_tables_give_empty_results_with_columns() -> None:
    empty = tables_from([])
    result = Convergence(empty)
    for table in (
        convergence.distances(empty),
        result.by_turn,
        result.by_trial,
        result.by_arm,
    ):
        assert len(table) == 0
        assert len(table.columns) > 3
    with pytest.raises(BadRequest, match="'a' played no trial here; use one of none"):
        result.compare("a", "b")


def test_parameters_are_compared_as_models_are() -> None:
    records = []
    for seed in range(6):
        for model in ("a", "b"):
            for size, end in ((1, 0.8), (2, 0.2)):
                each = record(
                    f"{model}{size}{seed}", {0: [-1.0, 1.0], 6: [-end, end - seed / 100]},
                    seed=seed, model=model,
                )  # fmt: skip
                records.append(replace(each, parameters={"size": size, "heat": "low"}))
    result = Convergence(tables_from(records))
    rows = result.compare("2", "1", by="size").to_dict("records")
    assert [json.loads(row["parameters"]) for row in rows] == [
        {"heat": "low", "model": "a"}, {"heat": "low", "model": "b"},
    ]  # fmt: skip
    for row in rows:
        assert (row["pairs"], row["a"], row["b"]) == (6, "2", "1")
        assert row["difference"] == pytest.approx(0.6)
    assert len(result.compare("a", "b")) == 2, "models are compared within each size"
    with pytest.raises(BadRequest, match="'3' played no trial here"):
        result.compare("3", "1", by="size")


@given(st.lists(st.tuples(st.floats(0.01, 1), st.floats(0, 1)), min_size=2, max_size=6))
def test_no_interval_exceeds_what_is_possible(ends: list[tuple[float, float]]) -> None:
    records = [
        record(f"t{seed}", {0: [-start, start], 6: [-end, end]}, seed=seed)
        for seed, (start, end) in enumerate(ends)
    ]
    for each in Convergence(tables_from(records)).estimates:
        about = Convergence.arm[each.quantity]
        assert not each.estimate.high > about.high, each
        assert not each.estimate.low < about.low, each


@given(
    st.integers(3, 6).flatmap(
        lambda n: st.lists(
            st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=6, max_size=6),
            min_size=n,
            max_size=n,
        )
    )
)
def test_partners_of_other_trials_are_all_others(trials: list[list[float]]) -> None:
    def rows(values: list[list[float]]) -> pd.DataFrame:
        table = [
            (f"t{k}", "x", turn, "ABC"[seat], three[seat])
            for k, six in enumerate(values)
            for turn, three in ((0, six[:3]), (4, six[3:]))
            for seat in range(3)
        ]
        return pd.DataFrame(table, columns=["trial", "issue", "turn", "actor", "value"])

    def by_hand(values: list[list[float]], *, met: bool) -> float:
        sums = [
            sum(
                abs(one[start + a] - other[start + b])
                for i, one in enumerate(values)
                for j, other in enumerate(values)
                if (i == j) is met
                for a, b in ((0, 1), (0, 2), (1, 2))
            )
            for start in (3, 0)
        ]
        return float("nan") if sums[1] == 0 else 1 - sums[0] / sums[1]

    found, why = shuffled(rows(trials))
    assert why == ""
    assert found.trials == len(trials)
    chance = by_hand(trials, met=False)
    assert found.chance.estimate == pytest.approx(chance, nan_ok=True)
    live = by_hand(trials, met=True)
    assert found.coupling.estimate == pytest.approx(live - chance, nan_ok=True)
    out = [by_hand(trials[:k] + trials[k + 1 :], met=False) for k in range(len(trials))]
    if not np.isnan(found.chance.low):
        n = len(trials)
        error = np.sqrt((n - 1) / n * np.sum((np.array(out) - np.mean(out)) ** 2))
        half = found.chance.high - found.chance.estimate
        assert half == pytest.approx(stats.t.ppf(0.975, n - 1) * error)


def test_coupling_that_is_not_there_is_found_in_at_most_5_percent() -> None:
    generator = np.random.default_rng(5)
    replicates, excluded = 400, 0
    for _ in range(replicates):
        start = generator.uniform(-1, 1, (12, 2))
        end = np.clip(0.4 * start + generator.normal(0, 0.3, start.shape), -1, 1)
        table = [
            (f"t{k}", "x", turn, "AB"[seat], values[k, seat])
            for turn, values in ((0, start), (6, end))
            for k in range(12)
            for seat in range(2)
        ]
        columns = ["trial", "issue", "turn", "actor", "value"]
        excluded += shuffled(pd.DataFrame(table, columns=columns))[0].coupling.excludes_zero
    assert stats.binomtest(excluded, replicates, 0.05, alternative="greater").pvalue > 0.001


def test_mute_partners_stand_apart_from_yoked_ones() -> None:
    records = []
    for k in range(3):
        records.append(record(f"live{k}", {0: [-1.0, 1.0], 6: [-0.1 * k, 0.1]}, seed=k))
        for arm, far in (("yoked", 0.5), ("mute", 0.9 - 0.01 * k)):
            for name, sign in (("Ada", -1), ("Ben", 1)):
                cast = record(f"{arm}{k}{name}", {}, seed=k).cast
                said = [Answer(0, name, "stance:x", float(sign)),
                        Answer(6, name, "stance:x", sign * far), Ended(6, "over")]  # fmt: skip
                records.append(
                    Record(f"{arm}{k}{name}", cast, said, "s", {}, "m", "m", k, arm, name,
                           f"live{k}")
                )  # fmt: skip
    result = Convergence(tables_from(records))
    assert result.estimate("alone").value == pytest.approx(1 - 0.89)
    assert result.estimate("shared").value == pytest.approx(0.5)
    assert result.estimate("alone").n == 3
