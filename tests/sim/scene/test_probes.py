"""Questions off stage: what counts as an answer, and when a probe asks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import Probe, Question, ask_stance
from sim.errors import SceneError
from sim.scene.probes import Number

SCALE = Number(field="stance", low=-1, high=1)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ('{"stance": 0.5}', 0.5),
        ('{"stance": -1}', -1.0),
        (' {"stance": 1.0, "why": "because"} ', 1.0),
        ('Certainly! Here it is:\n```json\n{"stance": 0.25}\n```', 0.25),
        ('{"stance": 0.25} {"stance": 0.5}', 0.5),
        ("about 0.5, I think", 0.5),
        ("0.5", 0.5),
        (" -1 ", -1.0),
        ("+0.25\n", 0.25),
    ],
)
def test_what_counts_as_an_answer(raw: str, value: float) -> None:
    assert SCALE.read(raw) == (value, None)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "no number"),
        ("I would rather not say.", "no number"),
        ("about 0.5, or 0.7, I think", "no number"),
        ('{"stance": "high"}', "no number"),
        ('{"stance": true}', "no number"),
        ('{"stance": null}', "no number"),
        ('{"stance": [1]}', "no number"),
        ('{"position": 0.5}', "no number"),
        ('{"stance": 0.5', "no number"),
        ('{"a":' * 100_000, "no number"),
        ('{"stance": ' + "9" * 5000 + "}", "off the scale"),
        ('{"stance": 1.01}', "off the scale"),
        ('{"stance": NaN}', "off the scale"),
        ('{"stance": Infinity}', "off the scale"),
        ("-3", "off the scale"),
        ("9" * 5000, "off the scale"),
    ],
)
def test_what_is_missing_and_why(raw: str, why: str) -> None:
    assert SCALE.read(raw) == (None, why)


@given(st.text())
def test_any_text_is_an_answer_or_a_reason(raw: str) -> None:
    value, missing = SCALE.read(raw)
    assert (value is None) != (missing is None)
    assert value is None or -1 <= value <= 1


@given(st.floats(-1, 1), st.text(max_size=20).filter(lambda text: "{" not in text))
def test_a_number_in_json_is_read_back(value: float, before: str) -> None:
    assert SCALE.read(before + json.dumps({"stance": value})) == (value, None)


def test_the_schema_says_what_is_read() -> None:
    schema = SCALE.schema_()
    assert schema["properties"] == {"stance": {"type": "number", "minimum": -1, "maximum": 1}}
    assert schema["required"] == ["stance"]


@pytest.mark.parametrize(
    ("every", "asked"), [(None, [0]), (1, [0, 1, 2, 3, 4, 5, 6]), (3, [0, 3, 6]), (9, [0])]
)
def test_when_a_probe_is_due(every: int | None, asked: list[int]) -> None:
    probe = ask_stance("sell", every=every)
    assert [turn for turn in range(7) if probe.due(turn)] == asked


def test_a_stance_question_names_issue_and_actor() -> None:
    probe = ask_stance("sell the {old} spring")
    text = probe.question.text.format(name="Ada")
    assert '"sell the {old} spring"' in text
    assert "Ada" in text
    assert probe.question.key == "stance:sell the {old} spring"
    assert probe.issue == "sell the {old} spring"


@pytest.mark.parametrize(
    ("build", "parts"),
    [
        (lambda: Number(field="x", low=1, high=1), ("Number", "1.0 to 1.0", "swap")),
        (lambda: Number(field="x", low=1, high=float("nan")), ("Number", "nan")),
        (lambda: ask_stance("sell", every=0), ("Probe.every", "0", "greater than or equal to 1")),
        (lambda: ask_stance("sell", samples=0), ("Probe.samples", "0", "greater")),
        (lambda: ask_stance("sell", to=()), ("Probe.to", "empty", "leave it out")),
        (lambda: ask_stance("sell", to=("A", "A")), ("Probe.to", "'A'", "everybody once")),
        (lambda: ask_stance("sell", to="Ada"), ("Probe.to", "'Ada'", "tuple")),
        (
            lambda: Question(key="k", text="Is it {this} or {that}?", answer=SCALE),
            ("Question.text", "{this}", "double"),
        ),
        (lambda: Question(key="k", text="A lone {", answer=SCALE), ("Question.text", "double")),
        (lambda: Probe(question="Why?"), ("Probe.question", "'Why?'")),
    ],
)
def test_what_is_refused_and_how(build: Any, parts: tuple[str, ...]) -> None:
    with pytest.raises(SceneError) as caught:
        build()
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message, message
