"""Do the actors fight? Disagreement and hostility, kept apart: people can differ in peace.

*Evidence*: T (``by_actor``, ``by_trial``, ``null``) and P (``disagreement``).

*Definition.* Hostility: mean score of an actor's turns; its escalation, the least-squares slope per
own turn; episodes, maximal runs of turns at or above ``EPISODE``. Replies: each turn against the
speaker before it, positive (agrees, concedes), negative (contradicts) or neither, from words; the
negative share is of signed edges. Balance: among triads whose three pairs all have a net sign, the
share whose product of signs is positive. Disagreement: the mean pairwise distance of stances.

*Null.* ``null``: hostile turns dealt anew among the turns of an arm, which keeps their number and
destroys who said them and when; of interest is whether episodes are longer than chance makes them.

*References.* Heider 1946; Cartwright and Harary 1956 (balance); Zhang et al., "Conversations Gone
Awry", ACL 2018.
"""

from __future__ import annotations

from itertools import pairwise
from math import nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from analysis.evidence.text import score
from analysis.graphs.triads import triads
from analysis.measures import convergence
from analysis.measures.series import Line, arm_of, lines_of
from analysis.stats import UNKNOWN, Floats, Interval
from analysis.tables import ARM, Tables, frame

EVIDENCE = "T"
EPISODE = 0.5

_ACTORS = {
    "trial": "str",
    "actor": "str",
    "turns": "Int64",
    "hostility": "float64",
    "slope": "float64",
    "slope_low": "float64",
    "slope_high": "float64",
    "episodes": "Int64",
}
_TRIALS = {
    "trial": "str",
    "hostility": "float64",
    "episodes": "Int64",
    "signed": "Int64",
    "negative": "float64",
    "triads": "Int64",
    "balanced": "float64",
}
_STANCES = {"trial": "str", "start": "float64", "end": "float64", "mean": "float64"}
_NULL = dict.fromkeys(ARM, "str") | dict.fromkeys(
    ("observed", "null", "null_low", "null_high"), "float64"
)


def by_actor(tables: Tables) -> pd.DataFrame:
    """Hostility of each actor: mean, slope per own turn with a 95% interval, episodes.

    The slope's interval is Student's, missing below three turns; the mean is missing if the actor
    never spoke.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> lines = ["Good evening.", "Shut up, you fool.", "You are a liar.", "Let us go on."]
    >>> said = [Turn(place, "A", line) for place, line in enumerate(lines, 1)]
    >>> int(by_actor(tables_from([Record("t", [{"name": "A"}], said)])).iloc[0].episodes)
    1
    """
    spoken = lines_of(tables)
    cast = tables.cast.sort_values(["trial", "seat"], kind="stable")
    rows: list[tuple[Any, ...]] = []
    for trial, actor in zip(cast["trial"], cast["actor"], strict=True):
        values = _hostility([line for line in spoken.get(trial, []) if line[1] == actor])
        rise = slope(values)
        mean = float(values.mean()) if len(values) else nan
        found = (len(values), mean, rise.estimate, rise.low, rise.high, episodes(values))
        rows.append((trial, actor, *found))
    return frame(rows, _ACTORS)


def by_trial(tables: Tables) -> pd.DataFrame:
    """Hostility, signed replies and balance of each trial. Shares of nothing are missing."""
    spoken = lines_of(tables)
    rows: list[tuple[Any, ...]] = []
    for trial in tables.trials["trial"]:
        lines = spoken.get(trial, [])
        values = _hostility(lines)
        signs = [sign for _, _, sign in replies(lines) if sign]
        triads = _triads(lines)
        rows.append(
            (
                trial,
                float(values.mean()) if len(values) else nan,
                episodes(values),
                len(signs),
                sum(sign < 0 for sign in signs) / len(signs) if signs else nan,
                len(triads),
                sum(triads) / len(triads) if triads else nan,
            )
        )
    return frame(rows, _TRIALS)


def disagreement(tables: Tables) -> pd.DataFrame:
    """Evidence P: stance distance of each trial at the first and last turn asked, and on average.

    Missing where the distance is missing at these turns; the mean is over the turns that have one.
    """
    table = convergence.distances(tables)
    rows: list[tuple[Any, ...]] = []
    for trial in tables.trials["trial"]:
        own = table[table["trial"] == trial] if len(table) else table
        curve = own.groupby("turn")["distance"].agg(lambda part: part.mean(skipna=False))
        values = curve.to_numpy(dtype=float)
        known = values[~np.isnan(values)]
        ends = (float(values[0]), float(values[-1])) if len(values) else (nan, nan)
        rows.append((trial, *ends, float(known.mean()) if len(known) else nan))
    return frame(rows, _STANCES)


def _hostility(lines: list[Line]) -> Floats:
    return np.array([score(text).hostility for _, _, text, _ in lines], dtype=float)


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
    found = float(times @ values) / spread
    rest = values - values.mean() - found * times
    error = sqrt(float(rest @ rest) / (count - 2) / spread)
    half = float(special.stdtrit(count - 2, (1 + level) / 2)) * error
    return Interval(found, found - half, found + half)


def replies(lines: list[Line]) -> list[tuple[str, str, int]]:
    """(speaker, previous speaker, sign) of each turn that follows somebody else's."""
    found = []
    for (_, before, _, _), (_, speaker, text, _) in pairwise(lines):
        if speaker != before:
            found.append((speaker, before, int(np.sign(score(text).sign))))
    return found


def _triads(lines: list[Line]) -> list[bool]:
    """Whether each fully signed triad is balanced."""
    net: dict[frozenset[str], int] = {}
    for speaker, before, sign in replies(lines):
        pair = frozenset((speaker, before))
        net[pair] = net.get(pair, 0) + sign
    return triads(net, sorted({speaker for _, speaker, _, _ in lines}))


def null(tables: Tables, seed: int = 0, draws: int = 200) -> pd.DataFrame:
    """Mean length of episodes per arm, against hostility dealt anew among the arm's turns.

    Observed above ``null_high`` says that hostility comes in bouts: it feeds on itself, or has an
    owner.
    """
    generator = np.random.default_rng(seed)
    spoken = lines_of(tables)
    arms = arm_of(tables)
    groups: dict[tuple[str, ...], list[Floats]] = {}
    for trial, lines in sorted(spoken.items()):
        for actor in sorted({line[1] for line in lines}):
            own = _hostility([line for line in lines if line[1] == actor])
            groups.setdefault(arms[trial], []).append(own)
    rows: list[dict[str, Any]] = []
    for arm, members in sorted(groups.items()):
        pool = np.concatenate(members)
        cuts = np.cumsum([len(part) for part in members])[:-1]
        dealt = [_length(np.split(generator.permutation(pool), cuts)) for _ in range(draws)]
        known = [value for value in dealt if not np.isnan(value)]
        low, high = np.quantile(known, [0.025, 0.975]) if known else (nan, nan)
        row: dict[str, Any] = dict(zip(ARM, arm, strict=True))
        row |= {"observed": _length(members), "null": float(np.mean(known)) if known else nan}
        rows.append(row | {"null_low": float(low), "null_high": float(high)})
    return frame([[row[name] for name in _NULL] for row in rows], _NULL)


def _length(members: list[Floats]) -> float:
    """Mean length of an episode; missing if there is none."""
    number = sum(episodes(part) for part in members)
    return sum(int(np.sum(part >= EPISODE)) for part in members) / number if number else nan
