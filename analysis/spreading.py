"""Rows of trials, measured elsewhere: many trials are divided, and each part is measured by itself.

A measure says of which levels the rows of a trial follow from that trial alone
(``trialwise``). These are made part by part wherever a ``Mapper`` has them made, and come
back in the order of the trials. What joins trials (means, intervals, nulls, whatever is learned
from an arm) is done here, on the same rows as ever; so the result has the same bytes.

>>> from analysis import conflict
>>> from analysis.tables import Record, tables_from
>>> from sim.events import Turn
>>> said = [Turn(1, "A", "Shut up, you fool."), Turn(2, "B", "Let us go on.")]
>>> tables = tables_from([Record(name, [{"name": "A"}, {"name": "B"}], said) for name in "abc"])
>>> class Here:
...     workers = 1
...     def map(self, work, parts):
...         return map(work, parts)
>>> with spread_over(Here(), least=1):
...     spread = conflict(tables).by_trial
>>> spread.equals(conflict(tables).by_trial)
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from functools import cached_property
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from sim.mapping import Mapper

if TYPE_CHECKING:
    from analysis.tables import Tables

LEAST = 500
"""Trials from which on they are divided: fewer are measured before they have travelled."""

PARTS = 4
"""Parts for each worker, so that a slow one does not keep all waiting."""


Level = Literal["turn", "actor", "trial"]

Trialwise = Mapping[Level, Literal["trials", "ids"]]
"""Levels with the order of their rows."""


class Divisible:
    """What makes rows of trials, by level; a ``Result`` is one."""

    tables: Tables

    trialwise: ClassVar[Trialwise] = {}
    """The levels at which a trial's rows follow from that trial alone, so that they may be made
    elsewhere, and in which order: that of the trials, or of their ids."""

    def own_rows(self, level: Level) -> Iterable[tuple[Any, ...]]:
        """The rows of a level, made here."""
        make: Callable[[], Iterable[tuple[Any, ...]]] = getattr(self, f"_{level}s")
        return make()

    def _level_rows(self, level: Level) -> list[tuple[Any, ...]]:
        if level in self.trialwise and self._spread is not None:
            return self._spread[level]
        return list(self.own_rows(level))

    @cached_property
    def _spread(self) -> Mapping[Level, list[tuple[Any, ...]]] | None:
        return spread_rows(self)


class _Spread(NamedTuple):
    mapper: Mapper
    least: int


_SPREAD: ContextVar[_Spread | None] = ContextVar("_SPREAD", default=None)


@contextmanager
def spread_over(mapper: Mapper, *, least: int = LEAST) -> Iterator[None]:
    """Have the rows of ``least`` trials or more made by a mapper, within the ``with``."""
    token = _SPREAD.set(_Spread(mapper, least))
    try:
        yield
    finally:
        _SPREAD.reset(token)


def mapper_for(trials: int) -> Mapper | None:
    """The mapper of the ``with`` around, if it has so many trials divided; else None."""
    spread = _SPREAD.get()
    return None if spread is None or trials < spread.least else spread.mapper


def spread_rows(result: Divisible) -> Mapping[Level, list[tuple[Any, ...]]] | None:
    """The rows of all levels that can be made apart; None if they are to be made here."""
    trials = result.tables.trials["trial"]
    mapper = mapper_for(len(trials)) if result.trialwise else None
    if mapper is None:
        return None
    count = min(len(trials), PARTS * mapper.workers)
    bounds = [len(trials) * number // count for number in range(count + 1)]
    parts = [_part(result, trials.iloc[first:last]) for first, last in pairwise(bounds)]
    rows: dict[Level, list[tuple[Any, ...]]] = {level: [] for level in result.trialwise}
    for made in mapper.map(rows_of, parts):
        for level, some in made.items():
            rows[level] += some
    for level, order in result.trialwise.items():
        if order == "ids":
            # A stable sort: the rows of each trial stay as they are.
            rows[level].sort(key=itemgetter(0))
    return rows


def rows_of(part: Divisible) -> dict[Level, list[tuple[Any, ...]]]:
    """The rows of all levels that can be made apart, of a part of the trials."""
    return {level: list(part.own_rows(level)) for level in part.trialwise}


def _part(result: Divisible, trials: Iterable[str]) -> Divisible:
    """The same measure of some of the trials, with nothing made yet."""
    part = copy(result)
    part.tables = result.tables.only(trials)
    for name in list(vars(part)):
        if isinstance(getattr(type(part), name, None), cached_property):
            del vars(part)[name]
    return part
