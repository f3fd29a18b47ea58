"""An estimate in a line: the number, its interval, on how many it rests."""

from __future__ import annotations

from math import isnan

from sim.html.markup import Html, element
from sim.html.numbers import MISSING, counted, interval, number


def estimate(
    value: float, low: float, high: float, n: int | None = None, *, unit: str = "trial",
    note: str = "", sign: bool = False,
) -> Html:  # fmt: skip
    """A number with its limits and how many it rests on; a dash and the reason if it is missing.

    >>> estimate(0.5, 0.41, 0.59, 40)
    '<span class="estimate">0.50 <small>[0.41, 0.59], 40 trials</small></span>'
    """
    if isnan(value):
        return element("span", MISSING, element("small", f" {note}" if note else " missing"),
                       class_="estimate")  # fmt: skip
    told = [interval(low, high, sign=sign)] if not isnan(low) else []
    if n is not None:
        told.append(counted(n, unit))
    return element(
        "span", number(value, sign=sign), " ", element("small", ", ".join(told)),
        class_="estimate", title=note or None,
    )  # fmt: skip
