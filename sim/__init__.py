"""Elsinore's engine: scenes, the stages that play them, and the store.

The names that are used most are here: a scene and its parts, ``run`` to play it many times,
``play`` to play it once, ``fork`` and ``ask`` to go on from a stored trial. Other authored objects
are in the modules ``answers``, ``audience``, ``endings``, ``interventions``, ``probes`` and
``routing``. Names are imported when they are first used (PEP 562), so that ``import sim`` is fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.lazy import lazy_names

__version__ = "0.1.0"

_MODULES = (
    "sim.scene.answers",
    "sim.scene.audience",
    "sim.scene.endings",
    "sim.scene.interventions",
    "sim.scene.probes",
    "sim.scene.routing",
)

_WHERE = {
    "Actor": "sim.scene.actor",
    "Arm": "sim.planning.studies",
    "Budget": "sim.calls.budget",
    "Contrast": "sim.planning.studies",
    "Distance": "sim.planning.studies",
    "Edge": "sim.scene.graph",
    "Graph": "sim.scene.graph",
    "HumanStage": "sim.stage.human",
    "ModelOptions": "sim.calls.guard",
    "Persona": "sim.scene.persona",
    "Population": "sim.scene.persona",
    "Probe": "sim.scene.probes",
    "Published": "sim.planning.studies",
    "Question": "sim.scene.probes",
    "Results": "sim.runs.results",
    "RunOptions": "sim.runs.options",
    "Sampling": "sim.stage.providers.sampling",
    "Scene": "sim.scene.scene",
    "Stage": "sim.stage.base",
    "Study": "sim.planning.studies",
    "Tournament": "sim.tournament",
    "Transcript": "sim.transcript",
    "Turn": "sim.events",
    "Twin": "sim.planning.studies",
    "Wrapper": "sim.stage.base",
    "aask": "sim.runs.stored",
    "afork": "sim.runs.stored",
    "after": "sim.scene.endings",
    "agreement": "sim.scene.endings",
    "arun": "sim.runs.run",
    "ask": "sim.runs.stored",
    "ask_stance": "sim.scene.probes",
    "complete": "sim.scene.graph",
    "conduct": "sim.study.studies.conduct",
    "effect_of": "sim.study",
    "fork": "sim.runs.stored",
    "open_stage": "sim.calls.guard",
    "open_store": "sim.store",
    "plan": "sim.planning",
    "play": "sim.engine",
    "ring": "sim.scene.graph",
    "run": "sim.runs.run",
    "said": "sim.scene.endings",
    "star": "sim.scene.graph",
    "superposition": "sim.study",
    "unanimous": "sim.scene.endings",
}

__all__ = sorted([*_WHERE, *(module.rpartition(".")[2] for module in _MODULES)])

if TYPE_CHECKING:
    from sim.calls.budget import Budget as Budget
    from sim.calls.guard import ModelOptions as ModelOptions
    from sim.calls.guard import open_stage as open_stage
    from sim.engine import play as play
    from sim.events import Turn as Turn
    from sim.planning import plan as plan
    from sim.planning.studies import Arm as Arm
    from sim.planning.studies import Contrast as Contrast
    from sim.planning.studies import Distance as Distance
    from sim.planning.studies import Published as Published
    from sim.planning.studies import Study as Study
    from sim.planning.studies import Twin as Twin
    from sim.runs.options import RunOptions as RunOptions
    from sim.runs.results import Results as Results
    from sim.runs.run import arun as arun
    from sim.runs.run import run as run
    from sim.runs.stored import aask as aask
    from sim.runs.stored import afork as afork
    from sim.runs.stored import ask as ask
    from sim.runs.stored import fork as fork
    from sim.scene import answers as answers
    from sim.scene import audience as audience
    from sim.scene import endings as endings
    from sim.scene import interventions as interventions
    from sim.scene import probes as probes
    from sim.scene import routing as routing
    from sim.scene.actor import Actor as Actor
    from sim.scene.endings import after as after
    from sim.scene.endings import agreement as agreement
    from sim.scene.endings import said as said
    from sim.scene.endings import unanimous as unanimous
    from sim.scene.graph import Edge as Edge
    from sim.scene.graph import Graph as Graph
    from sim.scene.graph import complete as complete
    from sim.scene.graph import ring as ring
    from sim.scene.graph import star as star
    from sim.scene.persona import Persona as Persona
    from sim.scene.persona import Population as Population
    from sim.scene.probes import Probe as Probe
    from sim.scene.probes import Question as Question
    from sim.scene.probes import ask_stance as ask_stance
    from sim.scene.scene import Scene as Scene
    from sim.stage.base import Stage as Stage
    from sim.stage.base import Wrapper as Wrapper
    from sim.stage.human import HumanStage as HumanStage
    from sim.stage.providers.sampling import Sampling as Sampling
    from sim.store import open_store as open_store
    from sim.study import effect_of as effect_of
    from sim.study import superposition as superposition
    from sim.study.studies.conduct import conduct as conduct
    from sim.tournament import Tournament as Tournament
    from sim.transcript import Transcript as Transcript


# Hidden from type checkers, to whom any name would be fine otherwise.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _WHERE, _MODULES)
