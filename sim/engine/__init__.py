"""The engine: ``play()``, the only loop.

``state`` is the one place where a scene changes while it is played; ``turns``, ``blocks``,
``floor``, ``changes`` and ``memory`` are what happens to it, as plain functions; ``playing`` is the
loop around them.
"""

from __future__ import annotations

from sim.engine.loop import play as play
from sim.engine.state import Observer as Observer
