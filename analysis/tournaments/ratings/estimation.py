"""From a table of results to a fitted model: which effects are in it, and whether it has a prior.

Three decisions are made here. Which effects can be told from the strengths of the entrants? Does
the likelihood have a maximum? (If not, every parameter gets a weak prior.) Are there enough topics
to estimate how much results depend on the topic? Each decision adds a sentence to ``notes``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.stats import Floats
from analysis.tournaments.ratings.bradley_terry import Cells, Model, Moments, cells
from analysis.tournaments.ratings.comparisons import Comparisons, Ints, components, read, unbeaten
from analysis.tournaments.ratings.newton import Fit, fit, with_spread
from sim.errors import BadRequest

PRIOR = 2.5
"""Standard deviation in logits of the prior that is used where the likelihood has no maximum.
(Gelman et al., Annals of Applied Statistics 2, 2008, use the same scale for the same purpose.)"""
FEW = 3
"""A variance between topics needs at least so many topics. With three topics of 300 matches, 95%
intervals covered the truth in 95% of cases (with two topics in 96%, but they were five times as
wide as intervals by the model's own variance)."""
MANY = 5
"""Side effects that differ by topic need at least so many topics..."""
ENOUGH = 3.0
"""... and on average so many comparisons with a side in each topic."""


@dataclass(frozen=True, slots=True)
class Ridge:
    """The precision of the normal prior on all parameters, and why there is one."""

    precision: float
    reason: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A fitted model, and the decisions that led to it.

    ``parts`` are the connected components of the entrants. ``kinds`` are the effects in the model;
    ``unknown`` are the effects that the results do not identify; with ``joint`` the one effect is
    that of side and order together, which nothing tells apart. ``varied`` says whether side
    effects differ by topic; ``robust`` says whether variances are estimated between clusters.
    ``prior_bound`` marks the entrants whose ratings only the prior keeps finite; ``prior_spaced``
    marks all of their components, in which the prior sets some of the distances.
    """

    comparisons: Comparisons
    parts: tuple[Ints, ...]
    fit: Fit
    kinds: tuple[str, ...]
    unknown: tuple[str, ...]
    joint: bool
    varied: bool
    robust: bool
    prior_bound: NDArray[np.bool_]
    prior_spaced: NDArray[np.bool_]
    ridge: Ridge | None
    notes: tuple[str, ...]

    @property
    def effects(self) -> Floats:
        """The columns of the effects in the model."""
        return self.comparisons.effects[
            :, [self.comparisons.kinds.index(kind) for kind in self.kinds]
        ]


def estimate(
    results: pd.DataFrame,
    *,
    ties: Literal["half", "davidson"] = "half",
    margins: bool = False,
    side: bool = True,
    order: bool = True,
    topics: bool = True,
    ridge: float | Literal["auto"] = "auto",
) -> Estimate:
    """Read a table of results, choose the model, and fit it; ``ratings.rate`` explains the options.

    Raises ``BadRequest`` for a bad table, for a bad option, and for results whose likelihood has no
    maximum if ``ridge`` forbids a prior.
    """
    _check_options(ties, margins, ridge)
    kinds = [name for name, wanted in (("side", side), ("order", order)) if wanted]
    comparisons = read(results, margins=margins, kinds=kinds, topics=topics)
    notes = _dropped(comparisons)
    robust = True
    if comparisons.topics and comparisons.topics < FEW:
        notes.append(
            f"There {_are(comparisons.topics, 'topic')}, too few to see how results depend on the "
            "topic: intervals take matches as independent of one another."
        )
        comparisons, robust = read(results, margins=margins, kinds=kinds, topics=False), False
    elif len(comparisons.clusters) < FEW:
        robust = False
    elif not comparisons.topics:
        notes.append("Without topics, matches count as independent of one another.")
    parts = components(comparisons)
    notes += _components(comparisons, parts)
    score = (1 + comparisons.margin) / 2 if margins else comparisons.score
    identified = _identified(comparisons, parts, score)
    table = cells(comparisons, comparisons.effects[:, identified.columns], score)
    tied, more = _tied(comparisons, ties)
    model = Model(table, _numbers(parts, len(comparisons.names)), davidson=tied)
    maximum = _fitted(replace(comparisons, score=score), parts, model, ridge)
    best, prior = maximum.fit, maximum.ridge
    used = tuple(comparisons.kinds[place] for place in identified.columns)
    varied = "side" in used and comparisons.topics >= MANY and _sided(table, used) >= ENOUGH
    if varied:
        best = with_spread(replace(best.model, side=used.index("side")), best)
    notes += [*identified.notes, *more, *([prior.reason] if prior else [])]
    return Estimate(
        comparisons=comparisons,
        parts=tuple(parts),
        fit=best,
        kinds=used,
        unknown=identified.unknown,
        joint=identified.joint,
        varied=varied,
        robust=robust,
        prior_bound=maximum.prior_bound,
        prior_spaced=maximum.prior_spaced,
        ridge=prior,
        notes=tuple(notes),
    )


def _sided(table: Cells, kinds: tuple[str, ...]) -> float:
    """The mean number of comparisons with a side in a cluster."""
    side = np.abs(table.effects[:, kinds.index("side")])
    return float(side[table.kind] @ table.count) / table.clusters


def _check_options(ties: str, margins: bool, ridge: float | str) -> None:
    if ties not in ("half", "davidson"):
        raise BadRequest(f"ties: {ties!r} is unknown; use 'half' or 'davidson'")
    if ties == "davidson" and margins:
        raise BadRequest("ties: margins have no ties of their own; use ties='half' with margins")
    if ridge != "auto" and not (isinstance(ridge, float | int) and 0 <= ridge < np.inf):
        raise BadRequest(f"ridge: {ridge!r} is no precision; use 'auto' or a number from 0")


class _Maximum(NamedTuple):
    """A fit, the entrants that are finite by the prior alone, all of their components, and the
    prior."""

    fit: Fit
    prior_bound: NDArray[np.bool_]
    prior_spaced: NDArray[np.bool_]
    ridge: Ridge | None


def _fitted(
    comparisons: Comparisons, parts: list[Ints], model: Model, ridge: float | Literal["auto"]
) -> _Maximum:
    """The maximum of the likelihood; with a weak prior where there is none without."""
    prior_bound = np.zeros(len(comparisons.names), dtype=bool)
    prior_spaced = prior_bound.copy()
    reasons = []
    for part in parts:
        groups = unbeaten(comparisons, part)
        if len(groups) == 1:
            continue
        reasons.append(_reason(comparisons, groups))
        prior_spaced[part] = prior_bound[part] = True
        main = _main(groups)
        if main is not None:
            prior_bound[main] = False
    why = "; ".join(reasons)
    best = fit(replace(model, ridge=0.0 if ridge == "auto" else float(ridge)))
    if ridge != "auto" and ridge > 0:
        asked = f"As asked, every parameter has a normal prior with precision {ridge:g}"
        reason = f"{asked}{': ' + why if why else ''}."
        return _Maximum(best, prior_bound, prior_spaced, Ridge(float(ridge), reason))
    if not why and best.converged:
        return _Maximum(best, prior_bound, prior_spaced, None)
    if not why:
        # Ford's condition (see ``unbeaten``) covers the ratings, not the effects.
        why = "With all effects at once the results have no maximum"
        prior_bound[:] = prior_spaced[:] = True
    if ridge != "auto":
        raise BadRequest(f"results: there is no maximum without a prior ({why}); use ridge='auto'")
    best = fit(replace(model, ridge=1 / PRIOR**2))
    reason = (
        f"{why}. The results alone would put ratings at infinity, so every rating and effect has a "
        f"weak normal prior (mean 0, standard deviation {PRIOR:g} logits)."
    )
    return _Maximum(best, prior_bound, prior_spaced, Ridge(1 / PRIOR**2, reason))


def _main(groups: list[Ints]) -> Ints | None:
    """The largest set, from which the others are told; None if no set is larger than all others:
    a choice among equals would treat winners and losers of the same matches differently."""
    longest = max(len(group) for group in groups)
    largest = [group for group in groups if len(group) == longest]
    return largest[0] if len(largest) == 1 else None


def _reason(comparisons: Comparisons, groups: list[Ints]) -> str:
    main = _main(groups)
    sentences = []
    if groups[0] is not main:
        best = names(comparisons.names[place] for place in groups[0])
        sentences.append(f"Nobody else ever took a point from {best}")
    if groups[-1] is not main:
        worst = names(comparisons.names[place] for place in groups[-1])
        sentences.append(f"{worst} never took a point from anybody else")
    return "; ".join(sentences)


def _tied(comparisons: Comparisons, ties: str) -> tuple[bool, list[str]]:
    """Whether the model has a tie parameter; and a note if it was asked for but is left out."""
    if ties == "half":
        return False, []
    odd = ~np.isin(comparisons.score, (0.0, 0.5, 1.0))
    if odd.any():
        place = int(comparisons.places[int(odd.argmax())])
        raise BadRequest(
            "results: ties='davidson' needs scores of 0, 0.5 or 1, and "
            f"{int(odd.sum()):,} of {len(odd):,} are shares (first the row at {place}), as where "
            "judges differ; use ties='half'"
        )
    tied = comparisons.score == 0.5
    if not tied.any():
        return False, ["Nothing was tied, so there is no tie parameter."]
    if tied.all():
        return False, ["Everything was tied, so there is no tie parameter: ties count half."]
    return True, []


class _Identified(NamedTuple):
    """The columns of the effects that the results identify, the effects that they do not identify,
    whether the one column stands for side and order together, and a sentence on each of these."""

    columns: list[int]
    unknown: tuple[str, ...]
    joint: bool
    notes: list[str]


def _identified(comparisons: Comparisons, parts: list[Ints], score: Floats) -> _Identified:
    """Which effects can be told from the entrants' strengths, and from each other.

    By the rank of the design: the Schur complement of the entrants' block in the Gram matrix is
    what is left of the columns of effects once entrants are projected out.
    """
    count = len(comparisons.names)
    table = cells(comparisons, comparisons.effects, score)
    whole = _gram(Model(table, _numbers(parts, count)))
    left = whole[count:, count:] - whole[count:, :count] @ np.linalg.solve(
        _anchored(whole[:count, :count], parts), whole[:count, count:]
    )
    size = np.diag(whole)[count:]
    kept: list[int] = []
    unknown: list[str] = []
    joint = False
    notes: list[str] = []
    for place, kind in enumerate(comparisons.kinds):
        if size[place] == 0:
            unknown.append(kind)
        elif left[place, place] < 1e-8 * size[place]:
            unknown.append(kind)
            notes.append(
                f"The effect of {kind} cannot be told from the entrants' strengths: nobody met the "
                f"same opponents with {kind} changed. It is part of the ratings."
            )
        else:
            kept.append(place)
    if len(kept) == 2:
        joint = bool(left[0, 1] ** 2 > (1 - 1e-8) * left[0, 0] * left[1, 1])
        if joint:
            kept = kept[:1]
            spoke = "first" if left[0, 1] > 0 else "second"
            notes.append(
                f"Whoever argued for the motion always spoke {spoke}, so the effects of side and "
                "order cannot be told apart: one effect of both is estimated."
            )
    return _Identified(kept, tuple(unknown), joint, notes)


def _gram(model: Model) -> Floats:
    """The Gram matrix of the design: the information if every comparison had variance one."""
    ones = np.ones((1, len(model.cells.count)))
    zeros, once = np.zeros_like(ones), np.ones((1, model.cells.clusters))
    return np.asarray(model.information(Moments(zeros, ones, zeros, zeros, zeros), once)[0])


def _anchored(square: Floats, parts: list[Ints]) -> Floats:
    """A matrix over entrants, made regular: a rating's zero is free in each component."""
    same = _numbers(parts, len(square))
    return np.asarray(square + (same[:, None] == same))


def _numbers(parts: Iterable[Ints], count: int) -> Ints:
    """The number of each entrant's component."""
    component = np.empty(count, dtype=np.int64)
    for number, part in enumerate(parts):
        component[part] = number
    return component


# -- sentences ---------------------------------------------------------------------------------


def names(some: Iterable[str], most: int = 6) -> str:
    """Names for a sentence.

    >>> names(["Ada", "Ben", "Cleo"]), names("ABCDEFGH")
    ('Ada, Ben and Cleo', 'A, B, C, D, E and 3 others')
    """
    listed = list(some)
    if len(listed) > most:
        listed = [*listed[: most - 1], f"{len(listed) - most + 1} others"]
    return " and ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)


def _are(count: int, noun: str) -> str:
    return f"is 1 {noun}" if count == 1 else f"are {count} {noun}s"


def _dropped(comparisons: Comparisons) -> list[str]:
    if not comparisons.dropped:
        return []
    total = sum(comparisons.dropped.values())
    why = " and ".join(f"{count:,} without a {name}" for name, count in comparisons.dropped.items())
    return [f"{total:,} {'row was' if total == 1 else 'rows were'} dropped: {why}."]


def _components(comparisons: Comparisons, parts: list[Ints]) -> list[str]:
    if len(parts) == 1:
        return []
    each = "; ".join(
        f"{number}: {names(comparisons.names[place] for place in part)}"
        for number, part in enumerate(parts, 1)
    )
    return [
        f"The entrants fall into {len(parts)} components between which there is no chain of "
        f"matches, and are rated and ranked within each. {each}."
    ]
