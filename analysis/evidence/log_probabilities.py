"""Evidence that somebody speaks as its opposite, from the log-probabilities of a language model.

*Evidence*: L. A reader, which is any stage that gives log-probabilities (a ``gguf:`` model needs no
key), scores each turn twice: after a neutral context that describes the persona, and after the same
context with the opposite. With n the tokens of the turn, its position is

    x = (log p(turn | opposite) - log p(turn | persona)) / n^c

c was fitted, as zero, step and variances were, to other personas (``tables/scales.tsv``): a long
turn says more than a short one, but its tokens are not independent. Several opposites are a mixture
with equal weights. What a person of whom nothing
is known would say cancels out of the ratio.

*Off-policy.* The context holds nothing of the scene: not the actor's own earlier lines, not what it
heard, not the prompt that it spoke under. That is what makes it evidence of a flip. Under the very
prompt, weights and temperature that produced a text, the running product of p(turn | opposite) /
p(turn | own) is a martingale of mean 1 and exceeds 20 with probability at most 5%, whatever the
character does (Ville 1939): it could only detect that the prompt was swapped.

*Traps.* A reader is a model with opinions of its own, and a small one knows little of the world.
Lines that name somebody are likelier after a description that does.

*References.* Ville 1939; Shanahan et al., arXiv 2305.16367; how scores become likelihood ratios:
Morrison, Australian Journal of Forensic Sciences 45, 2013.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import NamedTuple

import numpy as np

from analysis.evidence.readings import (
    ALIKE,
    BLANK,
    UNKNOWN_SIDES,
    Lines,
    Reading,
    Sides,
    TextEvidence,
    key_of,
    scale_for,
    scales,
    unread,
)
from analysis.evidence.scoring import Asked, Wanted

NAME = "log-probabilities"
"""The scale for models that have none of their own."""


class Raw(NamedTuple):
    """The log-likelihood ratio of a text, in nats, and its number of tokens."""

    ratio: float
    tokens: int


class LogProbabilities(TextEvidence):
    """Evidence L, read by a stage; ``asked`` asks it, and remembers.

    Raises ``ModelError`` when it reads, if the stage gives no log-probabilities.
    """

    kind = "L"

    def __init__(self, asked: Asked) -> None:
        self.asked = asked

    @property
    def name(self) -> str:
        return f"{NAME} of {self.asked.stage.identity}"

    @property
    def scaled_as(self) -> str:
        """The name under which the scale stands: that of the stage, if one was fitted for it."""
        return self.asked.stage.identity if scales(self.asked.stage.identity) else NAME

    def read(self, wanted: Sequence[Lines]) -> list[Reading]:
        # All at once, so that the stage is kept busy over the actors.
        pairs = dict.fromkeys(
            (each.sides, text)
            for each in wanted
            if each.sides is not None
            for text in each.texts
            if text.strip()
        )
        self.raw(list(pairs))
        return [self._reading(each) for each in wanted]

    def raw(self, pairs: Sequence[tuple[Sides, str]]) -> list[Raw]:
        """log p(text | opposite) - log p(text | persona) of texts, in nats, and their tokens."""
        asked = [
            Wanted(describing(texts), f'{_plain(text)}"')
            for sides, text in pairs
            for texts in (sides.own, *sides.opposites)
        ]
        scores = iter(self.asked.log_probs(asked))
        found = []
        for sides, _ in pairs:
            own = next(scores)
            values = [next(scores).value for _ in sides.opposites]
            mixture = float(np.logaddexp.reduce(values)) - log(len(values))
            found.append(Raw(mixture - own.value, own.tokens))
        return found

    def _reading(self, lines: Lines) -> Reading:
        sides = lines.sides
        if sides is None:
            return unread(lines, UNKNOWN_SIDES)
        if describing(sides.own) == describing(sides.opposite):
            return unread(lines, ALIKE)
        scale = scale_for(self.scaled_as, sides)
        said = [place for place, text in enumerate(lines.texts) if text.strip()]
        positions = np.full(len(lines.texts), np.nan)
        weights = np.zeros(len(lines.texts))
        for place, raw in zip(
            said, self.raw([(sides, lines.texts[place]) for place in said]), strict=True
        ):
            weights[place] = raw.tokens**-scale.exponent
            positions[place] = raw.ratio * weights[place]
        return Reading(
            lines.trial,
            lines.actor,
            lines.turns,
            positions,
            tuple("" if text.strip() else BLANK for text in lines.texts),
            weights,
            scale,
            key=key_of(lines.texts),
        )


def describing(texts: Sequence[str]) -> str:
    """The neutral context that describes somebody, by a description or by lines of theirs.

    >>> describing(["I love music."])
    'A person describes themselves: "I love music." The same person also says: "'
    """
    if len(texts) == 1:
        return f'A person describes themselves: "{_plain(texts[0])}" The same person also says: "'
    said = " ".join(f'"{_plain(text)}"' for text in texts)
    return f'A person says: {said} The same person also says: "'


def _plain(text: str) -> str:
    """A text on one line, without the quotation marks that end it in the context."""
    return " ".join(text.split()).replace('"', "'")
