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
    from sim.scene.routing.addressee import Addressed as Addressed
    from sim.scene.routing.base import Cue as Cue
    from sim.scene.routing.base import Inquiry as Inquiry
    from sim.scene.routing.base import Limit as Limit
    from sim.scene.routing.base import Router as Router
    from sim.scene.routing.composition import Phase as Phase
    from sim.scene.routing.composition import Phases as Phases
    from sim.scene.routing.composition import phases as phases
    from sim.scene.routing.composition import then as then
    from sim.scene.routing.composition import until as until
    from sim.scene.routing.cross_examination import CrossExamination as CrossExamination
    from sim.scene.routing.inquiries import Bidding as Bidding
    from sim.scene.routing.inquiries import ChosenBy as ChosenBy
    from sim.scene.routing.inquiries import Interrupts as Interrupts
    from sim.scene.routing.inquiries import moderated as moderated
    from sim.scene.routing.orders import FixedOrder as FixedOrder
    from sim.scene.routing.orders import Scripted as Scripted
    from sim.scene.routing.orders import Simultaneous as Simultaneous
    from sim.scene.routing.walks import LongestWait as LongestWait
    from sim.scene.routing.walks import Walk as Walk

_WHERE = {
    "Addressed": "addressee",
    "Bidding": "inquiries",
    "ChosenBy": "inquiries",
    "CrossExamination": "cross_examination",
    "Cue": "base",
    "FixedOrder": "orders",
    "Inquiry": "base",
    "Interrupts": "inquiries",
    "Limit": "base",
    "LongestWait": "walks",
    "Phase": "composition",
    "Phases": "composition",
    "Router": "base",
    "Scripted": "orders",
    "Simultaneous": "orders",
    "Walk": "walks",
    "moderated": "inquiries",
    "phases": "composition",
    "then": "composition",
    "until": "composition",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'sim.scene.routing' has no attribute {name!r}")
    value = getattr(import_module(f"sim.scene.routing.{where}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
