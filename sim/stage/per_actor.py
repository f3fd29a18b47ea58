"""Several stages behind one seam: each actor is played by the one that the scene names for it."""

from __future__ import annotations

from collections.abc import Mapping

from sim.stage.base import LogProb, Reply, Request, Stage


class Troupe:
    """A scene's own stage, and others by the names that the scene gives them.

    >>> from sim.stage.fixed import FixedLines
    >>> troupe = Troupe(FixedLines(["Yes."]), {"embedded:rlhf": FixedLines(["As an AI..."])})
    >>> sorted(troupe.cast)
    ['embedded:rlhf']
    """

    def __init__(self, stage: Stage, cast: Mapping[str, Stage]) -> None:
        self.stage = stage
        self.cast = dict(cast)
        self.free = all(bool(getattr(each, "free", False)) for each in (stage, *cast.values()))

    @property
    def identity(self) -> str:
        """The scene's own stage's, and those of the others."""
        others = "".join(f"#{name}={stage.identity}" for name, stage in sorted(self.cast.items()))
        return self.stage.identity + others

    def of(self, request: Request) -> Stage:
        """The stage that a request is for."""
        return self.cast[request.stage] if request.stage else self.stage

    async def perform(self, request: Request) -> Reply:
        """The reply of the stage that the request names."""
        return await self.of(request).perform(request)

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """The same for a log-probability."""
        return await self.of(request).log_prob(request, text)
