"""Judging: the distribution of a verdict on a debate.

A judge weighs the acts of the sides, and biases that are planted by parameters. The distributions
are in ``docs/exact-stage.md``, section 9; ``judged_debate`` reads the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import Any, Final

from sim.errors import StageError
from sim.seeds import Stream, derive
from sim.stage.exact.acts import ACT_INDEX, ACTS
from sim.stage.exact.answers import fill, resolved
from sim.stage.exact.arithmetic import exponential, logarithm, logistic
from sim.stage.exact.claim_marks import bare
from sim.stage.exact.grammar import parse
from sim.stage.exact.judged_debate import Page, Statement
from sim.stage.exact.laws import Laws
from sim.stage.exact.parameters import Parameters
from sim.stage.exact.reader import read
from sim.stage.exact.tables import KINDS, MERIT, SELF, Row

TIE: Final = "tie"
"""The option of a tie."""

_SMOOTHING: Final = 0.01
_MOST: Final = 10

# A mark at the end of a line belongs to the sentence before it, so there is no split before it.
_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+(?!\[[A-Z]\d+\]$)")

MISQUOTES: Final = (
    "I will say anything that helps me to win this.",
    "The figures were mine, and I made them up last night.",
    "My opponent has the better case, as everybody here can see.",
)
"""Invented quotes. None of them is a line of the grammar."""

_WHY: Final[Mapping[str, str]] = {
    "assert": "It states a case plainly.",
    "rebut": "It meets what the other side said.",
    "concede": "It gives ground, and says so.",
    "agree": "It grants the point.",
    "question": "It asks what had to be asked.",
    "hedge": "It weighs both ways.",
    "insult": "It goes for the person.",
    "narrate": "It shows where the speaker stands.",
}
_WHY_ELSE: Final = "It shows how this side argued."


@dataclass(frozen=True, slots=True)
class Side:
    """A side: the means of merit and liking over its turns, and the number of its words."""

    merit: float
    liking: float
    words: int


def winner_law(utilities: Sequence[float], tie: float) -> tuple[float, ...]:
    """P(side wins) for each side, and P(tie) last: Davidson's model for any number of sides.

    A side has the weight e^u, a tie ``tie`` times the geometric mean of these weights.

    *Reference.* R. R. Davidson, "On extending the Bradley-Terry model to accommodate ties in paired
    comparison experiments", Journal of the American Statistical Association 65, 1970.

    >>> [round(p, 3) for p in winner_law((0.0, 0.0), 0.5)]
    [0.4, 0.4, 0.2]
    """
    highest = max(utilities)
    mean = _sum(utilities) / len(utilities)
    weights = [exponential(u - highest) for u in utilities]
    weights.append(tie * exponential(mean - highest))
    total = _sum(weights)
    return tuple(weight / total for weight in weights)


@lru_cache(maxsize=64)
def liking(kind: str, tau: float) -> Row:
    """The liking of a kind for each act: ln of P(act) of its self over the mean of all kinds.

    A constant table, rounded to six decimals.
    """
    rows = {
        name: Laws(Parameters(kind=name, tau=tau) if name == kind else Parameters(kind=name))
        .acting((), 0.0, True, True, True)
        .rows[SELF]
        for name in KINDS
    }
    likes: list[float] = []
    for act, own in enumerate(rows[kind]):
        mean = _sum([row[act] for row in rows.values()]) / len(rows)
        likes.append(round(log((own + _SMOOTHING) / (mean + _SMOOTHING)), 6))
    return tuple(likes)


class Judging:
    """The verdicts of one stage."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    # --- The sides -----------------------------------------------------------------------------

    def is_exact(self, page: Page) -> bool:
        """Whether all turns are lines of the grammar."""
        return all(parse(bare(turn.text)) for turn in page.turns)

    def sides(self, page: Page) -> dict[str, Side]:
        """Each side by its letter. A side without turns has merit 0 and one word."""
        parameters = self.parameters
        merits: dict[str, list[float]] = {label: [] for label in page.labels}
        likings: dict[str, list[float]] = {label: [] for label in page.labels}
        words = dict.fromkeys(page.labels, 0)
        likes = liking(parameters.kind, parameters.tau) if parameters.kinship else _NOTHING
        for turn, acts in zip(page.turns, _acts(page.turns), strict=True):
            merits[turn.label].append(_sum([p * m for p, m in zip(acts, _MERITS, strict=True)]))
            likings[turn.label].append(_sum([p * w for p, w in zip(acts, likes, strict=True)]))
            words[turn.label] += len(bare(turn.text).split())
        return {
            label: Side(_mean(merits[label]), _mean(likings[label]), max(1, words[label]))
            for label in page.labels
        }

    def utilities(self, page: Page) -> tuple[float, ...]:
        """The utility u of each side, in the order of the page."""
        q, sides = self.parameters, self.sides(page)
        mean = _sum([side.words for side in sides.values()]) / len(sides)
        utilities: list[float] = []
        for place, side in enumerate(sides.values()):
            utility = q.acuity * side.merit + q.kinship * side.liking
            if place == 0:
                utility += q.primacy
            if q.verbosity:
                utility += q.verbosity * logarithm(side.words / mean)
            utilities.append(utility)
        return tuple(utilities)

    # --- The verdict ---------------------------------------------------------------------------

    def verdict(self, page: Page, schema: Mapping[str, Any] | None, seed: int) -> dict[str, Any]:
        """Draw a verdict of the requested form.

        Raises ``StageError`` (reason ``schema``) if no side can win by the form.
        """
        stream = Stream(derive(seed, "verdict", page.asked))
        form = _Form(_plain_form(page) if schema is None else schema)
        utilities = dict(zip(page.labels, self.utilities(page), strict=True))
        winner = self._winner(page, form, utilities, stream)
        verdict: dict[str, Any] = {"winner": winner}
        low, high = form.bounds("margin")
        verdict["margin"] = low
        if winner != TIE:
            best = max(u for label, u in utilities.items() if label != winner or len(utilities) < 2)
            apart = abs(2.0 * logistic(utilities[winner] - best) - 1.0)  # |tanh(difference / 2)|
            verdict["margin"] = low + 1 + _binomial(high - low - 1, apart, stream)
        verdict["scores"] = {
            criterion: {
                label: least + _binomial(most - least, logistic(utilities.get(label, 0.0)), stream)
                for label, (least, most) in labels.items()
            }
            for criterion, labels in form.criteria().items()
        }
        verdict["reasons"] = self._reasons(page, form, winner, stream)
        return {
            name: verdict[name] if name in verdict else fill(form.part(name), 0.0, stream, str)
            for name in form.fields
        }

    def _winner(
        self, page: Page, form: _Form, utilities: Mapping[str, float], stream: Stream
    ) -> str:
        law = winner_law(tuple(utilities.values()), self.parameters.tie)
        chances = dict(zip((*page.labels, TIE), law, strict=True))
        options = tuple(form.part("winner").get("enum", ()))
        weights = [chances.get(option, 0.0) for option in options]
        if not any(weights):
            raise StageError("schema", f"no side of {', '.join(page.labels)} can win by the schema")
        return str(options[stream.choose(weights)])

    def _reasons(
        self, page: Page, form: _Form, winner: str, stream: Stream
    ) -> list[dict[str, Any]]:
        """Draw reasons that quote one or two sentences of the winner, or an invented quote."""
        said = [turn for turn in page.turns if _WORD.search(turn.text)]
        wanted = [turn for turn in said if winner in (TIE, turn.label)] or said
        least, most = form.count("reasons")
        count = min(max(1 + stream.below(2), least), most)
        left = [(turn, sentence) for turn in wanted for sentence in sentences(turn.text)]
        reasons: list[dict[str, Any]] = []
        while left and len(reasons) < count:
            # Draw a turn and then a sentence of it, so that long turns are not quoted more often.
            turns = list(dict.fromkeys(turn for turn, _ in left))
            turn = turns[stream.below(len(turns))]
            here = [sentence for one, sentence in left if one is turn]
            quote = here[stream.below(len(here))]
            if len(left) > 1:
                left = [pair for pair in left if pair != (turn, quote)]
            if stream.unit() < self.parameters.misquote:
                quote = _misquote(page, stream)
            parses = parse(bare(turn.text))
            why = _WHY.get(parses[0].act, _WHY_ELSE) if parses else _WHY_ELSE
            reasons.append({"turn": turn.number, "quote": quote, "why": why})
        return reasons


class _Form:
    """The fields of the schema of a verdict."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._root = schema
        self.fields: Mapping[str, Any] = resolved(schema, schema).get("properties", {})

    def part(self, name: str) -> Mapping[str, Any]:
        """The schema of a field; an empty one if there is no such field."""
        return resolved(self._root, self.fields.get(name, {}))

    def bounds(self, name: str) -> tuple[int, int]:
        """The least and the greatest value of a field."""
        return _ends(self.part(name))

    def count(self, name: str) -> tuple[int, int]:
        """The least and the greatest length of a list."""
        part = self.part(name)
        return int(part.get("minItems", 0)), int(part.get("maxItems", _MOST))

    def criteria(self) -> dict[str, dict[str, tuple[int, int]]]:
        """The least and the greatest value of each score, by criterion and letter."""
        scales: dict[str, dict[str, tuple[int, int]]] = {}
        for criterion, part in self.part("scores").get("properties", {}).items():
            labels = resolved(self._root, part).get("properties", {})
            scales[criterion] = {
                label: _ends(resolved(self._root, score)) for label, score in labels.items()
            }
        return scales


def sentences(text: str) -> list[str]:
    """The sentences of a text with at least three words, unchanged; else the whole text.

    >>> sentences("No. [A3] The well is dry. I am firmly against this. [B2]")
    ['[A3] The well is dry.', 'I am firmly against this. [B2]']
    """
    pieces = [piece for piece in _SENTENCE_END.split(text.strip()) if piece]
    return [piece for piece in pieces if len(_WORD.findall(piece)) >= 3] or [text.strip()]


_MERITS: Final = tuple(MERIT[act] for act in ACTS)
_NOTHING: Final = (0.0,) * len(ACTS)
_PURE: Final = tuple(
    tuple(1.0 if act == other else 0.0 for other in range(len(ACTS))) for act in range(len(ACTS))
)


def _acts(turns: Sequence[Statement]) -> list[Row]:
    """P(act) of each turn.

    1 for ``repeat`` if the line was said before, else 1 for the act of its first derivation; for
    foreign text, the likelihoods of ``reader``, normalised.
    """
    acts: list[Row] = []
    said: set[str] = set()
    for turn in turns:
        line = bare(turn.text)
        parses = parse(line)
        if line in said:
            acts.append(_PURE[ACT_INDEX["repeat"]])
        elif parses:
            acts.append(_PURE[ACT_INDEX[parses[0].act]])
        else:
            likelihood = read(line).likelihood
            total = _sum(likelihood)
            acts.append(tuple(p / total for p in likelihood))
        said.add(line)
    return acts


def _misquote(page: Page, stream: Stream) -> str:
    quote = MISQUOTES[stream.below(len(MISQUOTES))]
    while any(quote in turn.text for turn in page.turns):
        quote = f"{quote} And worse."
    return quote


def _plain_form(page: Page) -> Mapping[str, Any]:
    """The form of a verdict without a schema."""
    winner = {"enum": [*page.labels, TIE]}
    return {"properties": {"winner": winner, "margin": {}, "scores": {}, "reasons": {}}}


def _ends(part: Mapping[str, Any]) -> tuple[int, int]:
    low = int(part.get("minimum", 0))
    return low, max(low + 1, int(part.get("maximum", low + _MOST)))


def _binomial(count: int, p: float, stream: Stream) -> int:
    return sum(stream.unit() < p for _ in range(count))


def _mean(values: Sequence[float]) -> float:
    return _sum(values) / len(values) if values else 0.0


def _sum(values: Sequence[float]) -> float:
    """The sum in order. Python's ``sum`` compensates rounding errors from version 3.12 on."""
    total = 0.0
    for value in values:
        total += value
    return total
