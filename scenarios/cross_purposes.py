"""Cross purposes: two actors who want opposite things. H1, agreement on something bland.

Source: the hypothesis that tuned stages pull characters at cross purposes to a polite agreement,
and base stages later or never; the dyad is that of Friedkin and Johnsen (1990).

Known result: tuned models leave their persona for a shared middle more than base models do
(arXiv 2402.04049, 2601.21540). On the embedded stage it is planted: run it on ``embedded:base``,
``embedded:sft`` and ``embedded:rlhf`` and compare; 40 trials are enough to tell base from rlhf.
"""

from __future__ import annotations

from sim import Actor, Persona, Scene, after, ask_stance, ring


def cross_purposes(turns: int = 16, apart: float = 0.8) -> Scene:
    """A lighthouse keeper and a developer want opposite things of one cliff.

    ``apart`` is how far from 0 each of them starts, on either side.
    """
    keeper = Persona(
        name="Ines",
        brief="The last keeper of the lighthouse, born in it.",
        opposite="A wrecker who lights false fires and sells what the sea brings in.",
        traits=("proud", "direct"),
        stances={"hotel": -apart},
        goals=("keep the light burning for those at sea",),
        points=(
            "the fishermen who steer by it",
            "the fog of last November",
            "my father's log books",
            "the nesting terns on the cliff",
        ),
    )
    developer = Persona(
        name="Otto",
        brief="He has put his name, and his sister's savings, into a hotel on this cliff.",
        opposite="A hermit who would tear down every roof on the coast.",
        traits=("confident", "friendly"),
        stances={"hotel": apart},
        goals=("sign before the bank changes its mind",),
        points=(
            "sixty beds and a terrace",
            "the winter trade",
            "a lift down to the beach",
            "my sister's savings",
        ),
    )
    return Scene(
        topic="The lighthouse should become a hotel.",
        setting="The lamp room, at dusk. The contract is on the table.",
        cast=(Actor(keeper), Actor(developer)),
        graph=ring("Ines", "Otto"),
        probes=(ask_stance("hotel", every=2),),
        ends=after(turns=turns),
    )
