"""Scenes: what makes sense, and how everything else is refused."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from backstage import well
from backstage.scenes import ADA, BEN, CLEO, debate
from backstage.strategies import scenes
from hypothesis import HealthCheck, given, settings

from sim import (
    Actor,
    Persona,
    Question,
    Scene,
    after,
    agreement,
    ask_stance,
    play,
    ring,
    said,
    star,
)
from sim.errors import BadRequest, SceneError
from sim.scene.endings import Ending
from sim.scene.probes import Number, Probe
from sim.scene.routing import LongestWait, Walk
from sim.stage.exact import exact_stage

README = Path(__file__).parents[3] / "README.md"


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(scenes())
def test_whatever_the_generators_author_is_a_scene(scene: Scene) -> None:
    assert scene.names == tuple(actor.name for actor in scene.cast)
    assert scene.ends.bound() is not None


def test_personas_in_the_cast_become_actors() -> None:
    scene = debate(cast=[ADA, Actor(BEN), CLEO])
    assert scene.cast == (Actor(ADA), Actor(BEN), Actor(CLEO))
    assert scene == debate()


def test_what_a_scene_is_when_nothing_is_said() -> None:
    scene = debate()
    assert (scene.layout, scene.routing, scene.probes) == ("persona_first", Walk(), ())
    assert debate(routing=LongestWait()).router == LongestWait()


def test_a_scene_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        debate().topic = "Tea"


def gauged(turns: int = 9, **fields: Any) -> Ending:
    return agreement(gauge=ask_stance("sell", **fields)) | after(turns=turns)


def other_question(key: str) -> Probe:
    return Probe(
        question=Question(key=key, text="?", answer=Number(field="x", low=0, high=1)), every=1
    )


REFUSED: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("a blank topic", {"topic": " "}, ("Scene.topic", "blank", "say what")),
    ("nobody", {"cast": ()}, ("Scene.cast", "empty", "at least one")),
    ("two of one name", {"cast": (ADA, BEN, CLEO, ADA)}, ("Scene.cast", "'Ada'", "another name")),
    (
        "an unknown name in the graph",
        {"graph": ring("Ada", "Ben", "Cleo", "Dan")},
        ("Scene.graph", "'Dan'", "use one of Ada, Ben, Cleo"),
    ),
    (
        "somebody who is not in the graph",
        {"graph": ring("Ada", "Ben")},
        ("Scene.cast", "'Cleo'", "add an edge"),
    ),
    (
        "an unknown name in a probe",
        {"probes": (ask_stance("sell", to=("Dan",)),)},
        ("Scene.probes.0.to", "'Dan'", "use one of Ada, Ben, Cleo"),
    ),
    (
        "a misspelt issue in the second probe",
        {"probes": (other_question("k"), ask_stance("sel"))},
        ("Scene.probes.1", "'sel'", "use one of sell"),
    ),
    (
        "two probes with one key",
        {"probes": (ask_stance("sell"), ask_stance("sell", every=1))},
        ("Scene.probes", "'stance:sell'", "ask it once"),
    ),
    (
        "an unknown name in an ending",
        {"ends": said("bye", by="Dan") | after(turns=3)},
        ("Scene.ends", "'Dan'", "use one of Ada, Ben, Cleo"),
    ),
    (
        "an unknown name in a gauge",
        {"ends": gauged(to=("Ada", "Dan"))},
        ("Scene.ends.to", "'Dan'", "use one of Ada, Ben, Cleo"),
    ),
    (
        "a misspelt issue in a gauge",
        {"ends": agreement(gauge=ask_stance("sel")) | after(turns=9)},
        ("Scene.ends", "'sel'", "use one of sell"),
    ),
    (
        "an agreement of one",
        {"ends": gauged(to=("Ada",))},
        ("Scene.ends", "fewer than two", "ask at least two"),
    ),
    (
        "a gauge that is never asked",
        {"ends": gauged(turns=5, every=6)},
        ("Scene.ends", "'stance:sell'", "after turn 6", "after 5", "more often"),
    ),
    (
        "a gauge for which the first round is too short",
        {"ends": gauged(turns=2)},
        ("Scene.ends", "after turn 3", "after 2", "play longer"),
    ),
    (
        "two gauges that cannot be told apart",
        {"ends": gauged(every=1) | agreement(gauge=ask_stance("sell", every=2))},
        ("Scene.ends", "'stance:sell'", "one gauge, or other keys"),
    ),
    ("no bound", {"ends": said("bye")}, ("Scene.ends", "ever over", "| after(turns=...)")),
    (
        "no bound but one that must coincide",
        {"ends": said("bye") & after(turns=3)},
        ("Scene.ends", "ever over", "| after(turns=...)"),
    ),
    ("no ending at all", {"ends": 5}, ("Scene.ends", "Ending", "5")),
    ("an unknown layout", {"layout": "sonnet"}, ("Scene.layout", "'sonnet'", "'persona_first'")),
    ("a router that is none", {"routing": "ring"}, ("Scene.routing", "'ring'", "Walk()")),
    ("a class for a router", {"routing": Walk}, ("Scene.routing", "Walk", "use Walk()")),
    ("no room for words", {"words": 0}, ("Scene.words", "0", "greater than or equal to 1")),
    ("an unknown field", {"topik": "x"}, ("Scene.topik", "no such field", "topic")),
    ("somebody who is no actor", {"cast": (ADA, 3)}, ("Scene.cast.1", "3", "Actor(persona)")),
    ("a cast that is no list", {"cast": ADA}, ("Scene.cast", "Ada", "is no list of actors")),
    ("no graph", {"graph": None}, ("Scene.graph", "None", "Graph")),
]


@pytest.mark.parametrize(
    ("fields", "parts"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_what_is_refused_and_how(fields: dict[str, Any], parts: tuple[str, ...]) -> None:
    with pytest.raises(SceneError) as caught:
        debate(**fields)
    message = str(caught.value)
    assert "\n" not in message, "one line"
    assert not re.search(r"pydantic|validation error|type=|input_value|For further", message)
    for part in parts:
        assert part in message, message


def test_what_is_missing_is_named() -> None:
    with pytest.raises(
        SceneError, match=r"Scene\.cast: is missing; give it a value \(and 2 more\)"
    ):
        Scene(topic="Tea")  # type: ignore[call-arg]


def test_a_refusal_is_a_bad_request_and_a_value_error() -> None:
    with pytest.raises(BadRequest) as caught:
        debate(topic="")
    assert isinstance(caught.value, ValueError)
    assert caught.value.exit_code == 2
    assert caught.value.__cause__ is None


def test_a_refused_part_reaches_the_author_as_it_was_refused() -> None:
    with pytest.raises(SceneError) as caught:
        Actor({"name": "A:da"})  # type: ignore[arg-type]
    assert str(caught.value).startswith("Persona.name: 'A:da' cannot stand before a line;")


def test_an_issue_that_nobody_holds_may_be_asked_when_nobody_holds_any() -> None:
    cast = (Persona(name="Ada"), Persona(name="Ben"))
    scene = debate(cast=cast, graph=ring("Ada", "Ben"), probes=(ask_stance("tea"),))
    assert scene.probes[0].issue == "tea"


def test_a_moderated_scene() -> None:
    scene = debate(graph=star("Cleo", "Ada", "Ben"), routing=LongestWait(), ends=gauged())
    assert scene.graph.first == "Cleo"


def played(scene: Scene) -> int:
    return len(asyncio.run(play(scene, exact_stage("base"), seed=1)))


def test_a_debate_of_three_takes_at_most_fifteen_lines() -> None:
    source = Path(str(well.__file__)).read_text(encoding="utf-8")
    written = source[source.index("def well") :].rstrip().splitlines()
    assert len(written) <= 15
    assert max(len(line) for line in written) <= 100
    assert len(well.well().cast) == 3
    assert played(well.well(rounds=2)) == 6


def examples() -> list[str]:
    """The Python in the README that builds a scene."""
    text = README.read_text(encoding="utf-8")
    return [code for code in re.findall(r"```python\n(.*?)```", text, re.S) if "Scene(" in code]


def test_the_examples_in_the_readme_play() -> None:
    for code in examples():
        space: dict[str, Any] = {"__name__": "readme"}
        exec(compile(code, str(README), "exec"), space)  # noqa: S102
        made = [value for value in space.values() if isinstance(value, Scene)]
        made += [
            value()
            for value in space.values()
            if getattr(value, "__module__", "") == "readme" and callable(value)
        ]
        assert made, "the example builds no scene"
        for scene in made:
            assert played(scene) > 0
        statements = [line for line in code.splitlines() if line.strip()]
        if any(len(scene.cast) == 3 for scene in made):
            assert len([line for line in statements if "import" not in line]) <= 15


def test_a_gauge_of_several_samples_is_refused() -> None:
    gauge = ask_stance("sell", samples=3)
    with pytest.raises(SceneError, match=r"asks for 3 samples, .*; leave samples out"):
        debate(ends=after(turns=6) | agreement(gauge=gauge))


def test_a_scene_without_an_end_in_sight_is_refused() -> None:
    with pytest.raises(SceneError, match=r"may last 1,000,000,000 turns; .* at most 100,000"):
        debate(ends=after(turns=10**9))
