"""Who speaks next: routers, one family per file.

``base`` has the protocol, ``walks`` the routers that need nothing but the graph, ``orders`` those
with a fixed order, ``asking`` those that ask the actors, ``addressing`` the one that reads whom a
turn addressed, and ``phases`` those that are made of others.
"""

from __future__ import annotations

from sim.routing.addressing import Addressed as Addressed
from sim.routing.asking import Bidding as Bidding
from sim.routing.asking import ChosenBy as ChosenBy
from sim.routing.asking import Interrupts as Interrupts
from sim.routing.asking import moderated as moderated
from sim.routing.base import Cue as Cue
from sim.routing.base import Inquiry as Inquiry
from sim.routing.base import Router as Router
from sim.routing.orders import FixedOrder as FixedOrder
from sim.routing.orders import Scripted as Scripted
from sim.routing.orders import Simultaneous as Simultaneous
from sim.routing.phases import Phase as Phase
from sim.routing.phases import Phases as Phases
from sim.routing.phases import phases as phases
from sim.routing.phases import then as then
from sim.routing.phases import until as until
from sim.routing.walks import LongestWait as LongestWait
from sim.routing.walks import Walk as Walk
