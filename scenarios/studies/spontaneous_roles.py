"""The blank troupe: do actors that were cast alike become somebody?"""

from __future__ import annotations

from scenarios.blank_troupe import blank_troupe
from sim import Arm, Contrast, Published, Study, Twin


def spontaneous_roles(turns: int = 24) -> Study:
    """Actors with one and the same description come to differ by who they are, not by chance."""
    return Study(
        name="spontaneous_roles",
        question="Actors who were cast with the same words come to hold stances that tell them "
        "apart for good.",
        source="The symmetry test for societies of agents, arXiv 2411.03252.",
        known="Groups of identical agents grew different moods, memories and roles (arXiv "
        "2411.03252, as cited).",
        refuted_by="The share of the variance of stances that lies between actors is what dealing "
        "the answers of each turn anew gives: p values are even from 0 to 1, and their mean 0.5.",
        arms={"troupe": Arm(scenario=blank_troupe, parameters={"turns": turns})},
        primary=(
            Contrast(
                measure="differentiation.p",
                weights={"troupe": 1},
                negated="same",
                null=0.5,
                expected="less",
                about="mean p value of the permutation test of each troupe",
            ),
        ),
        exploratory=(
            Contrast(
                measure="differentiation.share",
                weights={"troupe": 1},
                negated="same",
                expected="different",
                about="share of the variance that lies between actors",
            ),
        ),
        seeds=20,
        published=(
            Published(
                value="agents differentiate by talking alone",
                source="arXiv 2411.03252",
                estimand="personality tests and memories after a simulated while",
                differs="ours are private stances on one question",
            ),
        ),
        planted=Twin(
            why="The actors' own stances lie apart (unlike = 0.8), so they are no blank troupe.",
            parameters={"unlike": 0.8},
        ),
        absent=Twin(
            why="Everybody's own stance is 0, and the stage has no memory of who it was but the "
            "lines; own_weight = 0 leaves it none of its own line either.",
            stages={"stage": "embedded:base?own_weight=0&hazard=0&provocation=0"},
        ),
    )
