"""The results of a tournament as one JSON object: standings, ratings, judges, notes.

Loads pandas and scipy.
"""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.measures.concessions import Concessions
from analysis.tournaments.judges import adjusted, panel
from analysis.tournaments.ratings.ratings import rate, transitivity
from analysis.tournaments.results import results
from analysis.tournaments.tables import Contest, load_contest
from sim.tournament.formats import Meeting, standings

Record = dict[str, Any]


def measured(
    store: Path,
    which: str | None,
    *,
    ties: Any = "half",
    margins: bool = False,
    unbiased: bool = False,
    grants: bool = False,
) -> Record:
    """The results of a tournament, as JSON has them."""
    contest = load_contest(store, which)
    table = results(contest)
    judged = contest.verdicts.loc[contest.verdicts["winner"].notna(), "trial"]
    record: Record = {
        "store": str(store),
        "tournament": contest.tournament,
        "name": contest.name,
        "format": contest.definition.get("format_name"),
        "debates": int(contest.matches["trial"].nunique()),
        "judged": int(judged.nunique()),
        "standings": _points(contest, table),
        "effects": [],
        "expected": {},
        "components": [],
        "cycles": None,
        "notes": [],
        "judges": _judges(contest),
    }
    if table["score"].notna().any():
        # Points stay as the judges gave them.
        rated = adjusted(contest) if unbiased else table
        _rate(record, rated, ties, margins)
        if unbiased:
            record["notes"].append(
                "Rated by verdicts from which the judges' biases were taken out, each judge "
                "weighted by how well it agrees with the others; intervals do not know that the "
                "biases were estimated."
            )
    else:
        record["notes"].append("No debate has a verdict, so nobody is rated.")
        record["notes"] += _missing(contest)
    if grants:
        record["concessions"] = _concessions(store, contest)
    return record


def _missing(contest: Contest) -> list[str]:
    """Why nobody is rated: the most frequent reason of the missing verdicts."""
    reasons = contest.verdicts["missing"].dropna()
    if reasons.empty:
        return []
    asked = len(contest.verdicts)
    return [f"{len(reasons):,} of {asked:,} verdicts are missing, mostly: {reasons.mode().iloc[0]}"]


def _points(contest: Contest, table: pd.DataFrame) -> list[Record]:
    """Match points as formats count them, one row for each entrant, the first in front.

    All judges count, people too; matches that nobody judged are left out.
    """
    met = (str(name) for name in contest.matches["entrant"].dropna().unique())
    entered = (str(each["name"]) for each in contest.definition.get("entrants", ()))
    names = sorted({*met, *entered})
    number = {name: place for place, name in enumerate(names)}
    byes = contest.matches[contest.matches["trial"].isna()]
    meetings = [
        Meeting(int(each), (number[str(entrant)],), None)
        for each, entrant in zip(byes["round"], byes["entrant"], strict=True)
    ]
    for match, rows in table.dropna(subset=["score"]).groupby("match", sort=True):
        taken: dict[int, list[float]] = {}
        for first, second, score in zip(rows["first"], rows["second"], rows["score"], strict=True):
            taken.setdefault(number[str(first)], []).append(float(score))
            taken.setdefault(number[str(second)], []).append(1 - float(score))
        who = tuple(taken)
        scores = tuple(sum(each) / len(each) for each in taken.values())
        meetings.append(Meeting(int(str(match).partition(".")[0]), who, scores))
    return [
        {
            "entrant": names[each.entrant],
            "points": each.points,
            "matches": each.played,
            "wins": each.wins,
            "ties": each.ties,
            "losses": each.losses,
            "byes": each.byes,
        }
        for each in standings(len(names), meetings)
    ]


RATED = ("component", "rating", "low", "high", "rank", "rank_low", "rank_high", "p_best", "elo",
          "elo_scaled")  # fmt: skip


def _rate(record: Record, table: pd.DataFrame, ties: Any, margins: bool) -> None:
    """Add ratings to the standings, sort them by rating, and add effects, matrix and cycles."""
    rated = rate(table, ties=ties, margins=margins)
    by_name = {str(row["entrant"]): row for row in rated.table.to_dict("records")}
    order = {name: place for place, name in enumerate(by_name)}
    for entry in record["standings"]:
        row = by_name.get(entry["entrant"], {})
        entry.update({name: _plain(row.get(name)) for name in RATED})
    record["standings"].sort(key=lambda entry: order.get(entry["entrant"], len(order)))
    record["effects"] = _records(rated.effects)
    record["expected"] = {
        str(one): {str(other): _plain(value) for other, value in row.items() if other != one}
        for one, row in rated.wins.to_dict("index").items()
    }
    record["components"] = [list(names) for names in rated.components]
    ridge = rated.ridge
    record["ridge"] = (
        None if ridge is None else {"precision": ridge.precision, "reason": ridge.reason}
    )
    record["notes"] += list(rated.notes)
    cycles = transitivity(table)
    if cycles.replicates:
        record["cycles"] = {
            "p": cycles.p,
            "share": _plain(cycles.share),
            "expected": _plain(cycles.expected),
            "corrected": _plain(cycles.corrected),
            "strongest": _records(cycles.cycles),
        }


def _judges(contest: Contest) -> Record | None:
    """The agreement and the biases of the judges, if there are verdicts."""
    if not contest.verdicts["winner"].notna().any():
        return None
    judges = panel(contest)
    return {
        "alpha": _records(judges.agreement),
        "table": _records(judges.judges),
        "biases": _records(judges.biases),
        "notes": list(judges.notes),
    }


def _concessions(store: Path, contest: Contest) -> list[Record]:
    """Who concedes how often, one row for each entrant."""
    records: dict[str, Record] = {}
    for row in _records(Concessions(store).by_entrant(contest)):
        record = records.setdefault(
            row["entrant"],
            {
                "entrant": row["entrant"],
                "matches": row["n"],
                "turns": row["turns"],
                "conceding": row["conceding"],
            },
        )
        name = row["quantity"]
        record |= {name: row["value"], f"{name}_low": row["low"], f"{name}_high": row["high"]}
    return list(records.values())


def _records(table: pd.DataFrame) -> list[Record]:
    """The rows of a table, as JSON has them."""
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    """A cell as JSON has it: null if it is missing or infinite."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not isfinite(value) else value
