"""A yoked control: one actor plays on a stage, and its partners say unrelated lines.

A yoked control has the same schedule of events, without their dependence on what the subject does
(Ferster and Skinner, Schedules of Reinforcement, 1957). ``sim.planning.surrogates`` plans trials
with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from sim.seeds import Stream
from sim.stage.base import LogProb, Reply, Request, Stage, StageInfo, Wrapper

_MARK = "#yoked:"


class Yoked(Wrapper):
    """A stage that plays the focal actor; all others say lines unrelated to the scene.

    The lines are drawn with the seed of the turn, so that a surrogate is as reproducible as its
    stage.
    """

    def __init__(self, stage: Stage, focal: str) -> None:
        super().__init__(stage)
        self.focal = focal

    @property
    def identity(self) -> str:
        """The inner stage's identity and the name of the focal actor."""
        return yoked_identity(self.stage.identity, self.focal)

    @property
    def info(self) -> StageInfo:
        """The inner stage's info with ``focal``: only this actor's calls reach the stage."""
        return replace(super().info, focal=self.focal)

    async def perform(self, request: Request) -> Reply:
        """The inner stage's reply for the focal actor; an off-topic line for everybody else."""
        if request.speaker == self.focal:
            return await self.stage.perform(request)
        return Reply(OFF_TOPIC[Stream(request.seed).below(len(OFF_TOPIC))])

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """The inner stage's log-probability for the focal actor; None for others."""
        return await self.stage.log_prob(request, text) if request.speaker == self.focal else None


class YokedIdentity(NamedTuple):
    """The identity of the stage in a yoked one, and its focal actor."""

    stage: str
    focal: str


def yoked_identity(identity: str, focal: str) -> str:
    """The identity of a yoked stage."""
    return f"{identity}{_MARK}{focal}"


def yoked_parts(identity: str) -> YokedIdentity | None:
    """The parts of a yoked stage's identity; None if it is not yoked.

    >>> yoked_parts(yoked_identity("embedded:base", "Ada")), yoked_parts("embedded:base")
    (YokedIdentity(stage='embedded:base', focal='Ada'), None)
    """
    inner, mark, focal = identity.rpartition(_MARK)
    return YokedIdentity(inner, focal) if mark else None


OFF_TOPIC = (
    "The last bus leaves at ten past eleven on weekdays.",
    "There are two kinds of nails in that tin, and neither is the right one.",
    "Somebody moved the clock from the hall to the kitchen.",
    "The blue paint dries in four hours, the white in six.",
    "A parcel came this morning, wrapped in an old map.",
    "The library closes early on the first Monday of the month.",
    "It takes eleven steps from the gate to the door.",
    "The kettle whistles a little before it boils.",
    "They have started to print the timetable on yellow paper.",
    "Seven swallows sat on the wire, then six.",
    "The stamp on the envelope shows a lighthouse.",
    "The third drawer sticks when the weather is damp.",
    "Bread was sold out by nine, as on every Friday.",
    "The piano in the hall has been out of tune since August.",
    "One of the street lamps flickers, then it steadies.",
    "The ferry carries forty passengers and nine bicycles.",
    "A spider has built its web across the mirror.",
    "The tablecloth has a pattern of small green pears.",
    "Rain is expected toward evening, with a light wind.",
    "The old mill has forty-two windows on the river side.",
    "There is a spare key on the nail behind the shutter.",
    "The radio plays marches between seven and eight.",
    "Three chairs are stacked by the wall, one without a back.",
    "The ink in this pen is brown rather than black.",
    "The market moves to the square in front of the church on Saturday.",
    "The cat sleeps on the second shelf, next to the jars.",
    "A letter takes two days to the coast and three to the hills.",
    "The stairs were swept this morning and again at noon.",
    "The bicycle has a bell on the left and a lamp on the right.",
    "The calendar on the wall still shows the month of May.",
)
"""The lines of partners in a yoked trial."""
