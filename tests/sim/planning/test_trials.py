"""Trials and plans."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import Persona, Scene, after, plan, ring
from sim.errors import BadRequest, ScenarioError
from sim.planning import Trial, trial_id

MODELS = [("embedded:base", "exact base"), ("embedded:rlhf", "exact rlhf")]


def tea(turns: int = 2, topic: str = "Tea?") -> Scene:
    return Scene(
        topic=topic,
        cast=[Persona(name="Ada"), Persona(name="Ben")],
        graph=ring("Ada", "Ben"),
        ends=after(turns=turns),
    )


def test_models_share_their_seeds() -> None:
    trials = plan(tea, models=MODELS, trials=3, seed=10)
    assert [(trial.stage, trial.seed) for trial in trials] == [
        (stage, seed) for _, stage in MODELS for seed in (10, 11, 12)
    ]
    assert len({trial.id for trial in trials}) == 6
    assert trials[0].parameters == {"turns": 2, "topic": "Tea?"}
    assert trials[0].scenario == "tea"
    assert len(trials[0].source) == 32


def test_an_id_says_what_is_played_and_not_how_it_was_asked_for() -> None:
    [one] = plan(tea, models=MODELS[:1], parameters={"turns": 2})
    [same] = plan(lambda: tea(), name="other", models=[("by another name", MODELS[0][1])])
    [longer] = plan(tea, models=MODELS[:1], parameters={"turns": 3})
    assert one.id == same.id
    assert one.id != longer.id


def test_a_surrogate() -> None:
    [live] = plan(tea, models=MODELS[:1])
    yoked = live.renew(arm="yoked", focal="Ada", of=live.id, scene=tea(topic="The weather."))
    assert (yoked.seed, yoked.stage, yoked.of) == (live.seed, live.stage, live.id)
    assert len({live.id, yoked.id, yoked.renew(focal="Ben").id, yoked.renew(seed=1).id}) == 4
    assert yoked.renew() == yoked
    assert live.renew(model="the same by another name").id == live.id
    made = Trial.of_scene(live.scene, scenario="tea", model="m", stage=live.stage, seed=live.seed)
    assert made.id == live.id


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0}, "use at least 1"),
        ({"seed": -1}, "seed: -1 is out of range"),
        ({"seed": 2**63 - 1, "trials": 2}, "is out of range"),
        ({"models": []}, "name at least one"),
    ],
)
def test_plans_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        plan(tea, **{"models": MODELS, **options})


def test_a_parameter_that_there_is_not() -> None:
    with pytest.raises(ScenarioError, match="'temper'; it takes turns, topic"):
        plan(tea, models=MODELS, parameters={"temper": 1})
    with pytest.raises(ScenarioError, match="returned str; a scenario returns a Scene"):
        plan(lambda: "x", name="x", models=MODELS)  # type: ignore[arg-type, return-value]


words = st.text(max_size=3)
maybe = st.none() | words
ids = st.tuples(words, words, st.integers(0, 9), words, maybe, maybe)


def id_of(scene: str, *facts: Any) -> str:
    names = ("stage", "seed", "arm", "focal", "of")
    [made] = plan(tea, models=MODELS[:1])
    return trial_id(replace(made, **dict(zip(names, facts, strict=True))), scene)


@given(ids, ids)
def test_ids_differ_exactly_where_trials_do(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    assert (id_of(*one) == id_of(*other)) == (one == other)
