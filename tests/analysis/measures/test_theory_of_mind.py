"""Theory of mind: guesses by hand, what somebody missed, and what is planted on the exact stage."""

from __future__ import annotations

from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as distributions

from analysis.measures import theory_of_mind
from analysis.tables import Record, Tables, tables_from
from benchmarks.validity.minds import told
from sim.events import Answer, Turn

CAST = tuple({"name": name} for name in "ABC")


def stances(turn: int, **values: float | None) -> list[Answer]:
    return [Answer(turn, name, "stance:x", value) for name, value in values.items()]


def guess(turn: int, by: str, of: str, *values: float | None) -> list[Answer]:
    return [
        Answer(turn, by, f"guess:x:{of}", value, sample=sample)
        for sample, value in enumerate(values)
    ]


def record(name: str, *events: Any, **facts: Any) -> Record:
    flat = [each for some in events for each in (some if isinstance(some, list) else [some])]
    return Record(name, CAST, flat, **facts)


def tables(*records: Record) -> Tables:
    return tables_from(records)


def row(made: Tables, by: str = "A") -> Any:
    found = theory_of_mind.by_guess(made)
    [one] = list(found[found["guesser"] == by].itertuples())
    return one


# -- by hand ---------------------------------------------------------------------------------------


def test_a_guess_is_held_against_what_was_answered_then() -> None:
    made = tables(
        record("s", stances(2, A=-1.0, B=0.5, C=0.25), guess(2, "A", "B", 0.25, 0.75),
               stances(4, A=1.0, B=-1.0)),
        record("t", stances(2, A=0.0, B=1.0)),
    )  # fmt: skip
    one = row(made)
    assert (one.trial, one.turn, one.issue, one.target) == ("s", 2, "x", "B")
    assert (one.guess, one.truth, one.own) == (0.5, 0.5, -1.0)
    # What all others of the arm answered after the same turn: A and C here, A and B there.
    assert one.mean == pytest.approx((-1.0 + 0.25 + 0.0 + 1.0) / 4)
    assert isnan(one.public)
    assert one.missed is pd.NA


def test_skill_is_one_less_the_ratio_of_mean_errors() -> None:
    made = tables(
        record("s", stances(2, A=-1.0, B=0.5), guess(2, "A", "B", 0.0)),
        record("t", stances(2, A=0.0, B=1.0), guess(2, "A", "B", 0.75)),
    )
    [arm] = list(theory_of_mind.by_arm(made).itertuples())
    assert (arm.trials, arm.guesses, arm.missing, arm.group) == (2, 2, 0, "all")
    assert arm.error == pytest.approx((0.5 + 0.25) / 2)
    assert arm.own_error == pytest.approx((1.5 + 1.0) / 2)
    assert arm.own_skill == pytest.approx(1 - 0.75 / 2.5)
    # The others of the arm: -1, 0 and 1 for the first, -1, 0.5 and 0 for the second.
    assert arm.mean_error == pytest.approx((0.5 + 1 + 0.5 / 3) / 2)
    assert arm.own_low < arm.own_skill < arm.own_high
    # Jackknife over two trials: the ratios without one of them are 0.25 / 1 and 0.5 / 1.5.
    spread = np.sum((np.array([0.25, 1 / 3]) - np.mean([0.25, 1 / 3])) ** 2) / 2
    half = distributions.t.ppf(0.975, 1) * np.sqrt(spread)
    assert arm.own_high - arm.own_skill == pytest.approx(half)
    assert (arm.public_guesses, arm.own_guesses) == (0, 2)
    assert isnan(arm.public_skill)


def test_always_right_is_one_and_the_null_itself_is_nothing() -> None:
    right = record("s", stances(2, A=-1.0, B=0.5), guess(2, "A", "B", 0.5))
    [arm] = list(theory_of_mind.by_arm(tables(right)).itertuples())
    assert (arm.error, arm.own_skill) == (0.0, 1.0)
    assert isnan(arm.own_low), "one trial has no interval"
    own = record("s", stances(2, A=-1.0, B=0.5), guess(2, "A", "B", -1.0))
    assert theory_of_mind.by_arm(tables(own))["own_skill"].tolist() == [0.0]
    worse = record("s", stances(2, A=0.0, B=0.5), guess(2, "A", "B", -0.5))
    assert theory_of_mind.by_arm(tables(worse))["own_skill"].tolist() == [-1.0]


@pytest.mark.parametrize(
    ("answers", "error", "nulls"),
    [
        # Nobody's zero stands for an answer that is missing.
        ([stances(2, A=-1.0, B=None), guess(2, "A", "B", 0.5)], nan, (0, 0)),
        ([stances(2, A=-1.0, B=0.5), guess(2, "A", "B", None)], nan, (0, 0)),
        ([stances(2, A=-1.0), guess(2, "A", "B", 0.5)], nan, (0, 0)),
        ([stances(3, B=0.5), guess(2, "A", "B", 0.5)], nan, (0, 0)),
        ([stances(2, A=None, B=0.5), guess(2, "A", "B", 0.0)], 0.5, (0, 0)),
        ([stances(2, A=-1.0, B=0.5), guess(2, "A", "B", None, 0.0)], 0.5, (1, 1)),
    ],
)
def test_missing_is_never_zero(answers: Any, error: float, nulls: tuple[int, int]) -> None:
    [arm] = list(theory_of_mind.by_arm(tables(record("t", *answers))).itertuples())
    assert arm.error == pytest.approx(error, nan_ok=True)
    assert (arm.guesses, arm.missing) == ((0, 1) if isnan(error) else (1, 0))
    assert (arm.own_guesses, arm.mean_guesses) == nulls


def test_gauges_other_questions_and_oneself_are_no_guesses() -> None:
    events = [
        *stances(2, A=0.5, B=0.5), *guess(2, "A", "A", 0.5),
        Answer(2, "A", "guess:x:B", 0.5, gauge=True), Answer(2, "A", "leave", 0.5),
    ]  # fmt: skip
    assert len(theory_of_mind.by_guess(tables(record("t", events)))) == 0
    for empty in (tables(), tables(record("t"))):
        assert len(theory_of_mind.by_guess(empty)) == len(theory_of_mind.by_arm(empty)) == 0


def test_an_issue_and_a_name_may_have_a_colon_in_them() -> None:
    events = [Answer(1, "A", "guess:x: or y:B", 0.5), Answer(1, "B", "stance:x: or y", 0.25)]
    one = row(tables(record("t", events)))
    assert (one.issue, one.target, one.guess, one.truth) == ("x: or y", "B", 0.5, 0.25)


# -- what was said, and heard ----------------------------------------------------------------------

FOR, AGAINST, NEITHER = "I am in favour of it.", "I am against it.", "It rains."


@pytest.mark.parametrize(
    ("turns", "public", "missed"),
    [
        ([Turn(1, "B", FOR)], 0.5, False),
        ([Turn(1, "B", NEITHER)], nan, None),
        ([Turn(1, "C", FOR)], nan, None),
        ([Turn(1, "B", FOR), Turn(2, "B", AGAINST), Turn(3, "B", NEITHER)], -0.5, False),
        ([Turn(1, "B", FOR), Turn(2, "B", AGAINST, absent=("A",))], 0.5, True),
        ([Turn(1, "B", AGAINST, absent=("A",)), Turn(2, "B", FOR)], 0.5, False),
        ([Turn(1, "B", FOR, absent=("A",))], nan, True),
        ([Turn(1, "B", FOR, audience=("C",))], nan, True),
        ([Turn(1, "B", FOR, audience=("A",))], 0.5, False),
        ([Turn(1, "B", FOR, audience=("C",), overheard=("A",))], 0.5, False),
        ([Turn(1, "B", FOR, audience=())], nan, True),
        # What comes after the question is not known yet.
        ([Turn(1, "B", FOR), Turn(5, "B", AGAINST)], 0.5, False),
        ([Turn(5, "B", FOR)], nan, None),
    ],
)
def test_what_the_guesser_heard_last(turns: Any, public: float, missed: bool | None) -> None:
    said = stances(4, A=0.0, B=1.0) + guess(4, "A", "B", 0.5)
    one = row(tables(record("t", turns, said)))
    assert one.public == pytest.approx(public, nan_ok=True)
    assert (one.missed is pd.NA) == (missed is None)
    assert missed is None or bool(one.missed) == missed


def test_groups_are_told_apart_by_what_was_heard() -> None:
    said = [*stances(4, A=0.0, B=1.0, C=-1.0), *guess(4, "A", "B", 0.5), *guess(4, "A", "C", 0.0)]
    heard = record("s", Turn(1, "B", FOR), Turn(2, "C", AGAINST, audience=()), said)
    untold = record("t", said)
    found = theory_of_mind.by_arm(tables(heard, untold), by_heard=True).set_index("group")
    assert found["guesses"].to_dict() == {"heard": 1, "missed": 1, "untold": 2}
    assert found["error"].to_dict() == {"heard": 0.5, "missed": 1.0, "untold": 0.75}
    assert found["public_guesses"].to_dict() == {"heard": 1, "missed": 0, "untold": 0}
    assert theory_of_mind.by_arm(tables(heard, untold))["guesses"].tolist() == [4]


def test_arms_stand_apart() -> None:
    parts = [
        record(f"{model} {k}", stances(2, A=0.0, B=1.0), guess(2, "A", "B", value),
               model=model, parameters={"k": k})
        for model, k, value in (("m", 1, 1.0), ("m", 2, 0.5), ("n", 1, 0.0))
    ]  # fmt: skip
    found = theory_of_mind.by_arm(tables(*parts))
    errors = dict(zip(zip(found["model"], found["parameters"], strict=True), found["error"],
                      strict=True))  # fmt: skip
    assert errors == {("m", '{"k": 1}'): 0.0, ("m", '{"k": 2}'): 0.5, ("n", '{"k": 1}'): 1.0}


# -- properties ------------------------------------------------------------------------------------

LEVELS = st.none() | st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0])


@st.composite
def evenings(draw: st.DrawFn) -> list[list[Any]]:
    """Trials of three who answer, guess and speak, with holes."""
    lines = st.sampled_from([FOR, AGAINST, NEITHER])
    trials = []
    for _ in range(draw(st.integers(1, 4))):
        events: list[Any] = []
        for turn in (1, 2):
            absent = tuple(draw(st.lists(st.sampled_from("AC"), max_size=1)))
            events.append(Turn(turn, "B", draw(lines), absent=absent))
            events += stances(turn, **{name: draw(LEVELS) for name in "ABC"})
            for by, of in ("AB", "CB", "BA"):
                events += guess(turn, by, of, draw(LEVELS))
        trials.append(events)
    return trials


@settings(max_examples=30)
@given(evenings(), st.permutations("ABC"), st.randoms(use_true_random=False))
def test_order_and_names_change_nothing(trials: Any, people: list[str], dice: Any) -> None:
    other = dict(zip("ABC", people, strict=True))

    def renamed(event: Any) -> Any:
        if isinstance(event, Turn):
            absent = tuple(other[name] for name in event.absent)
            return Turn(event.index, other[event.speaker], event.text, absent=absent)
        kind, issue, *of = event.key.split(":")
        key = ":".join([kind, issue, *(other[name] for name in of)])
        return Answer(event.turn, other[event.actor], key, event.value)

    plain = [record(f"t{place}", events) for place, events in enumerate(trials)]
    moved = [
        record(f"u{len(trials) - place}", [renamed(event) for event in events])
        for place, events in enumerate(trials)
    ]
    dice.shuffle(moved)
    one, two = (theory_of_mind.by_arm(tables(*some), by_heard=True) for some in (plain, moved))
    pd.testing.assert_frame_equal(one, two)
    assert (one["guesses"] + one["missing"]).sum() == 6 * len(trials)


@settings(max_examples=30)
@given(evenings())
def test_skill_is_at_most_one(trials: Any) -> None:
    found = theory_of_mind.by_arm(tables(*(record(f"t{k}", e) for k, e in enumerate(trials))))
    for null in theory_of_mind.NULLS:
        assert not (found[f"{null}_skill"] > 1 + 1e-12).any()


# -- planted on the exact stage --------------------------------------------------------------------


def test_what_is_planted_is_found() -> None:
    """Whoever takes its own view for everybody's has no skill against it; whoever listens has."""
    [own] = list(theory_of_mind.by_arm(told(24, 1.0)).itertuples())
    [heard] = list(theory_of_mind.by_arm(told(24, 0.0)).itertuples())
    assert own.guesses == heard.guesses == 24 * 4 * 12
    assert own.missing == heard.missing == 0
    assert own.own_low < 0 < own.own_high
    assert abs(own.own_skill) < 0.06
    assert heard.own_low > 0
    assert heard.error < own.error
