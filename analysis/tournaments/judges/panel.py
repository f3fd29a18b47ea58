"""The judges of a contest: how far they agree, and the biases of each.

*Evidence*: verdicts, and lengths of turns.

*Definition.* A judge's *judgement* of a debate is the side with most points from its verdicts over
the orders in which it was shown the debate (1 point to a winner; a tie divides 1 point among all
sides), or a tie if no side has most: a judge whose verdict changed with the order gives a tie.
Sides are identified by the position that they argue. *Agreement* is Krippendorff's alpha of the
judgements (nominal), and of the mean signed margins for position 0 of two (interval; with more
sides a margin has no sign). The agreement of one judge is with the most common judgement of all
others, in debates that have one.

*Limits.* Missing verdicts are left out. If all judges are wrong in the same way, they agree; see
``analysis.stats.agreement`` for how alpha depends on the share of ties and of each position.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan
from typing import Any, cast

import numpy as np
import pandas as pd

from analysis.stats import holm
from analysis.stats.agreement import Scale, reliability
from analysis.stats.resampling import FEWEST
from analysis.tables import frame
from analysis.tournaments.judges.adjustment import corrected, weights
from analysis.tournaments.judges.biases import Bias, biases
from analysis.tournaments.judges.design import TOPICS, Rows, clusters, rows
from analysis.tournaments.results import by_judge, pairs
from analysis.tournaments.tables import HUMAN, TIE, Contest

AGREEMENT = {
    "what": "str",
    "alpha": "float64",
    "low": "float64",
    "high": "float64",
    "debates": "Int64",
    "clusters": "Int64",
    "by": "str",
    "missing": "str",
}
JUDGES = {
    "judge": "str",
    "model": "str",
    "verdicts": "Int64",
    "missing": "Int64",
    "agreement": "float64",
    "compared": "Int64",
    "consistency": "float64",
    "both": "Int64",
    "ties": "float64",
    "margin": "float64",
    "weight": "float64",
}
BIASES = {
    "judge": "str",
    "bias": "str",
    "estimate": "float64",
    "low": "float64",
    "high": "float64",
    "p": "float64",
    "cases": "Int64",
    "missing": "str",
}
SWAYED = {
    "position": "whoever is shown first",
    "length": "whoever speaks longer",
    "self": "its own model",
}
"""The biases that are mentioned in notes, and what they prefer. Effects of side and order of
speaking need not be faults of the judge, so they are not mentioned."""


@dataclass(frozen=True)
class Panel:
    """Properties of the judges of a contest.

    ``agreement``: a row for the ``winner`` and one for the ``margin``: Krippendorff's ``alpha`` and
    its 95% limits, the number of ``debates`` that at least two judges judged, and the number of
    ``clusters`` of the bootstrap (``by`` says whether they are topics or matches). ``missing`` says
    why there is no alpha, or why it has no limits.

    ``judges``: a row for each judge. ``verdicts`` counts the verdicts that name a winner or a tie,
    ``missing`` the verdicts without one. ``agreement`` is the share of the ``compared`` debates in
    which the judge agreed with the others; ``consistency`` is the share of the debates seen in
    ``both`` orders in which it named the same winner; ``ties`` is the share of ties among its
    verdicts; ``margin`` is its mean margin, from 0 to 10, with 0 for ties; ``weight`` is its share
    of ``adjusted`` results (all biases removed) in debates on which all judges have a verdict.

    ``biases``: a row for each judge and bias, in logits (see
    ``analysis.tournaments.judges.biases``), with 95% limits, which may be infinite; ``p`` is not
    corrected for the number of tests; ``cases`` is the number of informative debates; ``missing``
    says why there is no estimate.

    ``notes``: warnings, in sentences.
    """

    agreement: pd.DataFrame
    judges: pd.DataFrame
    biases: pd.DataFrame
    notes: tuple[str, ...]


def panel(contest: Contest) -> Panel:
    """Measure the judges of a contest. A value that cannot be estimated is NaN.

    >>> from analysis.tournaments.tables import ContestRecord, LegRecord, VerdictRecord
    >>> from analysis.tournaments.tables import contests_from
    >>> sides = [{"entrant": "Ada", "actor": "Robin", "position": 0, "place": 1},
    ...          {"entrant": "Ben", "actor": "Noel", "position": 1, "place": 0}]
    >>> leg = LegRecord(1, 1, 0, "t1", "Sell the spring.", sides)
    >>> verdicts = [VerdictRecord("t1", f"human:{name}", "", ("Robin", "Noel"), {"winner": winner})
    ...         for name, winner in [("kim", "Robin"), ("lee", "Robin"), ("max", "tie")]]
    >>> contest = contests_from([ContestRecord("x", {"judges": []}, "Cup", [leg], verdicts)])[0]
    >>> panel(contest).judges[["judge", "verdicts", "agreement", "compared"]].values.tolist()
    [['human:kim', 1, nan, 0], ['human:lee', 1, nan, 0], ['human:max', 1, 0.0, 1]]
    """
    verdict_rows = rows(contest)
    every = biases(verdict_rows)
    judged = judgements(contest)
    judges = _judges(contest, judged, verdict_rows, every)
    return Panel(
        agreement=agreement(contest, judged),
        judges=judges,
        biases=frame(
            [
                (one.judge, one.bias, one.estimate, one.low, one.high, one.p, one.cases,
                 one.missing)
                for one in every
            ],
            BIASES,
        ),
        notes=tuple(_notes(contest, verdict_rows, judges, every)),
    )  # fmt: skip


# -- judgements --------------------------------------------------------------------------------


def judgements(contest: Contest) -> pd.DataFrame:
    """The judgement of each judge on each debate, over the orders in which it was shown.

    A row for each judge of the contest and a column for each trial that has a verdict. A value is
    the number of the position that won, ``tie``, or None if the judge has no verdict.
    """
    every = contest.matches[contest.matches["trial"].notna()]
    sides = every.groupby("trial")["position"].nunique().to_dict()
    points: dict[tuple[str, str], dict[Hashable, list[dict[int, float]]]] = {}
    for row in _named(contest):
        by_order = points.setdefault((row.judge, row.trial), defaultdict(list))
        position = row.position
        shared = dict.fromkeys(range(sides[row.trial]), 1 / sides[row.trial])
        by_order[row.shown].append(shared if position is None else {position: 1.0})
    trials = list(dict.fromkeys(trial for _, trial in points))
    cells: dict[tuple[str, str], object] = {}
    for (judge, trial), by_order in points.items():
        total: dict[int, float] = defaultdict(float)
        for given in by_order.values():
            for each in given:
                for position, point in each.items():
                    total[position] += point / len(given)
        top = max(total.values())
        best = [position for position, point in total.items() if point > top - 1e-9]
        cells[judge, trial] = str(best[0]) if len(best) == 1 else TIE
    return _wide(contest, trials, cells)


def _wide(
    contest: Contest, trials: Sequence[str], cells: Mapping[tuple[str, str], object]
) -> pd.DataFrame:
    names = contest.judges["judge"].tolist()
    values = [[cells.get((name, trial)) for trial in trials] for name in names]
    return pd.DataFrame(values, names, list(trials), dtype=object)


@dataclass(frozen=True, slots=True)
class _Verdict:
    judge: str
    trial: str
    form: str | None
    shown: tuple[str, ...]
    position: int | None
    margin: float


def _named(contest: Contest) -> list[_Verdict]:
    """Verdicts that name a winner or a tie; the position of a tie is None."""
    kept = contest.verdicts[contest.verdicts["winner"].notna()]
    return [
        _Verdict(
            row.judge,
            row.trial,
            None if pd.isna(row.form) else row.form,
            row.shown,
            None if pd.isna(row.position) else int(row.position),
            0.0 if pd.isna(row.position) else float(row.margin),
        )
        for row in cast("Any", kept.itertuples(index=False))
    ]


def margins(contest: Contest, trials: Sequence[str]) -> pd.DataFrame:
    """Mean signed margins (-10 to 10) for position 0 of two, in the shape of ``judgements``."""
    scored = pairs(contest)
    cells = {
        (row.judge, row.trial): 10 * row.margin
        for row in cast("Any", by_judge(scored[scored["side"] != 0]).itertuples(index=False))
        if not np.isnan(row.margin)
    }
    return _wide(contest, trials, cells)


# -- agreement ---------------------------------------------------------------------------------


def agreement(contest: Contest, judged: pd.DataFrame) -> pd.DataFrame:
    """``Panel.agreement``, from the contest's ``judgements``."""
    trials = [str(trial) for trial in judged.columns]
    debates = contest.matches.drop_duplicates("trial").set_index("trial").loc[trials]
    by, cluster = clusters(debates.reset_index())
    alphas: list[tuple[Any, ...]] = []
    scales: tuple[tuple[str, Scale], ...] = (("winner", "nominal"), ("margin", "interval"))
    for what, scale in scales:
        table = judged if what == "winner" else margins(contest, trials)
        shared = (table.notna().sum(axis=0) >= 2).to_numpy(dtype=bool)
        many = len(np.unique(cluster[shared]))
        if not shared.any():
            why: str | None = "no debate was judged by two judges"
            if what == "margin" and trials and table.isna().all(axis=None):
                why = "no debate between two has margins"
            alphas.append((what, nan, nan, nan, 0, 0, by, why))
            continue
        one = reliability(table, scale, clusters=cluster.tolist())
        why = None
        if np.isnan(one.estimate):
            why = "all judgements are alike"
        elif np.isnan(one.low):
            few = many < FEWEST and one.estimate < 1
            why = f"only {many} {_many(by, many)}" if few else "judges never disagreed"
        alphas.append((what, one.estimate, one.low, one.high, int(shared.sum()), many, by, why))
    return frame(alphas, AGREEMENT)


def _many(what: str, count: int) -> str:
    more = {"match": "matches"}.get(what, f"{what}s")
    return what if count == 1 else more


# -- judges ------------------------------------------------------------------------------------


def _judges(
    contest: Contest, judged: pd.DataFrame, verdict_rows: Rows, every: Sequence[Bias]
) -> pd.DataFrame:
    names = contest.judges["judge"].tolist()
    weight = weights(corrected(contest, verdict_rows, every), names)
    whole = sum(one for one in weight.values() if not np.isnan(one))
    by_name: dict[str, list[_Verdict]] = {name: [] for name in names}
    for verdict in _named(contest):
        by_name[verdict.judge].append(verdict)
    lacking = contest.verdicts.loc[contest.verdicts["missing"].notna(), "judge"].value_counts()
    lines: list[tuple[Any, ...]] = []
    for name, model in zip(names, contest.judges["model"], strict=True):
        mine = by_name[name]
        agreed = _agreed(judged, name)
        same = _same(mine)
        sizes = [verdict.margin for verdict in mine if not np.isnan(verdict.margin)]
        lines.append(
            (name, model, len(mine), int(lacking.get(name, 0)),
             _mean(agreed), len(agreed), _mean(same), len(same),
             _mean([verdict.position is None for verdict in mine]), _mean(sizes),
             weight[name] / whole if whole else nan)
        )  # fmt: skip
    return frame(lines, JUDGES)


def _agreed(judged: pd.DataFrame, name: str) -> list[bool]:
    """Whether a judge agreed with the others, for each debate on which theirs is unambiguous."""
    others = judged.drop(index=name)
    agreed: list[bool] = []
    for trial, own in judged.loc[name].items():
        if own is None or pd.isna(own):
            continue
        common = Counter(others[trial].dropna()).most_common(2)
        if common and (len(common) == 1 or common[0][1] > common[1][1]):
            agreed.append(bool(own == common[0][0]))
    return agreed


def _same(mine: Sequence[_Verdict]) -> list[bool]:
    """For each debate seen in more than one order, whether the same side won in all of them."""
    seen: dict[tuple[str, str | None], dict[Hashable, int | None]] = {}
    for verdict in mine:
        seen.setdefault((verdict.trial, verdict.form), {})[verdict.shown] = verdict.position
    return [
        all(one == other for one, other in pairwise(by_order.values()))
        for by_order in seen.values()
        if len(by_order) > 1
    ]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else nan


# -- notes -------------------------------------------------------------------------------------


def _notes(
    contest: Contest, verdict_rows: Rows, judges: pd.DataFrame, every: Sequence[Bias]
) -> list[str]:
    notes: list[str] = []
    seen = cast("Any", judges.itertuples(index=False))
    for row in seen:
        whole = row.verdicts + row.missing
        if not row.verdicts:
            lost = f": all {row.missing} are missing" if row.missing else ""
            notes.append(f"{row.judge} has no verdict{lost}.")
        elif row.missing:
            notes.append(
                f"{row.judge}: {row.missing} of {whole} verdicts are missing and are left out."
            )
    judged = judges[judges["verdicts"] > 0]
    if len(judged) == 1:
        notes.append("One judge alone: whether others would agree is not known.")
    people = [name for name in judged["judge"] if name.startswith(HUMAN)]
    if people:
        notes.append(
            f"{', '.join(people)}: people, who have no model to prefer. They count as any judge."
        )
    if len(verdict_rows) and verdict_rows.by == "match":
        topics = contest.matches["motion"].nunique()
        notes.append(
            f"Fewer than {TOPICS} topics ({topics}): intervals about judges take matches as "
            "independent of one another, and say nothing of other topics."
        )
    corrections = holm([one.p for one in every])
    for one, p in zip(every, corrections, strict=True):
        if one.bias in SWAYED and p < 0.05:
            how = "prefers" if one.estimate > 0 else "is against"
            notes.append(
                f"{one.judge} {how} {SWAYED[one.bias]}: {one.estimate:+.2f} logits "
                f"[{one.low:+.2f}, {one.high:+.2f}]."
            )
    return notes
