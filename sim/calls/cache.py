"""The cache: a request that was answered is not asked again, and equal requests are asked once.

Replies are stored by the request (``sim.calls.keys.request_key``), not by the trial: trials that
share their beginning share its replies. A committed reply comes from the store; a
call under way is waited for. If the task that asks is cancelled, the next one in line asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from sim.calls.journal import Journal
from sim.calls.keys import TRIAL_LETTERS
from sim.calls.usage import Account
from sim.errors import StageError
from sim.stage.base import Reply, Request, Stage, Wrapper


class Shelf(Protocol):
    """A source of committed replies. ``sim.store.Writer`` is one."""

    def find(self, request: str) -> Reply | None:
        """The reply to a request, or None."""
        ...


class Replies(Protocol):
    """Replies that trials share. ``Cache`` is one."""

    async def reply(self, request: str, ask: Callable[[], Awaitable[Reply]]) -> tuple[Reply, bool]:
        """The reply to a request, and whether it came from the cache. See ``Cache.reply``."""
        ...


class Cache:
    """Replies by request, for all trials of a run.

    >>> class Empty:
    ...     def find(self, request: str) -> Reply | None:
    ...         return None
    >>> async def main() -> list[tuple[str, bool]]:
    ...     calls = []
    ...     async def ask() -> Reply:
    ...         calls.append("asked")
    ...         await asyncio.sleep(0)
    ...         return Reply(f"{len(calls)} call")
    ...     cache = Cache(Empty())
    ...     replies = await asyncio.gather(*(cache.reply("key", ask) for _ in range(3)))
    ...     return [(reply.text, hit) for reply, hit in replies]
    >>> asyncio.run(main())
    [('1 call', False), ('1 call', True), ('1 call', True)]
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        # A result of None: the asking task was stopped, and one of those that wait has to ask.
        self._asking: dict[str, asyncio.Future[Reply | None]] = {}

    async def reply(self, request: str, ask: Callable[[], Awaitable[Reply]]) -> tuple[Reply, bool]:
        """The reply to a request, and whether it came from the cache.

        ``ask`` queues the reply in the store before it returns. A ``StageError`` is raised for all
        who wait for the request, and is not cached.
        """
        while True:
            asking = self._asking.get(request)
            if asking is None:
                break
            # Shielded: if one of those who wait is cancelled, the call goes on for the others.
            reply = await asyncio.shield(asking)
            if reply is not None:
                return reply, True
        stored = self._shelf.find(request)
        if stored is not None:
            return stored, True
        loop = asyncio.get_running_loop()
        mine = self._asking[request] = loop.create_future()
        try:
            reply = await ask()
        except StageError as error:
            del self._asking[request]
            mine.set_exception(_again(error))
            mine.exception()  # retrieved, or asyncio would log it when nobody waits
            raise
        except BaseException:
            del self._asking[request]
            mine.set_result(None)
            raise
        mine.set_result(reply)
        # The store commits in the next tick, before this callback: it was queued first.
        loop.call_soon(self._asking.pop, request, None)
        return reply, False


def _again(error: StageError) -> StageError:
    """The error for those who waited, without its attempts, which are counted only once."""
    return StageError(
        error.reason, str(error), transient=error.transient, retry_after=error.retry_after
    )


class Cached(Wrapper):
    """A stage whose replies are looked up before it is asked, in whatever trial of the store.

    A reply from the cache is recorded for this trial, too, with its prompt if ``keep``.
    """

    def __init__(
        self, stage: Stage, cache: Replies, account: Account, journal: Journal, *, keep: bool
    ) -> None:
        super().__init__(stage)
        self._cache = cache
        self._account = account
        self._journal = journal
        self._keep = keep

    async def perform(self, request: Request) -> Reply:
        """The cached reply, or the inner stage's."""
        wanted = request.key[TRIAL_LETTERS:]
        reply, hit = await self._cache.reply(wanted, lambda: self.stage.perform(request))
        if hit:
            self._account.hits += 1
            prompt = self._journal.keep(request.prompt) if self._keep else None
            self._journal.reply(request, reply, cached=True, prompt=prompt)
        return reply
