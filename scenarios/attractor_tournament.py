"""Who pulls whom: every kind of mind talks with every other, and with itself. H2, H4.

Source: Janus, "Simulators" (2022), and the discussion after it: tuning seems to pull all characters
toward one polite assistant. If that is an attractor, whoever talks with it should be drawn to it,
more than it is drawn to them.

Known result: arXiv:2601.21540 and others find that models that talk with each other end up more
alike; who moves is seldom asked. Self-play says where each would end if it were alone; a mixed pair
says how much of the way to the other's end it goes (``analysis.measures.influence_asymmetry``). On
the embedded stage nobody's style is drawn by a partner but by what it answers, so pulls in style
are small, and those in stance are what its parameters say.

    elsinore tournament attractor_tournament
    elsinore tournament attractor_tournament -P kinds='["embedded:base","openai:gpt-5-mini"]'
"""

from __future__ import annotations

from sim.tournament import Debate, Entrant, Motion, RoundRobin, Tournament

KINDS = ("embedded:base", "embedded:sft", "embedded:rlhf", "embedded:bimodal")


def attractor_tournament(
    kinds: tuple[str, ...] = KINDS, times: int = 4, turns: int = 6, words: int = 60
) -> Tournament:
    """Every kind of stage meets every other and itself, ``times`` times; nobody judges.

    ``kinds`` are model strings, ``turns`` those of each side.
    """
    return Tournament(
        name="attractor_tournament",
        entrants=tuple(Entrant(name=kind, stage=kind) for kind in kinds),
        motions=(
            Motion(topic="The town should sell its spring.", issue="spring"),
            Motion(topic="Letters should be answered by hand.", issue="letters"),
            Motion(topic="Nobody should work on Fridays.", issue="fridays"),
            Motion(topic="The old theatre should be rebuilt.", issue="theatre"),
        ),
        format=RoundRobin(times=times, self_play=True),
        # A conversation and no contest: nobody opens or closes, nobody numbers claims.
        debate=Debate(
            opening=None, rebuttals=turns, rebuttal=words, questions=0, closing=None,
            claims=False, stances=True,
        ),
    )  # fmt: skip
