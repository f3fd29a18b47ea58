"""Sheets: what coders give comes back, whatever was said and whatever a program made of it."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.labels.sheet import Item, Question, in_order, labels_in, to_csv, to_text
from sim.errors import BadRequest

QUESTION = Question("Is it hostile?", ("yes", "no"))
SAID = st.text(max_size=40) | st.sampled_from(
    ["=== bcdfg", "label: yes", "=1+1", "a\n=== x\nlabel: no", 'a "b";c,d\te', "\u2028label: no"]
)
ITEMS = st.lists(st.tuples(SAID, SAID), min_size=1, max_size=5).map(
    lambda said: [Item(f"bcd{'fghjk'[n]}", "Ada", line, (before,)) for n, (line, before) in
                  enumerate(said)]
)  # fmt: skip


@given(ITEMS, st.data())
def test_a_sheet_in_csv_comes_back(items: list[Item], data: st.DataObject) -> None:
    given_ = {item.id: data.draw(st.sampled_from(["yes", "no", ""])) for item in items}
    text = to_csv(items, given_)
    found = labels_in(text, "kim.csv", QUESTION, given_)
    assert found == {name: label for name, label in given_.items() if label}


def test_no_line_is_run_as_a_formula() -> None:
    text = to_csv([Item("bcdf", "=Ada", "=1+1", ("=2",))])
    [_, row] = csv.reader(io.StringIO(text))
    assert [cell[:2] for cell in row[1:4]] == ["'=", "'=", "'="]


@given(ITEMS, st.data())
def test_a_sheet_in_plain_text_comes_back(items: list[Item], data: st.DataObject) -> None:
    given_ = {item.id: data.draw(st.sampled_from(["yes", "no", ""])) for item in items}
    text = to_text(items, QUESTION)
    for item in items:
        text = text.replace(f"=== {item.id}\n", f"=== {item.id}\nlabel: {given_[item.id]}\n", 1)
    found = labels_in(text, "kim.txt", QUESTION, given_)
    assert found == {name: label for name, label in given_.items() if label}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_programs_move_columns_and_rows(delimiter: str, end: str) -> None:
    rows = [["mine", "Label", "line", " ID "], ["x", " YES", "a, b; c", "bcdf"], ["", "", "", ""],
            ["y", "n", "d", "bcdg"], ["z", "", "e", "bcdh"]]  # fmt: skip
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    found = labels_in(out.getvalue(), "kim.csv", QUESTION, ["bcdf", "bcdg", "bcdh"])
    assert found == {"bcdf": "yes", "bcdg": "no"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id,label\nbcdf,maybe\n", "kim.csv, row 2: 'maybe' is no label; use one of yes, no"),
        ("id,label\nbcdg,yes\n", "row 2: there is no line 'bcdg'"),
        ("id,label\nbcdf,yes\nbcdf,no\n", "row 3: bcdf has two labels, yes and no"),
        ("a,b\n1,2\n", "has no columns id and label"),
        ("", "has no columns id and label"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(text: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        labels_in(text, "kim.csv", QUESTION, ["bcdf"])
    with pytest.raises(BadRequest, match="row 1: the label belongs to no line"):
        labels_in("label: yes\n", "kim.txt", QUESTION, ["bcdf"])


def test_marks_are_numbers_and_their_mean_is_wanted() -> None:
    marks = Question("How hostile?", ("0", "1", "2"))
    assert marks.numeric
    assert marks.read("1.0", "") == marks.read("1,0", "") == "1"
    assert marks.number_of("2") == 2
    events = Question("How hostile?", ("0", "1", "2"), "2")
    assert not events.numeric
    assert [events.number_of(value) for value in events.values] == [0, 0, 1]


@pytest.mark.parametrize(
    ("text", "values", "event", "says"),
    [
        (" ", ("a", "b"), "", "is blank"),
        ("Q", ("a",), "", "give two or more"),
        ("Q", ("a", ""), "", "give two or more"),
        ("Q", ("a", "A"), "", "alike"),
        ("Q", ("a", "b"), "c", "is none of the values"),
    ],
)
def test_what_is_no_question_is_refused(
    text: str, values: tuple[str, ...], event: str, says: str
) -> None:
    with pytest.raises(BadRequest, match=says):
        Question(text, values, event)


def test_the_beginning_of_several_values_is_none() -> None:
    both = Question("Which?", ("agree", "against"))
    assert both.read("agr", "") == "agree"
    with pytest.raises(BadRequest, match="'ag' is no label"):
        both.read("ag", "row 2")


def test_lines_of_a_scene_stay_in_order() -> None:
    items = [Item(f"i{scene}{turn}", "A", "x", scene=f"s{scene}") for scene in range(3)
             for turn in range(4)]  # fmt: skip
    found = [item.id for item in in_order(items, ["s2", "s0", "s1"])]
    assert found == [f"i{scene}{turn}" for scene in (2, 0, 1) for turn in range(4)]
