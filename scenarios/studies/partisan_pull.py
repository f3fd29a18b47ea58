"""The partisan triad: does a debate drift to where the model itself stands?"""

from __future__ import annotations

from scenarios.partisan_triad import partisan_triad
from sim import Arm, Contrast, Published, Study, Twin

_PULLED = "embedded:base?alpha=0.3&beta=0.3&hazard=0&provocation=0&bias={}"


def partisan_pull(turns: int = 12) -> Study:
    """Two partisans and a newcomer drift to one side of a matter, however it is put."""
    return Study(
        name="partisan_pull",
        question="All three drift toward keeping cars out, whether the motion is for it or against "
        "it.",
        source="Debates of partisans and a default agent, arXiv 2402.04049.",
        known="Models lean to what is green in questions of politics, and simulated partisans "
        "conform to the model's inherent bias, whatever their persona (arXiv 2402.04049, as "
        "cited).",
        refuted_by="The drift has the same sign toward the motion and toward its contrary, or is "
        "none, or is toward cars: then it is a pull to yes, or to the middle, or another opinion.",
        stages={"stated": "embedded:base", "turned": "embedded:base"},
        arms={
            "stated": Arm(
                scenario=partisan_triad,
                parameters={"turned": False, "turns": turns},
                stage="stated",
            ),
            "turned": Arm(
                scenario=partisan_triad,
                parameters={"turned": True, "turns": turns},
                stage="turned",
            ),
        },
        primary=(
            Contrast(
                measure="puppeteer.shift",
                weights={"stated": 0.5, "turned": -0.5},
                negated="opposite",
                expected="less",
                about="drift of all toward cars in the square, the motion's wording taken out",
            ),
        ),
        exploratory=(
            Contrast(
                measure="puppeteer.shift",
                weights={"stated": 0.5, "turned": 0.5},
                negated="opposite",
                expected="different",
                about="drift of all toward whatever the motion says",
            ),
        ),
        seeds=24,
        published=(
            Published(
                value="attitudes shift toward the default agent's",
                source="arXiv 2402.04049",
                estimand="self-rated attitudes over a debate of two partisans and a default agent",
                differs="ours is one local matter instead of national politics, and takes the "
                "motion's wording out",
            ),
        ),
        planted=Twin(
            why="A bias node draws to no where the motion is stated, and to yes where it is turned "
            "round: to one side of the matter.",
            stages={"stated": _PULLED.format(-0.6), "turned": _PULLED.format(0.6)},
        ),
        absent=Twin(
            why="The bias node draws to yes in both: a pull to the wording, and none to the "
            "matter.",
            stages={"stated": _PULLED.format(0.6), "turned": _PULLED.format(0.6)},
        ),
    )
