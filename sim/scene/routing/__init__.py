"""Who speaks next: routers, one family per file.

``base`` has the protocol, ``walks`` the routers that need only the graph, ``orders`` those with a
fixed order, ``inquiries`` those that ask the actors, ``addressee`` the one that reads whom a turn
addressed, ``cross_examination`` what its name says, and ``composition`` routers made of routers.
Names are imported when they are first used, since most scenes need only a walk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.lazy import lazy_names

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
    "Addressed": "sim.scene.routing.addressee",
    "Bidding": "sim.scene.routing.inquiries",
    "ChosenBy": "sim.scene.routing.inquiries",
    "CrossExamination": "sim.scene.routing.cross_examination",
    "Cue": "sim.scene.routing.base",
    "FixedOrder": "sim.scene.routing.orders",
    "Inquiry": "sim.scene.routing.base",
    "Interrupts": "sim.scene.routing.inquiries",
    "Limit": "sim.scene.routing.base",
    "LongestWait": "sim.scene.routing.walks",
    "Phase": "sim.scene.routing.composition",
    "Phases": "sim.scene.routing.composition",
    "Router": "sim.scene.routing.base",
    "Scripted": "sim.scene.routing.orders",
    "Simultaneous": "sim.scene.routing.orders",
    "Walk": "sim.scene.routing.walks",
    "moderated": "sim.scene.routing.inquiries",
    "phases": "sim.scene.routing.composition",
    "then": "sim.scene.routing.composition",
    "until": "sim.scene.routing.composition",
}

__all__ = sorted(_WHERE)

# Hidden from type checkers, which would accept any name of a module with ``__getattr__``.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _WHERE)
