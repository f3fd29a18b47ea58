"""Who pulls whom, and who moved the audience."""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures import influence_asymmetry as pull
from analysis.measures import vote_swing as swing
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


def row(found: Any, one: str, other: str) -> Any:
    [place] = found.index[(found["entrant"] == one) & (found["partner"] == other)]
    return found.loc[place]


def test_an_attractor_pulls_and_is_not_pulled() -> None:
    def said(mine: str, theirs: str, turn: int) -> str:
        """Bland is always bland; calm is in half of its turns, if it talks with bland."""
        drawn = mine == "calm" and theirs == "bland" and turn in (1, 2, 5, 6)
        return BLAND if mine == "bland" or drawn else PLAIN

    found = pull.in_style(*played(PAIRS, said))
    calm, bland = row(found, "calm", "bland"), row(found, "bland", "calm")
    assert (calm["own"], calm["theirs"], calm["together"]) == (0.0, 1.0, 0.5)
    assert calm["pull"] == pytest.approx(0.5)
    assert bland["pull"] == pytest.approx(0.0)
    assert calm["matches"] == 6


def test_where_nobody_differs_nobody_is_pulled() -> None:
    found = pull.in_style(*played(PAIRS, lambda *_: PLAIN))
    assert found["pull"].isna().all()
    alone = pull.in_style(*played(PAIRS[1:2], lambda mine, *_: BLAND if mine == "bland" else PLAIN))
    assert alone["pull"].isna().all(), "without self-play nobody knows where they would be"


def test_pulls_in_stance_are_shares_of_the_way() -> None:
    def stands(mine: str, theirs: str) -> tuple[float, float]:
        """On one's own side: calm goes half of the way to bland, who stays."""
        return (0.8, 0.0) if (mine, theirs) == ("calm", "bland") else (0.8, 0.8)

    found = pull.in_stance(*played(PAIRS, lambda *_: PLAIN, stands))
    assert row(found, "calm", "bland")["pull"] == pytest.approx(0.5)
    assert row(found, "bland", "calm")["pull"] == pytest.approx(0.0)
    assert row(found, "calm", "calm")["pull"] == pytest.approx(0.0)
    calm = row(found, "calm", "bland")
    assert (calm["own"], calm["theirs"], calm["together"]) == pytest.approx((0.8, 0.8, 0.0))


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
    one = swing.by_trial(voted(list(pairs))).iloc[0]
    other = swing.by_trial(voted([(-before, -after) for before, after in pairs])).iloc[0]
    assert one["swing"] == -other["swing"]
    assert one["shift"] == pytest.approx(-other["shift"])
    assert -2 <= one["swing"] <= 2
    for when in ("before", "after"):
        assert sum(one[f"{vote}_{when}"] for vote in ("for", "against", "undecided")) == len(pairs)


def test_a_member_without_an_answer_is_missing_and_no_vote() -> None:
    found = swing.by_trial(voted([(0.0, 0.5), (None, 0.5), (0.5, None)])).iloc[0]
    assert (found["members"], found["missing"], found["swing"]) == (1, 2, 1.0)
    nobody = swing.by_trial(voted([(None, None)])).iloc[0]
    assert isnan(nobody["swing"])
    assert isnan(swing.by_arm(voted([(None, None)])).iloc[0]["swing"])


def test_only_the_audience_votes() -> None:
    tables = voted([(0.0, 1.0), (0.0, -1.0)])
    assert swing.by_trial(tables).iloc[0]["swing"] == 0.0
    assert swing.by_trial(tables, ["m0"]).iloc[0]["swing"] == 1.0


def test_a_bound_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(BadRequest, match="undecided"):
        swing.by_trial(voted([(0.0, 1.0)]), undecided=1.5)
