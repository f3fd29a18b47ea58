"""How a worker opens the stages of a run by itself: from their names, and keys of its own.

What travels is the identity of a stage, which holds its sampling, and no key: that comes from the
environment of the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sim.calls.guard import ATTEMPTS, ModelOptions, provider_of
from sim.calls.retry import Retry
from sim.calls.throttle import Limits, Throttle
from sim.errors import BadRequest
from sim.planning import Trial
from sim.redaction import BLOT
from sim.runs.executors.remote.stand_ins import LimitValues
from sim.runs.playing import FollowUp
from sim.runs.stages import reopen
from sim.stage.base import Stage, Wrapper, info_of
from sim.stage.fixed import FixedLines
from sim.stage.open import is_real
from sim.stage.providers.sampling import Sampling
from sim.stage.surrogate import surrogate_parts

Opener = Callable[[], Stage]
"""Opens a stage of one's own in a worker."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one stage is opened. ``limits`` is the number of its provider's, if there are any;
    ``opener`` opens a stage that no model string names."""

    identity: str
    model: str
    attempts: int = ATTEMPTS
    timeout: float | None = None
    limits: int | None = None
    opener: Opener | None = None

    def open(self, limits: Limits | None) -> Stage:
        """The stage. Raises ``BadRequest`` if it is another one here than where it was named."""
        if self.opener is not None:
            stage = self.opener()
            if stage.identity != self.identity:
                raise BadRequest(
                    f"stages: {stage.identity!r} was opened in the worker instead of "
                    f"{self.identity!r}; let its function open that one"
                )
            return stage
        by_provider = {} if limits is None else {provider_of(self.identity): limits}
        sampling = None if self.timeout is None else Sampling(timeout=self.timeout)
        options = ModelOptions(sampling, attempts=self.attempts, _limits=by_provider)
        return reopen([(self.model, self.identity)], options)[self.identity]


@dataclass(frozen=True, slots=True)
class Recipes:
    """Those of all stages of a run, and the limits of their providers by number."""

    stages: tuple[Recipe, ...]
    limits: tuple[Limits, ...]

    @property
    def values(self) -> tuple[LimitValues, ...]:
        """The numbers of the limits, as they travel."""
        return tuple(LimitValues.of(each) for each in self.limits)


def recipes_of(
    trials: Sequence[Trial],
    stages: Mapping[str, Stage],
    follow_up: FollowUp | None = None,
    openers: Mapping[str, Opener] | None = None,
) -> Recipes:
    """How workers open the stages of these trials and of their follow-up.

    Raises ``BadRequest`` for a stage that can only be used in this process.
    """
    models: dict[str, str] = {}
    for trial in trials:
        models.setdefault(trial.stage, trial.model)
        for name, identity in trial.stages.items():
            models.setdefault(identity, name)
    for identity in () if follow_up is None else follow_up.stages.values():
        models.setdefault(identity, identity)
    limits: list[Limits] = []
    made = [
        _recipe(identity, model, stages[identity], limits, (openers or {}).get(identity))
        for identity, model in models.items()
    ]
    return Recipes(tuple(made), tuple(limits))


def _recipe(
    identity: str, model: str, stage: Stage, limits: list[Limits], opener: Opener | None
) -> Recipe:
    attempts, timeout, account = ATTEMPTS, None, None
    inner = stage
    while isinstance(inner, Wrapper):
        if isinstance(inner, Retry):
            attempts = inner.attempts
        if isinstance(inner, Throttle) and LimitValues.of(inner.limits).values != _NO_LIMITS:
            if inner.limits not in limits:
                limits.append(inner.limits)
            account = limits.index(inner.limits)
        inner = inner.stage
    if isinstance(inner, FixedLines) and opener is None and surrogate_parts(identity) is None:
        opener = partial(FixedLines, inner.lines, inner.latency)
    if opener is None:
        _refuse_what_stays_here(identity, model, stage)
        timeout = getattr(getattr(inner, "sampling", None), "timeout", None)
    return Recipe(identity, model, attempts, timeout, account, opener)


_NO_LIMITS = (None, None, None)


def _refuse_what_stays_here(identity: str, model: str, stage: Stage) -> None:
    surrogate = surrogate_parts(identity)
    named = identity if surrogate is None else surrogate.stage
    known = is_real(named) or named.startswith("embedded:")
    if BLOT in named or info_of(stage).recorded or not known:
        raise BadRequest(
            f"{model}: is a stage of this process alone (a person, a recording, an object, or one "
            "with a key in its options), which no worker can open; use --executor local, or from "
            "Python RayExecutor(stages={identity: function that opens it})"
        )
