"""From stores and records to the tables of a tournament."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.tournaments.tables import (
    Contest,
    ContestRecord,
    LegRecord,
    VerdictRecord,
    contests_from,
    load_contest,
    model_of,
)
from sim import open_stage
from sim.errors import BadRequest, StoreRefused
from sim.events import Turn
from sim.tournament import Debate, Entrant, RoundRobin, Tournament
from sim.tournament.run import run_tournament

BASE = "embedded:base"


def side(entrant: str, actor: str, position: int, place: int, **more: Any) -> dict[str, Any]:
    return {"entrant": entrant, "actor": actor, "position": position, "place": place, **more}


SIDES = [side("Ada", "Robin", 0, 1, stage="s"), side("Ben", "Noel", 1, 0, stage="t", text="no")]
LEG = LegRecord(1, 1, 0, "t1", "Tea?", SIDES)


def contest(
    verdicts: list[VerdictRecord],
    judges: list[dict[str, Any]] | None = None,
    legs: list[LegRecord] | None = None,
    **definition: Any,
) -> Contest:
    judges = [{"name": "kim", "stage": BASE, "form": "f"}] if judges is None else judges
    record = ContestRecord("x", {"judges": judges, **definition}, "Cup", legs or [LEG], verdicts)
    return contests_from([record])[0]


def said(winner: str | None, judge: str = "kim", form: str = "f", **payload: Any) -> VerdictRecord:
    payload = {"winner": winner, "margin": 2, **payload}
    return VerdictRecord("t1", judge, form, ("Robin", "Noel"), payload)


def test_winners_are_entrants_at_a_position() -> None:
    table = contest([said("Robin"), said("Noel", "human:jo", "g")]).verdicts
    assert table["winner"].tolist() == ["Ada", "Ben"]
    assert table["position"].tolist() == [0, 1]
    assert table["margin"].tolist() == [2.0, 2.0]
    tie = contest([said("tie")]).verdicts.iloc[0]
    assert tie["winner"] == "tie"
    assert pd.isna(tie["position"])


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (said(None, missing="no JSON", margin=7), "no JSON"),
        (said("Robin", missing="a quote is made up"), "a quote is made up"),
        (said(None), "no winner is named"),
        (said("Kit"), "the winner that it names, 'Kit', was not in the debate"),
    ],
)
def test_what_is_missing_has_a_reason_and_no_numbers(verdict: VerdictRecord, reason: str) -> None:
    scored = VerdictRecord(
        "t1", "kim", "f", ("Robin", "Noel"), {**verdict.payload, "scores": {"wit": {"Robin": 3}}}
    )
    cup = contest([scored])
    row = cup.verdicts.iloc[0]
    assert row["missing"] == reason
    assert row[["winner", "position", "margin"]].isna().all()
    assert len(cup.scores) == (0 if "missing" in verdict.payload else 1)


def test_only_forms_of_the_definition_count_and_people() -> None:
    old = said("Noel", form="old")
    stranger = said("Noel", "lee", "other")
    person = said("tie", "human:jo", "whatever")
    cup = contest([said("Robin"), old, stranger, person])
    assert cup.verdicts[["judge", "form"]].to_numpy().tolist() == [
        ["kim", "f"],
        ["human:jo", "whatever"],
    ]
    assert cup.judges["judge"].tolist() == ["kim", "human:jo"]
    assert cup.judges["model"].isna().tolist() == [False, True]


def test_a_renamed_judge_keeps_its_verdicts() -> None:
    cup = contest([said("Robin", "old name")])
    assert cup.verdicts["judge"].tolist() == ["kim"]
    # Where it has one under both names, it is one.
    both = contest([said("Noel", "old name"), said("Robin")])
    assert both.verdicts[["judge", "winner"]].to_numpy().tolist() == [["kim", "Ada"]]
    # The form does not say which of two it was.
    twins = [{"name": name, "stage": BASE, "form": "f"} for name in ("kim", "lee")]
    assert contest([said("Noel", "old name")], twins).verdicts.empty


def test_verdicts_on_trials_of_others_are_left_out() -> None:
    stray = VerdictRecord("t9", "kim", "f", ("Robin", "Noel"), {"winner": "Robin"})
    assert contest([stray]).verdicts.empty


def test_byes_scores_and_lengths() -> None:
    turns = [Turn(1, "Noel", "one two three"), Turn(2, "Robin", ""), Turn(3, "Noel", "four")]
    bye = LegRecord(1, 2, 0, None, "Tea?", [side("Cleo", "", 0, 0)])
    leg = LegRecord(1, 1, 0, "t1", "Tea?", SIDES, turns)
    scores = {"wit": {"Robin": 3, "Noel": 8, "Kit": 1}}
    cup = contest([said("Noel", scores=scores)], legs=[leg, bye])
    assert cup.matches["trial"].isna().tolist() == [False, False, True]
    assert cup.lengths[["actor", "turns", "words"]].to_numpy().tolist() == [
        ["Robin", 1, 0],
        ["Noel", 2, 4],
    ]
    assert cup.scores[["entrant", "criterion", "score"]].to_numpy().tolist() == [
        ["Ada", "wit", 3.0],
        ["Ben", "wit", 8.0],
    ]
    # What nobody recorded is not zero words.
    assert contest([]).lengths.empty


def test_models_are_told_without_how_they_are_asked() -> None:
    assert model_of("embedded:base#yoked:1?x=2") == "embedded:base"
    assert model_of("human") is None
    assert model_of(None) is None
    cup = contest([], identities={"s": "openai:gpt?temperature=1"})
    assert cup.matches["model"].tolist() == ["openai:gpt", "t"]


# -- stores ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tournaments: three who meet on two topics, and the same with one entrant more."""
    path = tmp_path_factory.mktemp("contests") / "cup.db"
    for name, entrants in [("Small cup", "abc"), ("Large cup", "abcd")]:
        tournament = Tournament(
            name=name,
            entrants=[Entrant(name=each) for each in entrants],
            motions=["Tea?"],
            format=RoundRobin(),
            debate=Debate(opening=30, rebuttals=0, questions=0, closing=None),
            judges=[BASE, {"stage": BASE, "name": "again"}],
        )
        asyncio.run(run_tournament(tournament, {BASE: open_stage(BASE)}, path))
    return path


def test_a_store_is_read_as_it_was_held(store: Path) -> None:
    cup = load_contest(store, "Small cup")
    assert cup.name == "Small cup"
    assert cup.judges["judge"].tolist() == [BASE, "again"]
    trials = cup.matches["trial"].dropna().unique()
    assert len(trials) == 3 * 2
    assert len(cup.matches) == 12
    assert len(cup.verdicts) == 6 * 2 * 2
    assert set(cup.verdicts["trial"]) == set(trials)
    sides = cup.verdicts.dropna(subset=["position"]).merge(cup.matches, on=["trial", "position"])
    assert (sides["winner"] == sides["entrant"]).all()
    assert (sides["model"] == BASE).all()
    assert (cup.lengths["words"] > 0).all()
    assert len(cup.lengths) == 12


def test_tournaments_are_chosen_by_id_name_or_how_they_begin(store: Path) -> None:
    small = load_contest(store, "Small cup")
    assert load_contest(store).name == "Large cup"
    assert load_contest(store, "Sm").tournament == small.tournament
    assert load_contest(store, small.tournament[:10]).name == "Small cup"
    with pytest.raises(BadRequest, match=r"'Tiny' is unknown; there are: Small cup .*, Large cup"):
        load_contest(store, "Tiny")
    with pytest.raises(BadRequest, match="unknown"):
        load_contest(store, "")


def test_a_name_that_is_two_and_a_store_that_is_none(store: Path, tmp_path: Path) -> None:
    tournament = Tournament(
        name="Small cup",
        entrants=[Entrant(name="a"), Entrant(name="b")],
        motions=["Tea?"],
        debate=Debate(opening=30, rebuttals=0, questions=0, closing=None),
        judges=[BASE],
    )
    twice = tmp_path / "twice.db"
    twice.write_bytes(store.read_bytes())
    asyncio.run(run_tournament(tournament, {BASE: open_stage(BASE)}, twice))
    with pytest.raises(BadRequest, match="more than one; say which by its id"):
        load_contest(twice, "Small")
    no_store = tmp_path / "text.db"
    no_store.write_text("no store")
    with pytest.raises(StoreRefused):
        load_contest(no_store)
