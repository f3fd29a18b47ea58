"""Interruptions: who took the floor from whom, and whether that is more than turns explain."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis
import sim
from analysis.measures.interruptions import KEY, Interruptions
from analysis.tables import Record, tables_from
from sim.errors import BadRequest
from sim.events import Answer, Turn

Bids = dict[str, float | None]


def record(speakers: str, bids: list[Bids], name: str = "t", **facts: Any) -> Record:
    """Speakers by letters, and the bids after each of their turns."""
    said = [Turn(n, who, "Well.") for n, who in enumerate(speakers, 1)]
    asked = [
        Answer(turn, who, KEY, bid, gauge=True)
        for turn, own in enumerate(bids, 1)
        for who, bid in own.items()
    ]
    cast = [{"name": name} for name in sorted(set(speakers))]
    return Record(name, cast, [*said, *asked], **facts)


HAND = record("ABCAB", [{"B": 0.9, "C": 0.1}, {"A": 0.2, "C": 0.3}, {"A": 0.7, "B": 0.7},
                        {"B": None, "C": None}])  # fmt: skip


def test_the_highest_bid_above_the_threshold_takes_the_floor() -> None:
    result = Interruptions(tables_from([HAND]), threshold=0.6)
    assert result.by_turn[["turn", "actor", "interrupted", "bid"]].to_numpy().tolist() == [
        [2, "B", "A", 0.9], [4, "A", "C", 0.7],
    ]  # fmt: skip
    rows = result.by_actor.set_index("actor")
    assert rows["interrupts"].to_dict() == {"A": 1, "B": 1, "C": 0}
    assert rows["interrupted"].to_dict() == {"A": 1, "B": 0, "C": 1}
    assert rows["chances"].to_dict() == {"A": 2, "B": 2, "C": 2}
    assert result.by_trial["rate"].to_list() == [pytest.approx(2 / 3)]
    assert len(Interruptions(tables_from([HAND]), threshold=0.8).by_turn) == 1
    outbid = record("AB", [{"B": 0.7, "C": 0.9}])
    assert Interruptions(tables_from([outbid]), threshold=0.6).by_turn.empty


def test_a_threshold_is_read_from_the_scenario_or_inferred() -> None:
    told = record("ABCAB", [{"B": 0.9, "C": 0.1}], parameters={"threshold": 0.95})
    assert Interruptions(tables_from([told])).by_turn.empty
    passed = record("ABC", [{"B": 0.9, "C": 0.1}, {"A": 0.5, "C": 0.3}])
    assert Interruptions(tables_from([passed])).by_turn["turn"].to_list() == [2]
    unknown = record("ABC", [{"B": 0.9, "C": 0.1}, {"A": 0.2, "C": 0.3}])
    assert Interruptions(tables_from([unknown])).by_turn.empty, "nobody was ever passed over"
    with pytest.raises(BadRequest, match="a threshold of 2; use one from 0 to 1"):
        Interruptions(tables_from([]), threshold=2)


def test_without_bids_nothing_is_told() -> None:
    result = Interruptions(tables_from([record("ABAB", [])]))
    rate = result.estimate("rate")
    assert (isnan(rate.value), rate.note) == (True, "nobody was asked for bids")
    assert result.pairs().empty
    assert result.by_actor.empty


def talk(generator: np.random.Generator, turns: int, favourite: float, name: str = "t") -> Record:
    """A interrupts after B with the chance ``favourite`` and after C with 0.3.

    B speaks twice as often as C.
    """
    speakers, bids = ["B"], []
    while len(speakers) < turns:
        last = speakers[-1]
        if last == "A":
            bids.append({"B": 0.1, "C": 0.1})
            speakers.append(str(generator.choice(["B", "B", "C"])))
            continue
        wants = generator.random() < (favourite if last == "B" else 0.3)
        bids.append({"A": 0.9 if wants else 0.2})
        speakers.append("A" if wants else str(generator.choice(["B", "B", "C"])))
    return record("".join(speakers), bids, name)


def test_a_favourite_target_is_found_and_turns_alone_make_none() -> None:
    generator = np.random.default_rng(8)
    planted = [talk(generator, 60, 0.7, f"t{k}") for k in range(8)]
    pairs = Interruptions(tables_from(planted), threshold=0.8).pairs().set_index("interrupted")
    assert pairs.loc["B", "count"] > pairs.loc["B", "null_high"]
    assert pairs.loc["B", "p"] < 0.001
    # Of 60 tests at 5% more than 9 reject with a chance of 1 in 1,000; the seed is fixed.
    rejected = 0
    for _ in range(60):
        found = Interruptions(tables_from([talk(generator, 30, 0.3)]), threshold=0.8).pairs()
        rejected += int((found.loc[found["interrupted"] == "B", "p"] <= 0.05).any())
    assert rejected <= 9


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from([0.1, 0.5, 0.9]),
                          st.sampled_from([0.2, 0.5, 0.8])), min_size=2, max_size=12))  # fmt: skip
def test_counts_are_within_chances_and_know_no_names(turns: list[Any]) -> None:
    def pairs(names: str) -> Any:
        rename = dict(zip("ABC", names, strict=True))
        bids = [
            {
                rename[who]: bid
                for who, bid in zip((n for n in "ABC" if n != last), own, strict=True)
            }
            for last, *own in turns[:-1]
        ]
        speakers = "".join(rename[who] for who, *_ in turns)
        return Interruptions(tables_from([record(speakers, bids)]), threshold=0.4).pairs()

    plain, other = pairs("ABC"), pairs("ZYX")
    assert (plain["count"] <= plain["chances"]).all()
    assert sorted(plain["count"]) == sorted(other["count"])
    assert ((plain["null_low"] <= plain["null"]) & (plain["null"] <= plain["null_high"])).all()


def test_on_the_exact_stage_the_provoking_are_interrupted(tmp_path: Path) -> None:
    parameters = {"threshold": 0.6}
    played = sim.run("interruptions", ["embedded:base"], trials=4, store=tmp_path / "x.db",
                     parameters=parameters)  # fmt: skip
    data = analysis.load(played)
    result = analysis.interruptions(data)
    assert result.estimate("rate").low > 0.2
    # What the scenario says is what would be inferred from who was passed over.
    trials = data.trials.assign(parameters=[{} for _ in range(len(data.trials))])
    inferred = Interruptions(type(data)(**{**vars(data), "trials": trials}))
    assert inferred.by_turn["turn"].to_list() == result.by_turn["turn"].to_list()
