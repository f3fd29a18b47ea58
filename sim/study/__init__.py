"""Studies: experiments on a transcript that play branches of it and analyse them.

``effects`` estimates the causal effect of a turn, ``appearance`` who speaks in a turn that is
generated again, ``reroll_variance`` how much a turn moves each listener; ``outcomes`` are the
numbers by which branches are compared. Names are imported when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.lazy import lazy_names

if TYPE_CHECKING:
    from sim.study.appearance import Superposition as Superposition
    from sim.study.appearance import superposition as superposition
    from sim.study.effects import Effect as Effect
    from sim.study.effects import effect_of as effect_of
    from sim.study.effects import triggers_of as triggers_of
    from sim.study.outcomes import final_stance as final_stance
    from sim.study.outcomes import flips as flips
    from sim.study.outcomes import says as says
    from sim.study.reroll_variance import influence as influence

_WHERE = {
    "Effect": "sim.study.effects",
    "Superposition": "sim.study.appearance",
    "effect_of": "sim.study.effects",
    "final_stance": "sim.study.outcomes",
    "flips": "sim.study.outcomes",
    "influence": "sim.study.reroll_variance",
    "says": "sim.study.outcomes",
    "superposition": "sim.study.appearance",
    "triggers_of": "sim.study.effects",
}

__all__ = sorted(_WHERE)

# Hidden from type checkers, to whom any name would be fine otherwise.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _WHERE)
