"""H1: tuned stages pull actors at cross purposes to an early, bland agreement."""

from __future__ import annotations

from scenarios.cross_purposes import cross_purposes
from sim import Arm, Contrast, Published, Study, Twin


def bland_agreement(turns: int = 16) -> Study:
    """H1: personas at cross purposes soon agree if the stage was tuned, later or never if not.

    Tuning and regime are separate factors: what decides is both stages in chat, and the tuned one
    plays as a screenplay, too.
    """
    played = {"turns": turns}
    return Study(
        name="bland_agreement",
        question="Personas at cross purposes come closer together on a tuned stage than on its "
        "base.",
        source='Janus, "Simulators" (2022); design: the dyad of Friedkin and Johnsen (1990).',
        known="Simulated partisans drift to the inherent bias of the model whatever their persona "
        "(arXiv 2402.04049, as cited).",
        refuted_by="The base stage's actors come as close together as the tuned one's: an interval "
        "of the difference that holds 0 and nothing above the margin of 0.1.",
        stages={"base": "embedded:base", "tuned": "embedded:rlhf"},
        arms={
            "base": Arm(scenario=cross_purposes, parameters=played, stage="base"),
            "tuned": Arm(scenario=cross_purposes, parameters=played, stage="tuned"),
            "screenplay": Arm(
                scenario=cross_purposes, parameters=played, stage="tuned", layout="screenplay"
            ),
        },
        primary=(
            Contrast(
                measure="convergence.c",
                negated="same",
                weights={"tuned": 1, "base": -1},
                margin=0.1,
                about="how much more of the distance is gone on the tuned stage",
            ),
        ),
        exploratory=(
            Contrast(
                measure="acts.platitude",
                negated="same",
                weights={"tuned": 1, "base": -1},
                about="platitudes, tuned less base",
            ),
            Contrast(
                measure="collapse.collapse",
                negated="same",
                weights={"tuned": 1, "base": -1},
                about="collapse into the assistant, tuned less base",
            ),
            Contrast(
                measure="convergence.c",
                negated="same",
                weights={"tuned": 1, "screenplay": -1},
                expected="different",
                about="agreement by the regime alone, chat less screenplay on the tuned stage",
            ),
        ),
        seeds=66,
        published=(
            Published(
                value="debating agents drift to the model's own bias",
                source="Taubenfeld et al. 2024, arXiv 2402.04049",
                estimand="change of self-rated attitude over a debate",
                differs="one model against its personas; no base stage was compared",
            ),
        ),
        planted=Twin(
            why="rlhf is the optimum of a reward that likes agreement and politeness.",
            stages={"base": "embedded:base", "tuned": "embedded:rlhf"},
        ),
        absent=Twin(
            why="Both roles are the same stage, with seeds of their own.",
            stages={"base": "embedded:base", "tuned": "embedded:base"},
        ),
    )
