"""A scene that was stored is the same scene again, or says why it cannot be."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from backstage.effort import effort
from backstage.scenes import debate
from backstage.strategies import scenes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.validity.random_scenes import random_scene
from sim import Edge, Graph, Scene, after
from sim.events import Turn
from sim.layouts import render
from sim.planning import canonical
from sim.planning.decoder import Unreadable, scene_for_prompts, scene_from
from sim.scene.graph import Floor, PublicView
from sim.scene.interventions import note, say
from sim.scene.routing import Walk
from sim.tournament import Entrant, Motion, Tournament


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=effort(12, 30))
@given(scenes())
def test_any_scene_is_read_back(scene: Scene) -> None:
    text = canonical(scene)
    again = scene_from(text)
    assert again == scene
    assert canonical(again) == text


@settings(max_examples=effort(24, 60))
@given(st.integers(0, 10_000))
def test_routers_hearing_and_interventions_are_read_back(seed: int) -> None:
    scene = random_scene(Random(seed))
    # One probe of these has a condition, which is code.
    scene = scene.model_copy(update={"probes": tuple(p for p in scene.probes if p.when is None)})
    text = canonical(scene)
    assert canonical(scene_from(text)) == text


def test_debates_are_read_back() -> None:
    """Cross-examination, limits of phases, answers in a form: all that a tournament plays."""
    tournament = Tournament(
        name="Cup", entrants=(Entrant(name="a"), Entrant(name="b")), motions=(Motion(topic="Tea?"),)
    )
    for leg in tournament.legs(1):
        scene = tournament.trial(leg, {"embedded:base": "embedded:base"}).scene
        text = canonical(scene)
        assert "CrossExamination" in text
        assert scene_from(text) == scene


class Own(Walk):
    """A router of somebody's own."""

    __slots__ = ()


CODE: list[dict[str, Any]] = [
    {"routing": Own()},
    {"interventions": (note("(Rain.)", when=lambda view: True),)},
    {
        "graph": Graph(
            names=("Ada", "Ben", "Cleo"), first="Ada",
            edges=(Edge(source="Ada", target="Ben", when=lambda view: True),
                   Edge(source="Ben", target="Cleo"), Edge(source="Cleo", target="Ada")),
        )
    },
]  # fmt: skip


@pytest.mark.parametrize("fields", CODE)
def test_code_is_refused_and_left_out_for_prompts(fields: dict[str, Any]) -> None:
    scene = debate(**fields)
    text = canonical(scene)
    with pytest.raises(Unreadable, match="is not Elsinore's, and a store holds no code"):
        scene_from(text)
    again = scene_for_prompts(json.loads(text))
    assert render(again, [], "Ada").digest == render(scene, [], "Ada").digest
    assert again.names == scene.names


class Plain:
    """A router of somebody's own that is no record."""

    def __init__(self) -> None:
        self.inner = Walk()

    def start(self, floor: Floor) -> Any:
        return self.inner.start(floor)

    def heard(self, state: Any, turn: Turn, seat: int) -> Any:
        return self.inner.heard(state, turn, seat)

    def next(self, state: Any, view: PublicView, seed: int) -> Any:
        return self.inner.next(state, view, seed)


@pytest.mark.parametrize("fields", [*CODE, {"routing": Plain()}])
def test_code_is_taken_from_a_scene_that_has_it(fields: dict[str, Any]) -> None:
    """As in a branch: what was added is stored, and the code is that of its parent's scene."""
    parent = debate(**fields)
    more = (*parent.interventions, say("Ada", "Never.", at=2))
    branch = parent.model_copy(update={"interventions": more, "ends": parent.ends | after(turns=3)})
    again = scene_from(canonical(branch), parent)
    assert canonical(again) == canonical(branch)
    with pytest.raises(Unreadable):
        scene_from(canonical(branch), debate())


def test_what_is_no_scene_is_refused() -> None:
    with pytest.raises(Unreadable, match="no scene"):
        scene_from("{}")
    broken = canonical(debate()).replace('"turns":6', '"rounds":6')
    with pytest.raises(Unreadable, match="other fields"):
        scene_from(broken)
