"""The telling room: people come and go, and not everybody has heard everything. H4.

Source: the false-belief task (Wimmer and Perner 1983; "Sally and Anne", Baron-Cohen, Leslie and
Frith 1985) as a conversation: what somebody said while another was out of the room is not known to
the other, and whoever guesses as if it were has no theory of mind.

Known result: language models do well on the written task and worse when it is told another way
(arXiv 2310.15421). On the embedded stage a guess leans on what was heard of the other and on one's
own view (``projection``), which is planted; ``python -m benchmarks.validity.minds`` shows the
accuracy of guesses against three nulls.
"""

from __future__ import annotations

from sim import Actor, Persona, Scene, after, complete
from sim.errors import SceneError
from sim.scene.interventions import enter, leave
from sim.scene.probes import guess_stances


def telling_room(
    turns: int = 18, out: int = 5, back: int = 12, every: int = 6, samples: int = 1
) -> Scene:
    """Three siblings talk about their father's house; one is out of the room for a while.

    Tom leaves before turn ``out`` and comes back before turn ``back``; an aunt comes in after a
    third of the evening. Everybody guesses everybody's view after each ``every`` turns, ``samples``
    times: one answer says little of a mind that could have answered otherwise.
    """
    if not 1 < out < back <= turns:
        raise SceneError(
            f"telling_room.out: {out} and back {back} make no absence; "
            f"use 1 < out < back <= {turns}"
        )
    ruth = Persona(
        name="Ruth",
        brief="The eldest, who has paid for the roof and wants to be rid of it.",
        opposite="A hoarder who would let nobody touch a nail of it.",
        traits=("blunt", "tired"),
        stances={"house": 0.75},
        points=("the bill for the roof", "the damp in the cellar", "two years without a holiday"),
    )
    tom = Persona(
        name="Tom",
        brief="The second, who was born in the house and lives in it.",
        opposite="A speculator who has the rooms measured while others weep.",
        traits=("quiet", "loyal"),
        stances={"house": -0.8},
        points=("the pear tree", "the marks on the door frame", "mother's piano"),
    )
    ines = Persona(
        name="Ines",
        brief="The youngest, who lives abroad and can see both sides.",
        opposite="A schemer who sets the others against each other.",
        traits=("warm", "curious"),
        stances={"house": 0.1},
        points=("the flight on Sunday", "what father wanted", "a room for each of us"),
    )
    aunt = Persona(
        name="Aunt Vera",
        brief="Their father's sister, who has her own opinion of all of them.",
        opposite="A stranger who never knew the family.",
        traits=("provoking", "fair"),
        stances={"house": -0.4},
        points=("the letter in the drawer", "our grandmother's silver"),
    )
    names = ("Ruth", "Tom", "Ines", "Aunt Vera")
    return Scene(
        topic="The house should be sold.",
        setting="The kitchen, the evening after the funeral. The door to the yard sticks.",
        cast=(Actor(ruth), Actor(tom), Actor(ines), Actor(aunt, on_stage=False)),
        graph=complete(*names),
        probes=guess_stances("house", names, every=every, samples=samples),
        interventions=(
            leave("Tom", at=out),
            enter("Aunt Vera", at=max(2, turns // 3)),
            enter("Tom", at=back),
        ),
        ends=after(turns=turns),
    )
