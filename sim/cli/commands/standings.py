"""``elsinore standings``: how strong everybody is, and how sure that is."""

from __future__ import annotations

import csv as csv_module
import json
from collections.abc import Mapping
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import Any

from sim.cli.display.terminal import out
from sim.errors import BadRequest, RunFailed
from sim.planning.scenarios import own
from sim.tournament.formats import Meeting, standings

Record = dict[str, Any]


def command(
    store: Path,
    which: str | None,
    *,
    csv: Path | None,
    judges: bool,
    matrix: bool,
    concessions: bool,
    ties: str,
    margins: bool,
    adjusted: bool,
    as_json: bool,
) -> None:
    """Print the standings of a tournament, or write them."""
    own("analysis")
    if csv is not None and csv.is_dir():
        raise BadRequest(f"--csv {csv}: is a directory; name a file in it")
    found = measured(
        store, which, ties=ties, margins=margins, adjusted=adjusted, concessions=concessions
    )
    if csv is not None:
        _write(csv, found)
    if as_json:
        out().out(json.dumps(found, allow_nan=False))
        return
    shown = import_module("sim.cli.display.standings_tables")
    shown.show(found, out(), judges=judges, matrix=matrix)


def measured(
    store: Path,
    which: str | None,
    *,
    ties: str = "half",
    margins: bool = False,
    adjusted: bool = False,
    concessions: bool = False,
) -> Record:
    """Everything there is to say of a tournament, as JSON has it."""
    contest = import_module("analysis.tournaments.tables").load_contest(store, which)
    judging = import_module("analysis.tournaments.judges")
    table = judging.results(contest)
    judged = contest.verdicts.loc[contest.verdicts["winner"].notna(), "trial"]
    found: Record = {
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
        "judges": _judges(judging, contest),
    }
    if table["score"].notna().any():
        # Points stay as the judges gave them.
        rated = judging.adjusted(contest) if adjusted else table
        _rate(found, rated, ties, margins)
        if adjusted:
            found["notes"].append(
                "Rated by verdicts from which the judges' biases were taken out, each judge "
                "weighted by how well it agrees with the others; intervals do not know that the "
                "biases were estimated."
            )
    else:
        found["notes"].append("No debate has a verdict, so nobody is rated.")
        found["notes"] += _missing(contest)
    if concessions:
        found["concessions"] = _concessions(store, contest)
    return found


def _missing(contest: Any) -> list[str]:
    """Why nobody is rated, where judges were asked and none has a verdict."""
    reasons = contest.verdicts["missing"].dropna()
    if reasons.empty:
        return []
    asked = len(contest.verdicts)
    return [f"{len(reasons):,} of {asked:,} verdicts are missing, mostly: {reasons.mode().iloc[0]}"]


def _points(contest: Any, table: Any) -> list[Record]:
    """Match points, as formats count them, by all who judged, people among them; matches that
    nobody judged are left out. One row for each entrant, the first in front."""
    met = (str(name) for name in contest.matches["entrant"].dropna().unique())
    entered = (str(each["name"]) for each in contest.definition.get("entrants", ()))
    names = sorted({*met, *entered})
    number = {name: place for place, name in enumerate(names)}
    byes = contest.matches[contest.matches["trial"].isna()]
    meetings = [Meeting(int(row.round), (number[row.entrant],), None) for row in byes.itertuples()]
    for match, rows in table.dropna(subset=["score"]).groupby("match", sort=True):
        taken: dict[int, list[float]] = {}
        for row in rows.itertuples():
            taken.setdefault(number[row.first], []).append(row.score)
            taken.setdefault(number[row.second], []).append(1 - row.score)
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


_RATED = ("component", "rating", "low", "high", "rank", "rank_low", "rank_high", "p_best", "elo",
          "elo_scaled")  # fmt: skip


def _rate(found: Record, table: Any, ties: str, margins: bool) -> None:
    """Add ratings to the standings, which are then in their order, and what goes with them."""
    ratings = import_module("analysis.tournaments.ratings.ratings")
    rated = ratings.rate(table, ties=ties, margins=margins)
    by_name = {str(row["entrant"]): row for row in rated.table.to_dict("records")}
    order = {name: place for place, name in enumerate(by_name)}
    for entry in found["standings"]:
        row = by_name.get(entry["entrant"], {})
        entry.update({name: _plain(row.get(name)) for name in _RATED})
    found["standings"].sort(key=lambda entry: order.get(entry["entrant"], len(order)))
    found["effects"] = [
        {name: _plain(value) for name, value in row.items()}
        for row in rated.effects.to_dict("records")
    ]
    found["expected"] = {
        str(one): {str(other): _plain(value) for other, value in row.items() if other != one}
        for one, row in rated.wins.to_dict("index").items()
    }
    found["components"] = [list(names) for names in rated.components]
    ridge = rated.ridge
    found["ridge"] = (
        None if ridge is None else {"precision": ridge.precision, "reason": ridge.reason}
    )
    found["notes"] += list(rated.notes)
    cycles = ratings.transitivity(table)
    if cycles.replicates:
        found["cycles"] = {
            "p": cycles.p,
            "share": _plain(cycles.share),
            "expected": _plain(cycles.expected),
            "corrected": _plain(cycles.corrected),
            "strongest": [
                {name: _plain(value) for name, value in row.items()}
                for row in cycles.cycles.to_dict("records")
            ],
        }


def _judges(judging: Any, contest: Any) -> Record | None:
    """What the judges are like, if there are verdicts."""
    if not contest.verdicts["winner"].notna().any():
        return None
    panel = judging.panel(contest)
    return {
        "alpha": [
            {name: _plain(value) for name, value in row.items()}
            for row in panel.agreement.to_dict("records")
        ],
        "table": [
            {name: _plain(value) for name, value in row.items()}
            for row in panel.judges.to_dict("records")
        ],
        "biases": [
            {name: _plain(value) for name, value in row.items()}
            for row in panel.biases.to_dict("records")
        ],
        "notes": list(panel.notes),
    }


def _concessions(store: Path, contest: Any) -> list[Record]:
    """Who gives in how often, one row for each entrant."""
    tables = import_module("analysis.tables").load(store)
    found = import_module("analysis.measures.concessions").by_entrant(contest, tables)
    return [
        {name: _plain(value) for name, value in row.items()} for row in found.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    """A cell as JSON has it: missing is null, and so is a limit that is infinite."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not isfinite(value) else value


def _write(path: Path, found: Mapping[str, Any]) -> None:
    """The table of ratings as CSV: a file that appears whole or not at all."""
    columns = ("entrant", "points", "matches", "wins", "ties", "losses", "byes", *_RATED)
    draft = path.with_name(f".{path.name}.new")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv_module.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(found["standings"])
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise RunFailed(f"--csv {path}: cannot be written ({error.strerror})") from None
