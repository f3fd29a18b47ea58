"""What one turn did: the effect is found where it is planted, and not where it is not."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import numpy as np
import pytest
from backstage.effort import effort
from backstage.scenes import debate
from scipy.stats import binomtest

from analysis.graphs import from_edges
from benchmarks.validity.effects import REFUSED, case, ranked, study
from sim import Transcript, after, complete, play
from sim.errors import BadRequest
from sim.stage.exact import exact_stage
from sim.stage.fixed import FixedLines
from sim.study import effect_of, final_stance, flips, influence, says, superposition, triggers_of
from sim.study.appearance import WHO

ALL = complete("Ada", "Ben", "Cleo")


def told(stage: Any, seed: int = 1, **fields: Any) -> Transcript:
    scene = debate(**{"graph": ALL, "ends": after(turns=8), **fields})
    return asyncio.run(play(scene, stage, seed=seed))


def test_a_planted_trigger_comes_first() -> None:
    """A slice of the benchmark; at 9 of 10 in truth, fewer than 5 of 8 come once in 200 times."""
    ranks = study(partial(ranked, branches=effort(14, 50)), 8, 1)
    assert sum(rank == 1 for rank in ranks) >= 5, ranks


def test_intervals_cover_a_true_zero() -> None:
    cases = [case(seed, common=False) for seed in range(effort(14, 40))]
    covered = sum(one.covers for one in cases)
    assert binomtest(covered, len(cases), 0.95).pvalue >= REFUSED
    assert all(one.low < one.high for one in cases)


def test_an_effect_has_both_arms_and_counts_what_is_missing() -> None:
    stage = FixedLines(["Yes.", "No.", "Perhaps."])
    transcript = told(stage)
    spoke = {turn.speaker for turn in transcript.turns[4:]}
    effect = asyncio.run(effect_of(transcript, 4, says("Ada", "no"), stage, n=6))
    assert (effect.turn, effect.speaker) == (4, transcript.turns[3].speaker)
    assert effect.pairs == 6
    assert effect.outcome == "Ada says 'no'"
    assert effect.kept == effect.rerolled, "fixed lines know no counterfactual"
    assert not effect.excludes_zero
    unasked = asyncio.run(effect_of(transcript, 4, final_stance("Ada", "sell"), stage, n=6))
    assert (unasked.pairs, unasked.missing) == (0, 6)
    assert np.isnan(unasked.difference.estimate)
    assert spoke


def test_only_what_was_heard_from_others_is_looked_at() -> None:
    stage = exact_stage("base")
    transcript = told(stage, ends=after(turns=5))
    effects = asyncio.run(triggers_of(transcript, "Ada", flips("Ada"), stage, n=3, horizon=2))
    others = [turn.index for turn in transcript.turns if turn.speaker != "Ada"]
    assert sorted(effect.turn for effect in effects) == others


def test_common_draws_narrow_the_interval() -> None:
    stage = exact_stage("base", hazard=0.1, provocation=0.0, kappa=0.2)
    transcript = told(stage, ends=after(turns=12))
    widths = [
        asyncio.run(effect_of(transcript, 2, flips("Ada"), stage, n=30, common=common)).difference
        for common in (True, False)
    ]
    assert widths[0].high - widths[0].low < widths[1].high - widths[1].low


def test_who_appears_depends_on_the_stage() -> None:
    """A bimodal stage holds two minds at a first turn; a base stage hardly ever another."""
    by_kind = {}
    for kind in ("base", "bimodal", "rlhf"):
        stage = exact_stage(kind)
        transcript = told(stage, ends=after(turns=2))
        by_kind[kind] = asyncio.run(superposition(transcript, 1, stage, n=120))
        assert sum(by_kind[kind].counts.values()) == 120
        assert set(by_kind[kind].counts) == set(WHO)
        assert by_kind[kind].speaker == "Ada"
    assert by_kind["bimodal"].counts["opposite"] > by_kind["base"].counts["opposite"] + 10
    assert by_kind["bimodal"].bits > by_kind["base"].bits
    assert by_kind["rlhf"].counts["assistant"] >= by_kind["base"].counts["assistant"]


def test_words_move_those_who_listen() -> None:
    """The planted weight of one's own view is low here, so what others say moves one."""
    moved = exact_stage("base", alpha=0.1, own_weight=0.1)
    stubborn = exact_stage("base", alpha=1.0)
    tables = {}
    for name, stage in (("moved", moved), ("stubborn", stubborn)):
        transcript = told(stage, seed=3, ends=after(turns=6))
        tables[name] = asyncio.run(
            influence(transcript, "sell", stage, turns=[4, 5], rerolls=25, samples=6)
        )
    assert tables["moved"]["weight"].mean() > 5 * abs(tables["stubborn"]["weight"].mean())
    assert (tables["stubborn"]["low"] < 0).all()
    assert (tables["moved"]["missing"] == 0).all()
    graph = from_edges(tables["moved"])
    assert graph.number_of_edges() == len(set(zip(
        tables["moved"]["source"], tables["moved"]["target"], strict=True
    )))  # fmt: skip


def test_what_makes_no_sense_is_refused() -> None:
    stage = exact_stage("base")
    transcript = told(stage)
    with pytest.raises(BadRequest, match="no turn 9"):
        asyncio.run(effect_of(transcript, 9, flips("Ada"), stage))
    # Of nobody nothing is known: not even that they never say it.
    for outcome in (flips("Dan"), says("Dan", "no"), final_stance("Dan", "sell")):
        with pytest.raises(BadRequest, match="'Dan' is not in the cast"):
            asyncio.run(effect_of(transcript, 2, outcome, stage, n=2))
    with pytest.raises(BadRequest, match="nobody has a stance on 'tea'"):
        asyncio.run(influence(transcript, "tea", stage))
