"""Kills at random on a cluster, and a witness who counts what is asked again.

The witness is the stub server of the tests. Its replies follow from what is asked, so that a reply
is found in the store by its text. When the same is asked a second time, it looks whether that reply
is committed by then: a call that was in flight may be asked again, one whose reply is committed may
not. At the end it looks for all its replies in the store, which shows that it could have seen.
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
import time
from collections import Counter
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.cluster_nodes import (
    Listener,
    nodes,
    planned,
    play,
    processes_of_workers,
    same_bytes,
    sound,
)
from benchmarks.faults.counting import CountingServer
from benchmarks.faults.lives import read_live
from sim.calls.guard import ModelOptions
from sim.runs.executors.ray import RayExecutor
from sim.stage.providers.sampling import Sampling

STAGE = "openai:stub"
CALLS_AT_ONCE = 24
TURNS = 20


class Witness(CountingServer):
    """A server that knows what it was asked, and what of that a store held when it was asked
    again."""

    def __init__(self, latency: float) -> None:
        super().__init__(latency)
        self.asked: Counter[bytes] = Counter()
        self.committed: list[str] = []
        self._texts: dict[bytes, str] = {}
        self._store: Path | None = None

    def watch(self, store: Path) -> None:
        """Count from now on, beside a store."""
        self.asked.clear()
        self._texts.clear()
        self._store = store

    def _handle(self, asked: Any) -> Any:
        answer = super()._handle(asked)
        if self._store is not None and asked.path.endswith("/completions"):
            request = self.requests[-1]
            text = str(json.loads(answer.body)["choices"][0]["message"]["content"])
            if request in self.asked and self._texts_in_store([text]):
                self.committed.append(text)
            self.asked[request] += 1
            self._texts[request] = text
        return answer

    def _texts_in_store(self, texts: Collection[str]) -> set[str]:
        assert self._store is not None
        address = f"file:{self._store}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            held = {text for (text,) in connection.execute("SELECT text FROM replies")}
        return held & set(texts)

    def figures(self) -> dict[str, int]:
        """What was asked, and how often a second time."""
        texts = set(self._texts.values())
        return {
            "calls": self.asked.total(),
            "asked_again": self.asked.total() - len(self.asked),
            "committed_and_asked_again": len(self.committed),
            "replies_not_found_in_the_store": len(texts - self._texts_in_store(texts)),
        }


def asking(url: str) -> ModelOptions:
    """How the stub is asked: nothing limits it."""
    return ModelOptions(Sampling(base_url=url))


def chaos(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Kills at random: a worker's process, a node, or the driver, which is started again.

    Each comes when some turns more are committed since the one before, else nothing would ever be.
    What was committed before a kill has to be there at the next one.
    """
    scenes, turns = options.scenes or 4 * options.kills, options.turns or TURNS
    # Workers and drivers inherit it; the stub takes any.
    os.environ["OPENAI_API_KEY"] = "none"
    dice, killed = random.Random(options.seed), {"worker": 0, "node": 0, "driver": 0}
    store = folder / "there.db"
    before, facts, lost = 0, frozenset[Any](), 0
    with Witness(0.02) as witness:
        trials, stages = planned(STAGE, scenes, turns, asking(witness.url))
        play(trials, stages, folder / "here.db", Listener(), concurrency=100)
        witness.watch(store)
        witness.slow_down(1.0)
        with nodes(3) as machines:
            while True:
                child = subprocess.Popen(
                    [sys.executable, "-m", "benchmarks.cluster", "driver", "--store", str(store),
                     "--address", machines.cluster.address, "--scenes", str(scenes),
                     "--turns", str(turns), "--url", witness.url],
                )  # fmt: skip
                alive = True
                while alive and sum(killed.values()) < options.kills:
                    wanted = before + dice.randint(1, 30)
                    while child.poll() is None and turns_of(store) < wanted:
                        time.sleep(0.1)
                    if child.poll() is not None:
                        break
                    before = turns_of(store)
                    rows = read_live(store)
                    assert rows is not None
                    lost += len(facts - rows.facts)
                    facts = rows.facts
                    kind = dice.choices(["worker", "node", "driver"], [0.7, 0.1, 0.2])[0]
                    workers = processes_of_workers()
                    if kind == "worker" and workers:
                        os.kill(dice.choice(workers), signal.SIGKILL)
                    elif kind == "driver":
                        child.send_signal(signal.SIGKILL)
                        alive = False
                    else:
                        kind = "node"
                        machines.lose()
                        machines.add()
                    killed[kind] += 1
                if alive:
                    witness.slow_down(0.1)
                child.wait()
                if child.returncode == 0:
                    break
        rows = read_live(store)
        assert rows is not None
        counts = witness.figures()
    return {
        "killed": killed, "scenes": scenes, "turns": before, "lost": lost + len(facts - rows.facts),
        **counts, "same_bytes": same_bytes(folder), "sound": sound(folder),
    }  # fmt: skip


def turns_of(store: Path) -> int:
    """The committed turns of a store that somebody writes."""
    if not store.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
            query = "SELECT count(*) FROM events WHERE kind = 'turn'"
            return int(connection.execute(query).fetchone()[0])
    except sqlite3.OperationalError:  # it is being made
        return 0


def driver(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """A driver of its own, for ``chaos``, which kills it."""
    trials, stages = planned(STAGE, options.scenes, options.turns, asking(options.url))
    report = play(
        trials, stages, Path(options.store), Listener(), concurrency=CALLS_AT_ONCE,
        executor=RayExecutor(options.address, tries=10),
    )  # fmt: skip
    return {"in_doubt": len(report.in_doubt)}
