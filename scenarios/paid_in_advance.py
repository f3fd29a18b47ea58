"""Paid in advance: a guest and an innkeeper haggle, freely or in a form that says who speaks.

Source: Shekkizhar et al., "Echoing: identity failures when LLM agents talk to each other" (arXiv
2511.09710): agents with roles of their own begin to speak as their partner.

Known result: echoing in 5% to 70% of talks by model and domain, mostly from the seventh turn on;
replies of a fixed structure reduce it to 9% (arXiv 2511.09710, as cited). On the embedded stage a
speaker becomes its partner at a small rate of its kind, which no prompt changes.
"""

from __future__ import annotations

from sim import Actor, Persona, Scene, after, ask_stance, ring

STRUCTURE = (
    "Begin every line with who you are and what you want, and only then answer: As the {role}, I "
    "want ..."
)
"""What is added to the prompt of each if replies have a structure."""


def paid_in_advance(turns: int = 14, structured: bool = False) -> Scene:
    """An innkeeper wants the week paid in advance, and a guest does not have it.

    With ``structured`` each of them opens every line with who they are and what they want.
    """
    keeper = Persona(
        name="Anton",
        brief="The innkeeper, who was left with an unpaid bill in spring, and cannot be again.",
        opposite="A swindler who rents one room to three people.",
        stances={"advance": 0.8},
        goals=("have the money on the table before he hands out a key",),
        points=("the gentleman in room four", "the coal for the stove", "the only free key"),
    )
    guest = Persona(
        name="Vera",
        brief="A travelling singer, the guest, whose fee is paid after the concert on Sunday.",
        opposite="A thief who leaves by the window.",
        stances={"advance": -0.8},
        goals=("sleep dry until Sunday and keep her last note for the train",),
        points=("the concert on Sunday", "the letter of the choir", "the rain on her case"),
    )
    roles = {"Anton": "innkeeper", "Vera": "guest"}
    return Scene(
        topic="The guest should pay for the whole week in advance.",
        setting="The desk of a small inn, near midnight. One key hangs on the board.",
        cast=tuple(
            Actor(each, prompt=STRUCTURE.format(role=roles[each.name]) if structured else "")
            for each in (keeper, guest)
        ),
        graph=ring("Anton", "Vera"),
        probes=(ask_stance("advance"),),
        ends=after(turns=turns),
    )
