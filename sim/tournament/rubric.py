"""Judges, rubrics, and the reading of verdicts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from sim.errors import SceneError
from sim.scene.base_model import AuthoredModel
from sim.text.typed_answers import read_answer

TIE = "tie"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_SHORTEST = 3
"""The least number of words in a quote, unless the turn has fewer."""


class Judge(AuthoredModel):
    """Who judges: a stage, by its model string or its name among ``Tournament.stages``.

    ``name`` is what it is called in tables (blank: the stage's). Two judges may have one stage if
    their names differ: they are asked with other seeds.
    """

    stage: str
    name: str = ""

    @model_validator(mode="before")
    @classmethod
    def _a_text_is_a_stage(cls, fields: Any) -> Any:
        return {"stage": fields} if isinstance(fields, str) else fields

    @property
    def known_as(self) -> str:
        """The name in tables."""
        return self.name or self.stage


class Rubric(AuthoredModel):
    """What is judged and how, in words.

    ``instructions`` open the judge's page; ``criteria`` are scored from 0 to 10 for each side, with
    what is meant by each. A verdict that cannot be read, or quotes what nobody said, is asked for
    ``attempts`` times in all.

    >>> Rubric(criteria={"wit": "Who was funnier?"}).criteria["wit"]
    'Who was funnier?'
    """

    instructions: str = (
        "You judge a debate. Judge what was said, not what you believe about the motion, and "
        "neither length nor politeness for its own sake. Speakers argue positions that they were "
        "given."
    )
    criteria: dict[str, str] = Field(
        default={
            "argument": "Are the claims supported, and do they support the position?",
            "rebuttal": "Are the other side's strongest points answered?",
            "clarity": "Can one follow it?",
        }
    )
    verdict: str = (
        "Who debated better? Name the winner or a tie, a margin from 0 (a tie) to 10 (no contest), "
        "a score from 0 to 10 for each speaker by each criterion, and one or more reasons, each "
        "with a short quote, word for word, from the turn whose number you give."
    )
    attempts: int = Field(default=3, ge=1, le=20)

    @model_validator(mode="after")
    def _says_what_it_wants(self) -> Rubric:
        if not self.criteria:
            raise SceneError("Rubric.criteria: is empty; name what is scored, and what is meant")
        for name in self.criteria:
            if not name.strip() or name.splitlines() != [name]:
                raise SceneError(f"Rubric.criteria: {name!r} is no name; use one line of text")
        return self

    def form(self, identity: str) -> str:
        """A hash of a stage and this rubric, in the keys of verdicts: 16 hexadecimal digits."""
        what = json.dumps([identity, self.model_dump(mode="json")], sort_keys=True)
        return blake2b(what.encode(), digest_size=8).hexdigest()


class Reason(BaseModel):
    """A reason, with the words that show it."""

    model_config = ConfigDict(extra="forbid")

    turn: int
    quote: str
    why: str


Score = Annotated[float, Field(ge=0, le=10)]


@lru_cache(maxsize=256)
def verdict_type(sides: int, criteria: tuple[str, ...]) -> type[BaseModel]:
    """The pydantic model of a verdict on so many sides by these criteria.

    >>> verdict_type(2, ("argument",)).model_json_schema()["properties"]["winner"]["enum"]
    ['A', 'B', 'tie']
    """
    letters = LETTERS[:sides]
    strict = ConfigDict(extra="forbid")
    winner: Any = Literal[(*letters, TIE)]
    by_side: Any = dict.fromkeys(letters, (Score, ...))
    scores_of_one = create_model("ScoresOfOneCriterion", __config__=strict, **by_side)
    by_criterion: Any = {
        f"criterion_{number}": (scores_of_one, Field(alias=name))
        for number, name in enumerate(criteria)
    }
    scores = create_model("Scores", __config__=strict, **by_criterion)
    return create_model(
        "Verdict",
        __config__=strict,
        winner=(winner, ...),
        margin=(Score, ...),
        scores=(scores, ...),
        reasons=(list[Reason], Field(min_length=1, max_length=20)),
    )


@lru_cache(maxsize=256)
def verdict_schema(sides: int, criteria: tuple[str, ...]) -> Mapping[str, Any]:
    """The JSON schema of a verdict without references, which not every server follows."""
    schema = verdict_type(sides, criteria).model_json_schema()
    parts = schema.pop("$defs", {})

    def whole(part: Any) -> Any:
        if isinstance(part, dict):
            if "$ref" in part:
                return whole(parts[part["$ref"].rpartition("/")[2]])
            return {key: whole(value) for key, value in part.items() if key != "title"}
        return [whole(item) for item in part] if isinstance(part, list) else part

    inlined: Mapping[str, Any] = {"title": "verdict", **whole(schema)}
    return inlined


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said, with letters for the sides as they were shown."""

    winner: str
    margin: float
    scores: Mapping[str, Mapping[str, float]]
    reasons: tuple[Reason, ...]


def read_verdict(
    raw: str, sides: int, criteria: Sequence[str], turns: Mapping[int, str]
) -> tuple[Verdict | None, str | None]:
    """A verdict, or None and what is wrong with it. ``turns`` are the texts that were shown.

    >>> raw = '{"winner": "A", "margin": 3, "scores": {"wit": {"A": 7, "B": 4}}, "reasons": '
    >>> raw += '[{"turn": 1, "quote": "the well is dry", "why": "True."}]}'
    >>> read_verdict(raw, 2, ["wit"], {1: "So: The well is dry."})[0].winner
    'A'
    >>> read_verdict(raw, 2, ["wit"], {1: "No."})[1]
    'nobody said "the well is dry"; quote the words of a turn as they stand'
    """
    answer, fault = read_answer(raw, verdict_schema(sides, tuple(criteria)))
    if fault is not None:
        where = f"{fault.where}.{fault.said}".lstrip(".")
        return None, f"{where}: is missing" if fault.kind == "missing" else fault.text
    reasons = tuple(Reason(**reason) for reason in answer["reasons"])
    scores = {
        criterion: {letter: float(score) for letter, score in by_letter.items()}
        for criterion, by_letter in answer["scores"].items()
    }
    verdict = Verdict(answer["winner"], float(answer["margin"]), scores, reasons)
    problem = _contradiction(verdict) or _misquoted(reasons, turns)
    return (verdict, None) if problem is None else (None, problem)


def _contradiction(read: Verdict) -> str | None:
    """What is wrong with the margin, if anything."""
    if read.winner == TIE and read.margin > 0:
        return f"a tie has the margin 0, not {read.margin:g}"
    if read.winner != TIE and read.margin == 0:
        return f"{read.winner} wins by a margin of 0; say tie, or by how much"
    return None


def _misquoted(reasons: Sequence[Reason], turns: Mapping[int, str]) -> str | None:
    """What is wrong with the quotes, if anything."""
    for reason in reasons:
        quote = reason.quote.strip()
        if reason.turn not in turns:
            return f"there is no turn {reason.turn}; the turns are {_listed(turns)}"
        text = turns[reason.turn]
        if not _stands_in(quote, text):
            others = [number for number, other in turns.items() if _stands_in(quote, other)]
            if others:
                return f'"{quote}" was not said in turn {reason.turn}, but in {_listed(others)}'
            return f'nobody said "{quote}"; quote the words of a turn as they stand'
        if len(_plain(quote).split()) < min(_SHORTEST, len(_plain(text).split())):
            return f'"{quote}" is too short for a quote; use at least {_SHORTEST} words'
    return None


def _stands_in(quote: str, text: str) -> bool:
    """Whether a text holds a quote, whose parts "..." may separate.

    Case, blanks and punctuation do not count.
    """
    where = f" {_plain(text)} "
    at = 0
    parts = [_plain(part) for part in re.split(r"\.\.\.|…|\[\.\.\.\]", quote)]
    parts = [part for part in parts if part]
    for part in parts:
        place = where.find(f" {part} ", at)
        if place < 0:
            return False
        at = place + len(part)
    return bool(parts)


def _plain(text: str) -> str:
    """The words of a text in lower case, with a blank between them and without punctuation."""
    return " ".join(re.findall(r"[\w]+(?:['’][\w]+)*", text.casefold().replace("’", "'")))


def _listed(numbers: Any) -> str:
    ordered = sorted(numbers)
    shown = ", ".join(str(number) for number in ordered[:20])
    return f"{shown}, ..." if len(ordered) > 20 else shown
