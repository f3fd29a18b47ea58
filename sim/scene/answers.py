"""The kinds of answers to questions off stage.

A number, a choice (with or without a reason), a text, a ranking, or shares. Each kind gives the
JSON schema for the stage, the text that tells an actor the form, and a reader, which returns the
value of an answer or the reason why it has none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from sim.errors import SceneError
from sim.scene.base_model import AuthoredModel
from sim.text.options import folded as folded
from sim.text.schema_values import Problem, float_of
from sim.text.typed_answers import read_answer

Read = tuple[Any, str | None]
"""Either a JSON value and None, or None and the reason why there is no value."""


class Answering(AuthoredModel):
    """The base class of the kinds of answers."""

    def schema_(self) -> Mapping[str, Any]:
        """The JSON schema of the answer."""
        raise NotImplementedError

    def form(self) -> str:
        """The form of the JSON object, as it is shown to an actor."""
        raise NotImplementedError

    def read(self, raw: str) -> Read:
        """The value in an answer, or None and the reason why there is none."""
        raise NotImplementedError

    def _object(self, properties: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "title": "answer",
            "type": "object",
            "properties": dict(properties),
            "required": list(properties),
            "additionalProperties": False,
        }


class Number(Answering):
    """A number on a scale from ``low`` to ``high``, both included.

    ``unit`` stands beside it in results ("euro"); no actor is told it.
    """

    added: ClassVar[frozenset[str]] = frozenset({"unit"})

    field: str
    low: float
    high: float
    unit: str = ""

    @model_validator(mode="after")
    def _wide(self) -> Self:
        if not self.low < self.high:
            raise SceneError(
                f"Number: the scale from {self.low} to {self.high} is empty; swap them"
            )
        if not (isfinite(self.low) and isfinite(self.high)):
            raise SceneError(
                f"Number: the scale from {self.low} to {self.high} has no end; give it two"
            )
        return self

    def schema_(self) -> Mapping[str, Any]:
        return self._object(
            {self.field: {"type": "number", "minimum": self.low, "maximum": self.high}}
        )

    def form(self) -> str:
        return f'{{"{self.field}": number}}'

    def read(self, raw: str) -> Read:
        """The number in an answer, in any form that can only mean one.

        >>> scale = Number(field="stance", low=-1, high=1)
        >>> scale.read('{"stance": -0.25}'), scale.read("I would say **−.5**.")
        ((-0.25, None), (-0.5, None))
        >>> scale.read("I would rather not say."), scale.read("0.2 or 0.3")
        ((None, 'no number'), (None, 'no number'))
        """
        found, problem = read_answer(raw, self.schema_())
        if problem is not None:
            return None, "off the scale" if problem.kind == "scale" else "no number"
        return float_of(found[self.field]), None


class _Options(Answering):
    """The base class of kinds with options: at least two, all different, none blank."""

    options: tuple[str, ...]

    @model_validator(mode="after")
    def _several(self) -> Self:
        kind = type(self).__name__
        if len(self.options) < 2:
            raise SceneError(f"{kind}.options: {self.options!r} leave no choice; give at least two")
        known = [folded(option) for option in self.options]
        for option, key in zip(self.options, known, strict=True):
            if not key:
                raise SceneError(f"{kind}.options: one is blank; give it words")
            if known.count(key) > 1:
                raise SceneError(f"{kind}.options: {option!r} is there twice; name each once")
        return self

    def _quoted(self) -> str:
        return ", ".join(json.dumps(option, ensure_ascii=False) for option in self.options)

    def _no_option(self, problem: Problem, nothing: str) -> Read:
        if problem.kind == "option":
            return None, f"{_short(problem.said)} is none of the options"
        return None, nothing


class Choice(_Options):
    """One of several options.

    >>> Choice(options=("tea", "coffee")).read('I take {"choice": "Tea"}.')
    ('tea', None)
    >>> Choice(options=("tea", "coffee")).read('{"choice": "water"}')
    (None, "'water' is none of the options")
    """

    field: str = "choice"

    def schema_(self) -> Mapping[str, Any]:
        return self._object({self.field: {"type": "string", "enum": list(self.options)}})

    def form(self) -> str:
        return f'{{"{self.field}": one of {self._quoted()}}}'

    def written(self, option: str) -> str:
        """The answer that chooses an option, as JSON; its log-probability is scored."""
        return json.dumps({self.field: option}, ensure_ascii=False)

    def read(self, raw: str) -> Read:
        found, problem = read_answer(raw, self.schema_())
        return self._no_option(problem, "no choice") if problem else (found[self.field], None)


class Explained(_Options):
    """One of several options, and why, in the speaker's own words.

    >>> Explained(options=("yes", "no")).read('{"answer": "No.", "because": "The well is dry."}')
    ({'answer': 'no', 'because': 'The well is dry.'}, None)
    >>> Explained(options=("yes", "no")).read('{"answer": "no"}')
    (None, 'no reason')

    Without braces, a punctuation mark or "because" has to separate the two:

    >>> Explained(options=("yes", "no")).read("No, because the well is dry.")
    ({'answer': 'no', 'because': 'the well is dry.'}, None)
    >>> Explained(options=("yes", "no")).read("No well is dry.")
    (None, 'no choice')
    """

    words: int = Field(default=60, ge=1)

    def schema_(self) -> Mapping[str, Any]:
        options = {"type": "string", "enum": list(self.options)}
        return self._object({"answer": options, "because": {"type": "string"}})

    def form(self) -> str:
        return f'{{"answer": one of {self._quoted()}, "because": "at most {self.words} words"}}'

    def read(self, raw: str) -> Read:
        found, problem = read_answer(raw, self.schema_())
        if problem is not None:
            no_reason = problem.said == "because" or problem.where == "because"
            return self._no_option(problem, "no reason" if no_reason else "no choice")
        because = found["because"].strip()
        return ({**found, "because": because}, None) if because else (None, "no reason")


class FreeText(Answering):
    """Any text. Actors are asked for at most ``words`` words; longer texts are kept whole.

    >>> FreeText().read('{"answer": "Because of the well."}')
    ('Because of the well.', None)
    >>> FreeText().read("Because of the well.")
    ('Because of the well.', None)
    """

    field: str = "answer"
    words: int = Field(default=60, ge=1)

    def schema_(self) -> Mapping[str, Any]:
        return self._object({self.field: {"type": "string"}})

    def form(self) -> str:
        return f'{{"{self.field}": "at most {self.words} words"}}'

    def read(self, raw: str) -> Read:
        found, problem = read_answer(raw, self.schema_())
        words = "" if problem is not None else found[self.field].strip()
        return (words, None) if words else (None, "no words")


class Ranking(_Options):
    """An order of all options, the first choice first.

    >>> Ranking(options=("a", "b", "c")).read('{"ranking": ["c", "a", "b"]}')
    (['c', 'a', 'b'], None)
    >>> Ranking(options=("a", "b", "c")).read('{"ranking": ["c", "c", "b"]}')
    (None, 'not every option once')
    """

    field: str = "ranking"

    def schema_(self) -> Mapping[str, Any]:
        count = len(self.options)
        item = {"type": "string", "enum": list(self.options)}
        return self._object(
            {self.field: {"type": "array", "items": item, "minItems": count, "maxItems": count}}
        )

    def form(self) -> str:
        return f'{{"{self.field}": [all of {self._quoted()}, the first choice first]}}'

    def read(self, raw: str) -> Read:
        found, problem = read_answer(raw, self.schema_())
        if problem is not None:
            wrong = problem.kind in ("order", "option")
            return None, "not every option once" if wrong else "no ranking"
        return found[self.field], None


class Distribution(_Options):
    """A share for each option. The shares are normalised to sum to 1.

    >>> Distribution(options=("yes", "no")).read('{"shares": {"yes": 60, "no": 40}}')
    ({'yes': 0.6, 'no': 0.4}, None)
    >>> Distribution(options=("yes", "no")).read('{"shares": {"yes": 60}}')
    (None, 'no share for no')
    """

    field: str = "shares"

    def schema_(self) -> Mapping[str, Any]:
        shares = {option: {"type": "number", "minimum": 0} for option in self.options}
        return self._object({self.field: self._object(shares)})

    def form(self) -> str:
        quoted = (json.dumps(option, ensure_ascii=False) for option in self.options)
        shares = ", ".join(f"{option}: number" for option in quoted)
        return f'{{"{self.field}": {{{shares}}}}}'

    def read(self, raw: str) -> Read:
        found, problem = read_answer(raw, self.schema_())
        if problem is not None:
            option = problem.where.removeprefix(f"{self.field}.")
            if problem.kind == "missing" and problem.said in self.options:
                return None, f"no share for {problem.said}"
            if option in self.options:
                return None, f"the share of {option} is no number of at least 0"
            return self._no_option(problem, "no shares")
        shares: dict[str, float] = {name: float_of(one) for name, one in found[self.field].items()}
        total = sum(shares.values())
        if not total > 0:
            return None, "all shares are 0"
        if not isfinite(total):
            return None, "the shares are too large to be added"
        return {option: share / total for option, share in shares.items()}, None


AnyAnswer = Annotated[
    Number | Choice | Explained | FreeText | Ranking | Distribution,
    Field(union_mode="left_to_right"),
]
"""Any kind of answer, as the type of a field."""

Kind = Literal["number", "choice", "text", "ranking", "distribution"]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
