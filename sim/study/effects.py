"""The causal effect of one turn: branches with the turn against branches with another in its place.

``effect_of`` compares two arms that share everything before the turn. In the first the turn is as
it was, in the second it is generated again; what follows is played anew in both, branch by branch
with common random numbers. The difference of an outcome is the effect of those words against what
the same actor would have said otherwise: every other cause is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.stats import (
    Floats,
    Interval,
    clopper_pearson,
    difference,
    jackknife,
    paired_difference,
)
from sim.errors import BadRequest
from sim.html.numbers import interval, number
from sim.runs.fork import fork_transcript
from sim.scene.audience import heard_by
from sim.stage.base import Stage
from sim.study.outcomes import Outcome, is_share, name_of
from sim.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of a turn on an outcome: with it, without it, and the difference.

    ``kept`` and ``rerolled`` are means over ``pairs`` branches; ``difference`` has a 95% interval.
    ``missing`` pairs had no outcome in one of the arms.
    """

    turn: int
    speaker: str
    text: str
    outcome: str
    kept: float
    rerolled: float
    difference: Interval
    pairs: int
    missing: int

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval of the difference excludes zero."""
        return self.difference.excludes_zero

    def __str__(self) -> str:
        """The difference with its interval, in one line."""
        gap = self.difference
        told = (
            f"turn {self.turn} ({self.speaker}) on {self.outcome}: "
            f"{number(gap.estimate, sign=True)} {interval(gap.low, gap.high, sign=True)}".rstrip()
        )
        missing = f", {self.missing} missing" if self.missing else ""
        return (
            f"{told}; {number(self.kept)} with it, {number(self.rerolled)} without; "
            f"{self.pairs} pairs{missing}"
        )

    def __repr__(self) -> str:
        return f"<Effect: {self}>"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms of branches by one outcome: both means with 95% intervals, and the difference.

    ``pairs`` counts the branches of each arm that have the outcome, ``missing`` the others.
    """

    outcome: str
    one: Interval
    other: Interval
    difference: Interval
    pairs: int
    missing: int


async def effect_of(
    transcript: Transcript,
    turn: int,
    outcome: Outcome,
    stage: Stage,
    *,
    n: int = 50,
    horizon: int | None = None,
    common: bool = True,
    stages: Mapping[str, Stage] | None = None,
) -> Effect:
    """The effect of turn ``turn`` on an outcome, against plain re-rolls of it.

    ``n`` branches in each arm. ``horizon`` ends a branch so many turns after the turn; later turns
    cost calls and do not change an outcome that looks no further. ``common`` gives both arms the
    same random numbers, branch by branch: the variance that they share cancels out, and the
    interval is narrower; where few pairs differ it covers more than 95%. Without it the arms are
    independent samples. ``transcript`` was made by ``play()``. Raises ``BadRequest`` if there is no
    such turn.

    >>> import asyncio
    >>> from sim import Persona, Scene, after, open_stage, play, ring
    >>> from sim.study.outcomes import says
    >>> scene = Scene(topic="Tea?", cast=[Persona(name="Ada"), Persona(name="Ben")],
    ...               graph=ring("Ada", "Ben"), ends=after(turns=4))
    >>> stage = open_stage("fixed:Yes.|No.")
    >>> played = asyncio.run(play(scene, stage, seed=1))
    >>> effect = asyncio.run(effect_of(played, 2, says("Ada", "yes"), stage, n=5))
    >>> effect.difference.estimate, effect.pairs
    (0.0, 5)
    >>> print(effect)
    turn 2 (Ben) on Ada says 'yes': 0.00 [−0.28, +0.28]; 1.00 with it, 1.00 without; 5 pairs
    """
    if not 1 <= turn <= len(transcript):
        raise BadRequest(
            f"effect_of: there is no turn {turn}; the transcript has {len(transcript)} turns"
        )
    kept = await fork_transcript(transcript, stage, at=turn + 1, n=n, turns=horizon, stages=stages)
    more = None if horizon is None else horizon + 1
    rerolled = await fork_transcript(
        transcript, stage, at=turn, n=n, turns=more, stages=stages, first=0 if common else n
    )
    said = transcript.turns[turn - 1]
    arms = compared(kept, rerolled, outcome, turn, common=common)
    return Effect(
        turn,
        said.speaker,
        said.text,
        arms.outcome,
        arms.one.estimate,
        arms.other.estimate,
        arms.difference,
        arms.pairs,
        arms.missing,
    )


async def triggers_of(
    transcript: Transcript,
    actor: str,
    outcome: Outcome,
    stage: Stage,
    *,
    turns: Sequence[int] | None = None,
    n: int = 50,
    horizon: int | None = None,
    stages: Mapping[str, Stage] | None = None,
) -> list[Effect]:
    """The effects of the turns that an actor heard from others, the strongest first.

    ``turns`` are the turns to test; by default all that the actor heard from others. Each costs 2n
    branches. Each interval is of one turn: for a claim about the strongest of many, divide the
    error rate among them (Bonferroni), or test it again with new branches.
    """
    if turns is None:
        turns = [
            each.index
            for each in transcript.turns
            if each.speaker != actor and heard_by(actor, each)
        ]
    effects = [
        await effect_of(transcript, turn, outcome, stage, n=n, horizon=horizon, stages=stages)
        for turn in turns
    ]
    return sorted(effects, key=lambda effect: -effect.difference.estimate)


def compared(
    one: Sequence[Transcript],
    other: Sequence[Transcript],
    outcome: Outcome,
    turn: int,
    *,
    common: bool = True,
) -> Comparison:
    """Compare two arms of branches by one outcome after a turn.

    With ``common`` branches of one place in the lists are pairs, which share their draws; a pair
    with a missing outcome is left out. Without it the arms are independent samples.
    """
    first, second = _values(outcome, one, turn), _values(outcome, other, turn)
    share = is_share(outcome)
    wanted = max(len(first), len(second))
    if common:
        pairs = min(len(first), len(second))
        known = ~(np.isnan(first[:pairs]) | np.isnan(second[:pairs]))
        first, second = first[:pairs][known], second[:pairs][known]
        apart = paired_difference(first, second, share=share)
    else:
        apart = difference(first, second, share=share)
    counted = int(min(np.sum(~np.isnan(first)), np.sum(~np.isnan(second))))
    means = (_mean(first, share), _mean(second, share))
    return Comparison(name_of(outcome), *means, apart, counted, wanted - counted)


def _mean(values: Floats, share: bool | None) -> Interval:
    """A mean with its interval: Clopper and Pearson's for a share, else Student's (the jackknife of
    a mean)."""
    known = values[~np.isnan(values)]
    if share is None:
        share = bool(np.isin(known, (0, 1)).all())
    if share and len(known):
        return clopper_pearson(int(known.sum()), len(known))
    return jackknife(known[:, None], lambda means: means[..., 0])


def _values(outcome: Outcome, branches: Sequence[Transcript], turn: int) -> Floats:
    values = (outcome(branch, turn) for branch in branches)
    return np.array([np.nan if value is None else value for value in values], dtype=float)
