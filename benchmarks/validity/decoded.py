"""Scenes of the tests' ancestral simulator at the level of decoded evidence, many at once.

The laws are the simulator's own tables (``World.turned``): switching that depends on what was
heard, concealment, acts by character, stances that pull at one another, repeated lines. Drawn are
acts, stances and hidden paths; words are not, since all that a filter takes from words is the act
and the stance. Two readings of each turn come with a scene:

- *exact*: the log-likelihood ratio of the act and the stance that were shown, an open shadow
  against the self, from the same tables: what a filter knows that has them all;
- *lexicon*: what the words of ``analysis.evidence.text`` give for a line of that act, drawn from
  lines that the simulator wrote for the same speaker.

``Twist`` changes the hidden path: returns at a share of the hazard, actors who differ in their
hazards, shadows that leave for a loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.evidence.text import kindness, opposite, score
from analysis.stats import Floats
from benchmarks.validity.exact_stage import BRIEFS, of_the_tests
from sim.seeds import derive
from sim.stage.exact.acts import ACTS, GRID, STANCED
from sim.stage.exact.grammar import parse
from sim.stage.exact.parameters import read_parameters
from sim.stage.exact.tables import CHARACTERS

Whole = NDArray[np.int64]

SELF, SHADOW, ASSISTANT, PARTNER, LOOP = range(5)
HEARD = (0.0, 0.25, 0.5, 1.0)
"""How hostile the most hostile line was that an actor heard."""

_HOSTILE = {"insult": 3, "reveal": 2, "rebut": 1}
LEVEL_OF = np.array([_HOSTILE.get(act, 0) for act in ACTS])
_STATED = np.array([act in STANCED for act in ACTS])
_REPEAT, _ASSERT, _REBUT, _CONCEDE, _AGREE = (
    ACTS.index(act) for act in ("repeat", "assert", "rebut", "concede", "agree")
)
_GRID = np.array(GRID)


@dataclass(frozen=True)
class Twist:
    """What is otherwise than in the simulator. ``back``: returns at this share of the hazard (None:
    as the mechanism has it). ``switching`` and ``returning``: the variances of what multiplies an
    actor's hazards of switching and of returning, both of mean 1. ``looping``: the hazard at which
    a shadow begins to repeat itself, for good."""

    back: float | None = None
    switching: float = 0.0
    returning: float = 0.0
    looping: float = 0.0


@dataclass(frozen=True)
class Decoded:
    """Actors by own turns, three actors a scene: the hidden character, whether it showed itself as
    a shadow, how hostile its line was (a place in ``HEARD``), and both readings (NaN where nothing
    can be read)."""

    character: Whole
    shown: NDArray[np.bool_]
    hostile: Whole
    exact: Floats
    lexicon: Floats

    @property
    def hazards(self) -> tuple[float, float, float]:
        """Switches per turn as the self, returns per turn as a shadow, and turns as a shadow."""
        before, after = self.character[:, :-1], self.character[:, 1:]
        shadow = before == SHADOW
        switched = ((before == SELF) & (after == SHADOW)).sum() / (before == SELF).sum()
        returned = (shadow & (after == SELF)).sum() / max(1, shadow.sum())
        return float(switched), float(returned), float((self.character == SHADOW).sum())


class Laws:
    """The tables of one setting of the simulator, by player and by what was heard."""

    def __init__(self, mechanism: str, concealment: float, half: str = "held") -> None:
        ancestral, watching = of_the_tests("ancestral"), of_the_tests("watching")
        values = {"mechanism": mechanism, "kappa": concealment, "half": half}
        self.parameters = read_parameters("base", values)
        self.world = ancestral.World(self.parameters)
        self.cast = watching.company(ancestral)
        self._ancestral = ancestral
        self.lines = self._read()

    def acts(self, player: int, first: bool, alone: bool) -> Floats:
        """P(act), by what was heard and by character."""
        return np.array([
            [[turned.acts[z][act] for act in ACTS] for z in CHARACTERS]
            for turned in self._turned(player, first, alone)
        ])  # fmt: skip

    def switching(self, player: int, first: bool, alone: bool) -> Floats:
        """P(next character), by what was heard and by character."""
        return np.array([
            [[turned.switch[z][y] for y in CHARACTERS] for z in CHARACTERS]
            for turned in self._turned(player, first, alone)
        ])  # fmt: skip

    def _turned(self, player: int, first: bool, alone: bool) -> list[Any]:
        own = () if first else ("A line.",)
        partner, heard = (None, ()) if alone else ("Somebody", ("A line.",))
        return [
            self.world.turned(
                self._ancestral.Moment(
                    self.cast[player], 1 if first else 2, provocation, {}, partner, own, heard, None
                )
            )
            for provocation in HEARD
        ]

    def _read(self, scenes: int = 150) -> Mapping[tuple[int, int], Floats]:
        """What the lexicon gives for lines of each player and act."""
        names = [one.name for one in self.cast]
        found: dict[tuple[int, int], list[float]] = {}
        kind = [kindness(BRIEFS[name][0], "", BRIEFS[name][1]) for name in names]
        for number in range(scenes):
            for one in self.world.play(self.cast, 30, Random(derive(17, "words", number))):
                player = names.index(one.speaker)
                act = ACTS.index(parse(one.text)[0].act)
                found.setdefault((player, act), []).append(opposite(score(one.text), kind[player]))
        return {key: np.array(values) for key, values in found.items()}


def scenes(
    laws: Laws, count: int, generator: np.random.Generator, twist: Twist | None = None,
    turns: int = 30,
) -> Decoded:  # fmt: skip
    """Scenes of three actors in a ring."""
    twisted, players = twist or Twist(), len(laws.cast)
    own = turns // players
    every = np.arange(count)
    state = np.zeros((count, players), dtype=np.int64)
    switch_by, return_by = (
        _frailties(spread, (count, players), generator)
        for spread in (twisted.switching, twisted.returning)
    )
    # Lines so far: the act, the stance (NaN: not stated) and what the lexicon makes of each.
    acts = np.zeros((count, turns), dtype=np.int64)
    stated, words = np.full((count, turns), np.nan), np.full((count, turns), np.nan)
    said = np.full((count, players), np.nan)
    character = np.zeros((count, players, own), dtype=np.int64)
    shown = np.zeros((count, players, own), dtype=np.bool_)
    hostile = np.zeros((count, players, own), dtype=np.int64)
    exact = np.full((count, players, own), np.nan)
    lexicon = np.full((count, players, own), np.nan)
    for turn in range(turns):
        player, round_ = turn % players, turn // players
        since = range(max(0, turn - players + 1), turn)
        levels = [LEVEL_OF[acts[:, t]] for t in since]
        heard = np.max(levels, axis=0) if levels else np.zeros(count, dtype=np.int64)
        first, alone = round_ == 0, turn == 0
        chain = laws.switching(player, first, alone)[heard, state[:, player]]
        if not first:
            kernel = laws.switching(player, first, alone)[heard]
            chain = _twisted(chain, kernel, state[:, player], twisted,
                             (switch_by[:, player], return_by[:, player]))  # fmt: skip
        now = state[:, player] = _drawn(chain, generator)
        concealed = (now == SHADOW) & (generator.random(count) < laws.parameters.kappa)
        plays = np.where(concealed, SELF, now)
        law = laws.acts(player, first, alone)
        means = _means(laws, player, said, turn)
        stance = generator.binomial(8, (1 + means[every, plays]) / 2)
        meant = _drawn(law[heard, plays], generator)
        before = (turn - 1) % players
        other = said[:, before] if turn else np.full(count, np.nan)
        act = _in_line(meant, _GRID[stance], other)
        repeats = meant == _REPEAT
        told = np.where(_STATED[act], _GRID[stance], np.nan)
        value = _read_off(laws, player, act, generator)
        for z, teller in ((LOOP, player), (PARTNER, before)):
            some = np.flatnonzero(repeats & (plays == z))
            lines = [t for t in range(turn) if t % players == teller][-3:]
            if len(some) and lines:
                chosen = np.array(lines)[generator.integers(0, len(lines), len(some))]
                act[some], told[some] = acts[some, chosen], stated[some, chosen]
                value[some] = words[some, chosen]
        acts[:, turn], stated[:, turn], words[:, turn] = act, told, value
        said[:, player] = np.where(np.isnan(told), said[:, player], told)
        ratio = _ratio(law[heard], means, act, stance, other)
        character[:, player, round_] = now
        shown[:, player, round_] = (now == SHADOW) & ~concealed
        hostile[:, player, round_] = LEVEL_OF[act]
        exact[:, player, round_] = np.where(repeats, np.nan, ratio)
        lexicon[:, player, round_] = value
    flat = (count * players, own)
    kept = (character, shown, hostile, exact, lexicon)
    return Decoded(*(part.reshape(flat) for part in kept))  # type: ignore[arg-type]


def _frailties(spread: float, shape: tuple[int, int], generator: np.random.Generator) -> Floats:
    return generator.gamma(1 / spread, spread, shape) if spread else np.ones(shape)


def _twisted(
    chain: Floats, kernel: Floats, state: Whole, twist: Twist, by: tuple[Floats, Floats]
) -> Floats:
    """The rows of the hidden chain, with returns, frailties and loops as they are wanted."""
    chain = chain.copy()
    hazard = kernel[:, SELF, SHADOW]
    switched = np.minimum(hazard * by[0], 0.9)
    own = state == SELF
    chain[own, SELF] += (hazard - switched)[own]
    chain[own, SHADOW] = switched[own]
    chain = np.maximum(chain, 0.0)
    shadow = state == SHADOW
    if shadow.any():
        back = kernel[:, SHADOW, SELF] if twist.back is None else twist.back * hazard
        returned = np.minimum(back * by[1], 0.9)
        chain[shadow] = 0.0
        chain[shadow, SELF] = returned[shadow]
        chain[shadow, LOOP] = twist.looping
        chain[shadow, SHADOW] = 1 - returned[shadow] - twist.looping
    if twist.looping:
        # A shadow that loops does so for good; others come back as the simulator has it.
        chain[state == LOOP] = np.eye(5)[LOOP]
    return np.asarray(chain / chain.sum(axis=1, keepdims=True))


def _drawn(law: Floats, generator: np.random.Generator) -> Whole:
    """One of each row."""
    edges = np.cumsum(law, axis=1)
    point = generator.random((len(law), 1)) * edges[:, -1:]
    return np.asarray((point > edges).sum(axis=1), dtype=np.int64)


def _read_off(laws: Laws, player: int, act: Whole, generator: np.random.Generator) -> Floats:
    """What the lexicon makes of a line of each act."""
    value = np.zeros(len(act))
    for each in np.unique(act):
        here = np.flatnonzero(act == each)
        known = laws.lines.get((player, int(each)))
        if known is not None:
            value[here] = known[generator.integers(0, len(known), len(here))]
    return value


def _means(laws: Laws, player: int, said: Floats, turn: int) -> Floats:
    """Where each character stands on average: scenes by characters."""
    q, stance = laws.parameters, laws.cast[player].stance
    mine = said[:, player]
    others = np.delete(said, player, axis=1)
    centre = np.where(np.isnan(mine), stance, mine)[:, None]
    close = ~np.isnan(others) & (np.abs(np.nan_to_num(others) - centre) <= q.confidence)
    number = close.sum(axis=1)
    near = np.where(close, np.nan_to_num(others), 0.0).sum(axis=1) / np.maximum(number, 1)
    partner = said[:, (turn - 1) % said.shape[1]] if turn else np.full(len(said), np.nan)
    means = np.empty((len(said), len(CHARACTERS)))
    for z in range(len(CHARACTERS)):
        own = np.full(len(said), {SHADOW: -stance, ASSISTANT: 0.0}.get(z, stance))
        if z == PARTNER:
            own = np.where(np.isnan(partner), own, partner)
        alone = np.where(np.isnan(mine), own, mine)
        pulled = np.where(
            number > 0,
            np.where(np.isnan(mine), near, q.own_weight * mine + (1 - q.own_weight) * near),
            alone,
        )
        means[:, z] = (1 - q.alpha - q.beta) * pulled + q.alpha * own + q.beta * q.bias
    return np.clip(means, -1, 1)


def _in_line(meant: Whole, stance: Floats, other: Floats) -> Whole:
    """The acts that come out when act and stance are brought into line."""
    gap = np.abs(stance - other)
    act = np.where((meant == _AGREE) & (gap >= 1), _CONCEDE, meant)
    return np.asarray(np.where((meant == _REBUT) & (gap <= 0.25), _ASSERT, act), dtype=np.int64)


def _ratio(law: Floats, means: Floats, act: Whole, stance: Whole, other: Floats) -> Floats:
    """log P(act and stance | open shadow) - log P(... | self); the stance where it is stated."""
    every = np.arange(len(act))
    gap = np.abs(_GRID[None, :] - other[:, None])
    far, near = gap >= 1, gap <= 0.25
    found = []
    for z in (SHADOW, SELF):
        weight = stats.binom.pmf(np.arange(9)[None, :], 8, (1 + means[:, z, None]) / 2)
        plain = law[every, z, act][:, None] * np.ones((1, 9))
        agree, rebut = law[every, z, _AGREE][:, None], law[every, z, _REBUT][:, None]
        kinds = act[:, None]
        plain = np.where((kinds == _AGREE) & far, 0.0, plain)
        plain = np.where((kinds == _REBUT) & near, 0.0, plain)
        plain = plain + np.where((kinds == _CONCEDE) & far, agree, 0.0)
        plain = plain + np.where((kinds == _ASSERT) & near, rebut, 0.0)
        level = np.arange(9)[None, :] == stance[:, None]
        heard = np.where(_STATED[act][:, None], level, True)
        found.append((weight * plain * heard).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(found[0]) - np.log(found[1])
    return np.asarray(np.clip(ratio, -12, 12))
