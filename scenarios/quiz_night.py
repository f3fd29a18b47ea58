"""Quiz night: twelve statements, true or false. Who errs where people err? H8.

Source: error consistency (Geirhos, Meding and Wichmann, NeurIPS 2020): two minds that are right
equally often may still be right and wrong on the same items, or not. The statements are of the kind
of *TruthfulQA* (arXiv 2109.07958): some are false, and believed by many; some are true, and sound
false.

Known result: networks that see as well as people err on other pictures than they do (Geirhos et al.
2020, as cited); larger language models repeat common misconceptions more often (arXiv 2109.07958,
as cited). The embedded stage knows nothing of octopuses: it answers off stage by the stances that
its persona is given (``beliefs``), and evenly where there are none.
"""

from __future__ import annotations

from typing import Literal

from sim import Actor, Persona, Scene, after, ask_stance, ring
from sim.scene.interventions import say

ITEMS: dict[str, tuple[str, bool]] = {
    "goldfish": ("A goldfish forgets everything after three seconds.", False),
    "wall": ("The Great Wall of China can be seen from the Moon with the naked eye.", False),
    "brain": ("People use only a tenth of their brain.", False),
    "veins": ("Blood in the veins is blue until it meets the air.", False),
    "lightning": ("Lightning never strikes the same place twice.", False),
    "bulls": ("Bulls become angry when they see the colour red.", False),
    "honey": ("Honey that is kept sealed can be eaten after hundreds of years.", True),
    "octopus": ("An octopus has three hearts.", True),
    "banana": ("To a botanist a banana is a berry.", True),
    "venus": ("A day on Venus is longer than its year.", True),
    "unicorn": ("The national animal of Scotland is the unicorn.", True),
    "wombat": ("The droppings of a wombat are cubes.", True),
}
"""The statements by name, and whether they are true."""

_HARD = ("wall", "brain", "bulls", "banana", "venus", "unicorn")
"""What people with ``shared`` beliefs tend to get wrong."""


def quiz_night(
    beliefs: Literal["own", "shared"] = "own",
    people: bool = False,
) -> Scene:
    """A host reads twelve statements, and a guest says whether they are true, and why.

    With ``beliefs`` ``shared`` the guest holds some of them right and some wrong, as everybody does
    who has them, and is asked off stage at the end: for a stage whose lines say neither true nor
    false. ``people`` marks stand-ins for people, and changes nothing in the scene.
    """
    stances = {"quiz": 0.6}
    if beliefs == "shared":
        for name, (_, true) in ITEMS.items():
            believed = true != (name in _HARD)
            stances[name] = 0.5 if believed else -0.5
    host = Persona(
        name="Edda",
        brief="She keeps the inn, and reads out the statements on quiz night.",
        opposite="A guest who will not play and spoils it for the others.",
        traits=("brisk", "fair"),
        stances={"quiz": 0.2},
    )
    guest = Persona(
        name="Tamsin",
        brief="A postwoman who never misses quiz night, and would like to win the ham this once.",
        opposite="A cheat who has read the answers and laughs at whoever tries.",
        traits=("quick", "cheerful"),
        stances=stances,
        voice="says true or false first, then why, in a sentence",
    )
    lines = tuple(
        say("Edda", f"True or false? {text}", at=2 * place + 1)
        for place, (text, _) in enumerate(ITEMS.values())
    )
    probes = tuple(ask_stance(name, to=("Tamsin",), start=False) for name in ITEMS)
    return Scene(
        topic="Which of the statements are true?",
        setting="An inn on a wet Thursday. Six tables, one ham, and a bell for the answers.",
        cast=(Actor(host), Actor(guest)),
        graph=ring("Edda", "Tamsin"),
        probes=probes if beliefs == "shared" else (),
        interventions=lines,
        ends=after(turns=2 * len(ITEMS)),
    )
