"""The kinds of answers to questions off stage.

A number, a choice (with or without a reason), a text, a ranking, or shares. Each kind gives the
JSON schema for the stage, the text that tells an actor the form, and a reader, which returns the
value of an answer or the reason why it has none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from sim.errors import SceneError
from sim.scene.base_model import AuthoredModel

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
    """A number on a scale from ``low`` to ``high``, both included."""

    field: str
    low: float
    high: float

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
        """The number in an answer.

        >>> Number(field="stance", low=-1, high=1).read('{"stance": -0.25}')
        (-0.25, None)
        >>> Number(field="stance", low=-1, high=1).read("I would rather not say.")
        (None, 'no number')
        """
        value = _json_field(raw, self.field)
        if value is None:
            bare = re.fullmatch(r"\s*([-+]?\d+(?:\.\d+)?)\s*", raw)
            if bare is None:
                return None, "no number"
            value = float(bare.group(1))
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None, "no number"
        if not self.low <= value <= self.high:
            return None, "off the scale"
        return float(value), None


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

    def _option(self, value: object) -> str | None:
        """The option that a value means, in any case, and with or without a full stop."""
        if not isinstance(value, str):
            return None
        for key in (folded(value), folded(value.strip().rstrip("."))):
            for option in self.options:
                if folded(option) == key:
                    return option
        return None


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
        value = _json_field(raw, self.field)
        if value is None:
            # Models often leave out the braces when one word is asked for.
            option = self._option(raw.strip())
            return (option, None) if option is not None else (None, "no choice")
        option = self._option(value)
        if option is None:
            return None, f"{_short(value)} is none of the options"
        return option, None


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
        value = _json_field(raw, "answer")
        if value is None:
            return self._without_braces(raw)
        option = self._option(value)
        if option is None:
            return None, f"{_short(value)} is none of the options"
        because = _json_field(raw, "because")
        if not isinstance(because, str) or not because.strip():
            return None, "no reason"
        return {"answer": option, "because": because.strip()}, None

    def _without_braces(self, raw: str) -> Read:
        longest_first = sorted(self.options, key=len, reverse=True)
        options = "|".join(re.escape(option) for option in longest_first)
        parted = re.match(
            rf"\s*({options})(?:\s*[,.:;–—-]\s*(?:because\b)?|\s+because\b)\s*(\S.*)",
            raw,
            re.I | re.S,
        )
        if parted is None:
            return None, "no choice" if self._option(raw.strip()) is None else "no reason"
        return {"answer": self._option(parted[1]), "because": parted[2].strip()}, None


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
        value = _json_field(raw, self.field)
        if value is None and "{" not in raw:
            value = raw
        if not isinstance(value, str) or not value.strip():
            return None, "no words"
        return value.strip(), None


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
        value = _json_field(raw, self.field)
        if not isinstance(value, list):
            return None, "no ranking"
        order = [self._option(item) for item in value]
        known = [option for option in order if option is not None]
        if len(known) != len(order) or sorted(known) != sorted(self.options):
            return None, "not every option once"
        return known, None


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
        shares = _json_field(raw, self.field)
        if not isinstance(shares, dict):
            return None, "no shares"
        values: dict[str, float] = {}
        for option in self.options:
            value = next(
                (one for name, one in shares.items() if self._option(name) == option), None
            )
            if value is None:
                return None, f"no share for {option}"
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0 <= value < 1e300:
                return None, f"the share of {option} is no number of at least 0"
            values[option] = float(value)
        total = sum(values.values())
        if not total > 0:
            return None, "all shares are 0"
        return {option: value / total for option, value in values.items()}, None


AnyAnswer = Annotated[
    Number | Choice | Explained | FreeText | Ranking | Distribution,
    Field(union_mode="left_to_right"),
]
"""Any kind of answer, as the type of a field."""

Kind = Literal["number", "choice", "text", "ranking", "distribution"]


def _json_field(raw: str, field: str) -> Any:
    """A field of the first JSON object in a text, or None. Models often wrap JSON in prose."""
    start = raw.find("{")
    if start < 0:
        return None
    try:
        decoded, _ = json.JSONDecoder().raw_decode(raw, start)
    except (ValueError, RecursionError):  # RecursionError: JSON that is nested too deeply
        return None
    return decoded.get(field)


def folded(text: str) -> str:
    """A text with case and blanks normalised: options with the same folded text are the same.

    >>> folded(" The  Mayor ")
    'the mayor'
    """
    return " ".join(text.split()).casefold()


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
