"""Elsinore's engine: scenes, the stages that play them, and the store.

A map: ``persona``, ``graph``, ``routing``, ``probes``, ``endings`` and ``scene`` are what people
author; ``layouts`` turn what an actor can see into a prompt; ``stage`` is the seam to a model;
``engine.play`` is the loop; ``plan``, ``run`` and ``store`` carry out many trials and keep them;
``cli`` is the command. Public names are resolved when they are used (PEP 562), so that
``import sim`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "Actor": "sim.scene",
    "Edge": "sim.graph",
    "Graph": "sim.graph",
    "LongestWait": "sim.routing",
    "Persona": "sim.persona",
    "Population": "sim.persona",
    "Probe": "sim.probes",
    "Question": "sim.probes",
    "Scene": "sim.scene",
    "Transcript": "sim.transcript",
    "Turn": "sim.events",
    "Walk": "sim.routing",
    "Wording": "sim.wording",
    "after": "sim.endings",
    "agreement": "sim.endings",
    "ask_stance": "sim.probes",
    "complete": "sim.graph",
    "derive": "sim.seeds",
    "plan": "sim.planning",
    "play": "sim.engine",
    "ring": "sim.graph",
    "run": "sim.running",
    "said": "sim.endings",
    "open_stage": "sim.stage.models",
    "star": "sim.graph",
}

__all__ = sorted(_WHERE)

if TYPE_CHECKING:
    from sim.endings import after as after
    from sim.endings import agreement as agreement
    from sim.endings import said as said
    from sim.engine import play as play
    from sim.events import Turn as Turn
    from sim.graph import Edge as Edge
    from sim.graph import Graph as Graph
    from sim.graph import complete as complete
    from sim.graph import ring as ring
    from sim.graph import star as star
    from sim.persona import Persona as Persona
    from sim.persona import Population as Population
    from sim.planning import plan as plan
    from sim.probes import Probe as Probe
    from sim.probes import Question as Question
    from sim.probes import ask_stance as ask_stance
    from sim.routing import LongestWait as LongestWait
    from sim.routing import Walk as Walk
    from sim.running import run as run
    from sim.scene import Actor as Actor
    from sim.scene import Scene as Scene
    from sim.seeds import derive as derive
    from sim.stage.models import open_stage as open_stage
    from sim.transcript import Transcript as Transcript
    from sim.wording import Wording as Wording


def __getattr__(name: str) -> Any:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    value = getattr(import_module(where), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
