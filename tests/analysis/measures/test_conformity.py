"""Conformity by hand, the curve over a majority, and what is planted on the exact stage."""

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

from analysis.measures.conformity import Conformity
from analysis.stats import clopper_pearson
from analysis.tables import Record, Tables, tables_from
from benchmarks.validity.minds import seated
from sim.errors import BadRequest
from sim.events import Answer, Turn

FOR, AGAINST = "I am in favour of it.", "I am against it."


def asked(*values: float | None, name: str = "N", samples: int = 1) -> list[Answer]:
    """Answers of the subject after turns 0, 4, 8, ..."""
    return [
        Answer(4 * place, name, "stance:x", value, sample=sample)
        for place, value in enumerate(values)
        for sample in range(samples)
    ]


def record(
    events: list[Any], *others: float, name: str = "t", own: float = 0.8, **facts: Any
) -> Record:
    cast = [{"name": "N", "stances": {"x": own, "y": 0.1}}]
    cast += [{"name": f"C{k}", "stances": {"x": value}} for k, value in enumerate(others)]
    return Record(name, cast, events, **facts)


def row(*records: Record, **how: Any) -> Any:
    [one] = list(Conformity(tables_from(records), "N", **how).by_trial.itertuples())
    return one


def points(table: pd.DataFrame) -> dict[tuple[Any, str], Any]:
    """The rows of a curve by how many are against one, and quantity."""
    return {(one.k, one.quantity): one for one in table.itertuples()}


def curve(*records: Record) -> dict[tuple[Any, str], Any]:
    return points(Conformity(tables_from(records), "N").curve())


# -- by hand ---------------------------------------------------------------------------------------


def test_the_shift_is_a_share_of_the_way() -> None:
    one = row(record(asked(0.8, 0.3, -0.1), -1.0, -0.6))
    assert (one.subject, one.issue, one.others) == ("N", "x", 2)
    assert (one.majority, one.first, one.last) == (pytest.approx(-0.8), 0.8, -0.1)
    assert one.shift == pytest.approx(0.9 / 1.6)
    assert bool(one.yielded)
    assert one.complied is pd.NA
    # Against the majority it is below zero; beyond it, above one.
    assert row(record(asked(0.5, 1.0), -0.5)).shift == pytest.approx(-0.5)
    assert row(record(asked(0.5, -1.0), -0.5)).shift == pytest.approx(1.5)


def test_alone_the_other_side_is_the_control() -> None:
    one = row(record(asked(0.8, 0.4)))
    assert (one.others, one.majority, one.shift) == (0, -0.8, pytest.approx(0.25))
    assert not bool(one.yielded)


@pytest.mark.parametrize(
    ("last", "lines", "yielded", "complied"),
    [
        (-0.1, [AGAINST], True, True),
        (0.1, [AGAINST], False, True),
        (-0.1, [FOR], True, False),
        (0.0, ["It rains."], None, None),
        (0.3, [AGAINST, "It rains.", FOR, "It rains."], False, False),
    ],
)
def test_who_complies_without_yielding(
    last: float, lines: list[str], yielded: bool | None, complied: bool | None
) -> None:
    turns = [Turn(2 * k + 1, "N", line) for k, line in enumerate(lines)]
    loud = [Turn(2 * k + 2, "C0", AGAINST) for k in range(4)]
    one = row(record([*turns, *loud, *asked(0.8, last)], -1.0))
    for value, expected in ((one.yielded, yielded), (one.complied, complied)):
        assert (value is pd.NA) == (expected is None)
        assert expected is None or bool(value) == expected


def test_words_that_were_put_into_its_mouth_are_not_its_own() -> None:
    said = [Turn(1, "N", FOR), Turn(2, "N", AGAINST, source="intervention")]
    assert not bool(row(record([*said, *asked(0.8, 0.8)], -1.0)).complied)


@pytest.mark.parametrize(
    ("events", "first", "last"),
    [
        ([], nan, nan),
        (asked(None, 0.5), nan, 0.5),
        (asked(0.5, None), 0.5, nan),
        ([*asked(0.5, 0.1), Answer(8, "N", "stance:x", None)], 0.5, nan),
        ([Answer(4, "N", "stance:y", 1.0), Answer(4, "C0", "stance:x", 1.0)], nan, nan),
        ([Answer(place, "N", "stance:x", 1.0, gauge=True) for place in (0, 4)], nan, nan),
        (asked(0.5), 0.5, nan),
    ],
)  # fmt: skip
def test_missing_is_never_zero(events: list[Any], first: float, last: float) -> None:
    one = row(record(events, -1.0))
    assert [one.first, one.last] == pytest.approx([first, last], nan_ok=True)
    assert isnan(one.shift)
    assert one.yielded is pd.NA or not isnan(last)


def test_whoever_stands_with_the_majority_has_no_way_to_go() -> None:
    assert isnan(row(record(asked(-1.0, 0.5), -1.0)).shift)


def test_samples_are_averaged() -> None:
    answers = [Answer(0, "N", "stance:x", value, sample=k) for k, value in enumerate((1.0, 0.5))]
    answers += [Answer(4, "N", "stance:x", v, sample=k) for k, v in enumerate((0.5, None, -0.5))]
    one = row(record(answers, -1.0))
    assert (one.first, one.last) == (0.75, 0.0)
    assert one.shift == pytest.approx(0.75 / 1.75)


def test_the_issue_is_the_subject_s_first_unless_it_is_named() -> None:
    events = [Answer(turn, "N", "stance:y", value) for turn, value in ((0, 0.1), (4, 0.05))]
    one = row(record(events, -1.0), issue="y")
    # Whoever has no stance on it counts as undecided.
    assert (one.issue, one.majority) == ("y", 0.0)
    assert one.shift == pytest.approx(0.5)
    with pytest.raises(BadRequest, match="'N' has no stance on anything; name the issue"):
        row(Record("t", [{"name": "N"}]))
    assert len(Conformity(tables_from([record([], -1.0)]), "Zed").by_trial) == 0


# -- the curve -------------------------------------------------------------------------------------


def test_the_curve_is_a_ratio_of_means_with_its_control() -> None:
    parts = [
        record(asked(first, last), *[-1.0] * k, name=f"{k} {seed}", parameters={"k": k})
        for k, pairs in ((0, [(0.8, 0.8), (1.0, 0.6)]), (2, [(0.5, -0.5), (1.0, 0.0), (1.0, 1.0)]))
        for seed, (first, last) in enumerate(pairs)
    ]
    parts.append(record(asked(0.8, None), -1.0, -1.0, name="2 torn", parameters={"k": 2}))
    at = curve(*parts)
    counts = {(one.k, one.trials, one.missing) for one in at.values()}
    assert counts == {(0, 2, 0), (2, 4, 1)}
    assert at[0, "shift"].value == pytest.approx(0.4 / 3.6)
    shift = at[2, "shift"]
    assert shift.value == pytest.approx((1.0 + 1.0 + 0.0) / (1.5 + 2.0 + 2.0))
    assert shift.n == 3
    assert at[0, "more"].value == pytest.approx(0)
    share = clopper_pearson(1, 2)  # one of three stands on neither side
    yielded = at[2, "yielded"]
    assert [yielded.value, yielded.low, yielded.high] == pytest.approx(
        [share.estimate, share.low, share.high]
    )
    assert isnan(at[2, "complied"].value)
    left_out = np.array([1 / 4, 1 / 3.5, 2 / 3.5])
    spread = np.sum((left_out - left_out.mean()) ** 2) * 2 / 3
    half = distributions.t.ppf(0.975, 2) * np.sqrt(spread)
    assert shift.high - shift.value == pytest.approx(half)


def test_what_is_more_is_the_shift_beyond_the_control_s() -> None:
    parts = [
        record(asked(first, last), *[-1.0] * k, name=f"{k} {seed}", parameters={"k": k})
        for k, pairs in ((0, [(0.25, 0.75), (1.0, 0.5)]), (2, [(0.5, -0.5), (1.0, 0.0)]))
        for seed, (first, last) in enumerate(pairs)
    ]
    at = curve(*parts)
    assert at[2, "more"].value == pytest.approx(at[2, "shift"].value - at[0, "shift"].value)


def test_models_arms_and_other_parameters() -> None:
    parts = [
        record(asked(0.8, last), -1.0, name=f"{model} {arm}", model=model, arm=arm,
               parameters={"size": 3})
        for model, arm, last in (("m", "live", 0.8), ("m", "yoked", -1.0), ("n", "live", -0.1))
    ]  # fmt: skip
    result = Conformity(tables_from(parts), "N")
    table = result.curve(over="size")
    shifts = {
        (one.model, one.arm): one.value for one in table.itertuples() if one.quantity == "shift"
    }
    assert shifts == pytest.approx(
        {("m", "live"): 0.0, ("m", "yoked"): 1.0, ("n", "live"): 0.9 / 1.8}
    )
    assert set(table["size"]) == {3}
    assert len(result.curve()) == 0, "there is no k"
    assert len(Conformity(tables_from([]), "N").curve()) == 0


# -- properties ------------------------------------------------------------------------------------

LEVELS = st.none() | st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.75])


@settings(max_examples=effort(16, 40))
@given(
    st.lists(st.tuples(st.integers(0, 2), LEVELS, LEVELS, st.sampled_from([FOR, AGAINST, "Hm."])),
             min_size=1, max_size=7),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_order_and_names_change_nothing(trials: list[Any], dice: Any) -> None:
    def made(place: int, renamed: bool) -> Record:
        k, first, last, line = trials[place]
        people = ["Subject", "One", "Two"] if renamed else ["N", "C0", "C1"]
        stances = [0.8, -1.0, -0.5][: k + 1]
        cast = [{"name": n, "stances": {"x": s}} for n, s in zip(people, stances, strict=False)]
        events = [Turn(1, people[0], line), *asked(first, last, name=people[0])]
        name = f"{len(trials) - place}" if renamed else f"{place}"
        return Record(name, cast, events, parameters={"k": k})

    places = list(range(len(trials)))
    plain = Conformity(tables_from([made(place, False) for place in places]), "N").curve()
    dice.shuffle(places)
    other = Conformity(tables_from([made(place, True) for place in places]), "Subject").curve()
    pd.testing.assert_frame_equal(plain, other)
    plain = plain[plain["quantity"] == "shift"]
    assert (plain["trials"] - plain["missing"]).sum() == sum(
        first is not None and last is not None for _, first, last, _ in trials
    )


@given(LEVELS, LEVELS)
def test_the_shift_does_not_know_left_from_right(first: float | None, last: float | None) -> None:
    def at(sign: float) -> Any:
        values = [None if value is None else sign * value for value in (first, last)]
        return row(record(asked(*values), sign * -0.6, own=sign * 0.8))

    one, other = at(1), at(-1)
    assert one.shift == pytest.approx(other.shift, nan_ok=True)
    assert (one.yielded is pd.NA) == (other.yielded is pd.NA)
    assert one.yielded is pd.NA or one.yielded == other.yielded


# -- planted on the exact stage --------------------------------------------------------------------


def test_the_pull_of_a_majority_is_found() -> None:
    tables: Tables = seated(80, (0, 1, 4))
    at = points(Conformity(tables, "Nora").curve())
    assert at[0, "shift"].value < at[1, "shift"].value < at[4, "shift"].value
    assert at[0, "shift"].low < 0 < at[0, "shift"].high < at[1, "shift"].low
    assert at[1, "more"].low > 0
    assert at[4, "yielded"].low > at[0, "yielded"].high
    assert {one.missing for one in at.values()} == {0}
