"""Measures the CPU time of a turn through a real client as the scene grows, with the client's time.

Sixteen scenes of three actors play at once against the stub of the tests, which is a process of its
own on loopback, so that its time is not counted. Replies have 65 words.

    .tools/bin/uv run python -m benchmarks.client
    .tools/bin/uv run python -m benchmarks.client --model completions:stub --layout screenplay
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from sim import Actor, Persona, Scene, after, play, ring
from sim.stage.open import open_model
from sim.stage.providers.sampling import Sampling

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

BAR = 3.0
"""Milliseconds of CPU time a turn, in a scene of 1000 turns."""

SCENES = 16
NAMES = ("Ada", "Ben", "Cleo")


class Stretch(NamedTuple):
    """Some turns of all scenes, and the CPU time of one of them."""

    first: int
    last: int
    milliseconds: float


class Clock:
    """Reads the process's CPU time as turns go by, over all scenes together."""

    def __init__(self, turns: int) -> None:
        self.marks = {round(turns * share): 0.0 for share in (0.02, 0.05, 0.28, 0.33, 0.94, 0.99)}
        self.count = 0

    def saw(self, event: Any) -> None:
        """An event of some scene."""
        if event.kind == "turn":
            self.count += 1
            turn, rest = divmod(self.count, SCENES)
            if rest == 0 and turn in self.marks:
                self.marks[turn] = time.process_time()

    def stretches(self) -> list[Stretch]:
        """The CPU time of a turn in each stretch of the scenes."""
        marks = sorted(self.marks.items())
        pairs = zip(marks[::2], marks[1::2], strict=True)
        return [
            Stretch(a, b, 1e3 * (end - start) / (SCENES * (b - a)))
            for (a, start), (b, end) in pairs
        ]


async def measure(model: str, layout: str, turns: int) -> list[Stretch]:
    """Play, and read the clock in three stretches of the scenes."""
    stub_server = import_module("stub_server")
    scene = Scene(
        topic="The town should sell its spring.",
        cast=tuple(Actor(Persona(name=name, brief="A neighbour.")) for name in NAMES),
        graph=ring(*NAMES),
        ends=after(turns=turns),
        layout=layout,  # type: ignore[arg-type]
    )
    clock = Clock(turns)
    with stub_server.StubServer("--set", "words=65") as stub:
        stage: Any = open_model(model, Sampling(base_url=stub.url))
        scenes = [play(scene, stage, seed=seed, observers=[clock]) for seed in range(SCENES)]
        for transcript in await asyncio.gather(*scenes):
            assert len(transcript) == turns, transcript.ended
        await stage.close()
    return clock.stretches()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", default="openai:stub")
    parser.add_argument("--layout", default="persona_first")
    parser.add_argument("--turns", type=int, default=1000)
    options = parser.parse_args()
    stretches = asyncio.run(measure(options.model, options.layout, options.turns))
    for first, last, milliseconds in stretches:
        print(f"{options.model} {options.layout}, turns {first} to {last}: {milliseconds:.2f} ms")
    verdict = "pass" if stretches[-1].milliseconds <= BAR else "miss"
    print(f"at most {BAR:g} ms at the end of {options.turns} turns: {verdict}")


if __name__ == "__main__":
    main()
