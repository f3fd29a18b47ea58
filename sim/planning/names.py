"""The names by which stores and trials' ids know what Elsinore ships.

A trial's id is a hash of its scene in canonical form, and a store reads scenes back from it. Both
name classes and functions. These names are public and fixed: a class may be renamed and moved, its
name here stays, so that trials of older stores keep their ids and are not played (and paid) again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sim.scene.actor import Actor, Context
from sim.scene.answers import Choice, Distribution, Explained, FreeText, Number, Ranking
from sim.scene.audience import Directed, Groups, Overheard, Whispers
from sim.scene.endings import After, Agreement, Both, Either, Said
from sim.scene.graph import Edge, Graph
from sim.scene.interventions import (
    DeleteTurn,
    Enter,
    Leave,
    Noise,
    Note,
    Recast,
    Remember,
    ReplaceTurn,
    Restage,
    Say,
    Whisper,
    never,
)
from sim.scene.persona import Persona, Population
from sim.scene.probes import Probe, Question
from sim.scene.prose import Example, Prose
from sim.scene.routing.addressee import Addressed
from sim.scene.routing.base import Limit
from sim.scene.routing.composition import Phase, Phases
from sim.scene.routing.cross_examination import CrossExamination
from sim.scene.routing.inquiries import Bidding, ChosenBy, Interrupts
from sim.scene.routing.orders import FixedOrder, Scripted, Simultaneous
from sim.scene.routing.walks import LongestWait, Walk
from sim.scene.scene import Scene
from sim.scene.templates import Wording

Known = type[Any] | Callable[..., Any]


class Names:
    """A table of names, read in both directions.

    >>> SCENE_NAMES.of(Walk)
    'Walk'
    >>> SCENE_NAMES.classes["Walk"] is Walk
    True
    """

    def __init__(
        self, classes: Mapping[str, type[Any]], functions: Mapping[str, Callable[..., Any]]
    ) -> None:
        self.classes = dict(classes)
        self.functions = dict(functions)
        self._of: dict[Known, str] = {
            thing: name for table in (classes, functions) for name, thing in table.items()
        }

    def of(self, thing: Known) -> str:
        """The fixed name of a class or function; of one that has none, that of its definition."""
        return self._of.get(thing) or thing.__qualname__

    def with_classes(self, classes: Mapping[str, type[Any]]) -> Names:
        """These names and more."""
        return Names(self.classes | dict(classes), self.functions)


SCENE_NAMES = Names(
    {
        "Scene": Scene,
        "Actor": Actor,
        "Context": Context,
        "Persona": Persona,
        "Population": Population,
        "Wording": Wording,
        "Prose": Prose,
        "Example": Example,
        "Graph": Graph,
        "Edge": Edge,
        "Directed": Directed,
        "Groups": Groups,
        "Overheard": Overheard,
        "Whispers": Whispers,
        "Walk": Walk,
        "LongestWait": LongestWait,
        "FixedOrder": FixedOrder,
        "Scripted": Scripted,
        "Simultaneous": Simultaneous,
        "Addressed": Addressed,
        "ChosenBy": ChosenBy,
        "Bidding": Bidding,
        "Interrupts": Interrupts,
        "Phases": Phases,
        "Phase": Phase,
        "Limit": Limit,
        "CrossExamination": CrossExamination,
        "After": After,
        "Agreement": Agreement,
        "Said": Said,
        "Either": Either,
        "Both": Both,
        "Probe": Probe,
        "Question": Question,
        "Number": Number,
        "Choice": Choice,
        "Explained": Explained,
        "FreeText": FreeText,
        "Ranking": Ranking,
        "Distribution": Distribution,
        "Say": Say,
        "Whisper": Whisper,
        "Noise": Noise,
        "Note": Note,
        "ReplaceTurn": ReplaceTurn,
        "DeleteTurn": DeleteTurn,
        "Enter": Enter,
        "Leave": Leave,
        "Recast": Recast,
        "Remember": Remember,
        "Restage": Restage,
    },
    {"never": never},
)
"""Everything that a scene may hold of what Elsinore ships."""
