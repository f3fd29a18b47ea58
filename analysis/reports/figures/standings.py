"""The standings of tournaments, in tiers, and what sways their judges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import isnan, nan

from analysis.reports.contests import Rated
from analysis.reports.material import Material
from sim.html import Figure, Table
from sim.html.figures.forest import Forest, Row
from sim.html.figures.heat import Heat
from sim.html.numbers import counted, interval, number

_COLUMNS = ("entrant", "rating", "low", "high", "rank", "rank_low", "rank_high", "p_best")

_MOST = 16
"""So many entrants are drawn beside each other."""


def standings(material: Material) -> Iterator[Figure]:
    """A forest of ratings for each tournament of the store, and one of its judges' biases."""
    for place, found in enumerate(material.contests):
        ending = "" if place == 0 else f"-{place + 1}"
        yield _ratings(found, ending)
        yield from _meetings(found, ending)
        yield from _judges(found, ending)


def _ratings(found: Rated, ending: str) -> Figure:
    rows = [
        Row(
            f"{int(row['rank'])}  {row['entrant']}", row["rating"], row["low"], row["high"],
            f"{number(row['rating'], sign=True)} {interval(row['low'], row['high'], sign=True)}",
            f"tier {row['tier']}",
        )
        for row in found.entrants
    ]  # fmt: skip
    name = found.contest.name or "the tournament"
    form = str(found.contest.definition.get("format_name") or "")
    told = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", form).lower()
    table = found.ratings.table
    return Figure(
        f"standings{ending}",
        f"Standings of {name}",
        f"Ratings in logits (Bradley–Terry) from {counted(len(found.legs), 'leg')}"
        f"{f' of a {told}' if told else ''}; lines are 95% intervals, clustered by topic. A tier "
        "ends where an interval lies wholly below that of its first: within a tier the order is "
        "not established.",
        [Forest(rows, "rating, in logits", tiers=True)],
        Table(_COLUMNS, [tuple(row) for row in table[list(_COLUMNS)].itertuples(index=False)]),
        notes=list(found.ratings.notes),
    )


def _meetings(found: Rated, ending: str) -> Iterator[Figure]:
    """Who won against whom."""
    names = [str(row["entrant"]) for row in found.entrants][:_MOST]
    scores: dict[tuple[str, str], list[float]] = {}
    for row in found.legs.dropna(subset=["score"]).to_dict("records"):
        scores.setdefault((row["first"], row["second"]), []).append(row["score"])
        scores.setdefault((row["second"], row["first"]), []).append(1 - row["score"])
    values = [[_mean(scores.get((one, other), ())) for other in names] for one in names]
    columns = ("match", "topic", "first", "second", "score", "margin", "side", "order")
    some = f" The {_MOST} strongest are drawn." if len(found.entrants) > _MOST else ""
    if len(names) > 1:
        yield Figure(
            f"meetings{ending}",
            "Who won against whom",
            "The mean score of the row against the column over their legs: 1 is won, 0 is lost, a "
            f"tie is a half; a dash: they never met. Means, without an interval. Evidence J.{some}",
            [Heat("", names, names, values)],
            Table(
                columns, [tuple(row) for row in found.legs[list(columns)].itertuples(index=False)]
            ),
        )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else nan


def _judges(found: Rated, ending: str) -> Iterator[Figure]:
    if found.judges is None:
        return
    biases = found.judges.biases
    rows = [
        Row(str(row["bias"]), float(row["estimate"]), float(row["low"]), float(row["high"]),
            group=str(row["judge"]))
        for row in biases.to_dict("records")
        if not isnan(float(row["estimate"]))
    ]  # fmt: skip
    if rows:
        yield Figure(
            f"judges{ending}",
            "What sways the judges besides merit",
            "In logits, with 95% intervals; 0 is no bias. Position: whoever is shown first; "
            "length: whoever speaks longer; side: for the motion; order: who speaks first.",
            [Forest(rows, "logits")],
            Table(list(biases.columns), [tuple(row) for row in biases.itertuples(index=False)]),
        )
