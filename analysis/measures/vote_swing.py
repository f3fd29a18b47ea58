"""Who moved the audience? An Oxford debate is won by the side that gains the larger share of it.

*Evidence*: P, the private stances of the audience at the start and at the end.

*Definition.* A member whose stance on the motion is above ``undecided`` votes for it, below
-``undecided`` against, and else has no vote. *Swing*: the gain of the share that is for, less the
gain of the share that is against, in [-2, 2]; above zero the proposing side has won. *Shift*: the
mean change of the stances themselves, which sees also those who did not change their vote.

*Null.* No swing: the interval of the mean over debates, by Student's t, against zero.

*References.* The rules of Intelligence Squared; Zhang, Kumar, Ravi and Danescu-Niculescu-Mizil
2016, arXiv 1604.03114.

*Traps.* Whoever begins ahead has less to gain. A model that plays the audience may agree with
whoever spoke last: let sides close in both orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from analysis.stats import paired_difference
from analysis.tables import ARM, Tables, frame, with_arms
from sim.errors import BadRequest

EVIDENCE = "P"

_VOTES = ("for", "against", "undecided")
_TRIALS = (
    {"trial": "str", "issue": "str", "members": "Int64", "missing": "Int64"}
    | {f"{vote}_{when}": "Int64" for when in ("before", "after") for vote in _VOTES}
    | {"swing": "float64", "shift": "float64"}
)
_ARMS = dict.fromkeys(ARM, "str") | {"debates": "Int64", "missing": "Int64", "won": "Int64",
         "tied": "Int64", "lost": "Int64"} | {f"{what}{end}": "float64"
         for what in ("swing", "shift") for end in ("", "_low", "_high")}  # fmt: skip


def by_trial(
    tables: Tables, audience: Sequence[str] | None = None, undecided: float = 0.15
) -> pd.DataFrame:
    """One row per trial: the votes before and after, and the swing.

    ``audience`` are the members (None: whoever was asked where it stands, in each trial); the issue
    is the one that they were asked about. Members without a stance at both ends are ``missing`` and
    are left out. Raises ``BadRequest`` if ``undecided`` is no number from 0 to 1.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> said = [Answer(t, name, "stance:x", value) for t, name, value in
    ...         [(0, "Kim", 0.0), (9, "Kim", 0.5), (0, "Lou", -0.5), (9, "Lou", -0.25)]]
    >>> row = by_trial(tables_from([Record("t", [{"name": "Kim"}, {"name": "Lou"}], said)])).iloc[0]
    >>> int(row.for_before), int(row.for_after), float(row.swing), float(row["shift"])
    (0, 1, 0.5, 0.375)
    """
    if not 0 <= undecided < 1:
        raise BadRequest(
            f"undecided: {undecided!r} is no bound of a vote; use a number from 0 to 1"
        )
    answers = tables.answers[~tables.answers["gauge"]]
    answers = answers[answers["key"].str.startswith("stance:")]
    if audience is not None:
        answers = answers[answers["actor"].isin(audience)]
    numbers = answers.assign(value=pd.to_numeric(answers["value"], errors="coerce"))
    rows: list[tuple[Any, ...]] = []
    for (trial, key), some in numbers.groupby(["trial", "key"], sort=True):
        means = some.groupby(["turn", "actor"])["value"].mean().unstack("actor")
        before = means.iloc[0].to_numpy(dtype=np.float64)
        after = means.iloc[-1].to_numpy(dtype=np.float64)
        known = ~(np.isnan(before) | np.isnan(after)) & (len(means) > 1)
        votes = [_votes(side[known], undecided) for side in (before, after)]
        members = int(known.sum())
        rows.append(
            (
                trial,
                str(key).removeprefix("stance:"),
                members,
                len(known) - members,
                *votes[0],
                *votes[1],
                _swing(votes[0], votes[1], members),
                float((after[known] - before[known]).mean()) if members else nan,
            )
        )
    return frame(rows, _TRIALS)


def by_arm(
    tables: Tables, audience: Sequence[str] | None = None, undecided: float = 0.15
) -> pd.DataFrame:
    """One row per arm: the mean swing and shift with 95% intervals, debates won, tied and lost by
    the side that is for the motion."""
    trials = with_arms(tables.trials)
    found = by_trial(tables, audience, undecided).merge(trials[["trial", *ARM]], on="trial")
    rows: list[tuple[Any, ...]] = []
    for arm, some in found.groupby(list(ARM), sort=True, dropna=False):
        swing = some["swing"].to_numpy(dtype=np.float64)
        known = swing[~np.isnan(swing)]
        cells: list[float] = []
        for values in (swing, some["shift"].to_numpy(dtype=np.float64)):
            mean = paired_difference(values, np.zeros(len(values)))
            cells += [mean.estimate, mean.low, mean.high]
        rows.append(
            (
                *arm,
                len(some),
                len(some) - len(known),
                int((known > 0).sum()),
                int((known == 0).sum()),
                int((known < 0).sum()),
                *cells,
            )
        )
    return frame(rows, _ARMS)


def _votes(stances: Any, undecided: float) -> tuple[int, int, int]:
    in_favour, against = int((stances > undecided).sum()), int((stances < -undecided).sum())
    return in_favour, against, len(stances) - in_favour - against


def _swing(before: tuple[int, int, int], after: tuple[int, int, int], members: int) -> float:
    if members == 0:
        return nan
    return ((after[0] - before[0]) - (after[1] - before[1])) / members
