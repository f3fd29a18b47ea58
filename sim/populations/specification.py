"""The specification of a population: attributes, how they are spread, and what personas are made.

Written in Python, or in a YAML, TOML or JSON file:

    attributes:
      job: {values: {baker: 2, teacher: 1, none: 1}}
      age: {normal: {mean: 45, sd: 15, low: 16, high: 90}, digits: 0}
      income:
        cases: [{when: job == none, then: {uniform: {low: 0, high: 900}, digits: 0}}]
        otherwise: {normal: {mean: 2400, sd: 800, low: 0}, digits: 0}
    constraints: [age >= 18 or job == none]
    persona:
      brief: A {job} of {age}.
"""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from sim.errors import BadRequest, SceneError
from sim.populations.conditions import Condition, Declared, declared
from sim.populations.templates import fields_of
from sim.scene.base_model import AuthoredModel
from sim.structured_files import read_structure
from sim.text.suggestions import nearest

Value = bool | int | float | str
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Normal(AuthoredModel):
    """A normal distribution, cut off below ``low`` and above ``high``."""

    mean: Finite
    sd: Positive
    low: float = -inf
    high: float = inf


class Uniform(AuthoredModel):
    """A uniform distribution from ``low`` to ``high``."""

    low: Finite
    high: Finite


class Beta(AuthoredModel):
    """A beta distribution with shapes ``a`` and ``b``, stretched from ``low`` to ``high``."""

    a: Positive
    b: Positive
    low: Finite = 0.0
    high: Finite = 1.0


class Case(AuthoredModel):
    """How an attribute is spread among those for whom a condition holds."""

    when: Declared
    then: Attribute

    @field_validator("when", mode="before")
    @classmethod
    def _read(cls, when: object) -> object:
        return declared(when) if isinstance(when, str) else when


class Attribute(AuthoredModel):
    """How one attribute is spread: exactly one of ``values`` (a list, or weights by value),
    ``normal``, ``uniform``, ``beta``, or ``cases`` with ``otherwise``, for what depends on
    attributes that stand before it.

    ``digits`` rounds numbers (0: whole numbers). ``say`` has the words in which values stand in
    templates: ``{"none": "out of work"}``.

    >>> Attribute(values={"baker": 2, "none": 1}).kind
    'values'
    """

    values: dict[Value, float] | None = None
    normal: Normal | None = None
    uniform: Uniform | None = None
    beta: Beta | None = None
    cases: tuple[Case, ...] = ()
    otherwise: Attribute | None = None
    digits: int | None = Field(default=None, ge=0, le=12)
    say: dict[Value, str] = Field(default_factory=dict)

    @field_validator("values", mode="before")
    @classmethod
    def _listed(cls, values: object) -> object:
        if not isinstance(values, list | tuple):
            return values
        if any(isinstance(each, list | dict) for each in values):
            raise SceneError("Attribute.values: a value is a text, a number, true or false")
        if len(set(values)) < len(values):
            raise SceneError("Attribute.values: a value is there twice; give it a weight instead")
        return dict.fromkeys(values, 1.0)

    @model_validator(mode="after")
    def _one_kind(self) -> Attribute:
        kinds = [name for name in _KINDS if getattr(self, name)]
        if len(kinds) != 1:
            told = " and ".join(kinds) or "nothing"
            raise SceneError(f"Attribute: says {told}; give one of {', '.join(_KINDS)}")
        if (self.otherwise is not None) != bool(self.cases):
            raise SceneError("Attribute: cases and otherwise go together; give both")
        if self.values is not None:
            weights = list(self.values.values())
            if not all(0 <= each < inf for each in weights) or not 0 < sum(weights) < inf:
                raise SceneError(
                    "Attribute.values: weights are finite, 0 or more, and not all of them are 0"
                )
            if self.digits is not None:
                raise SceneError("Attribute.digits: values are not rounded; leave it out")
        spread = self.normal or self.uniform or self.beta
        if spread is not None and not spread.low < spread.high:
            raise SceneError(
                f"Attribute.{self.kind}: low is {spread.low:g} and high {spread.high:g}; "
                "low has to be below high"
            )
        return self

    @property
    def kind(self) -> str:
        """Which of the five it is."""
        return next(name for name in _KINDS if getattr(self, name))

    def looks_at(self) -> frozenset[str]:
        """The attributes that its cases ask for."""
        inner = [case.then for case in self.cases] + ([self.otherwise] if self.otherwise else [])
        names = [case.when.names for case in self.cases] + [each.looks_at() for each in inner]
        return frozenset[str]().union(*names)

    def words(self) -> dict[Value, str]:
        """What is said for values, those of cases too."""
        inner = [case.then for case in self.cases] + ([self.otherwise] if self.otherwise else [])
        found: dict[Value, str] = {}
        for each in inner:
            found |= each.words()
        return found | self.say


_KINDS = ("values", "normal", "uniform", "beta", "cases")


class Template(AuthoredModel):
    """How a persona is made of attributes: texts with ``{ATTRIBUTE}`` in them.

    ``name`` is blank (names are drawn from a list of our own, which tells nothing of attributes) or
    a template; ``{number}`` counts from 1. ``stances`` are numbers, or templates of a number.
    ``opposites`` have further ones. An item of a list that comes out blank is left out.

    >>> Template(brief="A {job} of {age}.").brief
    'A {job} of {age}.'
    """

    name: str = ""
    brief: str = ""
    traits: tuple[str, ...] = ()
    stances: dict[str, float | str] = Field(default_factory=dict)
    goals: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    secret: str = ""
    voice: str = ""
    lines: tuple[str, ...] = ()
    opposite: str = ""
    opposites: tuple[str, ...] = ()

    @field_validator("traits", "goals", "points", "lines", "opposites", mode="before")
    @classmethod
    def _several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def texts(self) -> dict[str, str]:
        """All templates, by where they stand."""
        found: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, str):
                found[name] = value
            elif isinstance(value, tuple):
                found |= {f"{name}.{number}": each for number, each in enumerate(value)}
            else:
                found |= {f"{name}.{key}": each for key, each in value.items()
                          if isinstance(each, str)}  # fmt: skip
        return found


class PopulationSpecification(AuthoredModel):
    """Who there is in a population, and what personas are made of them.

    ``attributes`` are drawn in their order; ``constraints`` are conditions (texts, or in Python
    callables from attributes to bool) that everybody fulfils. Raises ``SceneError`` if an attribute
    depends on one that does not stand before it, or a template names none.

    >>> village = PopulationSpecification(
    ...     attributes={"job": Attribute(values=["baker", "none"]),
    ...                 "age": Attribute(uniform={"low": 16, "high": 80}, digits=0)},
    ...     constraints=["age >= 18 or job == none"],
    ...     persona=Template(brief="A {job} of {age}."))
    >>> list(village.attributes)
    ['job', 'age']
    """

    attributes: dict[str, Attribute]
    constraints: tuple[Condition, ...] = ()
    persona: Template = Field(default_factory=Template)

    @field_validator("constraints", mode="before")
    @classmethod
    def _read(cls, constraints: object) -> object:
        some = [constraints] if isinstance(constraints, str) else constraints
        if not isinstance(some, list | tuple):
            return constraints
        return tuple(declared(each) if isinstance(each, str) else each for each in some)

    @model_validator(mode="after")
    def _in_order(self) -> PopulationSpecification:
        if not self.attributes:
            raise SceneError("PopulationSpecification.attributes: is empty; give at least one")
        before: list[str] = []
        for name, attribute in self.attributes.items():
            if not name.isidentifier() or name in ("number", "and", "or", "not", "in"):
                raise SceneError(
                    f"PopulationSpecification.attributes: {name!r} is no name; use letters, digits "
                    "and _, and none of number, and, or, not, in"
                )
            for other in sorted(attribute.looks_at()):
                if other not in before:
                    raise SceneError(
                        f"PopulationSpecification.attributes.{name}: depends on {other!r}, which "
                        f"does not stand before it{nearest(other, before)}"
                    )
            before.append(name)
        for constraint in self.constraints:
            if not isinstance(constraint, Declared):
                continue
            for other in sorted(constraint.names - set(before)):
                raise SceneError(
                    f"PopulationSpecification.constraints: {constraint.text!r} asks for {other!r}"
                    f"{nearest(other, before)}"
                )
        for where, text in self.persona.texts().items():
            for other in fields_of(text, f"PopulationSpecification.persona.{where}"):
                if other not in before and other != "number":
                    raise SceneError(
                        f"PopulationSpecification.persona.{where}: there is no attribute "
                        f"{other!r}{nearest(other, [*before, 'number'])}"
                    )
        return self


Case.model_rebuild()
Attribute.model_rebuild()


def read_specification(path: Path | str, what: str = "") -> PopulationSpecification:
    """The specification in a YAML, TOML or JSON file. Raises ``BadRequest`` with what is wrong."""
    where = f"{what} {path}".strip()
    content, _ = read_structure(path, what)
    if not isinstance(content, dict):
        raise BadRequest(f"{where}: is no specification; it has attributes, constraints, persona")
    for name in content:
        if name not in PopulationSpecification.model_fields:
            known = nearest(str(name), PopulationSpecification.model_fields)
            raise BadRequest(f"{where}: has no part {name!r}{known}")
    try:
        return PopulationSpecification(**content)
    except SceneError as error:
        raise BadRequest(f"{where}: {error}") from None


def specification_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a specification in a file."""
    number = {"type": "number"}
    positive = {"type": "number", "exclusiveMinimum": 0}
    value = {"type": ["string", "number", "boolean"]}
    again = {"$ref": "#/$defs/attribute"}

    def table(required: list[str], **properties: Any) -> dict[str, Any]:
        return {"type": "object", "properties": properties, "required": required,
                "additionalProperties": False}  # fmt: skip

    spreads = {
        "values": {
            "description": "A list of values, or weights by value.",
            "anyOf": [
                {"type": "array", "items": value, "minItems": 1, "uniqueItems": True},
                {"type": "object", "minProperties": 1,
                 "additionalProperties": {"type": "number", "minimum": 0}},
            ],
        },
        "normal": table(["mean", "sd"], mean=number, sd=positive, low=number, high=number),
        "uniform": table(["low", "high"], low=number, high=number),
        "beta": table(["a", "b"], a=positive, b=positive, low=number, high=number),
        "cases": {"type": "array", "minItems": 1,
                  "items": table(["when", "then"], when={"type": "string"}, then=again)},
    }  # fmt: skip
    attribute = {
        **table(
            [],
            **spreads,
            otherwise=again,
            digits={"type": "integer", "minimum": 0, "maximum": 12},
            say={"type": "object", "additionalProperties": {"type": "string"}},
        ),
        "oneOf": [{"required": [name]} for name in spreads],
        "dependentRequired": {"cases": ["otherwise"], "otherwise": ["cases"]},
    }
    text = {"type": "string"}
    several = {"anyOf": [text, {"type": "array", "items": text}]}
    persona: dict[str, Any] = {
        name: several if isinstance(getattr(Template(), name), tuple) else text
        for name in Template.model_fields
    }
    persona["stances"] = {
        "type": "object",
        "additionalProperties": {"type": ["number", "string"]},
    }
    whole = table(
        ["attributes"],
        attributes={"type": "object", "minProperties": 1, "additionalProperties": again},
        constraints=several,
        persona=table([], **persona),
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A population of Elsinore",
        **whole,
        "$defs": {"attribute": attribute},
    }
