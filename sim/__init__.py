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
    "Actor": "sim.actor",
    "Addressed": "sim.routing",
    "Bidding": "sim.routing",
    "Choice": "sim.answers",
    "ChosenBy": "sim.routing",
    "Context": "sim.actor",
    "CrossExamination": "sim.routing",
    "Distribution": "sim.answers",
    "Edge": "sim.graph",
    "Explained": "sim.answers",
    "FixedOrder": "sim.routing",
    "FreeText": "sim.answers",
    "Graph": "sim.graph",
    "HumanStage": "sim.stage.human",
    "Interrupts": "sim.routing",
    "Limit": "sim.routing",
    "LongestWait": "sim.routing",
    "Number": "sim.answers",
    "Persona": "sim.persona",
    "Phase": "sim.routing",
    "Population": "sim.persona",
    "Probe": "sim.probes",
    "PublicView": "sim.graph",
    "Question": "sim.probes",
    "Ranking": "sim.answers",
    "Scene": "sim.scene",
    "Scripted": "sim.routing",
    "Simultaneous": "sim.routing",
    "Transcript": "sim.transcript",
    "Turn": "sim.events",
    "Walk": "sim.routing",
    "Wording": "sim.wording",
    "after": "sim.endings",
    "agreement": "sim.endings",
    "ask": "sim.running",
    "ask_stance": "sim.probes",
    "complete": "sim.graph",
    "delete_turn": "sim.interventions",
    "derive": "sim.seeds",
    "describe_self": "sim.probes",
    "directed": "sim.hearing",
    "enter": "sim.interventions",
    "groups": "sim.hearing",
    "guess_stance": "sim.probes",
    "guess_stances": "sim.probes",
    "leave": "sim.interventions",
    "moderated": "sim.routing",
    "noise": "sim.interventions",
    "note": "sim.interventions",
    "open_stage": "sim.stage.models",
    "overheard": "sim.hearing",
    "phases": "sim.routing",
    "plan": "sim.planning",
    "play": "sim.engine",
    "recast": "sim.interventions",
    "replace_turn": "sim.interventions",
    "restage": "sim.interventions",
    "ring": "sim.graph",
    "run": "sim.running",
    "said": "sim.endings",
    "say": "sim.interventions",
    "star": "sim.graph",
    "then": "sim.routing",
    "until": "sim.routing",
    "urge_to_leave": "sim.probes",
    "whisper": "sim.interventions",
    "whispers": "sim.hearing",
    "who_are_you": "sim.probes",
}

__all__ = sorted(_WHERE)

if TYPE_CHECKING:
    from sim.actor import Actor as Actor
    from sim.actor import Context as Context
    from sim.answers import Choice as Choice
    from sim.answers import Distribution as Distribution
    from sim.answers import Explained as Explained
    from sim.answers import FreeText as FreeText
    from sim.answers import Number as Number
    from sim.answers import Ranking as Ranking
    from sim.endings import after as after
    from sim.endings import agreement as agreement
    from sim.endings import said as said
    from sim.engine import play as play
    from sim.events import Turn as Turn
    from sim.graph import Edge as Edge
    from sim.graph import Graph as Graph
    from sim.graph import PublicView as PublicView
    from sim.graph import complete as complete
    from sim.graph import ring as ring
    from sim.graph import star as star
    from sim.hearing import directed as directed
    from sim.hearing import groups as groups
    from sim.hearing import overheard as overheard
    from sim.hearing import whispers as whispers
    from sim.interventions import delete_turn as delete_turn
    from sim.interventions import enter as enter
    from sim.interventions import leave as leave
    from sim.interventions import noise as noise
    from sim.interventions import note as note
    from sim.interventions import recast as recast
    from sim.interventions import replace_turn as replace_turn
    from sim.interventions import restage as restage
    from sim.interventions import say as say
    from sim.interventions import whisper as whisper
    from sim.persona import Persona as Persona
    from sim.persona import Population as Population
    from sim.planning import plan as plan
    from sim.probes import Probe as Probe
    from sim.probes import Question as Question
    from sim.probes import ask_stance as ask_stance
    from sim.probes import describe_self as describe_self
    from sim.probes import guess_stance as guess_stance
    from sim.probes import guess_stances as guess_stances
    from sim.probes import urge_to_leave as urge_to_leave
    from sim.probes import who_are_you as who_are_you
    from sim.routing import Addressed as Addressed
    from sim.routing import Bidding as Bidding
    from sim.routing import ChosenBy as ChosenBy
    from sim.routing import CrossExamination as CrossExamination
    from sim.routing import FixedOrder as FixedOrder
    from sim.routing import Interrupts as Interrupts
    from sim.routing import Limit as Limit
    from sim.routing import LongestWait as LongestWait
    from sim.routing import Phase as Phase
    from sim.routing import Scripted as Scripted
    from sim.routing import Simultaneous as Simultaneous
    from sim.routing import Walk as Walk
    from sim.routing import moderated as moderated
    from sim.routing import phases as phases
    from sim.routing import then as then
    from sim.routing import until as until
    from sim.running import ask as ask
    from sim.running import run as run
    from sim.scene import Scene as Scene
    from sim.seeds import derive as derive
    from sim.stage.human import HumanStage as HumanStage
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
