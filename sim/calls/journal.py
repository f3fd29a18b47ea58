"""The journal: a stage around a stage that remembers every call in the store.

Before a call its *intent* is committed, together with whatever events were waiting; after it the
reply is queued, and committed with what follows. So a turn is durable before anything that depends
on it is asked, no committed reply is ever asked for again, and after a kill at most as many calls
are in doubt as were in flight.

On the way to the stage a call passes, in this order: what the store holds for the trial; the cache,
which all trials share; the budget; the gate. Only then is its intent committed, so that in doubt is
only what may have been asked. A call that no patience can help (a wrong key) or that would exceed
the budget closes the gate: the run ends, and its trials stay as far as they are.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Protocol

from sim.calls.budget import Budget, BudgetSpent, Reserved
from sim.calls.cache import Cache
from sim.calls.limiter import Gate, Stopped
from sim.calls.scores import Scorer, read_score
from sim.calls.usage import Account, usage_of
from sim.errors import StageClosed, StageError, StoreFailed
from sim.events import NO_USAGE, Ended, Event, Turn
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Reply, Request, Stage

__all__ = [
    "Gate",
    "Journal",
    "Ledger",
    "Player",
    "Stopped",
    "call_key",
    "first_call_key",
    "request_key",
]


class Ledger(Protocol):
    """What the journal needs of a store. ``sim.store.Writer`` is one."""

    def event(self, trial: str, event: Event) -> None:
        """Queue an event."""
        ...

    def intent(self, key: str, trial: str, run: int, turn: int, purpose: str, actor: str) -> None:
        """Queue the intent of a call."""
        ...

    def reply(
        self,
        key: str,
        trial: str,
        reply: Reply,
        cached: bool = False,
        prompt: bytes | None = None,
    ) -> None:
        """Queue a reply, and the end of its intent."""
        ...

    def chunks(self, chunks: Iterable[Prompt]) -> None:
        """Queue chunks of a prompt."""
        ...

    def failed(
        self, key: str, trial: str, run: int, turn: int, purpose: str, actor: str, error: StageError
    ) -> None:
        """Queue that a call failed for good, and the end of its intent."""
        ...

    def settle(self, key: str) -> None:
        """Queue the end of an intent that has no reply."""
        ...

    async def barrier(self) -> None:
        """Wait until everything that was queued before is committed."""
        ...


@dataclass(frozen=True, slots=True)
class Player:
    """A stage that plays in a trial, with its books and what may be looked up and kept.

    ``account`` and ``budget`` are shared with the other trials of the stage and the run; so is
    ``cache``, and where it is None nothing is looked up. ``keep`` keeps the prompts, by which
    others find the replies and a replay shows what is different.
    """

    stage: Stage
    account: Account
    cache: Cache | None = None
    budget: Budget | None = None
    keep: bool = False


class Journal:
    """A stage for one trial that keeps a ledger of its calls, and an observer of its events.

    ``replies`` are those that the store already holds for the trial and ``doubted`` the keys of
    its calls in doubt; with ``refuse_doubted`` the latter are not asked again but go wrong with
    the reason ``in-doubt``. ``first_keys`` says that keys of version 1 are among them. ``turn`` is
    the number of turns that were stored before.

    ``account``, ``cache``, ``budget`` and ``keep`` are as in ``Player``; ``cast`` are the other
    stages that play in the trial, by the names that the scene has for them.

    The curtain is kept in ``ended`` and not queued: whoever plays the trial commits it together
    with the trial's status.
    """

    def __init__(
        self,
        stage: Stage,
        ledger: Ledger,
        trial: str,
        *,
        gate: Gate,
        account: Account | None = None,
        cache: Cache | None = None,
        budget: Budget | None = None,
        keep: bool = False,
        run: int = 0,
        replies: Mapping[str, Reply] | None = None,
        doubted: Collection[str] = (),
        refuse_doubted: bool = False,
        first_keys: bool = False,
        turn: int = 0,
        cast: Mapping[str, Player] | None = None,
    ) -> None:
        self.stage = stage
        self.account = account or Account()
        self.cast = {} if cast is None else dict(cast)
        self.ended: Ended | None = None
        self._own = Player(stage, self.account, cache, budget, keep)
        self._identity = stage.identity
        # In a surrogate only this actor's calls reach a model.
        self._focal: str | None = getattr(stage, "focal", None)
        self._ledger = ledger
        self._trial = trial
        self._gate = gate
        self._kept: set[bytes] = set()
        self._run = run
        self._replies = replies or {}
        self._doubted = doubted
        self._refuse_doubted = refuse_doubted
        self._first_keys = first_keys
        self._turn = turn

    @property
    def identity(self) -> str:
        """The inner stage's: a ledger changes nothing that is said."""
        return self.stage.identity

    def saw(self, event: Event) -> None:
        """Queue an event. Raises ``StoreFailed`` if the store cannot be written any more."""
        if isinstance(event, Ended):
            self.ended = event
            return
        if isinstance(event, Turn):
            self._turn = event.index
        try:
            self._ledger.event(self._trial, event)
        except StoreFailed:
            _hush()
            raise

    async def perform(self, request: Request) -> Reply:
        """The stored reply, or the inner stage's, with its intent committed before.

        Raises ``StageError`` if there is no answer, ``StoreFailed`` if the intent could not be
        committed, ``Stopped`` if the run is stopping.
        """
        player, wanted = self._player(request)
        return await self._perform(player, wanted, request)

    async def _perform(self, player: Player, wanted: str, request: Request) -> Reply:
        key = self._trial[:12] + wanted
        known = self._known(key, request) if self._replies else None
        if known is not None:
            return known
        try:
            if player.cache is None:
                # On a free stage neither is there, and a turn is to take microseconds.
                ask = self._ask if self._doubted or player.budget else self._enter
                return await ask(player, key, request)
            reply, hit = await player.cache.reply(wanted, lambda: self._ask(player, key, request))
        except (Stopped, StoreFailed):
            _hush()
            raise
        if hit:
            player.account.hits += 1
            prompt = self._keep(request.prompt) if player.keep else None
            self._ledger.reply(key, self._trial, reply, True, prompt)
        return reply

    def _player(self, request: Request) -> tuple[Player, str]:
        """Who is asked, and what the request is known by."""
        if not request.stage:
            return self._own, request_key(self._identity, request)
        player = self.cast[request.stage]
        return player, request_key(player.stage.identity, request)

    def _known(self, key: str, request: Request) -> Reply | None:
        known = self._replies.get(key)
        if known is None and self._first_keys:
            known = self._replies.get(first_call_key(self._trial, request))
        return known

    async def _ask(self, player: Player, key: str, request: Request) -> Reply:
        """Ask the stage, when budget and gate let us."""
        if self._doubted:
            self._doubt(key, request)
        gate, budget, account = self._gate, player.budget, player.account
        if budget is not None and self._focal not in (None, request.speaker):
            budget = None
        if budget is None:
            return await self._enter(player, key, request)
        reserved: Reserved | None = None
        try:
            reserved = await budget.reserve(lambda: account.expected(request), lambda: account.pace)
        except BudgetSpent as spent:
            gate.close(spent)
        # Not inside the except: what is raised there drags the other error along.
        if reserved is None:
            raise await gate.turned_away()
        used = NO_USAGE
        try:
            reply = await self._enter(player, key, request)
            # A server that counts nothing is not free: what was expected stands for it.
            used = reply.usage if reply.usage != NO_USAGE else reserved.expected
            return reply
        except StageError as error:
            used = usage_of(error)
            raise
        finally:
            budget.settle(reserved, used)

    def _doubt(self, key: str, request: Request) -> None:
        """A call in doubt is asked again, or refused."""
        first = first_call_key(self._trial, request)
        if first in self._doubted:
            self._ledger.settle(first)
        elif key not in self._doubted:
            return
        if self._refuse_doubted:
            error = StageError(
                "in-doubt",
                f"{request.speaker}'s {request.purpose} was asked before the last run was killed; "
                "whether it was answered (and paid for) is not known",
            )
            self._failed(key, request, error)
            raise error

    async def _enter(self, player: Player, key: str, request: Request) -> Reply:
        gate = self._gate
        await gate.enter(request.purpose not in ("probe", "score"))
        try:
            return await self._call(player, key, request)
        except StageClosed as error:
            gate.close(error)
        finally:
            gate.leave()
        raise await gate.turned_away()

    async def _call(self, player: Player, key: str, request: Request) -> Reply:
        ledger, purpose = self._ledger, request.purpose
        ledger.intent(key, self._trial, self._run, self._at(request), purpose, request.speaker)
        prompt = self._keep(request.prompt) if player.keep else None
        await ledger.barrier()
        account = player.account
        try:
            reply = await player.stage.perform(request)
        except StageError as error:
            if not error.attempts and not account.recorded:
                error.attempts = (error.reason,)  # nobody asked again: this was the one attempt
            account.failed(request, error)
            self._failed(key, request, error)
            raise
        if account.recorded:
            account.hits += 1
        else:
            reply = account.answered(request, reply)
        ledger.reply(key, self._trial, reply, account.recorded, prompt)
        return reply

    def _failed(self, key: str, request: Request, error: StageError) -> None:
        turn, purpose, actor = self._at(request), request.purpose, request.speaker
        self._ledger.failed(key, self._trial, self._run, turn, purpose, actor, error)

    def _at(self, request: Request) -> int:
        """A turn is numbered as it will be, a question by the turns that could be heard."""
        return self._turn + 1 if request.purpose == "turn" else self._turn

    def _keep(self, prompt: Prompt) -> bytes:
        """Queue those chunks of a prompt that are new in this trial; the prompt's digest.

        Costs as much as what is new since the last call, however long the prompt is.
        """
        kept = self._kept
        new: list[Prompt] = []
        chunk: Prompt | None = prompt
        while chunk is not None and chunk.digest not in kept:
            kept.add(chunk.digest)
            new.append(chunk)
            chunk = chunk.parent
        self._ledger.chunks(new)
        return prompt.digest

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """The inner stage's. Kept like a reply: what a server has scored is not scored again."""
        player, _ = self._player(request)
        asked = replace(request, purpose="score", schema={"const": text})
        scorer = replace(player, stage=Scorer(player.stage, request, text))
        wanted = request_key(player.stage.identity, asked)
        return read_score(await self._perform(scorer, wanted, asked))


def _hush() -> None:
    """Let asyncio not report what the current task raises, if nobody asks the task for it.

    When a run stops or its store fails, every probe that is out raises the same. Whoever waits for
    them hears of one; dozens of reports on stderr would only hide it.
    """
    task = asyncio.current_task()
    if task is not None:
        task.add_done_callback(_ask_for_exception)


def _ask_for_exception(task: asyncio.Task[object]) -> None:
    if not task.cancelled():
        task.exception()


def request_key(identity: str, request: Request) -> str:
    """What a request is known by, whoever makes it: 20 hexadecimal letters.

    Everything that may change the reply is hashed: the stage and all of the request. Two trials
    with different seeds make different requests, since the seed is a part of each.
    """
    schema = request.schema
    what = (
        identity,
        request.prompt.digest,
        request.seed,
        request.purpose,
        request.speaker,
        request.stop,
        request.max_tokens,
        None if schema is None else json.dumps(schema, sort_keys=True),
    )
    # repr() quotes and escapes, so that no two different tuples give the same bytes.
    return blake2b(repr(what).encode("utf-8", "backslashreplace"), digest_size=10).hexdigest()


def call_key(trial: str, identity: str, request: Request) -> str:
    """What a call is known by: 32 hexadecimal letters, 12 of its trial and 20 of its request.

    Keys of one trial sort next to each other.

    >>> request = Request(Prompt.start("system", "You are Ada."), 7, "Ada")
    >>> call_key("0123456789abcdef", "toy", request)[:12]
    '0123456789ab'
    """
    return trial[:12] + request_key(identity, request)


def first_call_key(trial: str, request: Request) -> str:
    """The key of a call in stores of version 1, where a request was known together with its trial.

    A run that such a store left in the middle goes on without asking again what is there.
    """
    schema = request.schema
    what = (
        trial,
        request.prompt.digest,
        request.seed,
        request.purpose,
        request.speaker,
        request.stop,
        request.max_tokens,
        None if schema is None else json.dumps(schema, sort_keys=True),
    )
    digest = blake2b(repr(what).encode("utf-8", "backslashreplace"), digest_size=10)
    return trial[:12] + digest.hexdigest()
