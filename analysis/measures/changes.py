"""Does an actor begin to speak otherwise than it did, whoever it is, and from which turn on?

*Evidence*: T, the meaning of the actor's own lines by sentence embeddings. Nothing has to be known
of the actor: its early turns are compared with its later ones, so this is for whoever has no
opposite.

*Definition.* With n lines as unit vectors, the statistic of a place k is
n0 n1 / n |mean of the lines before k - mean from k on|^2 in all dimensions; its largest value over
all places is the change of the actor. An actor changed if that is more than nine in ten random
orders of its own lines give, a test by permutation whose level holds for any actor whose lines have
no course; the place is then that of the largest value.

*Null.* The lines of each actor in random orders, of ``MOST`` actors of an arm at most.

*References.* Matteson and James, Journal of the American Statistical Association 109, 2014
(change-points of several variables by permutation); Vostrikova 1981 (at most one change). How many
flips it places that nobody described: ``docs/validity-details.md``, "Flips in real language".

*Traps.* A change is no flip: a change of the subject, of the partner or of the task is one, too,
and a conversation has a course. Lines that follow on each other are not exchangeable, so a topic
that is kept for some turns raises alarms.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from math import nan
from typing import Any, ClassVar, NamedTuple

import numpy as np

from analysis.estimates import Quantities, Quantity
from analysis.evidence.embeddings import Embedder, embedder
from analysis.evidence.readings import (
    Lines,
    apart,
    apart_in_orders,
    compact,
    key_of,
    lines_of_actors,
    random_orders,
)
from analysis.measures.spoken_flips import FEWEST, MOST
from analysis.results import ArmEstimate, Result, by_arm_of
from analysis.stats import Floats, Interval, share_of
from analysis.stats.random_orders import DRAWS, alarming, share_by_chance
from analysis.tables import Data

UNREAD = f"nobody has {FEWEST} lines"


class Change(NamedTuple):
    """How much an actor changed: the largest value, its place among the lines that are not blank,
    and the largest values in random orders."""

    most: float
    place: int
    orders: Floats

    @property
    def alarms(self) -> bool:
        return alarming(self.most, self.orders)


class Changes(Result):
    """Which actors began to speak otherwise, and when. Missing for fewer than four lines.

    ``by`` is an embedder or its name (None: the best that is installed). Random orders are drawn
    from ``seed`` and the lines of the actor alone.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> first = ["I sail a boat.", "My boat sails far.", "A boat I sail.", "Boats sail, I sail."]
    >>> then = ["Taxes are high.", "High taxes again!", "The taxes, so high.", "Taxes and taxes."]
    >>> said = [Turn(t, "Ann", text) for t, text in enumerate(first + then, 1)]
    >>> data = tables_from([Record("t", [{"name": "Ann"}], said)])
    >>> int(Changes(data, by="hashing").by_actor.iloc[0].change)
    5
    """

    measure = "changes"
    evidence = "T"
    actor: ClassVar[Quantities] = {
        "turns": Quantity("turns in which it said something", "count"),
        "size": Quantity("how far its lines are apart, before and after", low=0),
        "change": Quantity("the turn from which it spoke otherwise", "onset"),
        "changed": Quantity("it spoke otherwise from some turn on", "share", low=0, high=1),
    }
    trial: ClassVar[Quantities] = {
        "changed": Quantity("share of the actors that changed, of those that can be read",
                            low=0, high=1),
    }  # fmt: skip
    arm: ClassVar[Quantities] = {**trial}

    def __init__(self, data: Data, by: Embedder | str | None = None, seed: int = 0) -> None:
        super().__init__(data)
        self.embedder = embedder(by) if by is None or isinstance(by, str) else by
        self.seed = seed

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        for each, change in self._found:
            said = [turn for turn, text in zip(each.turns, each.texts, strict=True) if text.strip()]
            if change is None:
                yield (each.trial, each.actor, len(said), nan, None, None)
                continue
            turn = said[change.place] if change.alarms else None
            yield (each.trial, each.actor, len(said), change.most, turn, float(change.alarms))

    def _arms(self) -> Iterable[ArmEstimate]:
        groups = by_arm_of(self.arm_of(), self._found, lambda each: each[0].trial)
        for arm, members in groups.items():
            rows = self.by_actor[self.by_actor["trial"].isin({each.trial for each, _ in members})]
            rows = rows[rows["changed"].notna()]
            if rows.empty:
                nothing = self.made("changed", Interval(nan, nan, nan), 0, note=UNREAD)
                yield ArmEstimate(arm, "changed", nothing)
                continue
            counts = rows["changed"].groupby(rows["trial"]).agg(["sum", "size"])
            changed = share_of(*counts.to_numpy(dtype=np.float64).T)
            null = share_by_chance(
                [change.orders for _, change in members if change is not None][:MOST]
            )
            estimate = self.made("changed", changed, rows["trial"].nunique(), null=null)
            yield ArmEstimate(arm, "changed", estimate)

    @cached_property
    def _found(self) -> list[tuple[Lines, Change | None]]:
        """Everybody with its change, in the order of trials and seats."""
        return [(each, self._change(each)) for each in lines_of_actors(self.tables)]

    def _change(self, lines: Lines) -> Change | None:
        texts = [text for text in lines.texts if text.strip()]
        if len(texts) < FEWEST:
            return None
        return change_of(self.embedder.embed(texts).astype(float), self.seed, key_of(texts))


def change_of(vectors: Floats, seed: int, key: int) -> Change:
    """The change of lines as vectors, shape (n, d); ``key`` stands for the words."""
    values = apart(vectors)
    points = compact(vectors)
    orders = apart_in_orders(points, random_orders(len(points), DRAWS, seed, key)).max(axis=1)
    return Change(float(values.max()), int(values.argmax()) + 1, orders)
