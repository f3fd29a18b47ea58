"""A stage on which a person plays an actor, with a time limit and a fallback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from sim.errors import StageError
from sim.events import Usage
from sim.layouts.prompt import Prompt
from sim.stage.base import LogProb, Purpose, Reply, Request, Stage, StageInfo, info_of

LATE = "late"
"""Marks, in the ``retries`` of a reply, that the fallback answered because the person was late."""

_NOTHING = Usage(usd=0.0)
"""The usage of a person: the price is 0, not unknown."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The page that a person is shown, for the actor ``speaker``.

    ``page`` is the whole prompt, ``new`` the part that was added since the person was last asked
    (in another scene: all of it). ``purpose`` is that of the request, ``typed`` whether the answer
    has to have the form that the page describes. ``seconds`` is the time limit, if there is one.
    """

    speaker: str
    page: str
    new: str
    purpose: Purpose
    typed: bool
    seconds: float | None


Speak = Callable[[Seen], Awaitable[str]]
"""Asks a person. A blank text is no answer: the fallback speaks."""


class HumanStage:
    """Asks a person through ``speak``, one question at a time.

    A person has ``seconds`` for each turn (None: no limit). If the time runs out or nothing is
    said, ``fallback`` answers: a stage, or a fixed line; with None the turn fails. The person sees
    only what the actor can see.

    >>> async def speak(seen: Seen) -> str:
    ...     return f"{seen.speaker} it is."
    >>> from sim.layouts.prompt import Prompt
    >>> request = Request(Prompt.start("system", "You play Ada."), 1, "Ada")
    >>> asyncio.run(HumanStage(speak).perform(request)).text
    'Ada it is.'
    """

    identity = "human"

    def __init__(
        self, speak: Speak, *, seconds: float | None = None, fallback: Stage | str | None = None
    ) -> None:
        self.speak = speak
        self.seconds = seconds
        self.fallback = fallback
        self._one_at_a_time = asyncio.Lock()
        # By actor, in paragraphs: the page last shown, and the beginning that later pages of the
        # same scene must have.
        self._shown: dict[str, list[str]] = {}
        self._heard: dict[str, list[str]] = {}

    @property
    def info(self) -> StageInfo:
        """The info of the fallback, which alone can cost anything."""
        if isinstance(self.fallback, str) or self.fallback is None:
            return StageInfo(free=True)
        other = info_of(self.fallback)
        return replace(other, priced_as=other.priced_as or self.fallback.identity)

    async def perform(self, request: Request) -> Reply:
        """The person's or the fallback's reply. Raises ``StageError`` (``late``) without both."""
        async with self._one_at_a_time:
            started = perf_counter()
            seen = self._seen(request)
            try:
                async with asyncio.timeout(self.seconds):
                    said = await self.speak(seen)
            except TimeoutError:
                said = ""
        if said.strip():
            return Reply(said.strip(), usage=_NOTHING, seconds=perf_counter() - started)
        return await self._otherwise(request, perf_counter() - started)

    def _seen(self, request: Request) -> Seen:
        name, typed = request.speaker, request.schema is not None
        page = _page(request.prompt)
        parts, shown = _paragraphs(page), self._shown.get(name, [])
        parent = request.prompt.parent
        heard = [] if parent is None else _paragraphs(_page(parent))
        same = _alike(parts, shown)
        if not typed:
            # If the page does not continue the last one (another scene) or adds nothing, show all.
            if same < len(self._heard.get(name, ())) or same == len(parts):
                same = 0
            self._heard[name] = heard
        # A question off stage is not part of what the actor has heard.
        known = heard if typed else parts
        if _alike(known, shown) < len(known):
            self._shown[name] = known
        new = page.strip() if same == 0 else "\n\n".join(parts[same:])
        return Seen(name, page, new, request.purpose, typed, self.seconds)

    async def _otherwise(self, request: Request, seconds: float) -> Reply:
        fallback = self.fallback
        if fallback is None:
            limit = "" if self.seconds is None else f" within {self.seconds:g} s"
            raise StageError(LATE, f"{request.speaker} said nothing{limit}")
        if isinstance(fallback, str):
            if request.schema is not None:
                raise StageError(LATE, f"{request.speaker} gave no answer")
            return Reply(fallback, usage=_NOTHING, seconds=seconds, retries=(LATE,))
        reply = await fallback.perform(request)
        return replace(reply, seconds=seconds + reply.seconds, retries=(LATE, *reply.retries))

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """None: a person has no log-probabilities."""
        return None


def _page(prompt: Prompt) -> str:
    """A prompt as one text."""
    if prompt.role == "text":
        return prompt.joined()
    return "\n\n".join(message.text for message in prompt.messages())


def _paragraphs(page: str) -> list[str]:
    return [part for part in page.split("\n\n") if part.strip()]


def _alike(some: Sequence[str], others: Sequence[str]) -> int:
    """The length of the common beginning."""
    pairs = zip(some, others, strict=False)
    different = (at for at, (one, other) in enumerate(pairs) if one != other)
    return next(different, min(len(some), len(others)))
