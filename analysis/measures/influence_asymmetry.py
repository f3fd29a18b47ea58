"""Who pulls whom? When two kinds of mind talk, which of them goes how far toward the other?

*Evidence*: P for stances, T for style.

*Definition.* In stance: of two who begin at a and b and end at a' and b', the first has been pulled
by (a' - a) / (b - a), the second by (b' - b) / (a - b): 1 is all the way. In style: let s(A|B) be
the mean of a style of A's turns when A talks with B. Self-play says where each is by itself, and A
has been pulled by B by (s(A|B) - s(A|A)) / (s(B|B) - s(A|A)). Both are ratios of means over
meetings; where two do not differ by themselves, nobody can be pulled, and the pull is missing.

*Null.* Zero, with an interval by leaving out one match at a time. In stance whoever is at an end of
the scale can only come back from it, also when nobody pulls: compare with self-play, whose rows are
in the table, too.

*References.* The attractors of Janus 2022; arXiv 2601.21540.

*Traps.* A style that is what one answers to (questions, say) is drawn by the partner's turns and by
no change of character. A pull on both sides is convergence, on one side an attractor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from analysis.evidence.text import assistant, score
from analysis.stats import Interval, jackknife, jackknife_ratio
from analysis.tables import Tables, frame
from analysis.tournaments.tables import Contest

EVIDENCE = "P and T"

Style = Callable[[str], float]
"""What is measured of a line: a number."""

_PULL = {
    "kind": "str",
    "entrant": "str",
    "partner": "str",
    "matches": "Int64",
    "own": "float64",
    "theirs": "float64",
    "together": "float64",
    "pull": "float64",
    "low": "float64",
    "high": "float64",
}


def assistance(text: str) -> float:
    """1 if a line is rather an assistant's than a character's, else 0.

    >>> assistance("As an AI language model, I do not have personal opinions.")
    1.0
    """
    return float(assistant(score(text)) > 0)


def in_style(contest: Contest, tables: Tables, style: Style = assistance) -> pd.DataFrame:
    """How far each entrant is pulled by each other in a style: one row for each ordered pair.

    ``own`` is the style in self-play, ``theirs`` the partner's in its self-play, ``together`` the
    entrant's own with the partner. Where self-play is missing, so is the pull.
    """
    sides = _sides(contest)
    turns = tables.turns[tables.turns["source"] != "intervention"]
    turns = turns.assign(style=[style(str(text)) for text in turns["text"]])
    spoken = turns.groupby(["trial", "speaker"])["style"].mean().rename("style").reset_index()
    found = sides.merge(spoken, left_on=["trial", "actor"], right_on=["trial", "speaker"])
    by_match = found.groupby(["entrant", "partner", "match"])["style"].mean().reset_index()
    means = {key: rows["style"].to_numpy(dtype=np.float64)
             for key, rows in by_match.groupby(["entrant", "partner"])}  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for (one, other), together in means.items():
        if one == other:
            continue
        own, theirs = means.get((one, one)), means.get((other, other))
        pull = _no_pull() if own is None or theirs is None else _of_three(together, own, theirs)
        rows.append(
            (
                "style",
                one,
                other,
                len(together),
                _mean(own),
                _mean(theirs),
                float(together.mean()),
                pull.estimate,
                pull.low,
                pull.high,
            )
        )
    return frame(rows, _PULL)


def in_stance(contest: Contest, tables: Tables) -> pd.DataFrame:
    """How far each entrant's private stance goes toward each other's, self-play included.

    ``own`` and ``theirs`` are the mean distances from the motion's middle at the start, toward
    one's own side; ``together`` where the entrant ends on that scale.
    """
    answers = tables.answers[~tables.answers["gauge"]]
    answers = answers[answers["key"].str.startswith("stance:")]
    values = answers.assign(value=pd.to_numeric(answers["value"], errors="coerce"))
    ends = (
        values.sort_values("turn")
        .groupby(["trial", "actor", "turn"])["value"]
        .mean()
        .groupby(["trial", "actor"])
        .agg(["first", "last"])
        .reset_index()
    )
    sides = _sides(contest)
    found = sides.merge(ends, on=["trial", "actor"]).merge(
        ends.rename(columns={"actor": "other", "first": "their_first", "last": "their_last"}),
        on=["trial", "other"],
    )
    sign = np.where(found["position"].astype("int64") == 0, 1.0, -1.0)
    found = found.assign(
        moved=(found["last"] - found["first"]) * -sign,
        apart=(found["their_first"] - found["first"]) * -sign,
        start=found["first"] * sign,
        end=found["last"] * sign,
        theirs=found["their_first"] * -sign,
    ).dropna(subset=["moved", "apart"])
    rows: list[tuple[Any, ...]] = []
    for (one, other), some in found.groupby(["entrant", "partner"], sort=True):
        matches = some.groupby("match")[["moved", "apart"]].mean()
        moved, apart = (matches[name].to_numpy(dtype=np.float64) for name in ("moved", "apart"))
        pull = jackknife_ratio(moved, apart)
        rows.append(
            (
                "stance",
                one,
                other,
                len(matches),
                float(some["start"].mean()),
                float(some["theirs"].mean()),
                float(some["end"].mean()),
                pull.estimate,
                pull.low,
                pull.high,
            )
        )
    return frame(rows, _PULL)


def _sides(contest: Contest) -> pd.DataFrame:
    """One row for each side of each leg of two, with its partner."""
    played = contest.matches[contest.matches["trial"].notna()]
    two = played[played.groupby("trial")["actor"].transform("size") == 2]
    match = two["round"].astype("string") + "." + two["match"].astype("string")
    columns = ["trial", "entrant", "actor", "position"]
    own = two.assign(match=match)[["match", *columns]]
    theirs = two[["trial", "entrant", "actor"]].rename(
        columns={"entrant": "partner", "actor": "other"}
    )
    found = own.merge(theirs, on="trial")
    return found[found["actor"] != found["other"]].reset_index(drop=True)


def _of_three(together: Any, own: Any, theirs: Any) -> Interval:
    """(together - own) / (theirs - own), each the mean of its matches; one of all left out."""
    parts = (together, own, theirs)
    rows = np.zeros((sum(map(len, parts)), 6))
    at = 0
    for place, part in enumerate(parts):
        # The mean of each is a ratio of two means over all matches.
        rows[at : at + len(part), 2 * place] = part
        rows[at : at + len(part), 2 * place + 1] = 1.0
        at += len(part)

    def pull(means: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            mixed, alone, other = (means[..., 2 * p] / means[..., 2 * p + 1] for p in range(3))
            return np.where(other == alone, np.nan, (mixed - alone) / (other - alone))

    return jackknife(rows, pull)


def _mean(values: Any) -> float:
    return float("nan") if values is None else float(values.mean())


def _no_pull() -> Interval:
    nan = float("nan")
    return Interval(nan, nan, nan)
