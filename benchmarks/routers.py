"""Measures the framework time of a turn and of a call for each router, in 30 to 1000 turns.

Three actors who may all follow each other, and a stage that answers at once. The time of a turn
includes the questions that a router asks before it; they are calls like turns, so the time of a
call is printed, too. The bars are those of the design: 20 µs a call, and at most 1.2 times as long
in long scenes as in short ones.

    .tools/bin/uv run python -m benchmarks.routers
    .tools/bin/uv run python -m benchmarks.routers --quick
"""

from __future__ import annotations

import argparse
import asyncio
from functools import partial
from statistics import median

from benchmarks.measuring import NAMES, REPLY, TOPIC, cpu_seconds
from sim import Actor, Persona, Scene, after, complete, play
from sim.events import Event, Turn
from sim.scene.routing import (
    Addressed,
    Bidding,
    ChosenBy,
    FixedOrder,
    Interrupts,
    LongestWait,
    Phase,
    Router,
    Scripted,
    Simultaneous,
    Walk,
    phases,
)
from sim.stage.base import LogProb, Reply, Request

LENGTHS = (30, 100, 300, 1000)
MOST, FLAT = 20.0, 1.2


class Instant:
    """Says one line, and answers whatever it is asked; counts its calls."""

    free = True
    identity = "instant:"

    def __init__(self) -> None:
        self.calls = 0

    async def perform(self, request: Request) -> Reply:
        self.calls += 1
        if request.schema is None:
            return Reply(REPLY)
        name, part = next(iter(request.schema["properties"].items()))
        if "enum" in part:
            return Reply(f'{{"{name}": "{part["enum"][self.calls % len(part["enum"])]}"}}')
        return Reply(f'{{"{name}": 0.{self.calls % 9}}}')

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return None


def routers(turns: int) -> dict[str, Router]:
    """One of each, for a scene of so many turns."""
    script = tuple(NAMES[turn % len(NAMES)] for turn in range(turns))
    return {
        "Walk": Walk(),
        "LongestWait": LongestWait(),
        "FixedOrder": FixedOrder(),
        "Scripted": Scripted(*script),
        "Addressed": Addressed(),
        "Simultaneous": Simultaneous(),
        "phases": phases(Phase(FixedOrder(), turns=3), Phase(Walk())),
        "ChosenBy": ChosenBy(),
        "Bidding": Bidding(),
        "Interrupts": Interrupts(FixedOrder(), threshold=1.0),
    }


class Notes:
    """An observer that counts turns."""

    def __init__(self) -> None:
        self.turns = 0

    def saw(self, event: Event) -> None:
        """Count turns."""
        self.turns += isinstance(event, Turn)


def microseconds(name: str, turns: int, rounds: int) -> tuple[float, float]:
    """CPU time of a turn, and of a call; medians over rounds."""
    scene = Scene(
        topic=TOPIC,
        cast=tuple(Actor(Persona(name=each, stances={"sell": 0.0})) for each in NAMES),
        graph=complete(*NAMES),
        routing=routers(turns)[name],
        ends=after(turns=turns),
    )
    scenes = max(1, max(LENGTHS) // turns)
    taken: list[float] = []
    calls = 1
    for _ in range(rounds):
        stage, notes = Instant(), Notes()

        async def played(stage: Instant = stage, notes: Notes = notes) -> None:
            for number in range(scenes):
                await play(scene, stage, seed=number, observers=(notes,))

        taken.append(asyncio.run(cpu_seconds(partial(played))) * 1e6 / (scenes * turns))
        assert notes.turns == scenes * turns
        calls = stage.calls
    turn = median(taken)
    return turn, turn * scenes * turns / calls


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    rounds = 3 if parser.parse_args().quick else 9
    print(f"| router | {' | '.join(f'{n} turns' for n in LENGTHS)} | a call | 1000/30 | |")
    print("|---|" + "---|" * (len(LENGTHS) + 3))
    for name in routers(1):
        costs = [microseconds(name, turns, rounds) for turns in LENGTHS]
        flat = costs[-1][0] / costs[0][0]
        # Questions are calls of their own, so the bar of a turn applies to each call.
        passed = max(call for _, call in costs) <= MOST and flat <= FLAT
        cells = " | ".join(f"{turn:.1f}" for turn, _ in costs)
        verdict = "pass" if passed else "MISS"
        print(f"| {name} | {cells} | {costs[-1][1]:.1f} | {flat:.2f} | {verdict} |", flush=True)


if __name__ == "__main__":
    main()
