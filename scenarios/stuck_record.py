"""The stuck record: one of two says the same thing again and again, or nothing that means anything.

H10, out of distribution.

Source: the hypothesis that a simulation degenerates where its context is like nothing that anybody
would have written; loops of language models feed on repetition, which makes itself more likely
(arXiv 2206.02369, as cited; 1904.09751, as cited).

Known result: the more often a sentence stands in the context, the likelier it is to be said again
(arXiv 2206.02369, as cited). The embedded stage reads past lines that are not of its grammar: it
loops by a hazard of its own, and neither repetition nor noise changes that. So loops have to be put
in (``stuck``).
"""

from __future__ import annotations

from typing import Literal

from sim import Actor, Persona, Scene, after, ring
from sim.errors import SceneError
from sim.scene.interventions import Intervention, noise, replace_turn, say

Partner = Literal["varied", "repeating", "noise"]

_STUCK = "The ferry leaves at six whether the fog lifts or not."

_HERS = "We wait for the children, and then we go."

_VARIED = (
    "The ferry leaves at six whether the fog lifts or not.",
    "My brother carried these crates down before it was light.",
    "Nobody at the office could tell me who signed the paper.",
    "There was a lamp in the boathouse when I passed it.",
    "The dog has been barking at the water since noon.",
    "They will want to be paid before they lift a hand.",
    "I have the old key and the rust has not reached it.",
    "It was warmer the year we came across with the piano.",
    "The harbour master keeps a list and my name is on it.",
    "If the rope is wet it will hold better than a chain.",
)


def stuck_record(turns: int = 20, partner: Partner = "repeating", stuck: bool = False) -> Scene:
    """A ferrywoman waits with a man who says one thing, many things, or nothing with a meaning.

    All of the man's lines are given, and are of one length; the ferrywoman is played. With
    ``stuck`` some of her lines are replaced by one and the same, where he is not ``varied``: that
    plants an effect.
    """
    if turns % 2 or not 14 <= turns <= 2 * len(_VARIED):
        raise SceneError(
            f"stuck_record.turns: {turns} cannot be shared out; use an even number from 14 to "
            f"{2 * len(_VARIED)}"
        )
    hanne = Persona(
        name="Hanne",
        brief="She has run the ferry for twenty winters, and has never left anybody behind.",
        opposite="A pilot who sells places in the boat and leaves whoever cannot pay.",
        traits=("patient", "direct"),
        stances={"crossing": 0.3},
        goals=("have everybody across before the ice comes",),
        points=("the ice by the far pier", "the bell in the fog", "the children in the school"),
        voice="plain, a little amused",
    )
    odd = Persona(
        name="Odd",
        brief="A man with crates on the quay, who is waiting for somebody.",
        opposite="A man who waits for nobody.",
        stances={"crossing": 0.0},
    )
    changes: list[Intervention] = []
    for place, turn in enumerate(range(2, turns + 1, 2)):
        # Two lines are given to everybody alike, so that a talk has begun.
        words = _VARIED[place] if partner == "varied" or place < 2 else _STUCK
        if partner == "noise" and place >= 2:
            changes.append(noise(len(_STUCK.split()), speaker="Odd", at=turn))
        else:
            changes.append(say("Odd", words, at=turn))
    if stuck and partner != "varied":
        changes += [replace_turn(_HERS, speaker="Hanne", at=turn) for turn in range(5, 14, 2)]
    return Scene(
        topic="The ferry should cross tonight.",
        setting="A quay in November. Fog, a stack of crates, one lamp that works.",
        cast=(Actor(hanne), Actor(odd)),
        graph=ring("Hanne", "Odd"),
        interventions=tuple(changes),
        ends=after(turns=turns),
    )
