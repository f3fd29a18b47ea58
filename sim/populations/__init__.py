"""Populations: who is to be simulated, when it is not one person.

A *specification* says which attributes people have and how they are spread; ``sample`` draws
personas from it, independently, in strata, or covering the space evenly. ``with_opposites`` gives
an opposite to whoever has none. Files of personas are read by ``sim.scene.persona_files``.
"""

from sim.populations.opposites import (
    opposites_from_stage,
    opposites_from_traits,
    with_opposites,
    with_opposites_of,
)
from sim.populations.sampling import METHODS, Method, sample
from sim.populations.specification import (
    Attribute,
    Case,
    PopulationSpecification,
    Template,
    read_specification,
    specification_schema,
)
from sim.scene.persona_files import personas_schema, read_personas, write_personas

__all__ = [
    "METHODS",
    "Attribute",
    "Case",
    "Method",
    "PopulationSpecification",
    "Template",
    "opposites_from_stage",
    "opposites_from_traits",
    "personas_schema",
    "read_personas",
    "read_specification",
    "sample",
    "specification_schema",
    "with_opposites",
    "with_opposites_of",
    "write_personas",
]
