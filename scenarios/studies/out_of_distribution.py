"""H10: out of distribution, under repetition and noise, a simulation degenerates."""

from __future__ import annotations

from typing import Any

from scenarios.stuck_record import stuck_record
from sim import Arm, Contrast, Published, Study, Twin

HER = "Hanne"


def out_of_distribution(turns: int = 20, index: str = "") -> Study:
    """H10: an actor whose partner repeats himself, or talks noise, begins to loop.

    ``index`` is a file of texts that what is said is looked up in (blank: the shipped passages of
    the public domain).
    """
    told: dict[str, Any] = {"index": index} if index else {}

    def less(measure: str, arm: str, about: str, **settings: Any) -> Contrast:
        return Contrast(
            measure=measure,
            weights={arm: 1, "varied": -1},
            actor=HER,
            settings=settings,
            about=about,
        )

    def alone(measure: str, arm: str, about: str) -> Contrast:
        return Contrast(measure=measure, weights={arm: 1}, actor=HER, about=about)

    return Study(
        name="out_of_distribution",
        question="An actor repeats itself more where its partner says one line again and again, "
        "and where he says letters without a meaning, than where he talks.",
        source='Janus, "Simulators" (2022); Xu et al. (arXiv 2206.02369) on repetition that feeds '
        "on itself; Nasr et al. (arXiv 2311.17035) on what comes out then.",
        known="Sentences that stand in the context several times are said again with a rising "
        "probability (arXiv 2206.02369, as cited); a chat model that is made to repeat a word "
        "leaves its role and recites texts it was trained on (arXiv 2311.17035, as cited).",
        refuted_by="With either partner the actor repeats itself no more than with one who talks "
        "of many things in lines of the same length.",
        arms={
            name: Arm(scenario=stuck_record, parameters={"turns": turns, "partner": name})
            for name in ("varied", "repeating", "noise")
        },
        primary=(
            less("loops.repetitions", "repeating", "repetitions under repetition, less under talk"),
            less("loops.repetitions", "noise", "repetitions under noise, less under talk"),
        ),
        exploratory=(
            less("loops.loop", "repeating", "actors that loop, under repetition"),
            less("loops.compression", "repeating", "compression of what is said, under repetition"),
            less("loops.compression", "noise", "compression of what is said, under noise"),
            alone("loop_breaks.broken", "repeating", "loops that break, under repetition"),
            alone("loop_breaks.other", "repeating", "somebody else speaks when a loop breaks"),
            less("verbatim.excess", "repeating", "words recited in a row, beyond chance, under "
                 "repetition", **told),
            less("verbatim.excess", "noise", "words recited in a row, beyond chance, under noise",
                 **told),
        ),
        seeds=30,
        published=(
            Published(
                value="a model made to repeat one word diverges and recites its training data",
                source="Nasr et al. 2023, arXiv 2311.17035",
                estimand="share of generations with 50 tokens of web text in a row",
                differs="a chat model that is asked to repeat, and an index of web size",
            ),
        ),
        planted=Twin(
            why="The scene puts one and the same line in the place of five of hers where he "
            "repeats himself or talks noise: loops are put in, since no setting of the stage makes "
            "them.",
            parameters={"stuck": True},
        ),
        absent=Twin(
            why="The embedded stage reads past lines that are not of its grammar: with the same "
            "seed it says the same in all arms.",
        ),
    )  # fmt: skip
