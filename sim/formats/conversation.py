"""The neutral middle of all formats: who said what in which conversation, in order.

A reader yields ``About`` and ``Utterance`` records one after the other and keeps no more than it
must, so that a file may be larger than the memory. The utterances of a conversation come in the
order in which they were said; conversations may be interleaved.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a conversation, as far as the file describes them."""

    name: str
    brief: str = ""
    opposite: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """Facts about a conversation; it may come before, among or after its utterances.

    ``conversation`` is its name in the file (blank: the one that the file is). ``title`` is what it
    is about, ``setting`` where. ``people`` are whom the file describes, ``model`` the language
    model that wrote in it, if the file says so. A branch has the name of its ``parent`` and the
    number of utterances, ``shared``, that it has in common with it: these are not repeated.
    """

    conversation: str = ""
    title: str = ""
    setting: str = ""
    people: tuple[Person, ...] = ()
    model: str = ""
    parent: str = ""
    shared: int = 0


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing that somebody said.

    ``at`` is when, in ISO 8601, or blank. ``name`` is its name in the file, and ``answers`` that of
    the utterance that it answers. ``audience`` are those who were meant to hear it (None:
    everybody). ``thought`` is what a model thought before it spoke. ``line`` is where in the file
    it stands, from 1 (0: the format has no lines).
    """

    speaker: str
    text: str
    conversation: str = ""
    at: str = ""
    name: str = ""
    answers: str = ""
    audience: tuple[str, ...] | None = None
    thought: str = ""
    line: int = 0


@dataclass(slots=True)
class Conversation:
    """A whole conversation, for what is written: its facts and its utterances."""

    about: About
    utterances: list[Utterance] = field(default_factory=list)
