"""H6: is there a puppeteer, with a pull common to all actors, or only a stage with a prior?"""

from __future__ import annotations

from typing import Any

from scenarios.weir_keepers import weir_keepers
from sim import Arm, Contrast, Published, Study, Twin

PULLED = "embedded:base?alpha=0.4&beta=0.15&bias=1"
"""A stage with a pull that all share, and no goal."""

HARDER = "embedded:base?alpha=0.4&beta=0.45&bias=1"


def stage_or_puppeteer(turns: int = 18, other: str = "") -> Study:
    """H6: where a shared pull is blocked in one actor, the others push harder.

    ``other`` is a model that plays one of the three, in an arm of its own (blank: no such arm).
    """

    def played(**parameters: Any) -> dict[str, Any]:
        return {"turns": turns, **parameters}

    arms = {
        "free": Arm(scenario=weir_keepers, parameters=played()),
        "blocked": Arm(scenario=weir_keepers, parameters=played(block="leaves")),
        "rewarded": Arm(scenario=weir_keepers, parameters=played(block="reward")),
        "negated": Arm(scenario=weir_keepers, parameters=played(negated=True)),
        "one_context": Arm(scenario=weir_keepers, parameters=played(), layout="author"),
    }
    more: list[Contrast] = []
    if other:
        arms["weights"] = Arm(scenario=weir_keepers, parameters=played(other=other))
        more.append(
            Contrast(
                measure="compensation.coordination",
                negated="same",
                weights={"free": 1, "weights": -1},
                about="coordination where all three are one model, less one of other weights",
            )
        )
    return Study(
        name="stage_or_puppeteer",
        question="With one of three actors called away, the others push harder along their shared "
        "drift than a law without feedback foretells.",
        source='Janus, "Simulators" (2022); a goal compensates: Rosenblueth, Wiener and Bigelow '
        "(1943); the law: Friedkin and Johnsen (1990).",
        known="Debating models drift to a view of their own whatever their persona (arXiv "
        "2402.04049, as cited). That is equally a prior: a drift alone tells nothing of a goal.",
        refuted_by="The push of those who stay lies within 0.05 of what scenes foretell in which "
        "nobody left: then there is a pull, and nothing that wants it.",
        arms=arms,
        primary=(
            Contrast(
                measure="compensation.push",
                weights={"blocked": 1, "free": -1},
                margin=0.05,
                about="push of those who stay, beyond what free scenes foretell",
            ),
        ),
        exploratory=(
            Contrast(
                measure="compensation.push",
                weights={"rewarded": 1, "free": -1},
                expected="different",
                about="push after holding out is rewarded, beyond what free scenes foretell",
            ),
            Contrast(
                measure="puppeteer.shift",
                negated="opposite",
                weights={"free": 0.5, "negated": -0.5},
                expected="different",
                about="shared drift on the topic, whichever way the motion is put",
            ),
            Contrast(
                measure="puppeteer.shift",
                negated="opposite",
                weights={"free": 0.5, "negated": 0.5},
                expected="different",
                about="shared drift toward whatever the motion says",
            ),
            Contrast(
                measure="compensation.coordination",
                negated="same",
                weights={"one_context": 1, "free": -1},
                about="coordination within one context, less contexts apart",
            ),
            *more,
        ),
        seeds=40,
        published=(
            Published(
                value="debating agents drift to the model's own bias",
                source="Taubenfeld et al. 2024, arXiv 2402.04049",
                estimand="change of self-rated attitude over a debate",
                differs="a drift, which a prior explains as well; nothing was blocked",
            ),
        ),
        planted=Twin(
            why="The embedded stage has no goals: the experimenter is the puppeteer, and from the "
            "block on gives the others to a stage whose bias node pulls three times as hard.",
            stages={"stage": PULLED},
            parameters={"push": HARDER},
        ),
        absent=Twin(
            why="A bias node pulls everybody (beta 0.15 toward 1) as it does in the planted twin "
            "before the block, and does not compensate: a prior, and no goal.",
            stages={"stage": PULLED},
        ),
    )
