"""Exponentials and logarithms by + - * / alone, the same to the last bit on every machine.

The functions of ``math`` may differ in the last bit. These use Taylor's series with repeated
squaring (``exponential``) and the series of the inverse hyperbolic tangent (``logarithm``).
"""

from __future__ import annotations

from math import frexp
from typing import Final

_LEAST: Final = -700.0
_LOG_2: Final = 0.6931471805599453


def exponential(x: float) -> float:
    """e^x to twelve digits; 0 below -700. Raises ``OverflowError`` above 700.

    >>> exponential(0.0), round(exponential(1.0), 9), exponential(-1000.0)
    (1.0, 2.718281828, 0.0)
    """
    if x < _LEAST:
        return 0.0
    if x > -_LEAST:
        raise OverflowError(f"e^{x!r} is too large")
    halvings = 0
    while not -0.5 <= x <= 0.5:
        x /= 2.0  # exact
        halvings += 1
    term = total = 1.0
    for k in range(1, 18):
        term = term * x / k
        total += term
    for _ in range(halvings):
        total *= total
    return total


def logarithm(x: float) -> float:
    """ln x of a positive number, to fifteen digits.

    >>> logarithm(1.0), round(logarithm(10.0), 9)
    (0.0, 2.302585093)
    """
    fraction, exponent = frexp(x)  # exact
    if fraction < 0.7:
        fraction, exponent = fraction * 2.0, exponent - 1
    y = (fraction - 1.0) / (fraction + 1.0)
    square = y * y
    power, total = y, 0.0
    for k in range(1, 25, 2):
        total += power / k
        power *= square
    return 2.0 * total + exponent * _LOG_2


def logistic(x: float) -> float:
    """1 / (1 + e^-x).

    >>> logistic(0.0), logistic(-1000.0), logistic(1000.0)
    (0.5, 0.0, 1.0)
    """
    if x >= 0.0:
        return 1.0 / (1.0 + exponential(-x))
    small = exponential(x)
    return small / (1.0 + small)
