"""What every scenario obeys. One that ships is tested by being in ``scenarios``."""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
from pathlib import Path
from time import process_time

import pytest
from backstage import well

from sim import Scene, open_stage, play
from sim.errors import ScenarioError
from sim.planning import scenarios
from sim.planning.scenarios import Scenario
from sim.tournament import Tournament
from sim.tournament.toml_file import read_tournament

# The example keeps this file alive while nothing ships, and shows what is asked of a scenario.
NAMES = [*scenarios.names(), f"{well.__file__}:well"]
TOURNAMENTS = [
    name for name in scenarios.names() if issubclass(scenarios.find(name).returns, Tournament)
]
SCENES = [name for name in NAMES if name not in TOURNAMENTS]


def _named(name: str) -> str:
    return Path(name).name


ALL = pytest.mark.parametrize("name", NAMES, ids=_named)
OF_SCENES = pytest.mark.parametrize("name", SCENES, ids=_named)
OF_TOURNAMENTS = pytest.mark.parametrize("name", TOURNAMENTS, ids=_named)


@pytest.fixture
def scenario(name: str, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    monkeypatch.setattr(sys, "path", list(sys.path))
    return scenarios.find(name)


@ALL
def test_it_is_a_plain_function_of_typed_keywords_with_defaults(scenario: Scenario) -> None:
    function = scenario.function
    assert inspect.isfunction(function)
    assert not inspect.iscoroutinefunction(function)
    assert scenario.parameters, "something about it can be varied"
    for parameter in inspect.signature(function).parameters.values():
        assert parameter.annotation is not parameter.empty, parameter.name
        assert parameter.default is not parameter.empty, parameter.name
    for known in scenario.parameters:
        assert known.read(known.default) == known.default, f"{known.name}: its default is its type"
    wanted = "Tournament" if issubclass(scenario.returns, Tournament) else "Scene"
    assert wanted in str(inspect.signature(function).return_annotation)


@ALL
def test_it_says_what_it_is(scenario: Scenario) -> None:
    summary = scenario.summary
    assert 10 <= len(summary) <= 100, "the first line is shown by `elsinore list`"
    assert summary == summary.strip()
    assert summary[-1] in ".?!"


@ALL
def test_it_says_where_it_comes_from_and_what_is_known(scenario: Scenario) -> None:
    doc = inspect.getmodule(scenario.function).__doc__ or ""
    assert re.search(r"\bsources?\b", doc, re.I), "the module's docstring names the source"
    assert re.search(r"\bknown result\b", doc, re.I), "the module's docstring says what is known"


@OF_SCENES
def test_it_builds_the_same_scene_each_time(scenario: Scenario) -> None:
    one, two = scenarios.build(scenario, {}), scenarios.build(scenario, {})
    assert isinstance(one, Scene)
    assert one.model_dump(exclude={"graph", "ends"}) == two.model_dump(exclude={"graph", "ends"})
    assert one.names == two.names
    assert one.ends.bound() == two.ends.bound()


@OF_SCENES
def test_its_personas_can_be_played_and_measured(scenario: Scenario) -> None:
    scene = scenarios.build(scenario, {})
    for actor in scene.cast:
        assert actor.persona.brief, f"{actor.name} has no brief"
    assert any(actor.persona.stances for actor in scene.cast)


@OF_SCENES
def test_it_plays_to_the_end_in_two_seconds(scenario: Scenario) -> None:
    scene = scenarios.build(scenario, {})
    started = process_time()
    transcript = asyncio.run(play(scene, open_stage("embedded:base"), seed=1))
    assert transcript.ended is not None
    assert transcript.ended.status == "done"
    assert transcript.failures == []
    assert {turn.speaker for turn in transcript.turns} == set(scene.names)
    # A bound of the contract, in processor time and a hundred times what is usual: no benchmark.
    assert process_time() - started < 2.0


@OF_TOURNAMENTS
def test_a_tournament_is_the_same_each_time_and_its_debates_play_to_the_end(
    scenario: Scenario,
) -> None:
    one, two = (scenarios.make(scenario, {}, Tournament) for _ in range(2))
    identities = {name: name for name in (one.stage, *one.model_strings)}
    assert one.identity(identities) == two.identity(identities)
    started = process_time()
    for leg in one.legs(1)[:4]:
        trial = one.trial(leg, identities)
        stages = {name: open_stage(name) for name in trial.scene.stages}
        stage = open_stage(one.stage)
        told = asyncio.run(play(trial.scene, stage, seed=trial.seed, stages=stages))
        assert told.ended is not None
        assert told.ended.status == "done"
        assert {turn.speaker for turn in told.turns} == set(leg.actors)
    assert process_time() - started < 4.0


def test_what_makes_a_tournament_is_no_single_scene() -> None:
    with pytest.raises(ScenarioError, match="use elsinore tournament attractor_tournament"):
        scenarios.build(scenarios.find("attractor_tournament"), {})


@pytest.mark.parametrize("name", sorted(scenarios.files()))
def test_a_tournament_in_a_file_says_what_it_is(name: str) -> None:
    path = scenarios.files()[name]
    tournament = read_tournament(path)
    assert tournament.judges
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# ")
    assert first.endswith(".")
