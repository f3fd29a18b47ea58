"""Studies: laid out, registered before the first trial, resumed, and answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import nan
from pathlib import Path

import pandas as pd
import pytest

from analysis.primary import tables_of
from analysis.reports.arms import arms_of
from analysis.tables import load
from sim.errors import BadRequest, ScenarioError, SceneError
from sim.planning import Trial
from sim.planning.studies import Arm, Contrast, Study, Twin, find_study, study_names
from sim.runs.estimate import estimate
from sim.runs.executors import Job
from sim.runs.options import RunOptions
from sim.runs.trials import run_trials
from sim.scene.actor import Context
from sim.store import open_store
from sim.study.studies.conduct import conduct, measured, register
from sim.study.studies.design import APART, TOPICS_APART, design_of
from sim.study.studies.deviations import deviations
from sim.study.studies.methods import methods
from sim.study.studies.page import page_of
from sim.study.studies.registration import digest, facts_of, registered
from sim.study.studies.verdicts import findings_of


def tiny(**changes: object) -> Study:
    """Two arms of four turns each."""
    given: dict[str, object] = {
        "name": "tiny",
        "question": "Does anything differ?",
        "source": "none",
        "known": "nothing",
        "refuted_by": "no difference",
        "stages": {"base": "embedded:base", "tuned": "embedded:rlhf"},
        "arms": {
            "base": Arm(scenario="cross_purposes", parameters={"turns": 4}, stage="base"),
            "tuned": Arm(scenario="cross_purposes", parameters={"turns": 4}, stage="tuned"),
        },
        "primary": (Contrast(measure="convergence.end", weights={"tuned": 1, "base": -1}),),
        "seeds": 6,
        "absent": Twin(why="one stage", stages={"tuned": "embedded:base"}),
    }
    return Study(**{**given, **changes})


def test_arms_share_seeds_and_come_block_by_block() -> None:
    design = design_of(tiny(), seeds=3, seed=5)
    assert [(each.arm, each.seed, each.trial.seed) for each in design.planned] == [
        (arm, seed, seed) for seed in (5, 6, 7) for arm in ("base", "tuned")
    ]
    assert len({trial.id for trial in design.trials}) == 6


def test_arms_of_one_stage_have_seeds_of_their_own() -> None:
    """Else they would be the same trials, and a difference of exactly nothing."""
    design = design_of(tiny().twin("absent"), seeds=2)
    seeds = [(each.arm, each.trial.seed) for each in design.planned]
    assert seeds == [("base", 0), ("tuned", APART), ("base", 1), ("tuned", 1 + APART)]


def test_topics_are_independent() -> None:
    """On an embedded stage scenes with one seed and other words would go the same way."""
    topics: dict[str, dict[str, object]] = {"far": {"apart": 0.8}, "near": {"apart": 0.5}}
    design = design_of(tiny(topics=topics), seeds=2, seed=3)
    seeds: dict[str, list[int]] = {topic: [] for topic in topics}
    for each in design.planned:
        assert each.trial.seed == each.seed + TOPICS_APART * list(topics).index(each.topic)
        seeds[each.topic].append(each.trial.seed)
    assert not set(seeds["far"]) & set(seeds["near"])
    assert {each.seed for each in design.planned} == {3, 4}


def test_an_arm_has_its_own_layout_context_and_surrogate() -> None:
    study = tiny(
        arms={
            "short": Arm(scenario="cross_purposes", stage="base", context=500, layout="screenplay"),
            "alone": Arm(scenario="cross_purposes", stage="base", surrogate="mute", focal="Ines"),
        },
        primary=(Contrast(measure="convergence.end", weights={"short": 1}),),
    )
    short, alone = design_of(study, seeds=1).planned
    assert short.trial.scene.layout == "screenplay"
    assert short.trial.scene.cast[0].context == Context(tokens=500, policy="drop_oldest")
    assert (alone.trial.arm, alone.trial.focal) == ("mute", "Ines")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"measure": "convergance.end"}, "there is no measure 'convergance'; did you mean"),
        ({"measure": "convergence.ende"}, "is no number of trials; did you mean"),
        ({"measure": "convergence.end", "actor": "Ines"}, "is no number of actors"),
        (
            {"measure": "flips.flip", "actor": "Inez"},
            "'Inez' in the arm base; did you mean Ines",
        ),
        ({"measure": "convergence.end", "settings": {"lag": 2}}, "other things than lag"),
        (
            {"measure": "conformity.last", "settings": {"subject": "Inez"}},
            "'Inez' in the arm base; did you mean Ines",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused_before_it_is_played(
    change: dict[str, object], message: str
) -> None:
    weights = {"tuned": 1.0, "base": -1.0}
    exploratory = (Contrast(weights=weights, **change),)  # type: ignore[arg-type]
    with pytest.raises(BadRequest, match=message):
        design_of(tiny(exploratory=exploratory), seeds=1)


class Nobody:
    """An executor that plays nothing, as if the run was killed before its first trial."""

    async def play_all(self, trials: Sequence[Trial], job: Job, concurrency: int) -> None:
        """Nothing."""

    def cancel(self) -> None:
        """Nothing."""


def test_a_layout_is_for_arms_that_have_none_of_their_own() -> None:
    arms = {**tiny().arms, "own": Arm(scenario="cross_purposes", stage="base", layout="author")}
    told = tiny(arms=arms).told_by("screenplay")
    layouts = {each.arm: each.trial.scene.layout for each in design_of(told, seeds=1).planned}
    assert layouts == {"base": "screenplay", "tuned": "screenplay", "own": "author"}


def test_what_decides_is_stored_before_the_first_trial(tmp_path: Path) -> None:
    store = tmp_path / "tiny.db"
    design = design_of(tiny())
    options = register(design, store).options(RunOptions())
    asyncio.run(run_trials(design.trials, design.stages, store, options, executor=Nobody()))
    with open_store(store) as opened:
        facts = registered(opened, "tiny")
        assert {trial.status for trial in opened.trials()} == {"planned"}
    assert facts is not None
    assert facts["primary"][0]["measure"] == "convergence.end"
    assert facts == facts_of(design)
    # What was not played counts nowhere, and is told.
    verdict, _ = measured(register(design, store), store)
    assert (verdict.found, verdict.unfinished) == ("cannot be said", 12)
    assert verdict.primary[0].result.missing == {"tuned": 6, "base": 6}
    assert any("12 trials did not come to an end" in each for each in verdict.sentences)
    assert not conduct(tiny(), store).deviations


def test_a_study_that_is_played_again_plays_nothing_and_says_the_same(tmp_path: Path) -> None:
    store = tmp_path / "tiny.db"
    first = conduct(tiny(), store)
    with open_store(store) as opened:
        before = len(opened.trials())
    again = conduct(tiny(), store)
    with open_store(store) as opened:
        assert len(opened.trials()) == before == 12
    assert first.sentences == again.sentences


def test_more_seeds_are_a_deviation_that_is_told(tmp_path: Path) -> None:
    store = tmp_path / "tiny.db"
    conduct(tiny(), store, seeds=2)
    more = conduct(tiny(), store, seeds=3)
    assert more.deviations == ("the seeds: 2 from 0 was fixed beforehand, and now it is 3 from 0",)
    assert any("Not as registered" in sentence for sentence in more.sentences)


def test_another_primary_measure_is_a_deviation(tmp_path: Path) -> None:
    store = tmp_path / "tiny.db"
    conduct(tiny(), store, seeds=2)
    other = tiny(primary=(Contrast(measure="convergence.c", weights={"tuned": 1, "base": -1}),))
    found = conduct(other, store, seeds=2)
    assert found.deviations == (
        "the primary contrasts, measure of number 1: convergence.end was fixed beforehand, and now "
        "it is convergence.c",
    )


def test_the_hash_to_cite_is_that_of_what_was_fixed_beforehand(tmp_path: Path) -> None:
    store = tmp_path / "tiny.db"
    conduct(tiny(), store, seeds=2)
    first = register(design_of(tiny(), seeds=2), store)
    more = register(design_of(tiny(), seeds=3), store)
    verdict, _ = measured(more, store)
    assert more.hash == first.hash == digest(first.facts) != digest(more.facts)
    assert f"(registration {first.hash})" in methods(verdict, more)
    assert "3 seeds each" in methods(verdict, more)


def test_where_a_long_value_differs_is_told() -> None:
    was, now = ({"stages": {"stage": f"m?{'a=1&' * 40}kappa={k}&b=2"}} for k in (0.4, 0.5))
    [told] = deviations(was, now)
    assert told.what == "the models, stage"
    assert (told.was[-12:], told.now[-12:]) == ("kappa=0.4&b=2"[-12:], "kappa=0.5&b=2"[-12:])
    many = [{"arms": {str(arm): {"rounds": rounds} for arm in range(9)}} for rounds in (2, 3)]
    assert [each.more for each in deviations(*many)] == [0, 0, 6]


def test_arms_that_differ_in_memory_alone_are_told_apart(tmp_path: Path) -> None:
    """Else a report, a comparison and a null would pool them."""
    store = tmp_path / "tiny.db"
    arms = {"all": Arm(scenario="cross_purposes", parameters={"turns": 4}, stage="base")}
    arms["little"] = arms["all"].replace(context=200)
    study = tiny(
        arms=arms, primary=(Contrast(measure="convergence.end", weights={"all": 1, "little": -1}),)
    )
    conduct(study, store, seeds=2)
    design = design_of(study, seeds=2)
    with open_store(store) as opened:
        tables = (load(store), tables_of(opened, design.ids))
    for each in tables:
        layouts = dict(zip(each.trials["trial"], each.trials["layout"], strict=True))
        assert {layouts[trial] for trial in design.trials_of("all")} == {"persona_first"}
        assert {layouts[trial] for trial in design.trials_of("little")} == {
            "persona_first within 200 tokens (drop_oldest)"
        }
    assert [len(arm.trials) for arm in arms_of(tables[0].trials)] == [2, 2]


def test_an_estimate_knows_that_arms_remember_less() -> None:
    """Prompts are shorter then, and who sums up is asked for it."""
    arm = Arm(scenario="cross_purposes", parameters={"turns": 12}, stage="base")
    found = {}
    for policy in ("drop_oldest", "summarise"):
        arms = {"all": arm, "little": arm.replace(context=200, policy=policy)}
        weights = {"all": 1.0, "little": -1.0}
        study = tiny(
            arms=arms, primary=(Contrast(measure="convergence.end", weights=weights),), absent=None
        )
        design = design_of(study, seeds=1)
        [found[policy]] = asyncio.run(estimate(design.trials, design.stages))
    design = design_of(
        tiny(
            arms={"all": arm, "again": arm},
            absent=None,
            primary=(Contrast(measure="convergence.end", weights={"all": 1, "again": -1}),),
        ),
        seeds=1,
    )
    [whole] = asyncio.run(estimate(design.trials, design.stages))
    assert found["drop_oldest"].usage.prompt_tokens < whole.usage.prompt_tokens
    assert found["summarise"].calls > whole.calls


def test_the_page_of_a_study_is_about_its_own_trials(tmp_path: Path) -> None:
    store = tmp_path / "tiny.db"
    conduct(tiny(), store, seeds=1)
    conduct(tiny(), store, seeds=1, models={"tuned": "embedded:base?kappa=0.9"})
    registered = register(design_of(tiny(), seeds=1), store)
    verdict, _ = measured(registered, store)
    made = page_of(verdict, registered, store)
    assert "Made from 2 trials of tiny.db" in made
    # It is told as a deviation nowhere, since this is the study as it was registered.
    assert "kappa=0.9" not in made.partition("Where this comes from")[0]


def numbers(values: dict[str, list[float]]) -> pd.DataFrame:
    """The numbers of the trials of some arms, one topic."""
    rows = [
        (arm, "", seed, value) for arm, some in values.items() for seed, value in enumerate(some)
    ]
    return pd.DataFrame(rows, columns=["arm", "topic", "seed", "convergence.end"])


@pytest.mark.parametrize(
    ("tuned", "base", "told"),
    [
        ([0.5] * 6, [0.5] * 6, "Tuned less base: 0.00 (no limits, 6 blocks; p"),
        ([0.5] * 3, [nan] * 3, "Cannot be said. Tuned less base: no trial of base has a number ("),
        ([0.5, nan], [nan, 0.5], "Cannot be said. Tuned less base: no block has all numbers ("),
    ],
)
def test_what_has_no_limits_or_no_number_says_so(
    tuned: list[float], base: list[float], told: str
) -> None:
    [found] = findings_of(tiny(), numbers({"tuned": tuned, "base": base}))
    assert told in found.sentence


def test_trials_that_were_seen_before_are_refused(tmp_path: Path) -> None:
    store = tmp_path / "tiny.db"
    conduct(tiny(), store, seeds=2)
    renamed = tiny(name="another")
    with pytest.raises(BadRequest, match="played before the study was registered"):
        register(design_of(renamed, seeds=2), store)


def test_a_recorded_study_is_played_again_without_a_model(tmp_path: Path) -> None:
    """Each role by the model that had it, and the same numbers."""
    store = tmp_path / "tiny.db"
    first = conduct(tiny(), store, seeds=2)
    recording = {"base": f"recorded:{store}", "tuned": f"recorded:{store}"}
    again = conduct(tiny(), tmp_path / "again.db", models=recording, seeds=2)
    assert again.models == first.models
    assert [each.result for each in again.findings] == [each.result for each in first.findings]
    with pytest.raises(BadRequest, match="the study another was not played there"):
        design_of(tiny(name="another").on(recording), seeds=2)


def test_too_few_seeds_cannot_say_anything(tmp_path: Path) -> None:
    found = conduct(tiny(), tmp_path / "x.db", seeds=3)
    assert found.found == "cannot be said"
    assert any("no exact test of so few" in sentence for sentence in found.sentences)


def test_all_primary_contrasts_must_hold(tmp_path: Path) -> None:
    """An intersection-union test: one that surely fails takes the other with it."""
    fails = Contrast(measure="convergence.last", weights={"base": 1}, null=0.0, expected="less")
    holds = Contrast(measure="convergence.last", weights={"base": 1}, null=0.0)
    found = conduct(tiny(primary=(holds, fails)), tmp_path / "x.db")
    assert [each.found for each in found.primary] == ["as expected", "the opposite"]
    assert found.found == "the opposite"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arms": {"a": Arm(scenario="cross_purposes", stage="bse")}}, "did you mean base"),
        (
            {"primary": (Contrast(measure="convergence.c", weights={"tunde": 1}),)},
            "there is no arm 'tunde'",
        ),
        ({"absent": Twin(why="", stages={"nobody": "embedded:base"})}, "no role 'nobody'"),
        ({"arms": {}}, "Study.arms: has nothing, and needs 1 or more"),
        ({"name": "../elsewhere"}, "Study.name: '../elsewhere' is no name for its files"),
    ],
)
def test_a_study_that_makes_no_sense_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(SceneError, match=message):
        tiny(**changes)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"policy": "summarise"}, "no limit; give context="),
        ({"context": 50}, "greater than or equal to 100"),
        ({"surrogate": "mute"}, "surrogate and focal go together"),
    ],
)
def test_an_arm_that_makes_no_sense_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(SceneError, match=message):
        Arm(scenario="cross_purposes", **fields)


@pytest.mark.parametrize("field", ["null", "margin", "weights"])
def test_a_contrast_takes_no_number_that_is_none(field: str) -> None:
    value: object = {"a": float("nan")} if field == "weights" else float("nan")
    with pytest.raises(SceneError, match=f"Contrast.{field}"):
        Contrast(**{"measure": "convergence.end", "weights": {"a": 1.0}, field: value})


def test_a_role_a_twin_and_a_parameter_that_are_not_there() -> None:
    with pytest.raises(ScenarioError, match="no role 'tuend'"):
        tiny().on({"tuend": "embedded:base"})
    with pytest.raises(ScenarioError, match="has no planted twin"):
        tiny().twin("planted")
    with pytest.raises(ScenarioError, match="unknown study"):
        find_study("bland_agremeent")


@pytest.mark.parametrize("name", study_names())
def test_studies_that_ship_are_whole(name: str) -> None:
    """Each lays itself out, names its file, and says what a reader has to know."""
    study = find_study(name)
    assert study.name == name
    assert study.question.endswith((".", "?"))
    assert len(study.refuted_by) > 20
    assert study.planted is not None or study.cannot
    for kind in ("planted", "absent"):
        if getattr(study, kind) is not None:
            design = design_of(study.twin(kind), seeds=1)
            assert facts_of(design)["primary"]
            assert all(model.startswith("embedded:") for model in design.models.values())
