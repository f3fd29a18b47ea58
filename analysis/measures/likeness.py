"""Do actors come to speak alike? Convergence of what they say, where nobody was asked anything.

*Evidence*: T, the meaning of lines by sentence embeddings. ``convergence`` reads answers off stage
instead, and says whether they come to *think* alike; the two need not agree.

*Definition.* The lines of each actor are split into an earlier and a later half. With n lines of
one actor and m of another in the same half, as unit vectors with sums s and r, the squared distance
of their means without what the size of the samples adds to it is

    D = (|s|^2 - n) / (n (n - 1)) + (|r|^2 - m) / (m (m - 1)) - 2 s . r / (n m)

and D of a trial is the mean over pairs of actors who have ``FEWEST`` lines or more. C = 1 - D of
the later halves / D of the earlier ones: 1 if in the end nothing tells them apart, 0 if as much as
before, below 0 if more (and above 1 by chance, since D may fall below 0). It is missing where the
earlier halves are not told apart. A subject that all turn to together moves all means alike, and so
neither adds to C nor takes from it. Of an arm C is a ratio of means, with the jackknife's interval
over trials.

*Null.* The lines of each actor in random orders: how C varies where there is no course.

*References.* Székely and Rizzo, Journal of Statistical Planning and Inference 143, 2013 (unbiased
distances of distributions); language style matching: Niederhoffer and Pennebaker 2002.

*Traps.* Actors who echo each other's words come to speak alike without agreeing. An actor with a
task (a moderator) stays apart whatever happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import combinations
from math import nan
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.evidence.embeddings import Embedder, embedder
from analysis.evidence.readings import key_of, lines_of_actors
from analysis.results import ArmEstimate, Result, by_arm_of
from analysis.stats import Floats, Interval, jackknife_ratio, mean_interval
from analysis.tables import Data

FEWEST = 4
"""Lines an actor needs: two in each half."""

DRAWS = 39

ALIKE = "the actors do not differ in what they say at the start"

UNREAD = f"no two actors have {FEWEST} lines each"


class Likeness(Result):
    """Whether actors come to speak alike: one row for each trial.

    ``by`` is an embedder or its name (None: the best that is installed). Random orders are drawn
    from ``seed``. C of a single trial is missing where its actors do not differ at the start.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> ann = ["I sail a boat.", "My boat sails.", "Taxes are high.", "High taxes."]
    >>> ben = ["Goats eat grass.", "My goats eat.", "Taxes are high.", "High taxes."]
    >>> said = [Turn(2 * k + n, who, lines[k]) for k in range(4)
    ...         for n, (who, lines) in enumerate([("Ann", ann), ("Ben", ben)], 1)]
    >>> row = Likeness(tables_from([Record("t", [{"name": "Ann"}, {"name": "Ben"}], said)]),
    ...                by="hashing").by_trial.iloc[0]
    >>> bool(row.end < row.start)
    True
    """

    measure = "likeness"
    evidence = "T"
    trial: ClassVar[Quantities] = {
        "start": Quantity("squared distance of the actors' means, earlier halves"),
        "end": Quantity("the same of the later halves"),
        "pairs": Quantity("pairs of actors that have enough lines", "count"),
    }
    arm: ClassVar[Quantities] = {
        "c": Quantity("1 if in the end nothing tells them apart, 0 if as much as before"),
        "start": Quantity("squared distance of the actors' means, earlier halves"),
        "end": Quantity("the same of the later halves"),
    }

    def __init__(self, data: Data, by: Embedder | str | None = None, seed: int = 0) -> None:
        super().__init__(data)
        self.embedder = embedder(by) if by is None or isinstance(by, str) else by
        self.seed = seed

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        for trial, spoken in self._spoken.items():
            start, end = distances(spoken)
            count = len(spoken)
            yield (trial, start, end, count * (count - 1) // 2)

    def _arms(self) -> Iterable[ArmEstimate]:
        groups = by_arm_of(self.arm_of(), list(self._spoken), lambda trial: trial)
        for arm, trials in groups.items():
            rows = self.by_trial[self.by_trial["trial"].isin(trials)].dropna(subset=["start"])
            if rows.empty:
                nothing = Interval(nan, nan, nan)
                for name in self.arm:
                    yield ArmEstimate(arm, name, self.made(name, nothing, 0, note=UNREAD))
                continue
            found = _c(rows)
            note = ALIKE if np.isnan(found.estimate) else ""
            null = self._dealt(rows["trial"])
            estimate = self.made("c", found, len(rows), null=null, note=note)
            yield ArmEstimate(arm, "c", estimate)
            for name in ("start", "end"):
                yield ArmEstimate(arm, name, self.mean(rows[name], self.arm[name]))

    @cached_property
    def _spoken(self) -> dict[str, dict[str, Floats]]:
        """By trial and actor, the lines of those that have enough, as vectors in their order."""
        found: dict[str, dict[str, Floats]] = {
            str(trial): {} for trial in self.tables.trials["trial"]
        }
        self._keys: dict[tuple[str, str], int] = {}
        for each in lines_of_actors(self.tables):
            texts = [text for text in each.texts if text.strip()]
            if len(texts) >= FEWEST:
                found[each.trial][each.actor] = self.embedder.embed(texts).astype(float)
                self._keys[each.trial, each.actor] = key_of(texts)
        return found

    def _dealt(self, trials: Iterable[str]) -> Interval:
        """C with the lines of each actor in random orders."""
        values = []
        for draw in range(DRAWS):
            ends = [distances(self._in_random_order(trial, draw)) for trial in trials]
            start, end = np.mean(ends, axis=0)
            values.append(1 - end / start if start > 0 else nan)
        known = np.array(values)[~np.isnan(values)]
        if not len(known):
            return Interval(nan, nan, nan)
        low, high = np.quantile(known, [0.025, 0.975])
        return Interval(float(np.median(known)), float(low), float(high))

    def _in_random_order(self, trial: str, draw: int) -> dict[str, Floats]:
        return {
            actor: np.random.default_rng([self.seed, draw, self._keys[trial, actor]]).permutation(
                vectors
            )
            for actor, vectors in self._spoken[trial].items()
        }


def distances(spoken: Mapping[str, Floats]) -> tuple[float, float]:
    """The mean squared distance of actors, in the earlier and in the later halves of their lines;
    NaN for fewer than two actors."""
    halves = [
        [vectors[: len(vectors) // 2] for vectors in spoken.values()],
        [vectors[len(vectors) // 2 :] for vectors in spoken.values()],
    ]
    start, end = (_apart(half) for half in halves)
    return start, end


def _apart(lines: list[Floats]) -> float:
    if len(lines) < 2:
        return nan
    sums = np.array([vectors.sum(axis=0) for vectors in lines])
    counts = np.array([len(vectors) for vectors in lines], dtype=float)
    inner = sums @ sums.T
    # Blank vectors have length 0: what a line adds to its own sum is its own length.
    own = np.array([float((vectors**2).sum()) for vectors in lines])
    within = (np.diag(inner) - own) / (counts * (counts - 1))
    pairs = [
        within[one] + within[other] - 2 * inner[one, other] / (counts[one] * counts[other])
        for one, other in combinations(range(len(lines)), 2)
    ]
    return float(np.mean(pairs))


def _c(rows: pd.DataFrame) -> Interval:
    """C of an arm; unknown where the actors are not told apart at the start: a share of nothing."""
    start, end = (rows[name].to_numpy(dtype=np.float64) for name in ("start", "end"))
    apart = mean_interval(start)
    if start.mean() <= 0 or apart.low <= 0:
        return Interval(nan, nan, nan)
    return jackknife_ratio(start - end, start)
