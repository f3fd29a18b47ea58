"""Evidence that somebody speaks as its opposite, from a judge: a model with a rubric.

*Evidence*: J. The judge is shown two descriptions, A and B, and one line, without names and without
the scene, and says which of the two is likelier to have said it. Each line is judged twice, with
the descriptions in either order, since judges prefer a place (Zheng et al., arXiv 2306.05685). A
stage that gives log-probabilities is asked for those of the two answers, and the position is

    x = mean over both orders of log p(opposite) - log p(persona)

Small judges prefer a letter by far more than any line moves them. In the mean over both orders that
cancels; where the two orders are asked whether they agree, the preference is taken out first: the
median over all lines judged of half the difference of the orders (contextual calibration: Zhao et
al., arXiv 2102.09690).

One that gives none is asked ``samples`` times in each order, and with k of n verdicts for the
opposite x = log (k + 1/2) - log (n - k + 1/2). Of several judges, best of different families, the
mean is taken, and over several opposites, too; ``agreement`` says how often a judge agrees with
itself and with the others.

*Traps.* A judge that is the model which played favours its own; a judge calls what is fluent apt.
How right it is: ``benchmarks.validity.evidence``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import NamedTuple

import numpy as np
import pandas as pd

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
from analysis.evidence.scoring import SPEAKER, Asked, Wanted
from analysis.stats import Floats, clopper_pearson
from analysis.tables import frame
from sim.errors import BadRequest, ModelError
from sim.layouts.prompt import Prompt
from sim.stage.base import Request

NAME = "judge"
"""The scale for judges that have none of their own."""

RUBRIC = (
    'Two people, A and B, are described.\n\nA: {a}\n\nB: {b}\n\nOne of them says: "{line}"\n\n'
    "Judge by the views and the manner of the line alone. Who is likelier to have said it?"
)
"""What a judge is asked. A rubric of one's own has the same three fields."""

_ANSWER = "\n\nAnswer: it was"
_SCHEMA: Mapping[str, object] = {"enum": ["A", "B"]}
AGREEMENT = {
    "judge": "str",
    "other": "str",
    "lines": "Int64",
    "agreed": "float64",
    "low": "float64",
    "high": "float64",
}
"""The columns of ``Judged.agreement``; ``other`` is "other order", "asked again" or a judge."""


class _Verdict(NamedTuple):
    """What a judge said of a line: positions by order, and verdicts for the opposite by order (for
    stages that are sampled)."""

    orders: tuple[float, float]
    votes: tuple[tuple[bool, ...], tuple[bool, ...]]


ENOUGH = 10
"""From so many lines on a judge's preference for a letter is taken out."""


class Judged(TextEvidence):
    """Evidence J, by one or more judges. ``rubric`` is text with {a}, {b} and {line}; ``samples``
    is how often a judge without log-probabilities is asked in each order, at least twice.

    Raises ``BadRequest`` for a rubric without these fields, or for fewer samples.
    """

    kind = "J"

    def __init__(self, *judges: Asked, rubric: str = RUBRIC, samples: int = 2) -> None:
        if not judges:
            raise BadRequest("judged: no judge; name at least one stage")
        for name in ("{a}", "{b}", "{line}"):
            if name not in rubric:
                raise BadRequest(f"rubric: {name} is missing; it stands where that text is to be")
        if samples < 2:
            raise BadRequest(f"samples: {samples}; ask at least twice, or a judge's agreement with "
                             "itself is unknown")  # fmt: skip
        self.judges = judges
        self.rubric = rubric
        self.samples = samples
        self._verdicts: dict[str, dict[tuple[Sides, str], _Verdict]] = {}

    @property
    def name(self) -> str:
        return f"{NAME} {', '.join(judge.stage.identity for judge in self.judges)}"

    @property
    def scaled_as(self) -> str:
        """The name under which the scale stands."""
        return self.name if scales(self.name) else NAME

    def read(self, wanted: Sequence[Lines]) -> list[Reading]:
        # All at once, so that the judges are kept busy over the actors.
        pairs = dict.fromkeys(
            (each.sides, text)
            for each in wanted
            if each.sides is not None and each.sides.own != each.sides.opposite
            for text in each.texts
            if text.strip()
        )
        self.raw(list(pairs))
        every = [self._without_preference(verdicts) for verdicts in self._verdicts.values()]
        return [self._reading(each, every) for each in wanted]

    def _without_preference(
        self, verdicts: Mapping[tuple[Sides, str], _Verdict]
    ) -> dict[tuple[Sides, str], tuple[float, float]]:
        """The positions of one judge in both orders, without what it prefers a letter by."""
        scored = [one - two for (one, two), votes in verdicts.values() if not any(votes)]
        lean = float(np.median(scored)) / 2 if len(scored) >= ENOUGH else 0.0
        return {
            each: (one, two) if any(votes) else (one - lean, two + lean)
            for each, ((one, two), votes) in verdicts.items()
        }

    def raw(self, pairs: Sequence[tuple[Sides, str]]) -> list[float]:
        """The positions of texts: log-odds of the opposite, the mean over orders and judges."""
        every = dict.fromkeys(each for pair in pairs for each in _against_each(*pair))
        for judge in self.judges:
            verdicts = self._verdicts.setdefault(judge.stage.identity, {})
            new = [each for each in every if each not in verdicts]
            verdicts.update(zip(new, self._asked(judge, new), strict=True))
        return [float(np.mean(self._orders(*pair))) for pair in pairs]

    def _orders(self, sides: Sides, text: str) -> list[tuple[float, float]]:
        """What each judge said of a text against each opposite, in both orders."""
        return [
            verdicts[each].orders
            for verdicts in self._verdicts.values()
            for each in _against_each(sides, text)
        ]

    @property
    def agreement(self) -> pd.DataFrame:
        """How often, over the lines judged so far, each judge says the same: in the other order of
        the descriptions, asked again (where it is sampled), and as each other judge. With exact
        95% limits; see ``AGREEMENT`` for the columns."""
        rows: list[tuple[object, ...]] = []
        names = [judge.stage.identity for judge in self.judges]
        for place, name in enumerate(names):
            verdicts = self._verdicts.get(name, {})
            same = [_agree(one, two) for one, two in self._without_preference(verdicts).values()]
            rows.append((name, "other order", *_share(same)))
            again = [
                first == votes[0]
                for verdict in verdicts.values()
                for votes in verdict.votes
                for first in votes[1:]
            ]
            if again:
                rows.append((name, "asked again", *_share(again)))
            for other in names[place + 1 :]:
                both = verdicts.keys() & self._verdicts.get(other, {}).keys()
                alike = [
                    (sum(verdicts[line].orders) > 0)
                    == (sum(self._verdicts[other][line].orders) > 0)
                    for line in both
                ]
                rows.append((name, other, *_share(alike)))
        return frame(rows, AGREEMENT)

    def _reading(
        self, lines: Lines, every: Sequence[Mapping[tuple[Sides, str], tuple[float, float]]]
    ) -> Reading:
        """The reading of an actor, from the positions of each judge."""
        sides = lines.sides
        if sides is None:
            return unread(lines, UNKNOWN_SIDES)
        if sides.own == sides.opposite:
            return unread(lines, ALIKE)
        positions = np.full(len(lines.texts), np.nan)
        weights = np.zeros(len(lines.texts))
        for place, text in enumerate(lines.texts):
            if text.strip():
                found = [orders[each] for orders in every for each in _against_each(sides, text)]
                positions[place] = np.mean(found)
                # A judge that names the same place in both orders has not read the line.
                weights[place] = np.mean([_agree(one, two) for one, two in found])
        return Reading(
            lines.trial,
            lines.actor,
            lines.turns,
            positions,
            tuple("" if text.strip() else BLANK for text in lines.texts),
            weights,
            scale_for(self.scaled_as, sides),
            key=key_of(lines.texts),
        )

    def _asked(self, judge: Asked, every: Sequence[tuple[Sides, str]]) -> list[_Verdict]:
        """The verdicts of one judge."""
        shown = [
            (self._shown(sides.own, sides.opposite, text),
             self._shown(sides.opposite, sides.own, text))
            for sides, text in every
        ]  # fmt: skip
        try:
            scores = judge.log_probs([
                Wanted(prompt + _ANSWER, f" {letter}")
                for both in shown for prompt in both for letter in "AB"
            ])  # fmt: skip
        except ModelError:
            return self._sampled(judge, shown)
        by_line: Floats = np.array([score.value for score in scores]).reshape(-1, 2, 2)
        # The opposite is B in the first order and A in the second.
        first = by_line[:, 0, 1] - by_line[:, 0, 0]
        second = by_line[:, 1, 0] - by_line[:, 1, 1]
        return [
            _Verdict((float(one), float(two)), ((), ()))
            for one, two in zip(first, second, strict=True)
        ]

    def _sampled(self, judge: Asked, shown: Sequence[tuple[str, str]]) -> list[_Verdict]:
        replies = iter(
            judge.replies(
                [
                    Request(Prompt.start("user", prompt), seed, SPEAKER, "verdict", schema=_SCHEMA)
                    for both in shown
                    for prompt in both
                    for seed in range(self.samples)
                ]
            )
        )
        verdicts = []
        for _ in shown:
            first = tuple(_letter(next(replies)) == "B" for _ in range(self.samples))
            second = tuple(_letter(next(replies)) == "A" for _ in range(self.samples))
            verdicts.append(_Verdict((_log_odds(first), _log_odds(second)), (first, second)))
        return verdicts

    def _shown(self, a: Sequence[str], b: Sequence[str], line: str) -> str:
        return (
            self.rubric.replace("{a}", " ".join(a)).replace("{b}", " ".join(b))
            .replace("{line}", " ".join(line.split()).replace('"', "'"))
        )  # fmt: skip


def _against_each(sides: Sides, text: str) -> list[tuple[Sides, str]]:
    """A text with the persona and each of its opposites alone."""
    return [(Sides(sides.own, opposite), text) for opposite in sides.opposites]


def _agree(one: float, two: float) -> bool:
    """Whether both orders are on the same side."""
    return (one > 0) == (two > 0)


def _letter(reply: str) -> str:
    return reply.strip().strip('"').upper()[:1]


def _log_odds(votes: Sequence[bool]) -> float:
    count = sum(votes)
    return log(count + 0.5) - log(len(votes) - count + 0.5)


def _share(same: Sequence[bool]) -> tuple[int, float, float, float]:
    found = clopper_pearson(sum(same), len(same))
    return len(same), found.estimate, found.low, found.high
