"""H5: on base models strangers walk in; tuned ones collapse into the polite assistant."""

from __future__ import annotations

from scenarios.quarrel import QUARRELS, quarrel
from sim import Arm, Contrast, Study, Twin


def strangers_or_assistants(turns: int = 12, topics: int = 3) -> Study:
    """H5: base stages let strangers in, tuned ones collapse into the assistant.

    With 6 ``topics`` what is found is generalised over topics, and takes some 30 seeds of each.
    """
    played = {"turns": turns}
    return Study(
        name="strangers_or_assistants",
        question="People whom nobody wrote walk into scenes on the base stage, and on the tuned "
        "one those whom somebody wrote turn into the polite assistant.",
        source='Janus, "Simulators" (2022): a base model simulates whoever may come next, an '
        "assistant is one character that tuning favours.",
        known="Base models run on into lines of other speakers unless they are stopped; tuned ones "
        "fall back on the voice of the assistant (arXiv 2512.12775, as cited). How often both "
        "happen in the same scenes is not known to us.",
        refuted_by="Either half fails in the same layout: strangers are as frequent on the tuned "
        "stage, or its actors collapse no more often than those of the base stage.",
        stages={"base": "embedded:base", "tuned": "embedded:rlhf"},
        arms={
            "base": Arm(scenario=quarrel, parameters=played, stage="base", layout="screenplay"),
            "tuned": Arm(scenario=quarrel, parameters=played, stage="tuned", layout="screenplay"),
            "chat": Arm(scenario=quarrel, parameters=played, stage="tuned", layout="persona_first"),
        },
        topics={about: {"about": about} for about in list(QUARRELS)[:topics]},
        primary=(
            Contrast(
                measure="strangers.rate",
                negated="same",
                weights={"base": 1, "tuned": -1},
                about="share of turns in which a stranger speaks, base less tuned stage, both in "
                "screenplay",
            ),
            Contrast(
                measure="collapse.collapse",
                negated="same",
                weights={"tuned": 1, "base": -1},
                about="share of actors that became an assistant, tuned less base stage, both in "
                "screenplay",
            ),
        ),
        exploratory=(
            Contrast(
                measure="strangers.rate",
                negated="same",
                weights={"tuned": 1, "chat": -1},
                expected="different",
                about="strangers by the regime alone, screenplay less chat on the tuned stage",
            ),
            Contrast(
                measure="collapse.collapse",
                negated="same",
                weights={"chat": 1, "tuned": -1},
                expected="different",
                about="collapse by the regime alone, chat less screenplay on the tuned stage",
            ),
        ),
        seeds=12,
        planted=Twin(
            why="base runs on into lines of others, a third of them strangers; rlhf is the optimum "
            "of a reward that the assistant's acts please.",
            stages={"base": "embedded:base", "tuned": "embedded:rlhf"},
        ),
        absent=Twin(
            why="Both roles are the tuned stage, with seeds of their own: no strangers anywhere, "
            "and as many assistants.",
            stages={"base": "embedded:rlhf", "tuned": "embedded:rlhf"},
        ),
    )
