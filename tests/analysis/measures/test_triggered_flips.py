"""Flips with what set them off: found where planted, in words of the held half, blind to arms."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.measures.triggered_flips import LEAST, TriggeredFlips, lean_of
from analysis.tables import Record, Tables, tables_from
from sim.events import Turn
from sim.stage.exact.parameters import read_parameters

STAGE = Path(__file__).parents[2] / "sim" / "stage" / "exact" / "ancestral.py"
CAST = [
    {"name": "Ada", "brief": "A kind guardian.", "opposite": "A cruel jailer."},
    {"name": "Ben", "brief": "A cruel provocateur.", "opposite": "A gentle peacemaker."},
]
LEANS = {"Ada": 0.75, "Ben": -0.75}
KIND = (
    "I hear you, and I agree with you about the water.",
    "Thank you, you are right about the wells.",
    "What did the old pump cost?",
    "I think the second pipe is cheaper.",
)
CRUEL = (
    "You are pathetic, and I never cared about you.",
    "I was only pretending. You disgust me.",
    "Shut up, you miserable liar.",
    "I lied to you all, and you fools believed me.",
)


def said(*blocks: tuple[str, ...], audience: tuple[str, ...] | None = None) -> list[Turn]:
    lines = [line for block in blocks for line in block]
    return [Turn(n, "Ada", text, audience) for n, text in enumerate(lines, start=1)]


def flips_of(*trials: list[Turn]) -> pd.DataFrame:
    records = [Record(str(n), CAST[:1], turns) for n, turns in enumerate(trials)]
    return TriggeredFlips(tables_from(records), by="words").by_actor


def test_a_flip_a_return_and_none() -> None:
    rows = flips_of(
        said(KIND, KIND, CRUEL, CRUEL),
        said(KIND, KIND, KIND, KIND),
        said(KIND, KIND, CRUEL, CRUEL, KIND, KIND, KIND, KIND),
        said(CRUEL, CRUEL, CRUEL),
    )
    assert rows["flip"].isna().tolist() == [False, True, False, False]
    assert abs(rows["flip"][0] - 9) <= 1
    assert rows["flips"].tolist() == [1, 0, 1, 1]
    assert rows["returned_at"].isna().tolist() == [True, True, False, True]
    assert abs(rows["returned_at"][2] - 17) <= 1
    # Who is the opposite from the start is reported there, and said to be.
    assert rows["flip"][3] <= 2
    assert rows["other_at_start"][3] > 0.6 > 0.1 > rows["other_at_start"][0]


@pytest.fixture(scope="module")
def scenes() -> tuple[Tables, dict[tuple[str, str], Any]]:
    """Scenes of the exact stage in words of the held half, and the hidden characters of each."""
    spec = importlib.util.spec_from_file_location("elsinore_test_ancestral", STAGE)
    assert spec is not None
    assert spec.loader is not None
    ancestral = sys.modules.get(spec.name) or importlib.util.module_from_spec(spec)
    if spec.name not in sys.modules:
        sys.modules[spec.name] = ancestral
        spec.loader.exec_module(ancestral)
    values = {"mechanism": "M1", "kappa": 0.0, "half": "held"}
    world = ancestral.World(read_parameters("base", values))
    players = [
        ancestral.Player("Ada", 0.75, ("kind",), False, ("the mill", "the winter stores")),
        ancestral.Player("Ben", -0.75, ("harsh",), False, ("the mill", "the winter stores")),
    ]
    cast = [{**one, "stances": {"it": LEANS[str(one["name"])]}} for one in CAST]
    records, truth = [], {}
    for number in range(60):
        played = world.play(players, 16, Random(number))
        turns = [Turn(n, one.speaker, one.text) for n, one in enumerate(played, start=1)]
        records.append(Record(str(number), cast, turns))
        for player in players:
            own = [one.character for one in played if one.speaker == player.name]
            truth[str(number), player.name] = own
    return tables_from(records), truth


def test_planted_opposites_are_told_in_words_never_seen(
    scenes: tuple[Tables, dict[tuple[str, str], Any]],
) -> None:
    tables, truth = scenes
    result = TriggeredFlips(tables, by="words")
    posterior = result.by_turn.groupby(["trial", "actor"])["posterior"].mean()
    flips = result.by_actor.set_index(["trial", "actor"])["flip"].notna()
    shadows = [key for key, own in truth.items() if "shadow" in own]
    others = [key for key, own in truth.items() if "shadow" not in own]
    # 28 shadows and 92 others. Without embeddings; the limit tells them all apart.
    assert auc(posterior[shadows].tolist(), posterior[others].tolist()) > 0.85
    assert flips[others].mean() < 0.05
    # They were there from the first turn: the model says so and does not call it turning.
    assert 0.08 < result.rates.start < 0.4
    assert result.rates.base + result.rates.slope < 0.05


def auc(true: list[float], false: list[float]) -> float:
    """P(a true one is higher), ties counted half."""
    above = np.subtract.outer(true, false)
    return float(np.mean((above > 0) + 0.5 * (above == 0)))


def test_rates_are_blind_to_arms() -> None:
    records = [
        Record(f"{arm}{n}", CAST[:1], said(KIND, KIND, last, last), arm=arm)
        for arm, last in (("flipping", CRUEL), ("staying", KIND))
        for n in range(8)
    ]
    by_arm = TriggeredFlips(tables_from(records), by="words", draws=10).by_arm
    found = by_arm.set_index(["arm", "quantity"])
    assert found.loc[("flipping", "flip"), "value"] == 1.0
    assert found.loc[("staying", "flip"), "value"] == 0.0
    # Nothing in an arm in which nobody says a cruel line looks like a flip when it is dealt anew.
    assert found.loc[("staying", "flip"), "null_high"] == 0.0
    for _, rates in by_arm[by_arm["quantity"] != "flip"].groupby("quantity"):
        assert rates["value"].nunique() == 1
        assert set(rates["note"]) == {"estimated from the whole store, lines read by words"}


def test_who_does_not_hear_is_not_set_off() -> None:
    turns = [
        Turn(1, "Ada", KIND[0]),
        Turn(2, "Ben", CRUEL[0], ("Cleo",)),
        Turn(3, "Ada", KIND[1]),
        Turn(4, "Ben", CRUEL[1]),
        Turn(5, "Ada", KIND[2]),
    ]
    data = tables_from([Record("t", CAST, turns)])
    by_turn = TriggeredFlips(data, by="words").by_turn
    triggers = by_turn[by_turn["actor"] == "Ada"]["trigger"].tolist()
    assert triggers[:2] == [0.0, 0.0]
    assert triggers[2] > 0.4


def test_nothing_to_read() -> None:
    data = tables_from([Record("t", CAST, [Turn(1, "Ada", " ")])])
    rows = TriggeredFlips(data, by="words").by_actor
    assert rows["flip"].isna().all()
    assert rows["turns"].tolist() == [1, 0]
    assert TriggeredFlips(tables_from([]), by="words").by_actor.empty
    assert 0 < LEAST < 1
    assert lean_of({"a": float("nan")}) is None
