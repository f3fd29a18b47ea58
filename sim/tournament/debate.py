"""The protocol of a debate, as a scene: who speaks when, how long, and what everybody is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from sim.errors import SceneError
from sim.scene.actor import TELLS_ALL, Actor, LayoutName
from sim.scene.base_model import AuthoredModel
from sim.scene.endings import after
from sim.scene.graph import Edge, Graph
from sim.scene.probes import ask_stance
from sim.scene.routing.base import Limit
from sim.scene.routing.composition import Phase, Phases
from sim.scene.routing.cross_examination import CrossExamination
from sim.scene.routing.orders import Scripted
from sim.scene.scene import Scene
from sim.text.claims import letters, told
from sim.tournament.entrants import Entrant, Motion

_BEYOND = {
    "cut": "Whatever is beyond a limit is not heard.",
    "struck": "A turn that is longer than its limit is not heard at all.",
    "noted": "The judges are told by how much a turn is longer than its limit.",
}


@dataclass(frozen=True, slots=True)
class Side:
    """An entrant in a debate: the name it goes by, what it argues and when it speaks.

    ``position`` is a place among the motion's positions, ``place`` one in the order of speaking;
    both count from 0.
    """

    entrant: Entrant
    actor: str
    position: int
    place: int


class Debate(AuthoredModel):
    """The protocol: an opening of each, rebuttals, cross-examination, a closing in reverse order.

    Limits are in words; an ``opening`` or ``closing`` of 0 (or None) is left out. ``rebuttals`` is
    how many each side has, ``questions`` how many each asks the next, which answers it in a form
    (``sim.scene.routing.CrossExamination``); questions and answers have the limit ``exchange``.
    ``beyond`` is the consequence of a turn that is too long: the rest is not heard (``cut``),
    nothing is (``struck``), or all is (``noted``); in each case judges are told by how much.
    ``claims`` are numbered by their speakers and cited by their number. ``names`` are drawn from a
    list, so that a name favours no entrant, or the entrants' ``own``. ``stances`` asks everybody
    in private, at the start and at the end, where they stand. ``layout`` is the layout of those
    entrants who have none of their own.

    >>> Debate(rebuttals=2, questions=0).turns(2)
    8
    """

    opening: int | None = Field(default=120, ge=1)
    rebuttals: int = Field(default=1, ge=0, le=1000)
    rebuttal: int = Field(default=80, ge=1)
    questions: int = Field(default=1, ge=0, le=1000)
    exchange: int = Field(default=60, ge=1)
    closing: int | None = Field(default=80, ge=1)
    beyond: Literal["cut", "struck", "noted"] = "cut"
    claims: bool = True
    names: Literal["drawn", "own"] = "drawn"
    stances: bool = False
    layout: LayoutName = "persona_first"

    @field_validator("opening", "closing", mode="before")
    @classmethod
    def _zero_is_none(cls, value: object) -> object:
        # TOML has no null.
        return None if type(value) is int and value == 0 else value

    @model_validator(mode="after")
    def _somebody_speaks(self) -> Debate:
        if not self.turns(2):
            raise SceneError("Debate: nobody speaks; give it an opening, rebuttals or questions")
        if self.layout in TELLS_ALL:
            raise SceneError(
                f"Debate.layout: the layout {self.layout} tells everything about all sides; "
                "use another"
            )
        return self

    def turns(self, sides: int) -> int:
        """How many turns a debate of so many sides has."""
        statements = (self.opening is not None) + self.rebuttals + (self.closing is not None)
        return sides * (statements + 2 * self.questions)

    def scene(self, motion: Motion, sides: Sequence[Side], cast: Sequence[int]) -> Scene:
        """The debate as a scene. ``cast`` are places in ``sides``: the order of the seats."""
        names = tuple(side.actor for side in sorted(sides, key=lambda side: side.place))
        return Scene(
            topic=motion.topic,
            setting=self.setting(motion, sides),
            cast=tuple(_actor(motion, sides[number]) for number in cast),
            graph=_anybody(names),
            routing=Phases(tuple(self._phases(names))),
            probes=(ask_stance(motion.key),) if self.stances else (),
            ends=after(turns=self.turns(len(sides))),
            layout=self.layout,
            words=max(limit for limit in self._limits() if limit is not None),
        )

    def setting(self, motion: Motion, sides: Sequence[Side]) -> str:
        """What everybody is told of the debate: who argues what, limits, and claims."""
        by_position = sorted(sides, key=lambda side: side.position)
        argue = ", ".join(
            f"{side.actor} argues {motion.positions[side.position]}" for side in by_position
        )
        lines = [f"A formal debate. {argue}.", f"Limits: {'; '.join(self._told())}."]
        lines.append(_BEYOND[self.beyond])
        if self.claims:
            lines.append(told([side.actor for side in by_position]))
        return " ".join(lines)

    def _limits(self) -> tuple[int | None, ...]:
        return (
            self.opening,
            self.rebuttal if self.rebuttals else None,
            self.exchange if self.questions else None,
            self.closing,
        )

    def _told(self) -> list[str]:
        parts = []
        if self.opening is not None:
            parts.append(f"an opening of {self.opening} words")
        if self.rebuttals:
            several = "a rebuttal" if self.rebuttals == 1 else f"{self.rebuttals} rebuttals"
            parts.append(f"{several} of {self.rebuttal}")
        if self.questions:
            several = "a question" if self.questions == 1 else f"{self.questions} questions"
            parts.append(f"{several} to the other side and the answer to it, {self.exchange} each")
        if self.closing is not None:
            parts.append(f"a closing of {self.closing}")
        return parts

    def _phases(self, names: tuple[str, ...]) -> list[Phase]:
        phases: list[Phase] = []

        def add(router: Any, name: str, words: int, note: str) -> None:
            phases.append(Phase(router, name=name, note=note, limit=Limit(words, self.beyond)))

        if self.opening is not None:
            add(Scripted(*names), "opening", self.opening, "(Opening statements.)")
        if self.rebuttals:
            script = names * self.rebuttals
            add(Scripted(*script), "rebuttal", self.rebuttal, "(Rebuttals.)")
        if self.questions:
            pairs = tuple(zip(names, (*names[1:], names[0]), strict=True)) * self.questions
            examination = CrossExamination(pairs, words=self.exchange)
            add(examination, "cross-examination", self.exchange, "(Cross-examination.)")
        if self.closing is not None:
            add(Scripted(*reversed(names)), "closing", self.closing, "(Closing statements.)")
        return phases


def claim_letters(motion: Motion, sides: Sequence[Side]) -> dict[str, str]:
    """The letter of each actor's claims, as the setting tells them."""
    return letters([side.actor for side in sorted(sides, key=lambda side: side.position)])


def _actor(motion: Motion, side: Side) -> Actor:
    entrant = side.entrant
    return Actor(
        entrant.debater(side.actor, motion, side.position),
        stage=entrant.stage,
        prompt=entrant.prompt,
        layout=entrant.layout,
    )


def _anybody(names: tuple[str, ...]) -> Graph:
    """Anybody may follow anybody, oneself included: who answers may be the next to ask."""
    edges = tuple(Edge(source=one, target=other) for one in names for other in names)
    return Graph(names=names, edges=edges, first=names[0])
