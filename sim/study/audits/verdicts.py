"""What an audit found: the effect in a new equivalent world, and what it depends on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.equivalent_worlds import Outcome, Worlds, over_worlds
from analysis.linear_contrasts import Contrasted, contrast
from analysis.primary import tables_of
from analysis.stats.factorial import aliases
from analysis.stats.hierarchical import SPARE
from sim.html.numbers import counted, interval, number, probability
from sim.planning.studies import Contrast, Study
from sim.store import Store, open_store
from sim.study.audits.design import AuditDesign
from sim.study.studies.design import Design
from sim.study.studies.verdicts import in_words, numbers_by_trial

ORDER: tuple[Outcome, ...] = (
    "the opposite", "cannot be said", "not shown", "fragile", "not settled", "robust",
)  # fmt: skip
"""The outcomes from the worst on: of several contrasts the worst is that of the audit."""

SAID: Mapping[Outcome, str] = {
    "robust": "it holds in them",
    "fragile": "it is fragile",
    "not settled": "it holds on average, and more seeds have to say whether everywhere",
    "not shown": "it is not shown",
    "the opposite": "the opposite of what was expected",
    "cannot be said": "it cannot be said",
}


@dataclass(frozen=True)
class Moderated:
    """A contrast in the world of a moderator: how that is other, and what the contrast came to."""

    name: str
    other: str
    contrast: Contrast
    result: Contrasted


@dataclass(frozen=True)
class Audit:
    """What an audit found. ``worlds`` has each primary contrast over the worlds, ``moved`` how many
    numbers a relabelled graph moved, of ``compared`` (0: none was compared)."""

    design: AuditDesign
    worlds: tuple[tuple[Contrast, Worlds], ...]
    moderated: tuple[Moderated, ...]
    moved: int
    compared: int
    unfinished: int
    deviations: tuple[str, ...] = ()

    @property
    def study(self) -> Study:
        """The study that was audited."""
        return self.design.study

    @property
    def outcome(self) -> Outcome:
        """What becomes of the study's effect: of several primary contrasts, of the weakest."""
        return min((found.outcome for _, found in self.worlds), key=ORDER.index)

    @cached_property
    def sentence(self) -> str:
        """The one sentence that stands in the study's verdict."""
        several = len(self.worlds) > 1
        told = "; ".join(
            f"{_title(what)}: {_told(found)}" if several else _told(found)
            for what, found in self.worlds
        )
        return f"Audited: {SAID[self.outcome]}. {told}."

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """The sentence, and what has to be known to believe it."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        yield self.sentence
        for what, found in self.worlds:
            if not isnan(found.mean.estimate):
                yield _tests(what, found)
        if self.moved:
            yield (
                f"A relabelled graph moved {self.moved} of {counted(self.compared, 'number')}: it "
                "is an exact symmetry, so the software is wrong, and nothing here can be relied on."
            )
        elif self.compared:
            yield f"A relabelled graph moved none of {counted(self.compared, 'number')}."
        for each in self.moderated:
            limits = each.result.interval
            known = interval(limits.low, limits.high, sign=True)
            told = f"{number(limits.estimate, sign=True)} {known or '(no limits)'}"
            yield (
                f"Moderator, and no equivalent world: {each.name} ({each.other}): "
                f"{_title(each.contrast)} {'no number' if isnan(limits.estimate) else told}."
            )
        for name, why in self.design.chosen.left_out.items():
            yield f"Left out: {name} ({why})."
        resolution = self.design.factorial.resolution
        if resolution is not None:
            clear = (
                "factors are clear of interactions of two, which are aliased with one another"
                if resolution == 4
                else "factors are aliased with interactions of two"
            )
            yield (
                f"{counted(self.design.factorial.worlds, 'world')} of Plackett and Burman, "
                f"resolution {'IV' if resolution == 4 else 'III'}: {clear}."
            )
        if self.unfinished:
            yield f"{counted(self.unfinished, 'trial')} did not come to an end and count nowhere."
        for told in self.deviations:
            yield f"Not as registered: {told}."

    def record(self) -> dict[str, Any]:
        """The audit as JSON has it."""
        design = self.design
        return {
            "study": self.study.name,
            "models": dict(design.models),
            "outcome": self.outcome,
            "sentence": self.sentence,
            "sentences": list(self.sentences),
            "seeds": design.seeds,
            "factors": [
                {"name": each.name, "other": each.other} for each in design.chosen.invariances
            ],
            "left_out": dict(design.chosen.left_out),
            "resolution": design.factorial.resolution,
            "aliases": [
                {"one": one, "other": other, "correlation": value}
                for one, other, value in aliases(design.factorial, design.factors)
            ],
            "contrasts": [_record(what, found) for what, found in self.worlds],
            "moderators": [
                {"name": each.name, "other": each.other, "measure": each.contrast.name,
                 **_limits(each.result.interval)}
                for each in self.moderated
            ],
            "relabelled": {"moved": self.moved, "compared": self.compared},
            "unfinished": self.unfinished,
            "deviations": list(self.deviations),
        }  # fmt: skip


def _title(what: Contrast) -> str:
    """What a contrast is called where it stands beside others of the same measure."""
    return what.about or f"{what.name}, {in_words(what)}"


def _told(found: Worlds) -> str:
    """A contrast over worlds, as a part of the sentence."""
    if isnan(found.new.estimate):
        known = counted(int(found.known.sum()), "world")
        if int(found.known.sum()) <= SPARE:
            return f"{known} with a number of {len(found.known)}, which are too few"
        return f"all trials of all {known} have one number, which makes no interval"
    told = (
        f"In a new equivalent world the effect lies between {number(found.new.low, sign=True)} and "
        f"{number(found.new.high, sign=True)} (95%; {counted(int(found.known.sum()), 'world')}, "
        f"null {number(found.null)})"
    )
    if found.main is not None:
        share = found.explained[found.main].share
        return (
            f"{told}; {found.factors[found.main]} explains {_percent(share.estimate)} "
            f"({_percent(share.low)} to {_percent(share.high)}) of the true spread"
        )
    if found.differing:
        return f"{told}; worlds differ, and no one factor explains it"
    return f"{told}; no true spread between worlds was shown"


def _tests(what: Contrast, found: Worlds) -> str:
    """The numbers behind the sentence."""
    mean, tau = found.mean, found.tau
    title = what.about[:1].upper() + what.about[1:] or _title(what)
    above = "cannot be said" if isnan(found.above) else probability(found.above)
    return (
        f"{title}: mean over worlds {number(mean.estimate, sign=True)} "
        f"{interval(mean.low, mean.high, sign=True)}; more than the null in a new world with "
        f"probability {above}; standard deviation of true effects {number(tau.estimate)} "
        f"{interval(tau.low, tau.high)}; any effect: p\u00a0=\u00a0"
        f"{probability(found.some_effect)} (median), {probability(found.same_side)} (worlds on one "
        f"side), arms exchanged within worlds; worlds differ: p\u00a0=\u00a0"
        f"{probability(found.differ)}, blocks exchanged between them."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def audit_of(design: AuditDesign, store: Path, deviations: tuple[str, ...] = ()) -> Audit:
    """Measure the trials of an audit, each world by itself as the study would be."""
    with open_store(store) as opened:
        numbers = numbers_by_world(design, opened)
        moderated = tuple(_moderated(design, opened))
        moved, compared = _moved(design, opened)
        ids = [trial.id for trial in design.trials]
        unfinished = sum(each.status != "done" for each in opened.trials(ids))
    return Audit(
        design, findings(design, numbers), moderated, moved, compared, unfinished, deviations
    )  # fmt: skip


def findings(design: AuditDesign, numbers: pd.DataFrame) -> tuple[tuple[Contrast, Worlds], ...]:
    """What each primary contrast comes to over the worlds, from the numbers of trials."""
    return tuple(
        (
            what,
            over_worlds(
                numbers[["world", "arm", "topic", "seed"]].assign(value=numbers[str(place)]),
                what.weights, design.factorial, design.factors,
                null=what.null, expected=what.expected, margin=what.margin,
            ),
        )
        for place, what in enumerate(design.study.primary)
    )  # fmt: skip


def numbers_by_world(design: AuditDesign, store: Store) -> pd.DataFrame:
    """A row for each trial of each world: ``world``, ``arm``, ``topic``, ``seed``, and for each
    primary contrast, by its number, the trial's number as it would be in the first world."""
    frames = []
    for place, each in enumerate(design.worlds):
        made = _numbers(each, store)
        flipped = [
            factor.flips and level > 0
            for factor, level in zip(
                design.chosen.invariances, design.factorial.levels[place], strict=True
            )
        ]
        for column, what in enumerate(design.study.primary):
            if any(flipped) and what.negated == "opposite":
                made[str(column)] = -made[str(column)]
        frames.append(made.assign(world=place))
    return pd.concat(frames, ignore_index=True)


def _numbers(design: Design, store: Store) -> pd.DataFrame:
    """The numbers of the primary contrasts in one world, in columns by their places."""
    alone = replace(design, study=design.study.replace(exploratory=()))
    numbers = numbers_by_trial(alone, tables_of(store, design.ids))
    # Two contrasts may set arms against each other in the same quantity.
    by_place = {str(place): numbers[what.name] for place, what in enumerate(design.study.primary)}
    return numbers[["arm", "topic", "seed", "trial"]].assign(**by_place)


def _moderated(design: AuditDesign, store: Store) -> Iterator[Moderated]:
    for name, (other, each) in design.moderators.items():
        numbers = _numbers(each, store)
        for place, what in enumerate(design.study.primary):
            cells = numbers[["arm", "topic", "seed"]].assign(value=numbers[str(place)])
            yield Moderated(name, other, what, contrast(cells, what.weights, what.null))


def _moved(design: AuditDesign, store: Store) -> tuple[int, int]:
    """How many numbers of trials a relabelled graph moved, and of how many."""
    if design.symmetry is None:
        return 0, 0
    columns = [str(place) for place in range(len(design.study.primary))]
    one, other = (_numbers(each, store)[columns].to_numpy(float) for each in design.symmetry)
    # What is missing on both sides is no number that stayed where it was.
    known = ~(np.isnan(one) & np.isnan(other))
    return int((known & (one != other)).sum()), int(known.sum())


def _record(what: Contrast, found: Worlds) -> dict[str, Any]:
    return {
        "measure": what.name,
        "about": what.about,
        "outcome": found.outcome,
        "null": found.null,
        "new_world": _limits(found.new),
        "mean": _limits(found.mean),
        "above_null": _known(found.above),
        "deviation": _limits(found.tau),
        "variance_beyond_sampling": _known(found.variance),
        "p_any_effect": _known(found.some_effect),
        "p_same_side": _known(found.same_side),
        "p_differ": _known(found.differ),
        "factors": [
            {"name": name, "effect": _limits(each.effect), "share": _limits(each.share)}
            for name, each in zip(found.factors, found.explained, strict=True)
        ],
        "worlds": [
            {
                "levels": [int(level) for level in levels],
                "estimate": _known(estimate),
                "error": _known(variance**0.5),
            }
            for levels, estimate, variance in zip(
                found.design.levels, found.estimates, found.variances, strict=True
            )
        ],
    }


def _limits(limits: Any) -> dict[str, float | None]:
    return {
        "estimate": _known(limits.estimate), "low": _known(limits.low), "high": _known(limits.high),
    }  # fmt: skip


def _known(value: float) -> float | None:
    return None if isnan(value) else float(value)
