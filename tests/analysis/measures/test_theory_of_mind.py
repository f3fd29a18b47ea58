"""Theory of mind: guesses by hand, what somebody missed, and what is planted on the exact stage."""

from __future__ import annotations

from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as distributions

from analysis.measures.theory_of_mind import NULLS, TheoryOfMind
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
    guesses = TheoryOfMind(made).by_turn
    [one] = list(guesses[guesses["actor"] == by].itertuples())
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
    result = TheoryOfMind(made)
    assert result.by_trial[["guesses", "missing"]].to_numpy().tolist() == [[1, 0], [1, 0]]
    assert result.estimate("error").n == 2
    assert result.estimate("error").value == pytest.approx((0.5 + 0.25) / 2)
    assert result.estimate("error_own").value == pytest.approx((1.5 + 1.0) / 2)
    own = result.estimate("skill_own")
    assert own.value == pytest.approx(1 - 0.75 / 2.5)
    # The others of the arm: -1, 0 and 1 for the first, -1, 0.5 and 0 for the second.
    assert result.estimate("error_mean").value == pytest.approx((0.5 + 1 + 0.5 / 3) / 2)
    assert own.low < own.value < own.high
    # Jackknife over two trials: the ratios without one of them are 0.25 / 1 and 0.5 / 1.5.
    spread = np.sum((np.array([0.25, 1 / 3]) - np.mean([0.25, 1 / 3])) ** 2) / 2
    half = distributions.t.ppf(0.975, 1) * np.sqrt(spread)
    assert own.value - own.low == pytest.approx(half)
    assert own.high == 1.0, "no skill exceeds 1"
    assert (own.n, own.note) == (2, "2 guesses")
    assert isnan(result.estimate("skill_public").value)
    assert result.estimate("skill_public").note == "0 guesses"


def test_a_guess_gains_over_each_null_and_over_who_only_watched() -> None:
    made = tables(
        record("t", Turn(1, "B", "I am in favour of it."), stances(2, A=-1.0, B=1.0),
               guess(2, "A", "B", 0.75), guess(2, "C", "B", 0.25),
               Answer(2, "C", "as:x:B", 0.0)),
    )  # fmt: skip
    [one] = TheoryOfMind(made).by_trial.itertuples()
    assert one.gain_own == 2.0 - 0.25
    assert one.gain_spectator == 0.75 - 0.25
    assert one.gain_as == 1.0 - 0.25
    assert one.gain_public == pytest.approx(abs(0.5 - 1.0) - 0.25)


def test_always_right_is_one_and_the_null_itself_is_nothing() -> None:
    right = record("s", stances(2, A=-1.0, B=0.5), guess(2, "A", "B", 0.5))
    result = TheoryOfMind(tables(right))
    assert result.estimate("error").value == 0.0
    assert result.estimate("skill_own").value == 1.0
    assert isnan(result.estimate("skill_own").low), "one trial has no interval"
    own = record("s", stances(2, A=-1.0, B=0.5), guess(2, "A", "B", -1.0))
    assert TheoryOfMind(tables(own)).estimate("skill_own").value == 0.0
    worse = record("s", stances(2, A=0.0, B=0.5), guess(2, "A", "B", -0.5))
    assert TheoryOfMind(tables(worse)).estimate("skill_own").value == -1.0


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
    result = TheoryOfMind(tables(record("t", *answers)))
    assert result.estimate("error").value == pytest.approx(error, nan_ok=True)
    [trial] = result.by_trial.itertuples()
    assert (trial.guesses, trial.missing) == ((0, 1) if isnan(error) else (1, 0))
    skills = tuple(result.estimate(f"skill_{null}") for null in ("own", "mean"))
    assert tuple(skill.note for skill in skills) == tuple(f"{count} guesses" for count in nulls)


def test_gauges_other_questions_and_oneself_are_no_guesses() -> None:
    events = [
        *stances(2, A=0.5, B=0.5), *guess(2, "A", "A", 0.5),
        Answer(2, "A", "guess:x:B", 0.5, gauge=True), Answer(2, "A", "leave", 0.5),
    ]  # fmt: skip
    assert len(TheoryOfMind(tables(record("t", events))).by_turn) == 0
    for empty in (TheoryOfMind(tables()), TheoryOfMind(tables(record("t")))):
        assert len(empty.by_turn) == len(empty.by_arm) == 0


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
    made = tables(heard, untold)
    parts = {known: TheoryOfMind(made, known) for known in ("heard", "missed", "untold")}
    counts = {known: int(part.by_trial["guesses"].sum()) for known, part in parts.items()}
    assert counts == {"heard": 1, "missed": 1, "untold": 2}
    errors = {known: part.estimate("error").value for known, part in parts.items()}
    assert errors == {"heard": 0.5, "missed": 1.0, "untold": 0.75}
    public = {known: part.estimate("skill_public").note for known, part in parts.items()}
    assert public == {"heard": "1 guesses", "missed": "0 guesses", "untold": "0 guesses"}
    assert TheoryOfMind(made).by_trial["guesses"].sum() == 4


def test_arms_stand_apart() -> None:
    parts = [
        record(f"{model} {k}", stances(2, A=0.0, B=1.0), guess(2, "A", "B", value),
               model=model, parameters={"k": k})
        for model, k, value in (("m", 1, 1.0), ("m", 2, 0.5), ("n", 1, 0.0))
    ]  # fmt: skip
    arms = TheoryOfMind(tables(*parts)).by_arm.query("quantity == 'error'")
    errors = {(arm.model, arm.parameters): arm.value for arm in arms.itertuples()}
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


@settings(max_examples=effort(12, 30))
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
    counted = 0
    for known in ("heard", "missed", "untold"):
        one, two = (TheoryOfMind(tables(*some), known) for some in (plain, moved))
        pd.testing.assert_frame_equal(one.by_arm, two.by_arm)
        counted += int(one.by_trial[["guesses", "missing"]].sum().sum())
    assert counted == 6 * len(trials)


@settings(max_examples=effort(12, 30))
@given(evenings())
def test_skill_is_at_most_one(trials: Any) -> None:
    arms = TheoryOfMind(tables(*(record(f"t{k}", e) for k, e in enumerate(trials)))).by_arm
    for null in NULLS:
        assert not (arms.loc[arms["quantity"] == f"skill_{null}", "value"] > 1 + 1e-12).any()


# -- planted on the exact stage --------------------------------------------------------------------


def test_what_is_planted_is_found() -> None:
    """Whoever takes its own view for everybody's has no skill against it; whoever listens has."""
    own, heard = TheoryOfMind(told(24, 1.0)), TheoryOfMind(told(24, 0.0))
    for result in (own, heard):
        assert result.by_trial["guesses"].sum() == 24 * 4 * 12
        assert result.by_trial["missing"].sum() == 0
    egocentric, attentive = own.estimate("skill_own"), heard.estimate("skill_own")
    assert egocentric.low < 0 < egocentric.high
    assert abs(egocentric.value) < 0.06
    assert attentive.low > 0
    assert heard.estimate("error").value < own.estimate("error").value
