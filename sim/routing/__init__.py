"""Who speaks next: routers, one family per file.

``base`` has the protocol, ``walks`` the routers that need nothing but the graph, ``orders`` those
with a fixed order, ``asking`` those that ask the actors, ``addressing`` the one that reads whom a
turn addressed, ``examining`` cross-examination, and ``composed`` those that are made of others.
Names are resolved when they are used: most scenes need a walk alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.routing.addressing import Addressed as Addressed
    from sim.routing.asking import Bidding as Bidding
    from sim.routing.asking import ChosenBy as ChosenBy
    from sim.routing.asking import Interrupts as Interrupts
    from sim.routing.asking import moderated as moderated
    from sim.routing.base import Cue as Cue
    from sim.routing.base import Inquiry as Inquiry
    from sim.routing.base import Limit as Limit
    from sim.routing.base import Router as Router
    from sim.routing.composed import Phase as Phase
    from sim.routing.composed import Phases as Phases
    from sim.routing.composed import phases as phases
    from sim.routing.composed import then as then
    from sim.routing.composed import until as until
    from sim.routing.examining import CrossExamination as CrossExamination
    from sim.routing.orders import FixedOrder as FixedOrder
    from sim.routing.orders import Scripted as Scripted
    from sim.routing.orders import Simultaneous as Simultaneous
    from sim.routing.walks import LongestWait as LongestWait
    from sim.routing.walks import Walk as Walk

_WHERE = {
    "Addressed": "addressing",
    "Bidding": "asking",
    "ChosenBy": "asking",
    "CrossExamination": "examining",
    "Cue": "base",
    "FixedOrder": "orders",
    "Inquiry": "base",
    "Interrupts": "asking",
    "Limit": "base",
    "LongestWait": "walks",
    "Phase": "composed",
    "Phases": "composed",
    "Router": "base",
    "Scripted": "orders",
    "Simultaneous": "orders",
    "Walk": "walks",
    "moderated": "asking",
    "phases": "composed",
    "then": "composed",
    "until": "composed",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'sim.routing' has no attribute {name!r}")
    value = getattr(import_module(f"sim.routing.{where}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
