"""Elsinore's engine: scenes, the stages that play them, and the store.

A map: ``persona``, ``actor``, ``graph``, ``routing``, ``hearing``, ``probes``, ``interventions``,
``endings`` and ``scene`` are what people author; ``layouts`` turn what an actor can see into a
prompt; ``stage`` is the seam to a model; ``engine.play`` is the loop; ``plan``, ``run`` and
``store`` carry out many trials and keep them; ``cli`` is the command. Public names are resolved
when they are used (PEP 562), so that ``import sim`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "Actor": "sim.scene.actor",
    "Addressed": "sim.scene.routing",
    "Bidding": "sim.scene.routing",
    "Choice": "sim.scene.answers",
    "ChosenBy": "sim.scene.routing",
    "Context": "sim.scene.actor",
    "CrossExamination": "sim.scene.routing",
    "Distribution": "sim.scene.answers",
    "Edge": "sim.scene.graph",
    "Explained": "sim.scene.answers",
    "FixedOrder": "sim.scene.routing",
    "FreeText": "sim.scene.answers",
    "Graph": "sim.scene.graph",
    "HumanStage": "sim.stage.human",
    "Interrupts": "sim.scene.routing",
    "Limit": "sim.scene.routing",
    "LongestWait": "sim.scene.routing",
    "Number": "sim.scene.answers",
    "Persona": "sim.scene.persona",
    "Phase": "sim.scene.routing",
    "Population": "sim.scene.persona",
    "Probe": "sim.scene.probes",
    "PublicView": "sim.scene.graph",
    "Question": "sim.scene.probes",
    "Ranking": "sim.scene.answers",
    "Scene": "sim.scene.scene",
    "Scripted": "sim.scene.routing",
    "Simultaneous": "sim.scene.routing",
    "Transcript": "sim.transcript",
    "Turn": "sim.events",
    "Walk": "sim.scene.routing",
    "Wording": "sim.scene.templates",
    "after": "sim.scene.endings",
    "agreement": "sim.scene.endings",
    "ask": "sim.runs",
    "ask_stance": "sim.scene.probes",
    "complete": "sim.scene.graph",
    "delete_turn": "sim.scene.interventions",
    "derive": "sim.seeds",
    "describe_self": "sim.scene.probes",
    "directed": "sim.scene.audience",
    "enter": "sim.scene.interventions",
    "groups": "sim.scene.audience",
    "guess_stance": "sim.scene.probes",
    "guess_stances": "sim.scene.probes",
    "leave": "sim.scene.interventions",
    "moderated": "sim.scene.routing",
    "noise": "sim.scene.interventions",
    "note": "sim.scene.interventions",
    "open_stage": "sim.stage.open",
    "overheard": "sim.scene.audience",
    "phases": "sim.scene.routing",
    "plan": "sim.planning",
    "play": "sim.engine",
    "recast": "sim.scene.interventions",
    "replace_turn": "sim.scene.interventions",
    "restage": "sim.scene.interventions",
    "ring": "sim.scene.graph",
    "run": "sim.runs",
    "said": "sim.scene.endings",
    "say": "sim.scene.interventions",
    "star": "sim.scene.graph",
    "then": "sim.scene.routing",
    "until": "sim.scene.routing",
    "urge_to_leave": "sim.scene.probes",
    "whisper": "sim.scene.interventions",
    "whispers": "sim.scene.audience",
    "who_are_you": "sim.scene.probes",
}

__all__ = sorted(_WHERE)

if TYPE_CHECKING:
    from sim.engine import play as play
    from sim.events import Turn as Turn
    from sim.planning import plan as plan
    from sim.runs import ask as ask
    from sim.runs import run as run
    from sim.scene.actor import Actor as Actor
    from sim.scene.actor import Context as Context
    from sim.scene.answers import Choice as Choice
    from sim.scene.answers import Distribution as Distribution
    from sim.scene.answers import Explained as Explained
    from sim.scene.answers import FreeText as FreeText
    from sim.scene.answers import Number as Number
    from sim.scene.answers import Ranking as Ranking
    from sim.scene.audience import directed as directed
    from sim.scene.audience import groups as groups
    from sim.scene.audience import overheard as overheard
    from sim.scene.audience import whispers as whispers
    from sim.scene.endings import after as after
    from sim.scene.endings import agreement as agreement
    from sim.scene.endings import said as said
    from sim.scene.graph import Edge as Edge
    from sim.scene.graph import Graph as Graph
    from sim.scene.graph import PublicView as PublicView
    from sim.scene.graph import complete as complete
    from sim.scene.graph import ring as ring
    from sim.scene.graph import star as star
    from sim.scene.interventions import delete_turn as delete_turn
    from sim.scene.interventions import enter as enter
    from sim.scene.interventions import leave as leave
    from sim.scene.interventions import noise as noise
    from sim.scene.interventions import note as note
    from sim.scene.interventions import recast as recast
    from sim.scene.interventions import replace_turn as replace_turn
    from sim.scene.interventions import restage as restage
    from sim.scene.interventions import say as say
    from sim.scene.interventions import whisper as whisper
    from sim.scene.persona import Persona as Persona
    from sim.scene.persona import Population as Population
    from sim.scene.probes import Probe as Probe
    from sim.scene.probes import Question as Question
    from sim.scene.probes import ask_stance as ask_stance
    from sim.scene.probes import describe_self as describe_self
    from sim.scene.probes import guess_stance as guess_stance
    from sim.scene.probes import guess_stances as guess_stances
    from sim.scene.probes import urge_to_leave as urge_to_leave
    from sim.scene.probes import who_are_you as who_are_you
    from sim.scene.routing import Addressed as Addressed
    from sim.scene.routing import Bidding as Bidding
    from sim.scene.routing import ChosenBy as ChosenBy
    from sim.scene.routing import CrossExamination as CrossExamination
    from sim.scene.routing import FixedOrder as FixedOrder
    from sim.scene.routing import Interrupts as Interrupts
    from sim.scene.routing import Limit as Limit
    from sim.scene.routing import LongestWait as LongestWait
    from sim.scene.routing import Phase as Phase
    from sim.scene.routing import Scripted as Scripted
    from sim.scene.routing import Simultaneous as Simultaneous
    from sim.scene.routing import Walk as Walk
    from sim.scene.routing import moderated as moderated
    from sim.scene.routing import phases as phases
    from sim.scene.routing import then as then
    from sim.scene.routing import until as until
    from sim.scene.scene import Scene as Scene
    from sim.scene.templates import Wording as Wording
    from sim.seeds import derive as derive
    from sim.stage.human import HumanStage as HumanStage
    from sim.stage.open import open_stage as open_stage
    from sim.transcript import Transcript as Transcript


def __getattr__(name: str) -> Any:
    where = _WHERE.get(name)
    if where is None:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    value = getattr(import_module(where), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
