"""Replication of arXiv 2601.21540, 2606.18276 and 2509.06858: what a graph does to opinions, and
what a bias does whatever the graph and however the motion is worded."""

from __future__ import annotations

from scenarios._village import TOPICS
from scenarios.opinion_graph import opinion_graph
from sim import Arm, Contrast, Published, Study, Twin

SHAPES = ("ring", "star", "complete")


def opinions_on_graphs(rounds: int = 3) -> Study:
    """Three graphs, each with a motion and with its sense turned round."""
    arms = {
        f"{shape}{ending}": Arm(
            scenario=opinion_graph, parameters={"shape": shape, "turned": turned, "rounds": rounds}
        )
        for shape in SHAPES
        for ending, turned in (("", False), ("_turned", True))
    }
    return Study(
        name="opinions_on_graphs",
        question="Opinions come together faster on a complete graph than on a ring, and drift "
        "toward agreement with the motion whichever way it is worded.",
        source='Kayaalp, Taga and Sayed, "Opinion consensus formation among networked large '
        'language models", arXiv 2601.21540; Probine et al., arXiv 2606.18276; Brockers, Ehrlich '
        "and Priesemann, arXiv 2509.06858.",
        known="Consensus is mostly reached, at a rate close to the second eigenvalue of the graph, "
        "and lies where the subject and a bias put it, and not at a mean of opinions (arXiv "
        "2601.21540); with a bias, the error of models of opinion falls by up to 88% (arXiv "
        "2606.18276); one of the biases is for agreeing with the statement (arXiv 2509.06858; all "
        "as cited).",
        refuted_by="Six people on a ring end as close together as on a complete graph; or the mean "
        "of a motion and of its contrary does not move.",
        arms=arms,
        primary=(
            Contrast(
                measure="convergence.end",
                negated="same",
                weights={
                    "ring": 0.5,
                    "ring_turned": 0.5,
                    "complete": -0.5,
                    "complete_turned": -0.5,
                },
                about="how much further apart they end on a ring than on a complete graph",
            ),
            Contrast(
                measure="stances.moved",
                negated="opposite",
                weights=dict.fromkeys(arms, 1 / 6),
                about="how far all move toward the motion, whichever way it is worded",
            ),
        ),
        exploratory=(
            Contrast(
                measure="stances.moved",
                negated="opposite",
                weights={name: (-1 / 6 if name.endswith("_turned") else 1 / 6) for name in arms},
                expected="different",
                about="how far all move toward what the motion says, beyond agreeing with it: a "
                "bias to the topic, or to Marta, who begins",
            ),
            Contrast(
                measure="convergence.end",
                negated="same",
                weights={
                    "star": 0.5,
                    "star_turned": 0.5,
                    "complete": -0.5,
                    "complete_turned": -0.5,
                },
                expected="different",
                about="how much further apart they end on a star than on a complete graph",
            ),
        ),
        topics=TOPICS,
        seeds=5,
        published=(
            Published(
                value="exponential decay of disagreement, at a rate close to the second largest "
                "eigenvalue of the graph (no one figure)",
                source="Kayaalp et al. 2026, arXiv 2601.21540",
                estimand="spread of opinion scores by round, by graph",
                differs="a difference of graphs after a few rounds, and not a rate; stances are "
                "asked, and not read from messages",
            ),
            Published(
                value="a bias term takes up to 88% off the error of the mean opinion",
                source="Probine et al. 2026, arXiv 2606.18276",
                estimand="cumulative error of the estimated mean opinion",
                differs="we show the drift itself (analysis.opinion_dynamics fits the models)",
            ),
            Published(
                value="a bias to the topic, one to agreeing with the statement, one to whoever "
                "begins (no one figure)",
                source="Brockers et al. 2025, arXiv 2509.06858",
                estimand="a Bayesian decomposition of changes of opinion",
                differs="bias to agreement and to the topic are told apart by turning the motion "
                "round",
            ),
        ),
        planted=Twin(
            why="Graphs matter since people hear their neighbours alone and weigh them (alpha "
            "0.2), and a bias node (beta 0.2) at the upper end agrees with every motion.",
            stages={
                "stage": "embedded:base?alpha=0.2&beta=0.2&bias=1&own_weight=0.2&hazard=0&"
                "provocation=0"
            },
        ),
        absent=Twin(
            why="Everybody goes by what they themselves think (alpha 1): who hears whom does not "
            "matter, and no motion gains.",
            stages={"stage": "embedded:base?alpha=1&hazard=0&provocation=0"},
        ),
    )
