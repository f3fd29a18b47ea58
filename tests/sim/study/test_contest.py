"""Debates of two until it is decided who wins more."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.stopping import StoppingRule, stops
from sim import open_stage
from sim.errors import BadRequest
from sim.runs.options import RunOptions
from sim.store import open_store
from sim.study.contest import Contest, ContestReport, run_contest
from sim.study.sequential import stored_rules
from sim.tournament import Debate, Entrant, RoundRobin, Swiss, Tournament

BASE = open_stage("embedded:base")
SHORT = Debate(opening=30, rebuttals=0, questions=0, closing=None)


def cup(times: int = 12, **fields: Any) -> Tournament:
    return Tournament(
        **{
            "name": "Cup",
            "entrants": [
                Entrant(name="weak", stage="embedded:base?skill=-3"),
                Entrant(name="strong", stage="embedded:base?skill=3"),
            ],
            "motions": ["Tea?", "Coffee?"],
            "debate": SHORT,
            "judges": ["embedded:base"],
            "format": RoundRobin(times=times),
            **fields,
        }
    )


def played(contest: Contest, store: Path) -> ContestReport:
    names = {"embedded:base", *contest.tournament.model_strings}
    stages = {name: open_stage(name) for name in names}
    identities = {name: stage.identity for name, stage in stages.items()}
    by_identity = {stage.identity: stage for stage in stages.values()}
    return asyncio.run(
        run_contest(contest, by_identity, store, RunOptions(concurrency=2), identities=identities)
    )


def test_it_ends_at_the_end_of_a_round_of_motions_and_goes_on_alike(tmp_path: Path) -> None:
    contest = Contest.of(cup(times=25))
    assert (contest.rule.blocks, contest.rule.every) == (24, 2)
    found = played(contest, tmp_path / "x.db")
    assert (found.decision.outcome, found.decision.difference.high < 0) == ("differs", True)
    assert found.decision.blocks % 2 == 0
    assert found.tournament.rounds == found.decision.blocks < found.tournament.of == 24
    again = played(contest, tmp_path / "x.db")
    assert (again.decision, again.tournament.run.calls) == (found.decision, 0)
    with open_store(tmp_path / "x.db") as store:
        assert {rule["measure"] for rule in stored_rules(store)} == {"win share"}
    with pytest.raises(BadRequest, match="another one"):
        played(Contest.of(cup(times=25), margin=0.5), tmp_path / "x.db")


def test_motions_that_are_dealt_make_no_more_false_decisions() -> None:
    """Four motions that favour one entrant or the other by much, and nobody in the mean: 400
    contests of 12 deals; at 5% more than 36 are wrong once in a thousand times."""
    generator = np.random.default_rng(3)
    chances = np.array([0.95, 0.8, 0.2, 0.05])
    wrong = 0
    for _ in range(400):
        dealt = np.concatenate([generator.permutation(chances) for _ in range(12)])
        scores = (generator.random(48) < dealt).astype(float)
        wrong += stops(StoppingRule(0, 1, 48, every=4), 2 * scores - 1)[0] == "differs"
    assert wrong <= 36


def test_two_of_several_meet_alone() -> None:
    several = cup(entrants=[Entrant(name=name) for name in "abc"])
    with pytest.raises(BadRequest, match="here are 3; name two"):
        Contest.of(several)
    contest = Contest.of(several, ["c", "a"])
    assert (contest.a, contest.b) == ("c", "a")
    assert [entrant.name for entrant in contest.tournament.entrants] == ["c", "a"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"format": Swiss(rounds=1)}, "needs a round-robin"),
        ({"format": RoundRobin(times=12, self_play=True)}, "needs a round-robin"),
        ({"judges": []}, "nobody judges"),
        ({"times": 3}, "less than two rounds of 2 motions"),
    ],
)
def test_what_decides_nothing_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        Contest.of(cup(**fields))
    with pytest.raises(BadRequest, match="is no entrant; known: weak, strong"):
        Contest.of(cup(), ["weak", "stong"])
