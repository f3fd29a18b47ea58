"""Does anybody speak who is not in the cast? And are those in it different people at all?

*Evidence*: T. Strangers are speakers whom a reply introduced and who are not in the cast, as the
engine recorded them (``Turn.strangers``); nobody heard them.

*Definition.* ``rate``: the share of turns in whose reply a stranger began to speak. ``share``: the
between-actor share of the variance of how lines are said (``evidence.style``; each feature at
variance 1 within the trial): SS_between / (SS_between + SS_within), summed over features. 0 says
that the actors speak as one, 1 that every line gives its speaker away. Names and subjects are no
feature: actors who are all alike still say each other's names.

*Null.* Of ``share``: who said which line dealt anew within stretches of lines twice as long as the
cast, which destroys who speaks and keeps when; p by exchange (Phipson and Smyth 2010). ``differ``
has its level, 0.05, as its null. Of ``rate`` there is none: nobody but the cast was asked.

*References.* arXiv 2411.03252 (societies of agents who are all alike at first); Fisher 1925 (the
correlation ratio). ``differentiation`` asks the same of private stances.

*Traps.* On chat layouts strangers are cut by the model's own manners; compare rates within one
layout. Only ``screenplay`` and ``author_script`` invite them. Somebody who only answers differs
from somebody who only asks: a difference of roles is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from math import nan
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from analysis.estimates import Quantities, Quantity
from analysis.evidence.style import style
from analysis.results import ArmEstimate, Result
from analysis.stats import Floats, Interval, mean_interval, share_of
from analysis.tables import Data

LINES = 3
"""An actor with fewer lines is nobody yet: the share is of the others."""

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Line:
    """A turn with words: who said it, what, and which strangers spoke in the reply."""

    turn: int
    speaker: str
    text: str
    strangers: tuple[str, ...]


class Strangers(Result):
    """Who spoke without being in the cast, and how different those are who are in it.

    Turns without words, and lines that the experimenter put in, are left out. ``draws`` deals of
    each trial, from ``seed`` and what was said in it. The share is missing with fewer than two
    actors of ``LINES`` lines.

    >>> from analysis.tables import Record, tables_from
    >>> from sim.events import Turn
    >>> said = [Turn(1, "A", "Who is there?", cut="Ghost: I am.", strangers=("Ghost",)),
    ...         Turn(2, "B", "Nobody.")]
    >>> result = Strangers(tables_from([Record("t", [{"name": "A"}, {"name": "B"}], said)]))
    >>> float(result.by_trial.rate[0]), result.by_turn.names[0]
    (0.5, 'Ghost')
    """

    measure = "strangers"
    evidence = "T"
    turn: ClassVar[Quantities] = {
        "names": Quantity("the strangers, in their order, with commas", "text"),
    }
    actor: ClassVar[Quantities] = {
        "stranger": Quantity("the first turn of its own in which one spoke", "onset"),
        "rate": Quantity("share of its turns in which one spoke", low=0, high=1),
    }
    trial: ClassVar[Quantities] = {
        "stranger": Quantity("the first turn in which a stranger spoke", "onset"),
        "people": Quantity("how many strangers there were", "count"),
        "rate": Quantity("share of turns in which a stranger spoke", low=0, high=1),
        "share": Quantity("between-actor share of the variance of how lines are said",
                          low=0, high=1),
        "share_null": Quantity("the same with lines dealt anew among the actors", low=0, high=1),
        "p": Quantity("share of the deals that reach the observed share", low=0, high=1),
        "differ": Quantity(f"p is at most {LEVEL}: its actors are told apart", "share",
                           low=0, high=1),
    }  # fmt: skip
    arm: ClassVar[Quantities] = {
        "stranger": Quantity("share of the trials with a stranger", "onset", low=0, high=1),
        "rate": Quantity("share of turns in which a stranger spoke", low=0, high=1),
        "share": Quantity("between-actor share of the variance, over trials", low=0, high=1),
        "differ": Quantity("share of the trials whose actors are told apart", "share",
                           low=0, high=1),
    }  # fmt: skip

    def __init__(self, data: Data, seed: int = 0, draws: int = 199) -> None:
        super().__init__(data)
        self.seed = seed
        self.draws = draws

    @cached_property
    def _lines(self) -> dict[str, list[Line]]:
        turns = self.tables.turns.sort_values(["trial", "turn"], kind="stable")
        turns = turns[turns["source"].fillna("stage") != "intervention"]
        columns = (turns[name] for name in ("trial", "turn", "speaker", "text", "strangers"))
        lines: dict[str, list[Line]] = {}
        for trial, turn, speaker, text, names in zip(*columns, strict=True):
            if isinstance(text, str) and text.strip():
                strangers = tuple(map(str, names)) if isinstance(names, tuple) else ()
                one = Line(int(turn), str(speaker), text, strangers)
                lines.setdefault(str(trial), []).append(one)
        return lines

    def _turns(self) -> Iterable[tuple[Any, ...]]:
        for trial, lines in self._lines.items():
            for line in lines:
                if line.strangers:
                    yield trial, line.turn, line.speaker, ", ".join(line.strangers)

    def _actors(self) -> Iterable[tuple[Any, ...]]:
        cast = self.tables.cast.sort_values(["trial", "seat"], kind="stable")
        for trial, actor in zip(cast["trial"], cast["actor"], strict=True):
            own = [line for line in self._lines.get(str(trial), []) if line.speaker == actor]
            yield trial, actor, *_first_and_rate(own)

    def _trials(self) -> Iterable[tuple[Any, ...]]:
        for trial in self.tables.trials["trial"]:
            lines = self._lines.get(str(trial), [])
            people = {name.casefold() for line in lines for name in line.strangers}
            first, rate = _first_and_rate(lines)
            share, null, p = self._share(lines)
            yield trial, first, len(people), rate, share, null, p, _at_most(p)

    def _share(self, lines: Sequence[Line]) -> tuple[float, float, float]:
        counts: dict[str, int] = {}
        for line in lines:
            counts[line.speaker] = counts.get(line.speaker, 0) + 1
        people = [name for name, count in counts.items() if count >= LINES]
        own = [line for line in lines if line.speaker in people]
        if len(people) < 2:
            return nan, nan, nan
        features = standardised(style([line.text for line in own]))
        labels = np.array([people.index(line.speaker) for line in own])
        share = float(between_share(features, labels[None, :])[0])
        generator = _stream(self.seed, [f"{line.speaker}: {line.text}" for line in own])
        orders = dealt(len(own), 2 * len(people), self.draws, generator)
        drawn = between_share(features, labels[orders])
        p = (1 + int(np.sum(drawn >= share - 1e-12))) / (self.draws + 1)
        return share, float(drawn.mean()), p

    def _arms(self) -> Iterable[ArmEstimate]:
        nulls = {
            arm: mean_interval(rows["share_null"].to_numpy(dtype=np.float64))
            for arm, rows in self.trials_of_arms()
        }
        counts = {
            arm: [_counted(self._lines.get(str(trial), [])) for trial in rows["trial"]]
            for arm, rows in self.trials_of_arms()
        }
        for each in super()._arms():
            estimate = each.estimate
            if each.quantity == "rate":
                part, whole = np.array(counts[each.arm], dtype=np.float64).reshape(-1, 2).T
                estimate = self.made("rate", share_of(part, whole), len(part))
                if not estimate.known:
                    estimate = replace(estimate, note="nobody said anything")
            elif each.quantity == "share":
                estimate = replace(estimate, null=nulls[each.arm])
            elif each.quantity == "differ" and estimate.known:
                estimate = replace(estimate, null=Interval(LEVEL, LEVEL, LEVEL))
            yield each._replace(estimate=estimate)


def standardised(features: Floats) -> Floats:
    """Each feature at mean 0 and variance 1; those that do not vary are left out."""
    spread = features.std(axis=0)
    varying = spread > 1e-9
    centred = (features - features.mean(axis=0))[:, varying]
    return np.asarray(centred / spread[varying], dtype=np.float64)


def between_share(features: Floats, labels: NDArray[np.int64]) -> Floats:
    """SS_between / SS_total over all features, for each row of labels (draws by lines).

    ``features`` have mean 0. 0 where nothing varies.

    >>> lines = np.array([[1.0], [1.0], [-1.0], [-1.0]])
    >>> between_share(lines, np.array([[0, 0, 1, 1], [0, 1, 0, 1]])).tolist()
    [1.0, 0.0]
    """
    total = float(np.sum(features**2))
    between = np.zeros(len(labels))
    for name in range(int(labels.max()) + 1):
        own = (labels == name).astype(np.float64)
        sums = own @ features
        between += np.sum(sums**2, axis=1) / np.maximum(own.sum(axis=1), 1)
    return between / total if total > 0 else np.zeros(len(labels))


def dealt(count: int, stretch: int, draws: int, generator: np.random.Generator) -> Any:
    """Random orders of ``count`` places, each place within its own stretch; draws by places."""
    blocks = np.arange(count) // stretch
    keys = blocks[None, :] + generator.random((draws, count))
    return np.argsort(keys, axis=1)


def _counted(lines: Sequence[Line]) -> tuple[int, int]:
    return sum(bool(line.strangers) for line in lines), len(lines)


def _first_and_rate(lines: Sequence[Line]) -> tuple[int | None, float]:
    some, count = _counted(lines)
    first = next((line.turn for line in lines if line.strangers), None)
    return first, some / count if count else nan


def _at_most(p: float) -> bool | None:
    return None if np.isnan(p) else p <= LEVEL


def _stream(seed: int, lines: Sequence[str]) -> np.random.Generator:
    digest = blake2b(ascii((seed, list(lines))).encode(), digest_size=16).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))
