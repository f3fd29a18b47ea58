"""From verdicts to results: who beat whom, by how much, in the judgement of a panel.

*Evidence*: verdicts. *Definition.* A verdict gives each pair of sides a score: 1 to the winner, 0
to whom it beat, 1/2 each for a tie. Where there are more than two sides, those who did not win are
compared by the sums of their criterion scores; a tie is one of all. A judge's score is the mean
over the orders in which it was shown the debate, the panel's the mean over judges with a verdict.
The margin is signed by the winner, out of 10, and averaged likewise; those who did not win have
none between them.
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
"""What makes two rows of verdicts about the same two sides."""


def results(
    contest: Contest, *, judges: Sequence[str] | None = None, per_judge: bool = False
) -> pd.DataFrame:
    """One row for each pair of sides of each leg: the columns of ``ratings.comparisons``.

    ``score`` of the first, in [0, 1], and ``margin`` in [-1, 1], are missing where no judge has a
    verdict. ``side`` is 1 if the first argued position 0 of two, else -1; 0 with more sides.
    ``order`` is 1 if the first spoke first. ``topic`` is the motion, ``match`` round and number.
    Legs in which an entrant met itself are left out, and byes.

    ``judges`` are those who count; None is all. With ``per_judge`` each has rows of its own, in one
    more column, ``judge``, which ``rate`` does not take. Raises ``BadRequest`` for a judge who is
    unknown.

    >>> from analysis.tournaments.tables import ContestRecord, LegRecord, VerdictRecord
    >>> from analysis.tournaments.tables import contests_from
    >>> sides = [{"entrant": "Ada", "actor": "Robin", "position": 0, "place": 1},
    ...          {"entrant": "Ben", "actor": "Noel", "position": 1, "place": 0}]
    >>> leg = LegRecord(1, 1, 0, "t1", "Sell the spring.", sides)
    >>> said = [VerdictRecord("t1", "human:kim", "", shown, {"winner": winner, "margin": margin})
    ...         for shown, winner, margin in [(("Robin", "Noel"), "Robin", 4),
    ...                                       (("Noel", "Robin"), "tie", 0)]]
    >>> contest = contests_from([ContestRecord("x", {"judges": []}, "Cup", [leg], said)])[0]
    >>> results(contest)[["first", "second", "score", "margin", "side", "order"]].values.tolist()
    [['Ada', 'Ben', 0.75, 0.2, 1.0, -1.0]]
    """
    names = chosen(contest, judges)
    said = pairs(contest)
    said = said[said["judge"].isin(names)]
    judged = by_judge(said)
    return laid_out(contest, judged if per_judge else _means(judged, PAIR), names, per_judge)


def laid_out(
    contest: Contest, means: pd.DataFrame, names: Sequence[str], per_judge: bool
) -> pd.DataFrame:
    """The table of ``results`` from scores and margins of pairs, of each judge or of the panel."""
    legs = meetings(contest)
    if per_judge:
        every = pd.DataFrame({"judge": pd.array(list(names), dtype="string")})
        legs = legs.merge(every, how="cross")
    on = [*PAIR, "judge"] if per_judge else PAIR
    table = legs.merge(means, on=on, how="left")
    kinds = RESULTS | ({"judge": "str"} if per_judge else {})
    return frame(list(table[list(kinds)].itertuples(index=False, name=None)), kinds)


def chosen(contest: Contest, judges: Sequence[str] | None) -> list[str]:
    """The judges that count. Raises ``BadRequest`` for one who is unknown."""
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
    """One row for each pair of sides of each leg that was debated; ``leg`` says which is which."""
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
    """One row for each pair of sides of each verdict, also where an entrant met itself.

    ``score`` and ``margin`` are the first's; ``place`` is 1 where the first was shown before the
    second, else -1.
    """
    verdicts = contest.verdicts
    number = np.arange(len(verdicts))
    verdicts = verdicts.assign(
        verdict=number, won=verdicts["position"].astype("float64"), tied=verdicts["winner"] == TIE
    )
    # An entrant may have any name, "tie" too, but then it has a position.
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
    """Scores of pairs neither of whom won, by the sums of their criterion scores."""
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
    """1 where the first was shown before the second, -1 where after; NaN if one was not shown."""
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


def by_judge(said: pd.DataFrame) -> pd.DataFrame:
    """Mean score and margin of each judge for each pair, over the orders that it was shown.

    The margin is missing as soon as one of those that count is.
    """
    key = [*PAIR, "judge"]
    once = _means(said, [*key, "place"])
    return _means(once, key)


def _means(table: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    groups = table[table["score"].notna()].groupby(key, sort=False, dropna=False)
    means = groups[["score", "margin"]].mean()
    lacking = groups["margin"].agg("count") < groups["margin"].agg("size")
    means.loc[lacking, "margin"] = nan
    return means.reset_index()
