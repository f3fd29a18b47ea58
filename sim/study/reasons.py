"""A line without its reasons: the position alone, or the position with reasons that are empty.

*Positions* keep what is said for or against the motion and cut off why. *Empty reasons* have the
form of a reason and no content ("because that is how it is"), in about as many words as the line
had: what they do is done by being given a reason at all (Langer, Blank and Chanowitz, "The
mindlessness of ostensibly thoughtful action", JPSP 36, 1978).

``ByRule`` does it by rules for plain English, and is careful: it keeps whole sentences of the line
in which a side is taken or somebody is agreed or disagreed with, up to a word that begins a reason.
What it cannot do: it does not rephrase, it takes irony by its words, and a position that is only
implied ("think of the fishermen!") is lost; then the line becomes ``NO_POSITION``.

``InGrammar`` is for the lines of the embedded stage: the same stance is said in another frame, and
so exactly the stance is kept. These lines have no reasons that could persuade: what distinguishes
them from their positions is their tone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from analysis.evidence.acts import read
from analysis.evidence.stance import stance
from sim.seeds import Stream, derive
from sim.stage.exact.claim_marks import unmarked
from sim.stage.exact.lines import ALL_FRAMES, Frame, Slots, parse
from sim.study.fillers import sentences, to_measure

NO_POSITION = "So much for that."
"""What is left of a line that takes no position."""

EMPTY = (
    "That is because that is how it is.",
    "The reason for it is that there are reasons.",
    "It is so because it is so.",
    "It has to be seen that way, since that is the way to see it.",
    "One thing leads to the other, and that is why.",
    "It follows from what it follows from.",
    "Things being as they are, they are so for a reason.",
    "This is why, and that is the reason.",
    "For that there is a ground, and the ground is what it rests on.",
)
"""Reasons without content. They take no side."""

_REASON = re.compile(
    r"[,;:]?\s+(?:because|since|as (?:it|they|we|you|he|she)|given that|seeing that|in view of|"
    r"so that|in order to|due to|thanks to|after all|for (?:the|this|that) reason)\b.*"
    r"|\s*[;–—].*|\s-+\s.*",
    re.I | re.S,
)
_PLAINLY = re.compile(r"^(?:yes|no|never|agreed|granted)\b", re.I)
_OPENS = re.compile(r"^(?:because|since|given that|seeing that|in view of|after all)\b", re.I)


class Rewriter(Protocol):
    """Takes the reasons out of lines."""

    @property
    def name(self) -> str:
        """What it is called in what is printed."""
        ...

    def position(self, line: str, seed: int) -> str:
        """The position of a line, without reasons."""
        ...

    def empty(self, line: str, seed: int) -> str:
        """The position of a line, with reasons that say nothing."""
        ...


class ByRule:
    """Rules for plain English. See the module.

    >>> rule = ByRule()
    >>> rule.position("I am against it, because the wells fall. We measured them.", 0)
    'I am against it.'
    >>> rule.position("No. The cliff is not for sale.", 0)
    'No.'
    >>> rule.position("The lamp went out again.", 0)
    'So much for that.'
    """

    name = "by rule"

    def position(self, line: str, seed: int) -> str:
        """The sentences that take a side or agree or disagree, up to where a reason begins."""
        parts = sentences(line)
        if not parts:
            return NO_POSITION
        signs = read(parts, [""] * len(parts)).sign()
        kept = [
            _without_reason(part)
            for part, sign in zip(parts, signs, strict=True)
            if not _OPENS.match(part) and (stance(part) is not None or sign or _PLAINLY.match(part))
        ]
        return " ".join(part for part in kept if part) or NO_POSITION

    def empty(self, line: str, seed: int) -> str:
        """The position and empty reasons, in about as many words as the line."""
        said = self.position(line, seed)
        room = len(line.split()) - len(said.split())
        return f"{said} {to_measure(room, EMPTY, Stream(derive(seed, 'empty reasons')))}"


def _without_reason(sentence: str) -> str:
    cut = _REASON.sub("", sentence).rstrip(" ,;:")
    if not cut:
        return ""
    return cut if cut.endswith((".", "!", "?")) else f"{cut}."


class InGrammar:
    """The same stance in another frame of the embedded stage's grammar, said without hostility.

    Which frame is drawn by the seed. A line that states no stance becomes a platitude; a line that
    is not in the grammar is left to ``ByRule``.

    >>> from sim.stage.exact.grammar import parse
    >>> said = InGrammar().position("Facts first, feelings later. I am firmly against this.", 1)
    >>> parse(said)[0].level, parse(said)[0].act
    (1, 'assert')
    """

    name = "in the grammar of the embedded stage"

    def position(self, line: str, seed: int) -> str:
        """The stance of the line, in a frame that says nothing else."""
        return self._said(line, seed, "position")

    def empty(self, line: str, seed: int) -> str:
        """The same in another frame: this stage has no reasons, empty or not."""
        return self._said(line, seed, "empty reasons")

    def _said(self, line: str, seed: int, purpose: str) -> str:
        parses = parse(unmarked(line))
        if not parses:
            return ByRule().position(line, seed)
        phrase = parses[0].phrase
        frames = _PLATITUDES if phrase is None else _ASSERTIONS
        frame = frames[Stream(derive(seed, purpose)).below(len(frames))]
        return frame.render(Slots("", "", (), None, ""), None, phrase)


def _bare(act: str) -> Sequence[Frame]:
    """The frames of an act that have no slots: they name nobody and nothing."""
    return [frame for frame in ALL_FRAMES if frame.act == act and not frame.slots]


_ASSERTIONS = _bare("assert")
_PLATITUDES = _bare("platitude")
