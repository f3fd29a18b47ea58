"""Log-probabilities as replies, so that they are stored and cached like other replies."""

from __future__ import annotations

import json

from sim.stage.base import LogProb, Reply, Request, Stage, Wrapper


class Scorer(Wrapper):
    """A stage that answers one request with the log-probability of one text.

    >>> read_score(Reply('{"value":-2.5,"tokens":3,"exact":true}'))
    LogProb(value=-2.5, tokens=3, exact=True)
    """

    def __init__(self, stage: Stage, request: Request, text: str) -> None:
        super().__init__(stage)
        self._request = request
        self._text = text

    async def perform(self, request: Request) -> Reply:
        """The log-probability as JSON, or ``null`` if the stage has none."""
        log_prob = await self.stage.log_prob(self._request, self._text)
        if log_prob is None:
            return Reply("null")
        record = {"value": log_prob.value, "tokens": log_prob.tokens, "exact": log_prob.exact}
        return Reply(json.dumps(record, separators=(",", ":")))


def read_score(reply: Reply) -> LogProb | None:
    """The score in a reply of a ``Scorer``."""
    record = json.loads(reply.text)
    return None if record is None else LogProb(**record)
