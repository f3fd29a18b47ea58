"""Verdicts: what a study found, in a sentence that carries its estimate, null and limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan
from typing import Any, Literal

import pandas as pd

from analysis.calibration import errors
from analysis.energy_distance import energy_distance
from analysis.lineage import Lineage, differ_in
from analysis.linear_contrasts import Contrasted, contrast
from analysis.primary import Numbers
from analysis.tables import Tables
from sim.html.numbers import counted, interval, number, probability
from sim.planning.studies import Contrast, Distance, Study
from sim.planning.trials import IMPORTED
from sim.study.studies.design import FILE, Design

Found = Literal["as expected", "the opposite", "not shown", "alike", "cannot be said"]
"""What became of a hypothesis. ``alike``: the contrast lies within the margin of its null though a
difference was expected."""

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Finding:
    """A contrast of the study, and what it came to."""

    contrast: Contrast
    result: Contrasted
    primary: bool

    @property
    def found(self) -> Found:
        """What was found: by the 95% limits and the test together, or, within a margin, by the 90%
        limits (two one-sided tests, Schuirmann 1987)."""
        expected, null, result = self.contrast.expected, self.contrast.null, self.result
        limits, margin = result.interval, self.contrast.margin
        # Blocks that are all alike have no limits, and a test may still tell them from the null.
        if isnan(limits.estimate) or isnan(result.p):
            return "cannot be said"
        within = (
            margin is not None
            and null - margin < result.wide.low
            and result.wide.high < null + margin
        )
        if expected == "alike":
            if within:
                return "as expected"
            return "the opposite" if self._apart else "not shown"
        if not self._apart:
            if result.least > LEVEL:
                return "cannot be said"
            return "alike" if within else "not shown"
        if within:
            # It is there, and it is smaller than what would matter.
            return "alike"
        up = limits.estimate > null
        wanted = {"greater": up, "less": not up, "different": True}[expected]
        return "as expected" if wanted else "the opposite"

    @property
    def _apart(self) -> bool:
        limits, null = self.result.interval, self.contrast.null
        outside = isnan(limits.low) or limits.low > null or limits.high < null
        return self.result.p <= LEVEL and outside and limits.estimate != null

    @property
    def sentence(self) -> str:
        """The finding in one sentence."""
        what, result = self.contrast, self.result
        name = what.about or in_words(what)
        opening = f"{_OUTCOMES[self.found]} {name[:1].upper()}{name[1:]}: "
        limits = result.interval
        if isnan(limits.estimate):
            none = [arm for arm, count in result.missing.items() if count == result.played[arm]]
            told = (
                f"no trial of {' and '.join(none)} has a number"
                if none
                else (f"no {result.unit} has all numbers")
            )
            return f"{opening}{told} ({what.name})."
        known = interval(limits.low, limits.high, sign=True)
        told = (
            f"{number(limits.estimate, sign=True)} {known} (95%, "
            if known
            else (f"{number(limits.estimate, sign=True)} (no limits, ")
        )
        against = f"null {number(what.null)}, {what.name}"
        return (
            f"{opening}{told}{_units(result)}; p\u00a0=\u00a0{probability(result.p)}, {against})."
        )

    @property
    def notes(self) -> Iterator[str]:
        """What makes this finding weak."""
        result = self.result
        if not isnan(result.least) and result.least > LEVEL:
            yield (
                f"{counted(result.units, result.unit)}: no exact test of so few reaches p = 0.05, "
                "however large the effect is; play more --seeds."
            )
        if result.fixed_topics and result.topics > 1:
            yield f"{result.topics} topics: what was found holds for these topics only."
        elif result.fixed_topics:
            yield "One topic: what was found holds for this scene alone."
        if any(result.missing.values()):
            told = ", ".join(
                f"{arm} {missing} of {result.played[arm]}"
                for arm, missing in result.missing.items()
            )
            uneven = len({m / max(result.played[a], 1) for a, m in result.missing.items()}) > 1
            also = ": uneven, which is an effect of its own" if uneven else ""
            yield f"Trials without a number of {self.contrast.name}: {told}{also}."


_OUTCOMES: Mapping[Found, str] = {
    "as expected": "As expected.",
    "the opposite": "The opposite of what was expected.",
    "not shown": "Not shown.",
    "alike": "No larger than the margin that would matter.",
    "cannot be said": "Cannot be said.",
}


@dataclass(frozen=True)
class Verdict:
    """What a study found. ``deviations`` are changes after the first trial, ``audited`` is the
    sentence of an audit (blank: there was none), ``differ`` says of models that a contrast sets
    against each other in what they differ, as far as that was declared."""

    study: Study
    models: Mapping[str, str]
    findings: tuple[Finding, ...]
    errors: tuple[str, ...]
    deviations: tuple[str, ...] = ()
    audited: str = ""
    unfinished: int = 0
    differ: tuple[str, ...] = ()

    @property
    def primary(self) -> tuple[Finding, ...]:
        """The findings that decide."""
        return tuple(each for each in self.findings if each.primary)

    @property
    def found(self) -> Found:
        """The answer: of several primary contrasts all must be as expected."""
        every = [each.found for each in self.primary]
        worst: tuple[Found, ...] = ("the opposite", "cannot be said", "not shown", "alike")
        return next((each for each in worst if each in every), "as expected")

    @property
    def embedded(self) -> bool:
        """Whether it was played on embedded stages alone."""
        return all(model.startswith("embedded:") for model in self.models.values())

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """The verdict: first the answer, then what has to be known to believe it."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        several = len(self.primary) > 1
        if several:
            yield f"{_OUTCOMES[self.found]} All of {len(self.primary)} contrasts were to hold."
        for each in self.primary:
            yield each.sentence
        yield from self.differ
        if self.embedded:
            yield "An embedded stage is no language model: this tests the study, not LLMs."
        else:
            for figure in self.study.published:
                differs = f"; {figure.differs}" if figure.differs else ""
                yield (
                    f"Published: {figure.value} ({figure.estimand}; {figure.source}, {figure.read}"
                    f"{differs})."
                )
        yield self.audited or (
            "Not audited: it may hold for this wording, these names and this order alone "
            "(elsinore audit plays it in others)."
        )
        if self.unfinished:
            yield f"{counted(self.unfinished, 'trial')} did not come to an end and count nowhere."
        for told in self.deviations:
            yield f"Not as registered: {told}."
        seen: set[str] = set()
        for each in self.primary:
            for note in each.notes:
                if note not in seen:
                    seen.add(note)
                    yield note
        yield from self.errors

    def record(self) -> dict[str, Any]:
        """The verdict as JSON has it."""
        return {
            "study": self.study.name,
            "question": self.study.question,
            "models": dict(self.models),
            "found": self.found,
            "findings": [_record(each) for each in self.findings],
            "sentences": list(self.sentences),
            "deviations": list(self.deviations),
            "audited": self.audited or None,
            "unfinished": self.unfinished,
            "differ": list(self.differ),
            "published": [each.model_dump(mode="json") for each in self.study.published],
        }


def numbers_by_trial(design: Design, tables: Tables) -> pd.DataFrame:
    """A row for each planned trial: ``arm``, ``topic``, ``seed``, ``trial``, and a column for each
    quantity (NaN where a trial has none, or did not come to its end)."""
    rows = [(each.arm, each.topic, each.seed, each.trial.id) for each in design.planned]
    frame = pd.DataFrame(rows, columns=["arm", "topic", "seed", "trial"])
    numbers = Numbers(tables)
    for each in design.study.contrasts:
        for column, quantity in each.columns.items():
            if column not in frame:
                known = numbers.of(quantity, each.actor, each.settings)
                frame[column] = [known.get(trial, nan) for trial in frame["trial"]]
    return frame


def findings_of(study: Study, numbers: pd.DataFrame) -> tuple[Finding, ...]:
    """What each contrast of a study comes to, from the numbers of its trials."""
    return tuple(
        Finding(each, _estimated(each, numbers), place < len(study.primary))
        for place, each in enumerate(study.contrasts)
    )


def _estimated(what: Contrast, numbers: pd.DataFrame) -> Contrasted:
    """A contrast of one number, or a distance in several."""
    cells = numbers[["arm", "topic", "seed"]]
    if isinstance(what, Distance):
        shares = {column: numbers[column] for column in what.columns}
        return energy_distance(cells.assign(**shares), what.weights)
    return contrast(cells.assign(value=numbers[what.name]), what.weights, what.null)


def models_differ(design: Design, declared: Mapping[str, Lineage]) -> Iterator[str]:
    """What may be said of the difference of two models that a contrast of two arms sets against
    each other, a sentence for each pair. ``declared`` is what is known of models, by model string:
    of others, roles may be called ``base`` and ``tuned``, and they are just two models."""
    played = {each.arm: each.trial for each in design.planned}
    told: set[frozenset[str]] = set()
    for each in design.study.contrasts:
        # The minuend last, as in "base and tuned differ in ..." for tuned less base.
        arms = sorted((name for name, weight in each.weights.items() if weight),
                      key=lambda name: each.weights[name])  # fmt: skip
        if len(arms) != 2 or not all(arm in played for arm in arms):
            continue
        roles = [design.study.arms[arm].stage for arm in arms]
        first, second = (design.models[role] for role in roles)
        people = any(model.startswith(FILE) for model in (first, second))
        if first == second or people or {first, second} in told:
            continue
        told.add(frozenset((first, second)))
        identities = (played[arms[0]].stage, played[arms[1]].stage)
        found = differ_in((first, second), identities, declared)
        yield f"{' and '.join(roles)} are roles of this study: {found}"


def verdict_of(
    design: Design,
    tables: Tables,
    *,
    deviations: Sequence[str] = (),
    audited: str = "",
    declared: Mapping[str, Lineage] | None = None,
) -> Verdict:
    """Measure the trials of a design, and say what was found. ``declared`` says of which family
    models are and how they were tuned (``analysis.lineage``)."""
    numbers = numbers_by_trial(design, tables)
    used = list(dict.fromkeys(each.measure.partition(".")[0] for each in design.study.primary))
    played = tables.trials[tables.trials["trial"].isin(set(numbers["trial"]))]
    # A conversation of people has no stage: its words stand for one.
    people = played["arm"].str.startswith(IMPORTED)
    stages = list(
        dict.fromkeys(zip(played["stage"].mask(people, ""), played["model"], strict=True))
    )
    ended = set(tables.measured().trials["trial"])
    return Verdict(
        design.study,
        design.models,
        findings_of(design.study, numbers),
        tuple(errors.told(used, [(str(a), str(b)) for a, b in stages])),
        tuple(deviations),
        audited,
        sum(trial not in ended for trial in numbers["trial"]),
        tuple(models_differ(design, declared or {})),
    )


def in_words(what: Contrast) -> str:
    """A contrast by its weights: ``tuned less base``.

    >>> in_words(Contrast(measure="m.q", weights={"tuned": 1, "base": -1}))
    'tuned less base'
    """
    up = [(name, weight) for name, weight in what.weights.items() if weight > 0]
    down = [(name, -weight) for name, weight in what.weights.items() if weight < 0]
    sides = [
        " and ".join(name if weight == 1 else f"{weight:g} {name}" for name, weight in side)
        for side in (up, down)
        if side
    ]
    return " less ".join(sides)


def _units(result: Contrasted) -> str:
    """Over what a contrast was taken, in words."""
    if result.unit == "topic":
        return counted(result.units, "topic")
    topics = f" of {counted(result.topics, 'topic')}" if result.topics > 1 else ""
    return f"{counted(result.units, result.unit)}{topics}"


def _record(each: Finding) -> dict[str, Any]:
    result = each.result
    return {
        **each.contrast.model_dump(mode="json"),
        "primary": each.primary,
        "found": each.found,
        "estimate": _known(result.interval.estimate),
        "low": _known(result.interval.low),
        "high": _known(result.interval.high),
        "p": _known(result.p),
        "units": result.units,
        "unit": result.unit,
        "topics": result.topics,
        "means": {arm: _known(value) for arm, value in result.means.items()},
        "missing": dict(result.missing),
        "sentence": each.sentence,
    }


def _known(value: float) -> float | None:
    return None if isnan(value) else value
