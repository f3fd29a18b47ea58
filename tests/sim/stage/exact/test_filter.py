"""The filter against brute force: every number it believes, on scenes that an ancestral simulator
wrote, for every kind and mechanism. Nothing here is random but the texts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from math import exp
from types import ModuleType
from typing import Any

import pytest

from sim.layouts import render
from sim.stage.base import Request
from sim.stage.exact import ExactStage
from sim.stage.exact.parameters import MECHANISMS, Parameters, read_parameters
from sim.stage.exact.tables import CHARACTERS, KINDS

SETTINGS: list[tuple[str, dict[str, Any]]] = [
    *((kind, {"mechanism": mechanism}) for kind in KINDS for mechanism in MECHANISMS),
    ("base", {"mechanism": "M3", "window": 2}),
    ("rlhf", {"mechanism": "M3", "window": 1, "pi": 0.6}),
    ("base", {"kappa": 0.0, "provocation": 1.0, "beta": 0.2, "bias": -0.7}),
    ("sft", {"kappa": 1.0, "confidence": 0.5, "own_weight": 0.9, "alpha": 0.1}),
    ("base", {"half": "held", "mechanism": "M0", "confidence": 0.25}),
    ("rlhf", {"half": "build", "tau": 0.1, "hazard": 0.3}),
    ("base", {"skill": 1.5}),
    ("sft_rlhf", {"skill": -2.0, "mechanism": "M0"}),
]


def odd_kind(kind: Any) -> Any:
    """More of what is rare: characters come and go, and there is much to repeat."""
    return replace(
        kind, prior=(0.4, 0.1, 0.1, 0.2, 0.2), leave=(0.02, 0.04, 0.04), come_back=(0.3, 0.3, 0.3)
    )


@pytest.mark.parametrize(("kind", "values"), SETTINGS, ids=lambda v: str(v))
@pytest.mark.parametrize("rare", [False, True], ids=["as planted", "restless"])
def test_the_filter_is_the_sum_over_all_hidden_paths(
    ancestral: ModuleType,
    watching: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    values: dict[str, Any],
    rare: bool,
) -> None:
    if rare:
        changed = {name: odd_kind(one) for name, one in KINDS.items()}
        monkeypatch.setattr("sim.stage.exact.laws.KINDS", changed)
        monkeypatch.setattr(ancestral, "KINDS", changed)
    parameters = read_parameters(kind, values)
    cast = watching.company(ancestral)
    scene = watching.scene_of(cast, 12)
    stage = ExactStage(parameters)
    world = ancestral.World(parameters)
    for said in watching.ancestral_scenes(world, cast, 12, 2, seed=11):
        lines = watching.lines_of(said)
        turns = watching.as_turns(lines)
        for one in cast:
            own = [turn for turn in turns if turn.speaker == one.name]
            filtered, smoothed, each = world.posterior(one.name, cast, lines, watching.TOPIC)
            steps = watching.trace(stage, scene, turns, one.name)
            assert len(steps) == len(filtered) == len(own) == 4
            for step, expected in zip(steps, filtered, strict=True):
                assert step.filtered == pytest.approx(
                    [expected[z] for z in CHARACTERS], rel=1e-9, abs=1e-12
                )
            for law, expected in zip(watching.smoothed(steps), smoothed, strict=True):
                assert law == pytest.approx([expected[z] for z in CHARACTERS], rel=1e-9, abs=1e-12)
            # log_prob, text by text, where nothing but the line is said (stops are given)
            for turn, p in zip(own, each, strict=True):
                prompt = render(scene, turns[: turn.index - 1], one.name)
                request = Request(prompt, 0, one.name, stop=("\n",))
                logged = asyncio.run(stage.log_prob(request, turn.text))
                assert logged is not None
                assert logged.exact
                assert exp(logged.value) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_laws_of_a_turn_are_those_of_the_document(
    ancestral: ModuleType, watching: ModuleType, kind: str, mechanism: str
) -> None:
    parameters = Parameters(kind=kind, mechanism=mechanism, window=3)
    cast = watching.company(ancestral)
    scene = watching.scene_of(cast, 30)
    stage = ExactStage(parameters)
    world = ancestral.World(parameters)
    (said,) = watching.ancestral_scenes(world, cast, 30, 1, seed=12)
    lines = watching.lines_of(said)
    for one in cast:
        steps = watching.trace(stage, scene, watching.as_turns(lines), one.name)
        hearings = list(world.hearings(one.name, cast, lines, watching.TOPIC))
        for step, (moment, turned, _, _) in zip(steps, hearings, strict=True):
            situation = step.situation
            assert situation.slots == moment.slots
            assert situation.own_lines == moment.own_lines
            assert situation.partner_lines == moment.partner_lines
            assert situation.acting.conceal == pytest.approx(turned.kappa, rel=1e-12)
            means = [world.mean(z, moment) for z in CHARACTERS]
            assert situation.means == pytest.approx(means, rel=1e-12, abs=1e-12)
            for index, z in enumerate(CHARACTERS):
                row, acts = situation.acting.rows[index], list(turned.acts[z].values())
                assert row == pytest.approx(acts, rel=1e-12)
                switch = [turned.switch[z][y] for y in CHARACTERS]
                assert situation.switching[index] == pytest.approx(switch, rel=1e-12, abs=1e-15)
