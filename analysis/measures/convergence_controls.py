"""Convergence where nobody answers: yoked, mute and shuffled partners.

A yoked or a mute trial plays one actor alone; those of all actors of a live trial make up a trial
in which nobody met. *Shuffled* partners need no more trials: the actor in one seat of a trial is
put beside the actors in the other seats of every other trial, so that

    chance = 1 - E|x_i(T) - y_j(T)| / E|x_i(0) - y_j(0)|,   i and j different trials,

over all pairs of seats and issues. What pulls everybody to one place is in ``chance``, too: only
what a pair does to each other is not. The means over the n (n - 1) pairs of trials are exact, by
sorting. Limits by the jackknife over trials, which belong to n - 1 pairs each (U-statistics:
Arvesen 1969).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import nan, sqrt
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from analysis.stats import UNKNOWN, Floats, Interval, jackknife
from analysis.tables import Tables
from sim.planning.trials import LIVE, SURROGATES

Ends = tuple[float, float]
"""D_T and D_0 of a trial."""

FEWEST = 3
"""So many trials are shuffled at least: without one of them there is still a pair."""


class Alone(NamedTuple):
    """Convergence of actors who were played alone, and of the same trials live less that."""

    pairs: int
    alone: Interval
    rest: Interval


class Shuffled(NamedTuple):
    """Convergence of actors who never met, of so many trials, and live less that."""

    trials: int
    chance: Interval
    coupling: Interval


def ratio_of_ends(means: Floats) -> Floats:
    """C from means of (end, start), shape (..., 2); nan where nothing was apart.

    >>> float(ratio_of_ends(np.array([0.5, 2.0])))
    0.75
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(means[..., 1] == 0, nan, 1 - means[..., 0] / means[..., 1]))


def difference_of_ratios(means: Floats) -> Floats:
    """C of the first (end, start) less that of the second, shape (..., 4)."""
    return ratio_of_ends(means[..., :2]) - ratio_of_ends(means[..., 2:])


def played_alone(live: Mapping[str, Ends], alone: Mapping[str, Ends]) -> Alone | None:
    """C of surrogates, and what live trials converge beyond it; None where there are none.

    Only live trials that have theirs are used, in both, so that the numbers add up.

    >>> found = played_alone({"a": (0.0, 1.0), "b": (0.2, 1.0)}, {"a": (0.5, 1.0), "b": (0.5, 1.0)})
    >>> round(found.alone.estimate, 2), round(found.rest.estimate, 2)
    (0.5, 0.4)
    """
    both = [(*ends, *alone[trial]) for trial, ends in live.items() if trial in alone]
    if not both:
        return None
    rows = np.array(both, dtype=np.float64)
    return Alone(
        len(rows), jackknife(rows[:, 2:], ratio_of_ends), jackknife(rows, difference_of_ratios)
    )


def stances(tables: Tables, arm: str) -> pd.DataFrame:
    """Answers to ``stance:ISSUE``: trial, issue, turn, actor and value (the mean of samples).

    ``arm`` is one of the surrogates, whose answers stand under the live trial's id, where each of
    its actors was played alone and to its end; or ``live``, which means every other arm. Probes are
    read; gauges only in trials that have no probes.
    """
    trials = tables.trials
    kept = ~trials["arm"].isin(SURROGATES) if arm == LIVE else trials["arm"] == arm
    answers = tables.answers[tables.answers["key"].str.startswith("stance:")]
    answers = answers.merge(trials.loc[kept, ["trial", "focal", "of"]], on="trial")
    if arm != LIVE:
        answers = answers[answers["actor"] == answers["focal"]].assign(trial=lambda t: t["of"])
        answers = answers[answers["trial"].isin(_complete(tables, arm))]
    probed = set(answers.loc[~answers["gauge"], "trial"])
    answers = answers[~answers["gauge"] | ~answers["trial"].isin(probed)]
    answers = answers.assign(
        value=pd.to_numeric(answers["value"], errors="raise").astype("float64"),
        issue=answers["key"].str.removeprefix("stance:"),
    )
    # Samples of one answer are averaged; a missing sample leaves the others.
    means = answers.groupby(["trial", "issue", "turn", "actor"])["value"].mean()
    return means.reset_index()


def _complete(tables: Tables, arm: str) -> set[str]:
    """The live trials each of whose actors was played alone."""
    alone = tables.trials[(tables.trials["arm"] == arm) & (tables.trials["status"] == "done")]
    actors = tables.cast.groupby("trial")["actor"].agg(frozenset).to_dict()
    focal = alone.groupby("of")["focal"].agg(frozenset).to_dict()
    return {str(trial) for trial, names in focal.items() if names == actors.get(trial)}


def shuffled(answers: pd.DataFrame) -> tuple[Shuffled, str]:
    """C of actors beside those of other trials, from stances (see ``stances``) of one arm; and why
    something is missing.

    Seats are told apart by the alphabet. Trials count that have an answer of every actor to every
    issue at the first and the last turn at which any was asked. The two come to the middle by
    themselves in the first scene here, and to each other in the second:

    >>> def scene(trial, *course):
    ...     return [(trial, "x", turn, name, value) for turn, pair in enumerate(course)
    ...             for name, value in zip("AB", pair)]
    >>> columns = ["trial", "issue", "turn", "actor", "value"]
    >>> middle = [scene(f"t{k}", (-1.0, 1.0), (-0.1, 0.1)) for k in range(4)]
    >>> found, _ = shuffled(pd.DataFrame(sum(middle, []), columns=columns))
    >>> round(found.chance.estimate, 2), round(found.coupling.estimate, 2)
    (0.9, 0.0)
    >>> places = (-0.9, -0.3, 0.3, 0.9)
    >>> each_other = [scene(f"t{k}", (-1.0, 1.0), (x, x)) for k, x in enumerate(places)]
    >>> found, _ = shuffled(pd.DataFrame(sum(each_other, []), columns=columns))
    >>> round(found.chance.estimate, 2), round(found.coupling.estimate, 2)
    (0.5, 0.5)
    """
    ends = _ends(answers)
    if ends is None or len(ends) < FEWEST:
        none = Shuffled(0 if ends is None else len(ends), UNKNOWN, UNKNOWN)
        return none, f"fewer than {FEWEST} trials can be shuffled"
    count = len(ends)
    live, chance = np.zeros(2), np.zeros(2)
    live_without, chance_without = np.zeros((count, 2)), np.zeros((count, 2))
    for issue in range(ends.shape[1]):
        for one, other in combinations(range(ends.shape[2]), 2):
            for when in range(2):
                first, second = ends[:, issue, one, when], ends[:, issue, other, when]
                own = np.abs(first - second)
                met, meets = _sums(first, second), _sums(second, first)
                live[when] += own.mean()
                live_without[:, when] += (own.sum() - own) / (count - 1)
                apart = met.sum() - own.sum()
                chance[when] += apart / (count * (count - 1))
                # Without a trial all pairs go in which it is the first or the second.
                left = apart - (met - own) - (meets - own)
                chance_without[:, when] += left / ((count - 1) * (count - 2))
    estimate, without = ratio_of_ends(chance), ratio_of_ends(chance_without)
    return (
        Shuffled(
            count,
            _limits(float(estimate), without),
            _limits(float(ratio_of_ends(live) - estimate), ratio_of_ends(live_without) - without),
        ),
        "",
    )


def _ends(answers: pd.DataFrame) -> Floats | None:
    """Stances at the last and the first turn, shape (trials, issues, seats, 2), of trials that have
    all of them."""
    if answers.empty:
        return None
    # In one pass over all trials: a table of each of 10,000 trials takes many seconds.
    ordered = answers.sort_values(["trial", "issue", "actor"], kind="stable")
    turns, known = ordered.groupby("trial")["turn"], ordered["value"].notna()
    first = ordered[known & (ordered["turn"] == turns.transform("min"))]
    last = ordered[known & (ordered["turn"] == turns.transform("max"))]
    asked = ordered.drop_duplicates(["trial", "issue", "actor"]).groupby("trial")["issue"]
    issues, seats = answers["issue"].nunique(), asked.size()
    complete = asked.nunique() == issues
    for side in (first, last):
        complete &= side.groupby("trial").size().reindex(seats.index, fill_value=0) == seats
    seats = seats[complete]
    # With casts of different sizes there are no seats to shuffle.
    if seats.nunique() != 1 or seats.iloc[0] % issues or seats.iloc[0] < 2 * issues:
        return None
    sides = [
        side.loc[side["trial"].isin(seats.index), "value"].to_numpy(dtype=np.float64)
        for side in (last, first)
    ]
    return np.stack([side.reshape(len(seats), issues, -1) for side in sides], axis=-1)


def _sums(values: Floats, others: Floats) -> Floats:
    """The sum of |value - other| over all others, for each value, in O(n log n)."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values)
    until = np.concatenate([[0.0], np.cumsum(ordered)])
    under = values * below - until[below]
    over = (until[-1] - until[below]) - values * (len(ordered) - below)
    return np.asarray(under + over)


def _limits(estimate: float, without: Floats) -> Interval:
    """Student's limits by the jackknife, from the estimates without each trial."""
    count = len(without)
    spread = float(np.sum((without - without.mean()) ** 2)) * (count - 1) / count
    if not spread > 1e-18:  # All alike, or unknown: no variance was seen.
        return Interval(estimate, nan, nan)
    half = float(special.stdtrit(count - 1, 0.975)) * sqrt(spread)
    return Interval(estimate, estimate - half, estimate + half)
