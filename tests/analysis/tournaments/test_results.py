"""From verdicts to results: laws that hold whatever the verdicts are."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.tournaments.judges import adjusted
from analysis.tournaments.results import by_judge, pairs, results
from analysis.tournaments.tables import (
    Contest,
    ContestRecord,
    LegRecord,
    VerdictRecord,
    contests_from,
)
from sim.errors import BadRequest

ACTORS = ("Ada", "Ben", "Cleo")
NAMES = st.sampled_from(["p", "q", "r", "s"])
JUDGES = ("kim", "lee", "human:jo")
FEW = settings(max_examples=effort(6, 12))
"""An example is a tournament, and takes a tenth of a second."""
WINNERS = st.sampled_from(["Ada", "Ben", "tie", None])


def leg(entrants: tuple[str, ...], number: int = 1, places: tuple[int, ...] = ()) -> LegRecord:
    sides = [
        {"entrant": name, "actor": actor, "position": position, "place": place}
        for position, (name, actor, place) in enumerate(
            zip(entrants, ACTORS, places or range(len(entrants)), strict=False)
        )
    ]
    return LegRecord(1, number, 0, f"t{number}", f"topic {number % 2}", sides)


def verdict(
    winner: str | None, trial: int = 1, judge: str = "kim", turned: bool = False, **more: Any
) -> VerdictRecord:
    shown = ACTORS[:2] if not turned else ACTORS[1::-1]
    margin = 0 if winner == "tie" else 5
    payload = {"winner": winner, "margin": margin, "missing": None if winner else "lost", **more}
    return VerdictRecord(f"t{trial}", judge, judge, shown, payload)


def made(legs: list[LegRecord], verdicts: list[VerdictRecord]) -> Contest:
    judges = [{"name": name, "stage": "s", "form": name} for name in JUDGES[:2]]
    return contests_from([ContestRecord("x", {"judges": judges}, "Cup", legs, verdicts)])[0]


@st.composite
def drawn(draw: st.DrawFn) -> tuple[list[LegRecord], list[VerdictRecord]]:
    """Up to five debates between two, perhaps of the same entrant, with any verdicts."""
    legs, verdicts = [], []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        legs.append(
            leg((draw(NAMES), draw(NAMES)), number, draw(st.sampled_from([(0, 1), (1, 0)])))
        )
        for judge in JUDGES:
            verdicts += [
                verdict(draw(WINNERS), number, judge, turned)
                for turned in (False, True)
                if draw(st.booleans())
            ]
    return legs, verdicts


def table(result: pd.DataFrame) -> list[list[Any]]:
    """The rows, with None for whatever is missing."""
    rows = result.astype(object).where(result.notna(), None).to_numpy().tolist()
    return [[round(cell, 9) if isinstance(cell, float) else cell for cell in row] for row in rows]


# -- examples ----------------------------------------------------------------------------------


def test_a_judge_counts_once_however_often_it_was_asked() -> None:
    """kim sees both orders and says 1 and 0; lee sees one, and says 1: the panel says 3/4."""
    said = [verdict("Ada"), verdict("Ben", turned=True), verdict("Ada", judge="lee")]
    result = results(made([leg(("p", "q"))], said))
    assert result["score"].tolist() == [0.75]
    assert result["margin"].tolist() == [pytest.approx(0.25)]
    alone = results(made([leg(("p", "q"))], said), judges=["lee"])
    assert alone["score"].tolist() == [1.0]
    each = results(made([leg(("p", "q"))], said), per_judge=True)
    assert table(each[["judge", "score"]]) == [["kim", 0.5], ["lee", 1.0]]
    with pytest.raises(BadRequest, match="'max' is unknown; there are: kim, lee"):
        results(made([leg(("p", "q"))], said), judges=["max"])


def test_several_rubrics_of_a_person_are_one_order() -> None:
    """Two verdicts on one order do not outweigh the one on the other."""
    said = [
        VerdictRecord("t1", "human:jo", form, shown, {"winner": winner, "margin": 5})
        for form, shown, winner in [
            ("f", ("Ada", "Ben"), "Ada"),
            ("g", ("Ada", "Ben"), "Ada"),
            ("f", ("Ben", "Ada"), "Ben"),
        ]
    ]
    assert results(made([leg(("p", "q"))], said))["score"].tolist() == [0.5]


def test_a_missing_margin_is_not_zero() -> None:
    said = [verdict("Ada", margin=None), verdict("Ada", turned=True), verdict("Ada", judge="lee")]
    result = results(made([leg(("p", "q"))], said))
    assert result["score"].tolist() == [1.0]
    assert isnan(result["margin"][0])


def test_three_sides_are_three_pairs() -> None:
    """Those who lost are compared by the sums of their scores; the winner beats both."""
    three = leg(("p", "q", "r"))
    scores = {"wit": {"Ada": 9, "Ben": 4, "Cleo": 2}, "logic": {"Ada": 9, "Ben": 1, "Cleo": 4}}
    said = VerdictRecord("t1", "kim", "kim", ACTORS, {
        "winner": "Ben", "margin": 4, "scores": scores})  # fmt: skip
    result = results(made([three], [said]))
    assert table(result[["first", "second", "score", "margin", "side"]]) == [
        ["p", "q", 0.0, -0.4, 0.0],
        ["p", "r", 1.0, None, 0.0],
        ["q", "r", 1.0, 0.4, 0.0],
    ]
    tie = VerdictRecord("t1", "kim", "kim", ACTORS, {"winner": "tie", "margin": 0})
    assert results(made([three], [tie]))["score"].tolist() == [0.5, 0.5, 0.5]
    unscored = VerdictRecord("t1", "kim", "kim", ACTORS, {"winner": "Ben", "margin": 4})
    assert table(results(made([three], [unscored]))[["score"]]) == [[0.0], [None], [1.0]]


def test_byes_and_meetings_with_oneself_are_no_results() -> None:
    bye = LegRecord(1, 2, 0, None, "Tea?", [{"entrant": "r", "actor": "", "position": 0,
                                             "place": 0}])  # fmt: skip
    contest = made([leg(("p", "p")), bye], [verdict("Ada")])
    assert results(contest).empty
    assert pairs(contest)["score"].tolist() == [1.0]


def test_an_entrant_may_be_called_tie() -> None:
    result = results(made([leg(("tie", "q"))], [verdict("Ada")]))
    assert result["score"].tolist() == [1.0]


def test_nobody_judged() -> None:
    for table_of in (results, adjusted):
        result = table_of(made([leg(("p", "q"))], []))
        assert table(result[["first", "second", "score", "margin"]]) == [["p", "q", None, None]]
        assert table_of(made([], [])).empty


# -- laws --------------------------------------------------------------------------------------


@FEW
@given(drawn())
def test_scores_are_shares_and_missing_only_where_nobody_judged(
    contest: tuple[list[LegRecord], list[VerdictRecord]],
) -> None:
    legs, said = contest
    result = results(made(legs, said))
    known = {one.trial for one in said if one.payload["winner"] is not None}
    met = [each for each in legs if each.sides[0]["entrant"] != each.sides[1]["entrant"]]
    assert len(result) == len(met)
    for each, score, margin in zip(met, result["score"], result["margin"], strict=True):
        assert isnan(score) == isnan(margin) == (each.trial not in known)
        assert isnan(score) or (0 <= score <= 1 and -1 <= margin <= 1)


@FEW
@given(drawn())
def test_missing_verdicts_count_for_nobody(
    contest: tuple[list[LegRecord], list[VerdictRecord]],
) -> None:
    legs, said = contest
    kept = [one for one in said if one.payload["winner"] is not None]
    assert table(results(made(legs, said))) == table(results(made(legs, kept)))
    assert table(adjusted(made(legs, said))) == table(adjusted(made(legs, kept)))


@FEW
@given(drawn(), st.randoms(use_true_random=False))
def test_order_of_records_does_not_matter(
    contest: tuple[list[LegRecord], list[VerdictRecord]], random: Any
) -> None:
    legs, said = contest
    shuffled = random.sample(said, len(said))
    assert table(results(made(legs, said))) == table(results(made(legs, shuffled)))


@FEW
@given(drawn())
def test_names_do_not_matter(contest: tuple[list[LegRecord], list[VerdictRecord]]) -> None:
    """Entrants renamed, and two judges under one another's name."""
    legs, said = contest
    new = {"p": "z", "q": "tie", "r": "a", "s": "b"}
    other = {"kim": "lee", "lee": "kim"}
    renamed = [
        LegRecord(each.round, each.match, each.leg, each.trial, each.motion,
                  [{**side, "entrant": new[side["entrant"]]} for side in each.sides])
        for each in legs
    ]  # fmt: skip
    swapped = [
        VerdictRecord(one.trial, other.get(one.judge, one.judge),
                      other.get(one.form, one.form), one.shown, one.payload)
        for one in said
    ]  # fmt: skip
    before, after = results(made(legs, said)), results(made(renamed, swapped))
    assert [new[name] for name in before["first"]] == after["first"].tolist()
    assert table(before.drop(columns=["first", "second"])) == table(
        after.drop(columns=["first", "second"])
    )


@FEW
@given(drawn())
def test_sides_that_change_places_change_the_sign(
    contest: tuple[list[LegRecord], list[VerdictRecord]],
) -> None:
    """Whoever argues position 0 is the first of the pair: turned, its score is the other's."""
    legs, said = contest
    turned = [
        LegRecord(each.round, each.match, each.leg, each.trial, each.motion,
                  [{**side, "position": 1 - side["position"]} for side in each.sides])
        for each in legs
    ]  # fmt: skip
    before, after = results(made(legs, said)), results(made(turned, said))
    assert after["first"].tolist() == before["second"].tolist()
    np.testing.assert_allclose(after["score"], 1 - before["score"], atol=1e-12)
    np.testing.assert_allclose(after["margin"], -before["margin"], atol=1e-12)
    assert after["order"].tolist() == [-value for value in before["order"]]


@FEW
@given(drawn())
def test_a_judge_who_likes_whoever_is_first_says_nothing(
    contest: tuple[list[LegRecord], list[VerdictRecord]],
) -> None:
    legs, _ = contest
    said = [
        verdict("Ben" if turned else "Ada", number, "kim", turned)
        for number in range(1, len(legs) + 1)
        for turned in (False, True)
    ]
    result = results(made(legs, said))
    assert (result["score"] == 0.5).all()
    assert (result["margin"] == 0).all()
    assert (by_judge(pairs(made(legs, said)))["score"] == 0.5).all()
