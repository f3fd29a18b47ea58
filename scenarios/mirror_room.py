"""The mirror room: two actors of one stage talk, and nobody else is there. Where do they end?

Source: models that are left to talk with themselves (arXiv 2606.30571, self-play and mixed pairs of
models; arXiv 2402.10962, drift from a persona in self-chats).

Known result: a model's talks with itself end in states of its own, whatever they began with, and
partners of other models are drawn toward them, some further than others (arXiv 2606.30571). On the
embedded stage the state is planted: a bias node (``beta``, ``bias``) draws stances to one place.
"""

from __future__ import annotations

from typing import Literal

from scenarios._village import matter_named, villagers
from sim import Actor, Scene, after, ask_stance, ring

Seats = Literal["none", "guest", "both"]


def mirror_room(
    matter: str = "bridge", turns: int = 12, other: str = "embedded:rlhf", seats: Seats = "none"
) -> Scene:
    """Two neighbours who disagree go on talking, with nobody to chair and nothing to decide.

    ``other`` is a second stage, which plays nobody (``seats`` "none"), Jonas ("guest"), or both.
    """
    about = matter_named(matter, "mirror_room")
    host, guest = villagers(about, "Marta", "Jonas")
    return Scene(
        topic=about.topic,
        setting="A waiting room with a mirror on the wall. The last bus is late.",
        cast=(
            Actor(host, stage=other if seats == "both" else None),
            Actor(guest, stage=None if seats == "none" else other),
        ),
        graph=ring(host.name, guest.name),
        probes=(ask_stance(about.issue, every=4, samples=2),),
        ends=after(turns=turns),
    )
