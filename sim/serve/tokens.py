"""The tokens of the exact stage, which are words, and their log-probabilities.

The stage draws a sentence frame and its fillers, and not word after word: it knows the probability
of a whole line, and of its ending. So the last word of a line has the log-probability of the line,
and the words before it have 0. The sum over a line is its log-probability; the sum over a part of
it has no meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import log

from sim.layouts.prompt import Prompt
from sim.serve.prompts import of_text
from sim.stage.base import Request
from sim.stage.exact.stage import ExactStage

_WORD = re.compile(r"\s*\S+(?:\s+\Z)?|\s+\Z")
# A label at the start of a paragraph; it is the cue if the context ends with it. What stands before
# it is looked back at and not matched: to match runs of newlines takes time that grows as a square.
_LABEL = re.compile(r"(?:\A\n?|(?<=\n\n))([^\n:\[\](){}]{1,80}):")


@dataclass(frozen=True, slots=True)
class Token:
    """A word with the blank before it. ``log_prob`` is None where the stage gives none."""

    text: str
    log_prob: float | None = None


def words(text: str) -> list[str]:
    """The tokens of a text; put together, they are the text.

    >>> words("Well? I  think so. ")
    ['Well?', ' I', '  think', ' so. ']
    """
    return _WORD.findall(text)


def count(text: str) -> int:
    """How many tokens a text has."""
    return len(text.split())


def without_probabilities(text: str) -> list[Token]:
    """The tokens of a text whose probability the stage does not know."""
    return [Token(word) for word in words(text)]


def with_probabilities(stage: ExactStage, request: Request, text: str) -> list[Token]:
    """The tokens of a reply, whose sum is ``stage.log_prob(request, text)``."""
    chance = stage.chance(request, text)
    if chance is None:
        return without_probabilities(text)
    line, ending, _ = chance
    said, gap, more = text.partition("\n\n")
    tokens = _all_on_the_last(said, log(line))
    if not gap:
        # The probability that the turn ends there belongs to the last word, as in stage.log_prob.
        last = tokens.pop()
        return [*tokens, Token(last.text, (last.log_prob or 0.0) + log(ending))]
    return tokens + _all_on_the_last(gap + more, log(ending))


def scored(stage: ExactStage, text: str, stops: tuple[str, ...]) -> list[Token]:
    """The tokens of a context and its continuation, in one text.

    The continuation is what follows the last cue ("Ada:" at the start of a paragraph). A base stage
    may run on into another speaker's line, which begins like a cue; so if the stage would not say
    what follows the last cue, the cue before it is tried. The blank after a cue is a token of its
    own with log-probability 0, so that clients may count it to either side.
    """
    cues = list(_LABEL.finditer(text))[-2:]
    for cue in reversed(cues):
        after = text[cue.end() :]
        said = after.removeprefix(" ")
        if not said:
            continue
        prompt: Prompt = of_text(text[: cue.end()])
        tokens = with_probabilities(stage, Request(prompt, 0, "", "turn", stops), said)
        if tokens[-1].log_prob is not None:
            blank = [Token(" ", 0.0)] if said != after else []
            return [*without_probabilities(text[: cue.end()]), *blank, *tokens]
    return without_probabilities(text)


def _all_on_the_last(text: str, value: float) -> list[Token]:
    """The words of a text; the last has the log-probability of all."""
    parts = words(text)
    return [*(Token(word, 0.0) for word in parts[:-1]), Token(parts[-1], value)]
