"""What actors answered to one question, at the start and at the end: a stance, a price, a ballot.

*Evidence*: P, the answers off stage to that question, of whatever form.

*Definition.* ``start`` is an actor's answer when it was first asked, ``end`` when it was last asked
(the mean over samples), ``change`` is end less start. Where it was asked at one turn alone there is
an end and no start. A trial has the mean of its actors, an arm the mean of its trials. Of a choice,
a ranking or shares one option is measured: 1 if it was chosen (or ranked first) and 0 if not, or
its share.

*Limits.* Missing answers are counted and left out: where those who do not answer are of another
mind, the mean is of those who do. An answer is what an actor says it thinks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import inf, nan
from typing import Any, ClassVar, Literal, NamedTuple

import pandas as pd

from analysis.estimates import Quantities, Quantity
from analysis.results import ArmEstimate, Result
from analysis.tables import Data, Tables
from sim.errors import BadRequest
from sim.text.suggestions import nearest
from sim.transcript import FLOOR

Kind = Literal["number", "option", "text"]

MANY = 12
"""Strings with more values than this, or longer ones, are texts and no options."""
LONG = 60


class Asked(NamedTuple):
    """A question of some trials: its key, the kind of its answers, and the options chosen."""

    key: str
    kind: Kind
    options: tuple[str, ...]


def asked(tables: Tables) -> tuple[Asked, ...]:
    """The questions that were asked off stage, by key; questions of routers are left out.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> asked(tables_from([Record("t", [{"name": "Kim"}], [Answer(0, "Kim", "price", 3.0)])]))
    (Asked(key='price', kind='number', options=()),)
    """
    answers = tables.answers[~tables.answers["key"].str.startswith(FLOOR)]
    return tuple(_asked(str(key), rows["value"]) for key, rows in answers.groupby("key", sort=True))


def _asked(key: str, values: pd.Series) -> Asked:
    known = [value for value in values if value is not None and value == value]
    if all(isinstance(value, int | float) for value in known):
        return Asked(key, "number", ())
    options: dict[str, None] = {}
    for value in known:
        options |= dict.fromkeys(map(str, _shares(value)))
    texts = all(isinstance(value, str) for value in known)
    if texts and (len(options) > MANY or any(len(option) > LONG for option in options)):
        return Asked(key, "text", ())
    return Asked(key, "option", tuple(sorted(options)))


def _shares(value: Any) -> Mapping[str, float]:
    """How much of an answer each option has."""
    if isinstance(value, str):
        return {value: 1.0}
    if isinstance(value, list):
        return {str(option): float(place == 0) for place, option in enumerate(value)}
    if isinstance(value, dict) and isinstance(value.get("answer"), str):
        return {value["answer"]: 1.0}
    if isinstance(value, dict):
        return {str(option): float(share) for option, share in value.items()}
    return {}


MEANS: Quantities = {
    "start": Quantity("the answer when first asked; of an option: the share that chose it"),
    "end": Quantity("the answer when last asked; of an option: the share that chose it"),
    "change": Quantity("end less start"),
}
"""The quantities that trials and arms have the mean of."""


class Answers(Result):
    """What actors answered to the question ``key``, at the start and at the end.

    ``key`` may be left out if only one question was asked. ``option`` is which answer is measured
    where answers are no numbers. ``scale`` bounds the intervals of numbers. Raises ``BadRequest``
    with the questions, or the options, that there are.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Answer
    >>> said = [Answer(t, name, "vote", value) for t, name, value in
    ...         [(0, "Kim", "no"), (9, "Kim", "yes"), (0, "Lou", "no"), (9, "Lou", None)]]
    >>> tables = tables_from([Record("t", [{"name": "Kim"}, {"name": "Lou"}], said)])
    >>> table = Answers(tables, "vote", "yes").by_actor
    >>> table[["actor", "start", "end", "missing"]].to_numpy().tolist()
    [['Kim', 0.0, 1.0, 0], ['Lou', 0.0, nan, 1]]
    """

    measure = "answers"
    evidence = "P"
    actor: ClassVar[Quantities] = {
        **MEANS,
        "asked": Quantity("how often it was asked", "count"),
        "missing": Quantity("how often no answer could be had", "count"),
    }
    trial: ClassVar[Quantities] = MEANS
    arm: ClassVar[Quantities] = MEANS

    def __init__(
        self,
        data: Data,
        key: str | None = None,
        option: str | None = None,
        scale: tuple[float, float] = (-inf, inf),
    ) -> None:
        super().__init__(data)
        known = {each.key: each for each in asked(self.tables)}
        self.key, self.scale = key, scale
        self.option: str | None = None
        if not known and key is None:
            return
        question = known.get(key or "") if len(known) != 1 or key else next(iter(known.values()))
        if question is None:
            raise BadRequest(
                f"answers: {'name one question' if key is None else f'{key!r} was never asked'}"
                f"{nearest(key or '', known)}"
            )
        self.key = question.key
        if question.kind == "text":
            raise BadRequest(f"answers: those to {self.key!r} are texts, which have no mean")
        if question.kind == "option":
            if option not in question.options:
                raise BadRequest(
                    f"answers: those to {self.key!r} are no numbers; "
                    f"say which to count{nearest(option or '', question.options)}"
                )
            self.option, self.scale = option, (0.0, 1.0)

    def _value(self, value: Any) -> float:
        if value is None or value != value:
            return nan
        return float(value) if self.option is None else float(_shares(value).get(self.option, 0.0))

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        rows = self.tables.answers[self.tables.answers["key"] == self.key]
        numbers = rows.assign(value=[self._value(value) for value in rows["value"]])
        for (trial, actor), own in numbers.groupby(["trial", "actor"], sort=False):
            by_turn = own.groupby("turn")["value"].mean()
            start = float(by_turn.iloc[0]) if len(by_turn) > 1 else nan
            end = float(by_turn.iloc[-1])
            yield trial, actor, start, end, end - start, len(own), int(own["value"].isna().sum())

    def _arms(self) -> Iterable[ArmEstimate]:
        low, high = self.scale
        for arm, rows in self.trials_of_arms():
            for name, quantity in self.arm.items():
                bounds = (low - high, high - low) if name == "change" else (low, high)
                kind: Any = "share" if self.option is not None and name != "change" else "number"
                bounded = replace(quantity, kind=kind, low=bounds[0], high=bounds[1])
                yield ArmEstimate(arm, name, self.mean(rows[name], bounded))
