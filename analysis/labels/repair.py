"""A judge's estimates repaired by labels: means, shares, hazards, and differences between arms.

*Evidence*: a judge's scores of all lines, and people's labels of some that were drawn with known
probabilities (``analysis.labels.sample``).

*Definition.* For each arm: the share of lines that are an event (or the mean of a label that is a
number), over all lines of the arm; of whole scenes the hazard, first events per own turn at risk,
where an actor is at risk up to its first event. Where several people coded a line, its label is
their mean: what is estimated is what the average coder would say.

*Estimate.* ``analysis.stats.prediction_powered``, clustered by scene, or by topic where an arm has
several that are played more than once. The line that is fitted to predictions is the arm's own, so
a judge that errs more in one arm does no harm. Drawn lines without a label count as missing at
random inside their stratum (coders see them in random order): the probability of a line is that of
being drawn, times the share that was labelled.

*Few events.* With fewer than ten labelled events, or fewer than ten lines that are none, nothing is
repaired: there is the interval of Korn and Graubard from labels alone, or none for means.

*Differences.* Arms with the same seeds (or topics) are compared in pairs, others as independent
samples. Where one of the two could not be repaired, the limits are those of Zou and Donner, from
the intervals of both.

*Limits.* It repairs the judge and not the coders, so their alpha stands beside it. Labels that
chose a threshold may not repair. What is estimated holds for the scenes that an arm draws from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import isnan, nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.stats import UNKNOWN, Floats, Interval, beyond
from analysis.stats.prediction_powered import (
    ENOUGH,
    LINE,
    Powered,
    Sample,
    Scale,
    difference,
    enough,
    from_labels,
    labels_alone,
    repaired,
)
from analysis.tables import frame
from sim.errors import BadRequest
from sim.text.suggestions import nearest

_SCALES: Mapping[str, Scale] = {"share": "logit", "hazard": "log"}
"""On which scale the limits of each kind of estimate are made; plain, unless it stands here."""

if TYPE_CHECKING:
    from analysis.labels.coded import Labels

BY_ARM: Mapping[str, str] = {
    "arm": "str",
    **dict.fromkeys(("scenes", "units", "labelled", "events"), "Int64"),
    **dict.fromkeys(("judge", "alone", "alone_low", "alone_high", "repaired", "repaired_low",
                     "repaired_high"), "float64"),
    "note": "str",
}  # fmt: skip
"""The columns of ``Repair.by_arm``."""

DIFFERENCES: Mapping[str, str] = {
    **dict.fromkeys(("a", "b"), "str"),
    "paired": "boolean",
    **dict.fromkeys(("judge", "alone", "alone_low", "alone_high", "repaired", "repaired_low",
                     "repaired_high"), "float64"),
    "note": "str",
}  # fmt: skip
"""The columns of ``Repair.differences``."""


@dataclass(frozen=True)
class Repaired:
    """An estimate of one arm: what the judge says of all units (lines, or whole scenes), what
    labels alone say, and what both say together. ``judge`` is missing where its scores are no marks
    as labels are, ``repaired`` where ``note`` says why."""

    arm: str
    scenes: int
    units: int
    labelled: int
    events: int
    judge: float
    alone: Interval
    repaired: Interval
    note: str = ""

    @property
    def best(self) -> Interval:
        """The repaired interval, or that from labels alone where there is none."""
        return self.alone if isnan(self.repaired.low) else self.repaired


@dataclass(frozen=True)
class Contrast:
    """Arm ``a`` less arm ``b``; ``paired`` by seed or not."""

    a: str
    b: str
    paired: bool
    judge: float
    alone: Interval
    repaired: Interval
    note: str = ""


@dataclass(frozen=True)
class Repair:
    """The estimates of all arms, and their differences; ``what`` is share, mean or hazard."""

    what: str
    arms: tuple[Repaired, ...]
    contrasts: tuple[Contrast, ...]

    @cached_property
    def by_arm(self) -> pd.DataFrame:
        """One row for each arm; see ``BY_ARM``."""
        rows = [
            (each.arm, each.scenes, each.units, each.labelled, each.events, each.judge,
             *_limits(each.alone), *_limits(each.repaired), each.note or None)
            for each in self.arms
        ]  # fmt: skip
        return frame(rows, BY_ARM)

    @cached_property
    def differences(self) -> pd.DataFrame:
        """One row for each pair of arms; see ``DIFFERENCES``."""
        rows = [
            (each.a, each.b, each.paired, each.judge, *_limits(each.alone),
             *_limits(each.repaired), each.note or None)
            for each in self.contrasts
        ]  # fmt: skip
        return frame(rows, DIFFERENCES)


def repair(labels: Labels, *, by: str | None = None, against: str | None = None) -> Repair:
    """The estimates of all arms and their differences; see ``Labels.repair``."""
    what = "hazard" if labels.plan.whole_scenes else "mean" if labels.question.numeric else "share"
    if labels.plan.whole_scenes and labels.question.numeric:
        raise BadRequest("whole scenes are for hazards of an event; name it with --event")
    made = _scenes(labels) if labels.plan.whole_scenes else _lines(labels)
    made = made.assign(cluster=made["trial"].map(labels.population.clusters()))
    arms = labels.population.arms()
    names = sorted(set(arms.values()))
    judged = bool(labels.population.instruments)
    parts = {name: _Part.of(made[made["arm"] == name], what, name, judged=judged) for name in names}
    facts = {arms[trial]: each for trial, each in labels.population.facts.items()}
    contrasts = [_contrast(parts[a], parts[b]) for a, b in _pairs(names, facts, by, against)]
    return Repair(what, tuple(part.estimate for part in parts.values()), tuple(contrasts))


# --- Units ---------------------------------------------------------------------------------------


def _lines(labels: Labels) -> pd.DataFrame:
    """A row for each line: arm, trial, label, prediction, probability, and the judge's own say."""
    lines = labels.population.lines
    made = lines[["trial", "turn"]].assign(arm=lines["trial"].map(labels.population.arms()))
    drawn = labels.drawn[["trial", "turn", "probability", "stratum"]].assign(above=labels.values)
    made = made.merge(drawn, on=["trial", "turn"], how="left")
    if labels.population.instruments:
        score = lines[labels.population.instruments[0]].to_numpy(dtype=np.float64)
        made["predicted"] = score
        called = np.where(np.isnan(score), nan, score >= labels.plan.threshold)
        made["judge"] = called
        if labels.question.numeric:
            marks = [labels.question.number_of(value) for value in labels.question.values]
            same = np.nanmin(score) >= min(marks) and np.nanmax(score) <= max(marks)
            # A score in units of its own predicts marks, and its mean is none.
            made["judge"] = score if same else nan
    else:
        made["predicted"], made["judge"] = 0.0, nan
    return _responding(made)


def _scenes(labels: Labels) -> pd.DataFrame:
    """A row for each trial, as ``_lines``: events and turns at risk, over its actors."""
    lines = labels.population.lines
    arms = labels.population.arms()
    drawn = labels.drawn.drop_duplicates("trial").set_index("trial")
    rows = []
    judge = labels.population.instruments[0] if labels.population.instruments else None
    coded = {str(trial): own for trial, own in labels.drawn.groupby("trial", sort=False)}
    for trial, own in lines.groupby("trial", sort=False):
        calls = (own[judge] >= labels.plan.threshold).to_list() if judge else [False] * len(own)
        predicted = _first_events(list(own["actor"]), calls)
        assert predicted is not None
        above = below = chance = stratum = nan
        if str(trial) in coded:
            chance, stratum = (float(drawn[name][trial]) for name in ("probability", "stratum"))
            above, below = _as_coded(labels, coded[str(trial)])
        rows.append((trial, arms[str(trial)], above, below, *predicted, chance, stratum))
    names = ["trial", "arm", "above", "below", "predicted", "predicted_below", "probability",
             "stratum"]  # fmt: skip
    made = pd.DataFrame(rows, columns=names)
    made["judge"] = made["predicted"] if judge else nan
    return _responding(made)


def _as_coded(labels: Labels, lines: pd.DataFrame) -> tuple[float, float]:
    """Events and turns at risk of a scene, over its coders; NaN if none has coded it whole."""
    found = []
    for given in labels.by_coder.values():
        events = [
            None if each not in given else given[each] == labels.question.wanted
            for each in lines["id"]
        ]
        counted = _first_events(list(lines["actor"]), events)
        if counted is not None:
            found.append(counted)
    if not found:
        return nan, nan
    return float(np.mean([each[0] for each in found])), float(np.mean([each[1] for each in found]))


def _first_events(
    actors: list[str], events: list[bool | None] | list[bool]
) -> tuple[float, float] | None:
    """How many actors had an event, and how many own turns all had up to their first one or the
    end. None if a line is not coded (None) of an actor who had no event before.

    >>> _first_events(["A", "B", "A", "B"], [False, True, False, None])
    (1.0, 3.0)
    >>> _first_events(["A", "B"], [None, True]) is None
    True
    """
    over: set[str] = set()
    at_risk = 0
    for actor, event in zip(actors, events, strict=True):
        if actor in over:
            continue
        if event is None:
            return None
        at_risk += 1
        if event:
            over.add(actor)
    return float(len(over)), float(at_risk)


def _responding(made: pd.DataFrame) -> pd.DataFrame:
    """With the probability of being drawn and labelled, from the share of each stratum that was
    labelled; from that of the arm where a stratum has no label at all."""
    drawn = made["stratum"].notna()
    labelled = made["above"].notna()
    made = made.assign(drawn=drawn, labelled=labelled)
    inside = made[drawn].groupby(["arm", "stratum"])["labelled"].mean()
    whole = inside.groupby("arm").min() > 0
    arm = made[drawn].groupby("arm")["labelled"].mean()
    rates = [
        nan if not is_drawn else inside[name, stratum] if whole[name] else arm[name]
        for name, stratum, is_drawn in zip(made["arm"], made["stratum"], drawn, strict=True)
    ]
    return made.assign(probability=made["probability"] * rates)


# --- Estimates -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """An arm: its estimate, and the parts that differences are made of."""

    estimate: Repaired
    alone: Powered
    repaired: Powered

    @classmethod
    def of(cls, made: pd.DataFrame, what: str, name: str, *, judged: bool) -> _Part:
        sample = _sample(made, what)
        scale = _SCALES.get(what, "plain")
        alone, found = labels_alone(sample), Powered(nan, {}, -1)
        notes = [_why_not(sample, what, judged=judged)]
        if not notes[0]:
            found = repaired(sample)
        if enough(sample):
            interval = alone.interval(scale)
        elif what == "mean":
            interval = Interval(alone.estimate, nan, nan)
        else:
            interval = from_labels(sample)
        units = set(made["cluster"])
        if any(kind == "topic" for kind, _ in units):
            notes.append(f"{len(units)} topics are the units")
        missing = int(made["drawn"].sum() - made["labelled"].sum())
        if missing:
            notes.append(f"{missing} drawn without a label, taken as missing at random")
        estimate = Repaired(
            name, made["trial"].nunique(), len(made), int(sample.labelled.sum()), sample.events,
            _judged(made, what), _within(interval, what), _within(found.interval(scale), what),
            "; ".join(filter(None, notes)),
        )  # fmt: skip
        return cls(estimate, alone, found)


def _judged(made: pd.DataFrame, what: str) -> float:
    """What the judge says of all units by itself; NaN if there is none."""
    known = made["judge"].notna()
    if not known.any():
        return nan
    below = made["predicted_below"].sum() if what == "hazard" else known.sum()
    return float(made["judge"].sum() / below)


def _sample(made: pd.DataFrame, what: str) -> Sample:
    def column(name: str) -> Floats:
        return made[name].to_numpy(dtype=np.float64)

    predicted = column("predicted")
    known = ~np.isnan(predicted)
    # Of a line of which the judge says nothing the mean is as good a guess as any.
    predicted = np.where(known, predicted, predicted[known].mean() if known.any() else 0.0)
    sample = Sample(column("above"), predicted, column("probability"), list(made["cluster"]))
    if what == "hazard":
        sample = replace(sample, below=column("below"), predicted_below=column("predicted_below"))
    return sample


def _why_not(sample: Sample, what: str, *, judged: bool) -> str:
    """Why an arm is not repaired; blank if it is."""
    count = int(sample.labelled.sum())
    if not count:
        return "nothing is labelled"
    if count < LINE:
        return (
            f"fewer than {LINE} {'scenes' if what == 'hazard' else 'lines'} labelled: labels alone"
        )
    if not enough(sample):
        if what == "mean":
            told = "labels other than the commonest"
            return f"{sample.events} {told}, fewer than {ENOUGH}: labels alone, no interval"
        told = "events" if what == "hazard" else "events, or lines that are none"
        return f"{sample.events} labelled {told}, fewer than {ENOUGH}: labels alone"
    if not judged:
        return "no judge: labels alone"
    if labels_alone(sample).freedom < 1:
        return "one scene (or topic) alone was labelled: no interval"
    return ""


def _within(interval: Interval, what: str) -> Interval:
    """Limits within what is possible."""
    if what == "mean" or isnan(interval.low):
        return interval
    return Interval(interval.estimate, max(0.0, interval.low), min(1.0, interval.high))


def _pairs(
    names: list[str], facts: Mapping[str, Mapping[str, str]], by: str | None, against: str | None
) -> Iterator[tuple[str, str]]:
    """The pairs of arms that are compared: with the first, or with those that differ in ``by``
    alone."""
    if by is None:
        if against is not None and against not in names:
            raise BadRequest(f"--against {against}: no arm is called so{nearest(against, names)}")
        first = names[0] if against is None else against
        yield from ((name, first) for name in names if name != first)
        return
    fact = "model" if by == "stage" else by
    known = list(dict.fromkeys(name for each in facts.values() for name in each))
    if fact not in known:
        raise BadRequest(f"--by {by}: arms have no such fact{nearest(by, known)}")
    values = sorted({each.get(fact, "") for each in facts.values()})
    if len(values) < 2:
        raise BadRequest(f"--by {by}: there is one value alone ({', '.join(values)})")
    if against is not None and against not in values:
        raise BadRequest(f"--against {against}: no {by} is called so{nearest(against, values)}")
    first = values[0] if against is None else against
    for name in names:
        for other in names:
            one, two = ({key: value for key, value in facts[each].items() if key != fact}
                        for each in (name, other))  # fmt: skip
            if facts[other].get(fact) == first != facts[name].get(fact) and one == two:
                yield name, other


def _contrast(one: _Part, other: _Part) -> Contrast:
    a, b = one.estimate, other.estimate
    # Trials of two arms have no names in common, so clusters that are trials are never pairs.
    paired = one.alone.influence.keys() == other.alone.influence.keys() != set()
    without = [each for each in (a, b) if isnan(each.repaired.low)]
    if not without:
        alone = difference(one.alone, other.alone, paired=paired)
        powered = difference(one.repaired, other.repaired, paired=paired)
        return Contrast(a.arm, b.arm, paired, a.judge - b.judge, alone, powered)
    alone = Interval(one.alone.estimate - other.alone.estimate, nan, nan)
    if not isnan(a.alone.low) and not isnan(b.alone.low):
        alone = beyond(a.alone, b.alone)
    powered = UNKNOWN
    if len(without) == 1 and not isnan(without[0].alone.low):
        powered = beyond(a.best, b.best)
    note = f"{' and '.join(each.arm for each in without)}: labels alone"
    return Contrast(a.arm, b.arm, False, a.judge - b.judge, alone, powered, note)


def _limits(interval: Interval) -> tuple[Any, ...]:
    return interval.estimate, interval.low, interval.high
