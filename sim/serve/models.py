"""The models that are served: exact stages, opened when they are first requested."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from sim.errors import ModelError
from sim.serve.errors import Refused
from sim.stage.exact.stage import ExactStage
from sim.stage.open import known_models, open_model

PREFIX = "embedded:"
_OPEN_AT_ONCE = 16


class Models:
    """The stages by model name: ``embedded:rlhf``, ``rlhf`` or ``rlhf?kappa=0.2``.

    Without ``names`` every kind is served, with any parameters; with them, these and no others.
    Raises ``ModelError`` for a name that is none.
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.only = frozenset(map(_full, names))
        self.listed = tuple(dict.fromkeys(map(_full, names))) or known_models()
        # Bounded, because stages take memory and clients may name any number of parameters.
        self._open: OrderedDict[str, ExactStage] = OrderedDict()
        for name in self.only:
            _opened(name)

    def stage(self, name: str) -> ExactStage:
        """The stage of a name. Raises ``Refused``."""
        full = _full(name)
        stage = self._open.get(full)
        if stage is not None:
            self._open.move_to_end(full)
            return stage
        if self.only and full not in self.only:
            raise _no_model(f"the model {name!r} is not served here; {self._there()}")
        try:
            stage = _opened(full)
        except ModelError as error:
            raise _no_model(str(error)) from None
        self._open[full] = stage
        if len(self._open) > _OPEN_AT_ONCE:
            self._open.popitem(last=False)
        return stage

    def entries(self) -> list[dict[str, Any]]:
        """The models of ``/v1/models``: those that are served, without parameters."""
        return [entry(name) for name in self.listed]

    def _there(self) -> str:
        return f"there is {', '.join(self.listed)}"


def entry(name: str) -> dict[str, Any]:
    """A model as the protocol lists it; ``created`` has no meaning here."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "elsinore"}


def _full(name: str) -> str:
    return name if ":" in name.partition("?")[0] else PREFIX + name


def _opened(name: str) -> ExactStage:
    if not name.startswith(PREFIX):
        raise ModelError(
            f"model {name!r} is not embedded; only the exact stage is served, "
            f"as {', '.join(known_models())}"
        )
    stage = open_model(name)
    assert isinstance(stage, ExactStage)
    return stage


def _no_model(message: str) -> Refused:
    return Refused(404, message, parameter="model", code="model_not_found")
