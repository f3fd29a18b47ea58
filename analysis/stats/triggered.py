"""A hidden Markov model with two states whose switches are set off by what is heard.

An actor is its own character (0) or its opposite (1) at each of its turns. Before turn k, from the
second on, it turns with probability

    q01(k) = base + slope x_k

where x_k in [0, 1] is what it heard since its last turn (a *trigger*, such as hostility), and comes
back with probability q10; it starts as the opposite with probability ``start``. The evidence of a
turn is e = log p(line | opposite, showing itself) - log p(line | own). An opposite conceals itself
at each turn with probability kappa, so the likelihood ratio of a turn is kappa + (1 - kappa)
exp(e). NaN is a turn without evidence.

``estimate`` finds all five numbers from many series together, by expectation and maximisation; the
two causes of a turn compete, and each is credited by its share of the hazard. Weak priors keep the
numbers off the edges where few turns say anything of them. It is blind to arms: rates that differ
by arm would be a prior that differs by arm. ``start`` is free, so an opposite that was there from
the first turn is no flip at the first turn that shows it (which is what ``switching``, where it is
fixed, makes of it).

*References.* Baum et al., Annals of Mathematical Statistics 41, 1970; Bengio and Frasconi,
"Input-output HMMs for sequence processing", IEEE Transactions on Neural Networks 7, 1996; Robbins
1956 (empirical Bayes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from analysis.stats import Floats

MOST_CONCEALED = 0.95
MOST_LIKELY = 0.9
"""Bounds of kappa and of q01, as the states could not be told apart beyond them."""

_STEPS = 60
_CLOSE = 1e-4
_MIDDLE = 0.25
# Pseudo-counts of events and of turns at risk, for base, slope, q10, start and kappa.
_PRIOR = {
    "base": (0.3, 10.0),
    "slope": (0.3, 3.0),
    "back": (0.5, 30.0),
    "start": (0.2, 20.0),
    "shown": (2.0, 4.0),
}


@dataclass(frozen=True, slots=True)
class Rates:
    """The numbers of the model: hazards per own turn, and probabilities."""

    base: float
    slope: float
    back: float
    start: float
    concealment: float


FIRST = Rates(base=0.02, slope=0.2, back=0.02, start=0.02, concealment=0.4)
"""Where the estimation begins."""


class Path(NamedTuple):
    """What a series tells of each turn, shape (turns): ``opposite``, the probability of the state;
    ``turned``, that it turned right before this turn (at the first: that it started so);
    ``returned``, that it came back right before it."""

    opposite: Floats
    turned: Floats
    returned: Floats


class _Smoothed(NamedTuple):
    """The same of many series as rows, padded, and the log-likelihood of each row relative to a
    series that is its own character throughout."""

    opposite: Floats
    turned: Floats
    returned: Floats
    likelihood: Floats


def paths(evidence: Sequence[Floats], triggers: Sequence[Floats], rates: Rates) -> list[Path]:
    """What each series tells of each turn.

    Series have one length in ``evidence`` and in ``triggers``; the first trigger does not matter.

    >>> [path] = paths([np.array([-2.0, -2, 3, 3])], [np.array([0.0, 0, 1, 0])], FIRST)
    >>> int(path.turned.argmax()), path.opposite.round(1).tolist()
    (2, [0.0, 0.1, 1.0, 1.0])
    """
    rows, heard, inside = _padded(evidence, triggers)
    found = _smoothed(rows, heard, inside, rates)
    return [
        Path(*(table[row, : len(part)] for table in found[:3])) for row, part in enumerate(evidence)
    ]


def estimate(evidence: Sequence[Floats], triggers: Sequence[Floats]) -> Rates:
    """The numbers of the model, from all series together. ``FIRST`` if there is no turn.

    Raises ValueError if a series and its triggers differ in length.
    """
    rows, heard, inside = _padded(evidence, triggers)
    if not inside.any():
        return FIRST
    rates = FIRST
    for _ in range(_STEPS):
        after = _improved(rows, heard, inside, rates)
        moved = max(abs(getattr(after, n) - getattr(rates, n)) for n in Rates.__slots__)
        rates = after
        if moved < _CLOSE:
            break
    return rates


class Found(NamedTuple):
    """A place at which a series turned, and the probability that it did so within a turn of it."""

    place: int
    chance: float


def found_turns(turned: Floats, least: float) -> list[Found]:
    """The places at which a series turned, the likeliest first, as long as it turned within a turn
    of there with probability ``least``. No turn's probability counts twice.

    >>> [found] = found_turns(np.array([0.0, 0.1, 0.6, 0.2, 0.0, 0.0]), 0.7)
    >>> found.place, round(found.chance, 2)
    (2, 0.9)
    """
    left = np.array(turned, dtype=float)
    found = []
    while len(left):
        padded = np.concatenate([[0.0], left, [0.0]])
        around = np.minimum(padded[:-2] + padded[1:-1] + padded[2:], 1.0)
        # Of windows that hold about as much, the one whose middle is likeliest.
        place = int((around + _MIDDLE * left).argmax())
        if around[place] < least:
            break
        found.append(Found(place, float(around[place])))
        left[max(place - 1, 0) : place + 2] = 0.0
        if not left.any():
            break
    return found


def _padded(
    evidence: Sequence[Floats], triggers: Sequence[Floats]
) -> tuple[Floats, Floats, Floats]:
    if any(len(one) != len(other) for one, other in zip(evidence, triggers, strict=True)):
        raise ValueError("a series needs a trigger for each turn")
    longest = max((len(part) for part in evidence), default=0)
    rows, heard, inside = (np.zeros((len(evidence), longest)) for _ in range(3))
    for row, (part, trigger) in enumerate(zip(evidence, triggers, strict=True)):
        rows[row, : len(part)] = np.nan_to_num(part, nan=np.nan)
        heard[row, : len(part)] = np.nan_to_num(trigger, nan=0.0)
        inside[row, : len(part)] = 1.0
    return np.where(inside > 0, rows, np.nan), heard, inside


def _hazards(heard: Floats, inside: Floats, rates: Rates) -> Floats:
    hazards = np.clip(rates.base + rates.slope * heard, 1e-6, MOST_LIKELY) * inside
    return np.asarray(hazards)


def _smoothed(rows: Floats, heard: Floats, inside: Floats, rates: Rates) -> _Smoothed:
    """Forward filtering and backward smoothing of all rows at once."""
    known = ~np.isnan(rows)
    showing = np.exp(np.where(known, rows, 0.0))
    ratio = np.where(known, rates.concealment + (1 - rates.concealment) * showing, 1.0)
    hazards, back = _hazards(heard, inside, rates), rates.back * inside
    count, turns = rows.shape
    forward, ahead, likelihood = np.zeros(rows.shape), np.zeros(rows.shape), np.zeros(count)
    other = np.full(count, rates.start)
    for turn in range(turns):
        if turn:
            other = other * (1 - back[:, turn]) + (1 - other) * hazards[:, turn]
        ahead[:, turn] = other
        weight = other * ratio[:, turn]
        scale = 1 - other + weight
        likelihood += np.log(scale)
        other = weight / scale
        forward[:, turn] = other
    opposite, turned, returned = forward.copy(), np.zeros(rows.shape), np.zeros(rows.shape)
    for turn in range(turns - 1, 0, -1):
        before, after = forward[:, turn - 1], opposite[:, turn]
        likely = np.clip(ahead[:, turn], 1e-12, 1 - 1e-12)
        stayed = before * (1 - back[:, turn]) * after / likely
        turned[:, turn] = (1 - before) * hazards[:, turn] * after / likely
        returned[:, turn] = before * back[:, turn] * (1 - after) / (1 - likely)
        opposite[:, turn - 1] = stayed + returned[:, turn]
    if turns:
        turned[:, 0] = opposite[:, 0]
    return _Smoothed(opposite, turned, returned, likelihood)


def _improved(rows: Floats, heard: Floats, inside: Floats, rates: Rates) -> Rates:
    """One step of expectation and maximisation."""
    now = _smoothed(rows, heard, inside, rates)
    hazards = np.where(inside > 0, _hazards(heard, inside, rates), 1.0)
    by_trigger = np.clip(rates.slope * heard / hazards, 0.0, 1.0)[:, 1:]
    turned, later = now.turned[:, 1:], inside[:, 1:]
    own = (1 - now.opposite[:, :-1]) * later
    known = ~np.isnan(rows)
    showing = np.exp(np.where(known, rows, 0.0))
    ratio = rates.concealment + (1 - rates.concealment) * showing
    seen = now.opposite * known
    shown = seen * (1 - rates.concealment) * showing / ratio

    def rate(name: str, events: float, at_risk: float) -> float:
        more, further = _PRIOR[name]
        return float((events + more) / (at_risk + further))

    concealed = 1 - rate("shown", float(shown.sum()), float(seen.sum()))
    return Rates(
        base=rate("base", float(((1 - by_trigger) * turned).sum()), float(own.sum())),
        slope=rate("slope", float((by_trigger * turned).sum()), float((heard[:, 1:] * own).sum())),
        back=rate(
            "back",
            float(now.returned[:, 1:].sum()),
            float((now.opposite[:, :-1] * later).sum()),
        ),
        start=rate("start", float(now.opposite[:, 0].sum()), float(len(rows))),
        concealment=min(MOST_CONCEALED, max(0.0, concealed)),
    )
