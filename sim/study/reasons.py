"""A line without its reasons: the position alone, or the position with reasons that are empty.

*Positions* keep what is said for or against the motion and cut off why. *Empty reasons* have the
form of a reason and no content ("because that is how it is"), in about as many words as the line
had: what they do is done by being given a reason at all (Langer, Blank and Chanowitz, "The
mindlessness of ostensibly thoughtful action", JPSP 36, 1978).

``ByRule`` does it by rules for plain English, and is careful: it keeps whole sentences of the line
in which a side is taken or somebody is agreed or disagreed with, up to a word that begins a reason.
What it cannot do: it does not rephrase, it takes irony by its words, and a position that is only
implied ("think of the fishermen!") is lost; then the line becomes ``NO_POSITION``.

``ByModel`` asks a language model for the position, which may be put in other words.

``InGrammar`` is for the lines of the embedded stage: the same stance is said in another frame, and
so exactly the stance is kept. These lines have no reasons that could persuade: what distinguishes
them from their positions is their tone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from analysis.evidence.acts import read
from analysis.evidence.scoring import SPEAKER, Asked
from analysis.evidence.stance import stance
from sim.layouts.prompt import Prompt
from sim.seeds import Stream, derive
from sim.stage.base import Request
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

INSTRUCTION = (
    "Here is a line of a conversation:\n\n{line}\n\n"
    "Say in one short sentence, in the first person and in the tone of the line, what position its "
    "speaker takes, without any reason, example or argument for it. If it takes no position, write "
    "NONE. Write the sentence and nothing else."
)
"""What a model is asked to do with a line."""

_NONE = re.compile(r"none[.!]?", re.I)
_SHORT = 8
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
        return _with_empty_reasons(self.position(line, seed), line, seed)


def _with_empty_reasons(position: str, line: str, seed: int) -> str:
    room = len(line.split()) - len(position.split())
    return f"{position} {to_measure(room, EMPTY, Stream(derive(seed, 'empty reasons')))}"


def _without_reason(sentence: str) -> str:
    cut = _REASON.sub("", sentence).rstrip(" ,;:")
    if not cut:
        return ""
    return cut if cut.endswith((".", "!", "?")) else f"{cut}."


class ByModel:
    """A language model that is asked for the position of each line, once a line (``prepare``).

    Empty reasons are those of ``ByRule``. An answer that is longer than the line, or none, is no
    rewriting, and the line is left to ``ByRule``; ``refused`` counts these.
    """

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.name = f"by {asked.stage.identity}"
        self.refused = 0
        self._positions: dict[str, str] = {}

    def prepare(self, lines: Sequence[str]) -> None:
        """Ask for the positions of lines, several at once. Raises ``StageError``."""
        new = [line for line in dict.fromkeys(lines) if line not in self._positions]
        requests = [
            Request(Prompt.start("user", INSTRUCTION.format(line=line)), 0, SPEAKER, "score")
            for line in new
        ]
        for line, reply in zip(new, self.asked.replies(requests), strict=True):
            text = " ".join(reply.split()).strip("\"'“” ")
            if _NONE.fullmatch(text):
                text = NO_POSITION
            if not text or len(text.split()) > max(len(line.split()), _SHORT):
                self.refused += 1
                text = ByRule().position(line, 0)
            self._positions[line] = text

    def position(self, line: str, seed: int) -> str:
        """What the model made of the line."""
        if line not in self._positions:
            self.prepare([line])
        return self._positions[line]

    def empty(self, line: str, seed: int) -> str:
        """The position and empty reasons, in about as many words as the line."""
        return _with_empty_reasons(self.position(line, seed), line, seed)


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
