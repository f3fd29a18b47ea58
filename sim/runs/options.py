"""How trials are carried out: one value for runs, questions and tournaments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from sim.calls.budget import Budget
from sim.calls.guard import ModelOptions
from sim.calls.prices import Prices
from sim.errors import BadRequest
from sim.store import Durable

if TYPE_CHECKING:
    from sim.runs.executors import Executor

InDoubtPolicy = Literal["ask", "missing"]
"""What is done with a call that was under way when a run was killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How trials are carried out.

    At most ``concurrency`` scenes are played and calls made at once. ``durable`` is ``normal`` (a
    stored turn survives a killed process) or ``full`` (a power cut as well). ``in_doubt`` says what
    becomes of calls that were under way when an earlier run was killed: they are asked again
    (``ask``), or recorded as missing (``missing``). Failed trials of the store are played again
    with ``retry_failed``, and then only the calls that failed are made. ``asking`` holds the
    sampling, limits and attempts of models that are opened here.

    A request that was answered before, in whatever trial of the store, is not asked again but
    answered from the store. ``cache`` is False to ask every time, and True to keep the prompts of
    free stages (the embedded one) as well. ``budget`` ends a run before the call that would exceed
    it; ``prices`` are those that ship, unless they are given. ``stopping`` is a rule by which the
    run ends early; it is kept in the manifest, and whoever watches the run follows it. ``study`` is
    what a study fixes beforehand; it is kept there, too. ``executor`` says where trials are played
    (None: in this process). Raises ``BadRequest``.

    >>> RunOptions(concurrency=0)
    Traceback (most recent call last):
    ...
    sim.errors.BadRequest: concurrency: 0 is no number of scenes; use at least 1
    """

    concurrency: int = 16
    durable: Durable = "normal"
    in_doubt: InDoubtPolicy = "ask"
    retry_failed: bool = False
    asking: ModelOptions = field(default_factory=ModelOptions)
    cache: bool | None = None
    budget: Budget | None = None
    prices: Prices | None = None
    stopping: Mapping[str, Any] | None = None
    study: Mapping[str, Any] | None = None
    executor: Executor | None = None

    def __post_init__(self) -> None:
        whole = isinstance(self.concurrency, int) and not isinstance(self.concurrency, bool)
        if not whole or self.concurrency < 1:
            raise BadRequest(
                f"concurrency: {self.concurrency!r} is no number of scenes; use at least 1"
            )
        for name, known in (("in_doubt", InDoubtPolicy), ("durable", Durable)):
            choices = get_args(known)
            if getattr(self, name) not in choices:
                raise BadRequest(
                    f"{name}: {getattr(self, name)!r} is unknown; use {' or '.join(choices)}"
                )
