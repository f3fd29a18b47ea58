"""A run against a server where much goes wrong: nothing is lost, and the sums agree.

Scenes of 20 turns on the stub as a real process: 10% of the calls meet a 429, 5% a 500, 5% a
cut connection, 2% a time-out, 2% a malformed reply, 2% a reply without words, which is paid.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from backstage.effort import effort
from backstage.scenes import debate
from stub_server import StubServer

from sim import after
from sim.calls.retry import Retry
from sim.calls.throttle import Limits, Throttle
from sim.planning import plan_scene
from sim.runs.options import RunOptions
from sim.runs.report import RunReport
from sim.runs.trials import run_trials
from sim.stage.open import open_model
from sim.stage.providers.sampling import Sampling

SCENES, TURNS = effort(25, 200), 20
FAULTS = {"429": 0.10, "500": 0.05, "cut": 0.05, "timeout": 0.02, "malformed": 0.02, "empty": 0.02}


async def _played(stub: StubServer, store: Path, attempts: int) -> RunReport:
    # Long beside a reply even on a busy machine: one that is sent whole and comes too late would
    # count on the server's side alone.
    model = open_model("openai:stub", Sampling(base_url=stub.url, timeout=2.5))
    throttled = Throttle(model, limits=Limits(concurrency=32))
    stage = Retry(throttled, attempts=attempts, first_wait=0.02, longest_wait=0.2)
    trials = plan_scene(
        debate(ends=after(turns=TURNS)),
        name="chaos",
        models=[("openai:stub", stage.identity)],
        trials=SCENES,
        seed=0,
    )
    try:
        return await run_trials(trials, {stage.identity: stage}, store, RunOptions(concurrency=32))
    finally:
        await model.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("attempts", [10, 2], ids=["patient", "impatient"])
def test_chaos(stub: StubServer, tmp_path: Path, attempts: int) -> None:
    """Every scene completes or is recorded with its reason, and both sides count the same."""
    stub.behave(faults=FAULTS)
    began = time.monotonic()
    report = asyncio.run(_played(stub, tmp_path / "chaos.db", attempts))
    counts = stub.counts()
    assert len(report.trials) == SCENES
    for trial in report.trials:
        assert trial.status in ("done", "failed")
        assert trial.reason
        assert trial.status == "failed" or trial.turns == TURNS
    failed = sum(trial.status == "failed" for trial in report.trials)
    if attempts == 10:
        # A call fails for good with probability 0.26 ** 10: once in 700,000 calls, of 500.
        assert failed == 0
    else:
        assert 0 < failed < SCENES
    # Whatever reached the server is a reply of ours, a failure of ours, or a recorded retry.
    assert counts["calls"] <= report.calls + report.failed_calls + report.retries
    assert report.left_in_doubt == ()
    assert counts["calls"] <= counts["unique"] + report.retries
    # What blank replies cost counts too, also in calls that failed for good.
    assert counts["faults"]["empty"] > 0
    assert report.usage.prompt_tokens == counts["usage"]["prompt_tokens"]
    assert report.usage.completion_tokens == counts["usage"]["completion_tokens"]
    assert time.monotonic() - began < 300, "it goes on, but nothing moves"
