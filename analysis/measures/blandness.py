"""Is what an actor says anybody's? How near to nobody, how specific, how full of set phrases.

*Evidence*: T.

*Definition.* ``apart``: the distance of an actor's lines to what the same stage says with no
persona, over the distance between two such twins: 1 is as bland as nobody, above 1 it has a voice
of its own. The distance of two trials is 1 less the mean cosine of a line of one with a line of the
other (sentence embeddings), so it does not depend on how many lines there are. Twins are actors of
whom nothing but a name is said, in other trials of the same scenario and model; the arm's number is
a ratio of means over pairs of trials. ``specificity``: 1 less the chance that a word of the actor's
is said in another trial of the scenario, trial and arm drawn at random, arms alike; 0 if everybody
has all of its words. ``details``: share of its words that are numbers or names (capital letter
within a sentence), the names of the cast left out. ``platitude`` and ``hedge``: share of its lines
with such an expression (``evidence.lexicon``).

*Null.* Of ``apart``: every trial of twins against the other twins; its mean is 1 by construction,
its range is what chance does. The others compare arms; where the store has twins they are an arm of
their own.

*References.* Hypothesis H1; arXiv 2512.12775 (distance to a twin with no persona); Sparck Jones
1972 (specificity by how many documents have a word).

*Traps.* Topic words are in every trial of a scenario and count for nothing: that is meant. Long
trials have more words, so compare ``specificity`` of arms of like length. ``apart`` measures words
that the persona puts into its mouth, also when they are its brief repeated. It is missing without
trials of twins (three at least): play the scenario with blank personas on the same model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from math import nan, sqrt
from typing import Any, ClassVar

import numpy as np
from scipy import special

from analysis.estimates import Estimate, Quantities, Quantity
from analysis.evidence.embeddings import Embedder, embedder
from analysis.evidence.repetition import words_of
from analysis.evidence.text import score
from analysis.measures.series import lines_of
from analysis.results import ArmEstimate, Result
from analysis.stats import UNKNOWN, Floats, Interval
from analysis.tables import Data
from sim.planning.trials import IMPORTED

TWINS = 3
"""Fewer trials of twins say little of how far twins are apart."""

OTHERS = 3
"""Specificity is missing if there are fewer other trials of the scenario."""

_NAME = re.compile(r"(?<=[a-z,;]\s)[A-Z][a-z]+")
_NUMBER = re.compile(r"\b\d[\d.,:]*")

Said = dict[str, list[str]]
"""The lines of every actor of a trial."""

_ACTOR: Quantities = {
    "apart": Quantity("distance to twins without a persona, over that between twins", low=0),
    "specificity": Quantity("1 less the chance that its words are in another trial", low=0, high=1),
    "details": Quantity("share of its words that are numbers or names", low=0, high=1),
    "platitude": Quantity("share of its lines with a platitude", low=0, high=1),
    "hedge": Quantity("share of its lines with a hedge", low=0, high=1),
}


class Blandness(Result):
    """How near to nobody every actor is, how specific, how full of set phrases.

    ``by`` is an embedder or its name; None is the best that is installed. It reads only where there
    are twins. Raises ``ValueError`` for an unknown embedder.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> said = [Turn(1, "A", "At the end of the day, we are all in this together.")]
    >>> float(Blandness(tables_from([Record("t", [{"name": "A"}], said)])).by_actor.platitude[0])
    1.0
    """

    measure = "blandness"
    evidence = "T"
    turn: ClassVar[Quantities] = {
        "details": Quantity("numbers and names in it", "count"),
        "platitude": Quantity("it has a platitude", "share", low=0, high=1),
        "hedge": Quantity("it has a hedge", "share", low=0, high=1),
    }
    actor: ClassVar[Quantities] = {
        "twin": Quantity("nothing but its name was said of it", "share", low=0, high=1),
        **_ACTOR,
    }
    trial: ClassVar[Quantities] = _ACTOR
    arm: ClassVar[Quantities] = _ACTOR

    def __init__(self, data: Data, by: Embedder | str | None = None) -> None:
        super().__init__(data)
        self.embedder = embedder(by) if by is None or isinstance(by, str) else by

    # --- What is read ----------------------------------------------------------------------------

    @cached_property
    def _said(self) -> dict[str, Said]:
        """The lines of every actor of every trial."""
        said: dict[str, Said] = {}
        for trial, lines in lines_of(self.tables).items():
            for line in lines:
                if line.text.strip():
                    said.setdefault(trial, {}).setdefault(line.speaker, []).append(line.text)
        return said

    @cached_property
    def _names(self) -> dict[str, set[str]]:
        """The names in every cast."""
        names: dict[str, set[str]] = {}
        for trial, actor in zip(
            *(self.tables.cast[key] for key in ("trial", "actor")), strict=True
        ):
            names.setdefault(str(trial), set()).add(str(actor))
        return names

    @cached_property
    def _blank(self) -> set[tuple[str, str]]:
        """The actors without a persona, by trial and name. People are nobody's twins."""
        people = self.tables.trials["arm"].str.startswith(IMPORTED) | (
            self.tables.trials["model"].fillna("") == ""
        )
        played = set(self.tables.trials.loc[~people, "trial"])
        cast = self.tables.cast
        return {
            (str(trial), str(actor))
            for trial, actor, blank in zip(cast["trial"], cast["actor"], cast["blank"], strict=True)
            if blank and trial in played
        }

    @cached_property
    def _scene(self) -> dict[str, tuple[str, str]]:
        """Scenario and model of every trial."""
        trials = self.tables.trials[["trial", "scenario", "model"]].fillna("")
        return {
            str(trial): (str(scenario), str(model))
            for trial, scenario, model in trials.itertuples(index=False, name=None)
        }

    @cached_property
    def _arm(self) -> dict[str, str]:
        return {trial: str(arm) for trial, arm in self.arm_of().items()}

    @cached_property
    def _twins(self) -> dict[tuple[str, str], list[str]]:
        """The trials with lines of twins, by scenario and model; those with too few left out."""
        found: dict[tuple[str, str], list[str]] = {}
        for trial in sorted({trial for trial, actor in self._blank if self._lines(trial, actor)}):
            found.setdefault(self._scene[trial], []).append(trial)
        return {scene: trials for scene, trials in found.items() if len(trials) >= TWINS}

    def _lines(self, trial: str, actor: str) -> list[str]:
        return self._said.get(trial, {}).get(actor, [])

    def _mean(self, lines: Sequence[str]) -> Floats:
        """The mean vector of lines; the product of two is the mean cosine of their lines."""
        return np.asarray(self.embedder.embed(lines).mean(axis=0), dtype=np.float64)

    @cached_property
    def _nobody(self) -> dict[str, Floats]:
        """The mean vector of the twins' lines in each of their trials."""
        return {
            trial: self._mean(
                [line for actor, lines in self._said[trial].items()
                 if (trial, actor) in self._blank for line in lines]
            )
            for trials in self._twins.values()
            for trial in trials
        }  # fmt: skip

    @cached_property
    def _between(self) -> dict[tuple[str, str], Floats]:
        """The distances of every two trials of twins; of one with itself NaN."""
        tables = {}
        for scene, trials in self._twins.items():
            vectors = np.stack([self._nobody[trial] for trial in trials])
            distances = 1 - vectors @ vectors.T
            np.fill_diagonal(distances, nan)
            tables[scene] = distances
        return tables

    # --- The levels ------------------------------------------------------------------------------

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        for trial, lines in lines_of(self.tables).items():
            names = self._names.get(trial, set())
            for line in lines:
                if line.text.strip():
                    scores = score(line.text)
                    yield (
                        trial, line.turn, line.speaker, _details(line.text, names),
                        scores.platitude > 0, scores.hedge > 0,
                    )  # fmt: skip

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        cast = self.tables.cast.sort_values(["trial", "seat"], kind="stable")
        for trial, actor in zip(cast["trial"], cast["actor"], strict=True):
            lines = self._lines(str(trial), str(actor))
            twin = (str(trial), str(actor)) in self._blank
            if not lines:
                yield trial, actor, twin, nan, nan, nan, nan, nan
                continue
            words = sum(len(line.split()) for line in lines)
            scores = [score(line) for line in lines]
            details = sum(_details(line, self._names[str(trial)]) for line in lines)
            yield (
                trial,
                actor,
                twin,
                self._apart(str(trial), lines),
                self._specificity(str(trial), lines),
                min(1.0, details / words),
                float(np.mean([each.platitude > 0 for each in scores])),
                float(np.mean([each.hedge > 0 for each in scores])),
            )

    def _apart(self, trial: str, lines: Sequence[str]) -> float:
        scene = self._scene[trial]
        if scene not in self._twins:
            return nan
        distances = self._to_twins(trial, self._mean(lines))
        return _over(float(np.nanmean(distances)), float(np.nanmean(self._between[scene])))

    def _to_twins(self, trial: str, vector: Floats) -> Floats:
        """The distance to every trial of twins; NaN to the trial itself."""
        twins = self._twins[self._scene[trial]]
        found = np.array([1 - float(vector @ self._nobody[twin]) for twin in twins])
        found[[twin == trial for twin in twins]] = nan
        nearest: Floats = np.maximum(found, 0)
        return nearest

    @cached_property
    def _shares(self) -> dict[str, dict[str, tuple[Counter[str], int]]]:
        """By scenario and arm: how many trials have each word, and how many trials there are."""
        counts: dict[str, dict[str, tuple[Counter[str], int]]] = {}
        for trial, vocabulary in self._vocabulary.items():
            of_scenario = counts.setdefault(self._scene[trial][0], {})
            counter, number = of_scenario.get(self._arm[trial], (Counter(), 0))
            counter.update(vocabulary)
            of_scenario[self._arm[trial]] = (counter, number + 1)
        return counts

    @cached_property
    def _vocabulary(self) -> dict[str, set[str]]:
        return {
            trial: {word for lines in said.values() for line in lines for word in words_of(line)}
            for trial, said in self._said.items()
        }

    def _specificity(self, trial: str, lines: Sequence[str]) -> float:
        own = self._arm[trial]
        words = Counter(word for line in lines for word in words_of(line))
        vocabulary = self._vocabulary[trial]
        shares, trials = np.zeros(len(words)), 0
        arms = 0
        for arm, (counter, number) in self._shares[self._scene[trial][0]].items():
            others = number - (arm == own)
            if others:
                seen = np.array([counter[w] - (arm == own and w in vocabulary) for w in words])
                shares += seen / others
                arms, trials = arms + 1, trials + others
        if trials < OTHERS or not words:
            return nan
        weights = np.array(list(words.values()), dtype=np.float64)
        return float(np.clip(1 - weights @ (shares / arms) / weights.sum(), 0, 1))

    def _arms(self) -> Iterable[ArmEstimate]:
        trials = {arm: [str(trial) for trial in rows["trial"]]
                  for arm, rows in self.trials_of_arms()}  # fmt: skip
        for each in super()._arms():
            if each.quantity == "apart":
                yield each._replace(estimate=self._apart_of(trials[each.arm]))
            elif each.quantity == "specificity" and not each.estimate.known:
                note = f"fewer than {OTHERS} other trials of the scenario"
                yield each._replace(estimate=replace(each.estimate, note=note))
            else:
                yield each

    def _apart_of(self, trials: Sequence[str]) -> Estimate:
        """The arm's ratio of distances, with the twins' own against each other as its null."""
        said = [trial for trial in trials if trial in self._said]
        scene = self._scene[said[0]] if said else ("", "")
        if scene not in self._twins:
            note = f"fewer than {TWINS} trials of the scenario without a persona on this model"
            return self.made("apart", UNKNOWN, 0, note=note)
        everybody = [
            self._mean([line for lines in self._said[trial].values() for line in lines])
            for trial in said
        ]
        rows = np.stack(
            [self._to_twins(trial, one) for trial, one in zip(said, everybody, strict=True)]
        )
        between = self._between[scene]
        ratio = _ratio(rows, between, [twin in said for twin in self._twins[scene]])
        own = np.nanmean(between, axis=1) / np.nanmean(between)
        null = Interval(1.0, *(float(limit) for limit in np.quantile(own, (0.025, 0.975))))
        return self.made("apart", ratio, len(said), null=null)


def _details(line: str, names: Iterable[str]) -> int:
    """How many numbers and names there are in a line."""
    parts = {part for name in names for part in name.split()}
    return len(_NUMBER.findall(line)) + sum(word not in parts for word in _NAME.findall(line))


def _over(above: float, below: float) -> float:
    return above / below if below > 0 else nan


def _ratio(rows: Floats, between: Floats, shared: Sequence[bool]) -> Interval:
    """Mean distance to twins over mean distance between twins, with a jackknife interval.

    ``rows`` is trials by twins. Trials and twins are two samples, so that each is left out one at a
    time and the variances are added (Arvesen 1969); a trial of twins that is measured itself
    (``shared``) is left out on both sides at once.
    """
    estimate = _over(float(np.nanmean(rows)), float(np.nanmean(between)))
    if not any(shared) and len(rows) < 2:
        return Interval(estimate, nan, nan)
    twins = np.arange(len(between))
    without_twin = []
    itself = np.isnan(rows)
    for twin in twins:
        kept = twins != twin
        own = ~itself[:, twin]
        above = np.nanmean(rows[own][:, kept]) if own.any() else nan
        without_twin.append(_over(float(above), float(np.nanmean(between[np.ix_(kept, kept)]))))
    parts = [np.array(without_twin)]
    apart = [place for place in range(len(rows)) if not itself[place].any()]
    if len(apart) > 1:
        rest = np.arange(len(rows))
        parts.append(
            np.array([_over(float(np.nanmean(rows[rest != place])), float(np.nanmean(between)))
                      for place in apart])
        )  # fmt: skip
    variance = sum(
        float(np.sum((part - part.mean()) ** 2)) * (len(part) - 1) / len(part) for part in parts
    )
    freedom = min(len(part) for part in parts) - 1
    half = float(special.stdtrit(freedom, 0.975)) * sqrt(variance)
    return Interval(estimate, estimate - half, estimate + half)
