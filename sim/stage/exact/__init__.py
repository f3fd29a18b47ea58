"""The exact stage: a small probabilistic program in the place of a language model.

``docs/exact-stage.md`` has its mathematics. ``tables`` and ``parameters`` say what is planted;
``frames``, ``stances`` and ``grammar`` are its words; ``script`` and ``heard`` read a prompt;
``laws`` and ``belief`` are the filter; ``stage`` puts them behind the Stage protocol.
"""

from __future__ import annotations

from typing import Any

from sim.stage.exact.parameters import PARAMETERS as PARAMETERS
from sim.stage.exact.parameters import read_parameters
from sim.stage.exact.stage import ExactStage
from sim.stage.exact.tables import KINDS as _KINDS

KINDS = tuple(_KINDS)
"""The names of the kinds."""


def exact_stage(kind: str, **parameters: Any) -> ExactStage:
    """The exact stage of a kind. Raises ``ModelError`` for an unknown kind or parameter.

    >>> exact_stage("rlhf", kappa=0.2).parameters.kappa
    0.2
    """
    return ExactStage(read_parameters(kind, parameters))
