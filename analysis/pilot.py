"""A pilot: what the blocks of a store say of the variance and the cost of a larger study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import Any, NamedTuple

import numpy as np

from analysis.power import spread_of
from analysis.primary import Primary, tables_of
from analysis.stats import Floats
from analysis.tables import COLUMNS, Tables
from sim.errors import BadRequest
from sim.events import Answer, Turn, Usage
from sim.store import Store, StoredTrial

Arm = Callable[[StoredTrial], str]
"""The name of a trial's arm, or of its topic."""

HORIZONS = (0.25, 0.5, 0.75, 1.0)
"""The parts of a scene after which a pilot is measured, to say what fewer turns would do."""


class Spent(NamedTuple):
    """What was used up to a turn: tokens and money (None: no price is stored), and the seconds that
    turns took one after the other."""

    usage: Usage
    seconds: float


@dataclass(frozen=True, slots=True)
class Shorter:
    """The pilot as if scenes had ended after ``turns`` turns: the difference, its standard
    deviation, and the share of the tokens that were used by then."""

    turns: int
    difference: float
    sd: float
    tokens: float


@dataclass(frozen=True, slots=True)
class Pilot:
    """Differences of blocks that were played, by topic, and what a block takes.

    The differences are those of arm ``a`` less arm ``b``. ``b`` is blank where there was one arm
    alone: then they are its own deviations, times the square root of 2, as if another arm varied as
    much and independently. NaN is missing. ``shorter`` is what fewer turns would have done.
    """

    a: str
    b: str
    topics: tuple[str, ...]
    differences: tuple[Floats, ...]
    spent: Spent
    shorter: tuple[Shorter, ...]

    @property
    def known(self) -> Floats:
        """All differences that are known."""
        every = np.concatenate(self.differences)
        return np.asarray(every[~np.isnan(every)])


def pilot_of(
    store: Store, trials: Sequence[StoredTrial], primary: Primary, arm: Arm, topic: Arm
) -> Pilot:
    """The pilot in trials that came to their end, which have one arm or two.

    Trials of the two arms with the same topic and seed are a block, measured by itself as in
    ``--until decided``; those without a partner are left out. Raises ``BadRequest`` if there are
    more arms, or fewer than three blocks with a number.
    """
    names = list(dict.fromkeys(map(arm, trials)))
    if len(names) > 2:
        raise BadRequest(f"a pilot compares two arms, and here are {', '.join(names)}")
    b, a = (names[0], names[1]) if len(names) == 2 else ("", names[0])
    blocks: dict[tuple[str, int], dict[str, StoredTrial]] = {}
    for trial in trials:
        blocks.setdefault((topic(trial), trial.seed), {})[arm(trial)] = trial
    whole = {key: each for key, each in blocks.items() if len(each) == len(names)}
    topics = tuple(dict.fromkeys(key[0] for key in whole))
    tables = {
        key: tables_of(store, [each.id for each in block.values()]) for key, block in whole.items()
    }
    longest = max((trial.turns for trial in trials), default=0)

    def differences(turns: int) -> tuple[Floats, ...]:
        found: dict[str, list[float]] = {name: [] for name in topics}
        for key, block in whole.items():
            made = tables[key] if turns >= longest else until(tables[key], turns)
            numbers = primary.numbers(made)
            values = [numbers.get(block[name].id, nan) for name in names]
            found[key[0]].append(values[-1] - values[0] if b else values[0])
        arrays = (np.array(values) for values in found.values())
        if b:
            return tuple(arrays)
        return tuple(np.sqrt(2) * _deviations(values) for values in arrays)

    made = differences(longest)
    if sum(int((~np.isnan(values)).sum()) for values in made) < 3:
        raise BadRequest(
            f"fewer than three blocks have a number of {primary.name} in "
            f"{'both arms' if b else 'them'}; a pilot needs some more"
        )
    lengths = [max(1, round(share * longest)) for share in HORIZONS]
    spent = [_spent(store, [each.id for each in trials], turns) for turns in lengths]
    whole_tokens = spent[-1].usage.prompt_tokens + spent[-1].usage.completion_tokens
    shorter = []
    for turns, used in zip(lengths, spent, strict=True):
        by_topic = made if turns >= longest else differences(turns)
        every = np.concatenate(by_topic)
        known = every[~np.isnan(every)]
        tokens = used.usage.prompt_tokens + used.usage.completion_tokens
        shorter.append(
            Shorter(
                turns,
                float(known.mean()) if b and len(known) else nan,
                spread_of(by_topic).seeds.estimate,
                tokens / whole_tokens if whole_tokens else nan,
            )
        )
    count = len(trials)
    total = spent[-1].usage
    each_trial = Usage(
        round(total.prompt_tokens / count), round(total.completion_tokens / count), 0,
        None if total.usd is None else total.usd / count,
    )  # fmt: skip
    return Pilot(a, b, topics, made, Spent(each_trial, spent[-1].seconds / count), tuple(shorter))


def _deviations(values: Floats) -> Floats:
    known = values[~np.isnan(values)]
    return values - known.mean() if len(known) else values


def until(tables: Tables, turns: int) -> Tables:
    """The tables as if every scene had ended after so many turns."""
    cut: dict[str, Any] = {}
    for name in COLUMNS:
        table = getattr(tables, name)
        if "turn" in table:
            table = table[table["turn"] <= turns].reset_index(drop=True)
        cut[name] = table
    cut["trials"] = cut["trials"].assign(turns=cut["trials"]["turns"].clip(upper=turns))
    return replace(tables, **cut)


def _spent(store: Store, trials: Sequence[str], turns: int) -> Spent:
    """What trials used up to a turn, all together. Replies from the cache count like others: what a
    new seed asks was not asked before."""
    usage, seconds = Usage(usd=0.0), 0.0
    for trial in trials:
        for event in store.own_events(trial):
            if isinstance(event, Turn) and event.index <= turns:
                seconds += event.seconds
                usage += event.usage
            elif isinstance(event, Answer) and event.turn <= turns:
                usage += event.usage
    return Spent(usage, seconds)
