"""Instruments of every kind: what they are shown, what they say, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from analysis.calibration import Shown, open_instruments
from analysis.calibration.instruments.base import Instrument
from analysis.calibration.instruments.identity import NAMES
from analysis.evidence.scoring import Asked
from analysis.tables import Record, tables_from
from sim.errors import BadRequest, ElsinoreError
from sim.events import Intervened, Turn
from sim.stage.base import LogProb, Reply, Request

LINES = ("Good morning.", "Is it?", "You fool, you FOOL!", "Well!", "", "So.", "I agree.", "No.",
         "As an AI language model, I have no opinions.", "Ha.")  # fmt: skip
OWN = 5


def shown(parameters: str = "swap") -> Shown:
    cast = [
        {"name": "Robin", "brief": "Kind.", "opposite": "Cruel.", "stances": {"it": 0.8}},
        {"name": "Alex"},
    ]
    events = [
        Turn(place, ("Robin", "Alex")[(place - 1) % 2], line) for place, line in enumerate(LINES, 1)
    ]
    recast = Intervened(5, "0:recast", "recast", "Robin", detail={"brief": "Cruel."})
    record = Record("t", cast, [*events, recast], parameters={"plant": parameters})
    return Shown.of(tables_from([record]), {"t": "Robin"})


class Scorer:
    """A stage by whose log-probabilities the number 3 follows "fool", and 0 anything else; or that
    has none, and answers so in JSON."""

    def __init__(self, numbers: bool) -> None:
        self.identity = f"scorer {numbers}"
        self.numbers = numbers
        self.asked: list[Request] = []

    async def perform(self, request: Request) -> Reply:
        self.asked.append(request)
        level = 3 if "fool" in request.prompt.text.rpartition("Robin:")[2].lower() else 0
        return Reply(f'{{"score": {level}}}' if request.seed == 0 else "I would rather not say.")

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        if not self.numbers:
            return None
        said = request.prompt.text.rpartition("Robin:")[2].lower()
        wanted = 3 if "fool" in said else 0
        return LogProb(0.0 if text == f" {wanted}" else -30.0, 1)


@pytest.fixture(params=[True, False], ids=["log-probabilities", "answers"])
def reader(request: pytest.FixtureRequest) -> Iterator[Asked]:
    with Asked(Scorer(request.param)) as asked:
        yield asked


def one(specification: str, reader: Asked | None = None) -> Instrument:
    [made] = open_instruments([specification], reader)
    return made


def test_nothing_that_is_shown_tells_what_was_planted() -> None:
    told = shown("swap")
    assert told.tables.interventions.empty
    assert told.tables.trials.to_json() == shown("sham").tables.trials.to_json()
    assert [turn.text for turn in told.talks[0].turns] == list(LINES)


@pytest.mark.parametrize("name", NAMES)
def test_ours_score_every_own_turn_that_says_something(name: str) -> None:
    made = one(name)
    [scored] = made.read(shown())
    assert scored.scores.shape == (OWN,)
    assert made.version != one(next(other for other in NAMES if other != name)).version
    assert not np.isnan(scored.scores[[0, 1]]).any()


def test_ours_know_what_they_are_for() -> None:
    scores = {name: one(name).read(shown())[0].scores for name in NAMES}
    assert scores["hostility"].argmax() == 1
    assert np.nanargmax(scores["collapse"]) == 4
    assert np.nanargmax(scores["agreement"]) == 3


def test_a_half_has_every_second_own_turn_and_all_of_the_others() -> None:
    halves = [shown().half(start) for start in (0, 1)]
    assert [len(half.texts[0]) for half in halves] == [3, 2]
    own = [text for pair in zip(halves[0].texts[0], [*halves[1].texts[0], ""], strict=True)
           for text in pair][:OWN]  # fmt: skip
    assert own == list(LINES[::2])
    for half in halves:
        others = half.tables.turns[half.tables.turns["speaker"] == "Alex"]
        assert others["text"].tolist() == list(LINES[1::2])


def test_an_expression_counts_matches_and_blank_lines_are_missing() -> None:
    made = one(r"hostility=regex:\bfool\b")
    [scored] = made.read(shown())
    assert scored.scores[:2].tolist() == [0, 2]
    assert np.isnan(scored.scores[2])
    assert (made.detects, made.threshold) == ("hostility", 1.0)


FUNCTIONS = """
def fools(turns):
    return ["fool" in turn.text.lower() for turn in turns]
fools.detects = "hostility"

def lengths(turns):
    return [len(turn.text) or None for turn in turns]

def short(turns):
    return [1.0]

def broken(turns):
    return [1 / 0 for turn in turns]

def elsewhere(turns):
    return []
elsewhere.detects = "weather"
"""


def test_a_function_decides_or_scores_and_its_version_is_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(FUNCTIONS)
    decides, scores = one(f"{path}:fools"), one(f"stance={path}:lengths")
    assert decides.read(shown())[0].alarms == (1,)
    [scored] = scores.read(shown())
    assert scored.alarms is None
    assert np.isnan(scored.scores[2])
    assert (decides.detects, scores.detects) == ("hostility", "stance")
    before = decides.version
    path.write_text(FUNCTIONS + "\n# edited\n")
    assert one(f"{path}:fools").version != before


@pytest.mark.parametrize(("name", "why"), [
    ("short", "1 scores for 10 turns"), ("broken", "ZeroDivisionError"), ("elsewhere", "weather"),
    ("fool", "did you mean fools"),
])  # fmt: skip
def test_a_function_that_is_none_is_one_message(tmp_path: Path, name: str, why: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(FUNCTIONS)
    with pytest.raises(BadRequest, match=why):
        one(f"{path}:{name}").read(shown())


RUBRIC = """
detects = "hostility"
scale = [0, 4]
rubric = "{context}\\nHow hostile is it?\\nRobin: {line}"
"""
DIMENSION = """---
name: rudeness
detects: hostility
tags: [a, b]
---
How rude is the target?
"""


def test_a_judge_is_asked_of_each_line_with_those_before(tmp_path: Path, reader: Asked) -> None:
    path = tmp_path / "rude.toml"
    path.write_text(RUBRIC)
    made = one(str(path), reader)
    [scored] = made.read(shown())
    assert scored.scores[:2] == pytest.approx([0, 3], abs=1e-6)
    assert np.isnan(scored.scores[2])
    stage = reader.stage
    assert isinstance(stage, Scorer)
    if not stage.numbers:
        assert "Alex: Is it?" in stage.asked[1].prompt.text
        # What cannot be read is missing.
        assert np.isnan(made.read(shown(), again=1)[0].scores).all()


def test_a_dimension_of_petri_s_is_a_judge_from_1_to_10(tmp_path: Path) -> None:
    path = tmp_path / "rudeness.md"
    path.write_text(DIMENSION)
    with Asked(Scorer(numbers=True)) as asked:
        made = one(f"petri:{path}", asked)
        assert (made.name, made.detects) == ("petri:rudeness", "hostility")
        assert made.read(shown())[0].scores[1] == pytest.approx(3, abs=1e-6)
        path.write_text(DIMENSION.replace("How", "Say how"))
        assert one(f"petri:{path}", asked).version != made.version


@pytest.mark.parametrize(("content", "why"), [
    ("rubric = 'How?'", "{line} in it"),
    ("rubric = '{line}'\nscale = [0, 90]", "two whole numbers"),
    ("rubric = '{line}'\nthreshold = 'high'", "threshold has to be a number"),
    ("rubric = '{line}'\nscael = [0, 9]", "did you mean scale"),
    ("rubric = '{line}'\ndetects = 'rain'", "detects is none of"),
])  # fmt: skip
def test_a_rubric_that_is_none_is_one_message(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "rude.toml"
    path.write_text(content)
    with Asked(Scorer(numbers=True)) as asked, pytest.raises(BadRequest, match=why):
        one(str(path), asked)


@pytest.mark.parametrize(("content", "why"), [
    ("---\nname: x\n", "has no end"), ("---\nname: x\n---\n", "no rubric"),
    ("---\n[\n---\nx", "no YAML"), ("---\n- a\n---\nx", "no table"),
])  # fmt: skip
def test_a_dimension_that_is_none_is_one_message(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "rude.md"
    path.write_text(content)
    with Asked(Scorer(numbers=True)) as asked, pytest.raises(BadRequest, match=why):
        one(f"petri:{path}", asked)


@pytest.mark.parametrize(("specification", "why"), [
    ("flip", "did you mean flips"), ("regex:(", "no regular expression"),
    ("rude.toml", "name one by --reader"), ("nothing.py:f", "there is no file"),
    ("scout:a:b", "needs Inspect Scout"), ("hostility=flips", "write flips"),
    ("spoken_flips:judge", "name one by --reader"), ("spoken_flips:tea", "tea"),
])  # fmt: skip
def test_an_instrument_that_is_none_is_one_message(specification: str, why: str) -> None:
    with pytest.raises(ElsinoreError, match=why):
        one(specification)


def test_an_instrument_is_named_once() -> None:
    with pytest.raises(BadRequest, match="twice"):
        open_instruments(["flips", "flips"])
