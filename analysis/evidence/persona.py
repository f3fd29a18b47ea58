"""Evidence that somebody speaks as the opposite of its persona, from sentence embeddings.

*Evidence*: T. A persona is given by one sentence and its opposite by one ("I love music.", "I have
no interest in music."), or each by five lines or more that it could have said. With m0 and m1 the
mean vectors of both sides and u that of a line (``embeddings``), its position is

    x = (u - (m0 + m1) / 2) . (m1 - m0) / |m1 - m0|

about -s/2 for the own character and s/2 for the opposite. The log-likelihood ratio of a line is
that of two normal densities with one variance, v = noise + zero_variance + step_variance / 4:

    e = s (x - zero) / v, bounded to [-4, 4]

*Where the zero lies.* Sentences sit nearer to one side for reasons of wording. The zero and its
variance between personas were measured on other personas, from outside of what is tested
(``tables/persona.tsv``; ``benchmarks.validity.spliced`` fits it); lines of an actor or an arm never
move it, which would invent flips. The variance of the zero makes a single line weak evidence. A
flip within a scene is found by ``flip``: a scan over its turn (``stats.change_point``) in which the
zero of this persona is unknown by exactly that variance.

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

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import inf
from zlib import crc32

import numpy as np

from analysis.evidence.embeddings import Embedder, embedder
from analysis.evidence.lexicon import rows
from analysis.stats import Floats
from analysis.stats.change_point import Change, Shift, scan

EVIDENCE = "T"
BOUND = 4.0
"""The most that one line says, as in ``evidence.text``."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What was fitted: positions along the axis; ``gain``, how much all dimensions count for the
    place of a flip; and ``alarm``, the evidence for a flip that one in ten actors exceeds who never
    flips, on the traits that it was fitted to."""

    shift: Shift
    gain: float
    alarm: float = inf


@cache
def scales(name: str) -> dict[int, Scale]:
    """The fitted scales of an embedder, by the number of lines a side (1: a sentence that describes
    the persona). Empty if none was fitted."""
    return {
        int(lines): Scale(Shift(*map(float, numbers[:5])), float(numbers[5]), float(numbers[6]))
        for embedder_, lines, *numbers in rows("persona.tsv")
        if embedder_ == name
    }


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


def ratio(positions: Floats, shift: Shift) -> Floats:
    """Log-likelihood ratio of the opposite over the own character at positions; within ±4."""
    variance = shift.noise + shift.zero_variance + shift.step_variance / 4
    return np.clip(shift.step * (positions - shift.zero) / variance, -BOUND, BOUND)


def places(vectors: Floats, gain: float) -> Floats:
    """Log weights of the places 1 to n - 1 of a change, by the distance of the means of the
    vectors, of shape (n, d), before and after each."""
    count = len(vectors)
    sums = np.cumsum(vectors, axis=0)
    before = np.arange(1, count)[:, None]
    apart = sums[:-1] / before - (sums[-1] - sums[:-1]) / (count - before)
    return np.asarray(gain * (apart**2).sum(axis=1) * (before * (count - before))[:, 0] / count)


class Character:
    """A persona and its opposite, as something that reads lines.

    >>> quiet = Character(["I love to be alone."], ["I love to be among people."], "hashing")
    >>> quiet.evidence(["I love people.", "I want to be alone."]).round(1)[0] > 0
    np.True_
    """

    def __init__(
        self, own: Sequence[str], opposite: Sequence[str], by: Embedder | str | None = None
    ) -> None:
        """``own`` and ``opposite``: one sentence that describes each, or lines of each, best five
        or more (fewer are read as if they described). ``by``: an embedder or its name (None: the
        best that is installed).

        Raises ValueError if a side is empty, both are alike, or no scale fits the embedder.
        """
        if not own or not opposite:
            raise ValueError("a persona and its opposite need a sentence each")
        self.embedder = embedder(by) if by is None or isinstance(by, str) else by
        fitted = scales(self.embedder.name)
        known = [lines for lines in fitted if lines <= min(len(own), len(opposite))]
        if not known:
            raise ValueError(f"no scale was fitted for the embedder {self.embedder.name!r}")
        self.scale = fitted[max(known)]
        self.axis = axis(self._read(own), self._read(opposite))

    def evidence(self, lines: Sequence[str]) -> Floats:
        """The log-likelihood ratio of the opposite over the persona, of each line; NaN if blank."""
        vectors = self._read(lines)
        blank = ~vectors.any(axis=1)
        return np.where(blank, np.nan, ratio(self.axis.positions(vectors), self.scale.shift))

    def flip(self, lines: Sequence[str]) -> Change:
        """Evidence for one flip within an actor's lines, and where it is; blank lines count as
        they are, so leave them out.

        Raises ValueError for fewer than two lines.
        """
        return self._scan(self._read(lines))

    def in_random_orders(self, lines: Sequence[str], draws: int, seed: int = 0) -> Floats:
        """The evidence for a flip with the lines in random orders, shape (draws): what there is
        without any course of events. The orders depend on the seed and the lines alone."""
        generator = np.random.default_rng([seed, crc32("\n".join(lines).encode())])
        vectors = self._read(lines)
        return np.array([self._scan(generator.permutation(vectors)).evidence for _ in range(draws)])

    def _scan(self, vectors: Floats) -> Change:
        weights = places(vectors, self.scale.gain)
        return scan(self.axis.positions(vectors), self.scale.shift, weights)

    def _read(self, lines: Sequence[str]) -> Floats:
        return self.embedder.embed(lines).astype(float)
