"""Several stages as one: each actor is played by the stage that the scene names for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sim.stage.base import LogProb, Reply, Request, Stage, StageInfo, Wrapper, info_of


class PerActor(Wrapper):
    """A scene's own stage, and other stages by the names that the scene gives them.

    >>> from sim.stage.fixed import FixedLines
    >>> stage = PerActor(FixedLines(["Yes."]), {"embedded:rlhf": FixedLines(["As an AI..."])})
    >>> stage.info.cast
    ('embedded:rlhf',)
    """

    def __init__(self, stage: Stage, cast: Mapping[str, Stage]) -> None:
        super().__init__(stage)
        self.cast = dict(cast)

    @property
    def identity(self) -> str:
        """The identity of the scene's own stage, followed by those of the others."""
        others = "".join(f"#{name}={stage.identity}" for name, stage in sorted(self.cast.items()))
        return self.stage.identity + others

    @property
    def info(self) -> StageInfo:
        """The info of the scene's own stage; ``free`` only if all stages are free."""
        own = super().info
        free = own.free and all(info_of(stage).free for stage in self.cast.values())
        return replace(own, free=free, cast=tuple(self.cast))

    def of(self, request: Request) -> Stage:
        """The stage that a request is for."""
        return self.cast[request.stage] if request.stage else self.stage

    async def perform(self, request: Request) -> Reply:
        """The reply of the stage that the request names."""
        return await self.of(request).perform(request)

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """The log-probability by the stage that the request names."""
        return await self.of(request).log_prob(request, text)
