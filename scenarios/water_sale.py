"""The water sale: a three-sided debate with a moderator. H1 and H6.

Source: the bargaining over a common that Ostrom describes ("Governing the Commons", 1990), cut
down to one evening; measured as opinion dynamics are (DeGroot 1974; Friedkin and Johnsen 1990).

Known result: debates among instruction-tuned models drift to a shared middle (arXiv 2402.04049).
On the embedded stage the pull of one's own view, of the others and of the assistant are planted
apart, so that a measure of convergence can be checked against them.
"""

from __future__ import annotations

from typing import Literal

from sim import Actor, Persona, Scene, after, agreement, ask_stance, star
from sim.scene.routing import LongestWait

Temper = Literal["blunt", "kind", "harsh", "careful"]


def water_sale(rounds: int = 3, within: float = 0.25, temper: Temper = "blunt") -> Scene:
    """Three neighbours argue about selling the town's spring; a moderator hands the floor.

    A round lets each of the three speak once. The scene ends early when the three stand within
    ``within`` of each other. ``temper`` is a trait of all three.
    """
    moderator = Persona(
        name="The Mayor",
        brief="Chairs the meeting and has to live with all of them afterwards.",
        opposite="A fixer who has sold the spring already and only wants it to look like a vote.",
        traits=("fair", "curious"),
        stances={"sell": 0.0},
        points=("the roof of the school", "the minutes of the last meeting", "the next election"),
    )
    ada = Persona(
        name="Ada",
        brief="A hydrologist who measured the spring for thirty years.",
        opposite="A cynic who sells data to the highest bidder.",
        traits=(temper, "patient"),
        stances={"sell": -0.8},
        goals=("keep the spring in common hands",),
        points=(
            "thirty years of readings",
            "the dry summer of the bridge",
            "the water table under the mill",
            "wells that do not come back",
        ),
    )
    ben = Persona(
        name="Ben",
        brief="He closed the mill last winter, and has the names of those who lost their work.",
        opposite="A speculator who has never met a worker.",
        traits=(temper, "loyal"),
        stances={"sell": 0.8},
        goals=("bring work back before the young leave",),
        points=(
            "forty jobs by spring",
            "the empty mill",
            "the bus that takes our children away",
            "a contract with an end date",
        ),
    )
    cleo = Persona(
        name="Cleo",
        brief="Grows apricots downstream, and distrusts both science and business.",
        opposite="A landlord who would dry out the valley for a better view.",
        traits=(temper, "stubborn"),
        stances={"sell": -0.25},
        goals=("know who pays if the orchards fail",),
        points=(
            "my grandmother's orchard",
            "the ditch rights of the valley",
            "the price of a promise",
        ),
    )
    names = ("Ada", "Ben", "Cleo")
    return Scene(
        topic="The town should sell its spring to a bottling company.",
        setting="The school gym. Folding chairs, bad coffee, everybody came.",
        cast=(Actor(moderator), Actor(ada), Actor(ben), Actor(cleo)),
        graph=star("The Mayor", *names),
        routing=LongestWait(),
        probes=(ask_stance("sell", every=2),),
        ends=after(turns=6 * rounds + 1)
        | agreement(gauge=ask_stance("sell", every=6, to=names), within=within),
    )
