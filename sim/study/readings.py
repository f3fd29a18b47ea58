"""What is read off a turn that was spoken again, blind to the condition that it was spoken under.

A line is read by its words, by the persona of the *scene* (also where the actor had a neutral one),
and beside the line that it *really* answered, in all conditions. So nothing but the words can tell
conditions apart. A stance is asked off stage, after the turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.evidence.acts import MARKS
from analysis.evidence.acts import read as read_acts
from analysis.evidence.text import assistant, kindness, opposite, score
from analysis.stats import Floats
from sim.errors import BadRequest
from sim.events import Answer, Turn
from sim.scene.persona import Persona
from sim.scene.probes import Probe, ask_stance
from sim.text.suggestions import nearest
from sim.transcript import Transcript

if TYPE_CHECKING:
    from sim.study.mechanisms import Moment

Lines = Callable[[Sequence[str], Persona, str], Floats]
"""From lines, the persona and the line that was really answered: a number for each line."""


@dataclass(frozen=True)
class LineOutcome:
    """An outcome of one turn: ``lines`` reads it off words, or ``issue`` is asked off stage.

    ``evidence`` is T or P. ``share`` says whether it is 0 or 1, ``limits`` how small and how large
    it can be.
    """

    name: str
    evidence: str = "T"
    lines: Lines | None = None
    issue: str | None = None
    share: bool = True
    limits: tuple[float, float] = (0.0, 1.0)

    def probe(self, actor: str) -> Probe | None:
        """The question that is asked after the turn; None if its words are read."""
        if self.issue is None:
            return None
        return ask_stance(self.issue, to=(actor,), start=False)

    def of_lines(self, texts: Sequence[str], persona: Persona, before: str) -> Floats:
        """The outcome of some lines; NaN for one without words."""
        assert self.lines is not None
        values = np.full(len(texts), np.nan)
        said = [place for place, text in enumerate(texts) if text.strip()]
        if said:
            values[said] = self.lines([texts[place] for place in said], persona, before)
        return values


def _flips(texts: Sequence[str], persona: Persona, before: str) -> Floats:
    kind = kindness(persona.brief, " ".join(persona.traits), persona.opposite)
    return np.array([float(opposite(score(text), kind) > 0) for text in texts])


def _agrees(texts: Sequence[str], persona: Persona, before: str) -> Floats:
    return np.asarray(read_acts(texts, [before] * len(texts)).sign() == 1, dtype=float)


def _disagrees(texts: Sequence[str], persona: Persona, before: str) -> Floats:
    return np.asarray(read_acts(texts, [before] * len(texts)).sign() == -1, dtype=float)


def _hostile(texts: Sequence[str], persona: Persona, before: str) -> Floats:
    marks = read_acts(texts, [before] * len(texts)).marks
    return np.asarray(marks[:, MARKS.index("hostile")] >= 0.5, dtype=float)


def _assistant(texts: Sequence[str], persona: Persona, before: str) -> Floats:
    return np.array([float(assistant(score(text)) > 0) for text in texts])


READ: dict[str, tuple[str, Lines]] = {
    "flip": ("the turn reads as the persona's opposite", _flips),
    "agreement": ("the turn agrees or concedes", _agrees),
    "disagreement": ("the turn disagrees", _disagrees),
    "hostility": ("the turn is hostile", _hostile),
    "assistant": ("the turn reads as an assistant's", _assistant),
}
"""Outcomes that are read off words: what they mean, and the reading."""

SAYS, STANCE = "says:", "stance:"


def outcome_named(name: str) -> LineOutcome:
    """An outcome by its name: one of ``READ``, ``stance:ISSUE`` or ``says:PHRASE``.

    Raises ``BadRequest`` for another name.

    >>> outcome_named("flip").name, outcome_named("stance:hotel").evidence
    ("the turn reads as the persona's opposite", 'P')
    """
    if name in READ:
        told, lines = READ[name]
        return LineOutcome(told, lines=lines)
    if name.startswith(STANCE) and (issue := name.removeprefix(STANCE).strip()):
        told = f"stance on {issue}, asked in private"
        return LineOutcome(told, "P", issue=issue, share=False, limits=(-1.0, 1.0))
    if name.startswith(SAYS) and (phrase := name.removeprefix(SAYS).strip().casefold()):

        def says(texts: Sequence[str], persona: Persona, before: str) -> Floats:
            return np.array([float(phrase in text.casefold()) for text in texts])

        return LineOutcome(f"the turn says {phrase!r}", lines=says)
    known = [*READ, f"{STANCE}ISSUE", f"{SAYS}PHRASE"]
    raise BadRequest(f"--outcome {name}: there is no such outcome{nearest(name, known)}")


def outcomes_of(
    outcome: LineOutcome, rolled: Sequence[tuple[Moment, Sequence[Sequence[Transcript]]]]
) -> Floats:
    """The outcomes of branches, scenes by branches by cells; NaN where one is missing.

    ``rolled`` are moments with their branches, a list for each cell. All branches of a moment are
    read together, by one call that knows no condition.
    """
    tables = [_of_moment(outcome, moment, cells) for moment, cells in rolled]
    most = max((table.shape[0] for table in tables), default=0)
    values = np.full((len(tables), most, tables[0].shape[1] if tables else 0), np.nan)
    for place, table in enumerate(tables):
        values[place, : table.shape[0]] = table
    return values


def _of_moment(
    outcome: LineOutcome, moment: Moment, cells: Sequence[Sequence[Transcript]]
) -> Floats:
    """The outcomes of one moment, branches by cells."""
    flat = [branch for branches in zip(*cells, strict=True) for branch in branches]
    if outcome.issue is not None:
        found = np.array([_stance(branch, moment, outcome.issue) for branch in flat])
    else:
        texts = [_said(branch, moment.turn) for branch in flat]
        persona = moment.scene.cast[moment.scene.seat(moment.actor)].persona
        found = outcome.of_lines(texts, persona, moment.answers_to)
    return np.asarray(found.reshape(-1, len(cells)), dtype=np.float64)


def _said(branch: Transcript, turn: int) -> str:
    """The words of the turn in a branch; blank if it has none."""
    turns: list[Turn] = branch.turns
    return turns[turn - 1].text if len(turns) >= turn else ""


def _stance(branch: Transcript, moment: Moment, issue: str) -> float:
    for event in branch.answers:
        answer: Answer = event
        if (
            answer.actor == moment.actor
            and answer.key == f"stance:{issue}"
            and answer.turn == moment.turn
            and isinstance(answer.value, float)
        ):
            return answer.value
    return float("nan")
