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

import json
from collections.abc import Callable, Iterable
from math import nan
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.evidence.text import assistant, score
from analysis.results import Arm, ArmEstimate, Result
from analysis.stats import UNKNOWN, Floats, Interval, jackknife, jackknife_ratio
from analysis.tables import Data
from analysis.tournaments.tables import Contest
from sim.planning.trials import LIVE

Style = Callable[[str], float]
"""What is measured of a line: a number."""


def assistance(text: str) -> float:
    """1 if a line is rather an assistant's than a character's, else 0.

    >>> assistance("As an AI language model, I do not have personal opinions.")
    1.0
    """
    return float(assistant(score(text)) > 0)


class Where(NamedTuple):
    """Where an entrant stands: by itself, its partner by itself, and the entrant with it."""

    own: float
    theirs: float
    together: float


class InfluenceAsymmetry(Result):
    """Who pulls whom in a tournament of meetings of two: one arm for each ordered pair.

    The arm of A as pulled by B has A as its ``model`` and ``{"partner": "B"}`` as ``parameters``;
    ``scenario`` is the tournament. In style, where the self-play of one of both is missing, so is
    the pull. In stance, self-play is among the pairs.
    """

    measure = "influence_asymmetry"
    evidence = "P and T"
    arm: ClassVar[Quantities] = {
        "style_pull": Quantity("how far the style goes toward the partner's", evidence="T"),
        "style_own": Quantity("the style in self-play", evidence="T"),
        "style_theirs": Quantity("the partner's style in its self-play", evidence="T"),
        "style_together": Quantity("the style with the partner", evidence="T"),
        "stance_pull": Quantity("how far the stance goes toward the partner's", evidence="P"),
        "stance_own": Quantity(
            "the stance at the start, toward one's own side", low=-1, high=1, evidence="P"
        ),
        "stance_theirs": Quantity("the partner's, toward its side", low=-1, high=1, evidence="P"),
        "stance_together": Quantity("the stance at the end", low=-1, high=1, evidence="P"),
    }

    def __init__(self, contest: Contest, data: Data, style: Style = assistance) -> None:
        super().__init__(data)
        self.contest = contest
        self.style = style

    def _arms(self) -> Iterable[ArmEstimate]:
        sides = _sides(self.contest)
        yield from self._in_style(sides)
        yield from self._in_stance(sides)

    def _in_style(self, sides: pd.DataFrame) -> Iterable[ArmEstimate]:
        turns = self.tables.turns[self.tables.turns["source"] != "intervention"]
        turns = turns.assign(style=[self.style(str(text)) for text in turns["text"]])
        spoken = turns.groupby(["trial", "speaker"])["style"].mean().rename("style").reset_index()
        styles = sides.merge(spoken, left_on=["trial", "actor"], right_on=["trial", "speaker"])
        by_match = styles.groupby(["entrant", "partner", "match"])["style"].mean().reset_index()
        means = {
            (str(one), str(other)): rows["style"].to_numpy(dtype=np.float64)
            for (one, other), rows in by_match.groupby(["entrant", "partner"])
        }
        for (one, other), together in means.items():
            if one == other:
                continue
            own, theirs = means.get((one, one)), means.get((other, other))
            pull, note = UNKNOWN, "self-play is missing"
            if own is not None and theirs is not None:
                pull, note = _pull(together, own, theirs), ""
            where = Where(_mean(own), _mean(theirs), float(together.mean()))
            yield from self._rows("style", one, other, pull, len(together), where, note)

    def _in_stance(self, sides: pd.DataFrame) -> Iterable[ArmEstimate]:
        answers = self.tables.answers[~self.tables.answers["gauge"]]
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
        stances = sides.merge(ends, on=["trial", "actor"]).merge(
            ends.rename(columns={"actor": "other", "first": "their_first", "last": "their_last"}),
            on=["trial", "other"],
        )
        sign = np.where(stances["position"].astype("int64") == 0, 1.0, -1.0)
        stances = stances.assign(
            moved=(stances["last"] - stances["first"]) * -sign,
            apart=(stances["their_first"] - stances["first"]) * -sign,
            start=stances["first"] * sign,
            end=stances["last"] * sign,
            theirs=stances["their_first"] * -sign,
        ).dropna(subset=["moved", "apart"])
        for (one, other), some in stances.groupby(["entrant", "partner"], sort=True):
            matches = some.groupby("match")[["moved", "apart"]].mean()
            moved, apart = (matches[name].to_numpy(dtype=np.float64) for name in ("moved", "apart"))
            pull = jackknife_ratio(moved, apart)
            where = Where(*(float(some[name].mean()) for name in ("start", "theirs", "end")))
            yield from self._rows("stance", str(one), str(other), pull, len(matches), where)

    def _rows(
        self,
        kind: str,
        one: str,
        other: str,
        pull: Interval,
        matches: int,
        where: Where,
        note: str = "",
    ) -> Iterable[ArmEstimate]:
        partner = json.dumps({"partner": other})
        arm: Arm = (self.contest.name, "", partner, one, "", "", LIVE)
        name = f"{kind}_pull"
        yield ArmEstimate(arm, name, self.made(name, pull, matches, note=note))
        for part, value in where._asdict().items():
            name = f"{kind}_{part}"
            yield ArmEstimate(arm, name, self.made(name, Interval(value, nan, nan), matches))


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
    pairs = own.merge(theirs, on="trial")
    return pairs[pairs["actor"] != pairs["other"]].reset_index(drop=True)


def _pull(together: Floats, own: Floats, theirs: Floats) -> Interval:
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


def _mean(values: Floats | None) -> float:
    return nan if values is None else float(values.mean())
