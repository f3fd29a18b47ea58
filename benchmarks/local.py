"""Local models: throughput against the bare server, reuse of prefixes, and log-probabilities.

    .tools/bin/uv run python -m benchmarks.local                 # the 270M model, some minutes
    .tools/bin/uv run python -m benchmarks.local --quick         # less of everything
    .tools/bin/uv run python -m benchmarks.local --json FILE

Bars of speed are ratios of two things done in turns on the same machine, since how fast a machine
is says nothing of us. Still they want an idle one.

``throughput``  scenes on the stage, and then the same prompts, as many tokens a reply, and as many
                calls at once, asked of a server that was started anew for it, by threads that know
                nothing of slots, stages or scenes. The ratio of their times; the bar is 0.9.
``prefixes``    a scene in ``transcript_first``. By the server's own count of what it found in its
                cache, how often each token of the transcript is computed; the bar is 1.15. The
                scene's head, personas and cues are counted apart.
``log_prob``    tokens a second that are scored, over tokens a second that are generated after the
                same prompt; the bar is 0.5.
``correct``     next-token probabilities over the whole vocabulary sum to 1; the frequencies of
                sampled tokens agree with them (exact binomial tests); a text's log-probability is
                the sum of those of its halves.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from scipy.stats import binomtest

from sim import Actor, Persona, Scene, after, play, ring
from sim.layouts.prompt import Prompt
from sim.scene.actor import LayoutName
from sim.stage.base import LogProb, Reply, Request, Wrapper
from sim.stage.local.stage import GgufStage, open_gguf
from sim.stage.providers import bounds, forced
from sim.stage.providers.sampling import Sampling

MODEL = "gguf:gemma3-270m"
THROUGHPUT, COMPUTED, SCORING = 0.9, 1.15, 0.5
"""The bars."""

SUSPICIOUS = 0.001
NAMES = ("Ada", "Ben", "Cleo", "Dora")
BRIEFS = (
    "the ferryman's daughter, who counts everything twice",
    "a clerk of the harbour, who has lost his keys",
    "a stranger with one suitcase",
    "a widow who sells tickets for a boat that no longer sails",
)
_REPLY = 24
_PROMPT = "THE FERRY\n\nA play in one act. A landing at night.\n\nADA: Who was on board?\n\nBEN:"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything: scenes at once, turns of each, rounds, samples."""

    scenes: int = 4
    turns: int = 8
    rounds: int = 3
    long_turns: int = 24
    samples: int = 300


QUICK = Sizes(scenes=2, turns=4, rounds=1, long_turns=8, samples=60)


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it was made: what a bare client needs to make it again."""

    prompt: Prompt
    seed: int
    tokens: int


def spoken(reply: Reply) -> Reply:
    """The reply with a word in it: what a small model says is not measured here, if only it costs.

    >>> spoken(Reply(" ")).text
    'Well.'
    """
    return reply if reply.text.strip() else replace(reply, text="Well.")


class Recorder(Wrapper):
    """A stage that keeps the calls made of it."""

    def __init__(self, stage: GgufStage) -> None:
        super().__init__(stage)
        self.calls: list[Call] = []

    async def perform(self, request: Request) -> Reply:
        """The inner stage's reply."""
        reply = spoken(await self.stage.perform(request))
        self.calls.append(Call(request.prompt, request.seed, reply.usage.completion_tokens))
        return reply

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """The inner stage's."""
        return await self.stage.log_prob(request, text)


def scene_of(layout: LayoutName, turns: int, number: int = 0) -> Scene:
    """A ring on a landing; ``number`` makes it another scene."""
    return Scene(
        topic=f"Who was on boat number {number + 1} when it left.",
        setting="A landing at night. The last boat has left.",
        layout=layout,
        cast=tuple(
            Actor(Persona(name=name, brief=f"{brief}."))
            for name, brief in zip(NAMES, BRIEFS, strict=True)
        ),
        graph=ring(*NAMES),
        ends=after(turns=turns),
    )


def sampling() -> Sampling:
    """Replies of one length, so that all rounds do the same work."""
    return Sampling(max_tokens=_REPLY, temperature=1.0, extra_body={"ignore_eos": True})


# --- Throughput -------------------------------------------------------------------------------


async def scenes_on(stage: GgufStage, sizes: Sizes) -> tuple[float, list[list[Call]]]:
    """Seconds for scenes at once, and their calls, scene by scene."""
    recorders = [Recorder(stage) for _ in range(sizes.scenes)]
    await stage.connected()
    began = time.perf_counter()
    played = await asyncio.gather(
        *(
            play(scene_of("screenplay", sizes.turns, number), recorder, seed=number)
            for number, recorder in enumerate(recorders)
        )
    )
    seconds = time.perf_counter() - began
    assert all(len(transcript) == sizes.turns for transcript in played), "a scene failed"
    return seconds, [recorder.calls for recorder in recorders]


def bare(base_url: str, scenes: Sequence[Sequence[Call]]) -> float:
    """Seconds for the same calls, by the standard library's client; a thread for each scene."""

    def ask(calls: Sequence[Call]) -> None:
        for call in calls:
            body = {
                "prompt": call.prompt.joined(),
                "max_tokens": call.tokens,
                "seed": call.seed & 0x7FFFFFFF,
                "temperature": 1.0,
                "ignore_eos": True,
            }
            request = urllib.request.Request(
                f"{base_url}/completions",
                json.dumps(body).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=600) as response:
                said = json.load(response)
            assert said["usage"]["completion_tokens"] == call.tokens, said["usage"]

    began = time.perf_counter()
    with ThreadPoolExecutor(len(scenes)) as pool:
        list(pool.map(ask, scenes))
    return time.perf_counter() - began


def throughput(model: str, sizes: Sizes) -> dict[str, Any]:
    """Rounds of both, each with a server started for it, in the order AB, BA, AB."""
    ours, theirs, tokens = [], [], 0
    calls: list[list[Call]] = []

    async def scenes() -> None:
        nonlocal calls, tokens
        stage = open_gguf(model, sampling())
        try:
            seconds, calls = await scenes_on(stage, sizes)
        finally:
            await stage.close()
        ours.append(seconds)
        tokens = stage.counts.generated

    def again() -> None:
        stage = open_gguf(model, sampling())
        try:
            theirs.append(bare(stage.child.serving().base_url, calls))
        finally:
            stage.child.close()

    for number in range(sizes.rounds):
        if number % 2 and calls:
            again()
            asyncio.run(scenes())
        else:
            asyncio.run(scenes())
            again()
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    return {
        "scenes": sizes.scenes,
        "turns": sizes.turns,
        "tokens": tokens,
        "seconds": ours,
        "seconds_bare": theirs,
        "tokens_a_second": tokens / median(ours),
        "ratios": ratios,
        "ratio": sum(theirs) / sum(ours),
    }


# --- Prefixes ---------------------------------------------------------------------------------


class Metered(Wrapper):
    """A stage that asks, for each call, how much of the transcript the server computed anew."""

    def __init__(self, stage: GgufStage) -> None:
        super().__init__(stage)
        self.local = stage
        self.computed = self.apart = self.head = self.transcript = self.calls = 0

    async def perform(self, request: Request) -> Reply:
        """The reply; its tokens are counted by the part of the prompt that they belong to."""
        counts = self.local.counts
        computed, cached = counts.computed, counts.cached
        reply = spoken(await self.stage.perform(request))
        computed, cached = counts.computed - computed, counts.cached - cached
        shared = request.prompt.parent  # The last chunk holds the persona and the cue.
        assert shared is not None
        opening = shared.chunks()[0]
        server = (await self.local.connected()).server
        ends = [len(await forced.tokenize(server, prompt.joined())) for prompt in (opening, shared)]
        self.head = ends[0]
        self.transcript = max(self.transcript, ends[1] - ends[0])
        said = max(0, ends[1] - max(cached, ends[0]))
        self.computed += said
        self.apart += computed - said
        self.calls += 1
        return reply

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        """The inner stage's."""
        return await self.stage.log_prob(request, text)


async def prefixes(model: str, sizes: Sizes) -> dict[str, Any]:
    """One scene whose prompts share their beginning."""
    stage = open_gguf(model, sampling())
    metered = Metered(stage)
    try:
        played = await play(scene_of("transcript_first", sizes.long_turns), metered, seed=1)
        assert len(played) == sizes.long_turns, played.ended
    finally:
        await stage.close()
    return {
        "turns": metered.calls,
        "transcript": metered.transcript,
        "computed": metered.computed,
        "computed_apart": metered.apart,
        "ratio": metered.computed / metered.transcript,
        "reused": stage.counts.reused,
    }


# --- Log-probabilities ------------------------------------------------------------------------


async def scoring(model: str, sizes: Sizes) -> dict[str, Any]:
    """The speed of scoring over that of generating, in turns, after one prompt."""
    stage = open_gguf(model, Sampling(extra_body={"ignore_eos": True}))
    prompt = Prompt.start("text", _PROMPT)
    generated, scored = [], []
    try:
        text = (await stage.perform(Request(prompt, 1, "Ben", max_tokens=2 * _REPLY))).text
        for number in range(2 * sizes.rounds):
            began = time.perf_counter()
            await stage.perform(Request(prompt, number, "Ben", max_tokens=2 * _REPLY))
            generated.append(2 * _REPLY / (time.perf_counter() - began))
            began = time.perf_counter()
            found = await stage.log_prob(Request(prompt, 1, "Ben"), text)
            assert found is not None, stage.why_no_log_prob
            scored.append(found.tokens / (time.perf_counter() - began))
    finally:
        await stage.close()
    ratios = [b / a for a, b in zip(generated, scored, strict=True)]
    return {
        "generated_a_second": median(generated),
        "scored_a_second": median(scored),
        "ratios": ratios,
        "ratio": median(ratios),
    }


async def correct(model: str, sizes: Sizes) -> dict[str, Any]:
    """Whether the log-probabilities are those of the law that replies are drawn from."""
    plain = {"top_k": 0, "min_p": 0.0, "ignore_eos": True}
    stage = open_gguf(model, Sampling(temperature=1.0, top_p=1.0, extra_body=plain))
    prompt = Prompt.start("text", _PROMPT)
    request = Request(prompt, 1, "Ben")
    try:
        server = (await stage.connected()).server
        numbers = [token.number for token in await forced.tokenize(server, _PROMPT)]
        order = {"prompt": numbers, "n_predict": 1, "n_probs": 1 << 24, "temperature": 0}
        with bounds.at_most(bounds.SCORES):
            answer = await server.post(f"{forced.root_of(server)}/completion", order)
        listed = answer["completion_probabilities"][0]["top_logprobs"]
        total = math.fsum(math.exp(each["logprob"]) for each in listed if each["logprob"] > -1e30)
        drawn: Counter[str] = Counter()
        for seed in range(sizes.samples):
            reply = await stage.perform(Request(prompt, seed, "Ben", max_tokens=1))
            drawn[reply.text] += 1
        tests = []
        for each in listed[:5]:
            found = await stage.log_prob(request, each["token"])
            assert found is not None, stage.why_no_log_prob
            p = math.exp(found.value)
            seen = drawn[each["token"]]
            value = float(binomtest(seen, sizes.samples, p).pvalue)
            tests.append({"token": each["token"], "p": p, "drawn": seen, "p_value": value})
        first, second = " Nobody I knew.", " The boat was dark."
        whole = await stage.log_prob(request, first + second)
        head = await stage.log_prob(request, first)
        after_it = Request(prompt.then("text", first), 1, "Ben")
        tail = await stage.log_prob(after_it, second)
        assert whole is not None and head is not None and tail is not None  # noqa: PT018
    finally:
        await stage.close()
    return {
        "vocabulary": len(listed),
        "sum": total,
        "samples": sizes.samples,
        "tokens": tests,
        "least_p_value": min(each["p_value"] for each in tests) * len(tests),
        "chain": whole.value - head.value - tail.value,
    }


# --- The command ------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default=MODEL, help=f"the model string (default: {MODEL})")
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    chosen = parser.parse_args(arguments)
    sizes = QUICK if chosen.quick else Sizes()
    console = Console(highlight=False, soft_wrap=True)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    figures: dict[str, Any] = {"model": chosen.model, "sizes": asdict(sizes), "load": load}

    right = figures["correct"] = asyncio.run(correct(chosen.model, sizes))
    met = [
        abs(right["sum"] - 1) < 1e-3
        and right["least_p_value"] > SUSPICIOUS
        and abs(right["chain"]) < 0.05
    ]
    console.print(
        f"correct     the probabilities of {right['vocabulary']:,} next tokens sum to "
        f"{right['sum']:.5f}; least p of {len(right['tokens'])} binomial tests, corrected, "
        f"{min(1.0, right['least_p_value']):.3f} ({right['samples']} samples); chain rule off by "
        f"{right['chain']:+.4f} nats: {_said(met[-1])}"
    )
    speed = figures["log_prob"] = asyncio.run(scoring(chosen.model, sizes))
    met.append(speed["ratio"] >= SCORING)
    console.print(
        f"log_prob    {speed['scored_a_second']:.1f} tokens/s scored, "
        f"{speed['generated_a_second']:.1f} generated: {speed['ratio']:.2f} (bar {SCORING}): "
        f"{_said(met[-1])}"
    )
    kept = figures["prefixes"] = asyncio.run(prefixes(chosen.model, sizes))
    met.append(kept["ratio"] <= COMPUTED)
    console.print(
        f"prefixes    {kept['computed']:,} tokens computed for {kept['transcript']:,} of the "
        f"transcript in {kept['turns']} turns: {kept['ratio']:.2f} (bar {COMPUTED}); "
        f"{kept['computed_apart']:,} more for head, personas and cues: {_said(met[-1])}"
    )
    rate = figures["throughput"] = throughput(chosen.model, sizes)
    met.append(rate["ratio"] >= THROUGHPUT)
    console.print(
        f"throughput  {rate['scenes']} scenes of {rate['turns']} turns at once: "
        f"{rate['tokens_a_second']:.1f} tokens/s, {rate['ratio']:.2f} of the bare server "
        f"(rounds: {', '.join(f'{each:.2f}' for each in rate['ratios'])}; bar {THROUGHPUT}): "
        f"{_said(met[-1])}"
    )
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if all(met) else 1


def _said(met: bool) -> str:
    return "pass" if met else "miss"


if __name__ == "__main__":
    sys.exit(main())
