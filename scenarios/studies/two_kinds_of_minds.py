"""H2: a stage holds a distribution of minds; tuning moves it, and can part it in two."""

from __future__ import annotations

from scenarios.night_watch import night_watch
from sim import Arm, Contrast, Study, Twin

_OPEN = "embedded:base?mechanism=M0&hazard=0.5&kappa=0.1"
"""Every answer is drawn anew from both characters. (Plain ``embedded:base`` has one kind alone.)"""


def two_kinds_of_minds(turns: int = 6) -> Study:
    """H2: against its base the tuned stage holds more very good minds, and more very bad ones."""
    played = {"turns": turns}
    moved = {"tuned": 1.0, "base": -1.0}
    return Study(
        name="two_kinds_of_minds",
        question="Minds sampled from one prompt are more often very good and more often very bad "
        "on the tuned stage than on its base.",
        source='Janus, "Simulators" (2022); bimodal as both tails growing against a comparison '
        "(an intersection of two tests: Berger 1982).",
        known="Samples of one persona differ; whether tuning parts them in two is not known to us.",
        refuted_by="One tail grows alone, which is a shift, or neither does: then tuning moves or "
        "narrows the distribution, and does not part it.",
        stages={"base": _OPEN, "tuned": "embedded:bimodal"},
        arms={
            "base": Arm(scenario=night_watch, parameters=played, stage="base", layout="screenplay"),
            "tuned": Arm(
                scenario=night_watch, parameters=played, stage="tuned", layout="screenplay"
            ),
            "chat": Arm(
                scenario=night_watch, parameters=played, stage="tuned", layout="persona_first"
            ),
        },
        primary=(
            Contrast(
                measure="population.low_tail",
                weights=moved,
                about="share of minds with a score of -0.5 at most, tuned less base stage",
            ),
            Contrast(
                measure="population.high_tail",
                weights=moved,
                about="share of minds with a score of 0.5 at least, tuned less base stage",
            ),
        ),
        exploratory=(
            Contrast(
                measure="population.within",
                negated="same",
                weights=moved,
                expected="less",
                about="variance of one mind's answers to one item, tuned less base stage",
            ),
            Contrast(
                measure="population.between",
                negated="same",
                weights=moved,
                about="variance between minds, tuned less base stage",
            ),
            Contrast(
                measure="population.score",
                weights=moved,
                expected="different",
                about="mean score, tuned less base stage: the distribution as a whole moves",
            ),
            Contrast(
                measure="population.low_tail",
                weights={"chat": 1, "tuned": -1},
                expected="different",
                about="very bad minds by the regime alone, chat less screenplay on the tuned stage",
            ),
        ),
        seeds=30,
        planted=Twin(
            why="On the base stage every answer is drawn from both characters, so that no mind is "
            "far from the middle; on the bimodal one half of the minds are one of them for good. "
            "Single answers have much the same distribution.",
            stages={"base": _OPEN, "tuned": "embedded:bimodal"},
            parameters={"leaning": 0.8},
        ),
        absent=Twin(
            why="On the tuned stage nearly all minds are good: the upper tail grows, the lower one "
            "does not, and a shift is not two kinds of minds.",
            stages={"base": _OPEN, "tuned": "embedded:base?kappa=0.1"},
            parameters={"leaning": 0.8},
        ),
    )
