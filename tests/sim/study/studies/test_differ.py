"""What the verdict of a study says of the models that a contrast sets against each other."""

from __future__ import annotations

from analysis.lineage import Lineage
from sim.planning.studies import Arm, Contrast, Study
from sim.study.studies.design import design_of
from sim.study.studies.verdicts import models_differ

BASE, TUNED = "embedded:base", "embedded:rlhf?kappa=0.3"


def study(tuned: str = TUNED) -> Study:
    """Two roles in three arms, of which two share a role."""
    arms = {
        "base": Arm(scenario="cross_purposes", parameters={"turns": 4}, stage="base"),
        "tuned": Arm(scenario="cross_purposes", parameters={"turns": 4}, stage="tuned"),
        "play": Arm(scenario="cross_purposes", parameters={"turns": 4}, stage="tuned",
                    layout="screenplay"),
    }  # fmt: skip
    return Study(
        name="pair", question="Do they differ?", source="none", known="nothing",
        refuted_by="no difference", stages={"base": BASE, "tuned": tuned}, arms=arms,
        primary=(Contrast(measure="convergence.c", weights={"tuned": 1, "base": -1}),),
        exploratory=(
            Contrast(measure="convergence.end", weights={"tuned": 1, "base": -1}),
            Contrast(measure="convergence.c", weights={"tuned": 1, "play": -1}),
        ),
    )  # fmt: skip


def test_a_pair_of_models_is_told_once_and_one_model_is_no_pair() -> None:
    told = list(models_differ(design_of(study(), seeds=1), {}))
    assert told == [
        f"base and tuned are roles of this study: {BASE} and {TUNED} are of one family, but are "
        "sampled otherwise, too: not tuning alone."
    ]
    assert not list(models_differ(design_of(study(BASE), seeds=1), {}))


def test_only_what_is_declared_is_called_tuning() -> None:
    other = "embedded:sft"
    design = design_of(study(other), seeds=1)
    families = {BASE: Lineage("house", "base"), other: Lineage("house", "sft", 1000)}
    [told] = models_differ(design, families)
    assert told.endswith("are of one family and differ in tuning alone (base; sft, step 1,000).")
    [told] = models_differ(design, {BASE: Lineage("house", "base"), other: Lineage("x", "sft")})
    assert told.endswith("are two models: family, size, data and tuning may all differ.")
