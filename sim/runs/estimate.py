"""What a run will take, before a call is made: calls, tokens, money.

Each scene is played once on the exact stage, in memory, in its own layout, and everything that a
model would be sent and would write is counted. Another model writes turns of another length, and a
scene may end earlier or later with it: an estimate is right in its order of magnitude, no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sim.calls.prefix_cache import PrefixCache
from sim.calls.prices import Prices
from sim.calls.usage import LETTERS_A_TOKEN
from sim.engine import play
from sim.events import Usage
from sim.planning import Trial
from sim.stage.base import LogProb, Reply, Request, Stage, StageInfo, Wrapper, info_of
from sim.stage.open import open_model
from sim.store import open_store

PLAYED_ON = "embedded:base"
NOTHING = Usage(usd=0.0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the trials of one model will take.

    ``there`` of its ``trials`` are in the store already and are not counted. ``usage.usd`` is None
    if the price is unknown. ``usd_cached`` is the price with an ideal prefix cache, which leaves
    ``computed_tokens`` of the prompts to compute.
    """

    model: str
    trials: int
    there: int
    calls: int = 0
    usage: Usage = NOTHING
    computed_tokens: int = 0
    usd_cached: float | None = 0.0


@dataclass(slots=True)
class Count:
    """The calls of one stage of a scene: how many, tokens of replies, and the prompts."""

    calls: int = 0
    written: int = 0
    prefix_cache: PrefixCache = field(default_factory=PrefixCache)


class Counting(Wrapper):
    """A stage that counts its calls, by the names that the scene has for its stages.

    Of a branch only the calls from its first own turn on are counted.
    """

    def __init__(self, stage: Stage, trial: Trial) -> None:
        super().__init__(stage)
        self._cast = trial.scene.stages
        self.counts: dict[str, Count] = {}
        self._focal = trial.focal
        self._since = trial.at or 1
        self._turn = 0

    @property
    def info(self) -> StageInfo:
        """The stage's, with the names of all that the scene asks for."""
        return replace(super().info, cast=self._cast)

    async def perform(self, request: Request) -> Reply:
        """The stage's reply, counted."""
        reply = await self.stage.perform(request)
        self._turn += request.purpose == "turn"
        # In a surrogate the partners' lines need no call.
        if self._focal in (None, request.speaker) and self._turn >= self._since:
            count = self.counts.setdefault(request.stage, Count())
            count.calls += 1
            count.written += tokens_of(len(reply.text))
            letters = request.prompt.length
            count.prefix_cache.sent(request.prompt, tokens_of(letters))
        return reply

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return None


def tokens_of(letters: int) -> int:
    """The number of tokens in a text of ``letters`` letters, by a fixed ratio; at least 1."""
    return max(1, round(letters / LETTERS_A_TOKEN))


async def estimate(
    trials: Sequence[Trial],
    stages: Mapping[str, Stage],
    store: Path | str | None = None,
    prices: Prices | None = None,
) -> list[Estimate]:
    """The estimates of trials, one for each model. No model is asked and nothing is written.

    ``store`` is where the run would be kept: trials that are at their end there are not counted.

    >>> import asyncio
    >>> from sim import Persona, Scene, after, plan, ring
    >>> def tea() -> Scene:
    ...     return Scene(topic="Tea?", cast=[Persona(name="Ada"), Persona(name="Ben")],
    ...                  graph=ring("Ada", "Ben"), ends=after(turns=4))
    >>> stage = open_model("fixed:Yes.")
    >>> trials = plan(tea, models=[("fixed:Yes.", stage.identity)], trials=10)
    >>> [fixed] = asyncio.run(estimate(trials, {stage.identity: stage}))
    >>> fixed.calls, fixed.usage.usd
    (40, 0.0)
    """
    over = set() if store is None else _over(Path(store), trials)
    exact = open_model(PLAYED_ON)
    played: dict[tuple[object, ...], Counting] = {}
    estimates: dict[str, Estimate] = {}
    identities: dict[str, str] = {}
    for trial in {trial.id: trial for trial in trials}.values():
        there = trial.id in over
        counts: Mapping[str, Count] = {}
        if not there:
            kind = _kind(trial)
            if kind not in played:
                played[kind] = Counting(exact, trial)
                await play(trial.scene, played[kind], seed=trial.seed)
            counts = played[kind].counts
        for name, identity in (("", trial.stage.partition("#")[0]), *trial.stages.items()):
            model = name or trial.model
            identities[model] = identity
            so_far = estimates.get(model) or Estimate(model, 0, 0)
            so_far = replace(so_far, trials=so_far.trials + 1, there=so_far.there + there)
            estimates[model] = with_count(so_far, counts[name]) if name in counts else so_far
    table = prices or Prices.load()
    return [priced(each, stages[identities[model]], table) for model, each in estimates.items()]


def _kind(trial: Trial) -> tuple[object, ...]:
    """What trials of one size have in common: whatever the seed, and in whatever words.

    Arms of a study, and worlds of an audit, may differ in their layout and in what is remembered
    alone: with less, prompts are shorter, and who sums up is asked for that.
    """
    scene = trial.scene
    memory = tuple(repr(actor.context) for actor in scene.cast)
    return (
        trial.scenario, repr(trial.parameters), trial.focal, trial.at, scene.layout, memory,
    )  # fmt: skip


def _over(store: Path, trials: Sequence[Trial]) -> set[str]:
    """The trials that are at their end in a store, if there is one."""
    if not store.exists():
        return set()
    with open_store(store) as reader:
        return reader.ended(trial.id for trial in trials)


def with_count(so_far: Estimate, counted: Count) -> Estimate:
    """An estimate with what was counted added to it."""
    usage = so_far.usage
    return replace(
        so_far,
        calls=so_far.calls + counted.calls,
        usage=replace(
            usage,
            prompt_tokens=usage.prompt_tokens + counted.prefix_cache.tokens,
            completion_tokens=usage.completion_tokens + counted.written,
        ),
        computed_tokens=so_far.computed_tokens + round(counted.prefix_cache.computed),
    )


def priced(counted: Estimate, stage: Stage, prices: Prices) -> Estimate:
    """An estimate with its price; a free stage costs 0, an unknown price is None."""
    info = info_of(stage)
    if info.free or info.recorded:
        return counted
    price = prices.of(stage.identity)
    if price is None:
        return replace(counted, usage=replace(counted.usage, usd=None), usd_cached=None)
    usage = counted.usage
    cached = replace(usage, cached_tokens=usage.prompt_tokens - counted.computed_tokens)
    return replace(counted, usage=replace(usage, usd=price.of(usage)), usd_cached=price.of(cached))
