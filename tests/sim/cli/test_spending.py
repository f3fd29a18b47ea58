"""What a run takes and may take, on the command line: estimates, budgets, prices, replays."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from rich.text import Text
from stub_server import StubServer

from sim.cli.display.costs import summary
from sim.cli.display.progress import Progress
from sim.events import Usage
from sim.runs.report import RunReport

Command = Callable[..., "CompletedProcess[str]"]

TRIO = ("run", "mine.py:trio", "-n", 3)


def test_a_dry_run_plays_nothing(inside: Command, folder: Path) -> None:
    done = inside(*TRIO, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    [estimate] = record["estimates"]
    # 6 turns, and three probes before the first, after the third and after the sixth.
    assert (estimate["trials"], estimate["calls"]) == (3, 3 * (6 + 9))
    assert estimate["usage"]["usd"] == 0.0
    assert sorted(path.name for path in folder.iterdir()) == ["mine.py"]
    shown = inside(*TRIO, "--dry-run")
    assert "An estimate: one trial of each kind was played on embedded:base" in shown.stdout
    assert "free" in shown.stdout
    assert inside(*TRIO, "--quiet").returncode == 0
    again = inside(*TRIO, "--dry-run").stdout
    assert "3 trials in the store already" in again
    assert "An estimate: nothing was played, and nothing was asked" in again


def test_a_budget_that_is_spent_is_told_with_the_way_on(inside: Command, folder: Path) -> None:
    stopped = inside(*TRIO, "--budget-tokens", 3000)
    assert stopped.returncode == 1
    assert stopped.stdout == ""
    assert stopped.stderr.count("\n") == 1
    assert "the budget of 3,000 tokens is spent" in stopped.stderr
    assert "3 of 3 trials are to go: to go on, run the same command with a larger" in stopped.stderr
    record = json.loads(inside(*TRIO, "--budget-tokens", 3000, "--json").stdout)
    assert record["stopped"].startswith("the budget of 3,000 tokens")
    assert record["usage"]["usd"] == 0.0
    whole = inside(*TRIO, "--budget-tokens", 1_000_000)
    assert whole.returncode == 0, whole.stderr
    assert "an ideal prefix cache would compute" in " ".join(whole.stdout.split())
    assert whole.stdout.rstrip().endswith("free")
    alone = inside(*TRIO, "--store", "alone.db", "-q")
    assert alone.returncode == 0
    for name, store in (("a", "runs/trio.db"), ("b", "alone.db")):
        assert inside("export", store, "-o", name).returncode == 0
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--budget-usd", "0"), "budget_usd: 0.0 is no budget"),
        (("--budget-minutes", "-1"), "budget_minutes: -1.0 is no budget"),
        (("--prices", "nowhere.toml"), "prices nowhere.toml: there is no such file"),
        (("--prices", "mine.py"), "prices mine.py: is no TOML"),
        (("-m", "recorded:nowhere.db"), "nowhere.db: does not exist"),
    ],
)
def test_what_makes_no_sense_is_refused(
    inside: Command, folder: Path, options: tuple[str, ...], message: str
) -> None:
    refused = inside(*TRIO, *options)
    assert refused.returncode == 2
    assert message in refused.stderr
    assert not (folder / "runs").exists()


def test_a_budget_in_the_file(inside: Command, folder: Path) -> None:
    (folder / "elsinore.toml").write_text("[run]\nbudget_tokens = 3000\nno_cache = true\n")
    assert "the budget of 3,000 tokens" in inside(*TRIO).stderr
    (folder / "elsinore.toml").write_text("[run]\nbudget_usd = 0\n")
    assert "run.budget_usd: 0 is not a number above 0" in inside(*TRIO).stderr


def test_a_recorded_run_again(inside: Command, folder: Path) -> None:
    models = ("-m", "embedded:base", "-m", "embedded:rlhf")
    assert inside(*TRIO, *models, "--yoked", "-q").returncode == 0
    replay = ("-m", "recorded:runs/trio.db", "--yoked")
    refused = inside(*TRIO, *replay)
    assert refused.returncode == 2
    assert "is the store of this run, too" in refused.stderr
    done = inside(*TRIO, *replay, "--store", "replay.db")
    assert done.returncode == 0, done.stderr
    assert "0 calls · " in done.stdout.replace("\n", " ")
    for name, store in (("a", "runs/trio.db"), ("b", "replay.db")):
        assert inside("export", store, "-o", name).returncode == 0
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes()
    # Without --trials: as many as there are.
    assert inside(*TRIO[:-2], *replay, "--store", "all.db", "-q").returncode == 0
    assert inside("export", "all.db", "-o", "c").returncode == 0
    assert (folder / "a").read_bytes() == (folder / "c").read_bytes()
    more = inside(*TRIO[:-1], 4, *replay[:2], "--store", "replay.db", "-q")
    assert more.returncode == 1
    assert "not-recorded: Ada's turn was not recorded" in more.stderr
    twice = inside(*TRIO, *replay[:2], "-m", "embedded:base", "--store", "c.db")
    assert twice.returncode == 2
    assert "is among the models already; name it once" in twice.stderr


def test_the_line_at_the_end(tmp_path: Path) -> None:
    report = RunReport(
        tmp_path, 1, (), calls=1200, hits=30, retries=1, computed_tokens=2500,
        usage=Usage(10_000, 500, 1000, 0.0123),
    )  # fmt: skip
    assert summary(report, free=False) == Text(
        "1,200 calls · 30 answered by the store · 1 attempt failed · 10,000 (1,000 cached) + 500 "
        "tokens · an ideal prefix cache would compute 2,500 (25%) of the prompts · $0.0123",
        style="dim",
    )
    unknown = RunReport(tmp_path, 1, (), calls=1, usage=Usage())
    assert str(summary(unknown, free=False)) == "1 call · price unknown (see --prices)"
    assert summary(RunReport(tmp_path, 1, ()), free=True) is None
    in_vain = RunReport(tmp_path, 1, (), failed_calls=2, retries=4, usage=Usage(usd=0.0))
    assert str(summary(in_vain, free=False)) == "0 calls · 4 attempts failed"


def test_the_live_line_counts_what_was_paid() -> None:
    progress = Progress("trio", 1, {}, False, None)
    progress.paid(Usage(100, 20, 0, 0.25))
    assert progress.cost() == "$0.2500"
    progress.paid(Usage(100, 20))
    assert progress.cost() == "240 tokens"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_wait_for_a_busy_provider(
    folder: Path, elsinore: Command, number: signal.Signals
) -> None:
    """In seconds, not in the minute that the provider asked for; and nothing is in doubt."""
    with StubServer() as stub:
        stub.behave(retry_after="60", faults={"429": 1.0})
        words = [*TRIO, "-m", "openai:stub", "--base-url", stub.url, "--store", "s.db"]
        # Whoever runs the tests under nohup ignores SIGHUP, and a child inherits that.
        before = signal.signal(number, signal.SIG_DFL)
        try:
            child = subprocess.Popen(
                [sys.executable, "-P", "-m", "sim.cli", *map(str, words)],
                cwd=folder,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        finally:
            signal.signal(number, before)
        deadline = time.monotonic() + 30
        while stub.counts()["calls"] < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        child.send_signal(number)
        began = time.monotonic()
        _, err = child.communicate(timeout=20)
        assert time.monotonic() - began < 5
        assert child.returncode == 130, err
        assert "in doubt" not in err
        assert "3 of 3 trials to go" in err
        stub.behave(faults={})
        done = elsinore(*words, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["trials"]
