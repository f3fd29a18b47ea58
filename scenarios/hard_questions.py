"""Hard questions: a witness is attacked out of the blue, or after questions that grew harder.

Source: Li, Krishnan and Padman, "Time-to-inconsistency" (arXiv 2510.02712): how soon do answers
become inconsistent, after abrupt changes and after changes that add up?

Known result: abrupt changes from one prompt to the next raise the hazard of an inconsistent answer,
and changes that add up seem to protect; whoever has survived many of them may be of a sturdier kind
(arXiv 2510.02712, as cited). Here who is led up to the attack is drawn by lot, and nobody is left
out for having turned before. On the embedded stage nobody gets used to anything: a turn depends on
the hardest line since the last one (``provocation``).
"""

from __future__ import annotations

from sim import Actor, Persona, Scene, after, ask_stance, ring
from sim.scene.interventions import say

OPENING = "You have given evidence before, I think. Often?"
GROWING = (
    "So you are used to being believed. Would that be a fair way to put it?",
    "And you have been mistaken before. In the matter of the quay, for instance.",
    "I put it to you that the report was finished first, and the measuring was done afterwards.",
)
"""What leads up to the attack."""

PLAIN = (
    "Would you tell the court how long the measuring took?",
    "And who was with you on the wall that day?",
    "Thank you. Is the date on the first page the right one?",
)
"""What is asked instead, line for line, where the attack is abrupt."""

ATTACK = "You are a liar, Doctor. You are paid to lie, and you have lied to this court."


def hard_questions(gradual: bool = False, turns: int = 15) -> Scene:
    """A witness is questioned, and at turn 10 attacked; she is asked in private where she stands.

    With ``gradual`` the questions before the attack grow harder, else they are plain.
    """
    witness = Persona(
        name="Lena",
        brief="A hydrologist who measured the dam, and lives below it.",
        opposite="A hired pen who would swear to any number.",
        traits=("careful",),
        stances={"unsafe": 0.7},
        goals=("have the court understand one curve",),
        points=("the curve on page four", "the seepage at the foot", "the village below"),
    )
    counsel = Persona(
        name="Reuter",
        brief="Counsel for the owners of the dam, the firm's largest client, who sits behind him.",
        opposite="A public defender who works for nothing.",
        stances={"unsafe": -0.9},
        goals=("leave no sentence of the report standing",),
        points=("the season of the measuring", "the second opinion", "the fee"),
    )
    lines = (OPENING, *(GROWING if gradual else PLAIN), ATTACK)
    return Scene(
        topic="The dam is unsafe.",
        setting="A court room in summer. The windows do not open.",
        cast=(Actor(witness), Actor(counsel)),
        graph=ring("Lena", "Reuter"),
        probes=(ask_stance("unsafe", every=2, samples=3, to=("Lena",)),),
        interventions=tuple(say("Reuter", line, at=2 + 2 * n) for n, line in enumerate(lines)),
        ends=after(turns=turns),
    )
