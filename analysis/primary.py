"""The one quantity that a study decides by: a number with known bounds for each trial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite, isnan, nan
from typing import Any

from analysis.estimates import Quantities, Quantity
from analysis.measures_by_name import check_told, measured, named
from analysis.results import Result, averaged
from analysis.tables import Record, Tables, tables_from
from sim.errors import BadRequest
from sim.store import Store
from sim.text.suggestions import nearest

DEFAULT = "convergence.end"
"""How far apart the actors' stances are at the end: the quantity unless another is named."""


@dataclass(frozen=True, slots=True)
class Primary:
    """A quantity of a measure, by trial: ``name`` is MEASURE.QUANTITY.

    ``low`` and ``high`` bound it; a number outside counts as the nearer bound, which happens only
    where the bounds were given by hand.
    """

    name: str
    low: float
    high: float

    @classmethod
    def named(cls, name: str, limits: tuple[float, float] | None = None) -> Primary:
        """The quantity of that name (``conflict.hostility``; of a measure alone its first that is
        bounded), with the bounds that the measure states, or with ``limits``.

        Raises ``BadRequest`` for a name that is unknown, or for a quantity without bounds.

        >>> Primary.named("conflict.hostility")
        Primary(name='conflict.hostility', low=0, high=1)
        """
        measure, _, quantity = name.partition(".")
        declared = named(measure, f"--measure {name}")
        known = {
            each: about
            for each, about in declared.trial.items()
            if about.kind not in ("count", "text")
        }
        if not known:
            raise BadRequest(f"--measure {name}: {measure} has no number by trial; use another")
        main = [each for each in known if each in declared.arm] or list(known)
        chosen = quantity or next((each for each in main if _bounds(known[each])), main[0])
        if chosen not in known:
            raise BadRequest(
                f"--measure {name}: {measure} has no number {chosen!r} by trial"
                f"{nearest(chosen, list(known))}"
            )
        bounds = limits or _bounds(known[chosen])
        if bounds is None:
            others = ", ".join(f"{measure}.{each}" for each in known if _bounds(known[each]))
            raise BadRequest(
                f"--measure {measure}.{chosen}: has no bounds, which a rule needs; give "
                "--range=LOW,HIGH (what lies outside is set to the nearer one)"
                f"{f', or use {others}' if others else ''}"
            )
        return cls(f"{measure}.{chosen}", *bounds)

    @property
    def about(self) -> str:
        """What the quantity is, in words."""
        measure, _, quantity = self.name.partition(".")
        return named(measure, f"--measure {self.name}").trial[quantity].about

    def numbers(self, tables: Tables) -> dict[str, float]:
        """The number of each trial that has one, within the bounds. Trials that did not come to
        their end have none. Raises ``BadRequest`` for a measure that needs to be told more."""
        return {
            trial: min(max(value, self.low), self.high)
            for trial, value in numbers_of(self.name, tables).items()
            if not isnan(value)
        }


class Numbers:
    """Quantities of trials, MEASURE.QUANTITY. Each measure is made once for all its quantities."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._made: list[tuple[str, Mapping[str, Any], Result]] = []

    def of(
        self, name: str, actor: str | None = None, settings: Mapping[str, Any] | None = None
    ) -> dict[str, float]:
        """A quantity of each trial; NaN where a trial has none.

        With ``actor`` it is that of this actor alone; ``settings`` are what the measure is told
        besides the trials, by the names of its own parameters. A quantity that is no number is read
        as one: a share is 0 or 1, an onset is 1 where it happened. Raises ``BadRequest`` for what
        is no quantity of trials (or of actors), and for a measure that needs to be told more.
        """
        about = numbers_in(name, actor, settings)
        measure, _, quantity = name.partition(".")
        result = self._measured(measure, name, settings or {})
        rows = result.by_trial if actor is None else result.by_actor
        if actor is not None:
            rows = rows[rows["actor"] == actor]
        means = averaged(rows, about).groupby("trial", sort=False)[quantity].mean()
        known = {
            str(trial): float(value)
            for trial, value in means.astype("Float64").astype("float64").items()
        }
        return {str(trial): known.get(str(trial), nan) for trial in result.tables.trials["trial"]}

    def _measured(self, measure: str, name: str, settings: Mapping[str, Any]) -> Result:
        # A list, since settings may hold what cannot be hashed.
        for made, told, result in self._made:
            if made == measure and told == settings:
                return result
        result = measured(measure, self._tables, name, settings)
        self._made.append((measure, settings, result))
        return result


def numbers_of(
    name: str,
    tables: Tables,
    actor: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, float]:
    """One quantity of each trial, as ``Numbers.of`` has it."""
    return Numbers(tables).of(name, actor, settings)


def numbers_in(
    name: str, actor: str | None = None, settings: Mapping[str, Any] | None = None
) -> Quantities:
    """The quantities of trials (or of actors) of a measure, one of which is MEASURE.QUANTITY.

    Raises ``BadRequest`` as ``Numbers.of`` does, and needs no trials for it: what cannot be
    measured is refused before it is played.

    >>> numbers_in("conflict.hostility")["hostility"].high
    1
    """
    measure, _, quantity = name.partition(".")
    declared = named(measure, name)
    about = declared.trial if actor is None else declared.actor
    if quantity not in about or about[quantity].kind == "text":
        offered = [f"{measure}.{each}" for each, what in about.items() if what.kind != "text"]
        level = "trials" if actor is None else "actors"
        raise BadRequest(f"{name}: is no number of {level}{nearest(name, offered)}")
    check_told(measure, name, settings)
    return about


def _bounds(about: Quantity) -> tuple[float, float] | None:
    """The bounds of a quantity, as a number; None if it has none."""
    if about.kind in ("share", "onset"):
        return 0.0, 1.0
    return (about.low, about.high) if isfinite(about.low) and isfinite(about.high) else None


def tables_of(store: Store, trials: Iterable[str]) -> Tables:
    """The tables of a few trials of a store, without reading the others. Trials that were torn off,
    or not begun, are not in them.

    ``analysis.load`` reads a whole store, and tells versions and settings apart by all of it; what
    is measured of these trials alone needs neither.
    """
    return tables_from(
        Record(
            each.id,
            each.cast,
            store.own_events(each.id),
            scenario=each.scenario,
            parameters=each.parameters,
            model=each.model,
            stage=each.stage,
            seed=each.seed,
            arm=each.arm,
            focal=each.focal,
            layout=each.layout,
            wording=each.wording,
        )
        for each in store.trials(list(trials))
        if each.status != "planned"
    )
