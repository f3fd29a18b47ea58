"""The tree of errors, and how each of them is handled.

======================  ====  =====================================================================
error                   exit  when it is raised, and how it is handled
======================  ====  =====================================================================
``BadRequest``          2     anything the user asked for that cannot be done; the command prints
                              the message on one line and stops before anything is played
``SceneError``          2     an authored object (scene, persona, graph, ending) is invalid
``ScenarioError``       2     a scenario that is unknown, does not import or takes other parameters
``ModelError``          2     a model string that names no stage
``StoreRefused``        2     a file that is not ours, is newer than the code, locked or read-only
``StoreDamaged``        1     a store that is not as it was written: ``elsinore verify`` says what
                              is wrong, ``elsinore recover`` saves what can be read
``RunFailed``           1     something broke while playing; what was committed stays committed
``StoreFailed``         1     the store could not be written (a full disk, say)
``StageError``          --    one call to a model went wrong: recorded as a ``Failure`` event, and
                              the scene it happened in ends as ``failed``; the run goes on
``StageClosed``         1     no call can go through (a wrong key, say): the run ends at once
======================  ====  =====================================================================

Every message says what is wrong, where, and how to fix it. Any other exception is a defect of
Elsinore and is not caught.
"""

from __future__ import annotations


class ElsinoreError(Exception):
    """The root of everything that Elsinore raises on purpose."""

    exit_code = 1


class BadRequest(ElsinoreError, ValueError):
    """The user asked for something that cannot be done. Exit code 2."""

    exit_code = 2


class SceneError(BadRequest):
    """An authored object is invalid.

    The message reads ``WHERE: WHAT; FIX``. It is a ``ValueError``, so that pydantic passes it on
    when one authored object holds another.
    """


class ScenarioError(BadRequest):
    """A scenario is unknown, does not import, or does not take a parameter."""


class ModelError(BadRequest):
    """A model string names no stage, or the stage takes no such parameter."""


class StoreRefused(BadRequest):
    """A store cannot be used as asked: not ours, newer than the code, in use, or read-only."""


class StoreDamaged(StoreRefused):
    """A store holds what nobody wrote: pages were overwritten, a file was cut. Exit code 1."""

    exit_code = 1


class RunFailed(ElsinoreError):
    """A run broke. What was committed stays committed. Exit code 1."""


class StoreFailed(RunFailed):
    """The store could not be written: a full disk, say."""


class StageError(ElsinoreError):
    """One call to a stage went wrong.

    ``reason`` is one word of a small vocabulary (``timeout``, ``empty``, ``in-doubt``, ...), by
    which failures are counted; the message is for people. ``transient`` says that the same call
    may go through later, and ``retry_after`` how many seconds the provider asked to wait.
    ``attempts`` are the reasons of all attempts of a call that failed in spite of retries.
    ``usage`` is what they cost (blank replies are paid, too): a ``sim.events.Usage`` or None. It
    is typed as ``object`` because ``sim.events`` may not be imported here.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        transient: bool = False,
        retry_after: float | None = None,
        attempts: tuple[str, ...] = (),
        usage: object = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.transient = transient
        self.retry_after = retry_after
        self.attempts = attempts
        self.usage = usage


class StageClosed(StageError):
    """No call to this stage can go through: the key is wrong, or the model does not exist.

    It ends the run after the first failure instead of failing every trial.
    """
