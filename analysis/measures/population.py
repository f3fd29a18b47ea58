"""What minds does a stage draw from one prompt: of one kind or two, how many kinds, how far apart?

*Evidence*: P. A mind is an actor of a trial, asked several items off stage, each twice or more
often (``ask_stance(..., samples=2)``), when it was first asked unless ``turn`` says otherwise.

*Definition.* The *score* of a mind is the mean of its answers over items and samples, each item
turned the way of the first principal axis between minds (of all arms of a scenario together, blind
to the arm). ``within`` is the variance of answers of one mind to one item, ``between`` the variance
component of scores between minds, ``reliability`` the between-mind share of the variance of scores.
One mode or two, of the scores: ``bimodality`` (coefficient, Pfister 2013), ``folding`` (folding
ratio, Siffer 2018; below 1 is rather two), ``mixture`` (BIC of one normal distribution less that of
two, of one variance) and ``upper``, the weight of its upper part. ``kinds`` counts the patterns of
first answers, ``coverage`` the share of the population that these kinds have (Good and Turing).
``polarisation`` is Esteban and Ray's, 1 for two halves at the ends of the scale.

*Null.* Answers heap on 0, ±0.5 and ±1, and each of these statistics takes heaps for modes. So
their nulls are a parametric bootstrap on the grid of the answers (``stats.modes.OneMode``): minds
with one mode at most, with the components of variance and the roundings of these answers. ``p`` is
the largest of the three p values: one mode is rejected if all three tests do so.

*More than one mode is not "bimodal".* ``tails(a, b)`` compares two arms: an arm is bimodal against
another if *both* tails hold more minds in it (intersection of two one-sided tests, Berger 1982).

*References.* Hypothesis H2; Heitjan and Rubin 1990 (heaping); Good 1953; Chao and Jost 2012;
Esteban and Ray 1994. Size and power: ``docs/validity-details.md``,
"Populations of minds".

*Traps.* A cast of different personas is a population of the author's making: sample one persona, or
read one actor (``actor=``). With items asked once, what is of the moment counts as between minds.
Several actors of one trial have heard each other, unless they are asked before the first turn;
intervals are over trials.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from math import nan
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.results import Arm, ArmEstimate, Result
from analysis.stats import UNKNOWN, Floats, Interval, between_groups, difference, mean_interval
from analysis.stats.modes import OneMode, bimodality, coverage, folding, polarisation, two_normals
from analysis.tables import Data, frame
from sim.errors import BadRequest

MINDS = 8
"""Of fewer minds nothing is said of modes."""

TAIL = 0.5
"""A mind is in a tail if its score is beyond this, on either side."""

TAILS: Mapping[str, str] = {
    **dict.fromkeys(("scenario", "tail"), "str"),
    **dict.fromkeys(("share_a", "share_b", "difference", "low", "high", "p"), "float64"),
}
"""The columns of ``Population.tails``."""

_ONE_MODE = ("bimodality", "folding", "mixture")


@dataclass(frozen=True, slots=True)
class Mind:
    """An actor of a trial: its answers, items by samples, turned the way of the score."""

    trial: str
    actor: str
    answers: Floats

    @property
    def score(self) -> float:
        return float(self.answers.mean())

    @property
    def within(self) -> float:
        """The variance of its answers to one item, mean over items; NaN of a single answer."""
        times = self.answers.shape[1]
        return float(self.answers.var(axis=1, ddof=1).mean()) if times > 1 else nan

    def apart(self, count: int, mean: float) -> float:
        """Its part of the variance component between ``count`` minds with this mean score: their
        mean is the variance of scores less that of what is of the moment."""
        if count < 2:
            return nan
        moment = self.within / self.answers.size
        return (self.score - mean) ** 2 * count / (count - 1) - moment


class Population(Result):
    """The minds of an arm: what they have in common, and whether they are of two kinds.

    ``items`` are keys of numeric questions on a scale from -1 to 1 (None: all stances), ``actor``
    reads one name alone. Minds with a missing answer are left out. ``draws`` of the bootstrap, from
    ``seed`` and the answers of the arm.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> def mind(place: int) -> Record:
    ...     view = -0.8 if place % 2 else 0.8
    ...     said = [Answer(0, "A", f"stance:{item}", view + (place % 3 - 1) / 10, sample=sample)
    ...             for item in "xy" for sample in range(2)]
    ...     return Record(f"t{place}", [{"name": "A"}], said)
    >>> result = Population(tables_from(map(mind, range(24))))
    >>> result.estimate("p").value <= 0.05, int(result.estimate("kinds").value)
    (True, 6)
    """

    measure = "population"
    evidence = "P"
    actor: ClassVar[Quantities] = {
        "score": Quantity("mean of its answers, items turned one way", low=-1, high=1),
        "within": Quantity("variance of its answers to one item, mean over items", low=0),
    }
    trial: ClassVar[Quantities] = {
        "score": Quantity("mean score of its minds", low=-1, high=1),
        "low_tail": Quantity(f"share of its minds with a score of -{TAIL} at most", low=0, high=1),
        "high_tail": Quantity(f"share of its minds with a score of {TAIL} at least", low=0, high=1),
        "within": Quantity("variance of answers of one of its minds to one item", low=0),
        "between": Quantity("its part of the variance component of scores between minds"),
    }
    arm: ClassVar[Quantities] = {
        "bimodality": Quantity("bimodality coefficient of the scores", low=0),
        "folding": Quantity("folding ratio of the scores; below 1 rather two modes", low=0),
        "mixture": Quantity("BIC of one normal distribution less that of two"),
        "upper": Quantity("weight of the upper of the two", low=0, high=1),
        "p": Quantity("largest p of the three against one mode on this grid", low=0, high=1),
        "score": Quantity("mean score", low=-1, high=1),
        "low_tail": Quantity(f"share of minds with a score of -{TAIL} at most", low=0, high=1),
        "high_tail": Quantity(f"share of minds with a score of {TAIL} at least", low=0, high=1),
        "within": Quantity("variance of answers of one mind to one item", low=0),
        "between": Quantity("variance component of scores between minds"),
        "reliability": Quantity("between-mind share of the variance of scores"),
        "polarisation": Quantity("Esteban and Ray's, 1 for two halves at the ends", low=0),
        "kinds": Quantity("patterns of first answers that were seen", "count", low=0),
        "coverage": Quantity("share of the population that these are", low=0, high=1),
    }

    def __init__(
        self,
        data: Data,
        items: Sequence[str] | None = None,
        *,
        actor: str | None = None,
        turn: int | None = None,
        seed: int = 0,
        draws: int = 199,
    ) -> None:
        super().__init__(data)
        self.items = None if items is None else tuple(items)
        self.actor_read = actor
        self.turn_read = turn
        self.seed = seed
        self.draws = draws

    # --- What is read ----------------------------------------------------------------------------

    @cached_property
    def _cells(self) -> dict[str, dict[tuple[str, str], dict[str, list[float]]]]:
        """By scenario and mind: the answers to each item, in the order of samples."""
        table = self.tables.answers
        table = table[~table["gauge"]]
        if self.items is None:
            table = table[table["key"].str.startswith("stance:")]
        else:
            table = table[table["key"].isin(self.items)]
        if self.actor_read is not None:
            table = table[table["actor"] == self.actor_read]
        table = table.assign(value=pd.to_numeric(table["value"], errors="coerce"))
        keys = ["trial", "actor", "key"]
        if self.turn_read is None:
            table = table[table["turn"] == table.groupby(keys)["turn"].transform("min")]
        else:
            table = table[table["turn"] == self.turn_read]
        scenario = dict(zip(self.tables.trials["trial"], self.tables.trials["scenario"],
                            strict=True))  # fmt: skip
        cells: dict[str, dict[tuple[str, str], dict[str, list[float]]]] = {}
        for trial, actor, key, value in table.sort_values([*keys, "sample"])[
            [*keys, "value"]
        ].itertuples(index=False):
            of_scenario = cells.setdefault(str(scenario[trial]), {})
            mind = of_scenario.setdefault((str(trial), str(actor)), {})
            mind.setdefault(str(key), []).append(float(value))
        return cells

    @cached_property
    def _minds(self) -> list[Mind]:
        """All minds that answered every item of their scenario as often as the others."""
        minds: list[Mind] = []
        for cells in self._cells.values():
            items = sorted({key for answers in cells.values() for key in answers})
            whole = {
                who: [answers[key] for key in items]
                for who, answers in cells.items()
                if set(answers) == set(items)
                if not any(np.isnan(value) for own in answers.values() for value in own)
            }
            if not whole:
                continue
            times = min(len(own) for answers in whole.values() for own in answers)
            stacked = np.array([[own[:times] for own in answers] for answers in whole.values()])
            turned = stacked * _ways(stacked)[None, :, None]
            minds += [Mind(*who, answers) for who, answers in zip(whole, turned, strict=True)]
        return minds

    @cached_property
    def _by_arm(self) -> dict[Arm, list[Mind]]:
        arms = self.arm_of()
        members: dict[Arm, list[Mind]] = {arm: [] for arm in sorted(set(arms.values()))}
        for mind in self._minds:
            members[arms[mind.trial]].append(mind)
        return members

    # --- The levels ------------------------------------------------------------------------------

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        for mind in self._minds:
            yield mind.trial, mind.actor, mind.score, mind.within

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        parts = {
            arm: (len(minds), _mean([mind.score for mind in minds]))
            for arm, minds in self._by_arm.items()
        }
        arms = self.arm_of()
        members: dict[str, list[Mind]] = {}
        for mind in self._minds:
            members.setdefault(mind.trial, []).append(mind)
        for trial, minds in members.items():
            values = np.array([mind.score for mind in minds])
            tails = (float(np.mean(values <= -TAIL)), float(np.mean(values >= TAIL)))
            within = _mean([mind.within for mind in minds])
            between = _mean([mind.apart(*parts[arms[trial]]) for mind in minds])
            yield trial, float(values.mean()), *tails, within, between

    def _arms(self) -> Iterable[ArmEstimate]:
        for arm, minds in self._by_arm.items():
            yield from self._of_arm(arm, minds)

    def _of_arm(self, arm: Arm, minds: Sequence[Mind]) -> Iterable[ArmEstimate]:
        count = len(minds)
        answered = np.stack([mind.answers for mind in minds]) if minds else np.zeros((0, 1, 1))
        left_out = sum(
            len(cells) for scenario, cells in self._cells.items() if scenario == arm[0]
        ) - sum(mind.trial in self._scene_trials(arm[0]) for mind in self._minds)
        note = f"{left_out} minds of the scenario with missing answers left out" if left_out else ""
        if answered.shape[2] < 2 and minds:
            note = "; ".join(filter(None, [note, "every item was asked once"]))
        for name, interval, null in self._numbers_of(minds, answered):
            why = note if not np.isnan(interval.estimate) else _why(name, count, answered)
            estimate = self.made(name, interval, count, note=why, null=null)
            yield ArmEstimate(arm, name, estimate)

    def _scene_trials(self, scenario: str) -> set[str]:
        trials = self.tables.trials
        return set(trials.loc[trials["scenario"].fillna("") == scenario, "trial"])

    def _numbers_of(
        self, minds: Sequence[Mind], answered: Floats
    ) -> Iterable[tuple[str, Interval, Interval]]:
        scores = answered.mean(axis=(1, 2))
        enough = len(minds) >= MINDS and float(np.ptp(scores)) > 1e-9
        generator = _stream(self.seed, answered)
        statistics = {
            "bimodality": bimodality,
            "folding": folding,
            "mixture": lambda some: two_normals(some)[0],
            "polarisation": polarisation,
        }
        known = dict.fromkeys([*statistics, "upper", "p"], (UNKNOWN, UNKNOWN))
        if enough:
            one = OneMode.fitted(answered, generator)
            drawn = one.draw(self.draws, len(minds), answered.shape[2], generator)
            null = drawn.mean(axis=(2, 3))
            again = _resampled([mind.trial for mind in minds], scores, self.draws, generator)
            largest = 0.0
            for name, statistic in statistics.items():
                value = float(statistic(scores[None, :])[0])
                chance = statistic(null)
                known[name] = (_limits(value, statistic(again)), _range(chance))
                if name in _ONE_MODE:
                    side = -1 if name == "folding" else 1
                    reached = np.sum(side * chance >= side * value - 1e-12)
                    largest = max(largest, (1 + float(reached)) / (self.draws + 1))
            known["p"] = (Interval(largest, nan, nan), UNKNOWN)
            weight = float(two_normals(scores[None, :])[1][0])
            known["upper"] = (_limits(weight, two_normals(again)[1]), UNKNOWN)
        for name in ("bimodality", "folding", "mixture", "upper", "p"):
            yield name, *known[name]
        by_trial = pd.DataFrame({"trial": [mind.trial for mind in minds], "score": scores})
        for name, values in (
            ("score", by_trial["score"]),
            ("low_tail", (by_trial["score"] <= -TAIL).astype("float64")),
            ("high_tail", (by_trial["score"] >= TAIL).astype("float64")),
        ):
            means = values.groupby(by_trial["trial"]).mean()
            yield name, mean_interval(np.array(means, dtype=np.float64)), UNKNOWN
        yield from _components(answered)
        yield "polarisation", *known["polarisation"]
        kinds = Counter(tuple(mind.answers[:, 0].round(2)) for mind in minds)
        seen = Interval(float(len(kinds)), nan, nan) if minds else UNKNOWN
        yield "kinds", seen, UNKNOWN
        yield "coverage", Interval(coverage(list(kinds.values())), nan, nan), UNKNOWN

    def tails(self, a: str, b: str, by: str = "model", beyond: float = TAIL) -> pd.DataFrame:
        """Does arm ``a`` hold more minds than ``b`` in both tails? One row for each tail, and one
        (``both``) whose p is the larger: that of "bimodal against b".

        ``by`` is "model" or a parameter, whose values are given as JSON (see ``compare``). Shares
        are over trials, with 95% intervals of the difference; p is one-sided, by dealing the trials
        anew to the arms. Raises ``BadRequest`` if an arm has no minds.
        """
        result = self if by == "model" else self._beside(by)
        trials = result.tables.trials
        rows: list[tuple[Any, ...]] = []
        scores: dict[str, list[float]] = {}
        for mind in self._minds:
            scores.setdefault(mind.trial, []).append(mind.score)
        known = trials[trials["trial"].isin(scores)]
        for each in (a, b):
            if each not in set(known["model"]):
                raise BadRequest(
                    f"population.tails: no mind of {each!r}; use one of "
                    f"{', '.join(sorted(set(map(str, known['model'])))) or 'none'}"
                )
        for scenario, some in known.groupby(known["scenario"].fillna(""), sort=True):
            sides = [
                [np.array(scores[str(trial)]) for trial in some.loc[some["model"] == side, "trial"]]
                for side in (a, b)
            ]
            if not all(sides):
                continue
            largest = 0.0
            for name, sign in (("low", -1), ("high", 1)):
                first, second = (
                    np.array([float(np.mean(sign * own >= beyond)) for own in side])
                    for side in sides
                )
                p = _one_sided(first, second, _stream(self.seed, np.concatenate([first, second])))
                largest = max(largest, p)
                apart = difference(first, second)
                means = (float(first.mean()), float(second.mean()))
                rows.append((scenario, name, *means, apart.estimate, apart.low, apart.high, p))
            rows.append((scenario, "both", *[nan] * 5, largest))
        return frame(rows, TAILS)


def _ways(answers: Floats) -> Floats:
    """1 or -1 for each item: the way of the first principal axis of minds' means."""
    cells = answers.mean(axis=2)
    if cells.shape[1] < 2 or len(cells) < 3:
        return np.ones(cells.shape[1])
    _, vectors = np.linalg.eigh(np.cov(cells.T))
    axis = vectors[:, -1]
    # The way itself is free: the item that loads most has its own.
    axis = axis * np.sign(axis[int(np.argmax(np.abs(axis)))])
    return np.where(axis < -0.1, -1.0, 1.0)


def _components(answered: Floats) -> Iterable[tuple[str, Interval, Interval]]:
    """Within-mind variance, the component between minds, and the share of the latter."""
    minds, _, times = answered.shape
    if minds < 2 or times < 2:
        for name in ("within", "between", "reliability"):
            yield name, UNKNOWN, UNKNOWN
        return
    yield (
        "within",
        mean_interval(np.array(answered.var(axis=2, ddof=1).mean(axis=1), dtype=np.float64)),
        UNKNOWN,
    )
    by_sample = answered.mean(axis=1)
    between = between_groups(by_sample)
    yield "between", between, UNKNOWN
    left = float(by_sample.var(axis=1, ddof=1).mean()) / times
    whole = between.estimate + left
    shares = [
        limit / (limit + left) if limit + left > 0 else nan
        for limit in (between.estimate, max(between.low, 0.0), between.high)
    ]
    yield "reliability", Interval(*shares) if whole > 0 else UNKNOWN, UNKNOWN


def _resampled(
    trials: Sequence[str], scores: Floats, draws: int, generator: np.random.Generator
) -> Floats:
    """Scores of minds drawn again, whole trials at a time; cut to as many minds as there are."""
    places: dict[str, list[int]] = {}
    for place, trial in enumerate(trials):
        places.setdefault(trial, []).append(place)
    groups = list(places.values())
    rows = []
    for _ in range(draws):
        drawn: list[int] = []
        while len(drawn) < len(scores):
            drawn += groups[int(generator.integers(len(groups)))]
        rows.append(scores[drawn[: len(scores)]])
    return np.stack(rows)


def _limits(value: float, again: Floats) -> Interval:
    """Basic 95% limits from a bootstrap, wide enough to hold the estimate."""
    known = again[~np.isnan(again)]
    if not len(known):
        return Interval(value, nan, nan)
    low, high = np.quantile(known, (0.025, 0.975))
    return Interval(value, min(value, float(low)), max(value, float(high)))


def _range(chance: Floats) -> Interval:
    known = chance[~np.isnan(chance)]
    if not len(known):
        return UNKNOWN
    low, high = np.quantile(known, (0.025, 0.975))
    return Interval(float(known.mean()), float(low), float(high))


def _one_sided(
    first: Floats, second: Floats, generator: np.random.Generator, draws: int = 9999
) -> float:
    """How often trials dealt anew give a difference of means as large."""
    both = np.concatenate([first, second])
    observed = first.mean() - second.mean()
    dealt = generator.permuted(np.tile(both, (draws, 1)), axis=1)
    apart = dealt[:, : len(first)].mean(axis=1) - dealt[:, len(first) :].mean(axis=1)
    return float((1 + np.sum(apart >= observed - 1e-12)) / (draws + 1))


def _why(name: str, minds: int, answered: Floats) -> str:
    if name in ("within", "between", "reliability") and minds > 1 and answered.shape[2] < 2:
        return "every item was asked once: ask with samples=2"
    if minds < MINDS:
        return f"{minds} minds with whole answers; {MINDS} are needed for modes"
    return "all minds have the same score"


def _stream(seed: int, values: Floats) -> np.random.Generator:
    digest = blake2b(ascii(seed).encode() + values.tobytes(), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else nan
