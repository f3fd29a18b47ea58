"""What every stage promises: an identity, replies that are well formed, stops that are kept, and,
where it is no language model, nothing but its prompt and its seed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from math import isfinite
from typing import Any

from sim.engine import play
from sim.layouts import LAYOUTS
from sim.layouts.prompt import Prompt
from sim.scene.endings import after
from sim.stage.base import Reply, Request, Stage
from sim.testing.promises import kept
from sim.testing.scenes import debate, probed

Asked = list[tuple[Request, Reply]]
"""Calls, each with its reply."""


def check_stage(make: Callable[[], Stage], *, deterministic: bool = True, calls: int = 150) -> None:
    """Check a stage. ``make`` opens it; each call gives one like the others.

    It has a stable identity; what it is asked is not changed; replies are well formed and hold no
    stop; log-probabilities are None or finite and at most 0. A ``deterministic`` stage is a pure
    function of prompt and seed, which remembers nothing, and gives typed answers. A language model
    is not (False); of one that costs, ask fewer ``calls`` (of one prompt, to see whether stops are
    kept). Raises ``Broken``.

    >>> from sim.stage.fixed import FixedLines
    >>> check_stage(lambda: FixedLines(["Yes.", "No."]), calls=20)
    """
    has_a_stable_identity(make)
    asked = requests(make, None if deterministic else next(iter(LAYOUTS)))
    leaves_requests_alone(asked)
    replies_are_well_formed(asked, typed=deterministic)
    keeps_stops(make, asked[0][0].prompt, calls)
    log_probs_are_sound(make, asked)
    if deterministic:
        remembers_nothing(make, asked)
        needs_no_scene(make, asked)


class Around:
    """A stage around a stage, which keeps what it was asked. ``before`` may wait, or raise what is
    to go wrong."""

    def __init__(
        self, stage: Stage, before: Callable[[Request], Coroutine[Any, Any, None]] | None = None
    ) -> None:
        self.stage = stage
        self.before = before
        self.asked: list[Request] = []
        self.running = 0

    @property
    def identity(self) -> str:
        """That of the stage inside."""
        return self.stage.identity

    @property
    def calls(self) -> Counter[tuple[str, str, int]]:
        """How often each call was made, by purpose, speaker and seed."""
        return Counter((request.purpose, request.speaker, request.seed) for request in self.asked)

    async def perform(self, request: Request) -> Reply:
        self.asked.append(request)
        self.running += 1
        try:
            if self.before is not None:
                await self.before(request)
            return await self.stage.perform(request)
        finally:
            self.running -= 1

    async def log_prob(self, request: Request, text: str) -> Any:
        return await self.stage.log_prob(request, text)


def requests(make: Callable[[], Stage], layout: str | None = None) -> Asked:
    """The calls of a scene in each layout (or in one), with probes and without stops, and their
    replies."""
    asked: list[Request] = []
    for each in LAYOUTS if layout is None else (layout,):
        around = Around(make())
        asyncio.run(play(probed(3, layout=each, ends=after(turns=6)), around, seed=5))
        asked += around.asked
        asked += [
            Request(request.prompt, request.seed + 1, request.speaker)
            for request in around.asked[:6]
        ]
    stage = make()

    async def replies() -> list[Reply]:
        return [await stage.perform(request) for request in asked]

    return list(zip(asked, asyncio.run(replies()), strict=True))


def plain(reply: Reply) -> tuple[object, ...]:
    """What a reply says, without the facts of the clock."""
    return reply.text, reply.finish, reply.exact, reply.usage


def rebuilt(request: Request) -> Request:
    """The same prompt, as other objects."""
    first, *others = request.prompt.chunks()
    prompt = Prompt.start(first.role, first.text)
    for chunk in others:
        prompt = Prompt(prompt, chunk.role, chunk.text)
    return Request(
        prompt, request.seed, request.speaker, request.purpose, request.stop,
        request.max_tokens, request.schema,
    )  # fmt: skip


def has_a_stable_identity(make: Callable[[], Stage]) -> None:
    """It is a stage, and its identity stays while it plays and is the same for another like it."""
    one, two = make(), make()
    kept(isinstance(one, Stage), f"{one!r}: is no Stage; it has identity, perform and log_prob")
    before = one.identity
    asyncio.run(play(debate(ends=after(turns=2)), one, seed=1))
    kept(
        one.identity == two.identity == before,
        f"{before}: its identity changes to {one.identity} or differs from {two.identity}",
    )
    kept(
        before.isprintable() and before.strip() == before != "",
        f"{before!r}: an identity is one printable line without blanks at its ends",
    )


def leaves_requests_alone(asked: Asked) -> None:
    """The prompts are what they were."""
    for request, _ in asked:
        kept(
            request.prompt.digest == rebuilt(request).prompt.digest,
            "perform: it changed the prompt of its request; build what you need beside it",
        )


def remembers_nothing(make: Callable[[], Stage], asked: Asked) -> None:
    """Asked in another order, as another stage, all at once, it says the same."""
    other = make()

    async def again() -> list[tuple[Request, Reply, Reply]]:
        found = []
        for request, reply in reversed(asked):
            found.append((request, reply, await other.perform(rebuilt(request))))
        together = await asyncio.gather(*(other.perform(request) for request, _ in asked))
        return found + [(*each, two) for each, two in zip(asked, together, strict=True)]

    for request, one, two in asyncio.run(again()):
        kept(
            plain(one) == plain(two),
            f"{other.identity}: said {one.text!r}, and {two.text!r} to the same prompt and seed "
            f"({request.seed}); draw from the seed alone, or check it with deterministic=False",
        )


def needs_no_scene(make: Callable[[], Stage], asked: Asked) -> None:
    """A stage that has seen nothing before says the same: what it caches is no memory."""
    for request, reply in asked[::7]:
        alone = asyncio.run(make().perform(rebuilt(request)))
        kept(
            plain(alone) == plain(reply),
            f"a new stage said {alone.text!r} where one that had played said {reply.text!r}; it "
            "remembers what it was asked before",
        )


def replies_are_well_formed(asked: Asked, *, typed: bool = True) -> None:
    """They have words, a known finish, and, if ``typed``, an answer where one was asked for."""
    answer = probed().probes[0].question.answer
    for request, reply in asked:
        told = f"a reply to {request.purpose} of {request.speaker}: {reply.text!r}"
        kept(reply.text.strip(), f"{told} is blank; raise StageError(..., reason='empty')")
        kept(
            reply.finish in ("stop", "length", "refusal"),
            f"{told}: finish {reply.finish!r} is none of stop, length, refusal",
        )
        usage = reply.usage
        kept(
            reply.seconds >= 0 and min(usage.prompt_tokens, usage.completion_tokens) >= 0,
            f"{told}: negative seconds or tokens",
        )
        if typed and request.schema is not None:
            missing = answer.read(reply.text)[1]
            kept(missing is None, f"{told} does not answer its schema: {missing}")


def keeps_stops(make: Callable[[], Stage], prompt: Prompt, calls: int = 150) -> int:
    """No reply holds a stop, and a stop only cuts: names of the cast, of strangers, a word in a
    line. Returns how many replies would have held one."""
    stops = ("\nBen:", "\nOld Tom:", "\nThe ", " the ")
    stage = make()

    async def both() -> list[tuple[str, str]]:
        return [
            (
                (await stage.perform(Request(prompt, seed, "Ada"))).text,
                (await stage.perform(Request(prompt, seed, "Ada", stop=stops))).text,
            )
            for seed in range(calls)
        ]

    free = 0
    for loose, bound in asyncio.run(both()):
        free += any(stop in loose for stop in stops)
        for stop in stops:
            kept(stop not in bound, f"{stage.identity}: {bound!r} holds the stop {stop!r}; cut it")
    return free


def log_probs_are_sound(make: Callable[[], Stage], asked: Asked) -> None:
    """None, or finite, at most 0, over a token at least; what it said itself is possible."""
    free = [(request, reply) for request, reply in asked if request.schema is None][::3]
    stage = make()
    known = 0

    async def values(texts: Sequence[str], request: Request) -> list[Any]:
        return [await stage.log_prob(request, text) for text in texts]

    for request, reply in free:
        texts = (reply.text, "No text of any grammar: xyzzy.", "")
        for text, found in zip(texts, asyncio.run(values(texts, request)), strict=True):
            if found is None:
                continue
            known += text == reply.text
            kept(
                isfinite(found.value) and found.value <= 0.0 and found.tokens >= 1,
                f"{stage.identity}: log_prob of {text!r} is {found}; a log-probability is finite "
                "and at most 0, over at least one token; return None where there is none",
            )
    kept(
        known in (0, len(free)),
        f"{stage.identity}: has no log-probability for {len(free) - known} of its own {len(free)} "
        "replies",
    )
