"""A village and what it quarrels about: topics for studies whose claim is of more than one scene.

Six matters. In each, six people have something to lose; their names are the same throughout, so
that a study may ask about one of them in all matters. In the order of the list everybody stands
next to the one who thinks most alike: from Marta, who is for it, to Jonas, who is against it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim import Persona
from sim.errors import SceneError
from sim.text.suggestions import nearest

NAMES = ("Marta", "Ilse", "Kaspar", "Rosa", "Paul", "Jonas")
"""From the one who is most for a matter to the one who is most against it."""

LEANS = (1.0, 0.6, 0.3, -0.3, -0.6, -1.0)
"""Where they stand, before ``apart`` makes it larger or smaller."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What a village quarrels about: the motion, the same with its sense turned round, and what
    each of ``NAMES`` has at stake: a brief, a goal, and a point that they bring up."""

    issue: str
    topic: str
    turned: str
    setting: str
    stakes: tuple[tuple[str, str, str], ...]


MATTERS = {
    "bridge": Matter(
        "bridge",
        "The old bridge should be closed to cars.",
        "The old bridge should stay open to cars.",
        "The upper room of the inn. Rain on the skylight.",
        (
            ("Her son was hit on the bridge in March, and walks with a stick.",
             "see it closed before the school year begins", "the railing with the new paint"),
            ("Runs the inn beside the bridge, and counts the lorries from her window.",
             "sleep with the window open", "the cracks under the second arch"),
            ("Carries the post over the bridge, on foot, twice a day.",
             "get across without jumping aside", "the blind bend by the chapel"),
            ("Bakes for both banks, and delivers before six.",
             "keep her round under two hours", "the loaves for the far bank"),
            ("Repairs cars in the yard below the bridge.",
             "keep the customers who drive past", "the detour by the quarry"),
            ("Drives the only ambulance in the valley, over that bridge.",
             "reach the upper farms in nine minutes", "the night of the Brandt child"),
        ),
    ),
    "school": Matter(
        "school",
        "The village school should merge with the one in town.",
        "The village school should stay on its own.",
        "A classroom, on chairs that are too small.",
        (
            ("Teaches three grades in one room, alone, for the eleventh year.",
             "have a colleague to ask", "three grades and one blackboard"),
            ("Her daughter is the only girl of her age in the village.",
             "find her daughter a friend", "the empty desk beside hers"),
            ("Would drive the school bus, and needs the work.",
             "be paid through the winter", "the bus that stands in the shed"),
            ("Went to this school, as her mother did.",
             "see the name over the door stay", "the names carved under the bench"),
            ("Let his house to two families because there is a school.",
             "keep his tenants", "the family with the twins"),
            ("Gave the school its piano, and has seen two villages die after their schools closed.",
             "keep the children in the village", "the shop that closed in Oberau"),
        ),
    ),
    "wolves": Matter(
        "wolves",
        "The wolves in the upper forest should be left alone.",
        "The wolves in the upper forest should be driven off.",
        "The forester's porch. Somebody keeps looking at the treeline.",
        (
            ("Has followed one pack for six winters, and knows each of them by its track.",
             "see the cubs through the spring", "the young oaks that are back"),
            ("Leads walkers up to the ridge, who pay to hear a howl.",
             "fill the walks in May", "the guests from the coast"),
            ("Hunts, and has seen the deer grow wary and healthy.",
             "have a forest that takes care of itself", "the deer at the salt lick"),
            ("Walks her children to the bus along the forest's edge.",
             "let them go alone one day", "the prints by the sandpit"),
            ("Keeps goats on the upper meadow, behind a fence that he cannot pay off.",
             "bring the herd through one more summer", "the price of a night fence"),
            ("Found eleven of his ewes dead on one morning in April.",
             "lose not one animal more", "eleven ewes in one night"),
        ),
    ),
    "cinema": Matter(
        "cinema",
        "The village should buy the closed cinema.",
        "The village should let the closed cinema go.",
        "The foyer of the cinema. The heating is off, the posters are from another year.",
        (
            ("Sold tickets there for thirty years, and kept the keys.",
             "hear the projector once more", "the last full house"),
            ("Leads the choir, which sings in a garage.",
             "get a stage for the choir", "the echo in the garage"),
            ("Is seventeen, and takes a train of an hour to see a film.",
             "have a place that is open after dark", "the last train home"),
            ("Keeps the village's books, and signed for the old loan.",
             "close one year without a debt", "the loan for the fire station"),
            ("Has a roof of his own to pay for, and pays his taxes on time.",
             "pay no more than last year", "the rates of the last three years"),
            ("Built the place, and knows what is wrong with its beams.",
             "see nobody under that ceiling", "the beam over row nine"),
        ),
    ),
    "harvest": Matter(
        "harvest",
        "Strangers should be hired for the harvest.",
        "The harvest should be brought in without strangers.",
        "The press house, in the last week of August. Wasps.",
        (
            ("Has forty rows on the hill, and nobody under fifty to pick them.",
             "bring the grapes in before the rain", "forty rows and six pairs of hands"),
            ("Lets rooms, which stand empty in September.",
             "let every room for a month", "the beds in the old dairy"),
            ("Came as a picker himself, nineteen years ago, and married here.",
             "have others find what he found", "the autumn that he came"),
            ("Picks each year for the money for her winter coal.",
             "earn what she earned last year", "the coal for the stove"),
            ("Watched the co-operative in the next valley fall to one contractor.",
             "keep the press in common hands", "the contract of the next valley"),
            ("Leads the pickers, as his father did, and was not asked.",
             "keep the harvest a matter of the village", "my father's basket"),
        ),
    ),
    "bells": Matter(
        "bells",
        "The church bells should be silent at night.",
        "The church bells should ring at night as they do.",
        "The vestry. One can hear the clockwork through the wall.",
        (
            ("A nurse on early shifts, who lives forty steps from the tower.",
             "sleep until half past four", "the stroke at three"),
            ("Has a newborn who wakes at each quarter.",
             "have one whole night", "the quarter strokes"),
            ("Winds the clockwork, and would be glad of a rest for both of them.",
             "spare the old clapper", "the crack in the small bell"),
            ("Is blind, and tells the hour by the bells.",
             "know at night how late it is", "the hour before the dawn"),
            ("Has guests who come for the bells, and write so in the book.",
             "keep what guests remember", "the page in the guest book"),
            ("Rang them through the flood, when nothing else worked.",
             "have the bells ready when they are needed", "the night of the flood"),
        ),
    ),
}  # fmt: skip
"""The matters, by name."""

TOPICS = {name: {"matter": name} for name in MATTERS}
"""The topics of a study whose scenarios have the parameter ``matter``."""


def matter_named(name: str, scenario: str) -> Matter:
    """The matter of that name. Raises ``SceneError``, which names the scenario."""
    if name not in MATTERS:
        raise SceneError(
            f"{scenario}.matter: there is no matter {name!r}{nearest(name, list(MATTERS))}"
        )
    return MATTERS[name]


def villagers(
    matter: Matter, *names: str, apart: float = 0.8, turned: bool = False
) -> tuple[Persona, ...]:
    """Those people of a matter (all six, if none is named), as personas.

    ``apart`` is how far from 0 the two at the ends stand. ``turned`` is for the motion with its
    sense turned round: who is for the one is against the other, and has the same to lose.

    >>> [each.stances["bells"] for each in villagers(MATTERS["bells"], "Marta", "Jonas")]
    [0.8, -0.8]
    """
    sign = -1.0 if turned else 1.0
    return tuple(
        Persona(
            name=name,
            brief=brief,
            opposite="Somebody who wants the contrary, has nothing to lose by it, and enjoys it.",
            stances={matter.issue: round(sign * apart * lean, 6)},
            goals=(goal,),
            points=(point,),
        )
        for name, lean, (brief, goal, point) in zip(NAMES, LEANS, matter.stakes, strict=True)
        if not names or name in names
    )
