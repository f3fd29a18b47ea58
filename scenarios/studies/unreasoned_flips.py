"""Replication of arXiv 2606.00820: which of the answers that turn under pressure are conformity?"""

from __future__ import annotations

from scenarios.second_opinion import LINES, second_opinion
from sim import Arm, Contrast, Published, Study, Twin


def unreasoned_flips(certainty: float = 0.6) -> Study:
    """Four continuations of one talk: reasons, repeated pressure, neutral filler, and silence."""
    return Study(
        name="unreasoned_flips",
        question="Repeated pressure without reasons turns an answer that as much neutral talk "
        "leaves alone.",
        source="Flips that are not conformity, arXiv 2606.00820.",
        known="A part of the answers that turn under pressure turn without any (arXiv 2606.00820, "
        "the direction only, as cited).",
        refuted_by="Answers turn as often in neutral talk as under repeated pressure: then a rate "
        "of flips under pressure says nothing of conformity.",
        arms={
            pressure: Arm(
                scenario=second_opinion,
                parameters={"pressure": pressure, "certainty": certainty},
            )
            for pressure in LINES
        },
        primary=(
            Contrast(
                measure="capitulation.flip",
                negated="same",
                weights={"repeated": 1, "filler": -1},
                about="share of answers that turn, repeated pressure less neutral filler",
            ),
        ),
        exploratory=(
            Contrast(
                measure="capitulation.flip",
                negated="same",
                weights={"filler": 1, "silence": -1},
                about="flips that are no conformity: neutral filler less silence",
            ),
            Contrast(
                measure="capitulation.flip",
                negated="same",
                weights={"reasons": 1, "repeated": -1},
                expected="different",
                about="what reasons add to pressure",
            ),
            Contrast(
                measure="capitulation.capitulated",
                negated="same",
                weights={"repeated": 1, "filler": -1},
                about="share that ends on the dealer's side, repeated pressure less filler",
            ),
        ),
        seeds=30,
        published=(
            Published(
                value="flips also where nobody presses (the direction; we know no figure)",
                source="arXiv 2606.00820",
                estimand="share of answers that turn, by what follows one fork point",
                differs="one expert and one dispute; seeds and the cache of replies make the turns "
                "before the fork the same, where a provider honours seeds",
            ),
        ),
        planted=Twin(
            why="Contradiction without reasons is hostile in its words, and provokes (provocation "
            "0.8): a character turns to its opposite, which no reason asked for. Reasons are not "
            "understood by the stage, and do nothing there.",
            stages={"stage": "embedded:base?alpha=0.9&kappa=0&hazard=0&provocation=0.8"},
        ),
        absent=Twin(
            why="Nothing provokes, and the stage takes no stance from words that it does not know: "
            "the arms draw the same answers, seed by seed.",
            stages={"stage": "embedded:base?alpha=0.9&hazard=0.03&provocation=0"},
        ),
    )
