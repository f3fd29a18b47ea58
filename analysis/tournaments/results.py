"""From verdicts to results: who beat whom, and by how much, according to a panel of judges.

*Evidence*: verdicts. *Definition.* A verdict gives a score to each pair of sides: 1 to the winner,
0 to the side that lost to it, 1/2 to each in a tie. With more than two sides, a tie is a tie of all
sides, and two sides that both lost are compared by the sums of their criterion scores. The score of
a judge is the mean over the orders in which the judge was shown the debate; the score of the panel
is the mean over the judges that have a verdict. The margin (from 0 to 10, here divided by 10) is
positive for the winner and is averaged in the same way; two sides that both lost have no margin.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, nan

import numpy as np
import pandas as pd

from analysis.stats import Floats
from analysis.tables import frame
from analysis.tournaments.tables import TIE, Contest
from sim.errors import BadRequest

RESULTS = {
    "first": "str",
    "second": "str",
    "score": "float64",
    "margin": "float64",
    "side": "float64",
    "order": "float64",
    "topic": "str",
    "match": "str",
}
PAIR = ["trial", "first_position", "second_position"]
"""Two rows of verdicts that agree in these columns compare the same two sides."""


def results(
    contest: Contest, *, judges: Sequence[str] | None = None, per_judge: bool = False
) -> pd.DataFrame:
    """One row for each pair of sides of each leg: the columns of ``ratings.comparisons``.

    ``score`` (in [0, 1]) and ``margin`` (in [-1, 1]) are those of the first side. They are missing
    where no judge has a verdict. ``side`` is 1 if the first side argued position 0 of two and -1 if
    it argued position 1; it is 0 where there are more than two sides. ``order`` is 1 if the first
    side spoke before the second, else -1. ``topic`` is the motion. ``match`` is the round and the
    number of the match. Byes, and legs in which an entrant met itself, are left out.

    ``judges`` names the judges whose verdicts are used; None means all. With ``per_judge`` the
    table has the rows of each judge, and one more column, ``judge``, which ``rate`` does not
    accept. Raises ``BadRequest`` for an unknown judge.

    >>> from analysis.tournaments.tables import ContestRecord, LegRecord, VerdictRecord
    >>> from analysis.tournaments.tables import contests_from
    >>> sides = [{"entrant": "Ada", "actor": "Robin", "position": 0, "place": 1},
    ...          {"entrant": "Ben", "actor": "Noel", "position": 1, "place": 0}]
    >>> leg = LegRecord(1, 1, 0, "t1", "Sell the spring.", sides)
    >>> scored = [VerdictRecord("t1", "human:kim", "", shown, {"winner": winner, "margin": margin})
    ...         for shown, winner, margin in [(("Robin", "Noel"), "Robin", 4),
    ...                                       (("Noel", "Robin"), "tie", 0)]]
    >>> contest = contests_from([ContestRecord("x", {"judges": []}, "Cup", [leg], scored)])[0]
    >>> results(contest)[["first", "second", "score", "margin", "side", "order"]].values.tolist()
    [['Ada', 'Ben', 0.75, 0.2, 1.0, -1.0]]
    """
    names = chosen(contest, judges)
    scored = pairs(contest)
    scored = scored[scored["judge"].isin(names)]
    judged = by_judge(scored)
    return laid_out(contest, judged if per_judge else _means(judged, PAIR), names, per_judge)


def laid_out(
    contest: Contest, means: pd.DataFrame, names: Sequence[str], per_judge: bool
) -> pd.DataFrame:
    """The table of ``results``, from mean scores and margins of each judge or of the panel."""
    legs = meetings(contest)
    if per_judge:
        every = pd.DataFrame({"judge": pd.array(list(names), dtype="string")})
        legs = legs.merge(every, how="cross")
    on = [*PAIR, "judge"] if per_judge else PAIR
    table = legs.merge(means, on=on, how="left")
    kinds = RESULTS | ({"judge": "str"} if per_judge else {})
    return frame(list(table[list(kinds)].itertuples(index=False, name=None)), kinds)


def chosen(contest: Contest, judges: Sequence[str] | None) -> list[str]:
    """The judges whose verdicts are used. Raises ``BadRequest`` for an unknown judge."""
    known = contest.judges["judge"].tolist()
    if judges is None:
        return known
    for name in judges:
        if name not in known:
            raise BadRequest(f"judges: {name!r} is unknown; there are: {', '.join(known)}")
    return list(dict.fromkeys(judges))


def meetings(contest: Contest) -> pd.DataFrame:
    """One row for each pair of sides of each leg in which two entrants met, without verdicts."""
    legs = _sides(contest, ["round", "match", "leg", "trial"])
    legs = legs[legs["first"] != legs["second"]]
    match = legs["round"].astype("string") + "." + legs["match"].astype("string")
    return legs.assign(topic=legs["motion"], match=match).reset_index(drop=True)


def _sides(contest: Contest, leg: list[str]) -> pd.DataFrame:
    """One row for each pair of sides of each leg that was debated.

    ``leg`` names the columns that identify a leg.
    """
    sides = contest.matches[contest.matches["trial"].notna()]
    if leg == ["trial"]:
        sides = sides.drop_duplicates(["trial", "position"])
    own = ["entrant", "actor", "position", "place", "model"]
    names = {"entrant": ""} | {name: f"_{name}" for name in own[1:]}
    first = sides.rename(columns={name: f"first{end}" for name, end in names.items()})
    second = sides[[*leg, *own]].rename(
        columns={name: f"second{end}" for name, end in names.items()}
    )
    count = sides.groupby(leg, sort=False).size().rename("sides").reset_index()
    pairings = first.merge(second, on=leg).merge(count, on=leg)
    pairings = pairings[pairings["first_position"] < pairings["second_position"]]
    two = (pairings["sides"] == 2).to_numpy(dtype=bool)
    earlier = (pairings["first_place"] < pairings["second_place"]).to_numpy(dtype=bool)
    return pairings.assign(
        side=np.where(two, 1.0, 0.0), order=np.where(earlier, 1.0, -1.0)
    ).reset_index(drop=True)


def pairs(contest: Contest) -> pd.DataFrame:
    """One row for each pair of sides of each verdict; legs of an entrant with itself are included.

    ``score`` and ``margin`` are those of the first side. ``place`` is 1 if the judge was shown the
    first side before the second, else -1.
    """
    verdicts = contest.verdicts
    number = np.arange(len(verdicts))
    verdicts = verdicts.assign(
        verdict=number, won=verdicts["position"].astype("float64"), tied=verdicts["winner"] == TIE
    )
    # An entrant may be called "tie"; unlike a tie, it has a position.
    verdicts["tied"] = verdicts["tied"].fillna(False).astype(bool) & verdicts["won"].isna()
    known = verdicts["tied"] | verdicts["won"].notna()
    columns = ["trial", "judge", "form", "shown", "margin", "verdict", "won", "tied"]
    compared = verdicts.loc[known, columns].merge(_sides(contest, ["trial"]), on="trial")
    compared = compared.sort_values(["verdict", "first_position", "second_position"]).reset_index(
        drop=True
    )
    first = (compared["won"] == compared["first_position"].astype("float64")).to_numpy(dtype=bool)
    second = (compared["won"] == compared["second_position"].astype("float64")).to_numpy(dtype=bool)
    tied = compared["tied"].to_numpy(dtype=bool)
    score = np.select([tied, first, second], [0.5, 1.0, 0.0], nan)
    others = ~(tied | first | second)
    if others.any():
        score[others] = _by_criteria(contest, compared[others])
    out_of_ten = compared["margin"].to_numpy(dtype=np.float64) / 10
    return compared.assign(
        score=score,
        margin=np.select([tied, first, second], [0.0, out_of_ten, -out_of_ten], nan),
        place=_shown_first(compared),
    )


def _by_criteria(contest: Contest, compared: pd.DataFrame) -> Floats:
    """Scores of pairs of sides that both lost, by the sums of their criterion scores."""
    key = ["trial", "judge", "form", "shown", "position"]
    sums = contest.scores.groupby(key, sort=False)["score"].agg(fsum)
    total = sums.to_dict()
    whole = np.array(
        [
            [
                total.get((row.trial, row.judge, row.form, row.shown, position), nan)
                for position in (row.first_position, row.second_position)
            ]
            for row in compared.itertuples(index=False)
        ],
        dtype=np.float64,
    )
    apart = whole[:, 0] - whole[:, 1]
    return np.where(np.isnan(apart), nan, (1 + np.sign(apart)) / 2)


def _shown_first(compared: pd.DataFrame) -> Floats:
    """1 if the first side was shown before the second, -1 if after it, NaN if one was not shown."""
    return np.array(
        [
            (1.0 if shown.index(first) < shown.index(second) else -1.0)
            if first in shown and second in shown
            else nan
            for shown, first, second in zip(
                compared["shown"], compared["first_actor"], compared["second_actor"], strict=True
            )
        ],
        dtype=np.float64,
    )


def by_judge(scored: pd.DataFrame) -> pd.DataFrame:
    """The mean score and margin that each judge gives to each pair, over the orders it was shown.

    The mean margin is missing if the margin of any of these verdicts is missing.
    """
    key = [*PAIR, "judge"]
    once = _means(scored, [*key, "place"])
    return _means(once, key)


def _means(table: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    groups = table[table["score"].notna()].groupby(key, sort=False, dropna=False)
    means = groups[["score", "margin"]].mean()
    lacking = groups["margin"].agg("count") < groups["margin"].agg("size")
    means.loc[lacking, "margin"] = nan
    return means.reset_index()
