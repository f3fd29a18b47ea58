"""How much does what one says at a turn move those who hear it? From branches of the turn.

*Evidence*: P, of branches that are in the store (``elsinore fork STORE --at TURN``, ``sim.fork``)
and in which a stance is asked off stage, twice or more often (``ask_stance(..., samples=2)``).
``sim.study.influence`` plays the branches and asks the questions itself.

*Definition.* ``weight`` of turn t of j on i: the variance component between branches of i's next
private stance, in a one-way random effects model: the variance of the means of branches, less what
answers of one branch differ by (``stats.between_groups``). In squared units of the stance scale; 0
if i's stance does not depend on the words of j. An estimate below 0 says that there is none.
``share`` is it over all variance of an answer.

*Null.* The answers dealt anew among the branches of the turn, ``draws`` times, which keeps them and
destroys whom they followed: the range is that of the weight, ``p`` the share that reaches it.

*References.* Searle, Casella and McCulloch 1992 (variance components); Burdick and Graybill 1992
(limits).

*Traps.* The next answer may come turns later, and what was said in between, by others too, is then
part of the weight: probe at every turn. Common draws of branches and their parent do no harm:
branches of one number are alike only across arms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from math import nan
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.measures.branches import Regenerated, regenerated
from analysis.results import Arm, ArmEstimate, Result
from analysis.stats import UNKNOWN, Floats, Interval, between_groups, mean_interval
from analysis.tables import Data
from sim.events import Turn
from sim.scene.audience import heard_by

BRANCHES = 3
"""Of fewer branches with whole answers nothing is said."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a listener answered in the branches of a turn, branches by samples."""

    turn: Regenerated
    target: str
    issue: str
    answers: Floats
    missing: int

    @property
    def weight(self) -> Interval:
        enough = len(self.answers) >= BRANCHES and self.answers.shape[1] > 1
        return between_groups(self.answers) if enough else UNKNOWN


class Influence(Result):
    """What a turn's words do to each listener: one row of ``by_trial`` for each turn with branches,
    listener and issue. ``edges`` is the table that ``analysis.graphs.from_edges`` takes.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer, Turn
    >>> def branch(n: int) -> Record:
    ...     said = [Answer(1, "B", "stance:x", n / 10 + sample / 100, sample=sample)
    ...             for sample in range(2)]
    ...     return Record(f"b{n}", [{"name": "A"}, {"name": "B"}], [Turn(1, "A", f"{n}."), *said],
    ...                   of="t", at=1, branch=n, arm="fork@1")
    >>> row = Influence(tables_from(map(branch, range(9)))).by_trial.iloc[0]
    >>> row.source, row.target, round(float(row.weight), 3), bool(row.p < 0.01)
    ('A', 'B', 0.075, True)
    """

    measure = "influence"
    evidence = "P"
    more_keys: ClassVar = {
        "trial": {"at": "Int64", "label": "str", "source": "str", "target": "str", "issue": "str"}
    }
    trial: ClassVar[Quantities] = {
        "branches": Quantity("branches with whole answers", "count"),
        "missing": Quantity("branches in which an answer is missing", "count"),
        "weight": Quantity("variance of the listener's stance that the turn's words cause"),
        "low": Quantity("its lower 95% limit"),
        "high": Quantity("its upper 95% limit"),
        "null_low": Quantity("lower 2.5% of the weight with answers dealt anew"),
        "null_high": Quantity("upper 2.5% of the weight with answers dealt anew"),
        "p": Quantity("share of the deals that reach the weight", low=0, high=1),
        "share": Quantity("the weight over all variance of an answer, 0 at least", low=0, high=1),
    }
    arm: ClassVar[Quantities] = {
        "weight": Quantity("variance of a listener's stance that a turn's words cause, on average"),
        "share": Quantity("the weight over all variance of an answer", low=0, high=1),
    }

    def __init__(self, data: Data, seed: int = 0, draws: int = 999) -> None:
        super().__init__(data)
        self.seed = seed
        self.draws = draws

    @cached_property
    def moved(self) -> list[Moved]:
        """The answers of every listener to every turn with branches."""
        table = self.tables.answers
        table = table[~table["gauge"] & table["key"].str.startswith("stance:")]
        answers: dict[str, dict[tuple[str, str], dict[int, list[float]]]] = {}
        values = pd.to_numeric(table["value"], errors="coerce").astype("float64")
        ordered = table.assign(value=values).sort_values(["trial", "turn", "actor", "sample"])
        columns = ["trial", "actor", "key", "turn", "value"]
        for trial, actor, key, turn, value in ordered[columns].itertuples(index=False):
            of_actor = answers.setdefault(str(trial), {}).setdefault((str(actor), str(key)), {})
            of_actor.setdefault(int(turn), []).append(float(value))
        found: list[Moved] = []
        for group in regenerated(self.tables, self.arm_of()):
            listeners = self._listeners(group)
            asked = sorted({who for branch in group.branches for who in answers.get(branch, {})
                            if who[0] in listeners})  # fmt: skip
            for actor, key in asked:
                own = [answers.get(branch, {}).get((actor, key), {}) for branch in group.branches]
                found.append(_moved(group, actor, key.removeprefix("stance:"), own))
        return found

    def _listeners(self, group: Regenerated) -> set[str]:
        """Who heard the turn in all of its branches, but its speaker."""
        turns = self.tables.turns
        some = turns[turns["trial"].isin(group.branches) & (turns["turn"] == group.at)]
        cast = self.tables.cast
        names = set(cast.loc[cast["trial"] == group.branches[0], "actor"]) - {group.speaker}
        for row in some.itertuples(index=False):
            said = Turn(
                group.at, group.speaker, str(row.text),
                audience=row.audience if isinstance(row.audience, tuple) else None,
                overheard=row.overheard if isinstance(row.overheard, tuple) else (),
                absent=row.absent if isinstance(row.absent, tuple) else (),
            )  # fmt: skip
            names = {name for name in names if heard_by(str(name), said) or not said.text}
        return set(map(str, names))

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        for each in self.moved:
            weight = each.weight
            low, high, p = self._dealt(each) if not np.isnan(weight.estimate) else (nan, nan, nan)
            yield (
                each.turn.of, each.turn.at, each.turn.arm[-1], each.turn.speaker, each.target,
                each.issue, len(each.answers), each.missing, weight.estimate, weight.low,
                weight.high, low, high, p, _share(each),
            )  # fmt: skip

    def _dealt(self, each: Moved) -> tuple[float, float, float]:
        """The range of the weight with answers dealt anew, and how often it is reached."""
        count, times = each.answers.shape
        generator = _stream(self.seed, each.answers)
        flat = np.tile(each.answers.ravel(), (self.draws, 1))
        dealt = generator.permuted(flat, axis=1).reshape(self.draws, count, times)
        means, within = dealt.mean(axis=2), dealt.var(axis=2, ddof=1).mean(axis=1)
        weights = means.var(axis=1, ddof=1) - within / times
        reached = np.sum(weights >= each.weight.estimate - 1e-12)
        low, high = np.quantile(weights, (0.025, 0.975))
        return float(low), float(high), float((1 + reached) / (self.draws + 1))

    def _arms(self) -> Iterable[ArmEstimate]:
        members: dict[Arm, list[Moved]] = {arm: [] for arm in sorted(set(self.arm_of().values()))}
        for each in self.moved:
            members[each.turn.arm].append(each)
        for arm, some in members.items():
            known = [each for each in some if not np.isnan(each.weight.estimate)]
            note = "" if known else _why(some)
            trials = len({each.turn.of for each in known})
            weight = _over_trials(known, [each.weight.estimate for each in known])
            if len(known) == 1:
                weight = known[0].weight
            share = _over_trials(known, [_share(each) for each in known])
            null = UNKNOWN
            if known:
                ranges = np.array([self._dealt(each)[:2] for each in known])
                null = Interval(0.0, *map(float, ranges.mean(axis=0)))
            yield ArmEstimate(arm, "weight", self.made("weight", weight, trials, note=note,
                                                       null=null))  # fmt: skip
            yield ArmEstimate(arm, "share", self.made("share", share, trials, note=note))

    def edges(self, trial: str, issue: str | None = None) -> pd.DataFrame:
        """Source, target, weight, low and high of one trial, means over its turns, for
        ``analysis.graphs.from_edges``. Limits are those of the one turn, or missing."""
        table = self.by_trial[self.by_trial["trial"] == trial]
        if issue is not None:
            table = table[table["issue"] == issue]
        columns = ["weight", "low", "high"]
        pairs = table.groupby(["source", "target"], sort=True)[columns]
        means = pairs.mean()
        means.loc[pairs.size() > 1, ["low", "high"]] = nan
        return means.reset_index()


def _moved(
    group: Regenerated, actor: str, issue: str, own: Sequence[dict[int, list[float]]]
) -> Moved:
    """The next answers after the turn, of branches that have as many as the others."""
    after = [min((turn for turn in each if turn >= group.at), default=0) for each in own]
    turn = min((each for each in after if each), default=0)
    rows = [each[turn] for each in own if turn in each]
    times = max((len(row) for row in rows), default=0)
    whole = [row for row in rows if len(row) == times and not np.isnan(row).any()]
    values = np.array(whole, dtype=np.float64).reshape(len(whole), times or 1)
    return Moved(group, actor, issue, values, len(own) - len(whole))


def _share(each: Moved) -> float:
    weight = each.weight.estimate
    whole = weight + float(each.answers.var(axis=1, ddof=1).mean()) if weight == weight else nan
    return min(1.0, max(0.0, weight / whole)) if whole > 0 else nan


def _over_trials(some: Sequence[Moved], values: Sequence[float]) -> Interval:
    """The mean over trials of the means over turns, listeners and issues."""
    by_trial: dict[str, list[float]] = {}
    for each, value in zip(some, values, strict=True):
        if not np.isnan(value):
            by_trial.setdefault(each.turn.of, []).append(value)
    return mean_interval(np.array([float(np.mean(own)) for own in by_trial.values()]))


def _why(some: Sequence[Moved]) -> str:
    if not some:
        return "no branch generates a turn again and asks a stance after it: elsinore fork"
    if all(each.answers.shape[1] < 2 for each in some):
        return "every stance was asked once: ask with samples=2"
    return f"fewer than {BRANCHES} branches with whole answers"


def _stream(seed: int, values: Floats) -> np.random.Generator:
    digest = blake2b(ascii(seed).encode() + values.tobytes(), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))
