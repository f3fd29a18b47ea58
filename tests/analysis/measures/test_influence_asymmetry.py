"""Who pulls whom, and who moved the audience."""

from __future__ import annotations

import json
from math import isnan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.estimates import Estimate
from analysis.measures.influence_asymmetry import InfluenceAsymmetry
from analysis.measures.vote_swing import VoteSwing
from analysis.tables import Record, Tables, tables_from
from analysis.tournaments.tables import ContestRecord, LegRecord, contests_from
from sim.errors import BadRequest
from sim.events import Answer, Turn

BLAND = "As an AI language model, I do not have personal opinions."
PLAIN = "The spring has fallen by two metres since we began to measure it."


def legs(pairs: list[tuple[str, str]]) -> list[LegRecord]:
    return [
        LegRecord(
            1,
            number,
            0,
            f"t{number}",
            "Tea?",
            [
                {"entrant": one, "actor": "Ada", "position": 0, "place": 0},
                {"entrant": other, "actor": "Ben", "position": 1, "place": 1},
            ],
        )
        for number, (one, other) in enumerate(pairs, 1)
    ]


def played(pairs: list[tuple[str, str]], said: Any, stands: Any = None) -> tuple[Any, Tables]:
    """A contest whose turns and stances are functions of the entrants."""
    contest = contests_from([ContestRecord("x", {"judges": []}, legs=legs(pairs))])[0]
    records = []
    for number, pair in enumerate(pairs, 1):
        events: list[Any] = []
        for turn in range(1, 9):
            mine, theirs = pair if turn % 2 else pair[::-1]
            name = "Ada" if turn % 2 else "Ben"
            events.append(Turn(turn, name, said(mine, theirs, turn)))
        if stands is not None:
            for place, name in enumerate(("Ada", "Ben")):
                mine, theirs = pair if place == 0 else pair[::-1]
                sign = 1 if place == 0 else -1
                first, last = stands(mine, theirs)
                events.append(Answer(0, name, "stance:tea", sign * first))
                events.append(Answer(8, name, "stance:tea", sign * last))
        records.append(Record(f"t{number}", [{"name": "Ada"}, {"name": "Ben"}], events))
    return contest, tables_from(records)


PAIRS = [("calm", "calm"), ("calm", "bland"), ("bland", "bland"), ("bland", "calm")] * 3


def pulled(result: InfluenceAsymmetry, quantity: str, one: str, other: str) -> Estimate:
    partner = json.dumps({"partner": other})
    return result.estimate(quantity, model=one, parameters=partner)


def test_an_attractor_pulls_and_is_not_pulled() -> None:
    def said(mine: str, theirs: str, turn: int) -> str:
        """Bland is always bland; calm is in half of its turns, if it talks with bland."""
        drawn = mine == "calm" and theirs == "bland" and turn in (1, 2, 5, 6)
        return BLAND if mine == "bland" or drawn else PLAIN

    result = InfluenceAsymmetry(*played(PAIRS, said))
    where = [pulled(result, f"style_{part}", "calm", "bland").value
             for part in ("own", "theirs", "together")]  # fmt: skip
    assert where == [0.0, 1.0, 0.5]
    calm = pulled(result, "style_pull", "calm", "bland")
    assert (calm.value, calm.n) == (pytest.approx(0.5), 6)
    assert pulled(result, "style_pull", "bland", "calm").value == pytest.approx(0.0)


def test_where_nobody_differs_nobody_is_pulled() -> None:
    result = InfluenceAsymmetry(*played(PAIRS, lambda *_: PLAIN))
    assert isnan(pulled(result, "style_pull", "calm", "bland").value)
    assert isnan(pulled(result, "style_pull", "bland", "calm").value)
    alone = InfluenceAsymmetry(
        *played(PAIRS[1:2], lambda mine, *_: BLAND if mine == "bland" else PLAIN)
    )
    pull = pulled(alone, "style_pull", "calm", "bland")
    assert isnan(pull.value), "without self-play nobody knows where they would be"
    assert pull.note == "self-play is missing"


def test_pulls_in_stance_are_shares_of_the_way() -> None:
    def stands(mine: str, theirs: str) -> tuple[float, float]:
        """On one's own side: calm goes half of the way to bland, who stays."""
        return (0.8, 0.0) if (mine, theirs) == ("calm", "bland") else (0.8, 0.8)

    result = InfluenceAsymmetry(*played(PAIRS, lambda *_: PLAIN, stands))
    for one, other, expected in (("calm", "bland", 0.5), ("bland", "calm", 0.0),
                                 ("calm", "calm", 0.0)):  # fmt: skip
        assert pulled(result, "stance_pull", one, other).value == pytest.approx(expected)
    where = [pulled(result, f"stance_{part}", "calm", "bland").value
             for part in ("own", "theirs", "together")]  # fmt: skip
    assert where == pytest.approx([0.8, 0.8, 0.0])


# --- Swing ---------------------------------------------------------------------------------------


def voted(pairs: list[tuple[float | None, float | None]]) -> Tables:
    names = [f"m{number}" for number in range(len(pairs))]
    events: list[Any] = []
    for name, (before, after) in zip(names, pairs, strict=True):
        events += [
            Answer(0, name, "stance:x", before, missing=None if before is not None else "no"),
            Answer(9, name, "stance:x", after, missing=None if after is not None else "no"),
        ]
    return tables_from([Record("t", [{"name": name} for name in names], events)])


stances = st.floats(-1, 1)


@given(st.lists(st.tuples(stances, stances), min_size=1, max_size=8))
def test_the_other_side_of_the_motion_is_the_other_swing(
    pairs: list[tuple[float, float]],
) -> None:
    one = VoteSwing(voted(list(pairs))).by_trial.iloc[0]
    other = VoteSwing(voted([(-before, -after) for before, after in pairs])).by_trial.iloc[0]
    assert one["swing"] == -other["swing"]
    assert one["shift"] == pytest.approx(-other["shift"])
    assert -2 <= one["swing"] <= 2
    for when in ("before", "after"):
        assert sum(one[f"{vote}_{when}"] for vote in ("for", "against", "undecided")) == len(pairs)


def test_a_member_without_an_answer_is_missing_and_no_vote() -> None:
    votes = VoteSwing(voted([(0.0, 0.5), (None, 0.5), (0.5, None)])).by_trial.iloc[0]
    assert (votes["members"], votes["missing"], votes["swing"]) == (1, 2, 1.0)
    nobody = VoteSwing(voted([(None, None)])).by_trial.iloc[0]
    assert isnan(nobody["swing"])
    assert isnan(VoteSwing(voted([(None, None)])).estimate("swing").value)


def test_only_the_audience_votes() -> None:
    tables = voted([(0.0, 1.0), (0.0, -1.0)])
    assert VoteSwing(tables).by_trial.iloc[0]["swing"] == 0.0
    assert VoteSwing(tables, ["m0"]).by_trial.iloc[0]["swing"] == 1.0


def test_a_bound_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(BadRequest, match="undecided"):
        VoteSwing(voted([(0.0, 1.0)]), undecided=1.5)
