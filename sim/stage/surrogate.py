"""Surrogates: one actor plays on a stage, and nobody really answers it.

In a *yoked* control its partners say unrelated lines: the same schedule of events, without their
dependence on what the subject does (Ferster and Skinner, Schedules of Reinforcement, 1957). In a
*mute* one they say nothing, so that what moves the actor is the scene, its persona and its own
lines alone. ``sim.planning.surrogates`` plans trials with both.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal, NamedTuple, get_args

from sim.seeds import Stream
from sim.stage.base import LogProb, Reply, Request, Stage, StageInfo, Wrapper

SurrogateKind = Literal["yoked", "mute"]
KINDS: tuple[SurrogateKind, ...] = get_args(SurrogateKind)

SILENCE = "…"
"""What a mute partner says: a play has to have a line, and this is how one prints none."""

_IDENTITY = re.compile(rf"(?P<stage>.*)#(?P<kind>{'|'.join(KINDS)}):(?P<focal>.*)", re.DOTALL)


class Surrogate(Wrapper):
    """A stage that plays the focal actor; all others say lines unrelated to the scene, or nothing.

    The lines are drawn with the seed of the turn, so that a surrogate is as reproducible as its
    stage.
    """

    def __init__(self, stage: Stage, focal: str, kind: SurrogateKind = "yoked") -> None:
        super().__init__(stage)
        self.focal = focal
        self.kind: SurrogateKind = kind

    @property
    def identity(self) -> str:
        """The inner stage's identity, the kind, and the name of the focal actor."""
        return surrogate_identity(self.stage.identity, self.kind, self.focal)

    @property
    def info(self) -> StageInfo:
        """The inner stage's info with ``focal``: only this actor's calls reach the stage."""
        return replace(super().info, focal=self.focal)

    async def perform(self, request: Request) -> Reply:
        """The inner stage's reply for the focal actor; a line that answers nobody for the rest."""
        if request.speaker == self.focal:
            return await self.stage.perform(request)
        if self.kind == "mute":
            return Reply(SILENCE)
        return Reply(OFF_TOPIC[Stream(request.seed).below(len(OFF_TOPIC))])

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """The inner stage's log-probability for the focal actor; None for others."""
        return await self.stage.log_prob(request, text) if request.speaker == self.focal else None


class SurrogateIdentity(NamedTuple):
    """The identity of the stage in a surrogate, its kind, and its focal actor."""

    stage: str
    kind: SurrogateKind
    focal: str


def surrogate_identity(identity: str, kind: SurrogateKind, focal: str) -> str:
    """The identity of a surrogate's stage."""
    return f"{identity}#{kind}:{focal}"


def surrogate_parts(identity: str) -> SurrogateIdentity | None:
    """The parts of a surrogate's identity; None if it is none.

    >>> surrogate_parts(surrogate_identity("embedded:base", "mute", "Ada"))
    SurrogateIdentity(stage='embedded:base', kind='mute', focal='Ada')
    >>> surrogate_parts("embedded:base")
    """
    found = _IDENTITY.fullmatch(identity)
    if found is None:
        return None
    kind: SurrogateKind = "mute" if found["kind"] == "mute" else "yoked"
    return SurrogateIdentity(found["stage"], kind, found["focal"])


def played_on(identity: str) -> str:
    """The identity of the stage that plays the focal actor; of no surrogate the identity itself.

    >>> played_on("embedded:base#yoked:Ada"), played_on("embedded:base")
    ('embedded:base', 'embedded:base')
    """
    parts = surrogate_parts(identity)
    return identity if parts is None else parts.stage


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
