"""Equivalent worlds: what a change leaves as it is, on every scenario that ships."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from functools import cache

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import convergence
from analysis.tables import Record, tables_from
from sim import Actor, Persona, Scene, after, ask_stance, play, ring
from sim.events import Answer, Event, Turn
from sim.planning import scenarios
from sim.planning.scenarios import build, find
from sim.planning.worlds.changes import (
    Unfit,
    options_reversed,
    relabelled,
)
from sim.planning.worlds.factors import INVARIANCES, MODERATORS, Change, names_factor, world
from sim.planning.worlds.retold import (
    negated,
    other_names,
    other_sheet,
    polarity_flipped,
    renamed,
    second_person,
)
from sim.scene.prose import PROSE
from sim.scene.templates import Wording
from sim.seeds import derive
from sim.stage.base import Reply, Request, Wrapper
from sim.stage.exact import exact_stage

NAMES = [name for name in scenarios.names() if find(name).returns is Scene]


@cache
def shipped(name: str, prose: bool = False) -> Scene:
    """A scenario that ships, as it is, in labels or in prose."""
    return build(find(name), {}).worded(PROSE if prose else Wording())


def events(scene: Scene, seed: int) -> list[Event]:
    """What happens in a scene on the embedded stage, without times."""
    short = scene if scene.interventions else scene.replace(ends=scene.ends | after(turns=8))
    played = asyncio.run(play(short, exact_stage("base"), seed=seed)).events
    return [replace(each, seconds=0.0) if isinstance(each, Turn | Answer) else each
            for each in played]  # fmt: skip


@given(name=st.sampled_from(NAMES), seed=st.integers(0, 1 << 30))
@settings(max_examples=10, deadline=None)
def test_a_relabelled_graph_moves_nothing(name: str, seed: int) -> None:
    """An exact symmetry: every event is the same, so every number is."""
    scene = shipped(name)
    try:
        other = relabelled(scene)
    except Unfit:
        return
    assert other.graph.names != scene.graph.names
    assert events(other, seed) == events(scene, seed)


@pytest.mark.parametrize("prose", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_change_made_twice_is_none_or_says_why(name: str, prose: bool) -> None:
    scene = shipped(name, prose)
    every = [*INVARIANCES, *MODERATORS, names_factor(other_names([scene]))]
    fit = []
    for factor in every:
        try:
            changed = factor.change(scene)
        except Unfit:
            continue
        fit.append(factor)
        assert changed != scene, factor.name
        if factor.twice == "the same scene":
            assert factor.change(changed) == scene, factor.name
    # Of one actor alone there is no order, and a monologue may have nothing that frames it.
    wanted = {"persona format"}
    if len(scene.cast) > 1:
        wanted |= {"order of the cast", "framing"}
    assert wanted <= {each.name for each in fit}
    # All at once is a scene, too, in whichever order.
    assert world(fit)(scene) != scene
    forth, back = world(fit)(scene), world(fit[::-1])(scene)
    assert forth == back


class ByWords(Wrapper):
    """A stage that draws by the words of a prompt, in which new names count as the old ones.

    Seeds go by names, so that another name draws other lines of the same law. Here they do not.
    """

    def __init__(self, old: dict[str, str]) -> None:
        super().__init__(exact_stage("base"))
        self.old = old

    async def perform(self, request: Request) -> Reply:
        words = "".join(chunk.text for chunk in request.prompt.chunks())
        seed = derive(7, called(words, self.old)) >> 33
        return await self.stage.perform(replace(request, seed=seed))


def called(text: str, names: dict[str, str]) -> str:
    """A text with other names."""
    return re.sub(r"\w+", lambda match: names.get(match.group(), match.group()), text)


@pytest.mark.parametrize("swap", [True, False])
def test_other_names_leave_every_number_the_same_up_to_names(swap: bool) -> None:
    """Exactly so, once the draws do not go by names: the embedded stage knows nobody by name."""
    scene = shipped("cross_purposes").replace(ends=after(turns=8))
    names = {"Ines": "Otto", "Otto": "Ines"} if swap else other_names([scene])
    other = renamed(scene, names)
    assert other.names == tuple(names[name] for name in scene.names)
    back = {new: old for old, new in names.items()}

    def measured(scene: Scene, old: dict[str, str]) -> tuple[list[tuple[str, str]], pd.DataFrame]:
        played = asyncio.run(play(scene, ByWords(old), seed=5))
        said = [(called(each.speaker, old), called(each.text, old))
                for each in played.events if isinstance(each, Turn)]  # fmt: skip
        cast = [each.persona.model_dump() for each in scene.cast]
        tables = tables_from([Record("t", cast, played.events)])
        found = convergence(tables).by_actor
        return said, found.assign(actor=[called(each, old) for each in found["actor"]])

    lines, numbers = measured(scene, {})
    other_lines, other_numbers = measured(other, back)
    assert lines == other_lines
    pd.testing.assert_frame_equal(
        numbers.sort_values("actor", ignore_index=True),
        other_numbers.sort_values("actor", ignore_index=True),
    )


def test_a_negated_motion_turns_stances_and_leaves_distances() -> None:
    scene = shipped("cross_purposes")
    other = polarity_flipped(scene)
    assert other.topic == "The lighthouse should not become a hotel."
    assert [each.persona.stances for each in other.cast] == [
        {"not hotel": 0.8},
        {"not hotel": -0.8},
    ]
    assert other.probes[0].question.key == "stance:not hotel"
    assert '"not hotel"' in other.probes[0].question.text
    assert polarity_flipped(other) == scene


@pytest.mark.parametrize(
    "motion",
    ["Tea must be banned.", "All cats are grey.", "Nobody can win.", "We will not go."],
)
def test_a_motion_negated_twice_is_the_motion(motion: str) -> None:
    assert negated(negated(motion)) == motion != negated(motion)


def test_a_persona_is_told_as_a_list_in_prose_and_to_its_face() -> None:
    ada = Persona(
        name="Ada", brief="A hydrologist.", traits=("dry", "fair"), stances={"sell": -0.8}
    )
    scene = Scene(
        topic="Sell it.", cast=(Actor(ada), Actor(Persona(name="Ben"))), graph=ring("Ada", "Ben"),
        probes=(ask_stance("sell"),), ends=after(turns=2),
    )  # fmt: skip
    labels, prose = scene.worded(Wording()), scene.worded(PROSE)

    def told(scene: Scene) -> str:
        return scene.templates.briefing(scene.occasion, scene.role(scene.seat("Ada")), "")

    assert "Traits: dry; fair" in told(labels)
    assert "Character: Ada. A hydrologist. Ada is dry and fair.\nStance" in told(
        other_sheet(labels)
    )
    assert "Ada: A hydrologist. Ada is dry and fair. Ada is firmly against it." in told(prose)
    assert "Ada: A hydrologist.\nTraits: dry; fair\nAda is firmly" in told(other_sheet(prose))
    assert "You are dry and fair. You are somebody who is firmly" in told(second_person(prose))
    assert other_sheet(second_person(prose)).templates.version == "prose-9+sheet+you"


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("luigi_gauntlet", polarity_flipped, "gives people words"),
        ("oxford_debate", polarity_flipped, "for or against the motion"),
        ("cross_purposes", options_reversed, "no question has options"),
    ],
)
def test_what_a_scene_does_not_take_is_said(name: str, change: Change, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        change(shipped(name))


def test_code_that_may_name_people_is_not_renamed() -> None:
    scene = shipped("cross_purposes")
    asked = scene.probes[0].model_copy(
        update={"every": None, "when": lambda view: view.last.speaker == "Ines"}
    )
    coded = scene.replace(probes=(asked,))
    for change in (polarity_flipped, lambda scene: renamed(scene, {"Ines": "Robin"})):
        with pytest.raises(Unfit, match="condition in code"):
            change(coded)
