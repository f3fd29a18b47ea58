"""Estimates: a number with its interval, its null, and what is needed to believe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan
from typing import Any, Literal

import numpy as np

from analysis.stats import UNKNOWN, Interval
from sim.html import element, fragment

ESTIMATE: Mapping[str, str] = {
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "n": "Int64",
    "null": "float64",
    "null_low": "float64",
    "null_high": "float64",
    "sensitivity": "float64",
    "false_alarms": "float64",
    "evidence": "str",
    "note": "str",
}
"""The columns of an estimate in tables of arms."""


@dataclass(frozen=True, slots=True)
class InstrumentError:
    """How often an instrument errs on planted cases: shares in [0, 1], with 95% intervals.

    ``sensitivity`` is the share of planted events that it reports, ``false_alarms`` the share of
    units without one in which it reports one. ``model`` is whose texts it was tried on: errors on
    one model do not carry over to another.
    """

    sensitivity: Interval
    false_alarms: Interval
    model: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval, and what is needed to believe it.

    ``low`` and ``high`` are 95% limits. ``n`` is how many independent units it rests on (trials,
    pairs, debates). ``null`` is what the same procedure gives where there is nothing to be found.
    ``instrument_error`` is None where the instrument was not calibrated on this model. ``evidence``
    is what was read: T (text), P (answers off stage), J (a judge), L (log-probabilities). ``note``
    says why a number is missing, or what may be claimed. Missing numbers are NaN, never 0.

    >>> print(Estimate(0.42, 0.3, 0.54, n=20, evidence="P"))
    0.42 [0.30, 0.54] (n = 20, evidence P)
    >>> print(Estimate(nan, nan, nan, n=0, evidence="P", note="never asked"))
    missing: never asked
    """

    value: float
    low: float
    high: float
    n: int | None
    null: Interval = UNKNOWN
    instrument_error: InstrumentError | None = None
    evidence: str = ""
    note: str = ""

    @classmethod
    def of(cls, interval: Interval, n: int | None, **more: Any) -> Estimate:
        """An estimate from an interval."""
        return cls(interval.estimate, interval.low, interval.high, n, **more)

    @property
    def known(self) -> bool:
        """Whether there is a number."""
        return not isnan(self.value)

    def __str__(self) -> str:
        if not self.known:
            return f"missing: {self.note}" if self.note else "missing"
        limits = "" if isnan(self.low) else f" [{self.low:.2f}, {self.high:.2f}]"
        about = [f"n = {self.n}"] if self.n is not None else []
        if not isnan(self.null.estimate):
            about.append(f"null {self.null.estimate:.2f}")
        if self.evidence:
            about.append(f"evidence {self.evidence}")
        note = f"; {self.note}" if self.note else ""
        return f"{self.value:.2f}{limits} ({', '.join(about)}){note}"

    def _repr_html_(self) -> str:
        """The estimate in a line, for a notebook."""
        return fragment(element("p", str(self), class_="estimate"))


@dataclass(frozen=True, slots=True)
class Quantity:
    """One column of a result: what it is.

    ``kind`` is ``number`` (averaged over rows), ``share`` (true or false: the share that is true),
    ``onset`` (the index of a turn, missing where it did not happen: the share where it did),
    ``count`` or ``text`` (neither averaged nor compared). ``low`` and ``high`` bound what is
    possible. ``evidence`` is what it is read from, where that is not the measure's own.
    """

    about: str
    kind: Literal["number", "share", "onset", "count", "text"] = "number"
    low: float = -np.inf
    high: float = np.inf
    evidence: str = ""

    @property
    def dtype(self) -> str:
        """The type of its column."""
        return {
            "number": "float64",
            "share": "boolean",
            "onset": "Int64",
            "count": "Int64",
            "text": "str",
        }[self.kind]


Quantities = Mapping[str, Quantity]


def cells(estimate: Estimate) -> tuple[Any, ...]:
    """The values of an estimate in the order of ``ESTIMATE``."""
    error = estimate.instrument_error
    return (
        estimate.value, estimate.low, estimate.high, estimate.n,
        estimate.null.estimate, estimate.null.low, estimate.null.high,
        nan if error is None else error.sensitivity.estimate,
        nan if error is None else error.false_alarms.estimate,
        estimate.evidence, estimate.note or None,
    )  # fmt: skip
