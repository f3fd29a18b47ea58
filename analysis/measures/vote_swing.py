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

from collections.abc import Iterable, Sequence
from math import nan
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.results import ArmEstimate, Result
from analysis.stats import Floats, clopper_pearson, paired_difference
from analysis.tables import Data
from sim.errors import BadRequest


class VoteSwing(Result):
    """How far a debate moved its audience, and to which side.

    ``audience`` are the members (None: whoever was asked where it stands, in each trial); the issue
    is the one that they were asked about. Members without a stance at both ends are ``missing`` and
    are left out. Raises ``BadRequest`` if ``undecided`` is no number from 0 to 1.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> said = [Answer(t, name, "stance:x", value) for t, name, value in
    ...         [(0, "Kim", 0.0), (9, "Kim", 0.5), (0, "Lou", -0.5), (9, "Lou", -0.25)]]
    >>> result = VoteSwing(tables_from([Record("t", [{"name": "Kim"}, {"name": "Lou"}], said)]))
    >>> row = result.by_trial.iloc[0]
    >>> int(row.for_before), int(row.for_after), float(row.swing), float(row["shift"])
    (0, 1, 0.5, 0.375)
    """

    measure = "vote_swing"
    evidence = "P"
    more_keys: ClassVar = {"trial": {"issue": "str"}}
    trial: ClassVar[Quantities] = {
        "members": Quantity("members of the audience who answered at both ends", "count"),
        "missing": Quantity("members who did not", "count"),
        "for_before": Quantity("members for the motion before", "count"),
        "against_before": Quantity("members against it before", "count"),
        "undecided_before": Quantity("members without a vote before", "count"),
        "for_after": Quantity("members for the motion after", "count"),
        "against_after": Quantity("members against it after", "count"),
        "undecided_after": Quantity("members without a vote after", "count"),
        "swing": Quantity("gain of the share for, less that of the share against", low=-2, high=2),
        "shift": Quantity("mean change of the stances", low=-2, high=2),
    }
    arm: ClassVar[Quantities] = {
        "swing": Quantity("mean swing of the debates", low=-2, high=2),
        "shift": Quantity("mean shift of the debates", low=-2, high=2),
        "won": Quantity("share of debates that the side for the motion won", "share", 0, 1),
        "tied": Quantity("share of debates without a swing", "share", 0, 1),
        "lost": Quantity("share of debates that the side for the motion lost", "share", 0, 1),
    }

    def __init__(
        self, data: Data, audience: Sequence[str] | None = None, undecided: float = 0.15
    ) -> None:
        if not 0 <= undecided < 1:
            raise BadRequest(
                f"undecided: {undecided!r} is no bound of a vote; use a number from 0 to 1"
            )
        super().__init__(data)
        self.audience = audience
        self.undecided = undecided

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        answers = self.tables.answers[~self.tables.answers["gauge"]]
        answers = answers[answers["key"].str.startswith("stance:")]
        if self.audience is not None:
            answers = answers[answers["actor"].isin(self.audience)]
        numbers = answers.assign(value=pd.to_numeric(answers["value"], errors="coerce"))
        for (trial, key), rows in numbers.groupby(["trial", "key"], sort=True):
            means = rows.groupby(["turn", "actor"])["value"].mean().unstack("actor")
            before = means.iloc[0].to_numpy(dtype=np.float64)
            after = means.iloc[-1].to_numpy(dtype=np.float64)
            known = ~(np.isnan(before) | np.isnan(after)) & (len(means) > 1)
            votes = [_votes(side[known], self.undecided) for side in (before, after)]
            members = int(known.sum())
            yield (
                trial,
                str(key).removeprefix("stance:"),
                members,
                len(known) - members,
                *votes[0],
                *votes[1],
                _swing(votes[0], votes[1], members),
                float((after[known] - before[known]).mean()) if members else nan,
            )

    def _arms(self) -> Iterable[ArmEstimate]:
        for arm, rows in self.rows_of_arms():
            swing = rows["swing"].to_numpy(dtype=np.float64)
            known = swing[~np.isnan(swing)]
            for name in ("swing", "shift"):
                values = rows[name].to_numpy(dtype=np.float64)
                mean = paired_difference(values, np.zeros(len(values)))
                yield ArmEstimate(arm, name, self.made(name, mean, len(known)))
            counts: dict[str, Any] = {"won": known > 0, "tied": known == 0, "lost": known < 0}
            for name, happened in counts.items():
                share = clopper_pearson(int(happened.sum()), len(known))
                yield ArmEstimate(arm, name, self.made(name, share, len(known)))


class _Votes(NamedTuple):
    in_favour: int
    against: int
    undecided: int


def _votes(stances: Floats, undecided: float) -> _Votes:
    in_favour, against = int((stances > undecided).sum()), int((stances < -undecided).sum())
    return _Votes(in_favour, against, len(stances) - in_favour - against)


def _swing(before: _Votes, after: _Votes, members: int) -> float:
    if members == 0:
        return nan
    gain = after.in_favour - before.in_favour
    loss = after.against - before.against
    return (gain - loss) / members
