"""Blandness: actors who speak as nobody does, actors with a voice of their own, specificity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

import analysis
import sim
from analysis.measures.blandness import Blandness, _ratio
from analysis.tables import Record, tables_from
from sim import Actor, Persona, Scene, after, ring
from sim.events import Turn

COMMON = [f"{one}{two}" for one in "bdfgklm" for two in ("abe", "ander", "ebol", "ilt", "oma")]
OWN = [f"{one}{two}" for one in "prstvwz" for two in ("ush", "ivvel", "yrre", "ox")]
PERSONA = {"name": "A", "brief": "Somebody."}


def lines(generator: np.random.Generator, own: float = 0.0, count: int = 6) -> list[str]:
    """Lines of common words, a share of them replaced by words of the actor's own."""
    return [
        " ".join(str(generator.choice(OWN if generator.random() < own else COMMON))
                 for _ in range(10))
        for _ in range(count)
    ]  # fmt: skip


def record(name: str, said: Sequence[str], persona: dict[str, Any], **how: Any) -> Record:
    turns = [Turn(place, "A", line) for place, line in enumerate(said, 1)]
    return Record(name, [persona], turns, **{"scenario": "s", "model": "m", **how})


def played(generator: np.random.Generator, own: float, trials: int = 8, twins: int = 8) -> Any:
    some = [record(f"p{n}", lines(generator, own), PERSONA, parameters={"who": 1})
            for n in range(trials)]  # fmt: skip
    blank = [record(f"n{n}", lines(generator), {"name": "A", "stances": {}, "brief": ""})
             for n in range(twins)]  # fmt: skip
    return Blandness(tables_from([*some, *blank]), by="hashing")


def apart(result: Any) -> Any:
    return result.estimate("apart", parameters='{"who": 1}')


def test_a_voice_of_its_own_is_apart_from_nobody() -> None:
    generator = np.random.default_rng(1)
    found = [apart(played(generator, own=0.5)) for _ in range(10)]
    assert sum(each.low > 1 for each in found) >= 9
    assert all(each.value > each.null.high for each in found)


def test_who_speaks_as_nobody_is_at_one() -> None:
    generator = np.random.default_rng(2)
    found = [apart(played(generator, own=0.0)) for _ in range(5)]
    assert all(each.low <= 1 <= each.high for each in found)
    assert np.mean([each.value for each in found]) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(("trials", "twins"), [(8, 8), (20, 5), (4, 12)])
def test_the_interval_of_the_ratio_covers(trials: int, twins: int) -> None:
    """Mean vectors of trials, all from one distribution: the ratio is 1."""
    generator = np.random.default_rng(trials)
    missed = 0
    for _ in range(400):
        vectors = 0.5 + generator.normal(scale=0.3, size=(trials + twins, 6))
        vectors /= 2 * np.linalg.norm(vectors, axis=1).mean()
        distances = 1 - vectors @ vectors.T
        between = distances[trials:, trials:].copy()
        np.fill_diagonal(between, np.nan)
        found = _ratio(distances[:trials, trials:], between, [False] * twins)
        missed += not found.low <= 1 <= found.high
    assert binomtest(missed, 400, 0.05, alternative="greater").pvalue > 0.001, missed


def test_more_of_its_own_is_farther() -> None:
    generator = np.random.default_rng(3)
    values = [apart(played(generator, own=share)).value for share in (0, 0.2, 0.4, 0.8)]
    assert values == sorted(values)


def test_twins_are_an_arm_at_one_and_told_by_row() -> None:
    result = played(np.random.default_rng(4), own=0.5)
    twins = result.estimate("apart", parameters="{}")
    assert twins.value == pytest.approx(1)
    assert result.by_actor["twin"].sum() == 8
    by_twin = result.by_actor.groupby("twin")["apart"].mean()
    assert by_twin[True] == pytest.approx(1)
    assert by_twin[False] > 1.1


def test_without_twins_it_is_missing_and_says_so() -> None:
    generator = np.random.default_rng(5)
    for twins in (0, 2):
        estimate = apart(played(generator, own=0.5, twins=twins))
        assert not estimate.known
        assert "without a persona on this model" in estimate.note
    # Speakers of an import have no persona, and are nobody's twins; nor is a stage of another name.
    other = [record(f"n{n}", lines(generator), {"name": "A"}, arm="imported") for n in range(4)]
    other += [record(f"o{n}", lines(generator), {"name": "A"}, model="o") for n in range(4)]
    some = [record(f"p{n}", lines(generator), PERSONA) for n in range(4)]
    table = Blandness(tables_from([*some, *other]), by="hashing").by_actor
    assert table.loc[table["trial"].str.startswith("p"), "apart"].isna().all()
    assert table.loc[table["trial"].str.startswith("n"), "twin"].eq(False).all()


def test_specificity_is_the_chance_that_a_word_is_not_elsewhere() -> None:
    said = {"a": "mill spring", "b": "mill", "c": "mill spring", "d": "pond"}
    table = Blandness(
        tables_from([record(name, [text], PERSONA) for name, text in said.items()]), by="hashing"
    ).by_trial.set_index("trial")
    # In three other trials: mill is in two of them, spring in one.
    assert table.loc["a", "specificity"] == pytest.approx(1 - (2 / 3 + 1 / 3) / 2)
    assert table.loc["d", "specificity"] == 1
    # Ten trials more of an arm of its own weigh as one arm.
    more = [record(f"x{n}", ["mill"], PERSONA, seed=n, layout="other") for n in range(10)]
    both = Blandness(
        tables_from([*(record(name, [text], PERSONA) for name, text in said.items()), *more]),
        by="hashing",
    ).by_trial.set_index("trial")
    assert both.loc["a", "specificity"] == pytest.approx(1 - ((2 / 3 + 1) + 1 / 3) / 4)
    few = tables_from([record(name, [said[name]], PERSONA) for name in ("a", "b")])
    assert Blandness(few, by="hashing").by_trial["specificity"].isna().all()


def test_details_platitudes_and_hedges_are_counted_by_line() -> None:
    said = [
        "At the end of the day, we are all in this together.",
        "Perhaps it might be possible, I suppose.",
        "On the 14th of May, Marta Keller paid 3,200 crowns to Ben.",
        "No.",
    ]
    turns = [Turn(place, "A", line) for place, line in enumerate(said, 1)]
    data = tables_from([Record("t", [PERSONA, {"name": "Ben"}], turns)])
    result = Blandness(data, by="hashing")
    assert result.by_turn["details"].to_list() == [0, 0, 5, 0]
    row = result.by_actor.iloc[0]
    words = sum(len(line.split()) for line in said)
    assert (row.platitude, row.hedge, row.details) == (0.25, 0.25, pytest.approx(5 / words))
    assert result.by_actor.iloc[1][["specificity", "platitude", "details"]].isna().all()


def troupe(blank: bool = True) -> Scene:
    """Two who talk, with a persona or none."""
    brief = "" if blank else "A hydrologist who measured the spring for thirty years."
    cast = [Actor(Persona(name=name, brief=brief)) for name in ("Ada", "Ben")]
    return Scene(topic="Tea?", cast=cast, graph=ring("Ada", "Ben"), ends=after(turns=4))


def test_a_stored_persona_without_words_is_a_twin(tmp_path: Path) -> None:
    store = tmp_path / "x.db"
    for blank in (True, False):
        sim.run(troupe, trials=3, parameters={"blank": blank}, store=store)
    result = Blandness(analysis.load(store), by="hashing")
    assert result.by_actor["twin"].sum() == 6
    assert result.by_arm.set_index(["quantity", "parameters"]).loc["apart", "value"].notna().all()
