"""The exact stage: a small probabilistic program in the place of a language model.

``docs/exact-stage.md`` has its mathematics. ``tables`` and ``parameters`` hold the planted values;
``frames``, ``stances``, ``lines`` and ``grammar`` the texts and their probabilities; ``script`` and
``observations`` read a prompt; ``laws`` and ``forward_filter`` are the hidden Markov model and its
filter; ``speech`` combines them, and ``stage`` implements the Stage protocol with it. All but
``stage`` and ``chat_model`` need only the standard library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.stage.exact.parameters import PARAMETERS as PARAMETERS
from sim.stage.exact.parameters import read_parameters
from sim.stage.exact.tables import KINDS as _KINDS

if TYPE_CHECKING:
    from sim.stage.exact.stage import ExactStage as ExactStage

KINDS = tuple(_KINDS)
"""The names of the kinds."""


def exact_stage(kind: str, **parameters: Any) -> ExactStage:
    """The exact stage of a kind. Raises ``ModelError`` for an unknown kind or parameter.

    >>> exact_stage("rlhf", kappa=0.2).parameters.kappa
    0.2
    """
    from sim.stage.exact.stage import ExactStage

    return ExactStage(read_parameters(kind, parameters))


def __getattr__(name: str) -> Any:
    if name == "ExactStage":
        from sim.stage.exact.stage import ExactStage

        return ExactStage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
