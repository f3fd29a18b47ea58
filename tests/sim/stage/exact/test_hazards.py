"""The filter against an ancestral simulator, by counting: hazards, calibration, the law of texts,
and the hidden paths drawn after a scene.

Seeds are fixed, so a test that passes goes on passing. A check at 4 standard errors, or
p > 6e-5, would fail a correct stage once in 16,000 draws of the seed, a check at p > 0.001 once in
1,000; there are about 250 of the first and six of the second.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import cache
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from backstage.effort import effort

from sim.seeds import derive
from sim.stage.exact import ExactStage
from sim.stage.exact.acts import ACTS
from sim.stage.exact.grammar import parse
from sim.stage.exact.parameters import Parameters, read_parameters
from sim.stage.exact.tables import CHARACTERS, KINDS

SETTINGS = {
    "M0": ("base", {"mechanism": "M0"}),
    "M1": ("base", {"mechanism": "M1"}),
    "M2": ("base", {"mechanism": "M2"}),
    "M3": ("base", {"mechanism": "M3", "window": 4}),
    "rlhf": ("rlhf", {"mechanism": "M2"}),
    "sft": ("sft", {"mechanism": "M2"}),
    "sft_rlhf": ("sft_rlhf", {"mechanism": "M2"}),
    "bimodal": ("bimodal", {}),
}
SCENES, TURNS = effort(120, 330), 30
ACTOR = tuple[list[Any], list[Any]]  # what happened to one speaker, and what the filter saw


@pytest.fixture(scope="module")
def watched(ancestral: ModuleType, watching: ModuleType) -> Any:
    """Ancestral scenes of a setting, speaker by speaker, with the filter's account of each."""

    @cache
    def look(setting: str) -> list[ACTOR]:
        kind, values = SETTINGS[setting]
        parameters = read_parameters(kind, dict(values))
        cast = watching.company(ancestral)
        scene = watching.scene_of(cast, TURNS)
        world, stage = ancestral.World(parameters), ExactStage(parameters)
        traces: list[ACTOR] = []
        for said in watching.ancestral_scenes(world, cast, TURNS, SCENES, seed=21):
            turns = watching.as_turns(watching.lines_of(said))
            for one in cast:
                own = [turn for turn in said if turn.speaker == one.name]
                traces.append((own, watching.trace(stage, scene, turns, one.name)))
        return traces

    return look


def switches(actors: list[ACTOR], start: str, end: str) -> tuple[list[bool], list[float]]:
    """Whether those at ``start`` went to ``end`` at their next turn, and the stage's hazards."""
    happened, hazards = [], []
    origin, target = CHARACTERS.index(start), CHARACTERS.index(end)
    for own, steps in actors:
        for before, after, step in zip(own, own[1:], steps[1:], strict=False):
            if before.character == start:
                happened.append(after.character == end)
                hazards.append(step.situation.switching[origin][target])
    return happened, hazards


@pytest.mark.parametrize("setting", SETTINGS)
def test_planted_switches_have_the_hazards_that_the_filter_believes_in(
    watched: Any, watching: ModuleType, setting: str
) -> None:
    actors = watched(setting)
    events = {"self": 0, "shadow": 0}
    for start, end in [("self", "shadow"), ("shadow", "self")]:
        happened, hazards = switches(actors, start, end)
        assert abs(watching.counted(happened, hazards)) < 4
        events[start] = sum(happened)
    for start, end in [("self", "assistant"), ("assistant", "self"), ("self", "loop")]:
        assert abs(watching.counted(*switches(actors, start, end))) < 4
    # The first turn has the prior.
    for index, z in enumerate(CHARACTERS):
        happened = [own[0].character == z for own, _ in actors]
        priors = [steps[0].situation.predicted[index] for _, steps in actors]
        assert abs(watching.counted(happened, priors)) < 4
    # Flips and returns are there, or never there, as the mechanism has it.
    static, returning = setting in ("M1", "bimodal"), setting in ("M0", "M3")
    assert (events["self"] == 0) == static
    assert (events["shadow"] > 0) == returning
    assert static or events["self"] > effort(10, 30)


BINS = (0.0, 0.01, 0.05, 0.15, 0.35, 0.65, 0.85, 0.95, 0.99, 1.0)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("character", ["shadow", "assistant"])
def test_the_filter_and_the_smoother_are_calibrated(
    watched: Any, watching: ModuleType, setting: str, character: str
) -> None:
    index = CHARACTERS.index(character)
    forecasts: dict[tuple[str, int], list[tuple[bool, float]]] = {}
    for own, steps in watched(setting):
        # A speaker counts once in each bin, when it first gets there: its later turns are hardly
        # news (who is a shadow now will be one then), and would count one error many times. Then
        # all are independent given the texts, and the number of hits is Poisson-binomial.
        here: dict[tuple[str, int], tuple[bool, float]] = {}
        for turn, step, late in zip(own, steps, watching.smoothed(steps), strict=True):
            given = {"before": step.situation.predicted, "after": step.filtered, "all": late}
            for name, law in given.items():
                place = int(np.searchsorted(BINS, law[index], side="right"))
                here.setdefault((name, place), (turn.character == character, law[index]))
        for key, seen in here.items():
            forecasts.setdefault(key, []).append(seen)
    judged = {key: seen for key, seen in forecasts.items() if len(seen) >= effort(70, 200)}
    assert {name for name, _ in judged} == {"before", "after", "all"}
    for key, seen in judged.items():
        happened, p = zip(*seen, strict=True)
        assert watching.rarity(happened, p) > 6e-5, (key, sum(happened), sum(p))


@pytest.mark.parametrize("kappa", [0.2, 0.7])
def test_under_m1_the_hazard_of_a_first_open_turn_has_its_closed_form(
    ancestral: ModuleType, watching: ModuleType, monkeypatch: pytest.MonkeyPatch, kappa: float
) -> None:
    pi = 0.3
    kind = replace(KINDS["base"], prior=(1.0, 0.0, 0.0, 0.0, 0.0), leave=(0.0, 0.0, 0.0))
    monkeypatch.setattr("sim.stage.exact.laws.KINDS", {**KINDS, "base": kind})
    parameters = Parameters(mechanism="M1", pi=pi, kappa=kappa)
    stage = ExactStage(parameters)
    cast = watching.company(ancestral)
    world = ancestral.World(parameters, kind)
    scene = watching.scene_of(cast, 18)
    opened, hazards, believed = [], [], []
    for number, said in enumerate(
        watching.ancestral_scenes(world, cast, 18, effort(250, 700), seed=22)
    ):
        for one in cast:
            own = [turn for turn in said if turn.speaker == one.name]
            for t, turn in enumerate(own, start=1):
                reached = pi * kappa ** (t - 1)
                opened.append(turn.character == "shadow" and not turn.concealed)
                hazards.append(reached * (1 - kappa) / (1 - pi + reached))
                if opened[-1]:
                    break
            if number < effort(60, 100):
                steps = watching.trace(
                    stage, scene, watching.as_turns(watching.lines_of(said)), one.name
                )
                believed.append([(1 - kappa) * step.situation.predicted[1] for step in steps])
    by_time = {h: [o for o, g in zip(opened, hazards, strict=True) if g == h] for h in hazards}
    assert sorted(by_time, reverse=True) == list(by_time)  # it falls
    for hazard, happened in by_time.items():
        assert abs(watching.counted(happened, [hazard] * len(happened))) < 4
    assert abs(watching.counted(opened, hazards)) < 4
    # The stage opens up as often, on average over texts, whether or not it did before.
    expected = [pi * (1 - kappa)] * 6
    assert np.mean(believed, axis=0) == pytest.approx(expected, abs=0.05)
    assert [row[0] for row in believed] == pytest.approx([pi * (1 - kappa)] * len(believed))


# --- The law of the texts, and the truth ---------------------------------------------------------

PLAYED = {
    "base M0": ("base", {"mechanism": "M0"}),
    "rlhf M2": ("rlhf", {"mechanism": "M2"}),
    "base M3": ("base", {"mechanism": "M3", "window": 4}),
}
PLAYS = effort(110, 330)


@pytest.fixture(scope="module")
def both(ancestral: ModuleType, watching: ModuleType) -> Any:
    """Scenes of a setting from the ancestral simulator; played by the stage, with their truths."""

    @cache
    def make(setting: str) -> Any:
        kind, values = PLAYED[setting]
        parameters = read_parameters(kind, dict(values))
        cast = watching.company(ancestral)
        scene = watching.scene_of(cast, TURNS)
        world, stage = ancestral.World(parameters), ExactStage(parameters)
        theirs = watching.ancestral_scenes(world, cast, TURNS, PLAYS, seed=31)
        transcripts = watching.played(stage, scene, [derive(32, n) for n in range(PLAYS)])

        async def truths() -> list[Any]:
            return [await stage.truths(scene, t, derive(33, n)) for n, t in enumerate(transcripts)]

        ours = []
        for transcript, paths in zip(transcripts, asyncio.run(truths()), strict=True):
            at = {
                index: (character, stance)
                for truth in paths
                for index, character, stance in zip(
                    truth.turns, truth.characters, truth.stances, strict=True
                )
            }
            ours.append([(turn.speaker, turn.text, *at[turn.index]) for turn in transcript.turns])
        theirs = [[(s.speaker, s.text, s.character, s.stance) for s in said] for said in theirs]
        return world, cast, theirs, ours, transcripts

    return make


def heard_features(scene: list[tuple[str, str, str, float]]) -> list[float]:
    """What can be heard in a scene, as counts."""
    names = sorted({name for name, *_ in scene})
    parses = [parse(text)[0] for _, text, _, _ in scene]
    acts = [ACTS.index(one.act) for one in parses]
    seats = [names.index(name) for name, *_ in scene]
    statistics: list[float] = []
    for seat in range(len(names)):
        mine = [place for place, at in enumerate(seats) if at == seat]
        statistics += np.bincount([acts[place] for place in mine], minlength=12).tolist()
        levels = [parses[p].level for p in mine if parses[p].level is not None]
        statistics += np.bincount(levels, minlength=9).tolist()
        for half in (mine[: len(mine) // 2], mine[len(mine) // 2 :]):
            said = [parses[p].level for p in half if parses[p].level is not None]
            statistics.append(sum(said) / len(said) if said else 4.0)
            statistics += [
                sum(acts[p] == ACTS.index(a) for p in half) for a in ("insult", "reveal")
            ]
    pairs = np.zeros((12, 12))
    for before, after in pairwise(acts):
        pairs[before, after] += 1
    statistics += pairs.ravel().tolist()
    texts = [text for _, text, _, _ in scene]
    statistics.append(len(texts) - len(set(texts)))
    statistics += [
        sum(t == u for t, u in zip(texts, texts[lag:], strict=False)) for lag in (1, 2, 3)
    ]
    return statistics


def hidden_features(scene: list[tuple[str, str, str, float]]) -> list[float]:
    """Paths and texts together, as counts."""
    statistics: list[float] = []
    for name in sorted({name for name, *_ in scene}):
        own = [turn for turn in scene if turn[0] == name]
        path = [turn[2] for turn in own]
        statistics += [path.count(z) for z in CHARACTERS]
        statistics += [path.index(z) if z in path else len(path) for z in CHARACTERS]
        statistics.append(len(set(path)))
        moves = list(pairwise(path))
        statistics += [moves.count((a, b)) for a in CHARACTERS for b in CHARACTERS]
        for z in CHARACTERS:
            statistics += [
                sum(turn[2] == z and parse(turn[1])[0].act == act for turn in own) for act in ACTS
            ]
            stances = [turn[3] for turn in own if turn[2] == z]
            statistics += [sum(stances), sum(x * x for x in stances)]
    return statistics


@pytest.mark.parametrize("setting", PLAYED)
def test_played_texts_have_the_law_of_the_ancestral_ones(
    both: Any, watching: ModuleType, setting: str
) -> None:
    _, _, theirs, ours, _ = both(setting)
    samples = [[heard_features(scene) for scene in scenes] for scenes in (theirs, ours)]
    p = watching.same_law(*samples, seed=41)
    assert p > 0.001, p


@pytest.mark.parametrize("setting", PLAYED)
def test_true_paths_and_texts_have_the_planted_joint_law(
    both: Any, watching: ModuleType, setting: str
) -> None:
    _, _, theirs, ours, _ = both(setting)
    samples = [[hidden_features(scene) for scene in scenes] for scenes in (theirs, ours)]
    p = watching.same_law(*samples, seed=42)
    assert p > 0.001, p


@pytest.mark.parametrize("setting", PLAYED)
def test_true_paths_have_the_planted_hazards_and_stances(
    both: Any, watching: ModuleType, setting: str
) -> None:
    world, cast, _, ours, _ = both(setting)
    flips: tuple[list[bool], list[float]] = ([], [])
    returns: tuple[list[bool], list[float]] = ([], [])
    errors: dict[str, tuple[list[float], list[float], list[int]]] = {}
    for number, scene in enumerate(ours[:200]):
        lines = [(name, text) for name, text, _, _ in scene]
        for seat, one in enumerate(cast):
            own = [turn for turn in scene if turn[0] == one.name]
            before = None
            hearings = world.hearings(one.name, cast, lines, watching.TOPIC)
            for (moment, turned, _, _), (_, _, z, x) in zip(hearings, own, strict=True):
                if before == "self":
                    flips[0].append(z == "shadow")
                    flips[1].append(turned.switch["self"]["shadow"])
                elif before == "shadow":
                    returns[0].append(z == "self")
                    returns[1].append(turned.switch["shadow"]["self"])
                before = z
                mean = world.mean(z, moment)
                variance = (1 - mean**2) / 8
                if z == "shadow":
                    as_self, k = world.mean("self", moment), turned.kappa
                    second = k * ((1 - as_self**2) / 8 + as_self**2)
                    second += (1 - k) * (variance + mean**2)
                    mean = k * as_self + (1 - k) * mean
                    variance = second - mean**2
                row = errors.setdefault(z, ([], [], []))
                for column, value in zip(row, (x - mean, variance, 3 * number + seat), strict=True):
                    column.append(value)
    for events in (flips, returns):
        assert abs(watching.counted(*events)) < 4
    assert sum(flips[0]) > effort(10, 30)
    assert (sum(returns[0]) > 0) == (setting != "rlhf M2")
    assert {"self", "shadow", "assistant"} <= set(errors)
    for row in errors.values():
        assert abs(watching.clustered(*row)) < 4


@pytest.mark.parametrize("setting", ["base M0", "base M3"])
def test_a_base_stage_runs_on_as_often_as_planted(
    both: Any, watching: ModuleType, setting: str
) -> None:
    *_, transcripts = both(setting)
    kind = KINDS["base"]
    strangers = [bool(turn.strangers) for one in transcripts for turn in one.turns]
    # Lines of the cast are stopped; a stranger's is cut, and recorded.
    expected = kind.run_on * kind.stranger
    assert abs(watching.counted(strangers, [expected] * len(strangers))) < 4
