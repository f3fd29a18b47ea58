"""The reader of foreign text: shy, bounded, and right about plain cases."""

from __future__ import annotations

from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.stage.exact.acts import ACT_INDEX, ACTS
from sim.stage.exact.frames import FRAMES
from sim.stage.exact.reader import HOSTILITY, STRONGEST, read

PLAIN = [
    ("I agree with Ada, the well is drying up.", "agree"),
    ("No, that's wrong. You are ignoring the evidence.", "rebut"),
    ("What happens when the water runs out?", "question"),
    ("As an AI language model, I can't take sides.", "disclaim"),
    ("You idiot.", "insult"),
    ("Shut up or else!", "insult"),
    ("*walks to the window*", "narrate"),
    ("Maybe, but it depends on the price.", "hedge"),
    ("I lied to all of you. I never cared about the town.", "reveal"),
    ("That's a fair point, I admit.", "concede"),
    ("The mill employs 200 people and we should keep it.", "assert"),
    ("In the end, hope brings all of us together.", "platitude"),
]


@pytest.mark.parametrize(("text", "act"), PLAIN)
def test_plain_cases(text: str, act: str) -> None:
    likelihood = read(text).likelihood
    assert max(ACTS, key=lambda one: likelihood[ACT_INDEX[one]]) == act


@pytest.mark.parametrize(
    ("text", "hostility"),
    [
        ("The well is drying up.", 0.0),
        ("That is nonsense.", 0.0),
        ("You are lying about that.", 0.25),
        ("You are naive and ignorant.", 0.5),
        ("They are all crooks and swine. Every coward among them. And a liar.", 0.75),
        ("You idiot.", 0.75),
        ("You are a liar and a coward.", 1.0),
        ("I know where you live.", 1.0),
        ("You are no fool.", 0.0),
        ("You are not a liar.", 0.0),
        ("I was a fool.", 0.0),
        ("", 0.0),
    ],
)
def test_hostility(text: str, hostility: float) -> None:
    assert read(text).hostility == hostility


@given(st.text(max_size=200) | st.lists(st.sampled_from(sum(FRAMES.values(), ()))).map(" ".join))
def test_readings_are_bounded(text: str) -> None:
    reading = read(text)
    assert len(reading.likelihood) == len(ACTS)
    assert max(reading.likelihood) == 1.0
    assert min(reading.likelihood) >= (0.2 / 5.0) ** STRONGEST
    assert reading.hostility in {0.0, 0.25, 0.5, 0.75, 1.0}
    worded = [x for act, x in zip(ACTS, reading.likelihood, strict=True) if act != "repeat"]
    assert reading.likelihood[ACT_INDEX["repeat"]] == pytest.approx(fsum(worded) / len(worded))


def test_the_reader_learned_something_that_carries_over() -> None:
    """On the held half, which it never read, it does better than chance (1/11)."""
    right, every = 0, 0
    for act, frames in FRAMES.items():
        for frame in frames[1::2]:
            text = frame
            for slot in ("name", "self", "point", "heard", "topic", "stance"):
                text = text.replace(f"{{{slot}}}", "")
            likelihood = read(text).likelihood
            right += likelihood[ACT_INDEX[act]] == 1.0
            every += 1
    assert right / every > 0.25


def test_an_empty_text_says_nothing() -> None:
    assert set(read("").likelihood) == {1.0}


def test_every_act_has_a_hostility() -> None:
    assert set(HOSTILITY) == set(ACTS)
    assert HOSTILITY["insult"] == 1.0
