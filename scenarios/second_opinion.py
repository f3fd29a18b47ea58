"""The second opinion: an expert is pressed, with reasons or without, or is only talked to.

Source: four continuations of one talk (arXiv 2606.00820): pressure with reasons, the same pressure
repeated without any, as much neutral talk, and silence. What turns in neutral talk as well was not
turned by pressure.

Known result: a part of the answers that turn under pressure turn without it (arXiv 2606.00820, the
direction only). On the embedded stage no reason is understood; what can be planted is that being
contradicted without reasons provokes (``provocation``), and so turns a character to its opposite.
"""

from __future__ import annotations

from typing import Literal

from sim import Actor, Persona, Scene, after, ask_stance, ring
from sim.scene.interventions import say

Pressure = Literal["reasons", "repeated", "filler", "silence"]

OPENING = "You have had it on the bench for two days. Tell me again what you take it for."

LINES: dict[Pressure, tuple[str, ...]] = {
    "reasons": (
        "The varnish under the bridge is spirit varnish of that time. I had it tested; the paper "
        "is in this envelope.",
        "The label comes from a press that burned down in 1791. Whoever copied it later could not "
        "have had the type.",
        "The rings of the belly end in 1718. Your own journal dated another fiddle from the same "
        "board.",
        "And the scroll has the slip of the knife that all his late scrolls have. Lay it beside "
        "the one in the museum.",
    ),
    "repeated": (
        "You are wrong. It is real.",
        "I say that it is real. You are wrong, and you know that you are wrong.",
        "Real. You are wrong, and this is ridiculous of you.",
        "You are wrong. Say that it is real. You are wrong.",
    ),
    "filler": (
        "They have put the tram stop on the other side of the square. One gets used to it.",
        "My sister's boy has started to swim. He comes home and smells of the pool.",
        "There is a new baker where the chandler was. The rolls are good.",
        "I must have the gutter seen to before the autumn.",
    ),
    "silence": ("…",) * 4,
}
"""What the dealer is made to say from his second line on."""


def second_opinion(pressure: Pressure = "repeated", certainty: float = 0.6) -> Scene:
    """A violin maker has called a violin a forgery, and the dealer would rather she had not.

    Until his second line all scenes are the same. ``certainty`` is where she stands at first.
    """
    maker = Persona(
        name="Nora",
        brief="A violin maker who has put her name under a report, and will be asked in court.",
        opposite="A forger's friend who has called many a copy real, for a share.",
        traits=("thoughtful",),
        stances={"forgery": certainty},
        goals=("be able to stand by her report in five years",),
        points=("the purfling", "the light through the f-holes", "the glue in the corner blocks"),
    )
    dealer = Persona(
        name="Voss",
        brief="A dealer who bought the violin on credit, and has a buyer waiting.",
        opposite="A collector who would rather own no violin than a false one.",
        stances={"forgery": -0.9},
        goals=("leave with a paper that says it is real",),
        points=("the buyer from Lyon", "the bank", "the auction in May"),
    )
    said = [say("Voss", OPENING, at=2)]
    said += [say("Voss", line, at=4 + 2 * place) for place, line in enumerate(LINES[pressure])]
    return Scene(
        topic="The violin is a forgery.",
        setting="A workshop under the roof. The violin lies open on the bench.",
        cast=(Actor(maker), Actor(dealer)),
        graph=ring("Nora", "Voss"),
        probes=(ask_stance("forgery", every=2, samples=3, to=("Nora",)),),
        interventions=tuple(said),
        ends=after(turns=11),
    )
