"""Questions off stage: what is asked, to whom, and when.

A *probe* runs beside the scene: its answer enters nobody's context and changes nothing that
follows. A *gauge* is the same question asked on the critical path, because an ending or an edge
depends on the answer; it is declared as such and seeded apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from sim.authored import Authored
from sim.errors import SceneError


class Number(Authored):
    """An answer that is a number on a scale, ends included."""

    field: str
    low: float
    high: float

    @model_validator(mode="after")
    def _wide(self) -> Self:
        if not self.low < self.high:
            raise SceneError(
                f"Number: the scale from {self.low} to {self.high} is empty; swap them"
            )
        return self

    def schema_(self) -> Mapping[str, Any]:
        """The JSON schema of the answer."""
        return {
            "title": "answer",
            "type": "object",
            "properties": {
                self.field: {"type": "number", "minimum": self.low, "maximum": self.high}
            },
            "required": [self.field],
            "additionalProperties": False,
        }

    def read(self, raw: str) -> tuple[float | None, str | None]:
        """The number in an answer, or None and the reason why there is none.

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


def _json_field(raw: str, field: str) -> Any:
    """The field of the first JSON object in a text, or None. Models like to wrap JSON in prose."""
    start = raw.find("{")
    if start < 0:
        return None
    try:
        found, _ = json.JSONDecoder().raw_decode(raw, start)
    except (ValueError, RecursionError):  # the latter for an answer that nests without end
        return None
    return found.get(field)


class Question(Authored):
    """What is asked, and what counts as an answer. ``key`` names it in events and tables."""

    key: str
    text: str
    answer: Number

    @model_validator(mode="after")
    def _asks_by_name(self) -> Self:
        try:
            self.text.format(name="Ada")
        except (LookupError, ValueError, AttributeError):
            raise SceneError(
                f"Question.text: {self.text!r} has braces around something other than {{name}}; "
                "double those that are meant as they stand"
            ) from None
        return self


class Probe(Authored):
    """A question, to whom (None: to everybody), when, and how often each time.

    ``every`` k asks before the first turn and after each k-th; None asks at the start and at the
    end only. The end is always asked.
    """

    question: Question
    issue: str | None = None
    every: int | None = Field(default=None, ge=1)
    to: tuple[str, ...] | None = None
    samples: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _asks_somebody(self) -> Self:
        if self.to is not None:
            if not self.to:
                raise SceneError("Probe.to: is empty; name whom to ask, or leave it out to ask all")
            for name in self.to:
                if self.to.count(name) > 1:
                    raise SceneError(f"Probe.to: {name!r} is there twice; name everybody once")
        return self

    def due(self, turn: int) -> bool:
        """Whether the probe asks after ``turn`` turns (the end aside)."""
        return turn == 0 or (self.every is not None and turn % self.every == 0)


STANCE_QUESTION = (
    'Where do you, {{name}}, stand right now on "{issue}"? '
    "Say it as one number from -1 (firmly against) over 0 (undecided) to 1 (firmly for)."
)


def ask_stance(
    issue: str, *, every: int | None = None, to: tuple[str, ...] | None = None, samples: int = 1
) -> Probe:
    """Ask where actors stand on an issue, from -1 (against) to 1 (for). Key: ``stance:ISSUE``.

    >>> ask_stance("sell", every=3).question.key
    'stance:sell'
    """
    question = Question(
        key=f"stance:{issue}",
        # The text is formatted once more, with the actor's name.
        text=STANCE_QUESTION.format(issue=issue.replace("{", "{{").replace("}", "}}")),
        answer=Number(field="stance", low=-1.0, high=1.0),
    )
    return Probe(question=question, issue=issue, every=every, to=to, samples=samples)
