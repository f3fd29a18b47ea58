"""The answer: what was found, in sentences that anybody can read, each with the turns behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isnan
from typing import NamedTuple

import numpy as np

from analysis.comparison import Comparison, Difference, compare
from analysis.estimates import Estimate
from analysis.figures import NAMES, effects, told_apart
from analysis.measures.convergence_controls import ratio_of_ends
from analysis.reports.arms import ArmLabel, contrast_of
from analysis.reports.contested import contested
from analysis.reports.examples import Claim, Spot, extreme, happened, typical
from analysis.reports.material import Material
from analysis.results import ArmEstimate, Result
from analysis.stats import UNKNOWN, jackknife
from analysis.tables import side_named
from sim.errors import BadRequest
from sim.html import Figure
from sim.html.numbers import counted, interval, number, probability, share


class Reading(NamedTuple):
    """How a quantity is said: what speakers did more or less of, what its number is about, and what
    follows the two numbers."""

    more: str
    less: str
    noun: str
    unit: str
    told: Callable[[float | None], str] = share


READINGS = {
    "convergence.c": Reading(
        "come closer together", "come less close together", "how far speakers come together",
        "of the distance between them is gone at the end",
    ),
    "flips.flip": Reading(
        "turn into their opposite more often", "turn into their opposite less often",
        "how many turn into their opposite", "of speakers",
    ),
    "collapse.collapse": Reading(
        "fall back into a polite assistant more often",
        "fall back into a polite assistant less often",
        "how many fall back into a polite assistant", "of speakers",
    ),
    "loops.loop": Reading(
        "begin to loop more often", "begin to loop less often", "how many begin to loop",
        "of speakers",
    ),
    "conflict.hostility": Reading(
        "speak with more hostility", "speak with less hostility", "how hostile speakers are",
        "on a scale from 0 to 1", number,
    ),
    "conflict.negative": Reading(
        "contradict more of what they answer", "contradict less of what they answer",
        "how much is contradicted", "of the replies that take a side",
    ),
}  # fmt: skip
"""Quantities that have words of their own."""


@dataclass(frozen=True)
class Answer:
    """What was found in a store."""

    material: Material

    @cached_property
    def comparison(self) -> Comparison | None:
        """Arms beside each other; None if there is one alone, or nothing to compare."""
        material = self.material
        by = contrast_of(material.arms)
        if by is None or material.debates:
            return None
        results: list[Result] = [
            material.convergence, material.flips, material.collapse, material.loops,
            material.conflict,
        ]  # fmt: skip
        if material.convergence.by_trial["c"].isna().all():
            results = results[1:]  # Nobody was asked where they stand.
        try:
            return compare(material.played, by, measures=results)
        except BadRequest:
            return None

    @property
    def effects(self) -> list[Figure]:
        """The forest of all differences, if there are any."""
        made = (
            None
            if self.comparison is None
            else effects(self.comparison.differences, self.comparison.by)
        )
        return [] if made is None else [made]

    @cached_property
    def claims(self) -> list[Claim]:
        """The sentences, what matters most first."""
        if self.material.debates:
            found = list(contested(self.material))
        else:
            found = list(self._compared()) if self.comparison else list(self._closer())
            found += self._became()
        return [replace(each, lead=place == 0) for place, each in enumerate(found)]

    @cached_property
    def warnings(self) -> list[str]:
        """What makes these numbers weak."""
        material = self.material
        told: list[str] = []
        if self.comparison is not None:
            told += self.comparison.warnings
        elif not material.debates:
            few = [arm for arm in material.arms if len(arm.trials) < 6]
            if few:
                told.append("Few trials: intervals are wide, and nothing is compared.")
        left = ", ".join(
            f"{count} {status}" for status, count in self.material.loaded.left_out.items()
        )
        if left:
            told.append(f"Trials that did not come to their end are left out: {left}.")
        if material.sampled:
            told.append(
                f"Words were read in {material.of_how_many}; where speakers stand, and how far "
                "they come together, in all. More: elsinore report --turns 0."
            )
        if any(str(model).startswith("embedded:") for model in material.whole.trials["model"]):
            toy = "An embedded stage is no language model: these numbers test the instruments."
            told += [toy] if toy not in told else []
        return list(dict.fromkeys(told))

    # --- Sentences -------------------------------------------------------------------------------

    def _compared(self) -> Iterator[Claim]:
        """Differences with words of their own: shown ones first, then what is not shown."""
        assert self.comparison is not None
        known = [each for each in self.comparison.differences if each.quantity in READINGS]
        primary = [each for each in known if each.primary]
        others = [each for each in known if not each.primary and _shown(each)]
        for each in [*primary, *sorted(others, key=_order)]:
            yield self._difference(each)
        # What was shown is said, whether or not it has words of its own.
        plain = [each for each in self.comparison.differences if each.quantity not in READINGS]
        for each in sorted(filter(_shown, plain), key=_order):
            yield self._in_numbers(each)
        rest = [each for each in known if not each.primary and not _shown(each)]
        if rest:
            nouns = list(dict.fromkeys(READINGS[each.quantity].noun for each in rest))
            shown = {READINGS[each.quantity].noun for each in others}
            silent = [noun for noun in nouns if noun not in shown]
            if silent:
                yield Claim(
                    f"No difference was shown in {_listed(silent)}.",
                    "That is no proof that there is none: the forest of effects has the intervals.",
                    tuple(self._among(rest, silent)),
                )

    def _difference(self, each: Difference) -> Claim:
        words = READINGS[each.quantity]
        of = f" ({self._shared(each)})" if each.of else ""
        a, b = words.told(each.value_a), words.told(each.value_b)
        one, other = self._named(each.a), self._named(each.b)
        on = "With" if "=" in one else "On"
        gap = each.difference
        if isnan(gap.estimate):
            sentence = f"Whether {one} and {other} differ in {words.noun}{of} cannot be said."
        elif each.equivalent:
            sentence = f"{one} and {other} are alike in {words.noun}{of}: {a} and {b} {words.unit}."
        elif _shown(each):
            verb = words.more if gap.estimate > 0 else words.less
            sentence = (
                f"{on} {one}, speakers {verb} than {on.lower()} {other}{of}: "
                f"{a}, against {b}, {words.unit}."
            )
        else:
            sentence = (
                f"It is not shown that {one} and {other} differ in {words.noun}{of}: "
                f"{a}, against {b}, {words.unit}."
            )
        return Claim(sentence, _numbers(each), tuple(self._spots(each)))

    def _in_numbers(self, each: Difference) -> Claim:
        """A difference that was shown, of a quantity without words of its own."""
        noun = NAMES.get(each.quantity, each.quantity)
        of = f" ({self._shared(each)})" if each.of else ""
        one, other = self._named(each.a), self._named(each.b)
        on = "with" if "=" in one else "on"
        word = "more" if each.difference.estimate > 0 else "less"
        sentence = (
            f"{noun[:1].upper()}{noun[1:]}: {word} {on} {one} than {on} {other}{of}, "
            f"{number(each.value_a)} against {number(each.value_b)}."
        )
        return Claim(sentence, _numbers(each), tuple(self._spots(each)))

    def _named(self, side: str) -> str:
        """A side of the comparison as a person calls it: a value of a parameter with its name."""
        return side_named(self._by, side)

    @property
    def _by(self) -> str:
        return self.comparison.by if self.comparison else "model"

    def _shared(self, each: Difference) -> str:
        """What both arms share, as short as it tells: the scenario where each has one arm of it,
        else the facts that not all arms share."""
        differences = self.comparison.differences if self.comparison else ()
        every = {other.of for other in differences}
        first = each.of.partition(" ")[0]
        alike = [of for of in every if of.partition(" ")[0] == first]
        if len(alike) == 1 and first in self._scenarios:
            return first
        names = told_apart(other.of for other in differences if other.clusters <= 1)
        return names.get(each.of, each.of)

    @property
    def _scenarios(self) -> set[str]:
        return {arm.scenario for arm in self.material.arms}

    def _spots(self, each: Difference) -> Iterator[Spot]:
        material = self.material
        measure, _, name = each.quantity.partition(".")
        read = set(material.read.trials["trial"])
        for side in (each.a, each.b):
            trials = [trial for trial in self._trials(side) if trial in read]
            called = self._named(side)
            if measure == "convergence":
                table = material.convergence.by_trial
                yield from typical(table, "c", trials, f"typical of {called}")
            elif measure == "conflict" and name == "hostility":
                yield from extreme(material.conflict.by_turn, name, trials, f"harshest of {called}")
            elif measure == "conflict":
                yield from extreme(material.conflict.by_trial, name, trials, f"most of {called}")
            else:
                yield from happened(material, name, trials, 2)

    def _among(self, differences: Sequence[Difference], nouns: Sequence[str]) -> Iterator[Spot]:
        """For each of these nouns two places: where it happened, or the most of each side."""
        for noun in nouns:
            each = next(each for each in differences if READINGS[each.quantity].noun == noun)
            found = list(self._spots(each))[:2]
            yield from (replace(spot, why=spot.why or noun) for spot in found)

    def _trials(self, side: str) -> list[str]:
        """The trials of a value of what was compared."""
        arms = [arm for arm in self.material.arms if _has(arm, self._by, side)]
        return [trial for arm in arms for trial in arm.trials]

    def _closer(self) -> Iterator[Claim]:
        """How far speakers of each arm come together, where arms are not compared."""
        for arm in self.material.arms[:6]:
            found = distance_gone(self.material, arm.trials)
            if not found.known:
                continue
            where = "" if len(self.material.arms) == 1 else f"In {arm.label}, "
            gone = (
                f"{share(found.value)} of the distance between them is gone"
                if found.value >= 0
                else f"the distance between them grew by {share(-found.value)}"
            )
            start = "speakers" if where else "Speakers"
            beyond = self._beyond(arm)
            if found.low > 0:
                told = f"{start} came closer together: {gone}"
                if beyond is not None and beyond.estimate.low <= 0:
                    told += ", which is not shown to be the work of their exchange"
                told += "."
            elif found.high < 0:
                told = f"{start} moved apart: {gone}."
            else:
                told = f"{start} are not shown to come together or to move apart: {gone}."
            trials = counted(found.n or 0, "trial")
            limits = (
                f"No interval can be had of {trials}"
                if isnan(found.low)
                else f"95% interval {share(found.low)} to {share(found.high)}; {trials}"
            )
            yield Claim(
                where + told,
                f"{limits}{_control(beyond)}; convergence.c, evidence P.",
                tuple(typical(self.material.convergence.by_trial, "c", arm.trials, "typical")),
            )

    def _beyond(self, arm: ArmLabel) -> ArmEstimate | None:
        """C of an arm beyond what comes about without an exchange, by the better control that it
        has; None if it has none."""
        found = {
            each.quantity: each
            for each in self.material.convergence_read.estimates
            if each.arm == arm.key and not isnan(each.estimate.low)
        }
        return found.get("interaction") or found.get("coupling")

    def _became(self) -> Iterator[Claim]:
        """How many flipped, collapsed and looped, of all that were read."""
        material = self.material
        said: list[str] = []
        spots: list[Spot] = []
        # Whoever had no turn is no speaker, and can have become nothing.
        turns = material.read.turns
        spoke = set(zip(turns["trial"].astype(str), turns["speaker"].astype(str), strict=True))
        for kind, words in (("flip", "turned into their opposite"),
                            ("collapse", "fell back into a polite assistant"),
                            ("loop", "began to loop")):  # fmt: skip
            able, found = 0, 0
            for trial, actors in material.onsets.items():
                for actor, each in actors.items():
                    if (trial, actor) not in spoke:
                        continue
                    # Nobody turns into an opposite that the persona does not have.
                    able += kind != "flip" or (trial, actor) in material.opposed
                    found += each.get(kind) is not None
            if able:
                said.append(f"{found:,} of {able:,} {words}")
                spots += happened(material, kind, most=2)
        if said:
            yield Claim(
                f"Of the speakers, {_listed(said)}.",
                f"Read in {material.of_how_many}. What the same instruments report where there is "
                "nothing stands beside each curve below. Evidence T, by the words alone.",
                tuple(spots),
            )


def distance_gone(material: Material, trials: Sequence[str]) -> Estimate:
    """C of some trials: the share of the distance between speakers that is gone at the end."""
    table = material.convergence.by_trial
    ends = table.loc[table["trial"].isin(set(trials)), ["end", "start"]].dropna()
    values = ends.to_numpy(dtype=np.float64)
    found = jackknife(values, ratio_of_ends) if len(values) else UNKNOWN
    # Limits within what is possible, as the measure itself has them: all that was apart is 1.
    made = material.convergence.made("c", found, len(values))
    return made if len(values) else replace(made, note="never asked")


def _control(beyond: ArmEstimate | None) -> str:
    """What is left of C beyond a control, in words; nothing if there is none."""
    if beyond is None:
        return ""
    what = {
        "interaction": "trials in which nobody is answered",
        "coupling": "partners of other trials, paired by chance,",
    }[beyond.quantity]
    gap = beyond.estimate
    limits = interval(gap.low, gap.high, sign=True)
    return f"; beyond {what} C is {number(gap.value, sign=True)} {limits}"


def _has(arm: ArmLabel, by: str, side: str) -> bool:
    """Whether an arm is on a side of a comparison by a fact, or by a parameter, as JSON."""
    if by in arm.facts and by != "parameters":
        return arm.facts[by] == side
    given = json.loads(arm.facts["parameters"] or "{}")
    return by in given and json.dumps(given[by], sort_keys=True) == side


def _shown(each: Difference) -> bool:
    """Whether a difference was shown."""
    return each.difference.excludes_zero and (isnan(each.adjusted) or each.adjusted <= 0.05)


def _order(each: Difference) -> tuple[float, str]:
    return (each.adjusted if not isnan(each.adjusted) else 1.0, each.quantity)


def _numbers(each: Difference) -> str:
    gap = each.difference
    if each.clusters > 1:
        units = counted(each.clusters, "topic")
    elif each.paired:
        units = f"{counted(each.n_a, 'pair')} of trials with the same seed"
    else:
        units = f"{each.n_a} and {counted(each.n_b, 'trial')}"
    limits = interval(gap.low, gap.high, sign=True)
    p = "" if isnan(each.adjusted) else f"; p\u00a0=\u00a0{probability(each.adjusted)} corrected"
    few = "; so few cannot reach p = 0.05" if each.too_few else ""
    rank = "primary" if each.primary else "exploratory"
    return (
        f"Difference {number(gap.estimate, sign=True)} {limits} (95%, each by itself); "
        f"{units}{p}{few}; {each.quantity}, evidence {each.evidence}, {rank}."
    )


def _listed(words: Sequence[str]) -> str:
    """Words as a list.

    >>> _listed(["a", "b", "c"]), _listed(["a"])
    ('a, b and c', 'a')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
