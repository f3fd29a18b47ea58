"""A reply taken apart: the turn, what was cut, and who walked in."""

from __future__ import annotations

import pytest
from backstage.strategies import TEXT
from hypothesis import example, given
from hypothesis import strategies as st

from sim.layouts.base import Said, take_apart

NAMES = ("Ada", "Ben", "Dr. Łuk")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("Well?", Said("Well?", "", ())),
        (" Well?\n", Said("Well?", "", ())),
        ("Ada: Well?", Said("Well?", "", ())),
        ("Ada:Well?", Said("Well?", "", ())),
        ("Adam: Well?", Said("Adam: Well?", "", ())),
        ("Ada", Said("Ada", "", ())),
        ("", Said("", "", ())),
        ("Ada:", Said("", "", ())),
        ("One.\n\nTwo.", Said("One.\n\nTwo.", "", ())),
        ("One.\nBen: Two.", Said("One.", "Ben: Two.", ())),
        ("One.\n\n Ben: Two.", Said("One.", "Ben: Two.", ())),
        ("One.\nAda: Two.", Said("One.", "Ada: Two.", ())),
        ("One.\nTom: A.\nTom: B\nEve: C", Said("One.", "Tom: A.\nTom: B\nEve: C", ("Tom", "Eve"))),
        ("One.\nBen: A.\n\nOld Tom: B.", Said("One.", "Ben: A.\n\nOld Tom: B.", ("Old Tom",))),
        # No speaker: a lower-case word, a time, a link, a colon at the end of a line.
        ("I saw\ntwo things: a hat.", Said("I saw\ntwo things: a hat.", "", ())),
        ("Meet me\n12:30 sharp.", Said("Meet me\n12:30 sharp.", "", ())),
        ("See\nHttp://well.example", Said("See\nHttp://well.example", "", ())),
        ("Listen\nFriends:\nno.", Said("Listen\nFriends:\nno.", "", ())),
    ],
)  # fmt: skip
def test_examples(reply: str, said: Said) -> None:
    assert take_apart(reply, "Ada", NAMES) == said


def solid(text: str) -> str:
    return "".join(text.split())


LINES = st.lists(
    st.sampled_from(
        ["Well?", "Ben: Hm.", "Ada: Yes.", "Old Tom: Evening.", "", "  ", "x: y", "A: b"]
    )
    | TEXT,
    max_size=6,
).map("\n".join)


@given(LINES, st.sampled_from(NAMES))
@example("Ada: Well?\n\nOld Tom: Evening.", "Ada")
def test_nothing_that_was_written_is_lost(reply: str, own: str) -> None:
    said = take_apart(reply, own, NAMES)
    kept = solid(said.text) + solid(said.cut)
    whole = solid(reply)
    assert kept in (whole, whole.removeprefix(solid(own) + ":"))
    assert said.text == said.text.strip()
    assert said.cut == said.cut.strip()


@given(LINES, st.sampled_from(NAMES))
def test_a_turn_is_over_where_somebody_else_begins(reply: str, own: str) -> None:
    said = take_apart(reply, own, NAMES)
    assert take_apart(f"{own}: {said.text}", own, NAMES) == Said(said.text, "", ())
    assert bool(said.strangers) <= bool(said.cut)
    assert not set(said.strangers) & set(NAMES)
    assert len(set(said.strangers)) == len(said.strangers)
    assert all(f"{name}:" in said.cut for name in said.strangers)


@pytest.mark.parametrize("name", ["Ödön", "何", "the Ghost", "Łuk"])
def test_anybody_of_the_cast_begins_a_line_whatever_their_name(name: str) -> None:
    said = take_apart(f"One.\n{name}: Two.", "Ada", ("Ada", name))
    assert said == Said("One.", f"{name}: Two.", ())
