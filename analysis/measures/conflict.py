"""Do the actors fight? Disagreement and hostility, kept apart: people can differ in peace.

*Evidence*: T, and P for the distance of stances.

*Definition.* Hostility: mean score of an actor's turns; its escalation, the least-squares slope per
own turn; episodes, maximal runs of turns at or above ``EPISODE``. Replies: each turn against the
speaker before it, positive (agrees, concedes), negative (contradicts, refuses) or neither, as
``evidence.acts`` reads the two turns from words and cues; the negative share is of signed edges.
Balance: among triads whose three pairs all have a net sign, the share whose product of signs is
positive. Disagreement: the mean pairwise distance of stances.

*Null.* Hostile turns dealt anew among the turns of an arm, which keeps their number and
destroys who said them and when; of interest is whether episodes are longer than chance makes them.

*References.* Heider 1946; Cartwright and Harary 1956 (balance); Zhang et al., "Conversations Gone
Awry", ACL 2018.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from math import nan, sqrt
from typing import Any, ClassVar, NamedTuple

import numpy as np
from scipy import special

from analysis.estimates import Quantities, Quantity
from analysis.evidence.acts import read
from analysis.evidence.text import score
from analysis.graphs.triads import triads
from analysis.measures.convergence import distances
from analysis.measures.series import Line, lines_of
from analysis.results import Arm, ArmEstimate, Result
from analysis.spreading import Trialwise
from analysis.stats import UNKNOWN, Floats, Interval
from analysis.tables import Data

EPISODE = 0.5
"""Hostility from which on a turn is part of an episode."""


class Conflict(Result):
    """How hostile the actors are, and how much they disagree.

    The null draws ``draws`` deals of an arm's turns, from ``seed``. Shares of nothing are missing.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> lines = ["Good evening.", "Shut up, you fool.", "You are a liar.", "Let us go on."]
    >>> said = [Turn(place, "A", line) for place, line in enumerate(lines, 1)]
    >>> result = Conflict(tables_from([Record("t", [{"name": "A"}], said)]))
    >>> int(result.by_actor.iloc[0].episodes)
    1
    """

    measure = "conflict"
    evidence = "T"
    trialwise: ClassVar[Trialwise] = {"turn": "ids", "actor": "ids", "trial": "trials"}
    turn: ClassVar[Quantities] = {
        "hostility": Quantity("hostility of the words", low=0, high=1),
    }
    actor: ClassVar[Quantities] = {
        "turns": Quantity("turns of its own", "count"),
        "hostility": Quantity("mean hostility of its turns", low=0, high=1),
        "slope": Quantity("escalation: least-squares slope of hostility per own turn"),
        "slope_low": Quantity("lower 95% limit of the slope, by Student's t"),
        "slope_high": Quantity("upper 95% limit"),
        "episodes": Quantity("runs of hostile turns", "count"),
    }
    trial: ClassVar[Quantities] = {
        "hostility": Quantity("mean hostility of all turns", low=0, high=1),
        "episodes": Quantity("runs of hostile turns", "count"),
        "signed": Quantity("replies that agree or contradict", "count"),
        "negative": Quantity("share of these that contradict", low=0, high=1),
        "triads": Quantity("triads whose three pairs all have a sign", "count"),
        "balanced": Quantity("share of these whose product of signs is positive", low=0, high=1),
        "distance_start": Quantity(
            "distance of stances when first asked", low=0, high=2, evidence="P"
        ),
        "distance_end": Quantity(
            "distance of stances when last asked", low=0, high=2, evidence="P"
        ),
        "distance": Quantity(
            "distance of stances, mean over turns asked", low=0, high=2, evidence="P"
        ),
    }
    arm: ClassVar[Quantities] = {
        "hostility": trial["hostility"],
        "negative": trial["negative"],
        "balanced": trial["balanced"],
        "distance": trial["distance"],
        "episode_length": Quantity("turns of an episode, on average", low=1),
    }

    def __init__(self, data: Data, seed: int = 0, draws: int = 200) -> None:
        super().__init__(data)
        self.seed = seed
        self.draws = draws

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        for trial, lines in self._lines.items():
            for line, hostility in zip(lines, _hostility(lines), strict=True):
                yield (trial, line.turn, line.speaker, hostility)

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        cast = self.tables.cast.sort_values(["trial", "seat"], kind="stable")
        for trial, actor in zip(cast["trial"], cast["actor"], strict=True):
            values = _hostility(_lines_by(self._lines.get(trial, []), actor))
            rise = slope(values)
            mean = float(values.mean()) if len(values) else nan
            yield (
                trial, actor, len(values), mean, rise.estimate, rise.low, rise.high,
                episodes(values),
            )  # fmt: skip

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        for trial in self.tables.trials["trial"]:
            lines = self._lines.get(trial, [])
            values = _hostility(lines)
            answers = replies(lines)
            signs = [reply.sign for reply in answers if reply.sign]
            balanced = _triads(answers, sorted({line.speaker for line in lines}))
            yield (
                trial,
                float(values.mean()) if len(values) else nan,
                episodes(values),
                len(signs),
                sum(sign < 0 for sign in signs) / len(signs) if signs else nan,
                len(balanced),
                sum(balanced) / len(balanced) if balanced else nan,
                *self._distances(trial),
            )

    def _distances(self, trial: str) -> _Distances:
        """Distance of stances at the first and last turn asked, and on average.

        Missing where it is missing at these turns; the mean is over the turns that have one.
        """
        values = self._curves.get(trial)
        if values is None:
            return _Distances(nan, nan, nan)
        known = values[~np.isnan(values)]
        mean = float(known.mean()) if len(known) else nan
        return _Distances(float(values[0]), float(values[-1]), mean)

    def _arms(self) -> Iterable[ArmEstimate]:
        means = {(each.arm, each.quantity): each for each in self._means()}
        for arm, lengths in self._lengths.items():
            for name in self.arm:
                if name == "episode_length":
                    observed = Interval(lengths.observed, nan, nan)
                    note = "" if lengths.episodes else "no turn was hostile"
                    yield ArmEstimate(
                        arm,
                        name,
                        self.made(name, observed, lengths.episodes, null=lengths.dealt, note=note),
                    )
                else:
                    yield means[arm, name]

    def _means(self) -> Iterable[ArmEstimate]:
        for arm, rows in self.trials_of_arms():
            for name in list(self.arm)[:-1]:
                yield ArmEstimate(arm, name, self.mean(rows[name], self.arm[name]))

    @cached_property
    def _lines(self) -> dict[str, list[Line]]:
        return lines_of(self.tables)

    @cached_property
    def _curves(self) -> dict[str, Floats]:
        """The distance of stances at each turn asked, by trial; missing where an issue's is."""
        table = distances(self.tables)
        if table.empty:
            return {}
        turns = table.groupby(["trial", "turn"])["distance"]
        # The mean of what is known, and missing where something is.
        means = turns.mean().where(turns.count() == turns.size()).reset_index()
        return {
            str(trial): part.to_numpy(dtype=float)
            for trial, part in means.groupby("trial", sort=False)["distance"]
        }

    @cached_property
    def _lengths(self) -> dict[Arm, _Lengths]:
        """Mean length of episodes per arm, against hostility dealt anew among the arm's turns.

        Observed above the null says that hostility comes in bouts: it feeds on itself, or has an
        owner.
        """
        generator = np.random.default_rng(self.seed)
        arms = self.arm_of()
        groups: dict[Arm, list[Floats]] = {}
        for trial, lines in sorted(self._lines.items()):
            for actor in sorted({line.speaker for line in lines}):
                own = _hostility(_lines_by(lines, actor))
                groups.setdefault(arms[trial], []).append(own)
        lengths: dict[Arm, _Lengths] = {}
        for arm, members in sorted(groups.items()):
            pool = np.concatenate(members)
            cuts = np.cumsum([len(part) for part in members])[:-1]
            dealt = [
                _length(np.split(generator.permutation(pool), cuts)) for _ in range(self.draws)
            ]
            known = [value for value in dealt if not np.isnan(value)]
            low, high = np.quantile(known, [0.025, 0.975]) if known else (nan, nan)
            mean = float(np.mean(known)) if known else nan
            lengths[arm] = _Lengths(
                _length(members),
                sum(episodes(part) for part in members),
                Interval(mean, float(low), float(high)),
            )
        return lengths


class _Distances(NamedTuple):
    """Distance of stances when first asked, when last asked, and on average."""

    start: float
    end: float
    mean: float


class _Lengths(NamedTuple):
    """Mean length of an arm's episodes, how many there are, and the length on turns dealt anew."""

    observed: float
    episodes: int
    dealt: Interval


class Reply(NamedTuple):
    """A turn that follows somebody else's: positive if it agrees, negative if it contradicts."""

    speaker: str
    before: str
    sign: int


def _lines_by(lines: Iterable[Line], actor: str) -> list[Line]:
    return [line for line in lines if line.speaker == actor]


def _hostility(lines: list[Line]) -> Floats:
    return np.array([score(line.text).hostility for line in lines], dtype=float)


def episodes(values: Floats) -> int:
    """The number of maximal runs at or above the threshold.

    >>> episodes(np.array([0.0, 0.9, 0.8, 0.1, 0.7]))
    2
    """
    above = values >= EPISODE
    return int(np.sum(above & ~np.concatenate([[False], above[:-1]]))) if len(above) else 0


def slope(values: Floats, level: float = 0.95) -> Interval:
    """Least-squares slope against the number of the turn, with Student's interval.

    >>> round(slope(np.array([0.0, 0.1, 0.2, 0.3])).estimate, 3)
    0.1
    """
    count = len(values)
    if count < 3:
        return UNKNOWN
    times = np.arange(count) - (count - 1) / 2
    spread = float(times @ times)
    rise = float(times @ values) / spread
    rest = values - values.mean() - rise * times
    error = sqrt(float(rest @ rest) / (count - 2) / spread)
    half = float(special.stdtrit(count - 2, (1 + level) / 2)) * error
    return Interval(rise, rise - half, rise + half)


def replies(lines: list[Line]) -> list[Reply]:
    """The turns that follow somebody else's, each with its sign."""
    pairs = [(before, line) for before, line in pairwise(lines) if line.speaker != before.speaker]
    signs = read([line.text for _, line in pairs], [before.text for before, _ in pairs]).sign()
    return [
        Reply(line.speaker, before.speaker, int(sign))
        for (before, line), sign in zip(pairs, signs, strict=True)
    ]


def _triads(answers: Iterable[Reply], names: Sequence[str]) -> list[bool]:
    """Whether each fully signed triad is balanced."""
    net: dict[frozenset[str], int] = {}
    for reply in answers:
        pair = frozenset((reply.speaker, reply.before))
        net[pair] = net.get(pair, 0) + reply.sign
    return triads(net, names)


def _length(members: list[Floats]) -> float:
    """Mean length of an episode; missing if there is none."""
    number = sum(episodes(part) for part in members)
    return sum(int(np.sum(part >= EPISODE)) for part in members) / number if number else nan
