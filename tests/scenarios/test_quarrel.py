"""Quarrels: what nobody can know is in nobody's prompt, and a listener never speaks."""

from __future__ import annotations

import asyncio

import pytest

from scenarios.quarrel import LISTENER, MASKS, QUARRELS, quarrel
from sim import Scene, open_stage, play
from sim.errors import SceneError
from sim.transcript import Transcript


def played(scene: Scene) -> Transcript:
    return asyncio.run(play(scene, open_stage("embedded:base"), seed=3))


def test_what_is_thought_behind_a_mask_is_in_no_other_prompt() -> None:
    """Whoever guesses right there has inferred it: the prompts are the same, by their hashes."""
    scene = quarrel("wolf", masked=True, guesses=True, turns=8)
    against, favours, listener = scene.cast
    issue = QUARRELS["wolf"].issue
    honest = favours.persona.replace(stances={issue: -0.8}, secret=None)
    other = scene.replace(cast=(against, favours.replace(persona=honest), listener))
    prompts = [
        {
            (answer.actor, answer.key, answer.turn, answer.sample): answer.prompt
            for answer in played(each).answers
            if answer.actor != favours.name
        }
        for each in (scene, other)
    ]
    assert prompts[0] == prompts[1]
    assert {key for _, key, *_ in prompts[0]} >= {
        f"guess:{issue}:{favours.name}",
        f"as:{issue}:{favours.name}",
    }


def test_the_listener_hears_and_never_speaks() -> None:
    told = played(quarrel("bell", guesses=True))
    assert {turn.speaker for turn in told.turns} == {"Father Anselm", "Nadja"}
    assert {answer.actor for answer in told.answers} == {"Father Anselm", "Nadja", LISTENER}


def test_a_mask_speaks_in_every_turn_or_is_refused() -> None:
    told = played(quarrel("ferry", masked=True, turns=12))
    assert [turn.text for turn in told.turns if turn.speaker == "Brandt"] == list(MASKS)
    with pytest.raises(SceneError, match="too long for a mask; use 12"):
        quarrel(masked=True, turns=14)
