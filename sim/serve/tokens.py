"""Words are the tokens of the exact stage, and what is known of the probability of each.

The stage knows the probability of a whole line, and of what comes after it; it draws a frame and
its fillers, and no word after word. So the whole mass of a line is put on its last word, when it is
certain what was said, and the words before it have 0. The sum over the line is its
log-probability; a sum over a part of it means nothing.
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
# A label at the start of a paragraph, whatever follows: a cue, if it is where the context ends.
_LABEL = re.compile(r"(?:\A|\n\n)\n*([^\n:\[\](){}]{1,80}):")


@dataclass(frozen=True, slots=True)
class Token:
    """A word with the blank before it. ``log_prob`` is None where the stage has no law."""

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


def without_law(text: str) -> list[Token]:
    """Tokens of a text of which the stage cannot say how probable it is."""
    return [Token(word) for word in words(text)]


def with_law(stage: ExactStage, request: Request, text: str) -> list[Token]:
    """The tokens of a reply, whose sum is ``stage.log_prob(request, text)``."""
    found = stage.chance(request, text)
    if found is None:
        return without_law(text)
    line, ending, _ = found
    said, gap, more = text.partition("\n\n")
    tokens = _mass(said, log(line))
    if not gap:
        # The end of the turn counts with the last word, as the stage's own log_prob has it.
        last = tokens.pop()
        return [*tokens, Token(last.text, (last.log_prob or 0.0) + log(ending))]
    return tokens + _mass(gap + more, log(ending))


def scored(stage: ExactStage, text: str, stops: tuple[str, ...]) -> list[Token]:
    """The tokens of context and continuation in one text.

    The continuation is what stands after the last cue ("Ada:" at the start of a paragraph). A line
    that a base stage runs on into begins like a cue, too; so if what follows the last cue is
    nothing that the stage would say, the cue before it is tried. The blank after a cue is a token
    of its own with log-probability 0, and may be on either side of the boundary.
    """
    cues = list(_LABEL.finditer(text))[-2:]
    for cue in reversed(cues):
        after = text[cue.end() :]
        said = after.removeprefix(" ")
        if not said:
            continue
        prompt: Prompt = of_text(text[: cue.end()])
        tokens = with_law(stage, Request(prompt, 0, "", "turn", stops), said)
        if tokens[-1].log_prob is not None:
            blank = [Token(" ", 0.0)] if said != after else []
            return [*without_law(text[: cue.end()]), *blank, *tokens]
    return without_law(text)


def _mass(text: str, value: float) -> list[Token]:
    """The words of a text with all of its mass on the last."""
    found = words(text)
    return [*(Token(word, 0.0) for word in found[:-1]), Token(found[-1], value)]
