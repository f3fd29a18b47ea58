"""Numbers as people read them: few digits, a real minus, a dash for what is missing."""

from __future__ import annotations

from math import isfinite, isnan

MISSING = "–"
"""What stands where a number is missing; missing is never zero."""


def number(value: float | None, digits: int = 2, *, sign: bool = False) -> str:
    """A number with so many digits after the point.

    >>> number(-0.456), number(0.2, sign=True), number(None), number(1234.5, 0)
    ('−0.46', '+0.20', '–', '1,234')
    """
    if value is None or isnan(value):
        return MISSING
    if not isfinite(value):
        return "∞" if value > 0 else "−∞"
    told = f"{value:{'+' if sign else ''},.{digits}f}"
    if not told.strip("+-0.,"):
        told = told.replace("-", "").replace("+", "")  # Nothing is neither above nor below nothing.
    return told.replace("-", "−")


def interval(low: float | None, high: float | None, digits: int = 2, *, sign: bool = False) -> str:
    """The limits of an interval in brackets; nothing if it has none.

    >>> interval(-0.1, 0.25), interval(None, None)
    ('[−0.10, 0.25]', '')
    """
    if low is None or high is None or isnan(low) or isnan(high):
        return ""
    return f"[{number(low, digits, sign=sign)}, {number(high, digits, sign=sign)}]"


def share(value: float | None) -> str:
    """A share in percent.

    >>> share(0.385), share(0.004), share(0.0004), share(None)
    ('38%', '0.4%', '0.04%', '–')
    """
    if value is None or isnan(value):
        return MISSING
    percent = 100 * value
    digits = 0 if percent == 0 or abs(percent) >= 1 else 1 if abs(percent) >= 0.1 else 2
    return f"{number(percent, digits)}%"


def probability(p: float | None) -> str:
    """A p value.

    >>> probability(0.0351), probability(0.0001)
    ('0.035', 'under 0.001')
    """
    if p is None or isnan(p):
        return MISSING
    return f"{p:.3f}" if p >= 0.001 else "under 0.001"


def counted(count: int, one: str, several: str = "") -> str:
    """How many of something.

    >>> counted(1, "trial"), counted(12000, "trial"), counted(0, "reply", "replies")
    ('1 trial', '12,000 trials', '0 replies')
    """
    return f"{count:,} {one if count == 1 else several or one + 's'}"
