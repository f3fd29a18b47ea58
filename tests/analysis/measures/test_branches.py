"""Superposition and influence of branches in a store: as played by studies, and as planted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from backstage.scenes import debate
from scipy.stats import binomtest

import analysis
import sim
from analysis.evidence.appearance import WHO
from analysis.graphs import from_edges
from analysis.measures.influence import Influence
from analysis.measures.superposition import Superposition
from analysis.stats import entropy, entropy_interval
from analysis.tables import Record, tables_from
from sim import Scene, after, ask_stance, complete, interventions, play
from sim.events import Answer, Intervened, Turn
from sim.stage.exact import exact_stage
from sim.study import superposition

CAST = ({"name": "A"}, {"name": "B"}, {"name": "C"})
MINE = "The water stands as low as I have ever seen it."
ASSISTANT = "As an AI language model, I do not have personal opinions."
EARLIER = [
    Turn(1, "B", "Good evening to all of you."),
    Turn(2, "A", "It has not rained for weeks."),
]


def branches(lines: Sequence[Any], at: int = 3, of: str = "t", **how: Any) -> list[Record]:
    """A branch for each line, which A says at turn 3."""
    made = []
    for number, line in enumerate(lines):
        turn = line if isinstance(line, Turn) else Turn(at, "A", line)
        made.append(
            Record(f"{of}{number}", CAST, [*EARLIER, turn], of=of, at=at, branch=number,
                   arm="fork@3", **how)
        )  # fmt: skip
    return made


# -- who appears -----------------------------------------------------------------------------------


def test_everybody_who_can_appear_is_told_apart() -> None:
    lines: list[Any] = [
        MINE, ASSISTANT, EARLIER[0].text, EARLIER[1].text, Turn(3, "A", ""),
        Turn(3, "A", "Who is there?", strangers=("Ghost",)),
        "You are a pathetic liar, and I never cared about any of you.",
    ]  # fmt: skip
    result = Superposition(tables_from(branches(lines)))
    assert list(result.by_turn["who"]) == [
        "self", "assistant", "partner", "loop", "nobody", "stranger", "opposite"
    ]  # fmt: skip
    row = result.by_trial.iloc[0]
    assert (row.trial, row["at"], row.label, row.speaker) == ("t", 3, "fork@3", "A")
    assert row[list(WHO)].to_list() == [pytest.approx(1 / 7)] * 7
    assert row.bits == entropy([1] * 7)


def test_one_mind_has_no_bits_and_two_have_one() -> None:
    generator = np.random.default_rng(1)
    one = Superposition(tables_from(branches([MINE] * 40))).by_trial.iloc[0]
    assert (one.bits, one.bits_low, one.distinct) == (0, 0, 1 / 40)
    half = [ASSISTANT if generator.random() < 0.5 else MINE for _ in range(40)]
    two = Superposition(tables_from(branches(half))).by_trial.iloc[0]
    assert two.bits == pytest.approx(1, abs=0.1)
    assert one.bits_high < two.bits_low


def test_only_what_was_generated_again_counts() -> None:
    given = branches([Turn(3, "A", "Put in.", source="intervention")] * 3, of="g")
    struck = branches([MINE] * 3, of="s")
    for each in struck:
        each.events.append(Intervened(3, "0:delete", "delete"))  # type: ignore[attr-defined]
    short = [Record("u0", CAST, EARLIER, of="u", at=3, branch=0, arm="fork@3")]
    whole = [Record("live", CAST, [*EARLIER, Turn(3, "A", MINE)])]
    result = Superposition(tables_from([*given, *struck, *short, *whole]))
    assert result.by_trial.empty
    assert {each.estimate.note for each in result.estimates} == {
        "no branch generates a turn again: elsinore fork"
    }


@pytest.mark.parametrize("count", [20, 60])
def test_limits_of_the_entropy_cover(count: int) -> None:
    generator = np.random.default_rng(count)
    for shares in ([0.95, 0.05], [0.5, 0.5], [0.6, 0.3, 0.1], [0.4, 0.2, 0.15, 0.15, 0.1]):
        chances = np.array(shares + [0.0] * (7 - len(shares)))
        true = -sum(p * np.log2(p) for p in shares)
        missed = 0
        for _ in range(120):
            counts = [int(each) for each in generator.multinomial(count, chances)]
            found = entropy_interval(counts)
            missed += not found.low <= true <= found.high
        assert binomtest(missed, 120, 0.08, alternative="greater").pvalue > 0.001, shares


def test_stored_branches_say_what_the_study_said(tmp_path: Path) -> None:
    bits = {}
    for model in ("base", "bimodal"):
        store = tmp_path / f"{model}.db"
        results = sim.run("cross_purposes", f"embedded:{model}", trials=1, store=store,
                          parameters={"turns": 3})  # fmt: skip
        live = results.trials[0]
        sim.fork(live, at=1, n=40, turns=1)
        result = Superposition(analysis.load(store))
        [row] = result.by_trial.itertuples()
        assert (row.trial, row.branches) == (live.id, 40)
        stage = exact_stage(model)
        played = asyncio.run(play(live.scene, stage, seed=live.seed))
        told = asyncio.run(superposition(played, 1, stage, n=40))
        assert [round(getattr(row, who) * 40) for who in WHO] == list(told.counts.values())
        assert row.bits == pytest.approx(told.bits)
        bits[model] = row.bits
    assert bits["bimodal"] > bits["base"]


# -- whom it moves ---------------------------------------------------------------------------------


def moved(generator: np.random.Generator, spread: float, count: int = 12, of: str = "t",
          samples: int = 3) -> list[Record]:  # fmt: skip
    """Branches after which B stands where A's words put it, and C does not listen."""
    made = branches([f"{MINE} {n}" for n in range(count)], of=of)
    for each in made:
        where = generator.normal(scale=spread)
        each.events.extend(  # type: ignore[attr-defined]
            Answer(3, who, "stance:x", float(mean + generator.normal(scale=0.1)), sample=sample)
            for who, mean in (("B", where), ("C", 0.0)) for sample in range(samples)
        )  # fmt: skip
    return made


def test_words_that_move_are_found_and_words_that_do_not_are_not() -> None:
    generator = np.random.default_rng(3)
    records = [each for n in range(20) for each in moved(generator, 0.4, of=f"t{n}-")]
    table = Influence(tables_from(records), draws=199).by_trial
    by_target = {who: table[table["target"] == who] for who in "BC"}
    assert (by_target["B"]["p"] <= 0.05).all()
    assert by_target["B"]["weight"].mean() == pytest.approx(0.16, abs=0.05)
    assert (by_target["B"]["low"] > by_target["C"]["high"].median()).mean() > 0.5
    assert by_target["C"]["weight"].mean() == pytest.approx(0, abs=0.003)


def test_p_keeps_its_level() -> None:
    generator = np.random.default_rng(4)
    records = [each for n in range(100) for each in moved(generator, 0, 8, of=f"t{n}-")]
    table = Influence(tables_from(records), draws=99).by_trial
    false = int((table["p"] <= 0.05).sum())
    assert binomtest(false, len(table), 0.05, alternative="greater").pvalue > 0.001, false


def test_who_did_not_hear_is_not_asked_and_what_is_missing_is_counted() -> None:
    generator = np.random.default_rng(5)
    records = moved(generator, 0.4)
    records[0].events[2] = Turn(3, "A", MINE, audience=("B",))  # type: ignore[index]
    records[1].events[3] = Answer(3, "B", "stance:x", None, missing="no number")  # type: ignore[index]
    [row] = Influence(tables_from(records), draws=9).by_trial.itertuples()
    assert (row.target, row.branches, row.missing) == ("B", 11, 1)
    once = Influence(tables_from(moved(generator, 0.4, samples=1)), draws=9)
    assert once.by_trial["weight"].isna().all()
    assert once.estimate().note == "every stance was asked once: ask with samples=2"
    few = Influence(tables_from(moved(generator, 0.4, count=2)), draws=9)
    assert few.estimate().note == "fewer than 3 branches with whole answers"
    assert "no branch" in Influence(tables_from([])).by_trial.pipe(
        lambda _: Influence(tables_from([Record("t", CAST, EARLIER)])).estimate().note
    )


def spring() -> Scene:
    """Three who are asked twice where they stand, after every turn."""
    names = ("Ada", "Ben", "Cleo")
    return debate(graph=complete(*names), ends=after(turns=6),
                  probes=(ask_stance("sell", every=1, samples=6),))  # fmt: skip


def test_planted_listeners_are_moved_in_a_store(tmp_path: Path) -> None:
    weights = {}
    for name, model in (("moved", "embedded:base?alpha=0.1&own_weight=0.1"),
                        ("stubborn", "embedded:base?alpha=1.0")):  # fmt: skip
        store = tmp_path / f"{name}.db"
        results = sim.run(spring, model, trials=1, seed=3, store=store)
        for turn in (4, 5):
            sim.fork(results.trials[0], at=turn, n=25, turns=1)
        result = Influence(analysis.load(store), draws=199)
        assert set(result.by_trial["branches"]) == {25}
        weights[name] = result.by_trial["weight"].mean()
        graph = from_edges(result.edges(results.trials[0].id))
        assert graph.number_of_edges() in (3, 4)
    assert weights["moved"] > 5 * abs(weights["stubborn"])


def test_a_change_of_the_turn_is_no_regeneration(tmp_path: Path) -> None:
    results = sim.run(spring, trials=1, store=tmp_path / "x.db")
    said = interventions.say("Ada", "Never!", at=3)
    sim.fork(results.trials[0], at=3, n=3, change=said, turns=1)
    assert Influence(analysis.load(tmp_path / "x.db")).by_trial.empty
