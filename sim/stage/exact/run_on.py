"""Running on: the text that a base stage writes after its turn if no stop ends it.

It is a line of another speaker: one of the cast, or a stranger. Nobody hears it; it is recorded
with the turn.
"""

from __future__ import annotations

from collections.abc import Iterator

from sim.seeds import Stream
from sim.stage.exact.script import Facts

STRANGERS = ("Old Tom", "A Voice", "The Porter", "A Boy", "The Widow", "A Soldier")
"""The names of strangers."""

LINES = (
    "Is this seat taken?",
    "Sorry, I must have the wrong door.",
    "Don't mind me. I only came for my hat.",
    "They are still at it, then.",
    "I heard all of that from the corridor.",
    "Somebody left a lamp burning downstairs.",
    "Wait. I have something to say about this.",
    "No, let me finish.",
    "You might ask me, since I was there.",
    "There is a man outside who wants to be paid.",
    "It has begun to rain again.",
    "Go on. Pretend I am not here.",
)
"""The lines of other speakers."""


def _people(facts: Facts, stranger: float) -> list[tuple[str, float]]:
    """The possible speakers of the further line, with their probabilities."""
    strangers = [name for name in STRANGERS if name not in facts.others and name != facts.own]
    share = stranger if facts.others else 1.0
    people = [(name, share / len(strangers)) for name in strangers]
    people += [(name, (1.0 - share) / len(facts.others)) for name in facts.others]
    return people


def run_on(facts: Facts, stranger: float, stream: Stream) -> str:
    """Draw a line of another speaker."""
    people = _people(facts, stranger)
    name = people[stream.choose([p for _, p in people])][0]
    return f"{name}: {LINES[stream.below(len(LINES))]}"


def run_ons(facts: Facts, stranger: float) -> Iterator[tuple[str, float]]:
    """Every line that ``run_on`` can give, with its probability; they sum to 1."""
    for name, p in _people(facts, stranger):
        for line in LINES:
            yield f"{name}: {line}", p / len(LINES)
