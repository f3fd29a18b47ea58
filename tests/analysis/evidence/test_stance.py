"""Where a line stands: on sentences that were held back, by examples, and on any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.evidence.stance import stance
from sim.stage.exact.stances import STANCES
from sim.stage.surrogate import OFF_TOPIC

HELD = [(level - 4, line) for level, lines in enumerate(STANCES) for line in lines[1::2]]


def test_the_sentences_that_were_held_back() -> None:
    """A side is rarely mistaken, and far from and near to the middle are told apart on average."""
    sides = [(side, value) for side, line in HELD if (value := stance(line)) is not None]
    right = sum((value > 0) == (side > 0) and (value == 0) == (side == 0) for side, value in sides)
    assert len(sides) >= 15, "it may be shy, but not mute"
    assert right >= 0.9 * len(sides)
    built = [(level - 4, line) for level, lines in enumerate(STANCES) for line in lines[0::2]]
    known = [(side, value) for side, line in built if (value := stance(line)) is not None]
    assert all((value > 0) == (side > 0) and (value == 0) == (side == 0) for side, value in known)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I am in favour of it.", 0.5),
        ("I'm for this, Ben.", 0.5),
        ("I AM FIRMLY AGAINST IT!", -0.75),
        ("I am utterly opposed to it.", -1.0),
        ("I lean in favor of that.", 0.25),
        ("We support the sale.", 0.5),
        ("My answer is no.", -0.5),
        ("I vote yes, with all my heart.", 1.0),
        ("I’m against it.", -0.5),
        ("I am not against it.", 0.5),
        ("I am not in favour of this.", -0.5),
        ("I'm not for it.", -0.5),
        ("I would never vote yes.", -1.0),
        ("I don't think this is a good idea.", -0.5),
        ("I do not believe that it is a mistake.", 0.5),
        ("I am still for it.", 0.5),
        ("I don't oppose this.", 0.5),
        ("I do not support this.", -0.5),
        ("It is no longer a good idea.", -0.5),
        ("Nobody will persuade me to say no.", 0.5),
        ("It would take a miracle to make me vote yes.", -0.5),
        ("I am undecided.", 0.0),
        ("I could come down on either side.", 0.0),
        # The last sentence that takes a side counts, and one that takes none changes nothing.
        ("I was against it. Now I am for it. It rains.", 0.5),
        ("I am for it; still, I am undecided.", 0.0),
        ("You say yes to this and no to this.", None),
    ],
)
def test_by_example(text: str, expected: float | None) -> None:
    assert stance(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I don't endorse that.",
        "This is hardly a good idea.",
        "I am not in favour of this.",
        "I'm not for it.",
        "I never support this.",
        "I would never vote yes.",
        "I don't think this is a good idea.",
        "I do not believe that it is the right thing.",
    ],
)
def test_a_denial_is_no_support(text: str) -> None:
    side = stance(text)
    assert side is None or side < 0


@pytest.mark.parametrize(
    "text",
    [
        "", "Good evening.", "The water table fell again.", "Yes.", "No, Ben.",
        "I have spoken for the last time.", "He leaned against the wall.", "What do you think?",
        "(The lamp flickers. Nobody gets up to see to it.)", "Is anybody for tea?",
        "The middle of the night is no time for this.",
    ],
)  # fmt: skip
def test_what_takes_no_side_has_no_stance(text: str) -> None:
    assert stance(text) is None


def test_talk_of_other_things_is_rarely_taken_for_a_stance() -> None:
    assert sum(stance(line) is not None for line in OFF_TOPIC) <= len(OFF_TOPIC) // 20


PART = st.sampled_from(
    ["I am for it", "against this", "yes", "no", "not", "never", "my answer is", "undecided", "."]
)


@given(st.lists(PART | st.text(max_size=8), max_size=8).map(" ".join))
def test_any_text_will_do(text: str) -> None:
    side = stance(text)
    assert side is None or -1 <= side <= 1
    neutral = "The bus was late."
    assert stance(f"{neutral} {text}") == stance(f"{text}.\n{neutral}") == side
