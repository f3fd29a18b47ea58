"""A session: one numbered run in a store, for runs, questions and tournaments alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from sim.calls.cache import Cache
from sim.calls.limiter import Limiter
from sim.calls.trial_stage import Player
from sim.events import Usage
from sim.planning import Trial
from sim.runs.accounting import Accounts
from sim.runs.capacity import at_once
from sim.runs.manifest import manifest
from sim.runs.options import RunOptions
from sim.runs.playing import FollowUp, Troupe
from sim.stage.base import Stage
from sim.store import InDoubt, Store, Writer


class Session:
    """A store open for writing, the stages with their accounts, and the number of the run.

    Use it in a ``with``, which closes the store. ``number`` is 0 until ``begin``. ``concurrency``
    is how many scenes and calls are under way at once (``sim.runs.capacity``).
    """

    def __init__(
        self, writer: Writer, stages: Mapping[str, Stage], options: RunOptions, accounts: Accounts
    ) -> None:
        self.writer = writer
        self.stages = stages
        self.options = options
        self.accounts = accounts
        self.concurrency = at_once(options.concurrency)
        self.limiter = Limiter(self.concurrency)
        self.cache = Cache(writer)
        self.number = 0

    @classmethod
    def open(
        cls,
        store: Path | str,
        stages: Mapping[str, Stage],
        asked: Iterable[str],
        options: RunOptions,
        paid: Callable[[Usage], None] | None = None,
    ) -> Self:
        """Open accounts for the stages that are ``asked``, by identity, and then the store.

        Raises ``BadRequest`` if money is limited and a price is unknown, ``StoreRefused``.
        """
        accounts = Accounts(options)
        accounts.open(asked, stages, paid)
        return cls(Writer.open(store, options.durable), stages, options, accounts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *what: object) -> None:
        self.writer.close()

    @property
    def store(self) -> Store:
        """The store, for reading what is committed."""
        return self.writer.store

    def begin(
        self,
        facts: Mapping[str, Any],
        trials: Sequence[Trial] = (),
        *,
        new: Sequence[Trial] = (),
        again: Sequence[str] = (),
        used: Usage | None = None,
        doubted: Sequence[InDoubt] = (),
    ) -> None:
        """Commit the beginning of the run, and start its budget.

        ``facts`` are for the manifest. ``new`` are those of the ``trials`` that the store does not
        know, ``again`` those that failed and are played again. ``used`` was used by earlier runs,
        which left the calls of ``doubted`` in doubt.
        """
        self.number = self.writer.begin_run(manifest(trials, dict(facts), doubted), new, again)
        if self.options.budget is not None:
            self.options.budget.begin(used or Usage(usd=0.0))

    def player(self, identity: str) -> Player:
        """A stage with its account."""
        return self.accounts.player(identity, self.stages[identity], self.cache)

    def troupe(self, follow_up: FollowUp | None = None) -> Troupe:
        """What plays trials in this process."""
        return Troupe(self.player, self.limiter, self.writer, self.number, follow_up)

    def end(self, outcome: str, stopped: str | None = None) -> None:
        """Commit the end of the run, and whatever was queued."""
        self.writer.end_run(self.number, outcome, self.accounts.summary(stopped))
