"""A course of numbers in one line of a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import NamedTuple

from sim.events import Answer, Event

_BLOCKS = "▁▂▃▄▅▆▇█"
_MISSING = "·"
MOST = 40
"""So many signs at most; of a longer course every n-th number is shown, and the last."""


class Course(NamedTuple):
    """What an actor answered to one question, in the order of the turns; None where missing."""

    actor: str
    key: str
    values: tuple[float | None, ...]


def sparkline(values: Sequence[float | None], low: float, high: float) -> str:
    """A block for each number, the lowest for ``low``, the highest for ``high``; a dot for a
    missing one.

    >>> sparkline([-1.0, -0.5, None, 1.0], -1.0, 1.0)
    '▁▃·█'
    """
    step = -(-len(values) // MOST) or 1
    shown = [*values[: -step or None : step], *values[-1:]] if step > 1 else list(values)
    return "".join(_sign(value, low, high) for value in shown)


def _sign(value: float | None, low: float, high: float) -> str:
    if value is None or not isfinite(value):
        return _MISSING
    share = 0.5 if high <= low else (value - low) / (high - low)
    return _BLOCKS[min(len(_BLOCKS) - 1, max(0, int(share * len(_BLOCKS))))]


def stances(events: Iterable[Event], names: Sequence[str]) -> list[Course]:
    """The stances of actors off stage, in the order of the cast and of the questions. Of several
    samples the mean is taken; a turn at which none was had is None."""
    found: dict[tuple[str, str], dict[int, list[float]]] = {}
    for event in events:
        if isinstance(event, Answer) and event.key.startswith("stance:") and not event.gauge:
            samples = found.setdefault((event.actor, event.key), {}).setdefault(event.turn, [])
            if event.missing is None and isinstance(event.value, int | float):
                samples.append(float(event.value))
    seats = {name: seat for seat, name in enumerate(names)}
    return [
        Course(
            actor,
            key,
            tuple(sum(each) / len(each) if each else None for _, each in sorted(turns.items())),
        )
        for (actor, key), turns in sorted(
            found.items(), key=lambda item: (item[0][1], seats.get(item[0][0], 0))
        )
    ]
