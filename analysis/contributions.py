"""Why: how much each mechanism contributes to what a turn says, from branches of a crossed design.

The same turn was generated again in every cell of a design (``analysis.stats.decomposition``): with
its persona or a neutral one, with or without its own earlier lines, with nothing heard up to all
that was heard. An outcome was read off each branch, blind to the cell. ``contributions`` takes
these numbers and gives the *total* (everything as it was, less nothing), the contribution of each
mechanism in the declared order, by itself, and over all orders, and the interaction.

*Null.* Branches of one number share their draws in all cells, so where a mechanism does nothing its
contribution is exactly 0.

*Intervals.* Scenes are the units (Student, G - 1 degrees of freedom). Below ``FEWEST`` scenes
nothing can be said about other scenes: limits are for these scenes alone, by their re-rolls.

*References.* VanderWeele, Epidemiology 25, 2014; Fieller, JRSS B 16, 1954 (shares of the total);
Oberst and Sontag, "Counterfactual off-policy evaluation", ICML 2019: what would have happened to
*this* branch otherwise depends on how draws are coupled, so that of one trial nothing is said but
by how much a probability changed.

*Traps.* Contributions may be negative, and then shares of the total mean little. The declared order
matters where there is an interaction. A turn that was chosen because something happened in it tells
of such turns: put matched turns beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.stats import UNKNOWN, Floats, Interval, beyond
from analysis.stats.decomposition import FEWEST, Crossed, Reach, by_reroll, fieller, over_scenes
from analysis.tables import frame
from sim.errors import BadRequest
from sim.html import element

COLUMNS = {
    "mechanism": "str",
    **dict.fromkeys(
        (
            f"{quantity}{limit}"
            for quantity in ("in_order", "alone", "shapley", "share")
            for limit in ("", "_low", "_high")
        ),
        "float64",
    ),
}
"""The columns of ``Contributions.table``."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one mechanism contributes: ``in_order`` on top of those before it, ``alone`` with
    nothing else there, ``shapley`` over all orders. ``share`` is that of ``in_order`` in the total,
    unknown where the total is not told from 0 or where there are too few scenes. ``never`` says
    that in no branch anything depended on it, ``acting`` in how many scenes something did, in the
    declared order."""

    mechanism: str
    in_order: Interval
    alone: Interval
    shapley: Interval
    share: Interval = UNKNOWN
    never: bool = False
    acting: int = 0


@dataclass(frozen=True)
class Contributions:
    """How much each mechanism contributes to an outcome.

    ``by`` says what the limits are of: ``scenes`` (others like these) or ``re-rolls`` (of these
    scenes alone). ``everything`` and ``nothing`` are means with everything as it was and with
    nothing. ``rolled`` counts the branches of each cell, ``missing`` those without an outcome, and
    ``total_bounds`` how far these could move the total.
    """

    outcome: str
    scenes: int
    by: str
    everything: float
    nothing: float
    total: Interval
    interaction: Interval
    steps: tuple[Contribution, ...]
    means: tuple[float, ...]
    rolled: tuple[int, ...]
    missing: tuple[int, ...]
    total_bounds: tuple[float, float]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a mechanism; for the columns see ``COLUMNS``."""
        rows = [
            (
                each.mechanism, *_limits(each.in_order), *_limits(each.alone),
                *_limits(each.shapley), *_limits(each.share),
            )
            for each in self.steps
        ]  # fmt: skip
        return frame(rows, COLUMNS)

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        total = self.total
        if isnan(total.estimate):
            return f"{self.outcome}: nothing was read; no branch has an outcome in every condition."
        told = (
            f"{self.outcome}: {self.everything:.2f} with everything as it was, {self.nothing:.2f} "
            f"with nothing; changed by {_shown(total)}"
        )
        clear = [each for each in self.steps if each.in_order.excludes_zero]
        clear.sort(key=lambda each: -abs(each.in_order.estimate))
        if not clear:
            return f"{told}. No single mechanism was shown to change it."
        parts = [f"{each.mechanism} {_shown(each.in_order)}" for each in clear]
        return f"{told}. In the declared order: {'; '.join(parts)}."

    def _repr_html_(self) -> str:
        return element("p", self.sentence)


def contributions(
    values: Floats,
    design: Crossed,
    mechanisms: Sequence[str],
    *,
    outcome: str = "outcome",
    limits: tuple[float, float] = (0.0, 1.0),
    share: bool = True,
) -> Contributions:
    """Contributions from the outcomes of branches, ``values``: scenes by branches by cells.

    Branches of one number share their draws over cells; one with a missing outcome (NaN) in any
    cell is left out whole, so that contributions add up to the total. ``mechanisms`` name the steps
    of the design, ``limits`` are the least and the largest outcome, ``share`` says whether it is
    always 0 or 1. Raises ``BadRequest`` if the numbers do not fit the design.

    >>> from analysis.stats.decomposition import Factor
    >>> design = Crossed((Factor("persona", ("none", "own")), Factor("heard", ("none", "some"))))
    >>> values = np.zeros((8, 10, 4))
    >>> values[:, :6, 3] = 1
    >>> found = contributions(values, design, ["persona", "heard"])
    >>> [round(each.in_order.estimate, 2) for each in found.steps], found.total.estimate
    ([0.0, 0.6], 0.6)
    >>> [round(each.shapley.estimate, 2) for each in found.steps]
    [0.3, 0.3]
    """
    cells = len(design.cells)
    if values.ndim != 3 or values.shape[2] != cells or len(mechanisms) != len(design.steps):
        raise BadRequest(
            f"contributions: outcomes of shape {values.shape} and {len(mechanisms)} mechanisms do "
            f"not fit a design of {cells} cells and {len(design.steps)} steps"
        )
    known: NDArray[np.bool_] = ~np.isnan(values)
    complete: NDArray[np.bool_] = np.asarray(known.all(axis=2))
    kept = np.where(complete[:, :, None], values, np.nan)[complete.any(axis=1)]
    few = len(kept) < FEWEST
    width = limits[1] - limits[0]

    def interval(weights: Floats) -> Interval:
        reach = Reach.of(weights, width) if share else Reach()
        return (by_reroll if few else over_scenes)(contrasted(kept, weights), reach)

    total = interval(design.total)
    whole = _means(contrasted(kept, design.total))
    steps = tuple(
        Contribution(
            name,
            interval(in_order),
            interval(alone),
            interval(shapley),
            fieller(_means(contrasted(kept, in_order)), whole) if total.excludes_zero else UNKNOWN,
            bool(len(kept)) and not np.nan_to_num(kept @ design.everywhere(step).T).any(),
            int((np.abs(_means(contrasted(kept, in_order))) > 1e-12).sum()),
        )
        for name, step, in_order, alone, shapley in zip(
            mechanisms, design.steps, design.in_order, design.alone, design.shapley, strict=True
        )
    )
    means = _means(np.moveaxis(kept, 2, 0)).mean(axis=1) if len(kept) else np.full(cells, np.nan)
    return Contributions(
        outcome,
        len(kept),
        "re-rolls" if few else "scenes",
        float(means[-1]),
        float(means[0]),
        total,
        interval(design.interaction),
        steps,
        tuple(map(float, means)),
        tuple(int(np.prod(values.shape[:2])) for _ in range(cells)),
        tuple(int(count) for count in (~known).sum(axis=(0, 1))),
        (_at_worst(values, design.total, limits), _at_worst(values, design.total, limits[::-1])),
    )


def excess(
    cases: Floats,
    matched: Floats,
    weights: Floats,
    limits: tuple[float, float] = (0.0, 1.0),
    *,
    share: bool = True,
) -> Interval:
    """A contrast in turns that were chosen less that in the matched turns beside them.

    Both are scenes by branches by cells, and scenes of one place are pairs; the pairs are the
    units. Below ``FEWEST`` pairs the limits are of re-rolls alone, and those of a difference of two
    independent estimates.
    """
    one, other = contrasted(cases, weights), contrasted(matched, weights)
    reach = Reach.of(weights, limits[1] - limits[0]) if share else Reach()
    if len(cases) < FEWEST:
        return beyond(by_reroll(one, reach), by_reroll(other, reach))
    # The pair is the unit. Its branches share no draws, so that any two of them may be subtracted.
    return over_scenes(one - other, Reach(2 * reach.bound, 2**0.5 * reach.unit))


def contrasted(values: Floats, weights: Floats) -> Floats:
    """The contrast of each branch, scenes by branches; NaN where an outcome is missing."""
    return np.asarray(values @ weights, dtype=np.float64)


def _means(values: Floats) -> Floats:
    """Means over the last axis of what is known; NaN where nothing is."""
    counted = (~np.isnan(values)).sum(axis=-1)
    sums = np.nansum(values, axis=-1)
    return np.asarray(np.divide(sums, counted, out=np.full(sums.shape, np.nan), where=counted > 0))


def _at_worst(values: Floats, weights: Floats, limits: tuple[float, float]) -> float:
    """A contrast if every missing outcome were the one of ``limits`` that makes it least."""
    filled = np.where(np.isnan(values), np.where(weights > 0, limits[0], limits[1]), values)
    return float((filled @ weights).mean()) if filled.size else float("nan")


def _limits(interval: Interval) -> tuple[float, float, float]:
    return interval.estimate, interval.low, interval.high


def _shown(interval: Interval) -> str:
    if isnan(interval.low):
        return f"{interval.estimate:+.2f}"
    return f"{interval.estimate:+.2f} [{interval.low:+.2f}, {interval.high:+.2f}]"
