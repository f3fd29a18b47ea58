"""The names that stores know: fixed, complete, and apart from what classes are called."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from types import ModuleType

import sim.scene
import sim.tournament
from sim.planning.canonical_form import plain
from sim.planning.names import SCENE_NAMES, Names
from sim.scene.answers import Answering
from sim.scene.audience import Hearing
from sim.scene.base_model import AuthoredModel
from sim.scene.endings import After, Ending
from sim.scene.interventions import Intervention
from sim.tournament.tournament import _NAMES as TOURNAMENT_NAMES

# What is never built itself.
BASES = {AuthoredModel, Ending, Hearing, Intervention, Answering}

# Written by the first version that named classes this way, and read back by every later one.
FIXED = """
Actor Addressed After Agreement Bidding Both Choice ChosenBy Context CrossExamination DeleteTurn
Directed Distribution Edge Either Enter Example Explained FixedOrder FreeText Graph Groups
Interrupts Leave Limit LongestWait Noise Note Number Overheard Persona Phase Phases Population Probe
Prose Question Ranking Recast Remember ReplaceTurn Restage Said Say Scene Scripted Simultaneous Walk
Whisper Whispers Wording
"""


def modules(package: ModuleType) -> list[ModuleType]:
    listed = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [import_module(each.name) for each in listed]


def test_the_names_of_scenes_are_those_that_stores_hold() -> None:
    assert sorted(SCENE_NAMES.classes) == sorted(FIXED.split())
    assert list(SCENE_NAMES.functions) == ["never"]


def test_everything_that_can_be_authored_has_a_name() -> None:
    authored = {
        thing
        for package in (sim.scene, sim.tournament)
        for module in modules(package)
        for thing in vars(module).values()
        if inspect.isclass(thing)
        if issubclass(thing, AuthoredModel | Ending)
        if not thing.__name__.startswith("_") and thing not in BASES
    }
    assert authored <= set(TOURNAMENT_NAMES.classes.values())


def test_a_renamed_class_keeps_its_name_in_stores() -> None:
    ending = After(turns=2)
    stored = plain(ending, "ends")
    called = After.__qualname__
    try:
        After.__qualname__ = After.__name__ = "AfterSoManyTurns"
        assert plain(ending, "ends") == stored == {"$type": "After", "turns": 2}
        assert plain(ending, "ends", Names({}, {}))["$type"] == "AfterSoManyTurns"
    finally:
        After.__qualname__ = After.__name__ = called
