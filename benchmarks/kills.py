"""Kills a tournament again and again and checks that it ends like one that ran without a kill.

Two Swiss tournaments are run by ``elsinore tournament``. The process gets SIGKILL at random moments
and is started again by the same command with the same options.

The first tournament is on the embedded stage, with 2,000 matches (each of two debates, each judged
in both orders). Its export and the output of ``elsinore standings --json`` are compared, byte for
byte, with those of a tournament that was never killed.

The second is against the stub server, on a socket. After each kill the server's count of requests
is compared with the number of committed replies. A request without a committed reply was in flight
and may be repeated: it has to be among the store's intents. The last run, which is not killed, must
request exactly the replies that were not committed, so that no committed reply is requested twice.

    .tools/bin/uv run python -m benchmarks.kills [--matches 2000] [--kills 10] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

ROUNDS = 10
CONCURRENCY = 8
TOML = """
name = "Killed"
stage = "{stage}"
judges = ["{stage}"]
seed = {seed}
[format]
kind = "swiss"
rounds = {rounds}
[debate]
rebuttals = 0
questions = 0
[[motions]]
topic = "The town should sell its spring."
[[motions]]
topic = "The library should open at night."
"""


def written(path: Path, stage: str, entrants: int, rounds: int, seed: int) -> Path:
    """A tournament as a file. On the embedded stage entrants differ in skill."""
    text = TOML.format(stage=stage, rounds=rounds, seed=seed)
    for number in range(entrants):
        text += f'[[entrants]]\nname = "entrant {number}"\n'
        if stage.startswith("embedded"):
            text += f'stage = "{stage}?skill={4 * number / entrants - 2:.2f}"\n'
    path.write_text(text, encoding="utf-8")
    return path


def started(file: Path, store: Path, *more: str) -> subprocess.Popen[bytes]:
    """The command, as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "sim.cli", "tournament", str(file), "--store", str(store), "--quiet",
         "--concurrency", str(CONCURRENCY), *more],
        env={**os.environ, "OPENAI_API_KEY": "none"},
    )  # fmt: skip


COUNTS = {
    "debates": "SELECT count(*) FROM matches WHERE trial IS NOT NULL",
    "verdicts": "SELECT count(*) FROM verdicts",
    "committed": "SELECT count(*) FROM replies WHERE cached = 0",
    "in doubt": "SELECT count(*) FROM intents",
}


def count(store: Path, what: str) -> int:
    """The number of rows of a kind in a store; 0 as long as there is no store."""
    if not store.exists():
        return 0
    with closing(sqlite3.connect(store)) as connection:
        try:
            return int(connection.execute(COUNTS[what]).fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def killed(
    child: subprocess.Popen[bytes], store: Path, what: str, many: int, seconds: float
) -> bool:
    """Kill a process ``seconds`` after the store has ``many`` rows; False if it ended before."""
    while child.poll() is None and count(store, what) < many:
        time.sleep(0.02)
    try:
        code = child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGKILL)
        child.wait()
        return True
    if code != 0:
        raise SystemExit(f"the tournament ended with exit code {code}")
    return False


def finished(child: subprocess.Popen[bytes]) -> float:
    """Wait until a process ends; the seconds that it took."""
    begun = time.perf_counter()
    if child.wait() != 0:
        raise SystemExit(f"the tournament ended with exit code {child.returncode}")
    return time.perf_counter() - begun


def all_of(store: Path) -> tuple[bytes, dict[str, Any]]:
    """The export, and the standings."""
    out = store.with_suffix(".jsonl")
    export = ["export", str(store), "--output", str(out)]
    for arguments in (export, ["standings", str(store), "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "sim.cli", *arguments], capture_output=True, check=True
        )
    standings: dict[str, Any] = json.loads(done.stdout)
    del standings["store"]
    return out.read_bytes(), standings


def embedded(folder: Path, matches: int, kills: int, dice: random.Random) -> bool:
    """Kill and restart the tournament on the embedded stage; True if it ends as if never killed."""
    entrants = 2 * matches // ROUNDS
    file = written(folder / "embedded.toml", "embedded:base", entrants, ROUNDS, dice.randrange(99))
    alone, interrupted = folder / "alone.db", folder / "killed_run.db"
    seconds = finished(started(file, alone))
    print(
        f"embedded:base, {entrants} entrants, {ROUNDS} rounds of a swiss: {matches:,} matches, "
        f"{count(alone, 'debates'):,} debates, {seconds:.0f} s alone",
        flush=True,
    )
    # Kills are at random moments of the whole tournament: a moment after so many verdicts.
    moments = sorted(dice.randrange(count(alone, "verdicts")) for _ in range(kills))
    done = 0
    for moment in moments:
        more = max(moment, count(interrupted, "verdicts") + 1)
        if not killed(
            started(file, interrupted), interrupted, "verdicts", more, dice.uniform(0, 0.3)
        ):
            print("it had ended before it could be killed so often")
            break
        done += 1
        print(f"  killed after {count(interrupted, 'verdicts'):,} verdicts", flush=True)
    finished(started(file, interrupted))
    whole, again = all_of(alone), all_of(interrupted)
    same = [one == other for one, other in zip(whole, again, strict=True)]
    print(
        f"  {done} kills; export {'the same' if same[0] else 'DIFFERS'} "
        f"({len(whole[0]):,} bytes), standings {'the same' if same[1] else 'DIFFER'}"
    )
    return all(same) and done == kills


def against_a_server(folder: Path, kills: int, dice: random.Random) -> bool:
    """Kill and restart the tournament against the stub; True if no reply was asked for twice."""
    file = written(folder / "stub.toml", "openai:stub", 40, 5, dice.randrange(99))
    store = folder / "stub.db"
    fine = True
    with import_module("stub_server").StubServer() as stub:
        stub.behave(latency=0.02)

        def asked() -> int:
            return int(stub.counts()["by_path"].get("/v1/chat/completions", 0))

        before_asked = before_committed = done = 0
        while True:
            child = started(file, store, "--base-url", stub.url)
            last = done == kills
            if last:
                finished(child)
            elif not killed(child, store, "committed", before_committed + 1, dice.uniform(0, 0.6)):
                raise SystemExit("it ended before it could be killed so often")
            time.sleep(0.1)  # Requests in flight have arrived by then.
            now, there = asked(), count(store, "committed")
            doubt = count(store, "in doubt")
            lost = (now - before_asked) - (there - before_committed)
            fine = fine and lost <= doubt and not (last and lost)
            print(
                f"  {'left alone' if last else f'kill {done + 1}'}: {now - before_asked} asked, "
                f"{there - before_committed} committed, {lost} lost, {doubt} in doubt",
                flush=True,
            )
            before_asked, before_committed = now, there
            if last:
                break
            done += 1
        unique = int(stub.counts()["unique"])
    print(
        f"openai:stub, 100 matches: {before_asked:,} requests, {unique:,} of them different, "
        f"{before_committed:,} replies committed"
    )
    return fine and unique == before_committed


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--matches", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        held = [
            against_a_server(Path(folder), options.kills, dice),
            embedded(Path(folder), options.matches, options.kills, dice),
        ]
    print("pass" if all(held) else "MISS")


if __name__ == "__main__":
    main()
