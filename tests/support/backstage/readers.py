"""A stage whose log-probabilities are known, for evidence that asks a model."""

from __future__ import annotations

from sim.stage.base import LogProb, Reply, Request


class ReadingStage:
    """Likes texts that share words with the prompt: each word that occurs in it is worth ``gain``
    nats. It counts how often it was asked. As a judge it names the description that shares more
    words with the line, or always ``bias``; scores of A are ``lean`` nats too high."""

    def __init__(
        self, gain: float = 2.0, *, scores: bool = True, bias: str = "", lean: float = 0.0
    ) -> None:
        self.gain = gain
        self.scores = scores
        self.bias = bias
        self.lean = lean
        self.asked = 0

    @property
    def identity(self) -> str:
        return f"reading:{self.gain:g}{self.bias}"

    async def perform(self, request: Request) -> Reply:
        self.asked += 1
        a, b = self._liked(request.prompt.joined())
        return Reply("A" if a >= b else "B")

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        self.asked += 1
        if not self.scores:
            return None
        prompt = request.prompt.joined()
        if text.strip() in ("A", "B"):
            second = text.strip() == "B"
            value = self.gain * self._liked(prompt)[second]
            return LogProb(value if second else value + self.lean, 1)
        return LogProb(self.gain * self._shared(prompt, text), len(text.strip('" ').split()))

    def _liked(self, prompt: str) -> tuple[float, float]:
        """How well either description of a rubric fits its line."""
        if self.bias:
            return float(self.bias == "A"), float(self.bias == "B")
        described, _, rest = prompt.partition("A: ")[2].partition("One of them says")
        first, _, second = described.partition("B: ")
        line = rest.partition('"')[2].partition('"')[0]
        return self._shared(first, line), self._shared(second, line)

    def _shared(self, one: str, other: str) -> int:
        return len(_words(one) & _words(other))


def _words(text: str) -> set[str]:
    return {word.strip('.,!?":').lower() for word in text.split()}
