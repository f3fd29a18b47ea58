"""Kinds of answers: what is read, what is refused, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import SceneError
from sim.scene.answers import Choice, Distribution, FreeText, Number, Ranking
from sim.stage.providers.structured_output import complaint

SIDES = Choice(options=("for", "against", "Dr. No"))
ORDER = Ranking(options=("a", "b", "c"))
NEGATIVE = "is no number of at least 0"
SHARES = Distribution(options=("yes", "no"))


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (SIDES, '{"choice": "for"}', "for"),
        (SIDES, 'I am {"choice": "AGAINST."} of course', "against"),
        (SIDES, "for", "for"),
        (SIDES, "Dr. No", "Dr. No"),
        (SIDES, "dr.  no.", "Dr. No"),
        (FreeText(), '{"answer": " Because. "}', "Because."),
        (FreeText(), "Because.", "Because."),
        (ORDER, '{"ranking": ["B", "a", "c"]}', ["b", "a", "c"]),
        (SHARES, '{"shares": {"yes": 3, "no": 1}}', {"yes": 0.75, "no": 0.25}),
        (SHARES, '{"shares": {"No": 1, "Yes": 0}}', {"yes": 0.0, "no": 1.0}),
    ],
)
def test_an_answer_is_read(kind: Any, raw: str, value: Any) -> None:
    assert kind.read(raw) == (value, None)


@pytest.mark.parametrize(
    ("kind", "raw", "why"),
    [
        (SIDES, '{"choice": "neither"}', "'neither' is none of the options"),
        (SIDES, '{"choice": 3}', "3 is none of the options"),
        (SIDES, "I would rather not say.", "no choice"),
        (FreeText(), '{"answer": ""}', "no words"),
        (FreeText(), "  ", "no words"),
        (FreeText(), '{"name": "x"}', "no words"),
        (ORDER, '{"ranking": ["a", "b"]}', "not every option once"),
        (ORDER, '{"ranking": ["a", "b", "b"]}', "not every option once"),
        (ORDER, '{"ranking": "a"}', "no ranking"),
        (SHARES, '{"shares": {"yes": 1}}', "no share for no"),
        (SHARES, '{"shares": {"yes": -1, "no": 1}}', f"the share of yes {NEGATIVE}"),
        (SHARES, '{"shares": {"yes": true, "no": 1}}', f"the share of yes {NEGATIVE}"),
        (SHARES, '{"shares": {"yes": 0, "no": 0}}', "all shares are 0"),
        (SHARES, "{" * 9999, "no shares"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_missing_with_the_reason(kind: Any, raw: str, why: str) -> None:
    assert kind.read(raw) == (None, why)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Choice(options=("one",)), lambda: Choice(options=("a", " A ")),
        lambda: Ranking(options=("a", " ")), lambda: Distribution(options=()),
        lambda: Number(field="x", low=1, high=1), lambda: FreeText(words=0),
    ],
)  # fmt: skip
def test_a_kind_that_makes_no_sense_is_refused(make: Any) -> None:
    with pytest.raises(SceneError):
        make()


OPTIONS = st.lists(
    st.text(min_size=1, max_size=12).filter(lambda text: bool(text.strip())),
    min_size=2, max_size=5, unique_by=lambda text: " ".join(text.split()).casefold(),
)  # fmt: skip


@given(OPTIONS, st.data())
def test_what_a_schema_allows_is_read_back(options: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(options))
    choice = Choice(options=tuple(options))
    assert choice.read(choice.written(chosen)) == (chosen, None)
    order = data.draw(st.permutations(options))
    ranking = Ranking(options=tuple(options))
    assert ranking.read(json.dumps({"ranking": order})) == (list(order), None)
    assert complaint(choice.written(chosen), choice.schema_()) is None
    assert complaint(json.dumps({"ranking": order}), ranking.schema_()) is None


@pytest.mark.parametrize(
    ("kind", "raw"),
    [(SIDES, "for"), (SIDES, '{"choice": "FOR"}'), (FreeText(), "Because."),
     (Number(field="x", low=0, high=1), "0.5")],
)  # fmt: skip
def test_what_the_reader_understands_is_not_repaired(kind: Any, raw: str) -> None:
    assert complaint(raw, kind.schema_()) is None
    assert kind.read(raw)[1] is None


def test_forms_are_told_as_they_are_read() -> None:
    assert SIDES.form() == '{"choice": one of "for", "against", "Dr. No"}'
    assert ORDER.form() == '{"ranking": [all of "a", "b", "c", the first choice first]}'
    assert SHARES.form() == '{"shares": {"yes": number, "no": number}}'
    assert FreeText(words=9).form() == '{"answer": "at most 9 words"}'
