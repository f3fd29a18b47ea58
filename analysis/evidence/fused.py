"""Several kinds of evidence, joined by one fit.

Kinds of evidence agree with each other beyond what the character explains (they read the same
words), so their log-likelihood ratios may not be added. Their positions are joined instead by
Fisher's linear discriminant: with S the covariance of the kinds among lines of one character, and d
how far they move when a character turns into its opposite, the joint position of a line is w . x
with w = S^-1 d. The weights, and the scale of what they give, were fitted to other personas than
those reported on (``tables/fusions.tsv``, ``tables/scales.tsv``; ``benchmarks.validity.evidence``).

A turn of which one of the kinds says nothing is missing: the scale holds for all of them together.

*References.* Fisher 1936; fusion of likelihood ratios: Brümmer et al., IEEE Transactions on Audio,
Speech and Language Processing 15, 2007.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from analysis.evidence.lexicon import rows
from analysis.evidence.readings import (
    Evidence,
    Lines,
    Personas,
    Reading,
    TextEvidence,
    scales,
)
from analysis.tables import Tables


@cache
def fusions(name: str) -> dict[int, tuple[float, ...]]:
    """The fitted weights of a fusion, by the number of lines a side. Empty if none was fitted."""
    return {
        int(lines): tuple(map(float, weights))
        for fusion, lines, *weights in rows("fusions.tsv")
        if fusion == name
    }


class Fused(Evidence):
    """Kinds of text evidence, joined. The parts of a reading are what each contributes.

    Raises ``ValueError`` if these kinds were never fitted together, in this order.
    """

    def __init__(self, *parts: TextEvidence) -> None:
        self.parts = parts
        self.scaled_as = " + ".join(part.scaled_as for part in parts)
        if not fusions(self.scaled_as) or not scales(self.scaled_as):
            raise ValueError(f"{self.scaled_as}: no weights were fitted for these kinds together")

    @property
    def kind(self) -> str:
        return "+".join(dict.fromkeys(part.kind for part in self.parts))

    @property
    def name(self) -> str:
        return " + ".join(part.name for part in self.parts)

    def readings(self, tables: Tables, personas: Personas | None = None) -> list[Reading]:
        every = [part.readings(tables, personas) for part in self.parts]
        return [self._joined(readings) for readings in zip(*every, strict=True)]

    def read(self, wanted: Sequence[Lines]) -> list[Reading]:
        """A reading of each."""
        every = [part.read(wanted) for part in self.parts]
        return [self._joined(readings) for readings in zip(*every, strict=True)]

    def _joined(self, readings: Sequence[Reading]) -> Reading:
        first = readings[0]
        unread = next((each for each in readings if each.scale is None), None)
        if unread is not None:
            return unread
        lines = min(each.scale.lines for each in readings if each.scale is not None)
        lines = max(known for known in fusions(self.scaled_as) if known <= lines)
        weights = fusions(self.scaled_as)[lines]
        parts = {
            part.name: weight * each.positions
            for part, weight, each in zip(self.parts, weights, readings, strict=True)
        }
        return Reading(
            first.trial,
            first.actor,
            first.turns,
            np.sum(list(parts.values()), axis=0),
            tuple(
                next((why for why in reasons if why), "")
                for reasons in zip(*(each.missing for each in readings), strict=True)
            ),
            np.mean([each.weights for each in readings], axis=0),
            scales(self.scaled_as)[lines],
            next((each.vectors for each in readings if each.vectors is not None), None),
            parts,
            first.key,
        )
