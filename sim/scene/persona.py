"""Personas: descriptions of characters, and populations of them."""

from __future__ import annotations

from math import inf, isfinite
from typing import Annotated, ClassVar

from pydantic import Field, field_validator, model_validator

from sim.errors import SceneError
from sim.scene.base_model import AuthoredModel
from sim.seeds import Stream, derive

StanceValue = Annotated[float, Field(ge=-1.0, le=1.0)]
AttributeValue = bool | int | float | str
"""What is known of somebody as in a questionnaire: a text, a number, yes or no."""


class Persona(AuthoredModel):
    """A description of a character and of its opposite.

    ``stances`` says where the character stands on each issue, from -1 (against) to 1 (for); they
    are kept in alphabetical order.
    ``points`` are what it likes to bring up, as noun phrases ("the water table"). ``opposite``
    describes the character that it would flip to; measures use it, and no prompt contains it.
    ``opposites`` are further ones, and ``opposite_source`` says who wrote them where it was not the
    author: ``template``, or the identity of a stage (``sim.populations.opposites``).
    ``secret`` is known to the character alone. ``lines`` are lines that it might say, which show a
    model how it speaks. ``attributes`` are facts by name (an age, a job), by which people are
    grouped and compared; no prompt contains them, so what is to be played stands in ``brief``.

    Raises ``SceneError`` if a field is invalid.

    >>> ada = Persona(name="Ada", brief="A hydrologist.", stances={"sell": -0.8})
    >>> ada.stances["sell"]
    -0.8
    """

    added: ClassVar[frozenset[str]] = frozenset(
        {"lines", "attributes", "opposites", "opposite_source"}
    )

    name: str
    brief: str = ""
    opposite: str | None = None
    traits: tuple[str, ...] = ()
    stances: dict[str, StanceValue] = Field(default_factory=dict)
    goals: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    secret: str | None = None
    voice: str | None = None
    lines: tuple[str, ...] = ()
    attributes: dict[str, AttributeValue] = Field(default_factory=dict)
    opposites: tuple[str, ...] = ()
    opposite_source: str = ""

    @field_validator("name")
    @classmethod
    def _speakable(cls, name: str) -> str:
        # In every layout a colon follows the name, so it must not contain one or a line break.
        if name != name.strip() or ":" in name or name.splitlines() != [name]:
            raise SceneError(
                f"Persona.name: {name!r} cannot stand before a line; "
                "use a name without colons, line breaks or outer blanks"
            )
        if any("\ud800" <= letter <= "\udfff" for letter in name):
            raise SceneError(f"Persona.name: {name!r} holds half a letter; write it in UTF-8")
        return name

    @field_validator("stances")
    @classmethod
    def _one_line(cls, stances: dict[str, float]) -> dict[str, float]:
        for issue in stances:
            if not issue.strip() or issue.splitlines() != [issue]:
                raise SceneError(f"Persona.stances: {issue!r} names no issue; use one line of text")
        # A trial's id does not depend on their order, so the prompts must not either.
        return dict(sorted(stances.items()))

    @field_validator("attributes")
    @classmethod
    def _facts(cls, attributes: dict[str, AttributeValue]) -> dict[str, AttributeValue]:
        for name, value in attributes.items():
            if not name.strip() or name.splitlines() != [name]:
                raise SceneError(f"Persona.attributes: {name!r} is no name; use one line of text")
            if isinstance(value, float) and not isfinite(value):
                raise SceneError(f"Persona.attributes.{name}: {value} is no number; leave it out")
        return dict(sorted(attributes.items()))

    @field_validator("traits", "goals", "points", "lines", "opposites", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        # A bare text would be split into letters: ("h", "o", "n", ...).
        return (value,) if isinstance(value, str) else value


class Population(AuthoredModel):
    """A distribution over personas, from which a cast can be drawn.

    >>> pair = Population(personas=[Persona(name="Good"), Persona(name="Bad")], weights=[3, 1])
    >>> pair.draw(seed=1).name in ("Good", "Bad")
    True
    """

    personas: tuple[Persona, ...]
    weights: tuple[float, ...] | None = None

    @model_validator(mode="after")
    def _weighted(self) -> Population:
        if not self.personas:
            raise SceneError("Population.personas: is empty; name at least one persona")
        weights = self.weights
        if weights is not None:
            if len(weights) != len(self.personas):
                raise SceneError(
                    f"Population.weights: {len(weights)} weights for {len(self.personas)} "
                    "personas; give one weight for each"
                )
            if not all(0 <= weight < inf for weight in weights) or not max(weights) > 0:
                raise SceneError(
                    f"Population.weights: {weights!r} is no distribution; "
                    "use finite weights of at least 0, one of them above 0"
                )
        return self

    def draw(self, seed: int) -> Persona:
        """One persona; the same seed draws the same one."""
        weights = self.weights or tuple(1.0 for _ in self.personas)
        return self.personas[Stream(derive(seed, "population")).choose(weights)]
