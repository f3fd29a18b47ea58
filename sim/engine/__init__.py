"""The engine, which plays a scene: ``play()``.

``state`` holds everything that changes while a scene is played. ``turns``, ``author``,
``next_speaker``, ``interventions``, ``probe_runner`` and ``memory`` are the steps, as functions on
that state, and ``loop`` puts them in order.
"""

from __future__ import annotations

from sim.engine.loop import play as play
from sim.engine.state import Observer as Observer
