"""Two arms beside each other: differences with intervals, corrected for how many were looked at.

``compare`` takes what tells arms apart (the model, the scenario, a parameter, ...) and a few
measures. Arms that share seeds are compared in pairs; others as independent samples. The first
quantity is the *primary* one and is corrected by Holm's method over its own comparisons; all others
are exploratory, and corrected together by Benjamini and Hochberg's. "No difference" is claimed only
within a margin that was given: two one-sided tests (Schuirmann 1987), by the 90% interval.

Where arms share several topics, a topic is the unit: one row joins them (``analysis.topics``), and
the rows of single topics are exploratory. Where an outcome is missing more often in one arm, its
worst cases are told (``analysis.missing_outcomes``).

Why the exploratory ones are not corrected by the largest |t| (``analysis.stats.max_t``), which
knows how they hang together: it keeps the rate of any false finding at 5%, which is more than is
asked of an exploration, and found fewer planted differences than Benjamini and Hochberg's
(``benchmarks.validity.coverage``).

What makes a comparison weak is said beside it: one topic, few seeds, talks of unequal length,
answers that are missing in one arm more than in the other, no known error of the instrument.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import comb, isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimates import Quantity
from analysis.figures import effects
from analysis.lineage import Lineage
from analysis.measures_by_name import measured
from analysis.missing_outcomes import missing_of, worst_case
from analysis.results import Result, averaged
from analysis.stats import (
    UNKNOWN,
    Floats,
    Interval,
    benjamini_hochberg,
    difference,
    holm,
    least_p,
    permuted,
)
from analysis.stats.effects import cliffs_delta, ratio_of_means
from analysis.tables import ARM, Data, Tables, frame, in_order, load, units, with_arms
from analysis.topics import by_topic, joined, topic_of
from analysis.weaknesses import unfinished, weaknesses
from sim.errors import BadRequest
from sim.html import Figure, element, fragment
from sim.planning.trials import WHOLE
from sim.text.suggestions import nearest

MEASURES = ("convergence", "flips", "collapse", "loops", "conflict")
"""What is compared unless something else is asked for; the first quantity of the first of them is
primary."""

_STAGE = {"stage": "model"}
"""Other words for what tells arms apart."""

DIFFERENCE = {
    **dict.fromkeys(("quantity", "of", "a", "b", "evidence"), "str"),
    "primary": "boolean",
    "paired": "boolean",
    **dict.fromkeys(("clusters", "n_a", "n_b", "left_out", "missing_a", "missing_b"), "Int64"),
    **dict.fromkeys(
        ("value_a", "value_b", "difference", "low", "high", "delta", "delta_low", "delta_high",
         "ratio", "ratio_low", "ratio_high", "worst_low", "worst_high", "p", "adjusted", "margin"),
        "float64",
    ),
    "equivalent": "boolean",
    "sentence": "str",
}  # fmt: skip
"""The columns of ``Comparison.table``."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One quantity of arm ``a`` less that of arm ``b``.

    ``quantity`` is MEASURE.NAME, ``of`` what both arms share. ``n_a`` and ``n_b`` are trials
    (pairs, if ``paired``), ``left_out`` those in which the number is missing, ``missing`` how many
    of both arms (None: not counted). ``clusters`` are the topics in it; of several, each is one
    unit of the interval, of the test and of ``delta``. ``worst`` bounds the difference whatever the
    missing numbers were, where more are missing in one arm. ``delta`` is Cliff's,
    ``ratio`` that of means. ``p`` is by permutation, ``adjusted`` corrected for how many were
    looked at. ``equivalent`` says whether the arms differ by less than ``margin`` (None: none was
    given).
    """

    quantity: str
    of: str
    a: str
    b: str
    evidence: str
    primary: bool
    paired: bool
    n_a: int
    n_b: int
    left_out: int
    value_a: float
    value_b: float
    difference: Interval
    delta: Interval
    ratio: Interval
    p: float
    adjusted: float = nan
    margin: float = nan
    equivalent: bool | None = None
    topic: str = ""
    clusters: int = 1
    missing: tuple[int, int] | None = None
    worst: Interval = UNKNOWN

    @property
    def too_few(self) -> bool:
        """Whether no exact test of so few units can reach p = 0.05."""
        if self.clusters > 1:
            return least_p(self.clusters) > 0.05
        if self.paired:
            return least_p(self.n_a) > 0.05
        return 2 / max(1, comb(self.n_a + self.n_b, self.n_a)) > 0.05

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        what = f"{self.quantity}{f' ({self.of})' if self.of and self.clusters == 1 else ''}"
        if isnan(self.difference.estimate):
            return f"{what}: {self.a} and {self.b} cannot be compared; the number is missing."
        units = "pairs" if self.paired else "trials"
        count = f"{self.n_a}" if self.paired or self.clusters > 1 else f"{self.n_a} and {self.n_b}"
        if self.clusters > 1:
            count, units = f"{self.clusters}", "topics"
        seen = (
            f"{what}: {self.a} {_number(self.value_a)}, {self.b} {_number(self.value_b)} "
            f"({count} {units})"
        )
        gap, low, high = self.difference.estimate, self.difference.low, self.difference.high
        if isnan(low):
            return f"{seen}; too few for an interval."
        limits = f"{gap:+.2f} [{low:+.2f}, {high:+.2f}]{self._missing}"
        if self.equivalent:
            return f"{seen}: alike, within ±{self.margin:g}: {limits}."
        how = "" if isnan(self.adjusted) else f", p = {_p(self.adjusted)} corrected"
        if self.difference.excludes_zero and (isnan(self.adjusted) or self.adjusted <= 0.05):
            word = "more" if gap > 0 else "less"
            return f"{seen}: {word} by {limits}{how}."
        if self.too_few:
            return f"{seen}: {limits}; {count} {units} cannot reach p = 0.05."
        return f"{seen}: no difference was shown, {limits}{how}."

    @property
    def _missing(self) -> str:
        """How many are missing, and what these could make of the difference."""
        if self.missing is None or isnan(self.worst.low):
            return ""
        a, b = self.missing
        return (
            f" (missing: {self.a} {a}, {self.b} {b}; whatever these were, between "
            f"{self.worst.low:+.2f} and {self.worst.high:+.2f})"
        )


@dataclass(frozen=True)
class Comparison:
    """Differences between arms, and what makes them weak.

    ``differences`` has the primary quantity first. ``warnings`` are sentences.
    """

    by: str
    differences: tuple[Difference, ...]
    warnings: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, in words."""
        return tuple(each.sentence for each in self.differences)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row for each difference; for the columns see ``DIFFERENCE``."""
        rows = [
            (
                each.quantity, each.of, each.a, each.b, each.evidence, each.primary, each.paired,
                each.clusters, each.n_a, each.n_b, each.left_out, *(each.missing or (None, None)),
                each.value_a, each.value_b,
                *_limits(each.difference), *_limits(each.delta), *_limits(each.ratio),
                each.worst.low, each.worst.high,
                each.p, each.adjusted, each.margin, each.equivalent, each.sentence,
            )
            for each in self.differences
        ]  # fmt: skip
        return frame(rows, DIFFERENCE)

    def __repr__(self) -> str:
        return "\n".join((f"compared by {self.by}", *self.sentences, *self.warnings))

    def _repr_html_(self) -> str:
        drawn = self.plot()
        told = [element("li", sentence) for sentence in (*self.sentences, *self.warnings)]
        return fragment(drawn.html() if drawn else None, element("ul", told))

    def plot(self) -> Figure | None:
        """The forest of all differences; None if none is known. A notebook draws it; ``.svg()`` is
        a file of it."""
        return effects(self.differences, self.by)


def compare(
    data: Data,
    by: str = "model",
    *,
    measures: Sequence[str | Result] = MEASURES,
    against: str | None = None,
    margins: Mapping[str, float] | None = None,
    lineage: Mapping[str, Lineage] | None = None,
) -> Comparison:
    """Compare arms that differ in ``by``: ``model`` (or ``stage``), ``scenario``, ``version``,
    ``layout``, ``wording``, ``arm``, or the name of a parameter.

    ``measures`` are names of measures, of one of their quantities (``convergence.c``), or results;
    the first is primary. Every value of ``by`` is compared with ``against``, the least number or
    the first by the alphabet unless it is given. ``margins`` says, by quantity, how small a
    difference is none. ``lineage`` says what models are, by model string (``analysis.lineage``):
    only where it does may a difference be called one of tuning.
    Branches are left out, and surrogates, unless ``by`` is ``arm``. Raises ``BadRequest`` for names
    that are unknown, or if there is one value alone.

    >>> from sim.events import Turn
    >>> from analysis.tables import Record, tables_from
    >>> loud, calm = "You idiot, you ruin everything!", "I see. Thank you."
    >>> records = [Record(f"{model}{seed}", [{"name": "A"}], [Turn(1, "A", text)], seed=seed,
    ...                   model=model)
    ...            for model, text in (("x", loud), ("y", calm)) for seed in range(8)]
    >>> found = compare(tables_from(records), measures=["conflict.hostility"])
    >>> found.differences[0].difference.estimate < 0, found.differences[0].paired
    (True, True)
    """
    every = load(data)
    tables = _whole(every, by)
    results, wanted = _asked(tables, measures)
    found: list[Difference] = []
    for result, quantities in zip(results, wanted, strict=True):
        beside = by_topic(result._beside(_STAGE.get(by, by)))
        values = in_order(map(str, beside.tables.trials["model"]))
        if len(values) < 2:
            raise BadRequest(
                f"--by {by}: there is one value alone ({', '.join(values) or 'nothing'}); "
                "name something in which trials differ"
            )
        first = _first(values, against, by)
        for other in values:
            if other != first:
                found += _differences(beside, other, first, quantities, by)
    if not found:
        raise BadRequest(f"--by {by}: nothing was measured in two arms that share the rest")
    if len({each.of for each in found}) == 1:
        found = [replace(each, of="") for each in found]  # What all share tells nothing.
    primary = found[0].quantity
    if by != "scenario":
        found = [*joined(found), *found]
    return Comparison(
        by,
        tuple(_corrected(found, primary, margins or {})),
        (
            *weaknesses(tables, _STAGE.get(by, by), found, lineage or {}),
            *unfinished(every, _STAGE.get(by, by)),
        ),
    )


def _whole(tables: Tables, by: str) -> Tables:
    """The trials that were played, without branches; surrogates only if arms are compared."""
    trials = tables.measured().trials
    kept = trials["at"].isna()
    if by != "arm":
        kept &= trials["arm"].isin(WHOLE)
    return tables.measured().only(list(trials.loc[kept, "trial"]))


def _asked(
    tables: Tables, measures: Sequence[str | Result]
) -> tuple[list[Result], list[list[str]]]:
    """The results, and which of their quantities are wanted."""
    results: list[Result] = []
    wanted: list[list[str]] = []
    for each in measures:
        name, _, quantity = ("", "", "") if isinstance(each, Result) else each.partition(".")
        result = each if isinstance(each, Result) else measured(name, tables, f"--measure {each}")
        if quantity and quantity not in result.arm:
            raise BadRequest(
                f"--measure {each}: {name} has no {quantity!r}{nearest(quantity, list(result.arm))}"
            )
        results.append(result)
        wanted.append([quantity] if quantity else list(result.arm))
    return results, wanted


def _first(values: Sequence[str], against: str | None, by: str) -> str:
    if against is None:
        return values[0]
    fitting = [value for value in values if against in (value, value.strip('"'))]
    if not fitting:
        raise BadRequest(f"--against {against}: no {by} is called so{nearest(against, values)}")
    return fitting[0]


def _differences(
    result: Result, a: str, b: str, quantities: Sequence[str], by: str
) -> Iterator[Difference]:
    """The differences of two arms, in each group that both have."""
    paired: dict[tuple[str, str], Mapping[Any, Any]] = {}
    if by != "scenario":
        for row in result.compare(a, b).to_dict("records"):
            if row["pairs"] >= 2:
                paired[_group(row), row["quantity"]] = row
    numbers = averaged(result.by_trial, result.trial).groupby("trial", sort=False)
    trials = with_arms(result.tables.trials)
    trials = trials.assign(unit=units(trials))[["trial", "unit", "seed", "topic", *ARM]]
    rows = trials.merge(numbers.mean(numeric_only=True).reset_index(), on="trial", how="left")
    # The surrogates of a trial are one unit: together they play its actors.
    by_unit = rows.groupby(["unit", "seed", "topic", *ARM], sort=False, dropna=False)
    rows = by_unit.mean(numeric_only=True).reset_index()
    groups = [name for name in ARM if name != "model"]
    for shared, members in rows[rows["model"].isin([a, b])].groupby(groups, sort=True):
        facts = dict(zip(groups, shared, strict=True))
        of, topic = _group(facts), topic_of(members, str(facts["scenario"]))
        for name in quantities:
            about = result.arm[name]
            pairs = paired.get((of, name))
            if about.kind in ("count", "text") or (name not in members and pairs is None):
                continue
            sides = _sides(members, name, a, b, paired=pairs is not None)
            if pairs is None and not all(len(side) for side in sides):
                continue
            made = _difference(result, about, f"{result.measure}.{name}", of, (a, b), sides, pairs)
            yield replace(made, topic=topic)


def _difference(
    result: Result, about: Quantity, quantity: str, of: str, arms: tuple[str, str],
    sides: tuple[Floats, Floats], row: Mapping[Any, Any] | None,
) -> Difference:  # fmt: skip
    one, two = sides
    paired = row is not None
    delta = cliffs_delta(one, two, paired=paired)
    ratio = ratio_of_means(one, two, paired=paired) if about.low >= 0 else UNKNOWN
    if row is not None:
        gap = Interval(row["difference"], row["low"], row["high"])
        values, p = (float(row["value_a"]), float(row["value_b"])), float(row["p"])
        counts, left_out = (int(row["pairs"]),) * 2, int(row["left_out"])
    else:
        share = about.kind in ("share", "onset") or None
        gap = difference(one, two, share=share)
        known = [side[~np.isnan(side)] for side in sides]
        values = (_mean(known[0]), _mean(known[1]))
        p = permuted(one, two)
        counts = (len(known[0]), len(known[1]))
        left_out = int(sum(np.isnan(side).sum() for side in sides))
    return Difference(
        quantity, of, *arms, about.evidence or result.evidence, False, paired, *counts, left_out,
        *values, gap, delta, ratio, p, missing=missing_of(one, two),
        worst=worst_case(one, two, about),
    )  # fmt: skip


def _sides(
    members: pd.DataFrame, name: str, a: str, b: str, *, paired: bool
) -> tuple[Floats, Floats]:
    """The numbers of both arms, by trial, or by seeds that both have: of several trials of a seed
    their mean, as in ``Result.paired``."""
    if name not in members:
        return np.array([]), np.array([])
    one, two = (members[members["model"] == model].set_index("seed")[name] for model in (a, b))
    if paired:
        one, two = (each.groupby(level=0, sort=False).mean() for each in (one, two))
        both = one.index.intersection(two.index)
        one, two = one.loc[both], two.loc[both]
    return one.to_numpy(dtype=np.float64), two.to_numpy(dtype=np.float64)


def _corrected(
    found: Sequence[Difference], primary: str, margins: Mapping[str, float]
) -> Iterator[Difference]:
    """With corrected p values and what may be called alike."""
    whole = {(each.quantity, each.a, each.b) for each in found if each.clusters > 1}
    chosen = [
        each.quantity == primary
        and (each.clusters > 1 or (each.quantity, each.a, each.b) not in whole)
        for each in found
    ]
    for wanted, correct in ((True, holm), (False, benjamini_hochberg)):
        some = [
            each for each, is_primary in zip(found, chosen, strict=True) if is_primary is wanted
        ]
        for each, adjusted in zip(some, correct([each.p for each in some]), strict=True):
            margin = margins.get(each.quantity, margins.get(each.quantity.partition(".")[2], nan))
            yield replace(each, primary=wanted, adjusted=adjusted, margin=margin,
                          equivalent=within_margin(each.difference, margin))  # fmt: skip


def within_margin(found: Interval, margin: float) -> bool | None:
    """Two one-sided tests at 5%: whether the 90% interval lies within the margin; None where there
    is no margin or no interval.

    Its limits follow from those of 95%, by the ratio of the normal's quantiles. Student's are
    further apart, so that with few units less is called alike than could be.

    >>> within_margin(Interval(0.0, -0.1, 0.1), 0.09)
    True
    """
    if isnan(margin) or isnan(found.low):
        return None
    shrink = 1.6449 / 1.9600
    low = found.estimate - (found.estimate - found.low) * shrink
    high = found.estimate + (found.high - found.estimate) * shrink
    return -margin < low and high < margin


def _group(row: Mapping[Any, Any]) -> str:
    """What both arms share, in words; what is blank in all is left out."""
    facts = [str(row[name]) for name in ARM if name not in ("model", "parameters", "arm")]
    given = str(row["parameters"])
    told = [fact for fact in facts if fact]
    if given not in ("", "{}"):
        told += [f"{key}={value}" for key, value in json.loads(given).items()]
    if str(row["arm"]) not in ("", *WHOLE):
        told.append(str(row["arm"]))
    return " ".join(told)


def _limits(interval: Interval) -> tuple[float, float, float]:
    return interval.estimate, interval.low, interval.high


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else nan


def _number(value: float) -> str:
    return "–" if isnan(value) else f"{value:.2f}"


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "under 0.001"
