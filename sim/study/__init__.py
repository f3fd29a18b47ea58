"""Studies: experiments that play and analyse.

``effects`` estimates the causal effect of a turn, ``appearance`` who speaks in a turn that is
generated again, ``reroll_variance`` how much a turn moves each listener, ``mechanisms`` what made
somebody say a thing; ``outcomes`` are the numbers by which branches are compared, ``readings``
those that are read off a single turn. ``sequential`` plays blocks of two arms until a difference is
decided, ``contest`` debates of two entrants. Names are imported when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.lazy import lazy_names

if TYPE_CHECKING:
    from sim.study.appearance import Superposition as Superposition
    from sim.study.appearance import superposition as superposition
    from sim.study.contest import Contest as Contest
    from sim.study.contest import run_contest as run_contest
    from sim.study.effects import Effect as Effect
    from sim.study.effects import effect_of as effect_of
    from sim.study.effects import triggers_of as triggers_of
    from sim.study.mechanisms import Moment as Moment
    from sim.study.mechanisms import mechanisms_of as mechanisms_of
    from sim.study.outcomes import final_stance as final_stance
    from sim.study.outcomes import flips as flips
    from sim.study.outcomes import says as says
    from sim.study.readings import outcome_named as outcome_named
    from sim.study.reroll_variance import influence as influence
    from sim.study.sequential import BlockPlan as BlockPlan
    from sim.study.sequential import run_until_decided as run_until_decided

_WHERE = {
    "Contest": "sim.study.contest",
    "Effect": "sim.study.effects",
    "Moment": "sim.study.mechanisms",
    "BlockPlan": "sim.study.sequential",
    "Superposition": "sim.study.appearance",
    "effect_of": "sim.study.effects",
    "final_stance": "sim.study.outcomes",
    "flips": "sim.study.outcomes",
    "influence": "sim.study.reroll_variance",
    "mechanisms_of": "sim.study.mechanisms",
    "outcome_named": "sim.study.readings",
    "run_contest": "sim.study.contest",
    "run_until_decided": "sim.study.sequential",
    "says": "sim.study.outcomes",
    "superposition": "sim.study.appearance",
    "triggers_of": "sim.study.effects",
}

__all__ = sorted(_WHERE)

# Hidden from type checkers, to whom any name would be fine otherwise.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _WHERE)
