"""Studies: playing and analysing joined.

``forks`` plays what would have happened otherwise; ``effects`` says what one turn did,
``appearance`` who appears in one turn generated again, ``reroll_variance`` whose words move whom;
``outcomes`` are what branches are judged by. ``yoked`` makes surrogates. Names are resolved when
they are used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.study.appearance import Superposition as Superposition
    from sim.study.appearance import superposition as superposition
    from sim.study.effects import Effect as Effect
    from sim.study.effects import effect_of as effect_of
    from sim.study.effects import triggers_of as triggers_of
    from sim.study.forks import branch_trials as branch_trials
    from sim.study.forks import dropped as dropped
    from sim.study.forks import fork as fork
    from sim.study.outcomes import final_stance as final_stance
    from sim.study.outcomes import flips as flips
    from sim.study.outcomes import says as says
    from sim.study.reroll_variance import influence as influence

_WHERE = {
    "Effect": "effects",
    "Superposition": "appearance",
    "branch_trials": "forks",
    "dropped": "forks",
    "effect_of": "effects",
    "final_stance": "outcomes",
    "flips": "outcomes",
    "fork": "forks",
    "influence": "reroll_variance",
    "says": "outcomes",
    "superposition": "appearance",
    "triggers_of": "effects",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'sim.study' has no attribute {name!r}")
    value = getattr(import_module(f"sim.study.{where}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
