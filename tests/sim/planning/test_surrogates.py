"""Surrogates: each actor alone, with partners who talk of other things or say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import analysis
import sim
from sim.errors import BadRequest
from sim.planning.trials import LIVE
from sim.stage.surrogate import OFF_TOPIC, SILENCE


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> sim.Results:
    """Three trials with both kinds of surrogates."""
    store = tmp_path_factory.mktemp("surrogates") / "s.db"
    return sim.run(
        "cross_purposes", trials=3, store=store, parameters={"turns": 6},
        surrogates=["yoked", "mute"],
    )  # fmt: skip


def test_each_actor_is_played_alone_in_each_kind(played: sim.Results) -> None:
    trials = played.trials
    live = [trial for trial in trials if trial.arm == LIVE]
    assert len(live) == 3
    for kind in ("yoked", "mute"):
        alone = {(each.of, each.focal) for each in trials if each.arm == kind}
        assert alone == {(each.id, name) for each in live for name in ("Ines", "Otto")}


def test_partners_answer_nobody(played: sim.Results) -> None:
    for trial, transcript in zip(played.trials, played.transcripts, strict=True):
        lines = [turn for turn in transcript.turns if turn.speaker != trial.focal]
        if trial.arm == "mute":
            assert {turn.text for turn in lines} == {SILENCE}
        elif trial.arm == "yoked":
            assert {turn.text for turn in lines} <= {*OFF_TOPIC}


def test_arms_of_surrogates_are_compared_by_live_trial(played: sim.Results) -> None:
    found = analysis.compare(played, "arm", measures=["conflict.hostility"], against="live")
    assert [(each.a, each.b, each.n_a, each.n_b) for each in found.differences] == [
        ("mute", "live", 3, 3),
        ("yoked", "live", 3, 3),
    ]
    assert any("lines of nobody" in warning for warning in found.warnings)


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no kind 'deaf'; there are yoked, mute"):
        sim.run("cross_purposes", store=tmp_path / "s.db", surrogates=["deaf"])  # type: ignore[list-item]
    assert not (tmp_path / "s.db").exists()
