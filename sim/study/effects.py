"""The causal effect of one turn: the branches in which it was said, against those without it.

``effect_of`` compares two arms that share everything before the turn. In the first the turn is as
it was, in the second it is rolled again; what follows is played anew in both, branch by branch on
the same draws. The difference of an outcome is what those words did, as against what the same
actor would have said otherwise (a counterfactual re-roll: every other cause is the same).
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
        """Whether the interval says that the turn did something."""
        return self.difference.excludes_zero


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

    ``n`` branches in each arm. ``horizon`` ends a branch so many turns after the turn: as far as
    the outcome looks, what comes later costs and changes nothing. ``common`` lets the arms share
    their draws, branch by branch: what both would have done anyway cancels out, and the interval is
    narrower; where hardly a pair differs it covers more than it says. Without it the arms are
    independent samples. ``transcript`` was made by ``play()``. Raises ``BadRequest`` if there is no
    such turn.

    >>> import asyncio
    >>> from sim import Persona, Scene, after, open_stage, play, ring
    >>> from sim.study.outcomes import says
    >>> scene = Scene(topic="Tea?", cast=[Persona(name="Ada"), Persona(name="Ben")],
    ...               graph=ring("Ada", "Ben"), ends=after(turns=4))
    >>> stage = open_stage("fixed:Yes.|No.")
    >>> told = asyncio.run(play(scene, stage, seed=1))
    >>> found = asyncio.run(effect_of(told, 2, says("Ada", "yes"), stage, n=5))
    >>> found.difference.estimate, found.pairs
    (0.0, 5)
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
    found = compared(kept, rerolled, outcome, turn, common=common)
    return Effect(
        turn,
        said.speaker,
        said.text,
        found.outcome,
        found.one.estimate,
        found.other.estimate,
        found.difference,
        found.pairs,
        found.missing,
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
    """What set it off? The effects of what an actor heard from others, the strongest first.

    ``turns`` are the turns to look at; by default all that the actor heard from others. Each costs
    2n branches. The intervals are of one turn each: for a claim about the strongest of many, divide
    the error rate among them (Bonferroni), or look at it again with new branches.
    """
    if turns is None:
        turns = [
            each.index
            for each in transcript.turns
            if each.speaker != actor and heard_by(actor, each)
        ]
    found = [
        await effect_of(transcript, turn, outcome, stage, n=n, horizon=horizon, stages=stages)
        for turn in turns
    ]
    return sorted(found, key=lambda effect: -effect.difference.estimate)


def compared(
    one: Sequence[Transcript],
    other: Sequence[Transcript],
    outcome: Outcome,
    turn: int,
    *,
    common: bool = True,
) -> Comparison:
    """Two arms of branches by one outcome after a turn.

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
    """A mean with its interval: Clopper and Pearson's for a share, Student's else."""
    known = values[~np.isnan(values)]
    if share is None:
        share = bool(np.isin(known, (0, 1)).all())
    if share and len(known):
        return clopper_pearson(int(known.sum()), len(known))
    return jackknife(known[:, None], lambda means: means[..., 0])


def _values(outcome: Outcome, branches: Sequence[Transcript], turn: int) -> Floats:
    values = (outcome(branch, turn) for branch in branches)
    return np.array([np.nan if value is None else value for value in values], dtype=float)
