"""Simulated people beside people of a file: coverage, stereotypy, limits, and what chance gives.

Limits are 95%, by a bootstrap that draws humans, and minds by trial (whoever heard each other is
one unit), with replacement. The null of every number is the same number for two random halves of
the humans, one of which stands in the place of the minds: what there is to see where nobody is
simulated.

*Traps.* Answers of minds and of humans have to be to the same question on the same scale; nobody
checks that. Humans who were asked once vary by the moment, too, so ``within`` of steady minds is
below 1 without any stereotype: ask humans and minds as often, and at temperature 1. Of an
attribute that the prompt does not mention, nothing is the stage's doing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.people.coverage import Reached, coverage, expected, reached_cells, reached_neighbours
from analysis.people.stereotypy import FEWEST, Groups, slope, within_ratio
from analysis.people.tables import (
    People,
    groups_of,
    people_from_file,
    people_from_store,
    shared,
    standardised,
)
from analysis.stats import Floats
from analysis.tables import Data, frame
from sim.errors import BadRequest
from sim.html.numbers import counted

COMPARED: Mapping[str, str] = {
    **dict.fromkeys(("measure", "by"), "str"),
    **dict.fromkeys(("value", "low", "high", "null", "null_low", "null_high"), "float64"),
    **dict.fromkeys(("minds", "humans"), "Int64"),
    "note": "str",
}
"""The columns of ``PeopleComparison.table``."""

MEANS: Mapping[str, str] = {
    **dict.fromkeys(("by", "group", "item"), "str"),
    **dict.fromkeys(("minds", "humans"), "Int64"),
    **dict.fromkeys(("minds_mean", "humans_mean", "minds_sd", "humans_sd"), "float64"),
}
"""The columns of ``PeopleComparison.means``."""

MOST_HUMANS = 1_000
"""So many humans are used for coverage, drawn at random; distances are a square."""

_SPLITS = 40
_CLUSTERS = 10


@dataclass(frozen=True)
class PeopleComparison:
    """What ``compare_people`` found.

    ``table`` has a row for each measure and attribute (``COMPARED``); ``means`` the means of groups
    (``MEANS``), in the units of the answers. ``items`` and ``attributes`` are those that were used.
    """

    items: tuple[str, ...]
    attributes: tuple[str, ...]
    table: pd.DataFrame
    means: pd.DataFrame

    def sentences(self) -> list[str]:
        """One sentence for each row."""
        return [_sentence(row) for row in self.table.to_dict("records")]

    def _repr_html_(self) -> str:
        return str(self.table.to_html(index=False, float_format="{:.2f}".format))


def compare_people(
    minds: People | Data,
    humans: People | Path | str,
    *,
    items: Sequence[str] = (),
    by: Sequence[str] = (),
    seed: int = 0,
    draws: int = 400,
) -> PeopleComparison:
    """Compare simulated people (a store, or a table) with people (a CSV, or a table).

    ``items`` are names of answers, ``by`` attributes whose groups are compared; by default all that
    both sides have. Raises ``BadRequest`` if they share none, or if there are fewer than twenty
    humans or ten minds with answers.
    """
    ours = minds if isinstance(minds, People) else people_from_store(minds)
    theirs = humans if isinstance(humans, People) else people_from_file(humans)
    attributes = shared(ours, theirs, by, items=False, what="--by")
    names = [each for each in shared(ours, theirs, items, items=True, what="--item")
             if each not in by]  # fmt: skip
    if not names:
        raise BadRequest("--item: the store and the table of people share no item")
    attributes = [each for each in attributes if each not in names]
    if not attributes:
        raise BadRequest("--by: the store and the table of people share no attribute but items")
    raw = [side.answers[names].to_numpy(dtype=np.float64) for side in (ours, theirs)]
    known = [~np.isnan(each).all(axis=1) for each in raw]
    for side, count, least in (("minds", known[0].sum(), 10), ("humans", known[1].sum(), 20)):
        if count < least:
            raise BadRequest(f"{count} {side} answered the items; at least {least} are needed")
    ours, theirs = ours.only(known[0]), theirs.only(known[1])
    raw = [each[rows] for each, rows in zip(raw, known, strict=True)]
    # Not by their standard deviation: that of equal numbers is not quite 0.
    spread = np.nanmax(raw[1], axis=0) - np.nanmin(raw[1], axis=0)
    for name, each in zip(names, spread, strict=True):
        if not each > 0:
            raise BadRequest(f"--item {name}: all humans answered alike; leave it out")
    first, second = standardised(*raw)
    generator = np.random.default_rng([seed, len(ours), len(theirs)])
    pair = _Pair(first, second, np.asarray(ours.clusters), generator, draws)
    rows: list[tuple[Any, ...]] = [*_covered(pair)]
    means: list[tuple[Any, ...]] = []
    for attribute in attributes:
        groups = groups_of(ours, theirs, attribute)
        rows += _stereotyped(pair, attribute, groups)
        means += _means(attribute, groups, names, raw)
    return PeopleComparison(
        tuple(names), tuple(attributes), frame(rows, COMPARED), frame(means, MEANS)
    )


@dataclass(frozen=True)
class _Pair:
    """Standardised answers of minds and humans, and what random numbers come from."""

    minds: Floats
    humans: Floats
    clusters: NDArray[np.int64]
    generator: np.random.Generator
    draws: int

    def mind_weights(self) -> Floats:
        """How often each mind is drawn, whole trials at a time."""
        _, place = np.unique(self.clusters, return_inverse=True)
        size = int(place.max()) + 1
        drawn = self.generator.multinomial(size, np.full(size, 1 / size))
        return np.asarray(drawn[place], dtype=np.float64)

    def human_weights(self, count: int) -> Floats:
        drawn = self.generator.multinomial(count, np.full(count, 1 / count))
        return np.asarray(drawn, dtype=np.float64)

    @property
    def enough(self) -> bool:
        return len(np.unique(self.clusters)) >= _CLUSTERS


# --- Coverage -------------------------------------------------------------------------------------


def _covered(pair: _Pair) -> Iterator[tuple[Any, ...]]:
    whole = np.asarray(~np.isnan(pair.minds).any(axis=1))
    minds = pair.minds[whole]
    humans = pair.humans[~np.isnan(pair.humans).any(axis=1)]
    for name, reach in (("neighbours", reached_neighbours), ("cells", reached_cells)):
        if len(minds) < 10 or len(humans) < 20:
            yield (name, "", *[nan] * 6, len(minds), len(humans), "too few answered every item")
            continue
        some = min(len(humans), MOST_HUMANS)
        m = min(len(minds), some // 2)
        values, nulls, changes = [], [], []
        again = -(-pair.draws // _SPLITS)
        for _ in range(_SPLITS):
            order = pair.generator.permutation(len(humans))[:some]
            half, rest = humans[order[: some // 2]], humans[order[some // 2 :]]
            reached = reach(minds, half)
            values.append(coverage(reached, m))
            nulls.append(coverage(reach(rest, half), m))
            changes += [_drawn_again(pair, reached, whole, m) - values[-1] for _ in range(again)]
        value = float(np.mean(values))
        low = high = nan
        if pair.enough:
            # Drawn anew there are fewer different minds, who reach less: that is taken out.
            centred = np.array(changes) - np.mean(changes)
            low, high = (value + float(np.quantile(centred, q)) for q in (0.025, 0.975))
        chance = np.quantile(nulls, [0.025, 0.975])
        yield (
            name, "", value, max(0.0, low), min(1.0, high), float(np.mean(nulls)), *chance,
            len(minds), len(humans), "" if pair.enough else _few(pair),
        )  # fmt: skip


def _drawn_again(pair: _Pair, reached: Reached, whole: NDArray[np.bool_], m: int) -> float:
    weights = pair.mind_weights()[whole]
    count = int(weights.sum())
    hits = np.asarray(reached @ weights, dtype=np.int64)
    humans = pair.human_weights(len(reached))
    return float(humans @ expected(hits, count, min(m, count)) / humans.sum())


# --- Stereotypy -----------------------------------------------------------------------------------


def _stereotyped(
    pair: _Pair, attribute: str, groups: tuple[list[str], list[str]]
) -> Iterator[tuple[Any, ...]]:
    known = sorted({*groups[0]} & {*groups[1]} - {""})
    kept = [each for each in known if min(side.count(each) for side in groups) >= FEWEST]
    number = {each: place for place, each in enumerate(kept)}
    labels = [np.array([number.get(each, -1) for each in side], dtype=np.int64) for side in groups]
    rows = [each >= 0 for each in labels]
    minds, humans = pair.minds[rows[0]], pair.humans[rows[1]]
    first, second = (each[keep] for each, keep in zip(labels, rows, strict=True))
    counts = (len(minds), len(humans))
    if len(kept) < 2:
        note = f"fewer than two groups with {FEWEST} minds and {FEWEST} humans"
        for name in ("within", "slope"):
            yield (name, attribute, *[nan] * 6, *counts, note)
        return

    def sums(answers: Floats, own: NDArray[np.int64], weights: Floats) -> Groups:
        return Groups.of(answers, own, weights, len(kept))

    ones = (np.ones(len(minds)), np.ones(len(humans)))
    observed = (sums(minds, first, ones[0]), sums(humans, second, ones[1]))
    drawn = [
        (sums(minds, first, pair.mind_weights()[rows[0]]),
         sums(humans, second, pair.human_weights(len(humans))))
        for _ in range(pair.draws if pair.enough else 0)
    ]  # fmt: skip
    halves = []
    for _ in range(pair.draws):
        half = pair.generator.permutation(len(humans)) < len(humans) // 2
        halves.append((sums(humans, second, half.astype(float)),
                       sums(humans, second, (~half).astype(float))))  # fmt: skip
    left = len(known) - len(kept)
    for name in ("within", "slope"):
        if name == "within":
            value = within_ratio(*observed)
            again = [within_ratio(*each) for each in drawn]
            # Drawn anew, a group holds somebody twice and varies less: that is taken out.
            again = [each * value / float(np.mean(again)) for each in again]
        else:
            value = slope(*observed)
            again = [slope(*each, again=True) for each in drawn]
        chance = [within_ratio(*each) if name == "within" else slope(*each) for each in halves]
        notes = [f"{counted(left, 'small group')} left out"] if left else []
        if not pair.enough:
            notes.append(_few(pair))
        if isnan(value):
            notes.append("humans do not differ by it beyond their scatter")
        limits = _quantiles(again) if not isnan(value) else (nan, nan)
        if again and not isnan(value) and isnan(limits[0]):
            notes.append("humans drawn again often do not differ by it: no limits")
        null = _quantiles(chance)
        middle = float(np.nanmedian(chance)) if not isnan(null[0]) else nan
        yield (name, attribute, value, *limits, middle, *null, *counts, "; ".join(notes))


def _quantiles(values: Sequence[float]) -> tuple[float, float]:
    """95% limits; NaN where a tenth of the values is missing."""
    known = np.array([value for value in values if not isnan(value)])
    if not len(known) or len(known) < 0.9 * len(values):
        return nan, nan
    low, high = np.quantile(known, (0.025, 0.975))
    return float(low), float(high)


def _means(
    attribute: str,
    groups: tuple[list[str], list[str]],
    items: Sequence[str],
    raw: Sequence[Floats],
) -> Iterator[tuple[Any, ...]]:
    for group in sorted({*groups[0], *groups[1]} - {""}):
        sides = [answers[np.array([each == group for each in own], dtype=bool)]
                 for own, answers in zip(groups, raw, strict=True)]  # fmt: skip
        for place, item in enumerate(items):
            values = [side[:, place][~np.isnan(side[:, place])] for side in sides]
            counts = [len(each) for each in values]
            means = [float(each.mean()) if len(each) else nan for each in values]
            spreads = [float(each.std(ddof=1)) if len(each) > 1 else nan for each in values]
            yield (attribute, group, item, *counts, *means, *spreads)


# --- In words -------------------------------------------------------------------------------------


def _few(pair: _Pair) -> str:
    return f"{len(np.unique(pair.clusters))} trials: of fewer than {_CLUSTERS} there are no limits"


def _number(value: float) -> str:
    return "missing" if isnan(value) else f"{value:z.2f}"


_SAYS = {
    "neighbours": "Minds reach the neighbourhood of a share of humans of",
    "cells": "Minds give the same pattern of answers as a share of humans of",
    "within": "minds of a group vary, as a multiple of humans of a group, by",
    "slope": "differences between groups of minds are, as a multiple of those of humans,",
}
_BELOW = {
    "neighbours": "less than humans reach of each other",
    "cells": "less than humans reach of each other",
    "within": "flattened: people of a group are too much alike",
    "slope": "too small: groups are not told apart as they are among humans",
}
_ABOVE = {
    "neighbours": "more than humans reach of each other",
    "cells": "more than humans reach of each other",
    "within": "people of a group differ more than humans do",
    "slope": "exaggerated",
}


def _sentence(row: Mapping[Any, Any]) -> str:
    name, by = str(row["measure"]), str(row["by"])
    told = f"By {by}, {_SAYS[name]}" if by else _SAYS[name]
    text = f"{told} {_number(row['value'])}"
    if not isnan(row["low"]):
        text += f" [{_number(row['low'])}, {_number(row['high'])}]"
    if not isnan(row["null"]):
        text += (
            f"; between two halves of the humans it is {_number(row['null'])} "
            f"[{_number(row['null_low'])}, {_number(row['null_high'])}]"
        )
    if not any(isnan(row[each]) for each in ("low", "null_low")):
        if row["high"] < row["null_low"]:
            text += f": {_BELOW[name]}"
        elif row["low"] > row["null_high"]:
            text += f": {_ABOVE[name]}"
        else:
            text += ": cannot be told from chance"
    note = row["note"]
    return f"{text} ({note})." if isinstance(note, str) and note else f"{text}."
