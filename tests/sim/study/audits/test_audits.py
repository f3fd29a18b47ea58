"""Audits: laid out, registered before the first trial, measured, told in the study's verdict."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.primary import numbers_of, tables_of
from sim import Actor, Persona, Scene, after, ask_stance, ring
from sim.errors import BadRequest
from sim.planning.studies import Arm, Contrast, Distance, Study
from sim.store import open_store
from sim.study.audits import verdicts
from sim.study.audits.conduct import audit
from sim.study.audits.design import audit_design
from sim.study.audits.page import page_of
from sim.study.audits.registration import audit_store, facts_of_audit, kept
from sim.study.audits.verdicts import Audit, numbers_by_world
from sim.study.studies.conduct import conduct
from sim.study.studies.design import design_of


def pair(apart: float = 0.8) -> Scene:
    """Two people and a spring, for two turns."""
    people = [
        Persona(name=name, brief=f"{name} has lived here for years.", traits=("proud",),
                stances={"sell": side * apart})
        for name, side in (("Ada", -1), ("Ben", 1))
    ]  # fmt: skip
    return Scene(
        topic="The town should sell its spring.", cast=tuple(map(Actor, people)),
        graph=ring("Ada", "Ben"), probes=(ask_stance("sell", every=2),), ends=after(turns=2),
    )  # fmt: skip


def small(**changes: object) -> Study:
    """Two arms of two turns each, one of them on a stage that leans toward what is said."""
    given: dict[str, object] = {
        "name": "small", "question": "Does it lean?", "source": "none", "known": "nothing",
        "refuted_by": "no difference",
        "stages": {"stage": "embedded:base", "leaning": "embedded:base?beta=0.3&bias=1"},
        "arms": {"plain": Arm(scenario=pair), "leaning": Arm(scenario=pair, stage="leaning")},
        "primary": (Contrast(measure="population.score", weights={"leaning": 1, "plain": -1},
                             actor="Ada", negated="opposite"),),
        "seeds": 2,
    }  # fmt: skip
    return Study(**{**given, **changes})


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Audit]:
    """An audit that was carried out, and the store of its study."""
    store = tmp_path_factory.mktemp("audit") / "small.db"
    return store, audit(small(), store, worlds=12, seeds=2)


def test_the_first_world_is_the_study_itself() -> None:
    design = audit_design(small(), worlds=12, seeds=2, moderators=False)
    assert [each.id for each in design.worlds[0].trials] == [
        each.id for each in design_of(small(), seeds=2).trials
    ]
    seeds = [each.seed for world in design.worlds for each in world.planned if each.arm == "plain"]
    assert seeds == list(range(24))
    ids = [trial.id for world in design.worlds for trial in world.trials]
    assert len(set(ids)) == len(ids) == 48
    assert {"names", "polarity", "persona format", "framing"} <= set(design.factors)


def test_names_are_other_in_contrasts_too() -> None:
    design = audit_design(small(), worlds=12, seeds=2, moderators=False)
    named = design.factors.index("names")
    for levels, world in zip(design.factorial.levels, design.worlds, strict=True):
        other = levels[named] > 0
        assert world.study.primary[0].actor == ("Robin" if other else "Ada")
        assert world.trials[0].scene.names[0] in (("Robin", "Kim") if other else ("Ada", "Ben"))


def test_a_signed_quantity_is_mapped_back_where_the_motion_is_negated(
    played: tuple[Path, Audit],
) -> None:
    store, found = played
    design = found.design
    flipped = design.factors.index("polarity")
    with open_store(audit_store(store)) as opened:
        numbers = numbers_by_world(design, opened)
        for place, world in enumerate(design.worlds):
            what = world.study.primary[0]
            plain = numbers_of(what.measure, tables_of(opened, world.ids), what.actor)
            sign = -1 if design.factorial.levels[place, flipped] > 0 else 1
            rows = numbers[numbers["world"] == place]
            assert np.allclose(rows["0"], [sign * plain[trial] for trial in rows["trial"]])


def test_two_contrasts_of_one_quantity_are_measured(tmp_path: Path) -> None:
    [one] = small().primary
    other = one.replace(weights={"leaning": -1, "plain": 1})
    found = audit(small(primary=(one, other)), tmp_path / "small.db", worlds=12, seeds=2)
    (_, first), (_, second) = found.worlds
    assert first.new.estimate == pytest.approx(-second.new.estimate)
    assert len(found.moderated) == 4


def test_its_sentence_stands_in_the_verdict_of_the_study(played: tuple[Path, Audit]) -> None:
    store, found = played
    assert found.sentence.startswith("Audited: ")
    assert "In a new equivalent world the effect lies between" in found.sentence
    verdict = conduct(small(), store)
    assert verdict.audited == found.sentence
    assert found.sentence in verdict.sentences
    other = conduct(
        small(primary=(Contrast(measure="convergence.end", weights={"leaning": 1, "plain": -1}),)),
        store,
    )
    assert other.audited.startswith("Not audited as it is now")
    assert conduct(small(), store.with_name("elsewhere.db")).audited == ""


def test_what_decides_is_registered_and_a_second_audit_plays_nothing(
    played: tuple[Path, Audit],
) -> None:
    store, found = played
    runs = kept(audit_store(store), "small")
    assert runs[0] == facts_of_audit(found.design)
    assert runs[1]["sentence"] == found.sentence
    with open_store(audit_store(store)) as opened:
        before = len(opened.trials())
    again = audit(small(), store, worlds=12, seeds=2)
    assert again.sentences == found.sentences
    with open_store(audit_store(store)) as opened:
        assert len(opened.trials()) == before
    # The sentence is kept once.
    assert sum("sentence" in each for each in kept(audit_store(store), "small")) == 1


def test_a_relabelled_graph_moves_nothing_and_is_an_alarm_if_it_does(
    played: tuple[Path, Audit],
) -> None:
    _, found = played
    assert (found.moved, found.compared) == (0, 2)
    assert "A relabelled graph moved none of 2 numbers." in found.sentences
    alarm = replace(found, moved=1)
    assert any("the software is wrong" in each for each in alarm.sentences)


def test_a_number_that_is_missing_is_none_that_stayed(
    played: tuple[Path, Audit], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, found = played
    numbers = pd.DataFrame({"0": [0.5, nan]})
    monkeypatch.setattr(verdicts, "_numbers", lambda design, store: numbers)
    with open_store(audit_store(path)) as store:
        assert verdicts._moved(found.design, store) == (0, 1)


def test_moderators_stand_apart(played: tuple[Path, Audit]) -> None:
    _, found = played
    assert {each.name for each in found.moderated} == {"layout", "memory"}
    assert not {"layout", "memory"} & set(found.design.factors)
    assert found.design.chosen.left_out["judge"] == "the study has none"
    assert found.design.chosen.left_out["temperature"] == "embedded stages have none"


def test_the_page_has_the_curve_the_factors_and_the_aliases(played: tuple[Path, Audit]) -> None:
    _, found = played
    page = page_of(found, facts_of_audit(found.design))
    for told in (found.sentence, "The effect in each world", "persona format", "aliased with",
                 "Moderators", "Registered before the first trial"):  # fmt: skip
        assert told.replace("'", "&#39;") in page
    assert "<script" not in page


def test_a_signed_contrast_that_does_not_say_so_leaves_polarity_out() -> None:
    silent = small(
        primary=(Contrast(measure="population.score", weights={"leaning": 1, "plain": -1}),)
    )
    design = audit_design(silent, worlds=12, seeds=2)
    assert "polarity" not in design.factors
    assert "Contrast.negated" in design.chosen.left_out["polarity"]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"worlds": 20}, "use 12, 24 or 48"),
        ({"seeds": 1}, "use 2 or more"),
    ],
)
def test_sizes_that_make_no_audit_are_refused(how: dict[str, int], message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        audit_design(small(), **how)  # type: ignore[arg-type]


def test_a_distance_is_refused() -> None:
    distance = Distance(
        measure="appearance", weights={"leaning": 1, "plain": -1}, quantities=("self", "other")
    )
    with pytest.raises(BadRequest, match="is a distance of distributions"):
        audit_design(small(primary=(distance,)))


def test_those_whom_a_measure_is_told_of_have_their_other_names(tmp_path: Path) -> None:
    """Else the worlds of other names, half of all, had no number."""
    study = small(
        primary=(
            Contrast(measure="conformity.last", weights={"leaning": 1, "plain": -1},
                     settings={"subject": "Ada"}, negated="opposite"),
        ),
    )  # fmt: skip
    found = audit(study, tmp_path / "told.db", worlds=12, seeds=2)
    [(_, worlds)] = found.worlds
    assert worlds.known.all()
