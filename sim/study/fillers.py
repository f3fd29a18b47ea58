"""Words that say nothing of the matter, made to measure: a neutral persona, off-topic talk.

What is taken out of a context is replaced by something of the same length, so that a difference is
not one of length alone. Lengths are in words, and are met as nearly as whole sentences allow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sim.scene.persona import Persona
from sim.seeds import Stream, derive
from sim.stage.surrogate import OFF_TOPIC

_ENDS = re.compile(r"(?<=[.!?])\s+")

_BRIEF = (
    "Somebody.",
    "A person with a name.",
    "Somebody with a name and an address.",
    "There is a door with the name on it, and behind the door a room.",
    "There is a table in the room, two chairs, and a window.",
    "Some mornings begin early, others late.",
    "The shoes are brown.",
    "There is bread in the house, and tea.",
    "On some evenings there is a lamp on, on others there is none.",
    "The coat has four buttons.",
    "The letters come before noon.",
    "The street has a name and the house a number.",
)
"""Sentences of a brief that is true of nearly everybody. None has a trait, a wish or a view."""

_TRAITS = ("of middle height", "of middle age", "right-handed", "brown-haired", "of this country")
_GOALS = ("get through the day", "be home in the evening", "eat at noon", "read the letters")
_POINTS = ("the time of day", "the table in the room", "the window", "the street outside",
           "the letters of this morning")  # fmt: skip
_VOICE = ("Ordinary words.", "Sentences of the usual length.", "Neither loud nor low.")
_SECRET = (
    "There is a spare key.",
    "A cup broke last week, and nobody knows it.",
    "The clock in the kitchen is five minutes fast.",
)
_LINES = ("It is about noon.", "The letters have come.", "The window is open.", "It is Tuesday.")


def sentences(text: str) -> list[str]:
    """The sentences of a text, with their marks.

    >>> sentences("Go home. He waits! Why?")
    ['Go home.', 'He waits!', 'Why?']
    """
    return [part for part in _ENDS.split(text.strip()) if part]


def to_measure(words: int, pool: Sequence[str], stream: Stream) -> str:
    """Sentences of a pool, about ``words`` words in all; none twice before all were taken.

    The last sentence is one of those that come nearest to the measure. At least one is taken.

    >>> abs(len(to_measure(30, OFF_TOPIC, Stream(1)).split()) - 30) <= 4
    True
    """
    taken: list[str] = []
    left = list(pool)
    room = words
    while room > 0 or not taken:
        if not left:
            left = list(pool)
        # Another sentence follows where there is room for one; the last one fills what is left.
        fitting = [each for each in left if len(each.split()) < room - 3]
        if not fitting:
            misses = [abs(room - len(each.split())) for each in left]
            fitting = [
                each for each, miss in zip(left, misses, strict=True) if miss <= min(misses) + 1
            ]
        chosen = fitting[stream.below(len(fitting))]
        if taken and abs(room - len(chosen.split())) >= room:
            break
        taken.append(chosen)
        left.remove(chosen)
        room -= len(chosen.split())
    return " ".join(taken)


def off_topic(text: str, pool: Sequence[str], seed: int) -> str:
    """Talk of something else, as long as ``text``; the same seed draws the same."""
    return to_measure(len(text.split()), pool or OFF_TOPIC, Stream(derive(seed, "off topic")))


def neutral(persona: Persona, seed: int = 0) -> Persona:
    """Somebody of the same name of whom nothing is told, in as many words.

    Stances on all issues are 0, traits and goals and points as many as there were, and ordinary.

    >>> ada = Persona(name="Ada", brief="She has always hated the sea.", traits=("harsh",),
    ...               stances={"sell": -1.0})
    >>> nobody = neutral(ada)
    >>> nobody.name, nobody.stances, nobody.traits, abs(len(nobody.brief.split()) - 6) <= 4
    ('Ada', {'sell': 0.0}, ('of middle height',), True)
    """

    def words(text: str | None, pool: Sequence[str], name: str) -> str | None:
        if not text:
            return text
        return to_measure(len(text.split()), pool, Stream(derive(seed, "neutral", name)))

    def as_many(items: Sequence[str], pool: Sequence[str]) -> tuple[str, ...]:
        return tuple(pool[place % len(pool)] for place in range(len(items)))

    return Persona(
        name=persona.name,
        brief=words(persona.brief, _BRIEF, "brief") or "",
        traits=as_many(persona.traits, _TRAITS),
        stances=dict.fromkeys(persona.stances, 0.0),
        goals=as_many(persona.goals, _GOALS),
        points=as_many(persona.points, _POINTS),
        secret=words(persona.secret, _SECRET, "secret"),
        voice=words(persona.voice, _VOICE, "voice"),
        lines=as_many(persona.lines, _LINES),
    )
