"""The tournaments of a store, rated once: for the answer and for the figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.tournaments.judges import Panel, panel
from analysis.tournaments.ratings.ratings import Ratings, rate
from analysis.tournaments.results import results
from analysis.tournaments.tables import Contest, load_contest
from sim.store import open_store

MOST = 4
"""So many tournaments of a store are rated."""


@dataclass(frozen=True)
class Rated:
    """A tournament: its results by leg, its ratings, its judges (None: no verdict)."""

    contest: Contest
    legs: pd.DataFrame
    ratings: Ratings
    judges: Panel | None

    @property
    def entrants(self) -> list[dict[Any, Any]]:
        """The entrants with a rating, the strongest first, as rows with their ``tier``."""
        known = [row for row in self.ratings.table.to_dict("records") if not isnan(row["rating"])]
        found = tiers([(row["rating"], row["low"], row["high"]) for row in known])
        return [{**row, "tier": tier} for row, tier in zip(known, found, strict=True)]

    def debates_of(self, one: str, other: str) -> list[str]:
        """The trials in which these two met."""
        matches = self.contest.matches.dropna(subset=["trial"])
        met: dict[str, set[str]] = {}
        for trial, entrant in zip(matches["trial"], matches["entrant"], strict=True):
            met.setdefault(str(trial), set()).add(str(entrant))
        return [trial for trial, names in met.items() if {one, other} <= names]

    def judged_by(self, judge: str) -> list[str]:
        """The trials on which a judge has a verdict."""
        verdicts = self.contest.verdicts
        kept = (verdicts["judge"] == judge) & verdicts["winner"].notna()
        return list(dict.fromkeys(map(str, verdicts.loc[kept, "trial"])))

    def split(self) -> list[str]:
        """The trials on which judges do not name the same winner."""
        verdicts = self.contest.verdicts.dropna(subset=["winner"])
        named = verdicts.groupby("trial", sort=False)["winner"].nunique()
        return [str(trial) for trial in named.index[named > 1]]

    def entrant_of(self) -> dict[tuple[str, str], str]:
        """Who plays each actor of each debate."""
        matches = self.contest.matches.dropna(subset=["trial"])
        columns = (matches[name] for name in ("trial", "actor", "entrant"))
        return {
            (str(trial), str(actor)): str(entrant)
            for trial, actor, entrant in zip(*columns, strict=True)
        }


def rated(path: Path) -> Iterator[Rated]:
    """The tournaments of a store that have verdicts, in the order in which they were started."""
    with open_store(path) as store:
        names = [each.id for each in store.tournaments()]
    for name in names[:MOST]:
        contest = load_contest(path, name)
        legs = results(contest)
        if legs["score"].notna().any():
            judged = contest.verdicts["winner"].notna().any()
            yield Rated(contest, legs, rate(legs), panel(contest) if judged else None)


def tiers(rows: Sequence[tuple[float, float, float]]) -> list[int]:
    """The tier of each, by rating and its limits, the strongest first. A tier ends where an
    interval lies wholly below that of its first.

    >>> tiers([(2.0, 1.5, 2.5), (1.8, 1.2, 2.2), (0.0, -0.5, 0.5), (-0.2, -0.6, 0.1)])
    [1, 1, 2, 2]
    """
    found: list[int] = []
    tier, floor = 0, float("inf")
    for _, low, high in rows:
        if tier == 0 or high < floor:
            tier, floor = tier + 1, low
        found.append(tier)
    return found
