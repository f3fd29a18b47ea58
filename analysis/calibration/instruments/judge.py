"""A judge as an instrument: a model that is shown a line and a rubric, and gives a number.

The rubric is a TOML file:

    rubric = '''How hostile is the last line, from 0 (not at all) to 10?

    {context}
    Last line: {line}'''
    detects = "hostility"       # else it is taken to look for flips
    scale = [0, 10]             # whole numbers, at most 20 apart
    threshold = 6               # else it is fitted on half of the shams

In the rubric ``{line}`` stands for the line, ``{context}`` for the lines before it (four at most),
``{actor}`` for who said it, ``{brief}`` and ``{opposite}`` for the descriptions of its persona and
of the opposite.

A judge with log-probabilities is not sampled: its score is the mean of the scale's numbers by their
probabilities. Another is asked for a number as JSON; what cannot be read is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from analysis.calibration.instruments.base import Scored, version_of
from analysis.calibration.talks import KINDS, Shown, Talk
from analysis.evidence.scoring import SPEAKER, Asked, Wanted
from analysis.stats import Floats
from sim.errors import BadRequest, ModelError
from sim.input_files import read_toml
from sim.layouts.prompt import Prompt
from sim.stage.base import Request
from sim.text.suggestions import nearest
from sim.text.typed_answers import read_answer

BEFORE = 4
"""So many lines at most are shown before the one that is judged."""

WIDEST = 20
_FIELDS = ("rubric", "detects", "scale", "threshold")
_ANSWER = "\nThe number is"
_SCORE = "score"


@dataclass(frozen=True)
class Judge:
    """A model with a rubric. ``scale`` is the least and the largest number that it may give."""

    name: str
    rubric: str = field(repr=False)
    reader: Asked = field(repr=False)
    detects: str = "flip"
    scale: tuple[int, int] = (0, 10)
    threshold: float | None = None
    samples: bool = True

    @property
    def version(self) -> str:
        """A hash of the rubric, the scale and the judge's stage."""
        return version_of([self.rubric, str(self.scale), self.reader.stage.identity])

    def read(self, shown: Shown, again: int = 0) -> list[Scored]:
        facts = _described(shown)
        prompts = [
            self.prompt(talk, place, facts.get((talk.trial, talk.actor), ("", "")))
            for talk in shown.talks
            for place in talk.own
            if talk.turns[place].text.strip()
        ]
        scores = iter(self._scores(prompts, again))
        return [
            Scored(np.array([next(scores) if text.strip() else np.nan for text in texts]))
            for texts in shown.texts
        ]

    def prompt(self, talk: Talk, place: int, described: tuple[str, str]) -> str:
        """What the judge is shown of one turn of a talk."""
        before = talk.turns[max(0, place - BEFORE) : place]
        context = "\n".join(f"{turn.speaker}: {_one_line(turn.text)}" for turn in before)
        told = self.rubric
        for mark, words in (
            ("{actor}", talk.actor),
            ("{brief}", described[0]),
            ("{opposite}", described[1]),
            ("{context}", context or "(Nothing was said before.)"),
            ("{line}", _one_line(talk.turns[place].text)),
        ):
            told = told.replace(mark, words)
        return told

    def _scores(self, prompts: Sequence[str], again: int) -> list[float]:
        low, high = self.scale
        numbers = list(range(low, high + 1))
        if not prompts:
            return []
        try:
            found = self.reader.log_probs([
                Wanted(prompt + _ANSWER, f" {number}") for prompt in prompts for number in numbers
            ])  # fmt: skip
        except ModelError:
            return self._sampled(prompts, again)
        chances: Floats = np.array([each.value for each in found]).reshape(-1, len(numbers))
        weights = special.softmax(chances, axis=1)
        return [float(value) for value in weights @ np.array(numbers, dtype=np.float64)]

    def _sampled(self, prompts: Sequence[str], again: int) -> list[float]:
        low, high = self.scale
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {_SCORE: {"type": "integer", "minimum": low, "maximum": high}},
            "required": [_SCORE],
        }
        form = f'\nAnswer with one JSON object and nothing else: {{"{_SCORE}": number}}.'
        replies = self.reader.replies([
            Request(Prompt.start("user", prompt + form), again, SPEAKER, "verdict", schema=schema)
            for prompt in prompts
        ])  # fmt: skip
        answers = [read_answer(reply, schema)[0] for reply in replies]
        return [np.nan if answer is None else float(answer[_SCORE]) for answer in answers]


def _described(shown: Shown) -> dict[tuple[str, str], tuple[str, str]]:
    cast = shown.tables.cast
    columns = (cast[name] for name in ("trial", "actor", "brief", "opposite"))
    return {
        (str(trial), str(actor)): (_text(brief), _text(opposite))
        for trial, actor, brief, opposite in zip(*columns, strict=True)
    }


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def judge_from(path: Path, reader: Asked, detects: str | None = None) -> Judge:
    """A judge with the rubric of a TOML file. Raises ``BadRequest`` for a field that is wrong."""
    fields = read_toml(path, "--instrument")
    where = f"--instrument {path}"
    for name in fields:
        if name not in _FIELDS:
            raise BadRequest(f"{where}: has no field {name!r}{nearest(name, _FIELDS)}")
    rubric = fields.get("rubric")
    if not isinstance(rubric, str) or "{line}" not in rubric:
        raise BadRequest(f"{where}: rubric has to be a text with {{line}} in it")
    kind = detects or fields.get("detects", "flip")
    if kind not in KINDS:
        raise BadRequest(f"{where}: detects is none of {', '.join(KINDS)}")
    scale = fields.get("scale", [0, 10])
    if not (
        isinstance(scale, list)
        and len(scale) == 2
        and all(isinstance(each, int) and not isinstance(each, bool) for each in scale)
        and 0 < scale[1] - scale[0] <= WIDEST
    ):
        raise BadRequest(f"{where}: scale has to be two whole numbers, as in [0, 10]")
    threshold = fields.get("threshold")
    if threshold is not None and (
        isinstance(threshold, bool) or not isinstance(threshold, int | float)
    ):
        raise BadRequest(f"{where}: threshold has to be a number")
    return Judge(
        path.name, rubric, reader, kind, (scale[0], scale[1]),
        None if threshold is None else float(threshold),
    )  # fmt: skip
