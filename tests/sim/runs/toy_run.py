"""A toy scene and stage for the tests of runs, and a real process that plays it.

``python toy_run.py STORE LOG CONCURRENCY`` plays 30 trials, and with ``SHARED`` in the environment
as many that begin like them; ``python toy_run.py nursery`` does so again and again (see
``nursery``). The stage is a function of the request
alone, takes an unpredictable time, and appends one line to LOG for each call that it is asked.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from sim import Actor, Persona, Scene, after, ask_stance, plan, ring
from sim.errors import ElsinoreError
from sim.events import Event, Usage
from sim.planning import Trial
from sim.runs.options import RunOptions
from sim.runs.trials import run_trials
from sim.scene.templates import Wording
from sim.seeds import derive
from sim.stage.base import LogProb, Reply, Request, Truth
from sim.transcript import Transcript


def company(turns: int = 8, probe_every: int = 2) -> Scene:
    """Three actors in a ring, with a stance probe beside the scene."""
    return Scene(
        topic="The town should sell its spring.",
        cast=[Actor(Persona(name=name, stances={"sell": 0.5})) for name in ("Ada", "Ben", "Cleo")],
        graph=ring("Ada", "Ben", "Cleo"),
        probes=[ask_stance("sell", every=probe_every)],
        ends=after(turns=turns),
        wording=Wording(),
    )


def call_of(request: Request) -> str:
    """What a request is known by in the log; unique over all trials, since seeds are."""
    return f"{request.prompt.digest.hex()}:{request.seed}:{request.purpose}:{request.speaker}"


class LoggingStage:
    """Says the name of the call, after a while, and notes in a log that it was asked."""

    identity = "logging"

    def __init__(self, log: Path, longest: float = 0.004) -> None:
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.longest = longest
        self.in_flight = 0
        self.most = 0
        # Not seeded: the time that a call takes must not matter.
        self.dice = random.SystemRandom()

    async def perform(self, request: Request) -> Reply:
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        os.write(self.log, f"{call_of(request)}\n".encode())
        try:
            await asyncio.sleep(self.dice.uniform(0, self.longest))
        finally:
            self.in_flight -= 1
        if request.schema is not None:
            stance = derive(request.seed, "stance") % 201 / 100 - 1
            return Reply(f'{{"stance": {stance}, "call": "{call_of(request)}"}}', usage=Usage(9, 3))
        return Reply(f"I say {call_of(request)}, über alles — ☂.", usage=Usage(9, 3))

    async def log_prob(self, request: Request, text: str) -> LogProb | None:
        return None

    async def truths(self, scene: Scene, transcript: Transcript, seed: int) -> Sequence[Truth]:
        return [Truth(name, turns=(1,), characters=("self",), stances=(0.5,)) for name in "AB"]


class Announcer:
    """Says on stdout that the first trial has started, so that the parent can count from there."""

    def __init__(self) -> None:
        self.turns = 0

    def trial_started(self, trial: Trial) -> None:
        if not self.turns:
            print("playing", flush=True)
            self.turns = 1

    def saw(self, trial: Trial, event: Event) -> None:
        pass

    def trial_ended(self, trial: Trial, status: str) -> None:
        pass


def plan_of(trials: int, **parameters: int) -> list[Trial]:
    return plan(company, models=[("toy", "logging")], trials=trials, parameters=parameters)


def main() -> int:
    store, log, concurrency = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    longest = float(os.environ.get("LONGEST", "0.004"))
    if "FILE_LIMIT" in os.environ:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limit = int(os.environ["FILE_LIMIT"])
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    stage = LoggingStage(log, longest)
    number = int(os.environ.get("TRIALS", "30"))
    trials = plan_of(number)
    if "SHARED" in os.environ:
        trials += plan_of(number, turns=5)
    try:
        report = asyncio.run(
            run_trials(
                trials,
                {"logging": stage},
                store,
                RunOptions(concurrency=concurrency),
                watch=Announcer(),
            )
        )
    except ElsinoreError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return error.exit_code
    states = [result.status for result in report.trials]
    print(
        f"{states.count('done')} done, {len(report.in_doubt)} in doubt, "
        f"{len(report.left_in_doubt)} left, {report.calls} calls"
    )
    return 130 if report.interrupted else 0


def nursery() -> int:
    """For each line on stdin, play in a new process that has imported everything already.

    It says ``born PID`` itself; ``died STATUS`` (as of ``waitpid``) follows. Starting Python twenty
    times would take most of a test's time.
    """
    plan_of(1)  # networkx is imported when the first graph is checked
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            print(f"born {os.getpid()}", flush=True)
            sys.argv[1:] = line.split()
            code = main()
            sys.stdout.flush()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        print(f"died {status}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(nursery() if sys.argv[1:] == ["nursery"] else main())
