"""Evidence that somebody speaks as the opposite of its persona, from sentence embeddings.

*Evidence*: T. A persona is given by one sentence and its opposite by one ("I love music.", "I have
no interest in music."), or each by five lines or more that it could have said. With m0 and m1 the
mean vectors of both sides and u that of a line (``embeddings``), its position is

    x = (u - (m0 + m1) / 2) . (m1 - m0) / |m1 - m0|

about -s/2 for the own character and s/2 for the opposite. The log-likelihood ratio of a line is
that of two normal densities with one variance, v = noise + zero_variance + step_variance / 4:

    e = s (x - zero) / v, bounded to [-4, 4]

A description of several sentences (a page) is read sentence by sentence, since embedders were made
for sentences: m0 is then the mean over them. Of several opposites m1 is the mean.

*Where the zero lies.* Sentences sit nearer to one side for reasons of wording. The zero and its
variance between personas were measured on other personas, from outside of what is tested
(``tables/scales.tsv``; ``benchmarks.validity.spliced`` fits it); lines of an actor or an arm never
move it, which would invent flips. The variance of the zero makes a single line weak evidence. A
flip within a scene is found by ``Reading.change``: a scan over its turn (``stats.change_point``) in
which the zero of this persona is unknown by exactly that variance.

*When.* Whether it flipped is judged on the axis alone. Where it flipped if it did is easier to see
in all dimensions, since characters differ in more than the axis: a place k is weighted beforehand
by exp(gain n0 n1 / n |mean after k - mean before k|^2). These weights say nothing of whether there
was a change: they are the same after a change of subject.

*Chosen on the traits that scales were fitted to*, at 10% false alarms: the scan places 60, 80 and
89% of flips within a turn (one sentence, 5 and 10 lines a side), the switching filter of ``flips``
with the same evidence of each line 19, 71 and 78%: it knows neither that a scene has at most one
flip nor that the zero is the same in all its lines. Taking a change in any dimension for evidence
of a flip would raise the AUC of one sentence from 0.84 to 0.88, and the alarms at a change to a
third character from 34 to 90%, so it is not done.

*Traps.* A change to a third character moves half a step along the axis and can raise an alarm; the
benchmark shows how often. Embeddings are poor at negation. Lines that share a subject are alike in
all dimensions, so a change of subject misplaces a flip.

*References.* Cohort scores of speaker verification: Auckenthaler, Carey and Lloyd-Thomas, Digital
Signal Processing 10, 2000. Fisher's discriminant with equal, isotropic covariances.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.evidence.embeddings import OTHERS, Embedder, embedder
from analysis.evidence.readings import (
    ALIKE,
    BLANK,
    UNKNOWN_SIDES,
    Lines,
    Reading,
    Sides,
    TextEvidence,
    compact,
    key_of,
    scale_for,
    unread,
)
from analysis.stats import Floats

_SENTENCES = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Axis:
    """The line from one character to its opposite: ``middle``, and ``direction`` of length 1, both
    of shape (d)."""

    middle: Floats
    direction: Floats

    def positions(self, vectors: Floats) -> Floats:
        """Where lines lie along the axis, shape (n); positive is nearer to the opposite."""
        return np.asarray((vectors - self.middle) @ self.direction)


def axis(own: Floats, opposite: Floats) -> Axis:
    """The axis between two sets of vectors, of shapes (n0, d) and (n1, d).

    Raises ValueError if both have the same mean: there is no axis.
    """
    first, second = own.mean(axis=0), opposite.mean(axis=0)
    length = float(np.linalg.norm(second - first))
    if not length > 1e-9:
        raise ValueError("the persona and its opposite read the same: there is nothing to tell")
    return Axis((first + second) / 2, (second - first) / length)


class Meaning(TextEvidence):
    """Evidence T by sentence embeddings.

    >>> quiet = Sides(("I love to be alone.",), ("I love to be among people.",))
    >>> said = ("I love people.", "I want to be alone.")
    >>> [reading] = Meaning("hashing").read([Lines("t", "Ann", (1, 2), said, quiet)])
    >>> [bool(value > 0) for value in reading.positions]
    [True, False]
    """

    kind = "T"

    def __init__(self, by: Embedder | str | None = None) -> None:
        """``by``: an embedder or its name (None: the best that is installed). One of
        sentence-transformers is read on the scale of ``minilm``.

        Raises ValueError for an unknown name, ModuleNotFoundError for one that is not installed.
        """
        self.embedder = embedder(by) if by is None or isinstance(by, str) else by

    @property
    def name(self) -> str:
        return self.embedder.name

    @property
    def scaled_as(self) -> str:
        """The embedder whose scales are used."""
        return "minilm" if self.name.startswith(OTHERS) else self.name

    def read(self, wanted: Sequence[Lines]) -> list[Reading]:
        axes: dict[Sides, Axis | None] = {}
        return [self._reading(each, axes) for each in wanted]

    def _reading(self, lines: Lines, axes: dict[Sides, Axis | None]) -> Reading:
        if lines.sides is None:
            return unread(lines, UNKNOWN_SIDES)
        if lines.sides not in axes:
            axes[lines.sides] = self._axis(lines.sides)
        between = axes[lines.sides]
        if between is None:
            return unread(lines, ALIKE)
        vectors = self.embedder.embed(lines.texts).astype(float)
        blank = np.array([not text.strip() for text in lines.texts])
        return Reading(
            lines.trial,
            lines.actor,
            lines.turns,
            np.where(blank, np.nan, between.positions(vectors)),
            tuple(BLANK if empty else "" for empty in blank),
            np.where(blank, 0.0, 1.0),
            scale_for(self.scaled_as, lines.sides),
            compact(vectors),
            key=key_of(lines.texts),
        )

    def _axis(self, sides: Sides) -> Axis | None:
        """The axis of a persona; None if both sides read the same."""
        try:
            return axis(self._mean(sides.own), self._mean(sides.opposite + sides.others))
        except ValueError:
            return None

    def _mean(self, texts: Sequence[str]) -> Floats:
        """The vectors of a side: of its lines, or of the sentences of its description."""
        if len(texts) == 1:
            texts = [part for part in _SENTENCES.split(texts[0].strip()) if part]
        return self.embedder.embed(texts).astype(float)
