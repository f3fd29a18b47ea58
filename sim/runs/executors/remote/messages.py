"""Messages between a worker and the process that writes the store, and errors as messages.

A message is a name with its arguments. Those that are answered have a number above 0; an answer is
the message ``answer`` with that number. Messages travel in batches, pickled: the two ends are one
program in two processes, which trust each other.
"""

from __future__ import annotations

import copyreg
import pickle
from collections.abc import Callable, Sequence
from dataclasses import fields
from io import BytesIO
from operator import attrgetter
from typing import Any, NamedTuple

from sim.calls.budget import BudgetSpent
from sim.errors import BadRequest, RunFailed, StageClosed, StageError
from sim.events import Answer, Ended, Turn, Usage
from sim.stage.base import Reply


class Message(NamedTuple):
    """A name with its arguments; ``number`` is 0 where no answer is awaited."""

    number: int
    name: str
    arguments: tuple[Any, ...]


def _as_call(kind: type) -> Callable[[Any], tuple[Any, ...]]:
    """Pickles a dataclass as a call of it: by itself it looks its fields up at both ends, which
    takes twice as long as the rest of a turn's messages."""
    values = attrgetter(*(each.name for each in fields(kind)))
    return lambda value: (kind, values(value))


_KINDS = copyreg.dispatch_table | {
    kind: _as_call(kind) for kind in (Turn, Reply, Usage, Answer, Ended)
}


def packed(messages: Sequence[Message]) -> bytes:
    """A batch of messages as bytes.

    >>> [message] = unpacked(packed([Message(0, "reply", (Reply("Yes.", usage=Usage(9, 3)),))]))
    >>> message.arguments[0].usage.prompt_tokens
    9
    """
    out = BytesIO()
    pickler = pickle.Pickler(out, protocol=5)
    pickler.dispatch_table = _KINDS
    pickler.dump([tuple(each) for each in messages])
    return out.getvalue()


def unpacked(batch: bytes) -> list[Message]:
    """The messages of a batch."""
    return [Message(*each) for each in pickle.loads(batch)]  # noqa: S301 - of our other end


class WorkerBroke(RunFailed):
    """A scene or a stage raised in a worker: a defect, with its traceback there."""


class Fault(NamedTuple):
    """An error as it travels: exceptions with arguments of their own do not survive a pickle."""

    kind: str
    message: str
    reason: str = ""
    transient: bool = False
    retry_after: float | None = None
    attempts: tuple[str, ...] = ()


def fault_of(error: BaseException, traceback: str = "") -> Fault:
    """An error as it travels.

    >>> error_of(fault_of(StageError("timeout", "no answer in 9 s")))
    StageError('no answer in 9 s')
    """
    if isinstance(error, StageError):
        kind = "closed" if isinstance(error, StageClosed) else "stage"
        return Fault(
            kind, str(error), error.reason, error.transient, error.retry_after, error.attempts
        )
    if isinstance(error, BudgetSpent):
        return Fault("budget", str(error))
    if isinstance(error, BadRequest):
        return Fault("request", str(error))
    return Fault("defect", traceback or f"{type(error).__name__}: {error}")


def error_of(fault: Fault) -> Exception:
    """The error that travelled."""
    if fault.kind in ("stage", "closed"):
        cls = StageClosed if fault.kind == "closed" else StageError
        return cls(
            fault.reason,
            fault.message,
            transient=fault.transient,
            retry_after=fault.retry_after,
            attempts=fault.attempts,
        )
    simple = {"budget": BudgetSpent, "request": BadRequest}
    return simple.get(fault.kind, WorkerBroke)(fault.message)
