"""Checks of contracts, for whoever writes a scenario, a stage, a router, a layout or a format.

Each check raises ``Broken``, which says which promise is not kept, where, and what was seen; it
returns nothing if all are kept. Elsinore's own tests use the same. A test of a package of yours is
one line:

>>> from sim.testing import check_scenario
>>> check_scenario("water_sale")

Measures and instruments are checked by ``analysis.testing``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.lazy import lazy_names

if TYPE_CHECKING:
    from sim.testing.formats import check_format as check_format
    from sim.testing.layouts import check_layout as check_layout
    from sim.testing.promises import Broken as Broken
    from sim.testing.routers import check_router as check_router
    from sim.testing.scenarios import check_scenario as check_scenario
    from sim.testing.stages import check_stage as check_stage

_WHERE = {
    "Broken": "sim.testing.promises",
    "check_format": "sim.testing.formats",
    "check_layout": "sim.testing.layouts",
    "check_router": "sim.testing.routers",
    "check_scenario": "sim.testing.scenarios",
    "check_stage": "sim.testing.stages",
}

__all__ = sorted(_WHERE)

# Hidden from type checkers, to whom any name would be fine otherwise.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _WHERE)
