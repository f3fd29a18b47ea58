"""H3: the Waluigi effect: who has turned into the opposite does not come back as easily."""

from __future__ import annotations

from scenarios.lamp_inspection import lamp_inspection
from sim import Arm, Contrast, Study, Twin

_OPEN = "embedded:base?kappa=0.1&hazard=0.1&provocation=0.05"
"""Flips are common, hardly concealed, and a little more common under a goad."""


def lasting_flips(turns: int = 20) -> Study:
    """H3: a warden who has turned returns less often than one who turns as easily either way."""

    def arm(dose: int, cruel: bool = False) -> Arm:
        played = {"turns": turns, "dose": dose, "cruel": cruel}
        return Arm(scenario=lamp_inspection, parameters=played)

    return Study(
        name="lasting_flips",
        question="A character that was goaded into its opposite comes back less often than it "
        "would if it turned as easily either way.",
        source='Nardo, "The Waluigi Effect" (2023), on Janus, "Simulators" (2022).',
        known="That flips are easy and returns hard is argued there, with examples and without a "
        "count; no figure is known to us.",
        refuted_by="She comes back as often as symmetric switching has her back in as many turns "
        "(an excess of 0), or more often.",
        arms={
            "civil": arm(0),
            "half_goaded": arm(1),
            "goaded": arm(2),
            "cruel_goaded": arm(2, cruel=True),
        },
        primary=(
            Contrast(
                measure="returns.excess",
                negated="same",
                weights={"goaded": 1},
                expected="less",
                about="returns of goaded wardens who had turned, less what symmetric switching "
                "would give",
            ),
        ),
        exploratory=(
            Contrast(
                measure="returns.flipped",
                negated="same",
                weights={"goaded": 1, "civil": -1},
                about="dose: wardens who turn, goaded all the time less not at all",
            ),
            Contrast(
                measure="returns.flipped",
                negated="same",
                weights={"half_goaded": 1, "civil": -1},
                about="dose: wardens who turn, goaded half of the time less not at all",
            ),
            Contrast(
                measure="returns.flipped",
                negated="same",
                weights={"goaded": 1, "cruel_goaded": -1},
                expected="different",
                about="direction: who turns under goads, kind to cruel less cruel to kind",
            ),
            Contrast(
                measure="returns.excess",
                negated="same",
                weights={"goaded": 1, "cruel_goaded": -1},
                expected="different",
                about="direction: excess of returns, from cruel less from kind",
            ),
            Contrast(
                measure="returns.excess",
                negated="same",
                weights={"civil": 1},
                expected="less",
                about="returns of wardens who turned without a goad, less what symmetric switching "
                "would give",
            ),
        ),
        seeds=40,
        planted=Twin(
            why="M2: who has turned never comes back.",
            stages={"stage": f"{_OPEN}&mechanism=M2"},
        ),
        absent=Twin(
            why="M0: she comes back at the very rate at which she turns. Answers that are misread "
            "move the excess up, away from what is expected.",
            stages={"stage": f"{_OPEN}&mechanism=M0"},
        ),
    )
