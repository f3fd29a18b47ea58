"""A worker: plays many trials at once on its event loop, and keeps nothing.

All that a trial records goes over the line to the one process that writes the store, and no call is
made before its intent was committed there.
"""

from __future__ import annotations

import asyncio
import pickle
import platform
import traceback
from dataclasses import dataclass
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import sim
from sim.calls.prices import Price
from sim.calls.stopping import Stopped
from sim.calls.trial_stage import Player
from sim.calls.usage import Account, Totals
from sim.errors import BadRequest, ElsinoreError
from sim.runs.executors.remote.line import Line
from sim.runs.executors.remote.messages import Fault, fault_of
from sim.runs.executors.remote.recipes import Recipe
from sim.runs.executors.remote.stand_ins import (
    BudgetOnLine,
    CacheOnLine,
    LedgerOnLine,
    LimiterOnLine,
    LimitsOnLine,
    LimitValues,
)
from sim.runs.playing import Brief, FollowUp, Troupe, defect_behind
from sim.runs.stages import close_all
from sim.stage.base import info_of


@cache
def program() -> str:
    """What has to be the same in all processes: Elsinore, by its version and the sizes of its
    files, and Python, without which the two ends would not understand each other.

    >>> program().startswith("elsinore ")
    True
    """
    folder = Path(sim.__file__).parent
    sizes = [(str(each.relative_to(folder)), each.stat().st_size) for each in folder.rglob("*.py")]
    digest = blake2b(repr(sorted(sizes)).encode(), digest_size=4).hexdigest()
    python = ".".join(platform.python_version_tuple()[:2])
    return f"elsinore {sim.__version__} ({digest}) on Python {python}"


@dataclass(frozen=True, slots=True)
class Part:
    """A stage with what its account is begun with, and whether cache and budget apply to it."""

    recipe: Recipe
    free: bool
    recorded: bool
    price: Price | None
    limit: int | None
    keep: bool
    cached: bool
    budgeted: bool


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker is told when it begins: the run, its places, the stages, the follow-up."""

    program: str
    run: int
    places: int
    parts: tuple[Part, ...]
    limits: tuple[LimitValues, ...]
    follow_up: FollowUp | None


class Worker:
    """Plays the trials that it is given. Its methods are called by the other end of the line."""

    def __init__(self) -> None:
        self._line = Line(self._told)
        self._line.before_collecting = self._tell_totals
        self._players: dict[str, Player] = {}
        self._totals: dict[str, Totals] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._troupe: Troupe | None = None

    async def begin(self, setup: bytes) -> Fault | None:
        """Open the stages; why that cannot be done, or None."""
        try:
            self._begin(pickle.loads(setup))  # noqa: S301 - of our other end
        except ElsinoreError as error:
            return fault_of(error)
        return None

    def _begin(self, setup: Setup) -> None:
        if setup.program != program():
            raise BadRequest(
                f"a worker has {program()}, and this process {setup.program}: install the same on "
                "all nodes"
            )
        line = self._line
        limits = [LimitsOnLine(line, number, values) for number, values in enumerate(setup.limits)]
        cache, budget = CacheOnLine(line), BudgetOnLine(line)
        for part in setup.parts:
            recipe = part.recipe
            stage = recipe.open(None if recipe.limits is None else limits[recipe.limits])
            account = Account(part.free, part.recorded, part.price, part.limit)
            self._players[recipe.identity] = Player(
                stage,
                account,
                cache if part.cached else None,
                budget if part.budgeted else None,
                part.keep,
            )
        self._troupe = Troupe(
            self._players.__getitem__,
            LimiterOnLine(line, setup.places),
            LedgerOnLine(line),
            setup.run,
            setup.follow_up,
        )

    async def exchange(self, batch: bytes) -> bytes:
        """Take messages, and wait until there are some to send."""
        self._line.deliver(batch)
        return await self._line.collect()

    async def deliver(self, batch: bytes) -> None:
        """Take messages that cannot wait for the next exchange."""
        self._line.deliver(batch)

    async def close(self) -> None:
        """Close the stages."""
        await close_all(player.stage for player in self._players.values())

    def _told(self, name: str, arguments: tuple[Any, ...]) -> None:
        troupe = self._troupe
        assert troupe is not None
        if name == "stop":
            troupe.limiter.stop()
            return
        (briefs,) = arguments
        for brief in pickle.loads(briefs):  # noqa: S301 - of our other end
            task = asyncio.create_task(self._play(troupe, brief))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _play(self, troupe: Troupe, brief: Brief) -> None:
        over = partial(self._line.tell, "over", brief.trial.id)
        try:
            played = await troupe.play(brief)
        except Stopped as stopped:
            defect = defect_behind(stopped)
            over(None, None if defect is None else _fault(defect))
        except Exception as error:  # noqa: BLE001 - raised at the other end
            over(None, _fault(error))
        else:
            over(played, None)

    def _tell_totals(self) -> None:
        """What the stages have used since it was last told."""
        for identity, player in self._players.items():
            totals = player.account.totals()
            if self._totals.get(identity) != totals:
                self._totals[identity] = totals
                self._line.tell("used by", identity, totals, dict(info_of(player.stage).facts))


def _fault(error: BaseException) -> Fault:
    return fault_of(error, "".join(traceback.format_exception(error)).strip())
