"""What every scenario obeys. One that ships is tested by being in ``scenarios``."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from backstage import well

from sim import Scene, after
from sim.errors import ScenarioError
from sim.planning import scenarios
from sim.planning.scenarios import Scenario
from sim.scene.routing import FixedOrder
from sim.testing.promises import Broken
from sim.testing.scenarios import (
    builds_the_same_scene,
    can_be_varied,
    check_scenario,
    has_whole_personas,
    plays_to_its_end,
    says_what_it_is,
    tournament_is_the_same_and_plays,
)
from sim.testing.scenes import debate
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
    can_be_varied(scenario)
    wanted = "Tournament" if issubclass(scenario.returns, Tournament) else "Scene"
    assert wanted in str(inspect.signature(scenario.function).return_annotation)


@ALL
def test_it_says_what_it_is(scenario: Scenario) -> None:
    says_what_it_is(scenario)


@ALL
def test_it_says_where_it_comes_from_and_what_is_known(scenario: Scenario) -> None:
    doc = inspect.getmodule(scenario.function).__doc__ or ""
    assert re.search(r"\bsources?\b", doc, re.I), "the module's docstring names the source"
    assert re.search(r"\bknown result\b", doc, re.I), "the module's docstring says what is known"


@OF_SCENES
def test_it_builds_the_same_scene_each_time(scenario: Scenario) -> None:
    builds_the_same_scene(scenario)


@OF_SCENES
def test_its_personas_can_be_played_and_measured(scenario: Scenario) -> None:
    has_whole_personas(scenario)


@OF_SCENES
def test_it_plays_to_the_end_in_two_seconds(scenario: Scenario) -> None:
    plays_to_its_end(scenario)


@OF_TOURNAMENTS
def test_a_tournament_is_the_same_each_time_and_its_debates_play_to_the_end(
    scenario: Scenario,
) -> None:
    tournament_is_the_same_and_plays(scenario)


def a_soliloquy(turns: int = 4) -> Scene:
    """Somebody who waits for an answer, and a friend who is never asked."""
    scene = debate(ends=after(turns=turns))
    return scene.model_copy(update={"graph": scene.graph, "routing": FixedOrder(("Ada", "Ben"))})


def untyped(turns=4):  # type: ignore[no-untyped-def]
    """A scenario without types, which no command could read a parameter for."""


@pytest.mark.parametrize(
    ("function", "why"),
    [(a_soliloquy, "Cleo never speaks"), (untyped, "has no type")],
)
def test_the_check_for_authors_finds_what_is_broken(
    function: Callable[..., Scene], why: str
) -> None:
    with pytest.raises(Broken, match=why):
        check_scenario(function)


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
