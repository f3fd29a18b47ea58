"""The account of a stage in a run: calls, cache hits, failures, tokens, money, over all trials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sim.calls.prefix_cache import PrefixCache
from sim.calls.prices import Price
from sim.errors import StageError
from sim.events import NO_USAGE, Usage
from sim.stage.base import Reply, Request, Stage, Wrapper

LETTERS_A_TOKEN = 4.0
"""An estimate for English, used until the stage has counted tokens itself."""

_FIRST_COMPLETION = 400
"""The expected tokens of the first reply if nothing limits it."""


class Totals(NamedTuple):
    """The sums of an account. ``usd`` is None if the price of a call is unknown."""

    calls: int = 0
    hits: int = 0
    failed_calls: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    usd: float | None = 0.0
    seconds: float = 0.0
    computed: float = 0.0

    def since(self, before: Totals) -> Totals:
        """What came on top of earlier totals of the account."""
        usd = None if self.usd is None or before.usd is None else self.usd - before.usd
        return Totals(
            self.calls - before.calls,
            self.hits - before.hits,
            self.failed_calls - before.failed_calls,
            self.retries - before.retries,
            self.prompt_tokens - before.prompt_tokens,
            self.completion_tokens - before.completion_tokens,
            self.cached_tokens - before.cached_tokens,
            usd,
            self.seconds - before.seconds,
            self.computed - before.computed,
        )


@dataclass(slots=True)
class Account:
    """Counts the calls of one stage and what they used.

    ``free`` stages cost nothing. ``recorded`` stages answer from a store: their replies were paid
    before and count as hits. ``price`` is None if it is unknown; then ``usd`` becomes None with the
    first reply. ``limit`` is the most tokens that a reply may have, if that is known. ``paid`` is
    called with the usage of each call.
    """

    free: bool = False
    recorded: bool = False
    price: Price | None = None
    limit: int | None = None
    paid: Callable[[Usage], None] | None = None
    calls: int = 0
    hits: int = 0
    failed_calls: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    usd: float | None = 0.0
    seconds: float = 0.0
    prefix_cache: PrefixCache = field(default_factory=PrefixCache)
    _letters: int = 0
    _longest: int = 0

    @property
    def usage(self) -> Usage:
        """The usage of all calls together."""
        return Usage(self.prompt_tokens, self.completion_tokens, self.cached_tokens, self.usd)

    def totals(self) -> Totals:
        """The sums of now."""
        return Totals(
            self.calls,
            self.hits,
            self.failed_calls,
            self.retries,
            self.prompt_tokens,
            self.completion_tokens,
            self.cached_tokens,
            self.usd,
            self.seconds,
            self.prefix_cache.computed,
        )

    def add(self, more: Totals) -> None:
        """Add what the same stage was asked elsewhere."""
        self.calls += more.calls
        self.hits += more.hits
        self.failed_calls += more.failed_calls
        self.retries += more.retries
        self.prompt_tokens += more.prompt_tokens
        self.completion_tokens += more.completion_tokens
        self.cached_tokens += more.cached_tokens
        self.usd = None if self.usd is None or more.usd is None else self.usd + more.usd
        self.seconds += more.seconds
        self.prefix_cache.computed += more.computed
        if self.paid is not None and more.calls + more.failed_calls:
            self.paid(
                Usage(more.prompt_tokens, more.completion_tokens, more.cached_tokens, more.usd)
            )

    def answered(self, request: Request, reply: Reply) -> Reply:
        """Count a call that was answered. Returns the reply, with its price if that is known."""
        usage = reply.usage
        price = self.price
        if price is not None and usage.usd is None:
            usage = replace(usage, usd=price.of(usage))
            reply = replace(reply, usage=usage)
        self.calls += 1
        if reply.retries:
            self.retries += len(reply.retries)
        self.seconds += reply.seconds
        self._enter(request, usage)
        return reply

    def failed(self, request: Request, error: StageError) -> None:
        """Count a call that failed for good, with what its attempts cost.

        The error's ``usage`` gets its price, if that is known.
        """
        self.failed_calls += 1
        self.retries += len(error.attempts)
        usage = usage_of(error)
        # Most failures have no usage, and must not make the total price unknown.
        if self.recorded or usage == NO_USAGE:
            return
        if self.price is not None and usage.usd is None:
            error.usage = usage = replace(usage, usd=self.price.of(usage))
        self._enter(request, usage)

    def _enter(self, request: Request, usage: Usage) -> None:
        """Count the usage of a call."""
        tokens = usage.prompt_tokens
        completion = usage.completion_tokens
        self.prompt_tokens += tokens
        self.completion_tokens += completion
        self.cached_tokens += usage.cached_tokens
        if usage.usd is not None:
            if self.usd is not None:
                self.usd += usage.usd
        elif not self.free:
            self.usd = None
        if completion > self._longest:
            self._longest = completion
        # Without prompt tokens no prompt was sent to a model (a yoked partner's line, say).
        if tokens:
            self.prefix_cache.sent(request.prompt, tokens)
            if not self.free:
                self._letters += request.prompt.length
        if self.paid is not None:
            self.paid(usage)

    def expected(self, request: Request) -> Usage:
        """A high estimate of the usage of a call: its prompt by letters, its reply by the longest.

        The first estimates use fixed ratios, later ones the tokens that the stage has counted.
        """
        letters = request.prompt.length
        if self._letters:
            tokens = letters * self.prompt_tokens / self._letters
        else:
            tokens = letters / LETTERS_A_TOKEN
        limit = self.limit if request.max_tokens is None else request.max_tokens
        completion = limit if limit is not None else (self._longest or _FIRST_COMPLETION)
        usage = Usage(int(tokens * 1.05) + 1, completion)
        usd = 0.0 if self.free else None if self.price is None else self.price.of(usage)
        return replace(usage, usd=usd)

    @property
    def pace(self) -> float:
        """The mean number of seconds of a call; 0 before the first."""
        return self.seconds / self.calls if self.calls else 0.0


def usage_of(error: StageError) -> Usage:
    """The usage of a call that failed."""
    return error.usage if isinstance(error.usage, Usage) else NO_USAGE


class Accounted(Wrapper):
    """A stage whose calls are counted in an account, with their price where it is known."""

    def __init__(self, stage: Stage, account: Account) -> None:
        super().__init__(stage)
        self._account = account

    async def perform(self, request: Request) -> Reply:
        """The inner stage's reply, priced."""
        account = self._account
        try:
            reply = await self.stage.perform(request)
        except StageError as error:
            if not error.attempts and not account.recorded:
                error.attempts = (error.reason,)  # there is no retry: this was the only attempt
            account.failed(request, error)
            raise
        if account.recorded:
            account.hits += 1
            return reply
        return account.answered(request, reply)
