"""The throttle: a stage around a stage that keeps to the rate limits of a provider.

Three limits, each of which may be left out: requests in a window, tokens in a window, and calls at
once. Stages of one provider share one ``Limits``. Calls wait in one queue, first come first served,
and only its head checks for room, so that thousands of waiting calls cost only memory. (Turns do
not overtake probes here; ``sim.calls.limiter``, further out, orders them.)

Sliding windows: no interval of length ``period``, wherever it begins, holds more than the limit.
asyncio-throttle counts the requests. It has no weights, so tokens are counted here in the same way:
a call reserves an estimate when it starts, which the usage in the reply then replaces.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict, deque
from contextvars import ContextVar
from dataclasses import dataclass

from asyncio_throttle.throttler import Throttler

from sim.calls.stopping import waiting
from sim.errors import BadRequest, StageError
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Reply, Request, Stage, Wrapper

# We count a call when it is sent, a provider when it arrives, and the first calls arrive later
# because they open connections. So our windows are longer by this share, 0.6 s in a minute.
MARGIN = 0.01

# Only the head of the queue polls asyncio-throttle: 17 times a second for a window of a minute.
POLLS_IN_A_PERIOD = 1000

# A call that failed for one of these reasons may have produced tokens that the provider counts.
ANSWERED_PERHAPS = frozenset({"timeout", "cut", "malformed", "length"})


class Waited:
    """The seconds that a call waited in throttles, which time limits leave out (``Retry``)."""

    seconds = 0.0


WAITED: ContextVar[Waited | None] = ContextVar("waited", default=None)


class Line:
    """A FIFO queue with one caller at its head; the next one follows when that one leaves."""

    def __init__(self) -> None:
        self._taken = False
        # A dictionary, so that each of many cancellations is removed in constant time.
        self.behind: OrderedDict[asyncio.Future[None], None] = OrderedDict()

    async def reach_head(self) -> None:
        """Wait to be at the head of the queue. The caller must ``leave()`` afterwards."""
        if not self._taken:
            self._taken = True
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.behind[place] = None
        try:
            await place
        except BaseException:
            self.behind.pop(place, None)
            if place.done() and not place.cancelled():
                # We became the head in the same tick in which we were cancelled.
                self.leave()
            raise

    def leave(self) -> None:
        """Make the next one the head."""
        while self.behind:
            place, _ = self.behind.popitem(last=False)
            if not place.done():
                place.set_result(None)
                return
        self._taken = False


@dataclass(slots=True)
class Reservation:
    """Tokens that a call holds in the window, from the moment it started."""

    since: float
    tokens: int
    in_window: bool = True


class Limits:
    """The rate limits of one provider, shared by all its stages. None is no limit.

    ``period`` is the length of the windows in seconds. Use it in one event loop at a time. Raises
    ``BadRequest`` for a limit that lets nothing through.

    >>> limits = Limits(requests_per_minute=500, tokens_per_minute=200_000, concurrency=16)
    >>> async def call() -> int:
    ...     reservation = await limits.enter(tokens=1200)
    ...     used = limits.tokens_in_window
    ...     limits.leave(reservation, tokens=900)
    ...     return used
    >>> asyncio.run(call()), limits.tokens_in_window
    (1200, 900)
    """

    def __init__(
        self,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        concurrency: int | None = None,
        *,
        period: float = 60.0,
    ) -> None:
        for name, limit in (
            ("requests_per_minute", requests_per_minute),
            ("tokens_per_minute", tokens_per_minute),
            ("concurrency", concurrency),
        ):
            if limit is not None and not limit >= 1:
                raise BadRequest(f"{name}: {limit!r} lets nothing through; give 1 or more, or None")
        if not (0 < period < math.inf):
            raise BadRequest(f"period: {period!r} is no number of seconds above 0; give one")
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self.concurrency = concurrency
        self.period = period
        self.inside = 0
        self._window = period * (1 + MARGIN)
        self._line = Line()
        self._wake: asyncio.Future[None] | None = None
        self._reservations: deque[Reservation] = deque()
        self._tokens = 0
        self._requests: Throttler | None = None
        if requests_per_minute is not None:
            self._requests = Throttler(
                requests_per_minute,
                period=self._window,
                retry_interval=self._window / POLLS_IN_A_PERIOD,
            )

    def allow_for(self, delay: float) -> None:
        """Make the windows longer, by the seconds that may lie between the leave to make a call and
        the call: on its way to another process, say. Replaces what was allowed before."""
        self._window = self.period * (1 + MARGIN) + delay
        if self._requests is not None:
            self._requests.period = self._window

    @property
    def tokens_in_window(self) -> int:
        """The tokens used or reserved in the window that ends now."""
        self._forget()
        return self._tokens

    async def enter(self, tokens: int = 0) -> Reservation:
        """Wait until a call that needs so many tokens may start. It must ``leave()`` in the end.

        Nothing is awaited after room has been taken: a call that got in starts at once, and a call
        that is cancelled before that holds nothing.
        """
        limit = self.tokens_per_minute
        if limit is not None and tokens > limit:
            raise StageError("too-large", f"{tokens} tokens never fit into a window of {limit}")
        await self._line.reach_head()
        try:
            # No other call takes room while the head waits, so the limits are checked one by one.
            # Requests come last, since asyncio-throttle takes the room when there is some.
            while not self._has_room(tokens):
                await self._until_something_leaves()
            if self._requests is not None:
                await self._requests.acquire()  # type: ignore[no-untyped-call]
            self.inside += 1
            return self._reserve(tokens)
        finally:
            self._line.leave()

    def leave(self, reservation: Reservation, tokens: int) -> None:
        """End a call. The tokens that it used replace its reservation."""
        self.inside -= 1
        more = tokens - reservation.tokens
        if more > 0:
            # The excess is counted from now on, as windows in the past cannot be corrected.
            self._reserve(more)
        elif reservation.in_window:
            reservation.tokens += more
            self._tokens += more
        self._rouse()

    def _has_room(self, tokens: int) -> bool:
        self._forget()
        if self.concurrency is not None and self.inside >= self.concurrency:
            return False
        return self.tokens_per_minute is None or self._tokens + tokens <= self.tokens_per_minute

    async def _until_something_leaves(self) -> None:
        """Wait until a call ends or the oldest tokens leave the window."""
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        oldest = self._reservations[0].since if self._reservations else math.inf
        left = oldest + self._window - time.monotonic()
        # At least a millisecond: a timer that fires slightly early would fire over and over.
        timer = loop.call_later(min(max(left, 0.001), self._window), self._rouse)
        try:
            await self._wake
        finally:
            self._wake = None
            timer.cancel()

    def _rouse(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _reserve(self, tokens: int) -> Reservation:
        reservation = Reservation(time.monotonic(), tokens)
        self._reservations.append(reservation)
        self._tokens += tokens
        return reservation

    def _forget(self) -> None:
        before = time.monotonic() - self._window
        while self._reservations and self._reservations[0].since < before:
            old = self._reservations.popleft()
            old.in_window = False
            self._tokens -= old.tokens


class Running:
    """A running mean and deviation, as TCP estimates its round-trip time.

    *Reference.* V. Jacobson, "Congestion avoidance and control", SIGCOMM 1988; RFC 6298.
    """

    def __init__(self, guess: float) -> None:
        self.mean = guess
        self._deviation = 0.0

    @property
    def at_most(self) -> float:
        """A bound that the next value will rarely exceed."""
        return self.mean + 2 * self._deviation

    def learn(self, value: float) -> None:
        """Update both with a new value; older values lose weight exponentially."""
        error = value - self.mean
        self.mean += error / 8
        self._deviation += (abs(error) - self._deviation) / 4


class PromptSizes:
    """The size of prompts in bytes, without walking a long prompt at every call.

    Sizes are remembered by digest, so that only new chunks are measured. When too many are
    remembered, the older half is dropped.

    >>> sizes = PromptSizes()
    >>> prompt = Prompt.start("system", "You are Ada.")
    >>> sizes.of(prompt.then("user", "Well?")) - sizes.of(prompt)
    21
    """

    # A message has its role and its marks, about four tokens; a token has about four bytes.
    MESSAGE = 16
    REMEMBERED = 20_000

    def __init__(self) -> None:
        self._young: dict[bytes, int] = {}
        self._old: dict[bytes, int] = {}

    def of(self, prompt: Prompt) -> int:
        """The bytes of all chunks, with an overhead for each message."""
        new: list[Prompt] = []
        chunk: Prompt | None = prompt
        size = 0
        while chunk is not None:
            size = self._young.get(chunk.digest) or self._old.get(chunk.digest) or 0
            if size:
                self._young[chunk.digest] = size
                break
            new.append(chunk)
            chunk = chunk.parent
        for chunk in reversed(new):
            size += _bytes(chunk.text) + self.MESSAGE
            self._young[chunk.digest] = size
        if len(self._young) > self.REMEMBERED:
            self._young, self._old = {}, self._young
        return size


class Throttle(Wrapper):
    """A stage that is called no more often than its provider allows.

    Give the limits, or a ``Limits`` that it shares with other stages. A call that needs more tokens
    than a whole window holds is refused (``StageError``, reason ``too-large``), as providers do.

    A call that fails releases the tokens reserved for its reply, unless a reply may have been
    written (``ANSWERED_PERHAPS``). A call that is cancelled releases nothing before the window
    ends, since the provider may go on writing.

    >>> from sim.stage.fixed import FixedLines
    >>> stage = Throttle(FixedLines(["Well?"]), requests_per_minute=500, concurrency=16)
    >>> request = Request(Prompt.start("system", "You are Ada.").then("user", "Speak."), 7, "Ada")
    >>> asyncio.run(stage.perform(request)).text
    'Well?'
    """

    def __init__(
        self,
        stage: Stage,
        *,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        concurrency: int | None = None,
        period: float = 60.0,
        limits: Limits | None = None,
    ) -> None:
        own = (requests_per_minute, tokens_per_minute, concurrency)
        if limits is not None and own != (None, None, None):
            raise BadRequest("limits: shared limits and limits of its own are given; give only one")
        super().__init__(stage)
        self.limits = limits or Limits(*own, period=period)
        self._sizes = PromptSizes()
        # One token per three bytes until replies tell; few prompts have more.
        self._tokens_per_byte = Running(1 / 3)
        self._completions: dict[str, Running] = {}

    async def perform(self, request: Request) -> Reply:
        """The inner stage's reply, when there is room for the call."""
        size = self._size(request)
        reservation, prompt = await self._enter(size, request.max_tokens, self._usual(request))
        used = reservation.tokens
        try:
            reply = await self.stage.perform(request)
            used = self._learn(request, size, prompt, reply)
        except StageError as error:
            if error.reason not in ANSWERED_PERHAPS:
                used = min(prompt, used)
            raise
        finally:
            self.limits.leave(reservation, used)
        return reply

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """The inner stage's log-probability, when there is room for the call."""
        size = self._size(request) + _bytes(text)
        reservation, _ = await self._enter(size, 0)
        try:
            return await self.stage.log_prob(request, text)
        finally:
            self.limits.leave(reservation, reservation.tokens)

    async def _enter(
        self, size: int, max_tokens: int | None, usual: Running | None = None
    ) -> tuple[Reservation, int]:
        """Wait for room; the reservation, and the estimated tokens of the prompt.

        The reply is expected to have ``max_tokens`` tokens, or as many as is usual.
        """
        prompt = math.ceil(size * self._tokens_per_byte.at_most)
        guess = usual.at_most if usual and max_tokens is None else max_tokens or 0
        tokens = prompt + math.ceil(guess)
        limit = self.limits.tokens_per_minute
        if limit is not None and tokens > limit:
            # The cautious estimate is too large: refuse only if the likely one is, too.
            likely = math.ceil(size * self._tokens_per_byte.mean)
            if likely + (max_tokens or 0) > limit:
                raise StageError(
                    "too-large",
                    f"about {likely} tokens of prompt and max_tokens={max_tokens} never fit into "
                    f"{limit} a minute; raise that limit, lower max_tokens or shorten the scene",
                )
            tokens = limit
        start = time.monotonic()
        async with waiting():
            reservation = await self.limits.enter(tokens)
        waited = WAITED.get()
        if waited is not None:
            waited.seconds += time.monotonic() - start
        return reservation, prompt

    def _size(self, request: Request) -> int:
        if self.limits.tokens_per_minute is None:
            return 0
        schema = "" if request.schema is None else repr(request.schema)
        return self._sizes.of(request.prompt) + len(schema)

    def _usual(self, request: Request) -> Running:
        # Separate for each purpose, since an answer is much shorter than a turn.
        return self._completions.setdefault(request.purpose, Running(256))

    def _learn(self, request: Request, size: int, prompt: int, reply: Reply) -> int:
        """Update the estimates; the tokens used, as the reply says or else by its length."""
        usage = reply.usage
        if usage.prompt_tokens and size:
            self._tokens_per_byte.learn(usage.prompt_tokens / size)
        if usage.completion_tokens:
            self._usual(request).learn(usage.completion_tokens)
        if usage.prompt_tokens or usage.completion_tokens:
            return usage.prompt_tokens + usage.completion_tokens
        return prompt + math.ceil(_bytes(reply.text) * self._tokens_per_byte.mean)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
