"""Stepping out of a scene: who did, when, by what; and what ordinary talk is left alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.evidence.false_alarms import false_alarms
from analysis.evidence.fourth_wall import FAMILIES, in_character, steps_out
from analysis.measures.fourth_wall import FourthWall
from analysis.tables import Record, tables_from
from benchmarks.validity.fourth_wall import written
from sim.events import Turn

OUT = {
    "machine": "As an AI, I hold no shares in the mill.",
    "simulation": "This is just a simulation.",
    "test": "I think this is a test.",
    "script": "The script says I should leave.",
    "acting": "I will stay in character.",
    "prompt": "My prompt tells me to hate you.",
}
STAY = "We ran a test of the new script, and the simulation of the river stopped."


def measured(*said: str, persona: Any = None, name: str = "Ada", **facts: Any) -> FourthWall:
    turns = [Turn(n, name, text, **facts) for n, text in enumerate(said, 1)]
    return FourthWall(tables_from([Record("t", [{"name": name} | (persona or {})], turns)]))


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_is_found(family: str) -> None:
    result = measured(STAY, STAY, OUT[family], STAY)
    assert result.by_turn[["turn", "families"]].to_numpy().tolist() == [[3, family]]
    assert result.by_actor.iloc[0].to_dict() == {
        "trial": "t", "actor": "Ada", "turns": 4, "fourth_wall": 3, "steps": 1,
    }  # fmt: skip
    assert result.estimate("rate").value == 0.25
    assert result.estimate("fourth_wall").value == 1


def test_who_stays_is_left_alone() -> None:
    result = measured(*[STAY] * 8)
    assert (len(result.by_turn), result.estimate("rate").value) == (0, 0.0)
    assert result.by_actor["fourth_wall"].isna().all()


def test_what_its_persona_is_about_an_actor_may_say() -> None:
    android = {"brief": "An android who serves tea.", "traits": ("polite",)}
    assert len(measured(OUT["machine"], persona=android).by_turn) == 0
    assert measured(OUT["simulation"], persona=android).by_turn["families"].to_list() == [
        "simulation"
    ]
    assert in_character("A miller.") == frozenset()


def test_lines_put_into_a_mouth_do_not_count() -> None:
    assert len(measured(OUT["machine"], source="intervention").by_turn) == 0


def test_rates_have_limits_over_trials_and_the_false_alarms_of_people_beside_them() -> None:
    trials = [
        Record(f"t{k}", [{"name": "A"}], [Turn(n, "A", OUT["test"] if n <= k else STAY)
                                           for n in range(1, 5)])
        for k in range(3)
    ]  # fmt: skip
    rate = FourthWall(tables_from(trials)).estimate("rate")
    assert rate.value == pytest.approx(3 / 12)
    assert rate.low < 0.25 < rate.high
    assert rate.n == 3
    assert rate.null == false_alarms()["fourth_wall"]
    assert rate.null.high < 0.002
    assert not FourthWall(tables_from([Record("t", [{"name": "A"}])])).estimate("rate").known


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(OUT)), st.booleans(), st.booleans(), st.sampled_from(["Bo", "Zé"]))
def test_neither_case_nor_markup_nor_company_nor_names_matter(
    family: str, loud: bool, marked: bool, name: str
) -> None:
    line = OUT[family].upper() if loud else OUT[family]
    line = f"*{line}*" if marked else f"Well, the spring fell. {line} Ask the miller."
    assert family in steps_out(line)
    result = measured(STAY, line, name=name)
    assert result.by_actor["fourth_wall"].to_list() == [2]


def test_lines_written_before_and_after_the_expressions() -> None:
    """What the benchmark reports, as bounds: of new lines a fifth at least, one in ten false."""
    lines = written()
    assert all(steps_out(line) for part in ("fit", "second") for line in lines[part, True])
    assert sum(bool(steps_out(line)) for line in lines["late", True]) >= 8
    assert sum(bool(steps_out(line)) for line in lines["late", False]) <= 4
