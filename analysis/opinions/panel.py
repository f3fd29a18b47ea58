"""Stances that were asked for again and again, as one array: scenes by waves by actors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.stats import Floats


@dataclass(frozen=True)
class Panel:
    """The stances of one cast in several scenes.

    ``values`` is scenes by waves by actors, in [-1, 1]; a scene that was shorter, or in which an
    answer is missing, is NaN from there on. ``heard`` says who can weigh with whom, listeners by
    speakers. ``sign`` is 1 for each scene, and -1 where the motion was negated; ``values`` are
    stances toward the topic, so of those scenes the answers with their sign changed. ``step`` is
    how many turns there are from wave to wave.
    """

    names: tuple[str, ...]
    scenes: tuple[str, ...]
    values: Floats
    heard: NDArray[np.bool_]
    sign: Floats
    step: int = 1

    @classmethod
    def of(cls, values: Floats, heard: NDArray[np.bool_] | None = None) -> Panel:
        """A panel of stances alone; everybody hears everybody unless ``heard`` is given.

        >>> Panel.of(np.zeros((20, 5, 3))).waves.tolist()[:3]
        [5, 5, 5]
        """
        count = values.shape[2]
        return cls(
            tuple(f"actor {place + 1}" for place in range(count)),
            tuple(str(number) for number in range(len(values))),
            values,
            np.ones((count, count), dtype=bool) if heard is None else heard,
            np.ones(len(values)),
        )

    @property
    def waves(self) -> NDArray[np.intp]:
        """The number of waves of each scene, up to the first that has a missing answer."""
        known: NDArray[np.bool_] = np.asarray(~np.isnan(self.values).any(axis=2))
        first_unknown = (~known).argmax(axis=1)
        return np.asarray(np.where(np.all(known, axis=1), known.shape[1], first_unknown))

    @property
    def worded(self) -> bool:
        """Whether the motion was stated in some scenes and negated in others."""
        return len(np.unique(self.sign)) > 1

    def part(self, chosen: Sequence[int] | NDArray[np.intp]) -> Panel:
        """These scenes alone."""
        return replace(
            self,
            scenes=tuple(self.scenes[place] for place in chosen),
            values=self.values[chosen],
            sign=self.sign[chosen],
        )

    def least(self, waves: int) -> Panel:
        """The scenes that have at least so many waves."""
        return self.part(np.flatnonzero(self.waves >= waves))
