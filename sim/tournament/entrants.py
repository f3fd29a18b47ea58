"""Who enters a tournament, and what is debated."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field, model_validator

from sim.errors import SceneError
from sim.scene.actor import TELLS_ALL, LayoutName
from sim.scene.base_model import AuthoredModel
from sim.scene.persona import Persona


class Entrant(AuthoredModel):
    """Somebody who is rated: a persona, a stage, a prompt, a layout, or any mix of them.

    ``persona`` is who debates (None: a persona without a description); its stances and its name
    are not used, since it argues whatever side it is given, under a name that is drawn. ``stage``
    is the model string of what plays it, or the name of one of ``Tournament.stages`` (None: the
    tournament's own). ``prompt`` is more that it is told, word for word. ``layout`` is how what it
    sees becomes a prompt.

    >>> Entrant(name="hot", stage="openai:gpt-5-mini", prompt="Be brief.").name
    'hot'
    """

    name: str = Field(min_length=1)
    persona: Persona | None = None
    stage: str | None = None
    prompt: str = ""
    layout: LayoutName | None = None

    @model_validator(mode="before")
    @classmethod
    def _persona_is_named(cls, fields: Any) -> Any:
        # In a file a persona need not repeat the name of its entrant.
        persona = fields.get("persona") if isinstance(fields, dict) else None
        if isinstance(persona, dict) and "name" not in persona:
            fields = {**fields, "persona": {**persona, "name": fields.get("name", "")}}
        return fields

    @model_validator(mode="after")
    def _can_stand_in_a_table(self) -> Entrant:
        if self.name != self.name.strip() or self.name.splitlines() != [self.name]:
            raise SceneError(
                f"Entrant.name: {self.name!r} cannot stand in a table; "
                "use one line without outer blanks"
            )
        if self.layout in TELLS_ALL:
            raise SceneError(
                f"Entrant.layout: {self.name!r} cannot have the layout {self.layout}, which tells "
                "everything about both sides; use another"
            )
        return self

    def debater(self, name: str, motion: Motion, position: int) -> Persona:
        """The persona that debates: under a drawn name, for the position that it was given.

        >>> ada = Entrant(name="A", persona=Persona(name="Ada", brief="Ada never yields."))
        >>> ada.debater("Robin", Motion(topic="Sell it."), 0).brief
        'Robin never yields.'
        """
        persona = self.persona or Persona(name=name)
        given = persona.model_dump(exclude={"name", "stances"})
        own = re.compile(rf"(?<!\w){re.escape(persona.name)}(?!\w)")
        fields = {field: _renamed(value, own, name) for field, value in given.items()}
        fields["goals"] = (f"argue {motion.positions[position]}", *fields["goals"])
        fields["points"] = (*motion.points, *fields["points"])
        return Persona(name=name, stances={motion.key: motion.stance(position)}, **fields)


class Motion(AuthoredModel):
    """What is debated: a topic, and a position on it for each side.

    ``positions`` are what the sides argue, as in "Ada argues ...": *for the motion* and *against
    the motion*, unless others are given. ``issue`` is the key of stances on it (blank: the topic).
    ``stances`` are where the positions lie on a line from -1 to 1, first to last; None spreads them
    evenly from 0.9 to -0.9. ``points`` are what there is to bring up, as noun phrases ("the water
    table"), whatever one argues.

    >>> Motion(topic="The town should sell its spring.").stance(1)
    -0.9
    >>> Motion(topic="What is best?", positions=("for rice", "for bread", "for soup")).stance(1)
    0.0
    """

    topic: str
    positions: tuple[str, ...] = ("for the motion", "against the motion")
    issue: str = ""
    stances: tuple[float, ...] | None = None
    points: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _a_text_is_a_topic(cls, fields: Any) -> Any:
        return {"topic": fields} if isinstance(fields, str) else fields

    @model_validator(mode="after")
    def _has_sides(self) -> Motion:
        if not self.topic.strip() or self.topic.splitlines() != [self.topic]:
            raise SceneError(f"Motion.topic: {self.topic!r} is no motion; use one line of text")
        if len(self.positions) < 2 or len(set(self.positions)) < len(self.positions):
            raise SceneError(
                f"Motion.positions: {self.positions!r}; give each of at least two sides another"
            )
        for position in self.positions:
            if not position.strip() or position.splitlines() != [position]:
                raise SceneError(f"Motion.positions: {position!r} is none; use one line of text")
        stances = self.stances
        if stances is not None and (
            len(stances) != len(self.positions) or not all(-1 <= each <= 1 for each in stances)
        ):
            raise SceneError(
                f"Motion.stances: {stances!r}; give one from -1 to 1 to each of the "
                f"{len(self.positions)} positions"
            )
        return self

    @property
    def key(self) -> str:
        """The key of stances on it."""
        return self.issue or self.topic.rstrip(" .?!")

    def stance(self, position: int) -> float:
        """Where a position lies, from -1 to 1."""
        if self.stances is not None:
            return self.stances[position]
        return round(0.9 - 1.8 * position / (len(self.positions) - 1), 6)


def _renamed(value: Any, own: re.Pattern[str], name: str) -> Any:
    """A field of a persona with ``name`` in place of its own name."""
    if isinstance(value, str):
        return own.sub(lambda _: name, value)
    if isinstance(value, tuple | list):
        return tuple(_renamed(item, own, name) for item in value)
    return value
