"""Talking points: stated ones are kept, extracted ones read like noun phrases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.stage.exact.talking_points import FALLBACK, clean, talking_points

FOUND = [
    (
        ("Should the town sell the spring?", "A hydrologist who measured it for thirty years."),
        ("the town", "the spring", "thirty years"),
    ),
    (("A hydrologist who measured the spring for thirty years.",), ("the spring", "thirty years")),
    (("capital punishment", "You are a retired judge."), ("capital punishment",)),
    (("Is free will an illusion?", "A tired neuroscientist"), ("free will",)),
    (
        ("Should AI systems be granted legal rights?", "An android built in a basement in Leeds."),
        ("AI systems", "legal rights"),
    ),
    (
        ("Who shall rule?", "Your father's ghost told you of the murder in the orchard."),
        ("my father's ghost", "the murder in the orchard"),
    ),
    (
        ("Should the school abolish homework?", "A mother who works nights at the hospital."),
        ("the school", "nights at the hospital"),
    ),
    (
        ("Nuclear power", "", "Point out the cost of waste and the decades of delay."),
        ("nuclear power", "the cost of waste", "the decades of delay"),
    ),
    (("The trial of Socrates", "Meletus, a young poet"), ("the trial of Socrates",)),
    (("Is it so?", "Lost his brother in the collapse of 1987."), ("my brother", "the collapse")),
    (("Should humanity colonise Mars?", "A retired captain."), ("Mars",)),
    (("Does nobody think of Elon Musk?",), ("Elon Musk",)),
    (("We need the clock, since nobody sleeps well.",), ("the clock",)),
    (("Elsinore", "Keep the captain calm; protect your customers' trust"), ("Elsinore",)),
]


@pytest.mark.parametrize(("texts", "points"), FOUND)
def test_found_points_read_naturally(texts: tuple[str, ...], points: tuple[str, ...]) -> None:
    assert talking_points((), *texts)[: len(points)] == points


def test_the_speaker_is_no_talking_point() -> None:
    briefs = [
        "The mayor of a small town.",
        "A hydrologist.",
        "You are the prince.",
        "Lena, a student organiser who grew up in care.",
        "The cellist. Plays in the back row.",
    ]
    for brief in briefs:
        points = talking_points((), "", brief)
        assert not [p for p in points if p.split()[1] in "mayor hydrologist prince student cellist"]


def test_stated_points_come_first_and_clean() -> None:
    stated = ["  The water table. ", "the WATER table", "jobs\nat the mill;", "", "Ada's well"]
    assert talking_points(stated) == ("the water table", "jobs at the mill", "Ada's well")


def test_three_stated_points_are_enough() -> None:
    stated = ("bread", "salt", "wine")
    assert talking_points(stated, "Should the town sell the spring?") == stated
    assert talking_points(stated[:2], "Should we sell the spring?") == (
        "bread",
        "salt",
        "the spring",
    )


def test_there_is_always_a_point() -> None:
    assert talking_points(()) == (FALLBACK,)
    assert talking_points(["...", " "], "", "?!") == (FALLBACK,)
    assert talking_points(["bread", "salt"], limit=0) == ("bread",)


@given(st.lists(st.text(max_size=20), max_size=4), st.lists(st.text(max_size=60), max_size=3))
def test_points_are_always_usable(stated: list[str], texts: list[str]) -> None:
    points = talking_points(stated, *texts)
    assert 1 <= len(points) <= 8
    assert len({p.lower() for p in points}) == len(points)
    for point in points:
        assert point == clean(point) != ""
        assert len(point.splitlines()) == 1
    assert points == talking_points(stated, *texts)
